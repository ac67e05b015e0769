# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""The fonts that diagrams are set in: which file stands for which family, and cut to a picture."""

from __future__ import annotations

import base64
import hashlib
import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# fontTools is imported where it is used: what comes from the cache never waits for it.
# It reports every table that it cannot cut, which is as it should be.
logging.getLogger("fontTools").setLevel(logging.ERROR)

# Within a family the first file that has a character sets it. Mathematics comes from DejaVu, the
# one free face with sub- and superscript letters, arrows and blackboard capitals alike.
_FILES: dict[str, dict[int, tuple[str, ...]]] = {
    "hand": {
        400: (
            "patrick-hand-latin-400-normal.woff2",
            "patrick-hand-latin-ext-400-normal.woff2",
            "patrick-hand-vietnamese-400-normal.woff2",
            "source-sans-3-greek-400-normal.woff2",
            "dejavu-math-400-normal.woff2",
        ),
    },
    "sans": {
        weight: (
            f"source-sans-3-latin-{weight}-normal.woff2",
            f"source-sans-3-latin-ext-{weight}-normal.woff2",
            f"source-sans-3-vietnamese-{weight}-normal.woff2",
            f"source-sans-3-greek-{weight}-normal.woff2",
            "dejavu-math-400-normal.woff2",
        )
        for weight in (400, 700)
    },
}

# Families that authors and Mermaid name, and the shipped one that stands for each.
FAMILIES: dict[str, str] = {
    "zoo-hand": "hand",
    "zoo-sans": "sans",
    **dict.fromkeys(
        (
            "bradley hand", "patrick hand", "comic sans ms", "comic sans", "segoe print",
            "marker felt", "chalkboard", "excalifont", "virgil", "kalam", "caveat",
            "architects daughter", "shantell sans", "cursive",
        ),
        "hand",
    ),
    **dict.fromkeys(
        (
            "trebuchet ms", "verdana", "arial", "helvetica", "helvetica neue", "tahoma", "roboto",
            "open sans", "segoe ui", "calibri", "lato", "inter", "noto sans", "system-ui",
            "source sans 3", "recursive variable", "recursive", "courier new", "sans-serif",
        ),
        "sans",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Face:
    """One font file as part of a family, with the characters that it sets there."""

    family: str
    weight: int
    path: Path
    characters: frozenset[int]

    @property
    def unicode_range(self) -> str:
        """The characters as CSS writes them."""
        return ",".join(
            f"U+{first:X}" if first == last else f"U+{first:X}-{last:X}"
            for first, last in _runs(sorted(self.characters))
        )

    @property
    def url(self) -> str:
        """The whole file as a data URI."""
        return _data_uri(self.path.read_bytes())


class Faces:
    """The shipped fonts of one folder.

    Args:
        folder: Holds the files named in this module.
    """

    def __init__(self, folder: Path) -> None:
        self._all = tuple(_faces(folder))

    def __iter__(self) -> Iterator[Face]:
        return iter(self._all)

    @staticmethod
    def checksum(folder: Path) -> str:
        """Return a checksum of every font that a picture can be set in."""
        names = sorted({name for sets in _FILES.values() for s in sets.values() for name in s})
        sums = (hashlib.sha256((folder / name).read_bytes()).digest() for name in names)
        return hashlib.sha256(b"".join(sums)).hexdigest()

    def css(self, letters: dict[tuple[str, int], str], prefix: str) -> str:
        """Return ``@font-face`` rules with just these letters.

        Args:
            letters: As ``svg.letters`` returns them; a family is ``<prefix>-hand`` or so.
            prefix: Begins the family names.
        """
        rules = []
        for (name, weight), text in letters.items():
            family = name.removeprefix(f"{prefix}-")
            rest = {ord(letter) for letter in text}
            has_bold = any(f.family == family and f.weight == weight for f in self)
            for face in self:
                if face.family != family or face.weight != (weight if has_bold else 400):
                    continue
                here = rest & face.characters
                if here - {0x20}:
                    font = _cut(face.path, "".join(map(chr, sorted(here))))
                    bold = ";font-weight:700" if face.weight == 700 else ""
                    # With several files to a family, a browser must know which one to ask.
                    ranges = ",".join(
                        f"U+{a:X}" if a == b else f"U+{a:X}-{b:X}" for a, b in _runs(sorted(here))
                    )
                    rules.append(
                        f"@font-face{{font-family:{name}{bold};src:url({_data_uri(font)});"
                        f"unicode-range:{ranges}}}"
                    )
                rest -= face.characters
        return "".join(dict.fromkeys(rules))


def _faces(folder: Path) -> Iterator[Face]:
    for family, weights in _FILES.items():
        for weight, names in weights.items():
            seen: set[int] = set()
            for name in names:
                path = folder / name
                characters = frozenset(_characters(path)) - seen
                seen |= characters
                yield Face(family, weight, path, frozenset(characters))


@cache
def _characters(path: Path) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap())


@cache
def _plain(path: Path) -> bytes:
    """The font without compression and hints, so that cutting it again and again is quick."""
    from fontTools.ttLib import TTFont

    with TTFont(path) as font:
        font.flavor = None
        out = io.BytesIO()
        font.save(out)
        return out.getvalue()


@cache
def _cut(path: Path, text: str) -> bytes:
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options(
        flavor="woff2",
        hinting=False,
        layout_features=["kern", "mark", "mkmk", "ccmp", "locl"],
        name_IDs=[],
        notdef_outline=False,
        # The time of the build must not be in the bytes.
        recalc_timestamp=False,
    )
    with TTFont(io.BytesIO(_plain(path)), lazy=True) as font:
        cutter = subset.Subsetter(options)
        cutter.populate(text=text)
        cutter.subset(font)
        out = io.BytesIO()
        font.flavor = "woff2"
        font.save(out)
    return out.getvalue()


def _data_uri(font: bytes) -> str:
    return "data:font/woff2;base64," + base64.b64encode(font).decode("ascii")


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    first = last = None
    for number in numbers:
        if last is not None and number == last + 1:
            last = number
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = number
    if first is not None and last is not None:
        yield first, last
