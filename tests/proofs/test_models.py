# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Each model that has a ``proof.py`` is proven again, and its record must fit.

A new model needs no edit here: its folder is found.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from zooniverse.proofs import running
from zooniverse.proofs.form import claim
from zooniverse.proofs.record import Compared, Record, problem_of, read_record

DOCS = Path(__file__).parents[2] / "docs"
MODELS = running.folders(DOCS)
each_model = pytest.mark.parametrize("model", MODELS, ids=lambda folder: str(folder.name))


def recorded(model: Path) -> Record:
    record = read_record(model)
    assert isinstance(record, Record), f"{model}: {record}. Run: make prove MODEL={model.name}."
    return record


def test_models_are_found() -> None:
    assert "Transformer" in [model.name for model in MODELS]


@each_model
def test_record_is_fresh_and_good(model: Path) -> None:
    record, proof = recorded(model), running.load_proof(model)
    assert problem_of(record, model) is None
    assert record.hashes == running.hashes(model, proof)
    assert {figure.path for figure in proof.figures} <= set(record.hashes)
    assert record.status == ("proven" if proof.equalities else "checked")
    for package, version in record.versions.items():
        if package != "python":
            assert version == running.installed(package), f"make prove MODEL={model.name}"
    assert record.prints and record.prints.seconds < 60


@each_model
def test_counts(model: Path) -> None:
    assert running.counts(model) == recorded(model).counts


@each_model
def test_equalities(model: Path) -> None:
    def what(compared: list[Compared]) -> list[object]:
        return [
            (c.name, c.reference, c.package, c.version, c.limit, list(c.differences))
            for c in compared
        ]

    record = recorded(model)
    assert what(running.equalities(model)) == what(record.equalities)
    for compared in record.equalities:
        assert compared.largest == max(compared.differences.values()) <= compared.limit
        assert compared.limit == 1e-9 or compared.why_limit


@each_model
def test_invariants(model: Path) -> None:
    held = running.invariants(model)
    assert held == recorded(model).invariants
    assert [h.claim for h in held] == [claim(i) for i in running.load_proof(model).invariants]


@each_model
def test_mutants(model: Path) -> None:
    assert running.mutants(model) == recorded(model).mutants


@each_model
def test_runs(model: Path) -> None:
    record, proof = recorded(model), running.load_proof(model)
    assert len(running.short_runs(model)) == sum(run.short is not None for run in proof.runs)
    assert len(proof.runs) == len(record.runs)
    for run, trained in zip(proof.runs, record.runs, strict=True):
        assert (trained.name, trained.metric) == (run.name, run.metric)
        assert (trained.steps, tuple(trained.seeds)) == (run.steps, run.seeds)
        assert (trained.reach, trained.beside) == (run.reach, run.beside)
        assert len(trained.finals) == len(run.seeds)
        assert trained.mean == pytest.approx(sum(trained.finals) / len(trained.finals), rel=1e-3)
        assert run.reached(trained.mean, run.reach)
        assert trained.curve[-1][0] == run.steps
