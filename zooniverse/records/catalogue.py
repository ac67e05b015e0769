# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Lists models: the catalogue's table and plot, the shelf of an area, and small pictures.

The table is complete as it is written; ``catalogue.js`` adds filters, sorting and search to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple

from zooniverse.licences import in_words
from zooniverse.records.cards import grouped
from zooniverse.records.collection import Collection, Model, by_year
from zooniverse.repository import relative

_WEIGHTS = {
    "open": "open", "gated": "on terms", "service": "service only",
    "closed": "not public", "none": "none",
}  # fmt: skip
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 700, 24, 345
_TINY_LEFT, _TINY_RIGHT, _TINY_LOW, _TINY_HIGH = 20, 220, 3, 13  # decades, 1 k to 10 T
_LABELLED = 24  # models up to which each gets its name in the plot


def area_name(folder: str) -> str:
    """Return the name of an area's folder as people read it."""
    return folder.replace("-", " ")


def short_count(value: int) -> str:
    """Write a number of parameters in at most three digits: ``65.2 M``."""
    for scale, letter in ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k")):
        if value >= scale * 0.9995:
            part = value / scale
            digits = 2 if part < 9.995 else 1 if part < 99.95 else 0
            text = f"{part:.{digits}f}"
            return (text.rstrip("0").rstrip(".") if "." in text else text) + f" {letter}"
    return str(value)


WITH_LINES = 300
"""Up to so many models, the table has each one's sentence; a longer table would weigh too much."""


def catalogue_html(collection: Collection, base: str, script: str) -> str:
    """Return the table of all models with its filters, which only the script shows.

    Args:
        collection: All models.
        base: Address of the page below the site's.
        script: Address of ``catalogue.js``, relative to the page.
    """
    if not collection.models:
        return '<p class="zoo-catalogue__none">No model page stands yet.</p>'
    models = sorted(collection.models, key=_by_area)
    few = len(models) <= WITH_LINES
    rows = "\n".join(_row(model, base, with_line=few) for model in models)
    head = "".join(
        f'<th role="columnheader" scope="col" data-key="{key}"{" data-number" if numeric else ""}>'
        f"{name}</th>"
        for key, name, numeric in _COLUMNS
    )
    filters = "".join(
        f'<label>{name} <select name="{key}"><option value="">all</option>{_options(found)}'
        "</select></label>"
        for key, name in _FILTERS
        for found in [{value for m in collection.models for value in _VALUES[key](m)}]
    )
    ranges = "".join(
        f'<label>{name} <input name="{key}" type="text" inputmode="{mode}" '
        f'autocomplete="off" placeholder="{hint}"></label>'
        for key, name, mode, hint in _RANGES
    )
    # The form is there as the page is read, shown at its end, so that nothing moves
    # when the script comes.
    # The roles are those of the elements; on phones rows are laid out as blocks, and browsers
    # would take the table's meaning from it.
    return (
        '<form class="zoo-catalogue__form" hidden aria-label="Filter the catalogue">'
        '<label class="zoo-catalogue__text">Search <input name="q" type="search" '
        f'autocomplete="off"></label>{filters}{ranges}<button type="reset">Show all</button>'
        '<div role="status"></div>'
        "<script>document.currentScript.parentElement.hidden = false</script></form>"
        f'<table class="zoo-catalogue" role="table"><caption>{_counted(len(collection.models))}'
        f'</caption><thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">\n{rows}\n</tbody></table>'
        f'<script src="{escape(script)}" defer></script>'
    )


_COLUMNS = (
    ("name", "Model", False),
    ("area", "Area", False),
    ("year", "Year", True),
    ("tasks", "Tasks", False),
    ("size", "Parameters", True),
    ("weights", "Weights", False),
    ("proof", "Proof", False),
)
_FILTERS = (
    ("area", "Area"), ("task", "Task"), ("year", "Year"), ("licence", "Weights’ licence"),
    ("proof", "Proof"),
)  # fmt: skip
_VALUES: Mapping[str, Callable[[Model], Iterable[str]]] = {
    "area": lambda model: [area_name(model.area)],
    "task": lambda model: model.record.tasks,
    "year": lambda model: [str(model.record.year)],
    "licence": lambda model: [in_words(model.record.weights.licence or "none")],
    "proof": lambda model: [model.status],
}
_RANGES = (("least", "At least", "text", "1 M"), ("most", "At most", "text", "10 B"))


def _options(values: Iterable[str]) -> str:
    return "".join(f"<option>{escape(value)}</option>" for value in sorted(values, key=str.lower))


def _by_area(model: Model) -> tuple[str, int, str]:
    return (model.area, *by_year(model))


def _counted(models: int) -> str:
    return f"{models:,} model{'' if models == 1 else 's'}"


def _row(model: Model, base: str, *, with_line: bool) -> str:
    record = model.record
    line = f"<small>{escape(record.line)}</small>" if with_line else ""
    sizes = model.parameters()
    numbers = [value for _, value in sizes]
    low, high = min(numbers, default=0), max(numbers, default=0)
    shown = ""
    if numbers:
        shown = short_count(low) if low == high else f"{short_count(low)} – {short_count(high)}"
    weights = record.weights
    licence = f", {escape(in_words(weights.licence))}" if weights.licence else ""
    others = " ".join([*record.also_known_as, *record.organisations, *record.authors[:12]])
    cells = (
        f'<th role="rowheader" scope="row"><a href="{escape(relative(model.address, base))}">'
        f"{escape(record.name)}</a>{line}</th>"
        f'<td role="cell">{escape(area_name(model.area))}</td>'
        f'<td role="cell">{record.year}</td>'
        f'<td role="cell">{escape(", ".join(record.tasks))}</td>'
        f'<td role="cell" data-sort="{high}" data-low="{low}">{shown or "–"}</td>'
        f'<td role="cell">{_WEIGHTS[weights.availability]}{licence}</td>'
        f'<td role="cell">{model.status}</td>'
    )
    return (
        f'<tr role="row" data-words="{escape(others)}" '
        f'data-licence="{escape(in_words(weights.licence or "none"))}">{cells}</tr>'
    )


def plot_html(collection: Collection, base: str, ident: str) -> str:
    """Draw parameters by year on a logarithmic axis, with the same in words.

    Args:
        collection: All models; each size with a count, or a published number, is a dot.
        base: Address of the page below the site's.
        ident: Begins the ids in the picture.
    """
    dots = [
        (model, name, value)
        for model in sorted(collection.models, key=by_year)
        for name, value in model.parameters()
    ]
    if not dots:
        return ""
    years = [model.record.year for model, _, _ in dots]
    first, last = min(years), max(years)
    low = math.floor(math.log10(min(value for _, _, value in dots)))
    high = max(math.ceil(math.log10(max(value for _, _, value in dots))), low + 1)

    def x(year: int) -> float:
        if first == last:
            return (_LEFT + _RIGHT) / 2
        return _LEFT + 30 + (year - first) / (last - first) * (_RIGHT - _LEFT - 130)

    def y(value: float) -> float:
        return _BOTTOM - (math.log10(value) - low) / (high - low) * (_BOTTOM - _TOP)

    lines = "".join(
        f'<path d="M{_LEFT} {y(10.0**power):.1f}H{_RIGHT}"/>' for power in range(low, high + 1)
    )
    scale = "".join(
        f'<text x="{_LEFT - 10}" y="{y(10.0**power) + 8:.1f}" text-anchor="end">'
        f"{short_count(10**power)}</text>"
        for power in range(low, high + 1)
        if (high - power) % max(1, (high - low) // 4) == 0
    )
    step = max(1, math.ceil((last - first + 1) / 5))
    scale += "".join(
        f'<text x="{x(year):.1f}" y="{_BOTTOM + 36}" text-anchor="middle">{year}</text>'
        for year in range(first, last + 1, step)
    )
    marks = "".join(
        f'<circle cx="{x(model.record.year):.1f}" cy="{y(value):.1f}" r="6"/>'
        for model, _, value in dots
    )
    names = _names(dots, x, y) if len(collection.models) <= _LABELLED else ""
    said = "; ".join(
        f"{model.name} ({model.record.year}) "
        + ", ".join(f"{name} {short_count(value)}" for name, value in model.parameters())
        for model in sorted(collection.models, key=by_year)
        if model.parameters()
    )
    headline = f"Parameters by year, {first} to {last}" if first < last else (
        f"Parameters of the models of {first}"
    )  # fmt: skip
    items = "".join(f"<li>{escape(part)}</li>" for part in said.split("; "))
    ident = escape(ident)
    return (
        '<figure class="zoo-plot"><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 405" '
        f'width="720" height="405" role="img" aria-labelledby="{ident}-title {ident}-desc">'
        f'<title id="{ident}-title">{escape(headline)}, logarithmic</title>'
        f'<desc id="{ident}-desc">The same figures stand in words below the picture.</desc>'
        f'<g class="zoo-plot__lines">{lines}</g><g class="zoo-plot__scale">{scale}</g>'
        f'<g class="zoo-plot__dots">{marks}</g><g class="zoo-plot__names">{names}</g></svg>'
        f"<figcaption>{escape(headline)}, on a logarithmic scale. Each dot is a published size, "
        "counted here where a proof stands.</figcaption>"
        f"<details><summary>In words</summary><ul>{items}</ul></details></figure>"
    )


def _names(
    dots: Sequence[tuple[Model, str, int]],
    x: Callable[[int], float],
    y: Callable[[float], float],
) -> str:
    """Name the largest dot of each model, at the first of its sides where nothing is in the way."""
    largest: dict[str, tuple[Model, int]] = {}
    for model, _, value in dots:
        if value > largest.get(model.folder, (model, 0))[1]:
            largest[model.folder] = model, value
    taken = [_Place(x(m.record.year) - 7, x(m.record.year) + 7, y(v) - 7, y(v) + 7)
             for m, _, v in dots]  # fmt: skip
    said = ""
    for model, value in largest.values():
        across, down, wide = x(model.record.year), y(value), 13 * len(model.name)
        for left, middle in (
            (across + 11, down), (across - 11 - wide, down),
            (across - wide / 2, down - 24), (across - wide / 2, down + 24),
        ):  # fmt: skip
            place = _Place(left, left + wide, middle - 11, middle + 11)
            if left > _LEFT and place.right < 718 and not any(map(place.meets, taken)):
                taken.append(place)
                said += f'<text x="{left:.1f}" y="{middle + 7:.1f}">{escape(model.name)}</text>'
                break
    return said


class _Place(NamedTuple):
    left: float
    right: float
    top: float
    bottom: float

    def meets(self, other: _Place) -> bool:
        """Say whether two rectangles share a point."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


def shelf_html(models: Iterable[Model], base: str) -> str:
    """Return the list of an area's models, each with a small picture, the oldest first."""
    items = "".join(
        f"<li>{picture_html(model, base)}<div>"
        f'<p class="zoo-shelf__name"><a href="{escape(relative(model.address, base))}">'
        f"{escape(model.name)}</a> <span>{model.record.year}</span></p>"
        f"<p>{escape(model.record.line)}</p></div></li>"
        for model in sorted(models, key=by_year)
    )
    return f'<ul class="zoo-shelf">{items}</ul>' if items else ""


def picture_html(model: Model, base: str, *, letters: bool = True) -> str:
    """Return the small picture of a model: its own, or its sizes between 1 k and 10 T.

    Args:
        model: The model.
        base: Address of the page below the site's.
        letters: Whether there is room for the letters of the axis.
    """
    picture = model.record.picture
    if picture:
        address = relative(model.address + picture.file, base)
        return (
            f'<img class="zoo-glyph" src="{escape(address)}" alt="{escape(picture.alt)}" '
            'width="240" height="120" loading="lazy" decoding="async">'
        )
    return glyph(model, letters)


def glyph(model: Model, letters: bool = True) -> str:
    """Draw a model's sizes on a logarithmic axis, 240 by 120; decoration, for words say it too."""
    numbers = [value for _, value in model.parameters()]
    ticks = "".join(
        f"M{_place(10.0**power):.0f} 84v{12 if power % 3 == 0 else 6}"
        for power in range(_TINY_LOW, _TINY_HIGH + 1)
    )
    places = " ".join(f"{_place(10.0**power):.0f}" for power in (3, 6, 9, 12))
    axis = f'<text x="{places}" y="112" text-anchor="middle">kMBT</text>' if letters else ""
    tops = [
        (f"{_place(value):.0f}", _height(place, len(numbers)))
        for place, value in enumerate(sorted(numbers))
    ]
    lines = "".join(f"M{x} 84V{y}" for x, y in tops)
    stems = f'<path d="{lines}"/>' + "".join(f'<circle cx="{x}" cy="{y}" r="6"/>' for x, y in tops)
    if not numbers:  # it could lie anywhere, or, where the whole code is proven, has no parameters
        sign = "0" if model.proof else "?"
        stems = f'<text class="zoo-unknown" x="120" y="62" text-anchor="middle">{sign}</text>'
    return (
        '<svg class="zoo-glyph" viewBox="0 0 240 120" width="240" height="120" aria-hidden="true">'
        f'<path opacity=".4" d="M{_TINY_LEFT} 84H{_TINY_RIGHT}"/><path opacity=".25" d="{ticks}"/>'
        f"{axis}{stems}</svg>"
    )


def _place(value: float) -> float:
    power = min(max(math.log10(value), _TINY_LOW), _TINY_HIGH)
    share = (power - _TINY_LOW) / (_TINY_HIGH - _TINY_LOW)
    return _TINY_LEFT + share * (_TINY_RIGHT - _TINY_LEFT)


def _height(place: int, count: int) -> int:
    return 26 if count == 1 else round(56 - 40 * place / (count - 1))


def counts_in_words(model: Model) -> str:
    """Say the sizes of a model in one line of plain text."""
    return ", ".join(f"{name}: {grouped(value)}" for name, value in model.parameters())
