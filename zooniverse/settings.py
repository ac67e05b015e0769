# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Reads one section of ``extra:`` in mkdocs.yml into a typed, validated model."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from zooniverse.problems import SettingsError


class Settings(BaseModel):
    """Base of every settings model: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Section = TypeVar("Section", bound=Settings)


def read_section(
    extra: Mapping[str, Any],
    key: str,
    model: type[Section],
    error: type[Exception] = SettingsError,
) -> Section:
    """Validate ``extra[key]`` against ``model``.

    Args:
        extra: The ``extra:`` mapping of mkdocs.yml.
        key: Name of the section.
        model: The settings model that the section must fit.
        error: What to raise; hooks pass MkDocs' own class, which stops the build with one line.

    Raises:
        SettingsError: (or ``error``) The section is missing or does not fit. The text is one line
            that names ``mkdocs.yml``, the key, what was found and what is allowed.
    """
    if key not in extra:
        near = get_close_matches(key, map(str, extra), n=1)
        cure = f"Did you mean it by extra.{near[0]}?" if near else "Add the section."
        raise error(f"mkdocs.yml: extra.{key} is missing. {cure}")
    try:
        return model.model_validate(extra[key])
    except ValidationError as invalid:
        raise error(_one_line(f"extra.{key}", invalid, model)) from None


def _one_line(prefix: str, error: ValidationError, model: type[BaseModel]) -> str:
    # A misspelt key is also a missing one: the misspelling is what the reader has before him.
    errors = error.errors(include_url=False)
    first = min(errors, key=lambda one: one["type"] != "extra_forbidden")
    place = ".".join([prefix, *map(str, first["loc"])])
    if first["type"] == "missing":
        return f"mkdocs.yml: {place} is missing. Add it."
    if first["type"] == "extra_forbidden":
        known = list(model.model_fields)
        near = get_close_matches(str(first["loc"][-1]), known, n=1)
        cure = f"Did you mean '{near[0]}'?" if near else f"Known keys: {', '.join(known)}."
        return f"mkdocs.yml: {place} is not a setting. {cure}"
    message = first["msg"].removeprefix("Value error, ")
    return f"mkdocs.yml: {place} is {first['input']!r}. {message}."
