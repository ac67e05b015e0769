# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT

from __future__ import annotations

from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from zooniverse.typefaces import BASE, needed

FONTS = Path(__file__).parent.parent.parent / "docs/assets/vendor/fonts"


@pytest.mark.parametrize(
    ("content", "extra"),
    [
        ("<p>plain words, an emphasis</p>", []),
        ("<p>an <em>italic</em> word</p>", ["zoo-sans-italic"]),
        ("<p>Müller</p>", ["zoo-sans-accents"]),
        ("<p><em>Müller</em></p>",
         ["zoo-sans-accents", "zoo-sans-italic", "zoo-sans-italic-accents"]),
        ("<p>a café costs 3 × 2 ±</p>", []),
    ],
)  # fmt: skip
def test_a_page_names_the_fonts_of_its_letters(content: str, extra: list[str]) -> None:
    assert needed(content) == BASE + extra


def test_the_fonts_hold_the_letters_that_are_promised() -> None:
    def letters(name: str) -> set[int]:
        return set(TTFont(FONTS / f"{name}.woff2").getBestCmap())

    base, accents = letters("zoo-sans"), letters("zoo-sans-accents")
    assert not base & accents
    assert {ord(c) for c in "The quick brown fox é × ± – “ ”"} <= base
    latin = {code for code in range(0xA0, 0x100) if code != 0xAD}
    assert latin <= base | accents
    for code in latin:
        assert (code in accents) == ("zoo-sans-accents" in needed(chr(code))), chr(code)
