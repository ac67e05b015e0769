# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""The way of a page in real builds: what is wrong is said at once, and serving goes on."""

from __future__ import annotations

import logging

import pytest
from mkdocs.commands.build import build
from mkdocs.config.base import load_config

from tests.conftest import SmallSite, load

WRONG = """---
title: A
titel: B
---

# A

![](a.png) [gone](gone.md) [lost](#lost)

<!-- zoo: prof -->

```mermaid
---
title: a: b
---
pie
```

- a
  - b
"""


def test_all_that_is_wrong_in_a_page_is_said_with_the_lines_of_its_file(
    small_site: SmallSite,
) -> None:
    small_site.page("A/README.md", WRONG)
    small_site.page("A/a.png", b"x")
    small_site.page("A/deep.md", "# Deep\n\n" + "> " * 30 + "a\n")
    small_site.page("A/latin.md", b"# A\n\ncaf\xe9\n")
    small_site.page("A/note.md", "Note: stays\n")
    code, said = small_site.build(strict=False)
    assert code == 0 and "Traceback" not in said
    for place in (
        "docs/A/README.md:3: the front matter has the unknown key 'titel'",
        "docs/A/README.md:8: a picture has no text alternative",
        "docs/A/README.md:8: the link 'gone.md' leads to no file",
        "docs/A/README.md:8: the link '#lost' leads to no heading",
        "docs/A/README.md:10: <!-- zoo: prof --> asks for no block",
        "docs/A/README.md:14: the diagram's front matter is not valid YAML",
        "docs/A/deep.md:3: lists and quotes stand in one another more than 20 deep",
        "docs/A/latin.md:3: byte 0xe9 is not UTF-8",
    ):
        assert place in said
    assert said.count("WARNING") == 8
    assert "&gt; &gt; &gt;" in small_site.html("A/deep/index.html")
    assert "is not UTF-8" in small_site.html("A/latin/index.html")
    assert "Note: stays" in small_site.html("A/note/index.html")
    assert small_site.build()[0] == 1


def test_links_to_folders_files_and_code(small_site: SmallSite) -> None:
    small_site.page("A/B/README.md", "# B\n\n## dup\n\n## dup\n\n[up](../README.md)\n")
    small_site.page("A/data.bin", b"\0")
    small_site.page("A/run.py", "a = 1\nb = 2\n")
    small_site.page(
        "A/README.md",
        "# A\n\n[b](B) [dup](B/README.md#dup-1) [data](data.bin) [run](run.py#L2) "
        "[settings](../../mkdocs.yml)\n\n<a href='B/README.md'>raw</a>\n",
    )
    assert small_site.build() == (0, "")
    html = small_site.html("A/index.html")
    for address in ("B/", "B/#dup-1", "data.bin", "run.py.html#L2"):
        assert f'href="{address}"' in html
    assert '<a href="B/">raw</a>' in html
    assert "/blob/main/mkdocs.yml" in html
    shown = small_site.html("A/run.py.html")
    assert 'id="L2"' in shown and 'href="run.py" download' in shown
    assert "a = 1" in small_site.html("A/run.py")
    assert "run.py.html" not in small_site.html("search/whole_index.json")


def test_a_broken_page_keeps_its_last_good_version(
    small_site: SmallSite, caplog: pytest.LogCaptureFixture
) -> None:
    small_site.page("A/README.md", "# A\n\nGood.\n")
    settings = str(small_site.write_settings())
    logging.getLogger("mkdocs").propagate = True

    def built() -> str:  # in one process, as `mkdocs serve` does
        build(load_config(settings))
        return small_site.html("A/index.html")

    assert "Good." in built()
    small_site.page("A/README.md", b"# A\n\n\xff Bad.\n")
    small_site.page("README.md", "# Home\n\nAnother sentence.\n")
    assert "Good." in built()
    assert "Another sentence." in small_site.html("index.html")
    assert "docs/A/README.md:3: byte 0xff is not UTF-8" in caplog.text
    small_site.page("A/README.md", "# A\n\nMended.\n")
    assert "Mended." in built()


def test_a_page_is_rewritten_or_shown_as_code() -> None:
    flavoured = load("hooks/flavour.py").flavoured
    assert flavoured("a:\n- b\n", 4) == ("a:\n\n- b\n", [])
    shown, problems = flavoured("a\n\n" + ">" * 30 + "b\n", 4)
    assert shown.startswith("```\na\n") and [problem.line for problem in problems] == [6]
