# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""The step that gives Mermaid blocks their front matter: whole pages, and within a real build."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from zooniverse.diagrams import DiagramSettings, PageFacts, add_front_matter
from zooniverse.fences import find_fences

HOOK = Path(__file__).parents[2] / "hooks" / "mermaid_front_matter.py"
SETTINGS = DiagramSettings(
    author="Cong Le",
    version="1.0",
    licenses="MIT, CC BY 4.0",
    copyright="Copyright (c) 2025 Cong Le. All Rights Reserved.",
    config={"look": "handDrawn", "handDrawnSeed": 1},
)

NEW = """\
# The page

## The `encoder`, *step* by step

Text.

```mermaid
%%{init: {'theme': 'dark'}}%%
%% a comment
graph TB
  a --> b
```

```python
fence = "```mermaid"
```
"""
NEW_AFTER = """\
# The page

## The `encoder`, *step* by step

Text.

```mermaid
---
title: "The encoder, step by step"
author: "Ada"
version: "1.0"
license(s): "MIT, CC BY 4.0"
copyright: "Copyright (c) 2025 Cong Le. All Rights Reserved."
config:
  layout: elk
  look: handDrawn
  handDrawnSeed: 1
---
%%{init: {'theme': 'dark'}}%%
%% a comment
graph TB
  a --> b
```

```python
fence = "```mermaid"
```
"""
# The founding README's form: complete but for the seed.
FOUNDING = """\
```mermaid
---
title: "Transformer Architecture"
author: "Cong Le"
version: "2.0"
license(s): "MIT, CC BY-SA 4.0"
copyright: "Copyright (c) 2025 Cong Le. All Rights Reserved."
config:
  layout: dagre
  look: classic
  theme: dark
---
graph LR
  a --> b
```
"""
FOUNDING_AFTER = FOUNDING.replace("config:\n", "config:\n  handDrawnSeed: 1\n")
NESTED = "> 1. ~~~~mermaid\r\n>    mindmap\r\n>\r\n>      a\r\n>    ~~~~~\r\n> tail\r\n"
NESTED_AFTER = (
    '> 1. ~~~~mermaid\r\n>    ---\r\n>    title: "Page"\r\n>    author: "Ada"\r\n'
    '>    version: "1.0"\r\n>    license(s): "MIT, CC BY 4.0"\r\n'
    '>    copyright: "Copyright (c) 2025 Cong Le. All Rights Reserved."\r\n'
    ">    config:\r\n>      look: handDrawn\r\n>      handDrawnSeed: 1\r\n>    ---\r\n"
    ">    mindmap\r\n>\r\n>      a\r\n>    ~~~~~\r\n> tail\r\n"
)
UNTOUCHED = """\
<!--
```mermaid
info
```
-->

````markdown
```mermaid
pie
```
````

    ```mermaid
    pie
    ```

```mermaid-example
pie
```
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [(NEW, NEW_AFTER), (FOUNDING, FOUNDING_AFTER), (NESTED, NESTED_AFTER), (UNTOUCHED, UNTOUCHED)],
    ids=["new", "founding", "nested", "untouched"],
)
def test_golden(before: str, after: str) -> None:
    page = PageFacts("Page", "Ada")
    assert add_front_matter(before, SETTINGS, page) == (after, [])
    assert add_front_matter(after, SETTINGS, page) == (after, [])


PIECES = st.lists(
    st.sampled_from(
        [
            *(
                "# Heading\n",
                "Text.\n\n",
                "- item\n",
                "  more\n",
                "> quote\n",
                "\n",
                "<!--\n",
                "-->\n",
            ),
            *(
                "```mermaid\n",
                "```\n",
                "````\n",
                "~~~mermaid\n",
                "~~~\n",
                "> ```mermaid\n",
                "> ```\n",
            ),
            *("---\n", "title: Mine\n", "config:\n", "  look: neo\n", "a: b: c\n", "graph TB\n"),
            *("- ```mermaid\n", "  ---\n", "  pie\n", "  ```\n", "> ---\n", "> pie\n", "%% x\n"),
        ]
    ),
    max_size=14,
)


@given(pieces=PIECES, newline=st.sampled_from(["\n", "\r\n"]), bom=st.sampled_from(["", "\ufeff"]))
def test_any_page(pieces: list[str], newline: str, bom: str) -> None:
    before = bom + "".join(pieces).replace("\n", newline)
    after, problems = add_front_matter(before, SETTINGS, PageFacts("Page"))
    again, same_problems = add_front_matter(after, SETTINGS, PageFacts("Page"))
    assert (again, len(same_problems)) == (after, len(problems))
    old, new = find_fences(before), find_fences(after)
    assert len(problems) <= len(old) == len(new)
    # What lies between the blocks, openings and closings of fences included, is byte for byte.
    ends = [(0, 0), *(fence.span for fence in old), (len(before), len(before))]
    new_ends = [(0, 0), *(fence.span for fence in new), (len(after), len(after))]
    for i in range(len(ends) - 1):
        gap = before[ends[i][1] : ends[i + 1][0]]
        assert after[new_ends[i][1] : new_ends[i + 1][0]].strip("\r\n") == gap.strip("\r\n")


def build(folder: Path, page: str, **diagrams: object) -> tuple[int, str, str]:
    """Build a page in a bare site; returns exit status, what was said, and the page."""
    section = {**SETTINGS.model_dump(), **diagrams}
    config = {
        "site_name": "Test",
        "theme": {"name": None, "custom_dir": "theme"},
        "plugins": [],
        "hooks": [str(HOOK)],
        "extra": {"diagrams": section},
    }
    for name in ("docs", "theme"):
        (folder / name).mkdir()
    (folder / "theme" / "main.html").write_text("{{ page.content }}", encoding="utf-8")
    (folder / "docs" / "index.md").write_bytes(page.encode())
    (folder / "mkdocs.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict"],
        cwd=folder,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    built = folder / "site" / "index.html"
    # Not --quiet, which hides warnings from --strict, too.
    said = "".join(x for x in done.stderr.splitlines(keepends=True) if not x.startswith("INFO"))
    return done.returncode, said, built.read_text("utf-8") if built.is_file() else ""


def test_within_a_build(tmp_path: Path) -> None:
    page = "---\ntitle: Named\nauthor: Ada\n---\n\n    code\n\n```mermaid\npie\n```\n"
    status, said, html = build(tmp_path, page.replace("\n", "\r\n"))
    assert (status, said) == (0, "")
    assert "title: &quot;Named&quot;" in html or 'title: "Named"' in html
    assert "Ada" in html and "layout" not in html


def test_a_wrong_block_is_a_warning_with_its_line(tmp_path: Path) -> None:
    page = "---\ntitle: Named\n---\n\n\n# Head\n\n```mermaid\n---\ntitle: a: b\n---\npie\n```\n"
    status, said, _ = build(tmp_path, page)
    assert status == 1
    assert "docs/index.md:10: the diagram's front matter is not valid YAML" in said
    assert "Put values with colons" in said


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("version", 1.0, "mkdocs.yml: extra.diagrams.version is 1.0."),
        ("colour", "x", "mkdocs.yml: extra.diagrams.colour is not a setting."),
        ("config", "elk", "mkdocs.yml: extra.diagrams.config is 'elk'."),
    ],
)
def test_a_wrong_setting_stops_the_build(
    tmp_path: Path, key: str, value: object, words: str
) -> None:
    status, said, _ = build(tmp_path, "x", **{key: value})
    assert status == 1
    assert words in said
    assert "Traceback" not in said
