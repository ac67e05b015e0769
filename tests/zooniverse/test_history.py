# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Measures are those of real repositories, made here commit by commit."""

from __future__ import annotations

import os
import subprocess
from datetime import date
from pathlib import Path

import pytest

from zooniverse.history import History, Month, NoHistory, last_changes, read_history

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_COMMITTER_NAME": "Committer",
    "GIT_COMMITTER_EMAIL": "committer@example.org",
    "GIT_COMMITTER_DATE": "2026-12-24T12:00:00+0000",
}


class Repository:
    """A repository in a folder; each commit has the content of one file, an author and a date."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, **environment: str) -> None:
        subprocess.run(
            ["git", *arguments], cwd=self.folder, env=ENVIRONMENT | environment,
            check=True, capture_output=True,
        )  # fmt: skip

    def commit(
        self,
        when: str,
        content: str | bytes,
        author: str = "Ada Lovelace",
        file: str = "file.txt",
        email: str = "ada@example.org",
    ) -> None:
        data = content if isinstance(content, bytes) else content.encode()
        (self.folder / file).write_bytes(data)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "x", **_by(author, when, email))

    def measures(self) -> History:
        history = read_history(self.folder)
        assert isinstance(history, History)
        return history


def _by(author: str, when: str, email: str = "ada@example.org") -> dict[str, str]:
    return {"GIT_AUTHOR_NAME": author, "GIT_AUTHOR_EMAIL": email, "GIT_AUTHOR_DATE": when}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def test_months_run_from_the_first_to_the_last_commit(repository: Repository) -> None:
    repository.commit("2025-11-03T10:00:00+0000", "a\nb\nc\n")
    repository.commit("2025-11-04T10:00:00+0000", "a\nc\nd\ne\n")
    repository.commit("2026-02-01T00:30:00+0200", "a\n")
    assert repository.measures().months == (
        Month(2025, 11, 2, 5, 1),
        Month(2025, 12),
        Month(2026, 1),
        Month(2026, 2, 1, 0, 3),
    )


def test_hours_are_those_of_the_authors_clock(repository: Repository) -> None:
    repository.commit("2026-03-02T23:59:00+0530", "a")  # a Monday there, as in UTC, at 18:29
    repository.commit("2026-03-08T22:10:00-0930", "b")  # a Sunday there; Monday 7:40 in UTC
    repository.commit("2026-03-08T22:50:00-0930", "c")
    hours = repository.measures().hours
    assert [(d, h, n) for d, row in enumerate(hours) for h, n in enumerate(row) if n] == [
        (0, 23, 1),
        (6, 22, 2),
    ]
    assert repository.measures().until == date(2026, 3, 8)


def test_contributors_are_those_of_the_28_days_before_head(repository: Repository) -> None:
    repository.commit("2026-01-01T12:00:00+0000", "1", "Too Early")
    repository.commit("2026-01-01T12:00:01+0000", "2", "Just In Time")
    repository.commit("2026-01-10T12:00:00+0000", "3", "Žofia 王小明")
    repository.commit("2026-01-11T12:00:00+0000", "4", "Žofia 王小明", email="other@example.org")
    repository.commit("2026-01-29T12:00:00+0000", "5", "Head")
    history = repository.measures()
    assert history.contributors == (("Žofia 王小明", 2), ("Head", 1), ("Just In Time", 1))
    assert "@" not in repr(history)


def test_mailmap_gives_the_names(repository: Repository) -> None:
    repository.git("config", "log.mailmap", "false")
    repository.commit("2026-01-01T12:00:00+0000", "1", "ada", email="old@example.org")
    repository.commit("2026-01-02T12:00:00+0000", "2")
    repository.commit(
        "2026-01-03T12:00:00+0000", "Ada Lovelace <old@example.org>\n", file=".mailmap"
    )
    assert repository.measures().contributors == (("Ada Lovelace", 3),)


def test_lines_of_a_merge_are_counted_once(repository: Repository) -> None:
    repository.commit("2026-01-01T12:00:00+0000", "1\n")
    repository.git("checkout", "-q", "-b", "side")
    repository.commit("2026-01-02T12:00:00+0000", "a\nb\n", file="side.txt")
    repository.git("checkout", "-q", "main")
    repository.commit("2026-01-03T12:00:00+0000", "c\n", file="main.txt")
    merged = _by("Ada Lovelace", "2026-01-04T12:00:00+0000")
    repository.git("merge", "-q", "--no-ff", "-m", "merge", "side", **merged)
    assert repository.measures().months == (Month(2026, 1, 4, 4, 0),)


def test_odd_files_are_counted_or_passed_over(repository: Repository) -> None:
    repository.commit("2026-01-01T12:00:00+0000", b"\0\1\2", file="picture.png")
    repository.commit("2026-01-02T12:00:00+0000", "x\n", file="\x01170 +0000 Mallory\n7\t7\té")
    repository.commit("2026-01-03T12:00:00+0000", "", file="empty")
    assert repository.measures().months == (Month(2026, 1, 3, 1, 0),)


def test_a_persons_own_git_settings_change_nothing(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit("2026-01-01T12:00:00+0000", "a\nb\nc\n")
    repository.git("mv", "file.txt", "moved.txt")
    repository.commit("2026-01-02T12:00:00+0000", "a\nb\n", file="moved.txt")
    (tmp_path / ".gitconfig").write_text(
        "[log]\n showSignature = true\n date = human\n follow = true\n mailmap = false\n"
        "[diff]\n renames = copies\n external = false\n noprefix = true\n"
        "[format]\n pretty = oneline\n[color]\n ui = always\n[core]\n pager = false\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert repository.measures().months == (Month(2026, 1, 2, 5, 3),)


def test_history_is_read_once_for_each_head(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit("2026-01-01T12:00:00+0000", "1")
    calls: list[list[str]] = []
    run = subprocess.run

    def counted(command: list[str], **how: object) -> object:
        calls.append(command)
        return run(command, **how)  # type: ignore[call-overload]

    monkeypatch.setattr("zooniverse.history.subprocess.run", counted)
    first, second = repository.measures(), repository.measures()
    assert first is second
    assert sum("log" in command for command in calls) == 1
    monkeypatch.undo()
    repository.commit("2026-02-01T12:00:00+0000", "2")
    assert len(repository.measures().months) == 2


def test_without_a_commit(repository: Repository) -> None:
    assert read_history(repository.folder) == NoHistory("The repository has no commit yet.")


def test_without_a_repository(tmp_path: Path) -> None:
    assert read_history(tmp_path) == NoHistory("This copy of the project is not a Git repository.")


def test_repository_around_the_folder_is_another_projects(repository: Repository) -> None:
    repository.commit("2026-01-01T12:00:00+0000", "1")
    (repository.folder / "unpacked").mkdir()
    assert isinstance(read_history(repository.folder / "unpacked"), NoHistory)


def test_shallow_clone(repository: Repository, tmp_path: Path) -> None:
    for day in ("01", "02"):
        repository.commit(f"2026-01-{day}T12:00:00+0000", day)
    repository.git("clone", "-q", "--depth=1", repository.folder.as_uri(), str(tmp_path / "clone"))
    assert read_history(tmp_path / "clone") == NoHistory(
        "This copy of the repository is shallow and lacks the older commits."
    )


def test_partial_clone_fetches_nothing(repository: Repository, tmp_path: Path) -> None:
    for day in ("01", "02"):
        repository.commit(f"2026-01-{day}T12:00:00+0000", day)
    repository.git("config", "uploadpack.allowFilter", "true")
    source, clone = repository.folder.as_uri(), tmp_path / "clone"
    repository.git("clone", "-q", "--no-checkout", "--filter=blob:none", source, str(clone))
    before = sorted(clone.rglob("*.pack"))
    history = read_history(clone)
    assert isinstance(history, NoHistory)
    assert history.reason.startswith("Git could not read the history: ")
    assert sorted(clone.rglob("*.pack")) == before


def test_without_git(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit("2026-01-01T12:00:00+0000", "1")
    monkeypatch.setenv("PATH", str(repository.folder))
    assert read_history(repository.folder) == NoHistory("The program git was not found.")


def test_git_that_does_not_answer(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit("2026-01-01T12:00:00+0000", "1")
    monkeypatch.setattr("zooniverse.history._TIMEOUT", 0.0)
    assert read_history(repository.folder) == NoHistory("Git did not answer within 0 seconds.")


@pytest.mark.parametrize("stamp", ["0 -1200", "99999999999999 +1400", "253402300800 +9999"])
def test_absurd_dates_are_no_error(repository: Repository, stamp: str) -> None:
    repository.commit("2026-01-01T12:00:00+0000", "1")
    tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    raw = f"tree {tree}\nauthor  <> {stamp}\ncommitter A <a> 0 +0000\n\nx\n"
    made = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--literally", "--stdin"],
        cwd=repository.folder, env=ENVIRONMENT, input=raw.encode(), capture_output=True, check=True,
    )  # fmt: skip
    repository.git("hash-object", "-t", "tree", "-w", os.devnull)
    repository.git("update-ref", "HEAD", made.stdout.decode().strip())
    assert repository.measures().contributors == (("(no name)", 1),)


def test_last_changes_are_the_newest_commits(repository: Repository) -> None:
    repository.commit("2026-01-01T12:00:00+0000", "1", file="old.md")
    repository.commit("2026-01-02T12:00:00+0000", "1", file="für mich.md")
    days = last_changes(repository.folder)
    assert days == {"old.md": date(2026, 12, 24), "für mich.md": date(2026, 12, 24)}
    (repository.folder / "old.md").write_text("2")
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "x", GIT_COMMITTER_DATE="2026-12-26T12:00:00+0000",
                   **_by("A", "2026-01-03T12:00:00+0000"))  # fmt: skip
    assert last_changes(repository.folder)["old.md"] == date(2026, 12, 26)


def test_without_history_no_file_has_a_last_change(tmp_path: Path) -> None:
    assert last_changes(tmp_path) == {}
