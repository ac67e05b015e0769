# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Sets models side by side, for ``<!-- zoo: compare models="…" fields="…" -->``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from html import escape
from itertools import count, product
from string import ascii_lowercase
from typing import NamedTuple

from zooniverse.licences import in_words
from zooniverse.markers import Marker
from zooniverse.problems import Problem
from zooniverse.records.cards import WEIGHTS, grouped, source_html
from zooniverse.records.collection import Collection, Model
from zooniverse.records.schema import Result
from zooniverse.repository import relative

Cell = Callable[[Model], str]


class Way(NamedTuple):
    """How a result was measured; results of one benchmark compare only where it is the same."""

    metric: str
    unit: str | None
    split: str
    protocol: str | None
    extra_data: str | None


WAY = Way("metric", "unit", "split", "protocol", "extra data")  # in words


def comparison_html(marker: Marker, collection: Collection, base: str) -> tuple[str, list[Problem]]:
    """Return the table that a page asks for, a column for each model.

    Args:
        marker: Its options are ``models``, names or folders with commas between, and ``fields``,
            of those in `FIELDS`; ``results`` has a row for each benchmark.
        collection: All models.
        base: Address of the page below the site's.

    Returns:
        The table, and what is wrong with the request, with the marker's line.
    """
    models, problems = _models(marker, collection)
    fields = _split(marker.options.get("fields", "")) or list(FIELDS)
    for name in [field for field in fields if field not in FIELDS]:
        near = get_close_matches(name, FIELDS, n=1)
        cure = f"Write '{near[0]}'" if near else f"Write some of {', '.join(FIELDS)}"
        problems.append(
            Problem(marker.line, f"the comparison has the unknown field {name!r}", cure)
        )
    if len(models) < 2:
        if not problems:
            message = "the comparison names fewer than two models"
            problems.append(Problem(marker.line, message, 'Write models="One, Two"'))
        return "", problems
    rows = []
    for name in [field for field in fields if field in FIELDS]:
        if name == "results":
            rows += _results(models)
        else:
            rows.append((escape(name.capitalize()), [FIELDS[name](model) for model in models]))
    head = "".join(
        f'<th scope="col"><a href="{escape(relative(model.address, base))}">'
        f"{escape(model.name)}</a></th>"
        for model in models
    )
    body = "".join(
        f'<tr><th scope="row">{name}</th>'
        + "".join(f"<td>{cell or '–'}</td>" for cell in cells)
        + "</tr>"
        for name, cells in rows
    )
    label = escape("Comparison of " + ", ".join(model.name for model in models))
    return (
        f'<div class="zoo-compare" tabindex="0" role="group" aria-label="{label}">'
        '<table class="zoo-compare__table">'
        f'<thead><tr><th scope="col"><span class="zoo-hidden">Field</span></th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    ), problems


def _models(marker: Marker, collection: Collection) -> tuple[list[Model], list[Problem]]:
    models, problems = [], []
    for name in _split(marker.options.get("models", "")):
        model = collection.by_name.get(name.lower()) or collection.by_folder.get(name.strip("/"))
        if model:
            models.append(model)
            continue
        near = get_close_matches(name.lower(), collection.by_name, n=1)
        known = [model.name for model in collection.models]
        cure = f"Write {collection.by_name[near[0]].name}" if near else (
            f"Write some of {', '.join(known[:20])}" if known else "Add the model's folder"
        )  # fmt: skip
        problems.append(Problem(marker.line, f"the comparison names {name!r}, no model here", cure))
    return models, problems


def _split(text: str) -> list[str]:
    return [part for part in (part.strip() for part in text.split(",")) if part]


def _parameters(model: Model) -> str:
    found = []
    for size in model.record.sizes:
        published = " or ".join(
            f"{escape(p.value)} {source_html(model, p)}" for p in size.parameters
        )
        counted = model.counted(size.name)
        said = f"{grouped(counted)} counted" if counted else ""
        found.append(
            f"{escape(size.name)}: {', '.join(part for part in (published, said) if part)}"
        )
    return "<br>".join(found)


def _data(model: Model) -> str:
    return "<br>".join(
        f"{escape(data.name)}{f' ({escape(data.size)})' if data.size else ''} "
        f"{source_html(model, data)}"
        for data in model.record.training_data
    )


def _compute(model: Model) -> str:
    return "<br>".join(
        f"{escape(f'{c.size}: ' if c.size else '')}{escape(c.what)} {source_html(model, c)}"
        for c in model.record.compute
    )


def _hyperparameters(model: Model) -> str:
    return "<br>".join(
        f"{escape(size.name)}: "
        + ", ".join(f"{escape(key)} {escape(str(v))}" for key, v in size.hyperparameters.items())
        + f" {source_html(model, size)}"
        for size in model.record.sizes
        if size.hyperparameters
    )


def _weights(model: Model) -> str:
    weights = model.record.weights
    licence = f", {escape(in_words(weights.licence))}" if weights.licence else ""
    return WEIGHTS[weights.availability] + licence


FIELDS: Mapping[str, Cell] = {
    "year": lambda model: str(model.record.year),
    "area": lambda model: escape(model.area.replace("-", " ")),
    "venue": lambda model: escape(model.record.venue),
    "organisations": lambda model: escape(", ".join(model.record.organisations)),
    "tasks": lambda model: escape(", ".join(model.record.tasks)),
    "parameters": _parameters,
    "hyperparameters": _hyperparameters,
    "data": _data,
    "compute": _compute,
    "weights": _weights,
    "proof": lambda model: model.badge,
    "results": lambda model: "",
}
"""What a comparison may show of each model."""


def _results(models: list[Model]) -> list[tuple[str, list[str]]]:
    """Return a row for each benchmark that two models have.

    Where not all results of a row may be compared, each has a letter; those of one letter may.
    """
    benchmarks: dict[str, list[list[Result]]] = {}
    for place, model in enumerate(models):
        for result in model.record.results:
            row = benchmarks.setdefault(result.benchmark, [[] for _ in models])
            row[place].append(result)
    rows = []
    for benchmark, cells in benchmarks.items():
        if sum(map(bool, cells)) < 2:
            continue
        ways = list(dict.fromkeys(_way(result) for cell in cells for result in cell))
        letters = dict(zip(ways, _letters(), strict=False)) if len(ways) > 1 else {}
        rows.append(
            (
                escape(benchmark) + _legend(letters, cells[0] or next(filter(None, cells))),
                [
                    "<br>".join(_result(model, result, letters) for result in cell)
                    for model, cell in zip(models, cells, strict=True)
                ],
            )
        )
    return rows


def _way(result: Result) -> Way:
    return Way(*(getattr(result, key) for key in Way._fields))


def _letters() -> Iterator[str]:
    for length in count(1):
        yield from map("".join, product(ascii_lowercase, repeat=length))


def _legend(letters: Mapping[Way, str], results: list[Result]) -> str:
    """Say how all were measured, or, where they differ, what each letter stands for."""
    if not letters:
        return escape(f", {results[0].metric}")
    differ = [key for key, values in enumerate(zip(*letters, strict=True)) if len({*values}) > 1]
    said = "".join(
        f"<br>{letter}: "
        + escape("; ".join(f"{WAY[key]}: {way[key] or 'not stated'}" for key in differ))
        for way, letter in letters.items()
    )
    metric = "" if 0 in differ else escape(f", {results[0].metric}")
    return (
        f'{metric}<br><small class="zoo-compare__no">not comparable where letters differ:{said}'
        "</small>"
    )


def _result(model: Model, result: Result, letters: Mapping[Way, str]) -> str:
    spread = f" ± {result.spread}" if result.spread is not None else ""
    unit = f" {escape(result.unit)}" if result.unit else ""
    size = f"{escape(result.size)}: " if result.size else ""
    letter = letters.get(_way(result), "")
    mark = f' <b class="zoo-compare__no">{letter}</b>' if letter else ""
    return f"{size}{result.value}{spread}{unit}{mark} {source_html(model, result)}"
