# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""The house front matter is merged into a Mermaid source, and the author's own always wins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from zooniverse.diagrams import (
    DiagramSettings,
    FrontMatterError,
    PageFacts,
    add_front_matter,
    diagram_type,
    find_front_matter,
    house_front_matter,
    with_front_matter,
)

HOUSE: dict[str, Any] = {
    "title": "T",
    "license(s)": "MIT",
    "config": {"look": "handDrawn", "flowchart": {"curve": "basis", "padding": 3}},
}
SETTINGS = DiagramSettings(
    author="Cong Le",
    version="1.0",
    licenses="MIT, CC BY 4.0",
    copyright="Copyright (c) 2025 Cong Le. All Rights Reserved.",
    config={"look": "handDrawn", "handDrawnSeed": 1},
)


def read(source: str) -> dict[str, Any]:
    found = find_front_matter(source)
    assert found
    value = yaml.safe_load(found.text)
    assert isinstance(value, dict)
    return value


def merged(author: Mapping[str, Any], house: Mapping[str, Any]) -> dict[str, Any]:
    """What a merge must come to: the author's value wherever there is one."""
    result = {**house, **author}
    for key, value in author.items():
        default = house.get(key)
        if isinstance(default, Mapping):
            if isinstance(value, Mapping):
                result[key] = merged(value, default)
            elif value is None:
                result[key] = dict(default)
    return result


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "pie\n",
            '---\ntitle: "T"\nlicense(s): "MIT"\nconfig:\n  look: handDrawn\n  flowchart:\n'
            "    curve: basis\n    padding: 3\n---\npie\n",
        ),
        (
            "---\ntitle: 'Mine' # mine\nconfig:\n    # dark, because\n    theme: dark\n---\npie\n",
            "---\ntitle: 'Mine' # mine\nconfig:\n    look: handDrawn\n    flowchart:\n"
            "      curve: basis\n      padding: 3\n    # dark, because\n    theme: dark\n"
            'license(s): "MIT"\n---\npie\n',
        ),
        (
            "---\nconfig: {look: neo, flowchart: {padding: 9}}\n---\n",
            '---\nconfig: {look: neo, flowchart: {curve: "basis", padding: 9}}\n'
            'title: "T"\nlicense(s): "MIT"\n---\n',
        ),
        (
            "---\n{title: Mine, license(s): x, config: {}}\n---\npie\n",
            '---\n{title: Mine, license(s): x, config: {look: "handDrawn", '
            'flowchart: {"curve": "basis", "padding": 3}}}\n---\npie\n',
        ),
        (
            "---\ntitle: a\nlicense(s): b\nconfig:\n  look: c\n  flowchart:\n---\npie\n",
            "---\ntitle: a\nlicense(s): b\nconfig:\n  look: c\n  flowchart:\n    curve: basis\n"
            "    padding: 3\n---\npie\n",
        ),
        ("---\n---\npie\n", '---\ntitle: "T"\nlicense(s): "MIT"\nconfig:\n  look: handDrawn\n'
         "  flowchart:\n    curve: basis\n    padding: 3\n---\npie\n"),
        ("\n\n", "\n\n"),
    ],
)  # fmt: skip
def test_golden(source: str, expected: str) -> None:
    assert with_front_matter(source, HOUSE) == expected
    assert with_front_matter(expected, HOUSE) == expected


@pytest.mark.parametrize("value", ["", "null", "plain", "[1, 2]", "{look: neo}"])
def test_the_authors_config_wins_whatever_it_is(value: str) -> None:
    source = f"---\nconfig: {value}\n---\npie\n"
    author = yaml.safe_load(value)
    if value == "null":  # said in so many words
        assert read(with_front_matter(source, HOUSE))["config"] is None
    else:
        assert read(with_front_matter(source, HOUSE)) == merged({"config": author}, HOUSE)


@pytest.mark.parametrize(
    "text",
    [
        "title: |+\n  two\n  lines\n\n",
        "title: >-\n  folded\n\n# a comment at the end\n",
        'title: "a\n  b"\n',
        "  title: indented\n  config:\n    look: neo\n",
        "? title\n: complex\n",
        "&a title: anchored\nauthor: *a\n",
        "&all\ntitle: x\n",
        "title: x\n\n\n",
        "config:\n- a\n- b\n",
        'title: "--- not the end"\n',
    ],
)
def test_yaml_of_every_kind_is_merged_or_refused(text: str) -> None:
    source = f"---\n{text}---\npie\n"
    result = with_front_matter(source, HOUSE)
    assert read(result) == merged(yaml.safe_load(text), HOUSE)
    assert all(line in result.split("\n") for line in source.split("\n"))


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("---\ntitle: a: b\n---\npie\n", 2, "not valid YAML"),
        ("\n---\nx: 1\ntitle: 'a\n---\npie\n", 5, "not valid YAML"),
        ("---\n- a\n---\npie\n", 2, "not a list of keys and values"),
        ("---\ntitle: a\npie\n", 1, "not closed"),
        ("---\na: 1\nb: 2\na: 3\n---\npie\n", 4, "'a' stands twice"),
        ("---\nconfig:\n  look: a\n  look: b\n---\npie\n", 4, "'look' stands twice"),
        ("---\na: !!python/object:os.system x\n---\npie\n", 2, "has the tag"),
        ("---\na: \x07\n---\npie\n", 2, "not valid YAML"),
        ("---\na: " + "[" * 50 + "]" * 50 + "\n---\npie\n", 2, "nested"),
        ("---\na: &a 1\nb: [" + "*a, " * 201 + "]\n---\npie\n", 3, "anchors more than 200"),
        ("---\na: " + "x" * 20_000 + "\n---\npie\n", 2, "longer than 20,000"),
        ("---\nconfig: &a\n  look: x\nb: *a\n---\npie\n", 2, "nothing can be added"),
        ("---\n? config\n: look: x\n---\npie\n", 2, "nothing can be added"),
    ],
)
def test_what_cannot_be_read_is_refused(source: str, line: int, words: str) -> None:
    with pytest.raises(FrontMatterError, match=words) as refused:
        with_front_matter(source, HOUSE)
    assert refused.value.line == line


def test_a_bomb_of_aliases_is_cheap() -> None:
    levels = "".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]\n" for i in range(1, 20))
    result = with_front_matter(f"---\nl0: &l0 lol\n{levels}---\npie\n", HOUSE)
    assert result.endswith("---\npie\n")


def test_a_mapping_that_holds_itself_ends() -> None:
    with pytest.raises(FrontMatterError, match="nothing can be added"):
        with_front_matter("---\nconfig: &a\n  flowchart: *a\n---\npie\n", HOUSE)


@pytest.mark.parametrize(
    "title",
    [
        'say "x": {y} [z]',
        "--- # not a comment",
        "it's é 中 🚀 \\ \\n",
        "a\nb\r\n---\nc",
        'x < y and <b a="c">',
        "\x85\u2028\x7f\ufeff\ud800\x00\x1b",
        "null",
        "%%{init}%%",
    ],
)
def test_titles_survive(title: str) -> None:
    source = with_front_matter("pie\n", {"title": title})
    assert read(source)["title"] == title.replace("\ud800", "\ufffd")
    assert source.count("\n") == 4
    assert diagram_type(source) == "pie"


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("graph TB\n", "graph"),
        ("  flowchart-elk LR;\n", "flowchart-elk"),
        (
            "---\ntitle: graph\n---\n\n%% graph\n%%{init: {\n'a': 1}}%%\n%% x\n  mindmap\n",
            "mindmap",
        ),
        ("%%{init: {'theme': 'dark'}}%% pie\n", "pie"),
        ("  ---\n  title: x\n  ---\n  erDiagram\n", "erDiagram"),
        ("stateDiagram-v2\n", "stateDiagram-v2"),
        ("%% only a comment", ""),
        ("%%{ never closed", ""),
        ("---\nnever: closed\n", ""),
        ("", ""),
        ("123", ""),
    ],
)
def test_diagram_type(source: str, kind: str) -> None:
    assert diagram_type(source) == kind


@pytest.mark.parametrize("kind", ["graph TB", "classDiagram", "erDiagram", "requirementDiagram"])
def test_elk_lays_out_graphs(kind: str) -> None:
    assert house_front_matter(kind, SETTINGS)["config"]["layout"] == "elk"


@pytest.mark.parametrize("kind", ["mindmap", "swimlane-beta", "pie", "sequenceDiagram", ""])
def test_elk_lays_out_nothing_else(kind: str) -> None:
    assert "layout" not in house_front_matter(kind, SETTINGS)["config"]


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        (None, "Cong Le"),
        ("Ada", "Ada"),
        (["Ada", "Alan"], "Ada, Alan"),
        (7, "Cong Le"),
        (["", None], "Cong Le"),
        (" ", "Cong Le"),
    ],
)
def test_author(author: object, expected: str) -> None:
    assert house_front_matter("pie", SETTINGS, author=author)["author"] == expected


def test_settings_are_checked() -> None:
    good = SETTINGS.model_dump()
    for key, value in [("version", 1.0), ("author", ""), ("copyright", "two\nlines"), ("x", "y")]:
        with pytest.raises(ValidationError):
            DiagramSettings.model_validate({**good, key: value})


def test_problems_name_the_line_of_the_file_in_order() -> None:
    bad = "```mermaid\n---\na: b: c\n---\npie\n```\n"
    good = "```mermaid\npie\n```\n"
    text, problems = add_front_matter(bad + good + "\n" + bad, SETTINGS, PageFacts(first_line=10))
    assert [problem.line for problem in problems] == [12, 22]
    assert text.startswith(bad) and text.endswith(bad)
    assert 'author: "Cong Le"' in text


KEYS = st.sampled_from(["title", "config", "look", "flowchart", "curve", "license(s)", "é: #", "x"])
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(author=st.dictionaries(KEYS, VALUES, max_size=4), flow=st.sampled_from([None, True, False]))
def test_the_author_wins_at_every_depth(author: dict[str, Any], flow: bool | None) -> None:
    written = yaml.safe_dump(author, default_flow_style=flow, sort_keys=False, allow_unicode=True)
    author = yaml.safe_load(written)  # PyYAML itself does not write all texts so that it reads them
    source = f"---\n{written}---\npie\n"
    result = with_front_matter(source, HOUSE)

    def keep_null(value: Any, house: Any) -> Any:  # safe_dump writes None as a plain "null"
        if not isinstance(value, dict) or not isinstance(house, dict):
            return value
        return {**house, **{k: keep_null(v, house.get(k)) for k, v in value.items()}}

    assert read(result) == keep_null(author, HOUSE)
    assert with_front_matter(result, HOUSE) == result
    assert result.endswith("---\npie\n")
    if flow is False:  # the author's lines stand as they stood, in their order
        rest = iter(result.split("\n"))
        assert all(line in rest for line in source.split("\n") if "{" not in line)


@given(title=st.text(max_size=40))
def test_any_title_survives(title: str) -> None:
    assert read(with_front_matter("pie\n", {"title": title}))["title"] == title
