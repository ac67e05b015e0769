# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Runs a model's proof: in full for the record, or in part to see whether the record still fits."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import fmean, stdev
from types import ModuleType
from typing import Any

import torch

from zooniverse.proofs import drawing
from zooniverse.proofs.comparing import compare, equal, exact
from zooniverse.proofs.counting import ProofError, count_size
from zooniverse.proofs.form import Mutant, Proof, Run, claim
from zooniverse.proofs.loading import implementation, loaded
from zooniverse.proofs.record import (
    Compared,
    Counted,
    Held,
    Killed,
    Mutants,
    Printed,
    Record,
    Trained,
    digests,
)


def folders(docs: Path) -> list[Path]:
    """Return the folders of all models that have a ``proof.py``, in order."""
    return sorted(file.parent for file in docs.rglob("proof.py"))


def load_proof(folder: Path) -> Proof:
    """Read the ``proof.py`` of a model's folder.

    Raises:
        ProofError: It defines no ``PROOF``.
    """
    with loaded(folder / "proof.py") as module:
        proof = getattr(module, "PROOF", None)
    if not isinstance(proof, Proof):
        raise ProofError(f"{folder.name}/proof.py defines no PROOF. End it with PROOF = Proof(…).")
    return proof


def load_code(folder: Path, proof: Proof) -> ModuleType:
    """Load the code of a model, as it is."""
    return implementation(folder / proof.code)


def counts(folder: Path) -> dict[str, Counted]:
    """Count every published size of a model."""
    proof = load_proof(folder)
    code = load_code(folder, proof)
    return {size.name: count_size(size, proof.ledger, code) for size in proof.sizes}


def equalities(folder: Path) -> list[Compared]:
    """Compare a model with its references.

    Raises:
        ProofError: A difference is above its limit.
    """
    proof = load_proof(folder)
    code = load_code(folder, proof)
    found = []
    for equality in proof.equalities:
        differences = compare(equality, code)
        largest = max(differences.values())
        if largest > equality.limit:
            raise ProofError(
                f"equality {equality.name!r}: {differences} exceeds {equality.limit}. "
                f"Mend {proof.code}."
            )
        found.append(
            Compared(
                name=equality.name,
                reference=equality.reference,
                package=equality.package,
                version=installed(equality.package),
                differences=differences,
                largest=largest,
                limit=equality.limit,
                why_limit=equality.why_limit,
            )
        )
    return found


def invariants(folder: Path) -> list[Held]:
    """See whether each invariant of a model holds.

    Raises:
        ProofError: One does not.
    """
    proof = load_proof(folder)
    code = load_code(folder, proof)
    for invariant in proof.invariants:
        try:
            with exact():
                invariant(code)
        except AssertionError as error:
            raise ProofError(
                f"the invariant {invariant.__name__} ({claim(invariant)}) does not hold: {error}. "
                f"Mend {proof.code}."
            ) from error
    return [Held(name=check.__name__, claim=claim(check)) for check in proof.invariants]


def mutants(folder: Path) -> Mutants:
    """Break the code, one line at a time, and see that the proof notices.

    Raises:
        ProofError: A mutant lives, cannot be made, or does not run; or an equality or an invariant
            fails for no mutant, so that nothing shows that it can fail.
    """
    proof = load_proof(folder)
    source = (folder / proof.code).read_text(encoding="utf-8")
    checks = checks_of(proof)
    killed = [_kill(mutant, folder / proof.code, source, proof, checks) for mutant in proof.mutants]
    idle = set(checks) - {name for mutant in killed for name in mutant.by}
    if idle:
        raise ProofError(f"no mutant is noticed by {min(idle)!r}. Add one that breaks its subject.")
    return Mutants(killed=killed)


def checks_of(proof: Proof) -> dict[str, Callable[[Any], bool]]:
    """Return for each equality and invariant, by name, a function that says whether code passes.

    Raises:
        ProofError: Two have the same name.
    """
    checks: dict[str, Callable[[Any], bool]] = {}
    for equality in proof.equalities:
        checks[equality.name] = partial(equal, equality)
    for invariant in proof.invariants:
        checks[invariant.__name__] = partial(_holds, invariant)
    if len(checks) != len(proof.equalities) + len(proof.invariants):
        raise ProofError("two checks have the same name. Name each equality and invariant anew.")
    return checks


def _holds(invariant: Callable[[Any], None], code: Any) -> bool:
    try:
        with exact():
            invariant(code)
    except AssertionError:
        return False
    return True


def _kill(
    mutant: Mutant,
    file: Path,
    source: str,
    proof: Proof,
    checks: dict[str, Callable[[Any], bool]],
) -> Killed:
    if source.count(mutant.line) != 1:
        raise ProofError(
            f"mutant {mutant.name!r}: its line stands {source.count(mutant.line)} times in "
            f"{file.name}. Give a piece of the code that stands there once."
        )
    by = mutant.by or tuple(equality.name for equality in proof.equalities)
    if not by:
        raise ProofError(
            f"mutant {mutant.name!r} names no check. Name what must notice it in `by`."
        )
    for name in by:
        if name not in checks:
            raise ProofError(f"mutant {mutant.name!r}: there is no {name!r}. Name a check.")
        try:
            with loaded(file, source.replace(mutant.line, mutant.broken)) as code:
                lives = checks[name](code)
        except ProofError as error:
            raise ProofError(f"mutant {mutant.name!r} cannot be compared: {error}") from error
        except Exception as error:
            raise ProofError(
                f"mutant {mutant.name!r} does not run ({type(error).__name__}: {error}). "
                "Break the line so that it still runs."
            ) from error
        if lives:
            raise ProofError(
                f"mutant {mutant.name!r} passes {name!r}. Make the check sharper, or name another."
            )
    return Killed(name=mutant.name, line=mutant.line, broken=mutant.broken, by=list(by))


def short_runs(folder: Path) -> list[float]:
    """Make the short runs of the tests; return what each reached.

    Raises:
        ProofError: One did not reach its threshold, or a model with training runs has none.
    """
    proof = load_proof(folder)
    code = load_code(folder, proof)
    if proof.runs and not any(run.short for run in proof.runs):
        raise ProofError("no run is made in the tests. Give the quickest one a `short`.")
    reached = []
    for run in proof.runs:
        if run.short is None:
            continue
        steps, threshold = run.short
        value = _curve(run, code, run.seeds[0], steps)[-1][1]
        if not run.reached(value, threshold):
            raise ProofError(
                f"the short run {run.name!r} came to {value:.4g}, not to {threshold}. "
                f"Mend {proof.code}, or give it more slack."
            )
        reached.append(value)
    return reached


def full_runs(folder: Path) -> list[Trained]:
    """Make all training runs in full, with every seed.

    Raises:
        ProofError: The mean of one did not reach its threshold, or what one stands beside is not to
            be found or was made otherwise.
    """
    proof = load_proof(folder)
    code = load_code(folder, proof)
    _judged(proof.runs)
    done = []
    for run in proof.runs:
        begin = time.process_time()
        curves = [_curve(run, code, seed, run.steps) for seed in run.seeds]
        finals = [curve[-1][1] for curve in curves]
        mean = fmean(finals)
        if not run.reached(mean, run.reach):
            raise ProofError(
                f"the run {run.name!r} came to {mean:.4g} on average, not to {run.reach}. "
                f"Mend {proof.code}."
            )
        steps = [step for step, _ in curves[0]]
        values = [[value for _, value in curve] for curve in curves]
        done.append(
            Trained(
                name=run.name,
                metric=run.metric,
                steps=run.steps,
                seeds=list(run.seeds),
                finals=[_short(value) for value in finals],
                mean=_short(mean),
                std=_short(stdev(finals) if len(finals) > 1 else 0.0),
                reach=run.reach,
                higher_is_better=run.higher_is_better,
                beside=run.beside,
                curve=[
                    (step, _short(fmean(at)), _short(min(at)), _short(max(at)))
                    for step, at in zip(steps, zip(*values, strict=True), strict=True)
                ],
                seconds=round(time.process_time() - begin, 1),
            )
        )
    return done


def _judged(runs: Sequence[Run]) -> None:
    """See that each run either promises something or can be compared with one that does."""
    promised = {run.name: run for run in runs if run.reach is not None and not run.beside}
    for run in runs:
        if run.beside is None and run.reach is None:
            raise ProofError(f"the run {run.name!r} promises nothing. Give it a `reach`.")
        if run.beside is None:
            continue
        other = promised.get(run.beside)
        if other is None:
            raise ProofError(
                f"the run {run.name!r} stands beside {run.beside!r}, which is no run with a "
                "`reach`. Name one."
            )
        if (run.metric, run.steps, run.seeds) != (other.metric, other.steps, other.seeds):
            raise ProofError(
                f"the run {run.name!r} cannot be compared with {run.beside!r}. Give both the same "
                "metric, steps and seeds."
            )


def _curve(run: Run, code: Any, seed: int, steps: int) -> list[tuple[int, float]]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        curve = [(step, float(value)) for step, value in run.train(code, seed, steps)]
    if not curve or curve[-1][0] != steps:
        raise ProofError(f"the run {run.name!r} reports nothing after step {steps}. Yield it last.")
    return curve


def draw_figures(folder: Path) -> None:
    """Draw all figures of a model and write them into its folder ``figures/``.

    Raises:
        ProofError: What was drawn is no picture.
    """
    proof = load_proof(folder)
    code = load_code(folder, proof)
    for figure in proof.figures:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            try:
                drawn = drawing.png(figure.draw(code))
            except ValueError as error:
                raise ProofError(f"the figure {figure.path}: {error}") from error
        (folder / figure.path).parent.mkdir(exist_ok=True)
        (folder / figure.path).write_bytes(drawn)


def printed(folder: Path) -> Printed:
    """Run the file as readers do; return what it prints.

    Raises:
        ProofError: It fails, or takes more than a minute.
    """
    proof = load_proof(folder)
    begin, used = time.perf_counter(), _by_children()
    done = subprocess.run(
        [sys.executable, proof.code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONIOENCODING": "utf-8"},
        encoding="utf-8",
    )
    # A busy machine takes longer; Windows does not tell what children used.
    seconds = round((_by_children() - used) or (time.perf_counter() - begin), 1)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ProofError(f"python {proof.code} fails: {last}. Mend it.")
    if seconds > 60:
        raise ProofError(f"python {proof.code} takes {seconds} s. Shorten it to under a minute.")
    return Printed(command=f"python {proof.code}", text=done.stdout.rstrip(), seconds=seconds)


def _by_children() -> float:
    """Return the processor time that finished child processes have used, in seconds."""
    times = os.times()
    return times.children_user + times.children_system


def prove(folder: Path, say: Callable[[str], None] = lambda _: None) -> Record:
    """Run the whole proof of a model and return what is to be recorded.

    What does not hold is recorded under ``failures``, with the status ``failed``.

    Args:
        folder: The model's folder.
        say: Told what is being done.
    """
    begin = time.perf_counter()
    proof = load_proof(folder)
    failures: list[str] = []

    def attempt(what: str, run: Callable[[Path], Any], otherwise: object) -> Any:
        start = time.perf_counter()
        try:
            result = run(folder)
        except ProofError as error:
            failures.append(str(error))
            say(f"{folder.name}: {what}: FAILED. {error}")
            return otherwise
        say(f"{folder.name}: {what}: {time.perf_counter() - start:.1f} s")
        return result

    parts = {
        "counts": attempt("counts", counts, {}),
        "equalities": attempt("equalities", equalities, []),
        "invariants": attempt("invariants", invariants, []),
        "mutants": attempt("mutants", mutants, Mutants(killed=[])),
        "runs": attempt("training runs", full_runs, []),
        "prints": attempt("what it prints", printed, None),
    }
    if proof.figures:
        attempt("figures", draw_figures, None)
    status = "failed" if failures else "proven" if proof.equalities else "checked"
    packages = sorted({"torch", *(equality.package for equality in proof.equalities)})
    return Record.model_validate(
        {
            "status": status,
            "date": datetime.now(UTC).date().isoformat(),
            "versions": {
                "python": platform.python_version(),
                **{package: installed(package) for package in packages},
            },
            "seconds": round(time.perf_counter() - begin, 1),
            **parts,
            "hashes": hashes(folder, proof),
            "failures": failures,
        }
    )


def hashes(folder: Path, proof: Proof) -> dict[str, str]:
    """Return the SHA-256 of the code, of ``proof.py`` (all settings), the data and the figures."""
    figures = {figure.path for figure in proof.figures if (folder / figure.path).is_file()}
    return digests(folder, {proof.code, "proof.py", *proof.data, *figures})


def installed(package: str) -> str:
    """Return the version of a package without the tag of its build, such as ``+cpu``."""
    return version(package).split("+")[0]


def _short(number: float) -> float:
    return float(f"{number:.5g}")
