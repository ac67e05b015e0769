# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What holds for the repository as a whole: licences, pinned versions, workflows."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
# Of the texts as their stewards publish them; MIT's with this project's year and holder.
TEXTS = {
    "LICENSE-CC-BY-4.0": "fd3a263fe19ed8faa9068b43abaebafc02c77897b0c6fc09abc04bb592e5f16e",
    "LICENSE-MIT": "baba39c694a5fdbbb9052369fbc9e72e91fd1b99559d2eff342ba804b4ecaa8f",
}


def tracked(*patterns: str) -> list[Path]:
    """Files of the project, whether committed yet or not."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def test_licence_texts_are_verbatim() -> None:
    for name, checksum in TEXTS.items():
        assert hashlib.sha256((ROOT / name).read_bytes()).hexdigest() == checksum, name


def test_every_python_file_says_its_licence() -> None:
    files = tracked("*.py")
    assert len(files) > 20
    for file in files:
        text = file.read_text(encoding="utf-8")
        if text:
            head = text.splitlines()[:2]
            assert head == [
                "# SPDX-FileCopyrightText: 2025 Cong Le",
                "# SPDX-License-Identifier: MIT",
            ], f"{file}: begin with the two SPDX lines of the other files"


def test_the_projects_text_licence_is_cc_by_everywhere() -> None:
    kinds = ("*.yml", "*.toml", "*.html", "*.cff", "hooks/*.py", "zooniverse/*.py")
    ours = tracked(*kinds, "README.md", "docs/Project/*.md")
    assert ours
    for file in ours:
        assert not re.search(r"BY-SA|ShareAlike", file.read_text(encoding="utf-8")), file


def test_actions_are_pinned_by_commit_and_may_do_little() -> None:
    workflows = tracked(".github/workflows/*.yml")
    assert workflows
    for file in workflows:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert content["permissions"] == {"contents": "read"}, file
        used = re.findall(r"uses: (\S+)", file.read_text(encoding="utf-8"))
        assert used
        for action in used:
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), f"{file}: {action}"


def test_every_requirement_is_pinned() -> None:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    names = {line.split("==")[0].lower() for line in pins if not line.startswith("#")}
    assert all("==" in line for line in pins if not line.startswith("#"))
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    wanted = re.findall(r'^  "([A-Za-z0-9_.-]+)[~=><]', project, re.M)
    assert len(wanted) > 10
    assert {name.lower() for name in wanted} <= names


def test_no_plugin_drags_in_another_site_generator() -> None:
    assert "properdocs" not in (ROOT / "constraints.txt").read_text(encoding="utf-8")
