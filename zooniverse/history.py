# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Measures a Git repository's history: who commits, how much, and when."""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

RECENT = timedelta(days=28)

_TIMEOUT = 60.0  # seconds
_EPOCH = datetime(1970, 1, 1)
_LAST_SECOND = 253_370_764_799  # of the year 9998, so that every time zone has it
_LINES = re.compile(r"\n?(\d+|-)\t(\d+|-)\t")


@dataclass(frozen=True)
class Month:
    """What was committed in one calendar month.

    Attributes:
        year: Year of the commits' author dates.
        month: Month, from 1 to 12.
        commits: Number of commits, merges too.
        added: Number of added lines; merges and binary files have none.
        removed: Number of removed lines, likewise.
    """

    year: int
    month: int
    commits: int = 0
    added: int = 0
    removed: int = 0


@dataclass(frozen=True)
class History:
    """The history that leads to one commit.

    All dates are author dates, on the author's own clock.

    Attributes:
        until: The day of the newest commit, HEAD.
        contributors: Name and number of commits of each author of the 28 days before HEAD, HEAD's
            own included; most commits first, then by name.
        months: All months from the first to the last with a commit, those without one too.
        hours: Number of commits for each weekday (Monday is 0) and each hour of the day.
    """

    until: date
    contributors: tuple[tuple[str, int], ...]
    months: tuple[Month, ...]
    hours: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class NoHistory:
    """There is no history to measure.

    Attributes:
        reason: Why, in one sentence.
    """

    reason: str


class _UnreadableError(Exception):
    """Git did not answer; the text is the sentence for the reader."""


def read_history(folder: Path) -> History | NoHistory:
    """Measure the repository whose top folder is ``folder``.

    The outcome depends on HEAD and ``.mailmap`` alone and is kept in memory as long as HEAD stays.
    Nothing is asked of the network, and no folder above is looked at: the history of a repository
    in which this one merely lies would be another project's.

    Args:
        folder: Top folder of the repository.

    Returns:
        The measures, or why there are none.
    """
    try:
        shallow = _git(folder, "rev-parse", "--is-shallow-repository")
        if shallow.strip() == "true":
            return NoHistory("This copy of the repository is shallow and lacks the older commits.")
        head = _git(folder, "rev-parse", "--quiet", "--verify", "HEAD^{commit}").strip()
        return _measure(folder, head)
    except _UnreadableError as error:
        return NoHistory(str(error))


def last_changes(folder: Path) -> dict[str, date]:
    """Return the day on which each file was last changed, by its path below ``folder``.

    Days are those of the commits that lead to HEAD, on the committers' own clocks.

    Args:
        folder: Top folder of the repository.

    Returns:
        The days; empty where there is no history, or only a shallow one.
    """
    if isinstance(read_history(folder), NoHistory):
        return {}
    log = _git(
        folder, "-c", "log.showSignature=false", "-c", "core.quotePath=false",
        "log", "-z", "--name-only", "--no-renames", "--format=tformat:%x01%cs", "HEAD", "--",
    )  # fmt: skip
    days: dict[str, date] = {}
    day = date.min
    for item in log.split("\0"):
        if item.startswith("\x01"):
            day = date.fromisoformat(item[1:])
        elif name := item.removeprefix("\n"):
            days.setdefault(name, day)  # the log begins with the newest commit
    return days


@lru_cache(maxsize=4)
def _measure(folder: Path, head: str) -> History:
    # Every choice that a person's own Git settings could change is made here. %aN is the author's
    # name by .mailmap.
    log = _git(
        folder, "-c", "log.showSignature=false", "-c", "diff.algorithm=myers",
        "log", "-z", "--numstat", "--no-renames", "--no-ext-diff", "--no-textconv",
        "--encoding=UTF-8", "--date=raw", "--format=tformat:%x01%ad %aN", head, "--",
    )  # fmt: skip
    return _count(log)


def _count(log: str) -> History:
    commits = list(_commits(log))
    head = commits[0]
    recent = Counter(c.author for c in commits if c.seconds > head.seconds - RECENT.total_seconds())
    hours = Counter((c.local.weekday(), c.local.hour) for c in commits)
    months: Counter[tuple[int, str]] = Counter()
    for c in commits:
        month = c.local.year * 12 + c.local.month - 1
        months.update(
            {(month, "commits"): 1, (month, "added"): c.added, (month, "removed"): c.removed}
        )
    with_commits = [month for month, _ in months]
    return History(
        until=head.local.date(),
        contributors=tuple(sorted(recent.items(), key=lambda item: (-item[1], item[0]))),
        months=tuple(
            Month(
                m // 12, m % 12 + 1, months[m, "commits"], months[m, "added"], months[m, "removed"]
            )
            for m in range(min(with_commits), max(with_commits) + 1)
        ),
        hours=tuple(tuple(hours[day, hour] for hour in range(24)) for day in range(7)),
    )


@dataclass
class _Commit:
    seconds: int
    local: datetime
    author: str
    added: int = 0
    removed: int = 0


def _commits(log: str) -> Iterator[_Commit]:
    """Read what ``git log -z --numstat`` prints: after each commit its files, ended by NUL."""
    commit: _Commit | None = None
    for item in log.split("\0"):
        if item.startswith("\x01"):
            if commit:
                yield commit
            stamp, zone, author = item[1:].split(" ", 2)
            seconds = min(max(int(stamp), 0), _LAST_SECOND)
            commit = _Commit(seconds, _local(seconds, zone), author.strip() or "(no name)")
        elif commit and (lines := _LINES.match(item)):
            commit.added += 0 if lines[1] == "-" else int(lines[1])
            commit.removed += 0 if lines[2] == "-" else int(lines[2])
    if commit:
        yield commit


def _local(seconds: int, zone: str) -> datetime:
    """Return the time on a clock of the zone, written like ``+0530``."""
    hours, minutes = divmod(abs(int(zone)), 100)
    offset = timedelta(hours=hours, minutes=minutes)
    utc = _EPOCH + timedelta(seconds=seconds)
    return max(utc - offset, _EPOCH) if zone.startswith("-") else utc + offset


def _git(folder: Path, *arguments: str) -> str:
    # GIT_* of a hook or a worktree would lead elsewhere; a partial clone would fetch what it lacks.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | {
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_CEILING_DIRECTORIES": str(folder.resolve().parent),
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }
    try:
        done = subprocess.run(
            ["git", "--no-pager", *arguments],
            cwd=folder.resolve(), env=environment, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=_TIMEOUT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise _UnreadableError(f"Git did not answer within {_TIMEOUT:.0f} seconds.") from None
    except OSError:
        raise _UnreadableError("The program git was not found.") from None
    if done.returncode == 0:
        return done.stdout.decode("utf-8", "replace")
    said = done.stderr.decode("utf-8", "replace").strip()
    if "not a git repository" in said:
        raise _UnreadableError("This copy of the project is not a Git repository.")
    if not said:  # rev-parse --quiet, of a HEAD that is not born yet
        raise _UnreadableError("The repository has no commit yet.")
    raise _UnreadableError(f"Git could not read the history: {said.splitlines()[0].rstrip('.')}.")
