# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What a page shows of a proof is what proof.json says, and no more."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from zooniverse.markers import Marker
from zooniverse.proofs import blocks
from zooniverse.proofs.blocks import _share
from zooniverse.proofs.record import (
    Compared,
    Counted,
    Held,
    Killed,
    Mutants,
    Printed,
    PublishedCount,
    Record,
    Trained,
)
from zooniverse.proofs.writing import number
from zooniverse.records.schema import Deviation

EVIL = '<img src=x onerror="alert(1)">&'
DEVIATIONS = [Deviation(what="Biases.", paper="Section 3.2.2", why="The reference has them.")]
PROOF: dict[str, Any] = {
    "status": "proven",
    "date": "2026-11-24",
    "versions": {"python": "3.11.2", "torch": "2.13.0"},
    "seconds": 61.4,
    "counts": {
        "base": {
            "total": 120,
            "symbols": {"V": 10, "d": 10},
            "layers": [["Embedding", "V * d", 100], ["Rest", "2 * d**1", 20]],
            "published": {
                "value": 65_000_000, "unit": 1_000_000, "source": "Table 3", "fits": False,
                "url": "https://example.org/a", "gap": "the paper does not say how it counts",
            },
        },
        "big": {
            "total": 1_200,
            "symbols": {"V": 120},
            "layers": [["Embedding", "V * d", 1_200]],
            "published": {
                "value": 1_500_000_000, "unit": 100_000_000, "source": "Table 3", "fits": True,
                "url": "https://example.org/a", "gap": "",
            },
            "reference": 1_203, "extra": "a bias more",
        },
    },
    "equalities": [
        {
            "name": "model", "reference": "torch.nn.Made", "package": "torch",
            "version": "2.13.0", "differences": {"loss": 6.1e-16}, "largest": 6.1e-16,
            "limit": 1e-9,
        }
    ],
    "invariants": [{"name": "no_peeking", "claim": "No token sees the future"}],
    "mutants": {
        "killed": [{"name": "no mask", "line": "a", "broken": "b", "by": ["model", "no_peeking"]}]
    },
    "runs": [
        {
            "name": "Reversing", "metric": "share right", "steps": 40, "seeds": [0, 1],
            "finals": [0.9, 1.0], "mean": 0.95, "std": 0.0707, "reach": 0.9,
            "higher_is_better": True, "curve": [[20, 0.5, 0.4, 0.6], [40, 0.95, 0.9, 1.0]],
            "seconds": 12.3,
        }
    ],
    "prints": {"command": "python made.py", "text": "1 < 2\nstep  3", "seconds": 4.2},
    "hashes": {},
}  # fmt: skip
GOLDEN_SIZE = (
    '<tr><th scope="row">big</th><td data-of="paper">1.5 B <small>'
    '<a href="https://example.org/a">Table 3</a></small></td><td data-of="counted">1,200'
    ' <small>reference: 1,203</small></td><td data-of="why">They do not: ours rounds to it.'
    " A bias more.</td></tr>"
)
GOLDEN_LEDGER = (
    '<details class="zoo-ledger__size" open><summary>base: where 120 parameters are</summary>'
    '<table class="zoo-ledger__table"><caption>base, with V = 10, d = 10</caption><thead><tr>'
    '<th scope="col">part</th><th scope="col">formula</th><th scope="col">count</th>'
    '<th scope="col">share</th></tr></thead><tbody>'
    '<tr><th scope="row">Embedding</th><td>V · d</td><td>100</td><td>83.3%</td></tr>'
    '<tr><th scope="row">Rest</th><td>2 · d<sup>1</sup></td><td>20</td><td>16.7%</td></tr>'
    '</tbody><tfoot><tr><th scope="row">Total</th><td></td><td>120</td><td>100.0%</td></tr>'
    "</tfoot></table></details>"
)
GOLDEN_PRINTS = (
    '<figure class="zoo-prints"><figcaption>What <code>python made.py</code> prints, in '
    "4.2 s of processor time</figcaption><pre><code>1 &lt; 2\nstep  3\n</code></pre></figure>"
)


def record(**changes: Any) -> Record:
    return Record.model_validate({**PROOF, **changes})


def test_proof_says_all_that_was_shown() -> None:
    html = blocks.proof_html(record(), DEVIATIONS, "Made")
    assert html.startswith('<section class="zoo-proof" aria-label="Proof"><p')
    assert "Last run on 24 Nov 2026 in 61 s, with Python 3.11.2, torch 2.13.0." in html
    assert "<code>make prove MODEL=Made</code>" in html
    assert (
        '<th scope="row">model</th><td>torch.nn.Made <small>(torch 2.13.0)</small></td>'
        '<td data-of="largest difference">6.1 × 10<sup>−16</sup></td>'
        '<td data-of="limit">10<sup>−9</sup></td></tr>' in html
    )
    assert "<li>No token sees the future.</li>" in html
    assert "<summary>1 of 1 broken copies of the code are noticed</summary>" in html
    assert '<th scope="row">no mask</th><td>model, no peeking</td>' in html
    assert "<li>Biases. <small>Paper: Section 3.2.2. The reference has them.</small></li>" in html


def test_failed_proof_says_what_did_not_hold() -> None:
    html = blocks.proof_html(record(status="failed", failures=["equality 'model'"]), [], "Made")
    assert "zoo-badge--failed" in html
    assert "<li>equality &#x27;model&#x27;</li>" in html


def test_ledger_stands_beside_the_paper_and_sums_to_the_total() -> None:
    html = blocks.ledger_html(record().counts, "Made")
    assert GOLDEN_SIZE in html
    assert GOLDEN_LEDGER in html
    assert "65 M <small>" in html
    assert "The paper does not say how it counts." in html
    assert html.count("<details") == 2
    assert html.count('<details class="zoo-ledger__size" open>') == 1


def test_total_of_the_ledger_is_a_sum() -> None:
    wrong = {**PROOF["counts"]["base"], "total": 999}
    html = blocks.ledger_html(record(counts={"base": wrong}).counts, "Made")
    assert "<td>120</td><td>100.0%</td>" in html


def test_parts_without_parameters_are_left_out() -> None:
    layers = [*PROOF["counts"]["base"]["layers"], ["Decoder", "0 * d", 0]]
    more = {**PROOF["counts"]["base"], "layers": layers}
    assert GOLDEN_LEDGER in blocks.ledger_html(record(counts={"base": more}).counts, "Made")


def test_curve_is_a_picture_with_words() -> None:
    html = blocks.curves_html(record().runs, "Made")
    svg = ET.fromstring(html[html.index("<svg") : html.index("</svg>") + 6])
    title, description, headline = ("".join(svg[n].itertext()) for n in range(3))
    assert title == headline == "0.95 ± 0.07 after 40 steps"
    assert description == (
        "Reversing: share right. At step 20 the mean of 2 seeds is 0.5, at step 40 it is 0.95, "
        "between 0.9 and 1. The dashed line is at 0.9."
    )
    texts = [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[-2:] == ["step 0", "40"]  # of the axis, which begins before the first point
    paths = [path.get("d", "") for path in svg.iter("{http://www.w3.org/2000/svg}path")]
    assert paths[-2:] == ["M385 190.4L686 84L686 110.6L385 243.6Z", "M385 217L686 97.3"]
    assert "Share right: 0.95 ± 0.07 (mean ± standard deviation of the seeds 0, 1)." in html
    assert (
        "12 s of processor time in all. To make it again: <code>make prove MODEL=Made</code>"
        in html
    )
    assert "#" not in re.sub(r"var\([^)]*\)", "", html)  # colours are the page's


def test_what_is_changed_in_one_thing_stands_in_a_table() -> None:
    changed = {"name": "a < b", "finals": [0.2, 0.4], "mean": 0.3, "std": 0.14, "reach": None}
    changed |= {"curve": [[20, 0.3, 0.1, 0.5], [40, 0.3, 0.2, 0.4]], "beside": "Reversing"}
    first = PROOF["runs"][0]
    runs = [first, {**first, "name": "Copying"}, {**first, **changed}]
    html = blocks.curves_html(record(runs=runs).runs, "Made")
    assert re.findall("<(figure|table)", html) == ["figure", "table", "figure"]
    assert "<strong>Reversing, changed in one thing.</strong> Share right, after 40 steps" in html
    assert (
        '<th scope="row">nothing</th><td data-of="result">0.95 ± 0.07</td>'
        '<td data-of="lowest, highest">0.9, 1</td>' in html
    )
    assert (
        '<th scope="row">a &lt; b</th><td data-of="result">0.3 ± 0.1</td>'
        '<td data-of="lowest, highest">0.2, 0.4</td>' in html
    )
    small = [
        ET.fromstring(svg + "</svg>")
        for svg in re.findall(r"(<svg class=\"zoo-chart zoo-chart--small.*?)</svg>", html)
    ]
    assert small[1].get("aria-label") == (
        "At step 20 the mean of 2 seeds is 0.3, at step 40 it is 0.3, between 0.2 and 0.4."
    )
    # From 0.1 to 1 on 36 units, whichever row: the same value is at the same height.
    assert [[path.get("d") for path in svg][1:] for svg in small] == [
        ["M2 22L158 4"] * 2,
        ["M2 22L158 4", "M2 30L158 30"],
    ]
    assert "12 s of processor time in all" in html.partition("<table")[2]


def test_a_run_that_promises_nothing_is_no_record() -> None:
    with pytest.raises(ValidationError, match="must reach something"):
        record(runs=[{**PROOF["runs"][0], "reach": None}])


def test_prints() -> None:
    assert blocks.prints_html(record()) == GOLDEN_PRINTS
    assert "was not recorded" in blocks.prints_html(record(prints=None))


def test_without_a_proof_each_block_says_how_to_make_it() -> None:
    made = blocks.blocks(None, DEVIATIONS, "Made")
    assert tuple(made) == blocks.NAMES
    for name, render in made.items():
        html = render(Marker(name))
        assert "make prove MODEL=Made" in html
        assert ("zoo-badge--unproven" in html) == (name == "proof")


def test_empty_parts_say_so() -> None:
    empty = record(counts={}, runs=[], equalities=[], invariants=[], mutants={"killed": []})
    made = blocks.blocks(empty, [], "Made")
    assert "No size has been counted" in made["ledger"](Marker("ledger"))
    assert "No training run has been made" in made["curve"](Marker("curve"))
    assert "<table" not in made["proof"](Marker("proof"))


def test_all_text_is_escaped() -> None:
    def spoilt(value: Any) -> Any:
        if isinstance(value, dict):
            return {k if k in KEYS else EVIL: spoilt(v) for k, v in value.items()}
        if isinstance(value, list):
            return [spoilt(item) for item in value]
        return EVIL if isinstance(value, str) and value not in ("proven",) else value

    evil = Record.model_validate(spoilt(PROOF))
    deviations = [Deviation(what=EVIL, paper=EVIL, why=EVIL)]
    for name, render in blocks.blocks(evil, deviations, EVIL).items():
        assert "<img" not in render(Marker(name)), name


KEYS = frozenset(
    {*Record.model_fields, *Counted.model_fields, *PublishedCount.model_fields}
    | {*Compared.model_fields, *Held.model_fields, *Killed.model_fields, *Mutants.model_fields}
    | {*Trained.model_fields, *Printed.model_fields}
)


@pytest.mark.parametrize(
    ("formula", "html"),
    [
        ("N * 4 * d * (d + 1)", "N · 4 · d · (d + 1)"),
        ("2 * d**2 - 1", "2 · d<sup>2</sup> − 1"),
        ("d // 2", "d ÷ 2"),
        ("a < b", "a &lt; b"),
    ],
)
def test_formulas(formula: str, html: str) -> None:
    assert blocks.formula_html(formula) == html


numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda number: float(f"{number:.5g}"))


@settings(deadline=None)
@given(st.lists(st.tuples(numbers, numbers, numbers).map(sorted), min_size=1, max_size=20), numbers)
def test_every_curve_lies_inside_its_frame(values: list[list[float]], reach: float) -> None:
    curve = [[20 * n, mean, low, high] for n, (low, mean, high) in enumerate(values, start=1)]
    run = {**PROOF["runs"][0], "curve": curve, "reach": reach}
    html = blocks.curves_html(record(runs=[run]).runs, "Made")
    svg = ET.fromstring(html[html.index("<svg") : html.index("</svg>") + 6])
    for path in svg.iter("{http://www.w3.org/2000/svg}path"):
        places = re.findall(r"(-?[\d.]+) (-?[\d.]+)", path.get("d", ""))
        assert places
        for x, y in places:
            assert 84 <= float(x) <= 704, html
            assert 83.9 <= float(y) <= 350.1, html


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.12345, "0.123"), (-76.1, "−76.1"), (488.4, "488"), (-1530.2, "−1,530"), (999.9, "1,000")],
)
def test_numbers_have_three_digits_and_no_exponent(value: float, said: str) -> None:
    assert number(value) == said


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, "0.0%"), (1.0, "100.0%"), (0.0012, "0.1%"), (0.0001, "0.01%"), (1e-7, "&lt;0.001%")],
)
def test_shares(share: float, said: str) -> None:
    assert _share(share) == said
