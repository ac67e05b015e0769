# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""The badge of a proof: one word that says how far an implementation is proven. No PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

# By status: the word, and what it means, in full.
WORDS = {
    "proven": ("proven", "equal to a reference implementation"),
    "checked": ("checked", "no reference exists; its invariants hold"),
    "failed": ("failed", "the last proof did not hold"),
    "unproven": ("unproven", "no proof has been made"),
}


def badge(proof: Mapping[str, Any] | None) -> str:
    """Return the badge of a model as inline HTML.

    Args:
        proof: What is in its ``proof.json``; None where there is none.
    """
    status = str(proof.get("status")) if proof else "unproven"
    if status not in WORDS:
        status = "unproven"
    word, meaning = WORDS[status]
    day = f", {proof.get('date')}" if proof and status != "unproven" else ""
    return (
        f'<span class="zoo-badge zoo-badge--{status}">{word}'
        f'<span class="zoo-badge__meaning">: {escape(meaning + day)}</span></span>'
    )
