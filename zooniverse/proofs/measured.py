# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What a comparison measured with this site's code: its JSON file, and what a page shows of it.

The file lies beside the script that writes it and has its name: ``encoder_decoder.py`` writes
``encoder_decoder.json``. Reading needs no PyTorch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from statistics import fmean, stdev

from pydantic import BaseModel, ConfigDict, ValidationError

from zooniverse import charts
from zooniverse.markers import Marker, replace_markers
from zooniverse.problems import Problem
from zooniverse.proofs.record import digest, json_text
from zooniverse.proofs.writing import day, result, seconds, upper

COMMAND = "make measure"
_NAME = re.compile(r"[\w-]+\.json")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Score(_Part):
    """A measure at the end of training, of each seed, with mean and standard deviation."""

    name: str
    finals: list[float]
    mean: float
    std: float

    @classmethod
    def of(cls, name: str, finals: Sequence[float]) -> Score:
        """Sum up what the seeds came to; at least two."""
        rounded = [round(final, 4) for final in finals]
        mean, std = round(fmean(rounded), 5), round(stdev(rounded), 5)
        return cls(name=name, finals=rounded, mean=mean, std=std)


class Outcome(_Part):
    """What one of the compared came to.

    Attributes:
        name: What is compared.
        parameters: Of its model.
        scores: The first is the one that the curve shows.
        curve: Step, mean, lowest and highest of the seeds.
        seconds: Of the processor, all seeds together.
    """

    name: str
    parameters: int
    scores: list[Score]
    curve: list[tuple[int, float, float, float]]
    seconds: float


class Task(_Part):
    """A task, and what each of the compared came to in it."""

    name: str
    outcomes: list[Outcome]


class Measured(_Part):
    """The whole file.

    Attributes:
        compared: What the rows of a table are.
        unit: What the scores are, or nothing where their names say it.
        along: What the first number of each point of a curve counts.
        budget: In sentences, what each of the compared was given.
    """

    compared: str = "arrangement"
    unit: str = "share right"
    along: str = "step"
    date: str
    versions: dict[str, str]
    seconds: float
    budget: str
    seeds: list[int]
    settings: dict[str, int | float]
    tasks: list[Task]
    hashes: dict[str, str]


def hashes(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of each file, named from the folder of the script."""
    return {name: digest(folder / name) for name in sorted(names)}


def write_measured(measured: Measured, file: Path) -> None:
    """Write the file; lists of numbers stay on one line each."""
    text = json_text(measured.model_dump(mode="json"))
    file.write_text(text + "\n", encoding="utf-8", newline="\n")


def read_measured(folder: Path, name: str) -> Measured | Problem:
    """Read a file of measurements, and see that no code changed since.

    Args:
        folder: Of the page.
        name: Of the file.
    """
    again = f"Run: {COMMAND}"
    if not _NAME.fullmatch(name):
        return Problem(None, f"'{name}' is no name of a JSON file beside the page", "Name one")
    file = folder / name
    if not file.is_file():
        return Problem(None, f"there is no {name}", again)
    try:
        measured = Measured.model_validate_json(file.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError):
        return Problem(None, f"{name} cannot be read", again)
    for code, recorded in measured.hashes.items():
        if not (folder / code).is_file() or digest(folder / code) != recorded:
            return Problem(None, f"{name} is older than {code}", again)
    return measured


def with_measured(html: str, folder: Path) -> tuple[str, list[Problem]]:
    """Set measurements where a page asks for them; a stale or missing file is said there, too.

    Args:
        html: The page's content.
        folder: Where the page lies.

    Returns:
        The content, and what is wrong with the files.
    """
    problems: list[Problem] = []

    def block(marker: Marker) -> str:
        measured = read_measured(folder, marker.options.get("file", ""))
        if isinstance(measured, Problem):
            problems.append(measured)
            return f"<p>{escape(upper(measured.message))}. {escape(measured.cure)}.</p>"
        return measured_html(measured)

    return replace_markers(html, {"measured": block}), problems


def measured_html(measured: Measured) -> str:
    """Return for each task a table and a figure, then what they were made with."""
    tasks = "".join(
        f"{_table(task, measured)}{_figure(task, measured, f'zoo-measured-{number}')}"
        for number, task in enumerate(measured.tasks, start=1)
    )
    names = {"python": "Python", "torch": "PyTorch"}
    versions = ", ".join(f"{names.get(name, name)} {v}" for name, v in measured.versions.items())
    return (
        f'<div class="zoo-ledger zoo-measured">{tasks}<p class="zoo-ledger__note">'
        f"{escape(measured.budget)} Measured on {escape(day(measured.date))} with "
        f"{escape(versions)}, in {seconds(measured.seconds)} of processor time. "
        f"To make it again: <code>{COMMAND}</code>.</p></div>"
    )


def _table(task: Task, measured: Measured) -> str:
    names = [score.name for score in task.outcomes[0].scores]
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    rows = "".join(
        f'<tr><th scope="row">{escape(one.name)}</th>'
        + "".join(
            f'<td data-of="{escape(score.name)}">{result(score.mean, score.std)}</td>'
            for score in one.scores
        )
        + f'<td data-of="parameters">{one.parameters:,}</td></tr>'
        for one in task.outcomes
    )
    return (
        f'<table class="zoo-ledger__sizes"><caption><strong>{escape(task.name)}</strong>: '
        f"{escape(f'{measured.unit}, ' if measured.unit else '')}mean ± standard deviation of the "
        f'seeds</caption><thead><tr><th scope="col">{escape(measured.compared)}</th>{heads}'
        f'<th scope="col">parameters</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _figure(task: Task, measured: Measured, ident: str) -> str:
    first = task.outcomes[0].scores[0].name
    ends = "; ".join(
        f"{one.name} from {one.curve[0][1]:.2f} to {one.curve[-1][1]:.2f}" for one in task.outcomes
    )
    steps = task.outcomes[0].curve[-1][0]
    description = (
        f"{upper(first)}, mean of {len(measured.seeds)} seeds, up to {measured.along} {steps:,}: "
        f"{ends}."
    )
    curves = {one.name: one.curve for one in task.outcomes}
    names = dict.fromkeys(one.name for each in measured.tasks for one in each.outcomes)
    lines = [(name, curves.get(name, [])) for name in names]
    picture = charts.curves(lines, task.name, description, ident, measured.along)
    seeds = ", ".join(map(str, measured.seeds))
    return (
        f'<figure class="zoo-curve">{picture}<figcaption><strong>{escape(task.name)}.</strong> '
        f"{escape(upper(first))} over training, mean of the seeds {seeds}.</figcaption></figure>"
    )
