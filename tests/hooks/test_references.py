# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Where the references of a page are set."""

from __future__ import annotations

import pytest

from tests.conftest import load
from zooniverse.records.bibliography import read_bibliography

references = load("hooks/references.py")
ENTRIES = read_bibliography(
    b"@misc{a, author = {B, C}, title = {T}, year = {2020}, url = {https://e.org/}}"
)[0]
LIST = '<div class="zoo-references">'


@pytest.mark.parametrize(
    ("html", "start"),
    [
        ("<p>x</p>", f'<p>x</p><h2 id="zoo-references">References</h2>{LIST}'),
        (
            '<h2 id="references">References</h2><p>x</p>',
            f'<h2 id="references">References</h2><p>x</p>{LIST}',
        ),
        ("<p>x</p><!-- zoo: references --><p>y</p>", f"<p>x</p>{LIST}"),
    ],
)
def test_they_stand_where_the_page_wants_them(html: str, start: str) -> None:
    made = references.with_references(html, ENTRIES)
    assert made.startswith(start)
    assert references.with_references(made, ENTRIES) == made


def test_a_page_that_cites_nothing_stays_as_it_is() -> None:
    assert references.with_references("<p>x</p>", {}) == "<p>x</p>"
