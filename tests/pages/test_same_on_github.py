# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Every page has the same headings, lists, tables, code and quotes on GitHub and on the site."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.rendering import differs, site_html
from zooniverse.problems import Problem
from zooniverse.reading import read_page
from zooniverse.structure import differences, github_html

PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "CONTRIBUTING.md"]
SPECIFICATION = ROOT / "docs" / "Project" / "GitHub-Markdown.md"
DATA = ROOT / "tests" / "zooniverse" / "data"


def findings(raw: bytes) -> list[Problem]:
    """Return where GitHub and the site part on a page, with the lines of its file."""
    page = read_page(raw)
    return [
        Problem(found.line and found.line + page.first_line - 1, found.message, found.cure)
        for found in differences(github_html(page.body), site_html(page.body))
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_is_the_same_on_github(page: Path) -> None:
    name = page.relative_to(ROOT).as_posix()
    assert "\n".join(found.at(name) for found in findings(page.read_bytes())) == ""


def test_a_finding_names_the_line_of_the_file() -> None:
    page = b"---\ntitle: A\n---\n\n# A\n\nText.\n\n![`code`](a.png) $a_b$ [x [y](b.md)](c.md)\n"
    assert [found.line for found in findings(page)] == [9]


def test_the_page_about_it_gives_the_share_that_the_tests_find() -> None:
    count = len(json.loads((DATA / "gfm_spec.json").read_text(encoding="utf-8"))["examples"])
    reasons = json.loads((DATA / "gfm_known_differences.json").read_text(encoding="utf-8"))
    other = sum(map(len, reasons.values()))
    text = " ".join(SPECIFICATION.read_text(encoding="utf-8").split())
    assert f"{count - other} of the {count} examples" in text
    assert f"{(count - other) / count:.1%}" in text
    assert other <= 18, "the share that agrees may not fall"
    for reason, numbers in reasons.items():
        assert f"| {reason} | {', '.join(map(str, numbers))} |" in text


def test_constructs_of_the_site_alone_are_told() -> None:
    assert differs("term\n: definition\n") == []  # a paragraph on both
    assert differs("*[HTML]: Hyper\n\nHTML\n") == []
