# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Gives each Mermaid block of a page the house front matter and keeps what its author set."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, JsonValue, StringConstraints

from zooniverse.fences import Fence, find_fences, replace_content
from zooniverse.problems import Problem
from zooniverse.settings import Settings

# What Mermaid 12.3 lays out with ELK, tried one by one. Mindmaps fail with it, swimlanes lose
# their lanes, and all other types have a layout of their own.
ELK_TYPES = frozenset(
    {
        *("graph", "flowchart", "flowchart-elk", "classDiagram", "classDiagram-v2"),
        *("stateDiagram", "stateDiagram-v2", "erDiagram", "requirementDiagram"),
        *("usecase-beta", "agentflow-beta"),
    }
)

MAX_LENGTH = 20_000
MAX_ALIASES = 200
MAX_DEPTH = 20

# Mermaid's own rule: the opening line may be indented, the closing one begins with the same indent.
_OPENING = re.compile(r"\s*^([^\S\n]*)---[^\S\n]*\n", re.MULTILINE)
_TYPE = re.compile(r"[A-Za-z][\w-]*")
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")
)
# What YAML does not allow in a text as it stands, or takes for a line's end.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]")

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\r\n]*$")]


class DiagramSettings(Settings):
    """What a diagram's front matter says where its author says nothing.

    Attributes:
        author: Author of diagrams on pages that name none.
        version: Version of a diagram, in quotes: ``"1.0"``.
        licenses: Licences of the source and of the picture, as one text.
        copyright: The copyright line.
        config: Mermaid's configuration for every diagram.
        pictures: When diagrams are pictures. ``auto``: where a browser is found to draw them with,
            or the cache has them. ``static``: always, and one that could not be drawn is a warning.
            ``live``: never.
    """

    author: Line
    version: Line
    licenses: Line
    copyright: Line
    config: dict[str, JsonValue] = Field(default_factory=dict)
    pictures: Literal["auto", "static", "live"] = "auto"


@dataclass(frozen=True)
class FrontMatter:
    """The front matter of a Mermaid source.

    Attributes:
        start: Where its YAML begins in the source.
        text: The YAML, newline at the end included; empty if there is none between the lines.
    """

    start: int
    text: str


class FrontMatterError(ValueError):
    """Front matter that Mermaid or this module cannot read.

    Attributes:
        line: Line of the source, counted from 1.
        message: What is wrong, without a full stop.
        cure: What to do, without a full stop.
    """

    def __init__(self, line: int, message: str, cure: str) -> None:
        super().__init__(message)
        self.line, self.message, self.cure = line, message, cure


@dataclass(frozen=True)
class PageFacts:
    """What a diagram's front matter takes from the page.

    Attributes:
        title: The page's title, for a block that stands before the first heading.
        author: The page's author or a list of them; of any other kind, the settings' one is used.
        first_line: Line of the page's file on which its Markdown begins, counted from 1.
        source: The page's Markdown as its author wrote it, where an earlier step has moved its
            lines: problems name the lines of the file.
    """

    title: str = ""
    author: object = None
    first_line: int = 1
    source: str | None = None


NO_FACTS = PageFacts()


def add_front_matter(
    markdown: str, settings: DiagramSettings, page: PageFacts = NO_FACTS
) -> tuple[str, list[Problem]]:
    """Give every Mermaid block of a page the house front matter.

    Args:
        markdown: The page without its own front matter.
        settings: What to add where the author says nothing.
        page: What the page says.

    Returns:
        The page, and a problem for each block that was left as it is.
    """
    blocks = [fence for fence in find_fences(markdown) if fence.language == "mermaid"]
    problems: list[Problem] = []
    lines = cache(lambda: _lines(blocks, page.source))
    for number, fence in reversed(
        [*enumerate(blocks)]
    ):  # from the last, so that the spans before it stay right
        try:
            house = house_front_matter(
                fence.content, settings, title=fence.heading or page.title, author=page.author
            )
            content = with_front_matter(fence.content, house)
        except FrontMatterError as error:
            line = page.first_line - 1 + lines()[number] + error.line
            problems.insert(0, Problem(line, error.message, error.cure))
        else:
            markdown = replace_content(markdown, fence, content)
    return markdown, problems


def _lines(blocks: Sequence[Fence], source: str | None) -> list[int]:
    """Return the line of each block in the page's source, in which it has the same content."""
    if source is None:
        return [fence.line for fence in blocks]
    known: dict[str, list[int]] = {}
    for fence in find_fences(source):
        if fence.language == "mermaid":
            known.setdefault(fence.content.strip(), []).append(fence.line)
    found = []
    for fence in blocks:
        there = known.get(fence.content.strip(), [fence.line])
        found.append(there.pop(0) if len(there) > 1 else there[0])
    return found


def house_front_matter(
    source: str, settings: DiagramSettings, *, title: str = "", author: object = None
) -> dict[str, Any]:
    """Return the front matter that a Mermaid source gets if its author says nothing.

    Args:
        source: Mermaid's source, which decides whether ELK lays it out.
        settings: The house's values.
        title: The title; none if it is empty.
        author: The page's author, or a list of them.
    """
    layout = {"layout": "elk"} if diagram_type(source) in ELK_TYPES else {}
    values = {
        # Mermaid drops what follows a "<" in a title, unless a space does.
        "title": re.sub(r"<(?=\S)", "< ", title),
        "author": _names(author) or settings.author,
        "version": settings.version,
        "license(s)": settings.licenses,
        "copyright": settings.copyright,
        "config": layout | settings.config,
    }
    return {key: value for key, value in values.items() if value}


def with_front_matter(source: str, defaults: Mapping[str, Any]) -> str:
    """Merge ``defaults`` into the front matter of a Mermaid source.

    The author's lines stay as they are and his keys win at every depth; only lines for keys that
    he did not set are added. A second run changes nothing.

    Args:
        source: Mermaid's source, its lines ended by line feeds.
        defaults: Keys and values to add; mappings are merged key by key.

    Raises:
        FrontMatterError: The front matter cannot be read, or not be merged safely.
    """
    if not source.strip():
        return source
    found = find_front_matter(source)
    if found is None:
        return f"---\n{_block(defaults, 0)}---\n{source}"
    try:
        merged = _merged(found.text, defaults)
    except FrontMatterError as error:
        error.line += source[: found.start].count("\n")
        raise
    return source[: found.start] + merged + source[found.start + len(found.text) :]


def find_front_matter(source: str) -> FrontMatter | None:
    """Find the front matter of a Mermaid source, as Mermaid does.

    Raises:
        FrontMatterError: It is opened and not closed.
    """
    opening = _OPENING.match(source)
    if not opening:
        return None
    start = opening.end()
    closing = re.compile(rf"^{opening[1]}---[^\S\n]*$", re.MULTILINE).search(source, start)
    if not closing:
        raise FrontMatterError(
            source[:start].count("\n"),
            "the diagram's front matter is not closed",
            "Put a line of --- after it",
        )
    return FrontMatter(start, source[start : closing.start()])


def diagram_type(source: str) -> str:
    """Return the word that names a diagram's type, or an empty string.

    Front matter, comments and directives are skipped.
    """
    try:
        found = find_front_matter(source)
    except FrontMatterError:
        return ""
    at = 0
    if found:
        closing = source.index("---", found.start + len(found.text))
        at = closing + 3
    while True:
        while at < len(source) and source[at].isspace():
            at += 1
        if source.startswith("%%{", at):
            end = source.find("}%%", at)
            if end < 0:
                return ""
            at = end + 3
        elif source.startswith("%%", at):
            end = source.find("\n", at)
            if end < 0:
                return ""
            at = end
        else:
            word = _TYPE.match(source, at)
            return word.group() if word else ""


def _names(author: object) -> str:
    names = author if isinstance(author, list) else [author]
    return ", ".join(name.strip() for name in names if isinstance(name, str) and name.strip())


def _merged(text: str, defaults: Mapping[str, Any]) -> str:
    old = _parse(text)
    merged = text
    # From the last place to the first; at one place, what is indented more ends up above.
    for at, lines in sorted(_additions(text, old, defaults), reverse=True):
        merged = merged[:at] + lines + merged[at:]
    try:
        new = _parse(merged)
        good = not _additions(merged, new, defaults) and _keeps(old, new, defaults)
    except FrontMatterError:
        good = False
    if not good:
        raise FrontMatterError(
            1,
            "the diagram's front matter is written in a way that nothing can be added to it",
            "Write it as plain 'key: value' lines",
        )
    return merged


def _parse(text: str) -> yaml.MappingNode | None:
    """Read front matter into YAML's nodes, which know where they stand; None if it is empty.

    Nodes are not expanded: a mapping that is referred to ten times is there once.
    """
    if len(text) > MAX_LENGTH:
        raise FrontMatterError(
            1,
            f"the diagram's front matter is longer than {MAX_LENGTH:,} characters",
            "Shorten it",
        )
    try:
        _check_events(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        what = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
        raise FrontMatterError(
            line,
            f"the diagram's front matter is not valid YAML ({what})",
            "Put values with colons, quotes or brackets in double quotes",
        ) from None
    if root is None:
        return None
    if not isinstance(root, yaml.MappingNode):
        raise FrontMatterError(
            _line(root),
            "the diagram's front matter is not a list of keys and values",
            "Write it as 'key: value' lines",
        )
    for mapping in _mappings(root):
        seen: set[str] = set()
        for key, _ in mapping.value:
            if str(key.value) in seen:
                raise FrontMatterError(
                    _line(key),
                    f"the key '{key.value}' stands twice in the diagram's front matter",
                    "Keep one",
                )
            seen.add(str(key.value))
    return root


def _check_events(text: str) -> None:
    aliases = depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        message = ""
        if isinstance(event, yaml.AliasEvent):
            aliases += 1
            message = f"refers to anchors more than {MAX_ALIASES} times"
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            message = f"is nested more than {MAX_DEPTH} deep"
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        tag = getattr(event, "tag", None)
        if aliases > MAX_ALIASES or depth > MAX_DEPTH:
            cure = "Write it out plainly"
        elif tag and tag != "!" and tag not in _PLAIN_TAGS:
            message, cure = f"has the tag '{tag}', which Mermaid does not know", "Remove the tag"
        else:
            continue
        raise FrontMatterError(_line(event), f"the diagram's front matter {message}", cure)


def _line(node: Any) -> int:
    """Line of a node or an event in its YAML, counted from 1."""
    return int(node.start_mark.line) + 1


def _mappings(root: yaml.Node) -> Iterator[yaml.MappingNode]:
    todo, seen = [root], set()
    while todo:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield node
            todo += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            todo += node.value


def _additions(
    text: str, root: yaml.MappingNode | None, defaults: Mapping[str, Any]
) -> list[tuple[int, str]]:
    """Return what to insert into ``text`` and where, so that no default is missing."""
    if root is None:
        return [(len(text), _block(defaults, 0))] if defaults else []
    missing, inserts = _merge(text, root, defaults)
    if missing and root.flow_style:
        inserts.append((text.index("{", root.start_mark.index) + 1, _flow(missing, root)))
    elif missing:
        newline = "" if text.endswith("\n") else "\n"
        inserts.append((len(text), newline + _block(missing, root.start_mark.column)))
    return inserts


def _merge(
    text: str, node: yaml.MappingNode, defaults: Mapping[str, Any]
) -> tuple[dict[str, Any], list[tuple[int, str]]]:
    """Return the defaults that ``node`` lacks, and the insertions for the mappings within it."""
    own = {str(key.value): (key, value) for key, value in node.value}
    missing = {key: default for key, default in defaults.items() if key not in own}
    inserts: list[tuple[int, str]] = []
    for name, (key, value) in own.items():
        default = defaults.get(name)
        # An alias stands for a mapping elsewhere, which is not to be changed from here.
        alias = value.start_mark.index < key.start_mark.index
        if not isinstance(default, Mapping) or alias:
            continue
        next_line = text.find("\n", key.end_mark.index) + 1
        if isinstance(value, yaml.MappingNode):
            lacking, deeper = _merge(text, value, default)
            inserts += deeper
            if lacking and value.flow_style:
                at = text.index("{", value.start_mark.index) + 1
                inserts.append((at, _flow(lacking, value)))
            elif lacking:
                column = value.value[0][0].start_mark.column
                inserts.append((next_line, _block(lacking, column)))
        elif _is_empty(value) and default and not node.flow_style:
            inserts.append((next_line, _block(default, key.start_mark.column + 2)))
    return missing, inserts


def _is_empty(node: yaml.Node) -> bool:
    """Whether nothing stands behind a key, as in ``config:``."""
    return isinstance(node, yaml.ScalarNode) and node.start_mark.index == node.end_mark.index


def _keeps(
    old: yaml.MappingNode | None, new: yaml.MappingNode | None, defaults: Mapping[str, Any]
) -> bool:
    """Whether the author's keys and values are all in ``new``, however his YAML was written."""
    if old is None or new is None:
        return old is None
    values = {str(key.value): value for key, value in new.value}
    for key, value in old.value:
        other, default = values.get(str(key.value)), defaults.get(str(key.value))
        if other is not None and _same(value, other):
            continue
        if not isinstance(default, Mapping) or not isinstance(other, yaml.MappingNode):
            return False
        if isinstance(value, yaml.MappingNode):
            if not _keeps(value, other, default):
                return False
        elif not _is_empty(value):
            return False
    return True


def _same(one: yaml.Node, other: yaml.Node) -> bool:
    return bool(yaml.serialize(one) == yaml.serialize(other))


def _block(values: Mapping[str, Any], indent: int) -> str:
    lines = []
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            lines.append(f"{' ' * indent}{_key(key)}:\n{_block(value, indent + 2)}")
        else:
            lines.append(f"{' ' * indent}{_key(key)}: {_scalar(value, quoted=indent == 0)}\n")
    return "".join(lines)


def _flow(values: Mapping[str, Any], into: yaml.MappingNode) -> str:
    pairs = [f"{_key(key)}: {_scalar(value, quoted=True)}" for key, value in values.items()]
    return ", ".join(pairs) + (", " if into.value else "")


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z][\w()-]*", key) else _scalar(key, quoted=True)


def _scalar(value: Any, *, quoted: bool) -> str:
    """Write a value as JSON, which is YAML too; a mere word may stand without quotes."""
    if isinstance(value, str) and not quoted and re.fullmatch(r"[A-Za-z][\w-]*", value):
        plain: object = yaml.safe_load(value)
        if plain == value:
            return value
    text = json.dumps(_clean(value), ensure_ascii=False)
    # Mermaid rewrites quotes within what looks like an HTML tag before it reads the YAML.
    text = re.sub(r"<(?=\w)", r"\\u003c", text)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _clean(value: Any) -> Any:
    return _SURROGATES.sub("\ufffd", value) if isinstance(value, str) else value
