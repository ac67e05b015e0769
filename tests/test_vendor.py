# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What others wrote is what the manifest says, and brings its licence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, load

vendor = load("tools/vendor.py")
PACKAGES = vendor.read_manifest()


def test_checksums() -> None:
    assert PACKAGES
    assert vendor.faults(PACKAGES) == []


def test_the_command_verifies_offline() -> None:
    command = [sys.executable, str(ROOT / "tools" / "vendor.py"), "--check"]
    done = subprocess.run(
        command, env={"PATH": ""}, capture_output=True, text=True, check=False, cwd="/"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_licence_lies_beside(package: object) -> None:
    files: list[str] = [file.to for file in package.files]  # type: ignore[attr-defined]
    folders = {Path(file).parts[: Path(file).parts.index("vendor") + 2] for file in files}
    for folder in folders:
        beside = Path(ROOT, *folder)
        texts = [p.read_text("utf-8") for p in beside.iterdir() if "LICENSE" in p.name.upper()]
        assert texts and all("ermission" in text or "Mozilla Public" in text for text in texts), (
            beside
        )


def test_a_changed_file_and_a_missing_one_are_told(tmp_path: Path) -> None:
    file = vendor.File.model_validate({"from": "a", "to": "a.js", "sha256": vendor.checksum(b"a")})
    package = vendor.Package(name="A", package="a", version="1.0.0", licence="MIT", files=[file])
    assert "a.js is missing" in vendor.faults([package], tmp_path)[0]
    (tmp_path / "a.js").write_bytes(b"b")
    assert "a.js is not what" in vendor.faults([package], tmp_path)[0]
    (tmp_path / "a.js").write_bytes(b"a")
    assert vendor.faults([package], tmp_path) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- {name: A}", "package: Field required"),
        ("[", "vendor.yml: while parsing"),
        ("5", "not iterable"),
        (
            "- {name: A, package: a, version: 1.0.0, licence: MIT, files: [{from: a, to: ../a}]}",
            "../a lies outside",
        ),
        ("- {name: A, package: a, version: latest, licence: MIT, files: []}", "version"),
    ],
)
def test_a_wrong_manifest_is_told_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / vendor.MANIFEST
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(vendor.VendorError, match=words) as error:
        vendor.read_manifest(tmp_path)
    assert "\n" not in str(error.value)


def test_updating_writes_files_and_checksums(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / vendor.MANIFEST
    path.parent.mkdir(parents=True)
    path.write_text(
        "- {name: A, package: a, version: 1.0.0, licence: MIT, files: [{from: x, to: v/x}]}\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(vendor, "fetch", lambda package: {"x": b"new"})
    for said in ("A 1.0.0: wrote v/x\n", ""):
        vendor.update(vendor.read_manifest(tmp_path), tmp_path)
        assert (tmp_path / "v" / "x").read_bytes() == b"new"
        assert vendor.faults(vendor.read_manifest(tmp_path), tmp_path) == []
        assert capsys.readouterr().out == said


def test_no_npm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(vendor.VendorError, match=r"npm was not found\. Install Node\.js"):
        vendor.fetch(PACKAGES[0])
