# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import load

browser = load("tools/browser.py")


def test_the_named_browser_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "my-chrome"
    own.touch()
    monkeypatch.setenv("CHROME", str(own))
    assert browser.find() == str(own)


def test_one_on_the_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.delenv("CHROME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert browser.find() == str(program)


def test_none_is_one_line_and_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHROME", "/no/such/file")
    monkeypatch.setattr("sys.argv", ["browser.py", "--install"])
    monkeypatch.setattr(browser, "get", lambda: None)
    assert browser.main() == 1
    said = capsys.readouterr().err
    assert "The browser tests need one" in said and said.count("\n") == 1
