# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Sets a diagram into a page: a figure with caption, text alternative and folded source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from math import ceil

from zooniverse.pictures import Picture

READABLE = 11  # CSS px of the smallest label

# Material shows an image whose address ends so in one scheme only.
_ONLY = {"light": "#only-light", "dark": "#only-dark", "own": ""}


def figure_html(
    picture: Picture, addresses: Mapping[str, str], source: str, *, name: str = ""
) -> str:
    """Return the figure of a picture, which shows the scheme that the page is in.

    Args:
        picture: What to show.
        addresses: The address of each of the picture's SVG files, as the page writes it.
        source: The diagram's source; it is folded under the picture.
        name: The figure's id, or nothing.

    The custom properties ``--width`` and ``--readable`` are the picture's natural width and the
    least width at which its labels keep a readable size; ``--canvas`` is the colour it lies on, and
    ``--canvas-dark`` that of the dark scheme. A picture with links has ``data-links``: links in an
    ``<img>`` are dead, so the page's script sets the SVG itself in its place.
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
        for scheme in _ONLY
        if scheme in picture.svg
    )
    label = escape(picture.title or picture.kind)
    identity = f' id="{escape(name)}"' if name else ""
    links = " data-links" if picture.links else ""
    # Long alternatives are cut; search finds the other labels, too.
    rest = [text for text in picture.labels if text not in picture.alternative]
    more = f"<p>Labels: {escape('; '.join(rest))}</p>" if rest else ""
    first = escape(addresses["own" if "own" in addresses and "own" in picture.svg else "light"])
    return (
        f'<figure class="diagram"{identity} style="{style}"{links}>'
        f'<div class="diagram__frame" tabindex="0" role="group" aria-label="{label}">{images}</div>'
        f'<figcaption><span class="diagram__title">{escape(picture.title)}</span>'
        f'<a class="diagram__open" href="{first}" data-search-exclude>Full screen</a>'
        f'<details class="diagram__source"><summary data-search-exclude>Text and source</summary>'
        f"<p>{alternative}</p>{more}{_code(source)}</details></figcaption></figure>"
    )


def live_html(source: str, title: str, *, own: bool) -> str:
    """Return the figure of a diagram that the reader's browser draws.

    Args:
        source: The diagram's source, which is what a reader without scripts sees.
        title: Its title, which becomes the caption.
        own: Whether it has a theme of its own, and so looks the same in either scheme.
    """
    theme = " data-own" if own else ""
    caption = f"<figcaption>{_title(title)}</figcaption>" if title else ""
    return (
        f'<figure class="diagram diagram--live"{theme}>'
        f'<div class="mermaid" data-search-exclude>{escape(source)}</div>{caption}</figure>'
    )


def refused_html(message: str, source: str, title: str) -> str:
    """Return the figure of a diagram that cannot be drawn: what is wrong, and its source.

    Args:
        message: What is wrong, without a full stop.
        source: The diagram's source.
        title: Its title, or nothing.
    """
    caption = f"<figcaption>{_title(title)}</figcaption>" if title else ""
    return (
        f'<figure class="diagram diagram--refused"><p data-search-exclude>'
        f"This diagram is shown as its source: {escape(message)}.</p>"
        f"{_code(source)}{caption}</figure>"
    )


def themes_html(themes: Mapping[str, Mapping[str, object]]) -> str:
    """Return the element that tells the script of live diagrams the colours of either scheme."""
    # Not a script: the theme would run it as code after instant navigation.
    text = json.dumps(themes, separators=(",", ":"), sort_keys=True)
    return f'<template id="diagram-themes" data-themes="{escape(text)}"></template>'


def _title(title: str) -> str:
    return f'<span class="diagram__title">{escape(title)}</span>'


def _code(source: str) -> str:
    # Search finds what is in the picture; the source says it again, with licence and settings.
    return (
        f'<div class="diagram__code" data-search-exclude>'
        f'<pre tabindex="0"><code>{escape(source.strip())}\n</code></pre></div>'
    )
