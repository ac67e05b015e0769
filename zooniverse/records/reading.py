# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Reads a record's YAML so that each message can name its line.

Values are read as editors read them, by YAML's core schema: ``2017-06-12`` and ``no`` are text.
What could make a file grow or run (anchors, aliases, tags, depth) is refused before it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from zooniverse.problems import Problem
from zooniverse.records.schema import Record

FILE = "model.yml"
MAX_RECORD = 200_000
"""Bytes that a record may have."""
MAX_DEPTH = 12

Path = tuple[str | int, ...]

# The C library's is ten times as fast; it is not in every copy of PyYAML.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_SHOWN = 60
_CURE = "Write 'key: value' lines, and quotes around a value that holds a colon"


class ReadRecord(NamedTuple):
    """What a file says.

    Attributes:
        record: The record, or None where it is wrong.
        problems: What is wrong.
        lines: By the path of each value, the line where it stands.
        names: The names that the file states, also where something else in it is wrong.
    """

    record: Record | None
    problems: list[Problem]
    lines: dict[Path, int]
    names: list[str]


class _RefusedError(Exception):
    def __init__(self, line: int | None, message: str, cure: str) -> None:
        super().__init__(message)
        self.problem = Problem(line, message, cure)


def read_record(raw: bytes) -> ReadRecord:
    """Read and validate the bytes of a ``model.yml``; never raises.

    Returns:
        The record, or None and one problem for each thing that is wrong; and for each value by its
        path, such as ``("results", 0, "value")``, the line where it stands.
    """
    try:
        root = _root(_decoded(raw))
        lines = dict(_lines(root, ()))
        value = _value(root)
    except _RefusedError as refused:
        return ReadRecord(None, [refused.problem], {}, [])
    try:
        return ReadRecord(Record.model_validate(value), [], lines, _names(value))
    except ValidationError as invalid:
        errors = _told_once(invalid.errors(include_url=False))
        problems = [_problem(error, lines) for error in errors]
        return ReadRecord(None, problems, lines, _names(value))


def _names(value: dict[str, Any]) -> list[str]:
    others = value.get("also_known_as")
    found = [value.get("name"), *(others if isinstance(others, list) else [])]
    return [name for name in found if isinstance(name, str)]


def line_of(lines: dict[Path, int], path: Path) -> int | None:
    """Return the line of a value, or of the nearest one that it would stand in."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path)


def _decoded(raw: bytes) -> str:
    if len(raw) > MAX_RECORD:
        raise _RefusedError(
            None, f"the record has {len(raw):,} bytes", f"Write at most {MAX_RECORD:,}"
        )
    try:
        return raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        raise _RefusedError(line, message, "Save the file as UTF-8") from None


def _root(text: str) -> yaml.MappingNode:
    try:
        _refuse_growth(text)
        root = _LOADER(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(f"{error.context or ''} {error.problem or ''}".split())
        line = min(mark.line, text.rstrip().count("\n")) + 1 if mark else None
        raise _RefusedError(line, f"the record is not YAML: {said}", _CURE) from None
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())
        raise _RefusedError(None, f"the record is not YAML: {said}", _CURE) from None
    if not isinstance(root, yaml.MappingNode):
        raise _RefusedError(1, "the record is no mapping", "Write 'key: value' lines")
    return root


def _refuse_growth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else None
        if getattr(event, "anchor", None) is not None:
            raise _RefusedError(line, "the record has an anchor or alias (& or *)",
                           "Write the value out, or in quotes")  # fmt: skip
        if getattr(event, "tag", None) is not None:
            raise _RefusedError(line, "the record has a tag (!)",
                           "Write a value that begins with ! in quotes")  # fmt: skip
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _RefusedError(line, f"the record is nested more than {MAX_DEPTH} deep",
                           "Write it flat")  # fmt: skip


def _lines(node: yaml.Node, path: Path) -> Iterator[tuple[Path, int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            yield from _lines(value, inner)
            yield inner, key.start_mark.line + 1  # later ones win: a key's line is the better one
    elif isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            yield from _lines(item, (*path, place))


def _value(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        made: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise _RefusedError(line, "a key is not text", "Write a word, a colon and a value")
            if key.value in made:
                raise _RefusedError(
                    line, f"the key {_said(key.value)} stands twice", "Write it once"
                )
            made[key.value] = _value(value)
        return made
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    text = str(node.value)
    if getattr(node, "style", None):  # in quotes or as a block: text
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _told_once(errors: list[Any]) -> list[Any]:
    """Leave out a missing key where a misspelt one stands in its place."""
    unknown = [e["loc"] for e in errors if e["type"] == "extra_forbidden"]
    return [
        error
        for error in errors
        if error["type"] != "missing"
        or not any(
            loc[:-1] == error["loc"][:-1]
            and get_close_matches(str(loc[-1]), [str(error["loc"][-1])])
            for loc in unknown
        )
    ]


def _problem(error: Any, lines: dict[Path, int]) -> Problem:
    """Say one of pydantic's errors in the words of a writer of records."""
    loc: Path = error["loc"]
    kind, found, context = error["type"], error["input"], error.get("ctx", {})
    line = line_of(lines, loc)
    name, owner = said_path(loc), _owner(loc)
    if kind == "missing":
        hint = _HINTS.get(str(loc[-1]), "")
        return Problem(line_of(lines, loc[:-1]), f"{name} is missing", f"Add it{hint}")
    if kind == "extra_forbidden":
        known = list(owner.model_fields) if owner else []
        near = get_close_matches(str(loc[-1]), known, n=1)
        nearest = f"'{near[0]}', or " if near else ""
        where = f" in {said_path(loc[:-1])}" if loc[:-1] else ""
        cure = f"Write {nearest}one of the known keys: {', '.join(known)}"
        return Problem(line, f"the key {_said(loc[-1])}{where} is unknown", cure)
    if isinstance(found, dict) and kind == "value_error":
        message = f"{name} is incomplete"
    else:
        message = f"{name} is {_said(found)}" if found not in (None, "", []) else f"{name} is empty"
    return Problem(line, message, _allowed(kind, context, found, str(error["msg"])))


def _allowed(kind: str, context: dict[str, Any], found: object, said: str) -> str:
    if kind == "value_error":
        return said.removeprefix("Value error, ").rstrip(".")
    if kind == "literal_error":
        allowed = context["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        near = get_close_matches(str(found), allowed, n=1)
        nearest = f"{near[0]}, or " if near else ""
        return f"Write {nearest}one of {', '.join(allowed)}"
    if kind in ("int_type", "int_from_float"):
        quoted = isinstance(found, str) and _INTEGER.fullmatch(found)
        return "Write a whole number" + (", without quotes" if quoted else "")
    limits = {
        "greater_than_equal": ("Write at least {ge}", "ge"),
        "less_than_equal": ("Write at most {le}", "le"),
        "too_short": ("Write at least {min_length} of them, or take the key out", "min_length"),
        "string_too_short": ("Write at least one word", ""),
        "string_too_long": ("Write at most {max_length} characters", "max_length"),
        "string_pattern_mismatch": ("Write it in the form {pattern}", "pattern"),
    }
    if kind in limits:
        return limits[kind][0].format(**context)
    return _TYPES.get(kind, said.rstrip("."))


_TYPES = {
    "string_type": "Write text; in quotes if it would be a number, a truth value or nothing",
    "float_type": "Write a number, without quotes",
    "finite_number": "Write a finite number",
    "list_type": "Write a list: [one, two], or lines that begin with a hyphen",
    "dict_type": "Write 'key: value' lines below it",
    "model_type": "Write 'key: value' lines below it",
    "model_attributes_type": "Write 'key: value' lines below it",
}
_HINTS = {
    "source": ": a key of references.bib, or an https address",
    "at": ": the table, section or page of the source",
    "split": ": the part of the data, such as test or validation",
}


def said_path(path: Path) -> str:
    """Write a path as people count: ``("results", 0, "value")`` is ``results[1].value``."""
    said = ""
    for part in path:
        said += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if said else str(part)
    return said if len(said) <= 2 * _SHOWN else said[: 2 * _SHOWN] + "…"


def _owner(path: Path) -> type[BaseModel] | None:
    """Return the model whose key is the last part of a path."""
    owner: Any = Record
    for part in path[:-1]:
        if isinstance(part, int):
            continue
        field = owner.model_fields.get(part) if _is_model(owner) else None
        owner = _model_in(field.annotation) if field else None
    return owner if _is_model(owner) else None


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _model_in(annotation: Any) -> Any:
    if _is_model(annotation):
        return annotation
    if get_origin(annotation) in (list, Union, UnionType, Annotated):
        inner = (_model_in(part) for part in get_args(annotation))
        return next((part for part in inner if part), None)
    return None


def _said(value: object) -> str:
    said = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return said if len(said) <= _SHOWN else said[:_SHOWN] + "…"
