# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What a ``proof.json`` holds, how it is read, and whether it still fits the files beside it.

Reading needs no PyTorch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from zooniverse.problems import Problem

NAME = "proof.json"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Layer(NamedTuple):
    """A row of the ledger: its name, the formula, and the number of parameters counted."""

    name: str
    formula: str
    number: int


class PublishedCount(_Part):
    """What a source gives as the size; ``fits`` where ours rounds to it, else ``gap`` says why."""

    value: int
    unit: int
    source: str
    url: str
    fits: bool
    gap: str


class Counted(_Part):
    """One published configuration, counted."""

    total: int
    symbols: dict[str, int]
    layers: list[Layer]
    published: PublishedCount | None = None
    reference: int | None = None
    extra: str = ""


class Compared(_Part):
    """An equality: largest differences by part (results, loss, gradients, one step)."""

    name: str
    reference: str
    package: str
    version: str
    differences: dict[str, float]
    largest: float
    limit: float
    why_limit: str = ""


class Held(_Part):
    """An invariant that held."""

    name: str
    claim: str


class Killed(_Part):
    """A broken line that was noticed, and by what."""

    name: str
    line: str
    broken: str
    by: list[str]


class Mutants(_Part):
    """All broken lines; each was noticed."""

    killed: list[Killed]


class Trained(_Part):
    """A small training run over several seeds; ``curve`` has step, mean, lowest, highest.

    ``seconds`` is processor time. One that stands ``beside`` another, which it names, changes it in
    one thing and need not ``reach`` anything.
    """

    name: str
    metric: str
    steps: int
    seeds: list[int]
    finals: list[float]
    mean: float
    std: float
    reach: float | None
    higher_is_better: bool
    beside: str | None = None
    curve: list[tuple[int, float, float, float]]
    seconds: float

    @model_validator(mode="after")
    def _promises(self) -> Trained:
        if self.reach is None and self.beside is None:
            raise ValueError("a run that stands beside no other must reach something")
        return self


class Printed(_Part):
    """What the file prints when it is run, and how much processor time that took."""

    command: str
    text: str
    seconds: float


class Record(_Part):
    """The whole of a ``proof.json``."""

    status: Literal["proven", "checked", "failed"]
    date: str
    versions: dict[str, str]
    seconds: float
    counts: dict[str, Counted]
    equalities: list[Compared]
    invariants: list[Held]
    mutants: Mutants
    runs: list[Trained]
    prints: Printed | None
    hashes: dict[str, str]
    failures: list[str] = []


def digest(file: Path) -> str:
    """Return the SHA-256 of a text file, the same whatever its ends of line are."""
    return hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def digests(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of each named file of a model's folder, in the order of their names."""
    return {name: digest(folder / name) for name in sorted(names)}


def read_record(folder: Path) -> Record | Problem | None:
    """Read the ``proof.json`` of a model's folder.

    Returns:
        The record; None where there is none; a Problem where it cannot be read.
    """
    file = folder / NAME
    if not file.is_file():
        return None
    try:
        return Record.model_validate_json(file.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        where = ""
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False)[0]
            where = f" at {'.'.join(map(str, first['loc'])) or 'its beginning'}"
        return Problem(None, f"the record of the proof cannot be read{where}", _again(folder))


def problem_of(record: Record, folder: Path) -> Problem | None:
    """Say what is wrong with a record that can be read: it failed, or a file changed since."""
    if record.status == "failed":
        first = record.failures[0].split(". ")[0] if record.failures else "something did not hold"
        return Problem(None, f"the proof failed: {first}", _again(folder))
    for name, recorded in record.hashes.items():
        file = folder / name
        if not file.is_file() or digest(file) != recorded:
            return Problem(None, f"the proof is older than {name}", _again(folder))
    return None


def write_record(record: Record, folder: Path) -> None:
    """Write a model's ``proof.json``; lists of numbers stay on one line each."""
    text = json_text(record.model_dump(mode="json"))
    (folder / NAME).write_text(text + "\n", encoding="utf-8", newline="\n")


def json_text(value: object) -> str:
    """Write JSON for people: what fits into a line of 100 characters stays on one."""
    return _json(value, 0)


def _json(value: object, depth: int) -> str:
    short = json.dumps(value, ensure_ascii=False)
    if len(short) + 2 * depth <= 96 or not isinstance(value, dict | list) or not value:
        return short
    pad = "  " * (depth + 1)
    if isinstance(value, dict):
        inner = [f"{json.dumps(key)}: {_json(item, depth + 1)}" for key, item in value.items()]
        start, end = "{", "}"
    else:
        inner = [_json(item, depth + 1) for item in value]
        start, end = "[", "]"
    lines = f",\n{pad}".join(inner)
    return f"{start}\n{pad}{lines}\n{'  ' * depth}{end}"


def _again(folder: Path) -> str:
    return f"Run: make prove MODEL={folder.name}"
