# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What a page shows of a proof: the proof itself, the ledger, training curves, what is printed.

Everything is read from ``proof.json``; without one, each block says how to make it. No PyTorch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape

from zooniverse import charts
from zooniverse.markers import Marker
from zooniverse.proofs.badge import badge
from zooniverse.proofs.record import Compared, Counted, PublishedCount, Record, Trained
from zooniverse.proofs.writing import day, number, result, seconds, upper
from zooniverse.records.schema import Deviation

NAMES = ("proof", "ledger", "curve", "prints")


def blocks(
    record: Record | None, deviations: Sequence[Deviation], model: str
) -> Mapping[str, Callable[[Marker], str]]:
    """Return for each of ``NAMES`` what makes its block, as HTML.

    Args:
        record: What ``proof.json`` holds; None where there is none that can be read.
        deviations: From the paper, as the model's record lists them.
        model: Name of the model's folder, as the command takes it.
    """
    if record is None:
        missing = _missing(model)
        return {
            "proof": lambda _: f'<p class="zoo-proof">{badge(None)} {missing}</p>',
            **{name: lambda _: f"<p>{missing}</p>" for name in NAMES[1:]},
        }
    return {
        "proof": lambda _: proof_html(record, deviations, model),
        "ledger": lambda _: ledger_html(record.counts, model),
        "curve": lambda _: curves_html(record.runs, model),
        "prints": lambda _: prints_html(record),
    }


def proof_html(record: Record, deviations: Sequence[Deviation], model: str) -> str:
    """Return what equals what, what holds, which mutants are noticed, and what differs."""
    parts = [
        f'<p class="zoo-proof__line">{badge(record.model_dump())} '
        f"{_said(record)} To make it again: {_command(model)}</p>"
    ]
    if record.failures:
        items = "".join(f"<li>{escape(failure)}</li>" for failure in record.failures)
        parts.append(_list("What did not hold", items))
    if record.equalities:
        parts.append(_equalities(record.equalities))
    if record.invariants:
        items = "".join(f"<li>{escape(held.claim)}.</li>" for held in record.invariants)
        parts.append(_list("What holds", items))
    if record.mutants.killed:
        parts.append(_mutants(record))
    if deviations:
        items = "".join(f"<li>{_deviation(one)}</li>" for one in deviations)
        parts.append(_list("Where it differs from the paper", items))
    return f'<section class="zoo-proof" aria-label="Proof">{"".join(parts)}</section>'


def ledger_html(counts: Mapping[str, Counted], model: str) -> str:
    """Return a table of all sizes, paper beside count, and for each size its ledger, folded.

    The first size is unfolded.
    """
    if not counts:
        return f"<p>No size has been counted. {_make(model)}</p>"
    rows = "".join(_size(name, counted) for name, counted in counts.items())
    summary = (
        '<table class="zoo-ledger__sizes"><caption>Parameters of each size</caption><thead><tr>'
        '<th scope="col">size</th><th scope="col">paper</th><th scope="col">counted</th>'
        f'<th scope="col">why they differ</th></tr></thead><tbody>{rows}</tbody></table>'
    )
    ledgers = "".join(
        f'<details class="zoo-ledger__size"{"" if place else " open"}>'
        f"<summary>{escape(name)}: where {counted.total:,} parameters are</summary>"
        f"{_ledger(name, counted)}</details>"
        for place, (name, counted) in enumerate(counts.items())
    )
    note = (
        f'<p class="zoo-ledger__note">Counted from the code, parameter by parameter, by '
        f"{_command(model)}</p>"
    )
    return f'<div class="zoo-ledger">{summary}{ledgers}{note}</div>'


def curves_html(runs: Iterable[Trained], model: str) -> str:
    """Return the curve of each training run, and below it a table of what stands beside it."""
    runs = list(runs)
    drawn = ""
    for place, run in enumerate((run for run in runs if run.beside is None), start=1):
        drawn += _curve(run, model, f"zoo-curve-{place}")
        if changed := [other for other in runs if other.beside == run.name]:
            drawn += _beside(run, changed, model)
    return drawn or f"<p>No training run has been made. {_make(model)}</p>"


def prints_html(record: Record) -> str:
    """Return what the file prints when it is run."""
    if record.prints is None:
        return "<p>What the file prints was not recorded.</p>"
    printed = record.prints
    return (
        f'<figure class="zoo-prints"><figcaption>What <code>{escape(printed.command)}</code> '
        f"prints, in {seconds(printed.seconds)} of processor time</figcaption>"
        f"<pre><code>{escape(printed.text)}\n</code></pre></figure>"
    )


def formula_html(formula: str) -> str:
    """Write a formula of the ledger for people: ``2 * d**2`` becomes 2 · d²."""
    text = re.sub(r"\s*\*\*\s*(\w+)", r"<sup>\1</sup>", escape(formula))
    return re.sub(r"\s*\*\s*", " · ", text).replace("//", "÷").replace("-", "−")


def _list(name: str, items: str) -> str:
    return f'<p class="zoo-proof__name">{name}</p><ul>{items}</ul>'


def _said(record: Record) -> str:
    names = {"python": "Python"}
    versions = ", ".join(f"{names.get(name, name)} {v}" for name, v in record.versions.items())
    return (
        f"Last run on {escape(day(record.date))} in {seconds(record.seconds)}, "
        f"with {escape(versions)}."
    )


def _equalities(equalities: Iterable[Compared]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(one.name)}</th>'
        f"<td>{escape(one.reference)} <small>({escape(one.package)} {escape(one.version)})</small>"
        f'</td><td data-of="largest difference">{_power(one.largest)}</td>'
        f'<td data-of="limit">{_power(one.limit)}'
        f"{f' <small>{escape(one.why_limit)}</small>' if one.why_limit else ''}</td></tr>"
        for one in equalities
    )
    return (
        '<table class="zoo-proof__table"><caption>What equals what, in float64; of a model, from '
        "the same weights: results, loss, every gradient, and all weights after one step</caption>"
        '<thead><tr><th scope="col">ours'
        '</th><th scope="col">reference</th><th scope="col">largest difference</th>'
        f'<th scope="col">limit</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _mutants(record: Record) -> str:
    killed = record.mutants.killed
    rows = "".join(
        f'<tr><th scope="row">{escape(one.name)}</th><td>'
        f"{escape(', '.join(name.replace('_', ' ') for name in one.by))}</td></tr>"
        for one in killed
    )
    return (
        f"<details><summary>{len(killed)} of {len(killed)} broken copies of the code are noticed"
        '</summary><table class="zoo-proof__table"><caption>Each copy has one line broken; a proof '
        "that did not notice it would show nothing</caption><thead><tr>"
        '<th scope="col">broken</th><th scope="col">noticed by</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></details>"
    )


def _deviation(one: Deviation) -> str:
    why = f" {escape(one.why)}" if one.why else ""
    return f"{escape(one.what)} <small>Paper: {escape(one.paper.rstrip('.'))}.{why}</small>"


def _size(name: str, counted: Counted) -> str:
    published = counted.published
    paper = why = "–"
    if published:
        paper = (
            f"{_rounded(published)} <small>"
            f'<a href="{escape(published.url)}">{escape(published.source)}</a></small>'
        )
        why = "They do not: ours rounds to it." if published.fits else _sentence(published.gap)
    extra = f" {_sentence(counted.extra)}" if counted.extra else ""
    reference = (
        f" <small>reference: {counted.reference:,}</small>" if counted.reference is not None else ""
    )
    return (
        f'<tr><th scope="row">{escape(name)}</th><td data-of="paper">{paper}</td>'
        f'<td data-of="counted">{counted.total:,}{reference}</td>'
        f'<td data-of="why">{why}{extra}</td></tr>'
    )


def _ledger(name: str, counted: Counted) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(layer.name)}</th><td>{formula_html(layer.formula)}</td>'
        f"<td>{layer.number:,}</td><td>{_share(layer.number / counted.total)}</td></tr>"
        for layer in counted.layers
        if layer.number  # of a system's parts that are counted alone, the others have none
    )
    symbols = ", ".join(f"{escape(key)} = {value:,}" for key, value in counted.symbols.items())
    where = f", with {symbols}" if symbols else ""
    return (
        f'<table class="zoo-ledger__table"><caption>{escape(name)}{where}</caption><thead><tr>'
        '<th scope="col">part</th><th scope="col">formula</th><th scope="col">count</th>'
        f'<th scope="col">share</th></tr></thead><tbody>{rows}</tbody><tfoot><tr>'
        f'<th scope="row">Total</th><td></td><td>{sum(x.number for x in counted.layers):,}</td>'
        "<td>100.0%</td></tr></tfoot></table>"
    )


def _curve(run: Trained, model: str, ident: str) -> str:
    assert run.reach is not None  # as the record's own check demands
    reached = result(run.mean, run.std)
    description = (
        f"{run.name}: {run.metric}. {_in_words(run)} The dashed line is at {number(run.reach)}."
    )
    seeds = ", ".join(map(str, run.seeds))
    headline = f"{reached} after {run.steps:,} steps"
    picture = charts.curve(run.curve, run.reach, headline, description, ident)
    return (
        f'<figure class="zoo-curve">{picture}'
        f"<figcaption><strong>{escape(run.name)}.</strong> {escape(upper(run.metric))}: {reached} "
        f"(mean ± standard deviation of the seeds {seeds}). The line is their mean, the band "
        "reaches from the lowest to the highest, the dashed line is what the run must come to. "
        f"{seconds(run.seconds)} of processor time in all. To make it again: {_command(model)}"
        "</figcaption></figure>"
    )


def _beside(run: Trained, changed: Sequence[Trained], model: str) -> str:
    """Return a table of a run and of those that change it in one thing."""
    every = [value for one in (run, *changed) for point in one.curve for value in point[1:]]
    span = min(every), max(every)
    rows = "".join(
        f'<tr><th scope="row">{escape(one.name if one.beside else "nothing")}</th>'
        f'<td data-of="result">{result(one.mean, one.std)}</td>'
        f'<td data-of="lowest, highest">{number(min(one.finals))}, {number(max(one.finals))}</td>'
        f"<td>{charts.small_curve(one.curve, run.curve, span, _in_words(one))}</td></tr>"
        for one in (run, *changed)
    )
    return (
        '<div class="zoo-ledger zoo-beside"><table class="zoo-ledger__sizes"><caption><strong>'
        f"{escape(run.name)}, changed in one thing.</strong> {escape(upper(run.metric))}, after "
        f"{run.steps:,} steps with the same {len(run.seeds)} seeds: mean ± standard deviation. The "
        "dashed line is that of the first row.</caption><thead><tr>"
        '<th scope="col">changed</th><th scope="col">result</th>'
        '<th scope="col">lowest, highest</th>'
        f'<th scope="col">over training</th></tr></thead><tbody>{rows}</tbody></table>'
        f'<p class="zoo-ledger__note">{seconds(sum(one.seconds for one in changed))} of processor '
        f"time in all. To make it again: {_command(model)}</p></div>"
    )


def _in_words(run: Trained) -> str:
    first, last = run.curve[0], run.curve[-1]
    return (
        f"At step {first[0]:,} the mean of {len(run.seeds)} seeds is {number(first[1])}, at step "
        f"{last[0]:,} it is {number(last[1])}, between {number(last[2])} and {number(last[3])}."
    )


def _missing(model: str) -> str:
    return f"No proof of this implementation has been recorded. {_make(model)}"


def _make(model: str) -> str:
    return f"To make it: {_command(model)}"


def _command(model: str) -> str:
    return f"<code>make prove MODEL={escape(model)}</code>."


def _rounded(published: PublishedCount) -> str:
    for size, letter in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        if published.value >= size:
            digits = max(0, len(str(size)) - len(str(published.unit)))
            return f"{published.value / size:,.{digits}f} {letter}"
    return f"{published.value:,}"


def _power(number: float) -> str:
    if number == 0:
        return "0"
    digits, _, power = f"{number:.1e}".partition("e")
    exponent = str(int(power)).replace("-", "−")
    shown = digits.removesuffix(".0")
    return f"{'' if shown == '1' else f'{shown} × '}10<sup>{exponent}</sup>"


def _share(share: float) -> str:
    if 0 < share < 0.00001:
        return "&lt;0.001%"
    return f"{share:.1%}" if share >= 0.001 or not share else f"{100 * share:.1g}%"


def _sentence(text: str) -> str:
    return escape(upper(text.rstrip("."))) + "."
