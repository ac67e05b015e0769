# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""The badge says how far an implementation is proven, and never more."""

from __future__ import annotations

from typing import Any

import pytest

from zooniverse.proofs.badge import badge

GOLDEN = (
    '<span class="zoo-badge zoo-badge--proven" title="equal to a reference implementation">'
    'Proven on 2026-11-24<span class="zoo-hidden">: equal to a reference implementation'
    "</span></span>"
)


def test_golden() -> None:
    assert badge({"status": "proven", "date": "2026-11-24"}) == GOLDEN


@pytest.mark.parametrize(
    "proof", [None, {}, {"status": "<b>"}, {"status": None, "date": "x"}, {"status": ["proven"]}]
)
def test_what_is_not_proven_does_not_say_so(proof: dict[str, Any] | None) -> None:
    assert ">Unproven<" in badge(proof)


def test_a_page_without_code_has_nothing_to_prove() -> None:
    assert ">No implementation<" in badge(None, has_code=False)
    assert ">Proof failed" in badge({"status": "failed"}, has_code=False)


def test_authors_text_is_escaped() -> None:
    assert "<b>" not in badge({"status": "failed", "date": "<b>"})
