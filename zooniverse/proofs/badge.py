# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""The badge of a proof: one word that says how far an implementation is proven. No PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

# By status: the word, and what it means, in full.
WORDS = {
    "proven": ("Proven", "equal to a reference implementation"),
    "checked": ("Checked", "no reference exists; what can be checked holds"),
    "failed": ("Proof failed", "the last proof did not hold"),
    "unproven": ("Unproven", "no proof stands yet"),
    "no-code": ("No implementation", "the page has no code to prove"),
}


def badge(proof: Mapping[str, Any] | None, *, has_code: bool = True) -> str:
    """Return the badge of a proof as inline HTML.

    Args:
        proof: What ``proof.json`` holds: ``status`` (proven, checked or failed) and ``date``. None
            where no proof stands.
        has_code: Whether there is an implementation that could be proven.
    """
    status = (proof or {}).get("status")
    if not isinstance(status, str) or status not in WORDS:
        status = "unproven" if has_code else "no-code"
    word, meaning = WORDS[status]
    date = (proof or {}).get("date")
    day = (
        f" on {escape(date)}"
        if isinstance(date, str) and status not in ("unproven", "no-code")
        else ""
    )
    return (
        f'<span class="zoo-badge zoo-badge--{status}" title="{meaning}">{word}{day}'
        f'<span class="zoo-hidden">: {meaning}</span></span>'
    )
