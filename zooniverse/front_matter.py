# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Reads a page's front matter: a part of YAML that cannot grow, with the keys that are known."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import yaml

from zooniverse.problems import Problem

MAX_FRONT_MATTER = 20_000
"""Characters that front matter may have."""
MAX_DEPTH = 20
"""How deep lists and mappings may stand in one another."""

_SHOWN = 60  # characters of an author's value that a message repeats
# What ends an element or an attribute's value: the theme writes titles as they are.
_MARKUP = re.compile(r'[<>"]')


class FrontMatterError(Exception):
    """Front matter of which nothing can be used; carries what is wrong as a Problem."""

    def __init__(self, line: int, message: str, cure: str) -> None:
        super().__init__(message)
        self.problem = Problem(line, message, cure)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and not _MARKUP.search(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 1_000_000


def _is_licence(value: object) -> bool:
    return _is_text(value) or (
        isinstance(value, dict)
        and set(value) <= {"text", "code"}
        and all(map(_is_text, value.values()))
    )


def _is_hide(value: object) -> bool:
    parts = ("navigation", "toc", "footer", "path")
    return isinstance(value, list) and all(part in parts for part in value)


def _is_tags(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_search(value: object) -> bool:
    if not isinstance(value, dict) or not set(value) <= {"exclude", "boost"}:
        return False
    boost = value.get("boost", 1)
    number = isinstance(boost, int | float) and not isinstance(boost, bool)
    return isinstance(value.get("exclude", True), bool) and number and 0 < boost <= 100


_TEXT = (_is_text, 'text without <, > and " (quotation marks are “ and ”)')
ALLOWED: dict[str, tuple[Callable[[object], bool], str]] = {
    "title": _TEXT,
    "description": _TEXT,
    "nav_title": _TEXT,
    "summary": _TEXT,
    "author": _TEXT,
    "order": (_is_number, "a whole number"),
    "license": (_is_licence, "an SPDX identifier, or {text: …, code: …} with one for each"),
    "template": (lambda value: value == "home.html", "home.html, or leave it out"),
    "hide": (_is_hide, "a list of navigation, toc, footer, path"),
    "tags": (_is_tags, "a list of words"),
    "search": (_is_search, "{exclude: true} or {boost: 2}"),
}
"""The keys of front matter: what a value must be, and how that is said."""


def front_matter(text: str) -> tuple[dict[str, Any], list[Problem]]:
    """Parse front matter and keep what is allowed in it.

    Args:
        text: The lines between the two ``---``; the first of them is the file's second.

    Returns:
        The values that fit `ALLOWED`, and a problem for each that does not.

    Raises:
        FrontMatterError: It is not YAML, no mapping, or has what could make it grow.
    """
    if len(text) > MAX_FRONT_MATTER:
        raise FrontMatterError(1, f"the front matter has {len(text):,} characters",
                                f"Write at most {MAX_FRONT_MATTER:,}")  # fmt: skip
    try:
        _check_events(text)
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if root is None:
            return {}, []
        if not isinstance(root, yaml.MappingNode):
            raise FrontMatterError(2, "the front matter is no mapping", _NO_MAPPING)
        _check_keys(root)
        return _known(root, loader.construct_document(root))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(f"{error.context or ''} {error.problem or ''}".split())
        line = mark.line + 2 if mark else 1
        raise FrontMatterError(line, f"the front matter is not YAML: {said}", _NOT_YAML) from None
    except (yaml.YAMLError, ValueError) as error:
        said = " ".join(str(error).split())
        raise FrontMatterError(1, f"the front matter is not YAML: {said}", _NOT_YAML) from None


_NOT_YAML = (
    "Write 'key: value' lines, and quotes around a value that holds a colon or begins with a sign"
)
_NO_MAPPING = "Write 'key: value' lines, or an empty line above a --- that is meant as a rule"


def _check_events(text: str) -> None:
    """Refuse what could make front matter grow or run: anchors, aliases, tags, depth."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 2 if event.start_mark else 1
        if getattr(event, "anchor", None) is not None:
            raise FrontMatterError(line, "the front matter has an anchor or alias (& or *)",
                                   "Write the value out, or in quotes")  # fmt: skip
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise FrontMatterError(line, f"the front matter has the tag {_short(tag)}",
                                   "Write a value that begins with ! in quotes")  # fmt: skip
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise FrontMatterError(line, f"the front matter is nested more than {MAX_DEPTH} deep",
                                   "Write it flat")  # fmt: skip


def _check_keys(node: yaml.Node) -> None:
    """Refuse keys that are not text, and keys that stand twice."""
    seen: set[str] = set()
    for item in node.value if isinstance(node, yaml.CollectionNode) else []:
        key, value = item if isinstance(item, tuple) else (None, item)
        if key is not None:
            line = key.start_mark.line + 2
            if key.tag != "tag:yaml.org,2002:str":
                raise FrontMatterError(line, "a key of the front matter is not text",
                                       "Write a word, a colon and a value")  # fmt: skip
            if key.value in seen:
                raise FrontMatterError(line, f"the key {key.value[:_SHOWN]!r} stands twice",
                                       "Write it once")  # fmt: skip
            seen.add(key.value)
        _check_keys(value)


def _known(root: yaml.MappingNode, meta: dict[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Return the values that are allowed, and a problem for each other one."""
    kept, problems = {}, []
    for key_node, value_node in root.value:
        key, line = key_node.value, key_node.start_mark.line + 2
        if key not in ALLOWED:
            near = "".join(f"'{name}', or " for name in get_close_matches(key, ALLOWED, n=1))
            cure = f"Write {near}one of the known keys: {', '.join(ALLOWED)}"
            problems.append(
                Problem(line, f"the front matter has the unknown key {_short(key)}", cure)
            )
        elif not ALLOWED[key][0](meta[key]):
            found = value_node.value if isinstance(value_node, yaml.ScalarNode) else meta[key]
            message = f"{key} is {_short(found)}" if found else f"{key} is empty"
            quotes = ALLOWED[key] is _TEXT and found and not isinstance(meta[key], str)
            hint = ", in quotes" if quotes else ""  # 2048, yes and 2026-11-24 are no text in YAML
            problems.append(Problem(line, message, f"Write {ALLOWED[key][1]}{hint}"))
        else:
            kept[key] = meta[key]
    return kept, problems


def _short(value: object) -> str:
    said = repr(value)
    return said if len(said) <= _SHOWN else said[:_SHOWN] + "…"
