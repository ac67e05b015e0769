# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Real builds: with a browser, from the cache, and with neither."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT, SmallSite, load, mkdocs_build

pytestmark = pytest.mark.browser

PAGE = """\
---
title: Deep
description: One sentence.
---

# Deep

```mermaid
flowchart TB
  a["Alpha"] --> b["Beta & co"]
```
"""
WRONG = "# Wrong\n\nText.\n\n```mermaid\nflowchart TB\n  a --> b\n  c[(\n  d --> e\n```\n"
PLAIN = "# Plain\n\nThe word mermaid alone.\n"
NO_BROWSER = "/no/such/browser"


def test_pictures_are_drawn_once_and_kept(
    small_site: SmallSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_site.page("A/README.md", PAGE)
    assert small_site.build() == (0, "")
    html = small_site.html("A/index.html")
    found = re.findall(r'<img src="\.\./(assets/diagrams/[0-9a-f]{20}-(?:light|dark)\.svg)#', html)
    assert len(found) == 2
    assert all(small_site.html(path).startswith("<svg") for path in found)
    assert "mermaid.min.js" not in html
    index = json.loads(small_site.html("search/whole_index.json"))
    text = " ".join(doc["text"] for doc in index["docs"] if doc["location"].startswith("A/"))
    assert "Alpha to Beta" in text
    assert not re.search("flowchart TB|handDrawn|All Rights Reserved|Full screen", text)
    monkeypatch.setenv("CHROME", NO_BROWSER)
    monkeypatch.setenv("DIAGRAMS", "static")
    before = {path: small_site.html(path) for path in ["A/index.html", *found]}
    assert small_site.build() == (0, "")
    assert before == {path: small_site.html(path) for path in before}


def test_without_browser_mermaid2_draws_and_nothing_is_warned_of(
    small_site: SmallSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHROME", NO_BROWSER)
    small_site.page("A/README.md", PAGE)
    small_site.page("B/README.md", PLAIN)
    assert small_site.build() == (0, "")
    html = small_site.html("A/index.html")
    assert '<div class="mermaid" data-search-exclude>' in html
    library = '<script src="../assets/vendor/mermaid/mermaid.min.js"></script>'
    assert f"{library}<script>mermaid.initialize({{" in html.partition("</article>")[2]
    assert 'id="diagram-themes"' in html
    # It parses no page: what it writes anew has a loud doctype.
    assert "<!doctype html>" in html
    assert "mermaid.initialize" not in small_site.html("B/index.html")
    monkeypatch.setenv("DIAGRAMS", "static")
    code, said = small_site.build()
    assert code == 1
    assert "docs/A/README.md:8: the diagram has no picture: no browser to draw with" in said


def test_live_where_it_is_wished(small_site: SmallSite) -> None:
    small_site.settings = "extra: {diagrams: {pictures: live}}\n"
    small_site.page("A/README.md", PAGE)
    assert small_site.build() == (0, "")
    assert 'class="mermaid"' in small_site.html("A/index.html")


def test_a_wrong_diagram_is_a_warning_and_shows_its_source(small_site: SmallSite) -> None:
    small_site.page("A/README.md", WRONG)
    code, said = small_site.build(strict=False)
    assert code == 0
    (line,) = [line for line in said.splitlines() if "Mermaid" in line]
    found = re.search(r"docs/A/README\.md:(\d+): Mermaid cannot draw the diagram: (.*)", line)
    assert found and found[1] in ("8", "9"), line
    assert f"line {found[1]}" in found[2] and "Expecting" in found[2] and ", at '" in found[2]
    html = small_site.html("A/index.html")
    assert "diagram--refused" in html and "c[(\n" in html
    assert "mermaid.min.js" not in html


def test_serving_never_waits_for_a_browser(
    small_site: SmallSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook: Any = load("hooks/diagrams.py")
    asked: list[bool] = []
    monkeypatch.setattr(hook.browser, "find", lambda: asked.append(True))

    class File:
        src_uri, edit_uri, url, content_bytes = "A/README.md", "A/README.md", "A/", PAGE.encode()

    class Page:
        file, content = File, '<div class="mermaid">flowchart TB\n  a --&gt; b</div>'

    File.page = Page  # type: ignore[attr-defined]

    class Files(list[Any]):
        def documentation_pages(self) -> list[Any]:
            return [File]

    class Config:
        extra = yaml.safe_load("diagrams: {author: A, version: '1', licenses: L, copyright: C}")
        docs_dir = str(ROOT / "docs")
        config_file_path = str(small_site.folder / "mkdocs.yml")

    hook.on_startup("serve", False)
    hook.on_env(None, Config, Files())
    assert asked == [] and "diagram--live" in Page.content
    Page.content = '<div class="mermaid">flowchart TB\n  a --&gt; b</div>'
    hook.on_startup("build", False)
    hook.on_env(None, Config, Files())
    assert asked == [True] and "diagram--live" in Page.content


def test_the_hosted_site_has_no_live_diagram(root: Path) -> None:
    for name in ("check", "publish"):
        workflow = yaml.safe_load((root / f".github/workflows/{name}.yml").read_text("utf-8"))
        assert workflow["env"] == {"DIAGRAMS": "static"}, name


def test_a_wrong_mode_is_one_line(small_site: SmallSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIAGRAMS", "sometimes")
    code, said = mkdocs_build(small_site.write_settings(), small_site.folder / "site")
    assert code == 1
    assert "mkdocs.yml: extra.diagrams.pictures is 'sometimes'." in said
    assert "Traceback" not in said
