# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""The step that sets into a page what a script beside it measured."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from mkdocs.commands.build import build
from mkdocs.config.base import load_config

from tests.zooniverse.proofs.test_measured import PAGE, made

HOOK = Path(__file__).parents[2] / "hooks" / "measurements.py"


def test_set_into_the_page_and_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = tmp_path / "docs" / "Comparisons"
    place.mkdir(parents=True)
    (place.parent / "index.md").write_text("Home.", encoding="utf-8")
    (place / "study.md").write_text(PAGE, encoding="utf-8")
    (tmp_path / "theme").mkdir()
    (tmp_path / "theme" / "main.html").write_text("{{ page.content }}", encoding="utf-8")
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: Test\ntheme: {name: null, custom_dir: theme}\nplugins: []\n"
        f'hooks: ["{HOOK}"]\n',
        encoding="utf-8",
    )
    caplog.set_level(logging.INFO)
    for stale in (False, True):
        made(place)
        if stale:
            (place / "study.py").write_text("print(2)\n", encoding="utf-8")
        caplog.clear()
        build(load_config(str(tmp_path / "mkdocs.yml")))
        html = (tmp_path / "site" / "Comparisons" / "study" / "index.html").read_text("utf-8")
        assert ('data-of="all">0.6 ± 0.1' in html) is not stale
        warned = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
        wanted = "docs/Comparisons/study.md: study.json is older than study.py. Run: make measure."
        assert warned == ([wanted] if stale else [])
