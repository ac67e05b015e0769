# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""The harness of proofs, on a model of a few lines: it must pass what is right and only that."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from zooniverse.proofs import running
from zooniverse.proofs.comparing import compare, difference, equal, exact
from zooniverse.proofs.counting import ProofError, count_size, evaluate, ledger
from zooniverse.proofs.form import Equality, Link, Pair, Published, Row, Size, claim
from zooniverse.proofs.pairing import links_of, share_weights, state
from zooniverse.proofs.record import problem_of

HEAD = "# SPDX-FileCopyrightText: 2025 Cong Le\n"
CODE = (
    HEAD
    + """
import torch
from torch import nn


class Model(nn.Module):
    def __init__(self, width=3):
        super().__init__()
        self.first, self.second = nn.Linear(width, 4), nn.Linear(4, 2)

    def forward(self, x):
        return self.second(torch.relu(self.first(x)))


def train(seed, steps):
    for step in range(1, steps + 1):
        yield step, 1 - 0.5**step


if __name__ == "__main__":
    print("it runs")
"""
)
PROOF = (
    HEAD
    + '''
import torch
from torch import nn
from zooniverse.proofs.form import *

def whole(model):
    ours, reference = model.Model(), nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    x = torch.randn(5, 3)
    def run(m):
        y = m(x)
        return {"y": y, "loss": y.square().mean()}
    return Pair(ours, reference, lambda: run(ours), lambda: run(reference))

def shape(model):
    """Two numbers come out.

    Not part of the claim.
    """
    assert model.Model()(torch.zeros(1, 3)).shape == (1, 2)

MUTANTS = (Mutant("tanh", "torch.relu", "torch.tanh"),
           Mutant("three", "nn.Linear(4, 2)", "nn.Linear(4, 3)", ("shape",)),)
SIZES = (Size("small", lambda m: m.Model(), {"d": 3}),)
LEDGER = (Row("First", r"first\\..*", "4 * d + 4"), Row("Second", r"second\\..*", "10"))
RUNS = (Run("Halving", lambda m, seed, steps: m.train(seed, steps), "share", 4, 0.9, (2, 0.7)),)
PROOF = Proof("model.py", SIZES, LEDGER, (Equality("model", whole, "nn.Sequential"),), (shape,),
              MUTANTS, RUNS)
'''
)

Write = Callable[..., Path]


@pytest.fixture
def model(tmp_path: Path) -> Write:
    """Write a model's folder, with pieces of its proof or its code replaced."""

    def write(*changes: tuple[str, str], code: tuple[str, str] = ("", "")) -> Path:
        text = PROOF
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        assert code[0] in CODE
        (tmp_path / "proof.py").write_text(text, encoding="utf-8")
        source = CODE.replace(*code) if code[0] else CODE
        (tmp_path / "model.py").write_text(source, encoding="utf-8")
        return tmp_path

    return write


def test_a_right_model_is_proven(model: Write) -> None:
    said: list[str] = []
    record = running.prove(model(), said.append)
    assert (record.status, record.failures) == ("proven", [])
    assert record.counts["small"].total == 26
    assert [tuple(layer) for layer in record.counts["small"].layers] == [
        ("First", "4 * d + 4", 16),
        ("Second", "10", 10),
    ]
    assert list(record.equalities[0].differences) == ["results", "loss", "gradients", "one step"]
    assert record.equalities[0].largest < 1e-12
    assert record.invariants[0].claim == "Two numbers come out"
    assert [killed.by for killed in record.mutants.killed] == [["model"], ["shape"]]
    assert record.runs[0].finals == [0.9375] * 3
    assert (record.runs[0].mean, record.runs[0].std) == (0.9375, 0.0)
    assert record.prints and record.prints.text == "it runs"
    assert set(record.hashes) == {"model.py", "proof.py"}
    assert len(said) == 6
    assert running.short_runs(model()) == [0.75]


def test_without_a_reference_it_is_checked(model: Write) -> None:
    equalities = '(Equality("model", whole, "nn.Sequential"),)'
    mutants = ('MUTANTS = (Mutant("tanh", "torch.relu", "torch.tanh"),', "MUTANTS = (")
    assert running.prove(model((equalities, "()"), mutants)).status == "checked"


BESIDE = "Run('slower', RUN, 'share', 4, None, None, beside='Halving')".replace(
    "RUN", "lambda m, seed, steps: ((n, share / 2) for n, share in m.train(seed, steps))"
)


def test_a_run_beside_another_need_not_come_to_anything(model: Write) -> None:
    record = running.prove(model(("(2, 0.7)),)", f"(2, 0.7)), {BESIDE},)")))
    assert (record.status, record.failures) == ("proven", [])
    assert [(run.name, run.beside, run.mean) for run in record.runs] == [
        ("Halving", None, 0.9375),
        ("slower", "Halving", pytest.approx(0.46875, rel=1e-4)),
    ]


WRONG: dict[str, tuple[Callable[[Path], object], list[tuple[str, str]], tuple[str, str], str]] = {
    "code": (running.equalities, [], ("torch.relu", "torch.tanh"), "exceeds"),
    "a bias unused": (
        running.equalities, [],
        ("self.second(torch.relu(self.first(x)))",
         "torch.relu(self.first(x)) @ self.second.weight.T"),
        "of our layers run",
    ),
    "no loss": (running.equalities, [('"loss"', '"lost"')], ("", ""), "loss"),
    "invariant": (running.invariants, [("(1, 2)", "(1, 5)")], ("", ""), "does not hold"),
    "living mutant": (
        running.mutants, [('"torch.tanh"', '"torch.nn.functional.relu"')], ("", ""), "passes",
    ),
    "mutant that does not run": (
        running.mutants, [('"torch.tanh"', '"torch.no_such"')], ("", ""), "does not run",
    ),
    "line that is not there": (
        running.mutants, [('"torch.relu"', '"torch.gelu"')], ("", ""), "0 times",
    ),
    "line that stands twice": (
        running.mutants, [('"torch.relu"', '"nn.Linear"')], ("", ""), "2 times",
    ),
    "unknown check": (running.mutants, [('("shape",)', '("form",)')], ("", ""), "no 'form'"),
    "mutant that nothing need notice": (
        running.mutants, [('(Equality("model", whole, "nn.Sequential"),)', "()")], ("", ""),
        "names no check",
    ),
    "ledger": (running.counts, [('"10"', '"11"')], ("", ""), "counted 10, but 11 is 11"),
    "short run": (running.short_runs, [("(2, 0.7)", "(2, 0.8)")], ("", ""), "came to 0.75"),
    "no short run": (running.short_runs, [("(2, 0.7)", "None")], ("", ""), "in the tests"),
    "full run": (running.full_runs, [("4, 0.9,", "4, 0.95,")], ("", ""), "came to 0.9375"),
    "run that promises nothing": (
        running.full_runs, [("4, 0.9,", "4, None,")], ("", ""), "promises nothing",
    ),
    "run beside none": (
        running.full_runs, [("(2, 0.7)),)", "(2, 0.7), beside='Doubling'),)")], ("", ""),
        "stands beside 'Doubling'",
    ),
    "run beside another kind": (
        running.full_runs, [("(2, 0.7)),)", f"(2, 0.7)), {BESIDE.replace('4,', '5,')},)")],
        ("", ""), "cannot be compared with 'Halving'",
    ),
    "file": (running.printed, [], ('print("it runs")', "raise SystemExit('no')"), "no"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said(model: Write, what: str) -> None:
    run, changes, code, words = WRONG[what]
    with pytest.raises(ProofError) as error:
        run(model(*changes, code=code))
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_proof_that_fails_is_recorded_as_failed(model: Write) -> None:
    record = running.prove(model(code=("torch.relu", "torch.tanh")))
    assert record.status == "failed"
    assert any("exceeds" in failure for failure in record.failures)


DRAWN = "figures/drawn.png"
FIGURES = "figures=(Figure('drawn.png', lambda m: {drawn}),))"


def drawing(drawn: str) -> tuple[str, str]:
    return "MUTANTS, RUNS)", f"MUTANTS, RUNS, {FIGURES.format(drawn=drawn)}"


def test_figures_are_drawn_and_recorded(model: Write) -> None:
    folder = model(drawing("torch.rand(2, 3, 8, 8)"))
    record = running.prove(folder)
    assert (record.status, set(record.hashes)) == ("proven", {"proof.py", "model.py", DRAWN})
    first = (folder / DRAWN).read_bytes()
    running.draw_figures(folder)
    assert (folder / DRAWN).read_bytes() == first, "not the same seed"
    assert problem_of(record, folder) is None
    (folder / DRAWN).write_bytes(first + b"more")
    assert f"older than {DRAWN}" in str(problem_of(record, folder))


def test_a_figure_that_is_no_picture_is_a_failure(model: Write) -> None:
    folder = model(drawing("torch.full((1, 1, 8, 8), float('nan'))"))
    record = running.prove(folder)
    assert record.status == "failed"
    assert DRAWN in record.failures[0] and not (folder / DRAWN).exists()


def test_an_idle_check_is_refused(model: Write) -> None:
    only = "MUTANTS = (MUTANTS[0],)\nSIZES ="
    with pytest.raises(ProofError, match="no mutant is noticed by 'shape'"):
        running.mutants(model(("SIZES =", only)))


def test_proof_py_must_define_a_proof(model: Write) -> None:
    with pytest.raises(ProofError, match="defines no PROOF"):
        running.load_proof(model(("PROOF = Proof(", "OTHER = Proof(")))


def test_claims_are_docstrings() -> None:
    def silent(_: Any) -> None:
        pass

    with pytest.raises(ValueError, match="silent has no docstring"):
        claim(silent)


# --- counting -----------------------------------------------------------------------------------


@settings(deadline=None)
@given(a=st.integers(0, 99), b=st.integers(1, 99))
def test_formulas(a: int, b: int) -> None:
    assert evaluate("2 * (a + b)**2 - a // b", {"a": a, "b": b}) == 2 * (a + b) ** 2 - a // b


@pytest.mark.parametrize("formula", ["x", "a / 2", "a.b", "f(a)", "a if a else 1", "1.5", "-a"])
def test_other_formulas_are_refused(formula: str) -> None:
    with pytest.raises(ProofError, match="means nothing here"):
        evaluate(formula, {"a": 1})


@pytest.mark.parametrize("patterns", [("weight",), ("weight", "bias", "b.*")])
def test_each_parameter_is_in_one_row(patterns: tuple[str, ...]) -> None:
    rows = [Row(pattern, pattern, "0") for pattern in patterns]
    with pytest.raises(ProofError, match=f"bias belongs to {len(patterns) - 1} rows"):
        ledger(nn.Linear(2, 3), rows, {})


def test_a_gap_must_be_explained() -> None:
    rows = (Row("all", ".*", "9"),)

    def size(value: float, gap: str = "") -> Size:
        published = Published(value, 10, "Table 1", "https://example.org", gap)
        return Size("s", lambda _: nn.Linear(2, 3), {}, published)

    fits = count_size(size(10), rows, None).published
    assert fits and fits.fits
    with pytest.raises(ProofError, match="Say in `gap`"):
        count_size(size(20), rows, None)
    named = count_size(size(20, "it counts twice"), rows, None).published
    assert named and not named.fits


def test_the_references_count_must_be_the_same() -> None:
    def size(width: int, extra: tuple[int, str] = (0, "")) -> Size:
        return Size(
            "s", lambda _: nn.Linear(2, 3), {}, None, lambda: nn.Linear(width, 3), extra
        )  # fmt: skip

    rows = (Row("all", ".*", "9"),)
    assert count_size(size(2), rows, None).reference == 9
    with pytest.raises(ProofError, match="the reference has 12"):
        count_size(size(3), rows, None)
    assert count_size(size(3, (3, "a spare row")), rows, None).reference == 12


# --- pairing and comparing ----------------------------------------------------------------------


def pair(links: list[Link] | None, reference: nn.Module | None = None) -> Pair:
    ours, theirs = nn.Linear(2, 3), reference or nn.Linear(2, 3)
    x = torch.randn(4, 2)

    def run(model: nn.Module) -> dict[str, Tensor]:
        return {"loss": model(x).sum()}

    return Pair(ours, theirs, lambda: run(ours), lambda: run(theirs), links)


@pytest.mark.parametrize(
    ("links", "words"),
    [
        ([Link("weight", "weight")], "bias is linked 0 times"),
        ([Link("weight", "weight"), Link("bias", "bias"), Link("bias", "bias")], "2 times"),
        ([Link("weight", "weight"), Link("bias", "weight", lambda t: t[:, 0])], "not linked whole"),
        ([Link("weight", "weight"), Link("bias", "bios")], "no parameter bios"),
        ([Link("weight", "weight", lambda t: t.T), Link("bias", "bias")], "same shape"),
    ],
)
def test_no_parameter_is_left_out(links: list[Link], words: str) -> None:
    with pytest.raises(ProofError, match=words):
        links_of(pair(links))


def test_both_sides_get_the_same_weights_of_unit_scale() -> None:
    both = pair([Link("weight", "weight"), Link("bias", "bias")])
    share_weights(both, links_of(both))
    assert torch.equal(both.ours.state_dict()["weight"], both.reference.state_dict()["weight"])
    wide = Pair(nn.Linear(1000, 50), nn.Linear(1000, 50), dict, dict)
    share_weights(wide, [Link("weight", "weight"), Link("bias", "bias")])
    weight, bias = (tensor.detach() for tensor in state(wide.ours).values())
    assert float(weight.std()) == pytest.approx(1000**-0.5, rel=0.05)
    assert 0.6 < float(bias.std()) < 1.4


def test_running_statistics_are_shared_too() -> None:
    ours, theirs = nn.BatchNorm1d(3).eval(), nn.BatchNorm1d(3).eval()
    x = torch.randn(4, 3)
    both = Pair(
        ours, theirs, lambda: {"loss": ours(x).sum()}, lambda: {"loss": theirs(x).sum()}
    )  # fmt: skip
    links = links_of(both)
    assert {link.ours for link in links} >= {"running_mean", "running_var"}
    share_weights(both, links)
    variance = theirs.running_var
    assert variance is not None and ours.running_var is not None
    assert torch.equal(ours.running_var, variance)
    assert float(variance.min()) >= 0.5


def test_a_scaled_gradient_is_noticed() -> None:
    class Halved(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            y = super().forward(x)
            return y.detach() + (y - y.detach()) / 2  # the same values, half the gradient

    equality = Equality("e", lambda _: pair(None, Halved(2, 3)), "half")
    differences = compare(equality, None)
    assert differences["results"] == differences["loss"] == 0
    assert differences["gradients"] > 0.1
    assert not equal(equality, None)
    assert equal(Equality("e", lambda _: pair(None), "same"), None)


def test_what_follows_a_difference_is_left_out() -> None:
    class Other(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            y = super().forward(x) + 1
            if y.requires_grad:
                y.register_hook(  # type: ignore[no-untyped-call]
                    lambda _: pytest.fail("its gradient was asked for")
                )
            return y

    assert not equal(Equality("e", lambda _: pair(None, Other(2, 3)), "one more"), None)


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5), st.floats(0, 10))
def test_differences(values: list[float], apart: float) -> None:
    tensor = torch.tensor(values, dtype=torch.float64)
    assert difference(tensor, tensor) == 0
    moved = difference(tensor + apart, tensor)
    assert moved == pytest.approx(apart / max(1, float(tensor.abs().max())), abs=1e-9)


def test_what_is_no_number_is_infinitely_different() -> None:
    one, nan, inf = torch.ones(2), torch.tensor([1.0, math.nan]), torch.tensor([1.0, math.inf])
    assert difference(one, nan) == difference(nan, one) == math.inf
    assert difference(nan, nan) == math.inf
    assert difference(inf, inf) == 0
    assert difference(inf, one) == math.inf
    assert difference(one, torch.ones(3)) == math.inf


def test_exact_computes_in_float64_and_leaves_no_trace() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    with exact():
        assert torch.rand(1).dtype == torch.float64
    assert torch.equal(torch.rand(1), expected)
