# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""The step that sets into a page what proof.json records beside it."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from mkdocs.commands.build import build
from mkdocs.config.base import load_config

from tests.zooniverse.proofs.test_blocks import PROOF
from zooniverse.proofs.record import Record, digest, write_record

HOOK = Path(__file__).parents[2] / "hooks" / "proofs.py"
PAGE = "# Made\n\n<!-- zoo: proof -->\n\n<!-- zoo: ledger -->\n\nText `<!-- zoo: curve -->`.\n"
RECORD = """name: Made
line: It was made.
year: 2024
authors: [A Person]
organisations: [A Place]
venue: arXiv
paper: {title: Made, arxiv: "2401.00001"}
tasks: [testing]
modalities: [text]
sizes: [{name: base, source: "https://arxiv.org/abs/2401.00001"}]
weights: {availability: none}
deviations:
  - what: It has biases.
    paper: Section 3
"""


def built(
    folder: Path, caplog: pytest.LogCaptureFixture, proof: dict[str, Any] | str | None
) -> tuple[str, list[str]]:
    place = folder / "docs" / "Area" / "Made"
    place.mkdir(parents=True, exist_ok=True)
    (folder / "docs" / "index.md").write_text("Home.", encoding="utf-8")
    (place / "README.md").write_text(PAGE, encoding="utf-8")
    (place / "model.yml").write_text(RECORD, encoding="utf-8")
    (place / "made.py").write_text("print(1)\n", encoding="utf-8")
    if isinstance(proof, dict):
        hashes = {"made.py": digest(place / "made.py")}
        write_record(Record.model_validate({"hashes": hashes, **proof}), place)
    elif proof is not None:
        (place / "proof.json").write_text(proof, encoding="utf-8")
    (folder / "theme").mkdir(exist_ok=True)
    (folder / "theme" / "main.html").write_text("{{ page.content }}", encoding="utf-8")
    (folder / "mkdocs.yml").write_text(
        "site_name: Test\ntheme: {name: null, custom_dir: theme}\nplugins: []\n"
        f'hooks: ["{HOOK}"]\n',
        encoding="utf-8",
    )
    caplog.set_level(logging.INFO)
    caplog.clear()
    build(load_config(str(folder / "mkdocs.yml")))
    html = (folder / "site" / "Area" / "Made" / "index.html").read_text(encoding="utf-8")
    return html, [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


GOOD = {key: value for key, value in PROOF.items() if key != "hashes"}


def test_a_good_proof_is_shown_with_deviations(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    html, warnings = built(tmp_path, caplog, GOOD)
    assert warnings == []
    assert html.count('<section class="zoo-proof"') == 1
    assert "zoo-badge--proven" in html
    assert "<li>It has biases. <small>Paper: Section 3.</small></li>" in html
    assert html.count('<div class="zoo-ledger">') == 1
    assert "&lt;!-- zoo: curve --&gt;" in html
    assert "<svg" not in html


def test_without_a_proof_the_page_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    html, warnings = built(tmp_path, caplog, None)
    assert warnings == []
    assert "zoo-badge--unproven" in html
    assert html.count("make prove MODEL=Made") == 2


@pytest.mark.parametrize(
    ("proof", "warning", "badge"),
    [
        (
            {
                **GOOD,
                "status": "failed",
                "failures": ["equality 'model': 1 exceeds 1e-9. Mend it."],
            },
            "the proof failed: equality 'model': 1 exceeds 1e-9. Run: make prove MODEL=Made.",
            "failed",
        ),
        (
            {**GOOD, "hashes": {"made.py": "0" * 64}},
            "the proof is older than made.py. Run: make prove MODEL=Made.",
            "proven",
        ),
        (
            {**GOOD, "hashes": {"gone.py": "0" * 64}},
            "the proof is older than gone.py. Run: make prove MODEL=Made.",
            "proven",
        ),
        (
            "{",
            "the record of the proof cannot be read at its beginning. Run: make prove MODEL=Made.",
            "unproven",
        ),
        (
            json.dumps({**GOOD, "hashes": {}, "status": "certain"}),
            "the record of the proof cannot be read at status. Run: make prove MODEL=Made.",
            "unproven",
        ),
    ],
)
def test_what_is_wrong_is_a_warning(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    proof: dict[str, Any] | str,
    warning: str,
    badge: str,
) -> None:
    html, warnings = built(tmp_path, caplog, proof)
    assert warnings == [f"docs/Area/Made/proof.json: {warning}"]
    assert f"zoo-badge--{badge}" in html


def test_a_page_that_asks_for_nothing_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    built(tmp_path, caplog, None)
    assert (tmp_path / "site" / "index.html").read_text(encoding="utf-8") == "<p>Home.</p>"
