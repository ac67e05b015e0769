# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Which part of a page falls under which licence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from pydantic import AfterValidator

from zooniverse.problems import Problem
from zooniverse.settings import Settings


def canonical_spdx(expression: str) -> str:
    """Return an SPDX licence expression in its canonical spelling.

    Raises:
        ValueError: It is no SPDX expression, or names a licence that SPDX does not list.
    """
    try:
        return canonicalize_license_expression(expression)
    except InvalidLicenseExpression:
        raise ValueError(
            "Write an SPDX identifier of https://spdx.org/licenses, such as CC-BY-4.0 or MIT"
        ) from None


Spdx = Annotated[str, AfterValidator(canonical_spdx)]


class License(Settings):
    """A licence as the settings name it: identifier, short name, address and file of its text."""

    spdx: Spdx
    name: str
    url: str
    file: str


class LicenseSettings(Settings):
    """Who holds the rights, since when, and which licence covers words and which covers code."""

    holder: str
    year: int
    text: License
    code: License


class Part(Settings):
    """One line of a page's notice: what is covered, by which licence, and where that stands."""

    covers: str
    spdx: str
    name: str
    url: str


class PageLicence(Settings):
    """The notice of one page."""

    holder: str
    year: int
    parts: list[Part]


COVERS = {"text": "Text and pictures", "code": "Code"}


def page_licence(
    meta: Mapping[str, Any], settings: LicenseSettings
) -> tuple[PageLicence, list[Problem]]:
    """Say under which licence each part of a page stands.

    The page's front matter wins: ``license: CC0-1.0`` covers its words and pictures;
    ``license: {text: CC0-1.0, code: Apache-2.0}`` each part; ``author:`` names the holder.

    Args:
        meta: The page's front matter.
        settings: The site's licences, used for what the page leaves open.

    Returns:
        The notice, and a problem for each value that is no SPDX expression (which is left out).
    """
    own = meta.get("license")
    wanted = own if isinstance(own, Mapping) else {"text": own} if own is not None else {}
    problems = [_unknown_part(key) for key in wanted if key not in COVERS]
    parts = []
    for key, covers in COVERS.items():
        site: License = getattr(settings, key)
        part = Part(covers=covers, spdx=site.spdx, name=site.name, url=site.url)
        if key in wanted:
            try:
                spdx = canonical_spdx(str(wanted[key]))
                if spdx != site.spdx:
                    part = Part(covers=covers, spdx=spdx, name=spdx, url=_spdx_url(spdx))
            except ValueError as error:
                problems.append(Problem(None, f"license is {wanted[key]!r}", str(error)))
        parts.append(part)
    holder = str(meta.get("author") or settings.holder)
    return PageLicence(holder=holder, year=settings.year, parts=parts), problems


def _unknown_part(key: object) -> Problem:
    return Problem(None, f"license has the key {key!r}", "Write 'text' or 'code'")


def _spdx_url(expression: str) -> str:
    single = " " not in expression
    return (
        f"https://spdx.org/licenses/{expression}.html" if single else "https://spdx.org/licenses/"
    )


def in_words(expression: str) -> str:
    """Return an SPDX expression as readers read it; what SPDX does not list goes by its name."""
    return re.sub(r"LicenseRef-([\w.-]+)", lambda found: found[1].replace("-", " "), expression)
