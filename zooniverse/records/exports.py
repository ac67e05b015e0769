# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Writes the records for other programs: JSON, CSV, a Markdown twin of each page, ``llms.txt``."""

from __future__ import annotations

import csv
import io
import json
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt

from zooniverse.records.cards import WEIGHTS
from zooniverse.records.catalogue import area_name, counts_in_words
from zooniverse.records.collection import Collection, Model
from zooniverse.records.schema import Size

VERSION = 1
"""Of the form of ``catalogue.json`` and ``catalogue.csv``; one more where it breaks readers."""

_COLUMNS = (
    "name", "also_known_as", "area", "year", "organisations", "venue", "paper", "tasks",
    "modalities", "descends_from", "size", "parameters_published", "parameters_source",
    "parameters_counted", "weights", "weights_licence", "proof", "page",
)  # fmt: skip
_LINK = re.compile(r"(\]\()([^()\s]+)((?:\s+\"[^\"]*\")?\))")
# What a spreadsheet would run as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class PageOfSite:
    """A page as its twin needs it.

    Attributes:
        title: Its title.
        description: One sentence about it.
        source: Its file below ``docs/``.
        address: Its address below the site's.
        body: Its Markdown, without front matter.
    """

    title: str
    description: str
    source: str
    address: str
    body: str

    @property
    def twin(self) -> str:
        """Where its twin lies below the site's address."""
        folder, name = posixpath.split(self.address)
        return posixpath.join(folder, f"{name.removesuffix('.html') or 'index'}.md")


def catalogue_json(collection: Collection, site: str, licence: str) -> str:
    """Return all records as JSON, with schema, version and licence.

    Args:
        collection: All models.
        site: Address of the site.
        licence: SPDX identifier of the data.
    """
    models = [
        {
            "page": site + model.address,
            "area": area_name(model.area),
            "proof": {
                "status": model.status,
                "date": (model.proof or {}).get("date"),
                "counts": {
                    size.name: model.counted(size.name)
                    for size in model.record.sizes
                    if model.counted(size.name)
                },
            },
            "record": model.record.model_dump(exclude_none=True),
            "references": {
                key: {**entry.fields, "address": entry.address}
                for key, entry in sorted(model.entries.items())
            },
        }
        for model in collection.models
    ]
    whole = {
        "version": VERSION, "license": licence, "source": site,
        "schema": f"{site}model.schema.json", "models": models,
    }  # fmt: skip
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def catalogue_csv(collection: Collection, site: str) -> str:
    """Return a row for each size of each model; several values of a cell have ``; `` between."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for model in collection.models:
        record = model.record
        sizes: list[Size | None] = [*record.sizes] or [None]
        for size in sizes:
            published = size.parameters if size else []
            writer.writerow(map(_cell, (
                record.name, record.also_known_as, area_name(model.area), record.year,
                record.organisations, record.venue, record.paper.address, record.tasks,
                record.modalities, [a.name for a in record.descends_from],
                size.name if size else "", [p.number for p in published],
                [model.link(p.source) for p in published],
                (model.counted(size.name) if size else None) or "",
                record.weights.availability, record.weights.licence or "", model.status,
                site + model.address,
            )))  # fmt: skip
    return out.getvalue()


def _cell(value: object) -> str:
    text = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def twin(
    page: PageOfSite, site: str, licence: str, lead: Callable[[str], str], model: Model | None
) -> str:
    """Return a page as Markdown for other programs: where it is from, its licence, its text.

    Args:
        page: Which page.
        site: Address of the site.
        licence: SPDX identifier of its words.
        lead: Gives for an address in the page the one on the web.
        model: The model that it is about, whose facts follow the heading.
    """
    head = (
        f"<!-- {site}{page.address} · {licence} -->\n\n"
        if "--" not in site + page.address
        else f"Source: {site}{page.address} · {licence}\n\n"
    )
    body = _with_links(page.body, lead).strip("\n")
    if model:
        heading, newline, rest = body.partition("\n")
        facts = "\n".join(f"- {name}: {value}" for name, value in _facts(model).items())
        body = f"{heading}\n\n{facts}{newline}{rest}" if heading.startswith("# ") else (
            f"{facts}\n\n{body}"
        )  # fmt: skip
    return f"{head}{body}\n"


def _facts(model: Model) -> Mapping[str, str]:
    record = model.record
    facts = {
        "In one line": record.line,
        "Also called": ", ".join(record.also_known_as),
        "Published": f"{record.year}, {record.venue}",
        "Authors": ", ".join(record.authors),
        "Paper": f"{record.paper.title}, {record.paper.address}",
        "Tasks": ", ".join(record.tasks),
        "Parameters": counts_in_words(model),
        "Weights": WEIGHTS[record.weights.availability],
        "Descends from": ", ".join(ancestor.name for ancestor in record.descends_from),
        "Proof": model.status,
    }
    return {name: _plain(value) for name, value in facts.items() if value}


def _plain(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", text)


def _with_links(body: str, lead: Callable[[str], str]) -> str:
    """Rewrite the links of Markdown outside of code blocks."""
    code = _lines_of_code(body)
    return "\n".join(
        line
        if number in code
        else _LINK.sub(lambda match: match[1] + lead(match[2]) + match[3], line)
        for number, line in enumerate(body.split("\n"))
    )


@lru_cache(maxsize=1024)  # while serving, most pages stay as they are
def _lines_of_code(body: str) -> frozenset[int]:
    return frozenset(
        line
        for token in MarkdownIt("commonmark").parse(body)
        if token.type in ("fence", "code_block") and token.map
        for line in range(*token.map)
    )


def leads(
    page: PageOfSite, site: str, twins: Mapping[str, PageOfSite], host: str
) -> Callable[[str], str]:
    """Return what leads from an address in a page to the one on the web.

    Args:
        page: The page that holds the address.
        site: Address of the site.
        twins: All pages by their file below ``docs/``.
        host: Address of the repository on its code host.
    """

    def lead(address: str) -> str:
        parts = urlsplit(address)
        if parts.scheme or parts.netloc or not parts.path:
            return address
        folder = posixpath.dirname(page.source)
        wanted = posixpath.normpath(posixpath.join(folder, parts.path))
        fragment = f"#{parts.fragment}" if parts.fragment else ""
        found = twins.get(wanted) or twins.get(posixpath.join(wanted, "README.md"))
        if found:
            return f"{site}{found.twin}{fragment}"
        if wanted.startswith("../"):
            return f"{host}/blob/main/{wanted.removeprefix('../')}{fragment}" if host else address
        return f"{site}{wanted}{fragment}"

    return lead


def llms_txt(
    name: str, description: str, pages: Iterable[PageOfSite], site: str, collection: Collection
) -> str:
    """Return ``llms.txt``: what the site is, and where its pages are as Markdown.

    Args:
        name: The site's name.
        description: What it is.
        pages: All pages, in reading order.
        site: Address of the site.
        collection: All models; their pages come first.
    """
    models = {f"{model.folder}/README.md": model for model in collection.models}
    listed = list(pages)
    about = [
        f"- [{_plain(model.name)}]({site}{p.twin}): {_plain(model.record.line)}"
        for p in listed
        if (model := models.get(p.source))
    ]
    others = [
        f"- [{_plain(p.title)}]({site}{p.twin})"
        + (f": {_plain(p.description)}" if p.description else "")
        for p in listed
        if p.source not in models
    ]
    data = [
        f"- [catalogue.json]({site}catalogue.json): all records, with sources",
        f"- [catalogue.csv]({site}catalogue.csv): one row for each size of each model",
    ]
    parts = [f"# {_plain(name)}", f"> {_plain(' '.join(description.split()))}"]
    for heading, lines in (("Models", about), ("Data", data), ("Pages", others)):
        if lines:
            parts.append(f"## {heading}\n\n" + "\n".join(lines))
    return "\n\n".join(parts) + "\n"


def structured_catalogue(site: str, licence_url: str, name: str) -> dict[str, Any]:
    """Return the catalogue as schema.org's Dataset, for search engines."""
    return {
        "about": {
            "@type": "Dataset",
            "name": f"{name}: records of AI models",
            "description": "Names, years, sizes, data, compute, results and weights of AI models, "
            "each figure with its source.",
            "license": licence_url,
            "url": f"{site}Catalogue/",
            "distribution": [
                {
                    "@type": "DataDownload",
                    "encodingFormat": kind,
                    "contentUrl": f"{site}catalogue.{end}",
                }
                for end, kind in (("json", "application/json"), ("csv", "text/csv"))
            ],
        }
    }
