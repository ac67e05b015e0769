# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What a page shows of a measurement is what its file says, and a stale file says so."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from zooniverse.problems import Problem
from zooniverse.proofs.measured import (
    Measured,
    Outcome,
    Score,
    Task,
    hashes,
    measured_html,
    read_measured,
    with_measured,
    write_measured,
)

EVIL = '<img src=x onerror="alert(1)">&'
PAGE = '<p>Before</p>\n<!-- zoo: measured file="study.json" -->\n<p>After</p>'


def outcome(name: str = "encoder") -> Outcome:
    return Outcome(
        name=name,
        parameters=108_544,
        scores=[Score.of("all", [0.5, 0.6, 0.7]), Score.of("left", [1.0, 1.0, 1.0])],
        curve=[(10, 0.2, 0.1, 0.3), (20, 0.6, 0.5, 0.7)],
        seconds=9.5,
    )


def made(folder: Path, name: str = "encoder") -> Measured:
    (folder / "study.py").write_text("print(1)\n", encoding="utf-8")
    measured = Measured(
        date="2026-11-24",
        versions={"python": "3.11.2", "torch": "2.13.0"},
        seconds=61.0,
        budget="The same for all.",
        seeds=[0, 1, 2],
        settings={"steps": 20, "rate": 0.1},
        tasks=[Task(name="Filling", outcomes=[outcome(name), outcome("decoder")])],
        hashes=hashes(folder, ["study.py"]),
    )
    write_measured(measured, folder / "study.json")
    return measured


def test_what_is_written_is_read(tmp_path: Path) -> None:
    measured = made(tmp_path)
    assert read_measured(tmp_path, "study.json") == measured
    assert measured.tasks[0].outcomes[0].scores[0].mean == pytest.approx(0.6)
    assert measured.tasks[0].outcomes[0].scores[0].std == pytest.approx(0.1)


def test_table_and_figure(tmp_path: Path) -> None:
    html = measured_html(made(tmp_path))
    row = (
        '<tr><th scope="row">encoder</th><td data-of="all">0.6 ± 0.1</td>'
        '<td data-of="left">1 ± 0</td><td data-of="parameters">108,544</td></tr>'
    )
    assert row in html
    assert "The same for all. Measured on 24 Nov 2026 with Python 3.11.2, PyTorch 2.13.0" in html
    assert "in 61 s of processor time" in html
    assert "All, mean of 3 seeds, up to step 20: encoder from 0.20 to 0.60" in html
    svg = re.search(r"<svg.*?</svg>", html)
    assert svg
    words = [e.text for e in ET.fromstring(svg[0]).iter() if e.tag.endswith("}text")]
    assert words == ["0.0", "0.5", "1.0", "encoder", "decoder", "step 0", "20"]


def test_what_a_file_says_stays_text(tmp_path: Path) -> None:
    html = measured_html(made(tmp_path, EVIL))
    assert "<img" not in html
    assert "&lt;img src=x" in html


def test_a_page_gets_its_measurement(tmp_path: Path) -> None:
    measured = made(tmp_path)
    html, problems = with_measured(PAGE, tmp_path)
    assert html == f"<p>Before</p>\n{measured_html(measured)}\n<p>After</p>"
    assert problems == []


def test_stale_and_missing_files_are_said(tmp_path: Path) -> None:
    again = "Run: make measure"
    assert read_measured(tmp_path, "study.json") == Problem(None, "there is no study.json", again)
    made(tmp_path)
    (tmp_path / "study.py").write_text("print(2)\n", encoding="utf-8")
    html, problems = with_measured(PAGE, tmp_path)
    assert problems == [Problem(None, "study.json is older than study.py", again)]
    assert "<p>Study.json is older than study.py. Run: make measure.</p>" in html
    (tmp_path / "study.json").write_text("{}", encoding="utf-8")
    assert read_measured(tmp_path, "study.json") == Problem(
        None, "study.json cannot be read", again
    )


def test_only_files_beside_the_page_are_read(tmp_path: Path) -> None:
    made(tmp_path)
    for name in ("", "../study.json", "/etc/passwd", "a/study.json"):
        found = read_measured(tmp_path / "page", name)
        assert isinstance(found, Problem)
        assert "no name of a JSON file" in found.message
