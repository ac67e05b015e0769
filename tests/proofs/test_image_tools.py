# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What the guide to image libraries says of their speed is what its script measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zooniverse.proofs.loading import implementation
from zooniverse.proofs.record import digests

FOLDER = Path(__file__).parents[2] / "docs" / "Computer-Vision" / "Image-Processing"


def test_the_table_is_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(FOLDER)
    speed = implementation(FOLDER / "speed.py")
    measured = json.loads((FOLDER / "speed.json").read_text(encoding="utf-8"))
    page = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    assert measured["hashes"] == digests(FOLDER, set(measured["hashes"]))
    assert set(measured["hashes"]) == {"speed.py", "image_processing.py"}
    assert "| step | " + " | ".join(speed.COLUMNS) + " |" in page
    rows = [speed.row(step, found) for step, found in measured["milliseconds"]["512"].items()]
    assert len(rows) == 6
    assert [line for line in page if line in rows] == rows
