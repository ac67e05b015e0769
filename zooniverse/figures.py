# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Sets a picture into a page: a figure with caption, text alternative and folded source."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from math import ceil

from zooniverse.pictures import Picture

READABLE = 11  # CSS px of the smallest label


def figure_html(
    picture: Picture, addresses: Mapping[str, str], source: str, *, name: str = ""
) -> str:
    """Return the figure of a picture, which shows the scheme that the page is in.

    Args:
        picture: What to show.
        addresses: The address of each of the picture's SVG files, as the page writes it.
        source: The diagram's source, without its front matter; it is folded under the picture.
        name: The figure's id, or nothing.

    The custom properties ``--width`` and ``--readable`` are the picture's natural width and the
    least width at which its labels keep a readable size; ``--canvas`` is the colour it lies on, and
    ``--canvas-dark`` that of the dark scheme.
    """
    readable = picture.width
    if picture.label:
        readable = min(picture.width, ceil(picture.width * READABLE / picture.label))
    light = picture.canvas.get("own") or picture.canvas["light"]
    dark = picture.canvas.get("own") or picture.canvas["dark"]
    style = (
        f"--width:{picture.width}px;--readable:{readable}px;--canvas:{light};--canvas-dark:{dark}"
    )
    alternative = escape(picture.alternative)
    images = "".join(
        f'<img src="{escape(addresses[scheme])}{_ONLY[scheme]}" alt="{alternative}" '
        f'width="{picture.width}" height="{picture.height}" loading="lazy" decoding="async">'
        for scheme in picture.svg
    )
    caption = f"<figcaption>{escape(picture.title)}</figcaption>" if picture.title else ""
    label = escape(picture.title or picture.kind)
    identity = f' id="{escape(name)}"' if name else ""
    # What is in the picture is found by search; its source, which says it again, is not.
    return (
        f'<figure class="diagram"{identity} style="{style}">'
        f'<div class="diagram__frame" tabindex="0" role="group" aria-label="{label}">{images}</div>'
        f"{caption}"
        f'<details class="diagram__source"><summary>In words and as source</summary>'
        f"<p>{alternative}</p>"
        f"<div data-search-exclude><pre><code>{escape(source.strip())}\n</code></pre></div>"
        f"</details></figure>"
    )


# Material shows an image whose address ends so in one scheme only.
_ONLY = {"light": "#only-light", "dark": "#only-dark", "own": ""}
