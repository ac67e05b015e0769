# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""The card at the top of a model's page, and what machines are told about the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

from zooniverse.licences import in_words
from zooniverse.records.collection import Collection, Model
from zooniverse.records.schema import Cited, PublishedCount, Size, number
from zooniverse.repository import relative

_MOST = 3  # rows of a list that stand open

WEIGHTS = {
    "open": "open",
    "gated": "on terms",
    "service": "none; asked over a network only",
    "closed": "not public",
    "none": "none published",
}


def card_html(model: Model, collection: Collection, base: str) -> str:
    """Return the card of a model.

    Args:
        model: Whose card.
        collection: All models, for what descends from this one.
        base: Address of the page below the site's.
    """
    record = model.record
    rows = [
        ("Also called", ", ".join(map(escape, record.also_known_as))),
        ("Published", f"{record.year}, {escape(record.venue)}"),
        ("Authors", _authors(record.authors)),
        ("Organisations", ", ".join(map(escape, record.organisations))),
        ("Paper", _outward(record.paper.address, f"<cite>{escape(record.paper.title)}</cite>")),
        ("Tasks", ", ".join(map(escape, record.tasks))),
        ("Modalities", ", ".join(record.modalities)),
        ("Parameters", _parameters(model)),
        ("Data", _lines(_data(model))),
        ("Compute", _lines(_compute(model))),
        ("Results", _lines(_results(model))),
        ("Applications", _lines(_applications(model))),
        ("Weights", _weights(model)),
        ("Code of the authors", _code(model)),
        ("Differs from the paper", _lines(_deviations(model))),
        ("Descends from", _lines(_ancestors(model, collection, base))),
        ("Led to", ", ".join(_linked(child, base) for child in collection.children(model))),
    ]
    facts = "".join(f"<div><dt>{name}</dt><dd>{said}</dd></div>" for name, said in rows if said)
    actions = [_action(record.paper.address, "Read the paper")]
    if record.implementation:
        actions.append(_action(record.implementation, "Get the code"))
    if record.weights.url:
        actions.append(_action(record.weights.url, "Get the weights"))
    return (
        f'<section class="zoo-card" aria-label="Record of {escape(model.name)}">'
        f'<p class="zoo-card__line">{escape(record.line)} {model.badge}</p>'
        f"<dl>{facts}</dl>"
        f'<p class="zoo-card__actions">{" ".join(actions)}</p></section>'
    )


def grouped(value: int) -> str:
    """Write a count for people: digits in groups of three."""
    return f"{value:,}"


def source_html(model: Model, cited: Cited | Size) -> str:
    """Return the source of a figure in small print, with its link."""
    where = f", {escape(cited.at)}" if cited.at else ""
    name = escape(model.source_name(cited.source))
    address = model.link(cited.source)
    said = _outward(address, name) if address else name
    return f'<small class="zoo-source">{said}{where}</small>'


def with_card(html: str, card: str) -> str:
    """Put a card below the first heading of a page, or on top where there is none."""
    before, end, after = html.partition("</h1>")
    return f"{before}{end}{card}{after}" if end else card + html


def structured(model: Model, collection: Collection, site: str) -> dict[str, Any]:
    """Return what schema.org has words for, as parts of the page's JSON-LD.

    Args:
        model: Which model the page is about.
        collection: All models.
        site: Address of the site.
    """
    record = model.record
    kin = [f"{site}{parent.address}" for parent in collection.parents(model)]
    about: dict[str, Any] = {
        "@type": "SoftwareApplication",
        "applicationCategory": "Machine learning model",
        "name": record.name,
        "description": record.line,
        "datePublished": str(record.year),
        "creator": [{"@type": "Person", "name": name} for name in record.authors],
    }
    if record.also_known_as:
        about["alternateName"] = record.also_known_as
    if kin:
        about["isBasedOn"] = kin
    paper: dict[str, Any] = {
        "@type": "ScholarlyArticle",
        "name": record.paper.title,
        "url": record.paper.address,
        "datePublished": str(record.year),
        "author": [{"@type": "Person", "name": name} for name in record.authors],
    }
    return {
        "about": about,
        "citation": paper,
        "keywords": [*record.tasks, *record.modalities, *record.organisations],
    }


def _authors(people: list[str]) -> str:
    shown = ", ".join(map(escape, people[:10]))
    return shown + (f" and {len(people) - 10} others" if len(people) > 10 else "")


def _parameters(model: Model) -> str:
    rows = []
    for size in model.record.sizes:
        counted = model.counted(size.name)
        paper = "<br>".join(_published(model, found) for found in size.parameters) or "not stated"
        said = grouped(counted) if counted else "–"
        rows.append(f'<tr><th scope="row">{escape(size.name)}</th><td>{paper}</td><td>{said}</td>')
    if not rows:
        return ""
    return _folded(
        rows,
        lambda some: (
            '<table class="zoo-card__sizes"><thead><tr><th scope="col">size</th>'
            '<th scope="col">paper</th><th scope="col">counted here</th></tr></thead>'
            f"<tbody>{''.join(f'{row}</tr>' for row in some)}</tbody></table>"
        ),
    )


def _published(model: Model, count: PublishedCount) -> str:
    value = count.value if not count.value.isdigit() else grouped(number(count.value))
    note = f" {escape(count.note)}" if count.note else ""
    return f"{value}{note} {source_html(model, count)}"


def _data(model: Model) -> Iterable[str]:
    for data in model.record.training_data:
        size = f": {escape(data.size)}" if data.size else ""
        yield f"{escape(data.name)}{size} {source_html(model, data)}"


def _compute(model: Model) -> Iterable[str]:
    for compute in model.record.compute:
        size = f"{escape(compute.size)}: " if compute.size else ""
        yield f"{size}{escape(compute.what)} {source_html(model, compute)}"


def _results(model: Model) -> Iterable[str]:
    for result in model.record.results:
        spread = f" ± {result.spread}" if result.spread is not None else ""
        unit = f" {escape(result.unit)}" if result.unit else ""
        size = f"{escape(result.size)}: " if result.size else ""
        extra = f", with {escape(result.extra_data)}" if result.extra_data else ""
        note = f" {escape(result.note)}" if result.note else ""
        yield (
            f"{size}{result.value}{spread}{unit} {escape(result.metric)}, "
            f"{escape(result.benchmark)}, {escape(result.split)}{extra} "
            f"{source_html(model, result)}{note}"
        )


def _applications(model: Model) -> Iterable[str]:
    for use in model.record.applications:
        yield f"{escape(use.what)} {source_html(model, use)}"


def _deviations(model: Model) -> Iterable[str]:
    for deviation in model.record.deviations:
        why = f" {escape(deviation.why)}" if deviation.why else ""
        yield f"{escape(deviation.what)} ({escape(deviation.paper)}){why}"


def _weights(model: Model) -> str:
    weights = model.record.weights
    said = WEIGHTS[weights.availability]
    if weights.url:
        said = _outward(weights.url, said)
    licence = f", {escape(in_words(weights.licence))}" if weights.licence else ""
    note = f" {escape(weights.note)}" if weights.note else ""
    return f"{said}{licence}.{note}" if note else f"{said}{licence}"


def _code(model: Model) -> str:
    code = model.record.code
    if code is None:
        return ""
    shown = escape(code.url.removeprefix("https://"))
    return _outward(code.url, shown) + (f", {escape(code.licence)}" if code.licence else "")


def _ancestors(model: Model, collection: Collection, base: str) -> Iterable[str]:
    for ancestor in model.record.descends_from:
        page = collection.by_name.get(ancestor.model.lower()) if ancestor.model else None
        if page:
            name = _linked(page, base)
        else:
            address = model.link(ancestor.source or "")
            said = escape(ancestor.name) + (f" ({ancestor.year})" if ancestor.year else "")
            name = _outward(address, said) if address else said
        yield name + (f": {escape(ancestor.takes)}" if ancestor.takes else "")


def _linked(model: Model, base: str) -> str:
    return f'<a href="{escape(relative(model.address, base))}">{escape(model.name)}</a>'


def _outward(address: str, html: str) -> str:
    return f'<a href="{escape(address)}">{html}</a>'


def _action(address: str, words: str) -> str:
    return f'<a href="{escape(address)}">{words}</a>'


def _lines(items: Iterable[str]) -> str:
    found = list(items)
    if len(found) < 2:
        return "".join(found)
    return _folded(found, lambda some: f"<ul>{''.join(f'<li>{item}</li>' for item in some)}</ul>")


def _folded(rows: Sequence[str], whole: Callable[[Sequence[str]], str]) -> str:
    """Show a few rows, and fold the rest where there are many, so that a card stays a card."""
    first = rows if len(rows) <= _MOST + 1 else rows[:_MOST]
    rest = rows[len(first) :]
    more = f"<summary>{len(rest)} more</summary>{whole(rest)}" if rest else ""
    return whole(first) + (f'<details class="zoo-card__more">{more}</details>' if more else "")
