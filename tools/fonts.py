# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Cuts the site's fonts to the characters and weights it uses: docs/assets/vendor/fonts/.

So, too, the font for mathematics in diagrams: docs/assets/vendor/diagram-fonts/. Run it in a folder
where ``npm install @fontsource-variable/source-sans-3@5.3.0 @fontsource/source-serif-4@5.3.1
dejavu-fonts-ttf@2.37.3`` was run, with fonttools and brotli installed. The fonts' licence
(SIL OFL 1.1) reserves the name "Source", so the cut ones are called "Zoo".
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from fontTools import subset, ttLib
from fontTools.varLib import instancer

OUT = Path(__file__).parent.parent / "docs" / "assets" / "vendor" / "fonts"
ASCII = range(0x20, 0x7F)
PUNCTUATION = {
    0xA0,
    0xA7,
    0xA9,
    0xB0,
    0xB1,
    0xB7,
    0xD7,
    0xE9,
    0x2013,
    0x2014,
    0x2018,
    0x2019,
    0x201C,
    0x201D,
    0x2022,
    0x2026,
    0x2192,
    0x2212,
}
# Loaded only by pages that have one of them: the unicode-range in site.css says the same.
ACCENTS = {*range(0xA1, 0x100)} - PUNCTUATION
SANS = "node_modules/@fontsource-variable/source-sans-3/files/source-sans-3-latin-wght-{}.woff2"
SERIF = "node_modules/@fontsource/source-serif-4/files/source-serif-4-latin-600-normal.woff2"
# Headings: Latin letters without accents but é, dashes, quotes, ellipsis.
HEADINGS = {*ASCII, 0xA0, 0xE9, 0x2013, 0x2014, *range(0x2018, 0x201E), 0x2026}

DEJAVU = "node_modules/dejavu-fonts-ttf/ttf/DejaVuSans.ttf"
DIAGRAMS = OUT.parent / "diagram-fonts"
# Marks, Greek, sub- and superscripts, letter-like signs, arrows, operators, blackboard capitals.
MATHEMATICS = [
    *(range(0x2B0, 0x346), range(0x370, 0x400), range(0x1D2C, 0x1D6B), range(0x2016, 0x2017)),
    *(range(0x2020, 0x2027), range(0x2030, 0x2035), range(0x2070, 0x209D), range(0x2100, 0x2150)),
    *(range(0x2190, 0x2300), range(0x2308, 0x230C), range(0x2460, 0x246A), range(0x25A0, 0x25D0)),
    *(range(0x2713, 0x2718), range(0x27E8, 0x27EA), range(0x27F5, 0x27FB), range(0x2A00, 0x2A03)),
    range(0x1D538, 0x1D56C),
]


def mathematics(source: Path) -> None:
    """Write DejaVu Sans with what mathematics needs alone."""
    font = ttLib.TTFont(source)
    options = subset.Options(flavor="woff2", hinting=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes={point for block in MATHEMATICS for point in block})
    cutter.subset(font)
    font.flavor = "woff2"
    font["head"].modified = font["head"].created
    font.save(DIAGRAMS / "dejavu-math-400-normal.woff2")


def cut(source: Path, name: str, family: str, characters: set[int]) -> None:
    """Write ``name`` with ``characters`` alone, weights 400 to 700, under the family name given."""
    font = ttLib.TTFont(source)
    if "fvar" in font:
        narrowed = io.BytesIO()
        instancer.instantiateVariableFont(font, {"wght": (400, 700)}).save(narrowed)
        font = ttLib.TTFont(narrowed)
    options = subset.Options(flavor="woff2", hinting=False, name_IDs=[0, 1, 2, 4, 6, 13, 14])
    options.layout_features = ["kern", "liga", "tnum"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=characters)
    cutter.subset(font)
    for record in font["name"].names:
        if record.nameID in (1, 4):
            record.string = family
        elif record.nameID == 6:
            record.string = family.replace(" ", "")
    font.flavor = "woff2"
    font["head"].modified = font["head"].created  # the same bytes whenever it is run
    font.save(OUT / name)


def main(packages: Path) -> None:
    """Cut the fonts out of the npm packages below ``packages``."""
    for style, suffix in (("normal", ""), ("italic", "-italic")):
        source = packages / SANS.format(style)
        cut(source, f"zoo-sans{suffix}.woff2", "Zoo Sans", {*ASCII} | PUNCTUATION)
        cut(source, f"zoo-sans{suffix}-accents.woff2", "Zoo Sans", ACCENTS)
    cut(packages / SERIF, "zoo-serif.woff2", "Zoo Serif", HEADINGS)
    mathematics(packages / DEJAVU)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
