# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""The step that typesets formulas, within a real MkDocs build."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from mkdocs.commands.build import build
from mkdocs.config.base import load_config

HOOK = Path(__file__).parents[2] / "hooks" / "formulas.py"
PAGE = r"""# A page

Here $d_k < 9$ and `$code$` cost $5.

$$
\frac{a}{b} = \mathbb{E}[x]
$$

```math
x_1
```
"""
FENCE = (
    "!!python/object/apply:pymdownx.arithmatex.arithmatex_fenced_format {kwds: {which: generic}}"
)


def built(folder: Path, markdown: str) -> str:
    (folder / "docs").mkdir(exist_ok=True)
    (folder / "docs" / "index.md").write_text(markdown, encoding="utf-8")
    (folder / "theme").mkdir(exist_ok=True)
    (folder / "theme" / "main.html").write_text(
        "{{ page.meta.formula_fonts | join(' ') }}|{{ page.content }}", encoding="utf-8"
    )
    (folder / "mkdocs.yml").write_text(
        f"""
site_name: Test
theme: {{name: null, custom_dir: theme}}
plugins: []
hooks: ["{HOOK}"]
markdown_extensions:
  pymdownx.arithmatex: {{generic: true}}
  pymdownx.superfences:
    custom_fences:
      - {{name: math, class: arithmatex, format: {FENCE}}}
""",
        encoding="utf-8",
    )
    build(load_config(str(folder / "mkdocs.yml")))
    return (folder / "site" / "index.html").read_text(encoding="utf-8")


def test_formulas_of_a_page_are_typeset(tmp_path: Path) -> None:
    fonts, page = built(tmp_path, PAGE).split("|", 1)
    assert fonts == "AMS-Regular Main-Regular Math-Italic"
    assert page.count('<bdi class="formula-inline"') == 1
    assert page.count('<div class="formula" ') == 2
    assert 'encoding="application/x-tex">d_k &lt; 9</annotation>' in page
    assert "<code>$code$</code> cost $5." in page
    assert "arithmatex" not in page


def test_second_build_of_the_same_process_gives_the_same_bytes(tmp_path: Path) -> None:
    assert built(tmp_path, PAGE) == built(tmp_path, PAGE)


def test_page_without_formulas_needs_no_fonts(tmp_path: Path) -> None:
    assert built(tmp_path, "Text.") == "|<p>Text.</p>"


def test_wrong_formula_is_a_warning_naming_file_and_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    page = built(tmp_path, r"Here $\fraq{a}$ is.")
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert record.getMessage().startswith(r"docs/index.md:1: the formula \fraq{a} cannot be")
    assert r'<code class="formula-source">\fraq{a}</code>' in page
