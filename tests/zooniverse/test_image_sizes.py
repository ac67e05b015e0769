# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Pictures know how large they are before they arrive."""

from __future__ import annotations

import pytest
from PIL import Image

from tests.conftest import SmallSite
from zooniverse.image_sizes import with_sizes

SIZES = {"Area/Model/figures/a b.png": (400, 200)}
WIDE, NONE = 'width="400" height="200" ', ""


@pytest.mark.parametrize(
    ("before", "added"),
    [
        ('src="figures/a%20b.png" alt=""', WIDE),
        ('alt="" src="./figures/a%20b.png?raw=true"', WIDE),
        ('src="../../Area/Model/figures/a%20b.png" alt=""', WIDE),
        ('src="figures/a%20b.png" width="100"', 'height="50" '),
        ('src="figures/a%20b.png" height="50"', 'width="100" '),
        ('src="figures/a%20b.png" width="100" height="100"', NONE),
        ('src="figures/a%20b.png" width="50%"', NONE),
        ('src="figures/a%20b.png" width="²"', NONE),
        ('src="other.png"', NONE),
        ('src="../../../../figures/a%20b.png"', NONE),
        ('src="https://example.org/Area/Model/figures/a%20b.png"', NONE),
        ('src="//example.org/Area/Model/figures/a%20b.png"', NONE),
        ('src="data:image/png;base64,AA"', NONE),
        ('alt="none"', NONE),
    ],
)
def test_sizes(before: str, added: str) -> None:
    text = "<p>5 &lt; 6 <b>and</b> {} <img-not></p><!-- <img src='figures/a%20b.png'> -->"
    html, expected = text.format(f"<img {before}>"), text.format(f"<img {added}{before}>")
    assert with_sizes(html, "Area/Model/", SIZES.get) == expected


def test_on_a_site(small_site: SmallSite) -> None:
    folder = small_site.folder / "docs" / "Area"
    folder.mkdir()
    Image.new("L", (30, 20)).save(folder / "right.png")
    (folder / "wrong.png").write_bytes(b"no picture")
    small_site.page("Area/README.md", "# Area\n\n![a](right.png) ![b](wrong.png)\n")
    assert small_site.build() == (0, "")
    html = small_site.html("Area/index.html")
    assert '<img width="30" height="20" alt="a" src="right.png">' in html
    assert '<img alt="b" src="wrong.png">' in html
