# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What a model's record may say: the form of ``model.yml``, and its JSON Schema.

A figure never stands alone: it carries its source, a key of the folder's ``references.bib`` or a
web address. Two sources that disagree are two entries. The area is the folder's and is not typed.
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from zooniverse.licences import canonical_spdx

SCHEMA = "model.schema.json"
"""The file beside this one that editors check a record with."""

_SCALES = {"": 1, "k": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
_COUNT = re.compile(r"(\d{1,15}(?:\.\d{1,6})?) ?([kMBT]?)")
_BIB_KEY = re.compile(r"[A-Za-z][\w:.+/-]*", re.ASCII)


def _one_line(text: str) -> str:
    text = " ".join(text.split())
    if not text:
        raise ValueError("Write at least one word")
    if not text.isprintable():
        raise ValueError("Take out the control characters")
    return text


def _count(value: object) -> object:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        return value
    match = _COUNT.fullmatch(text)
    if match is None or not float(match[1]):
        raise ValueError("Write a number above zero, with k, M, B or T where rounded, like 65 M")
    return text


def _source(text: str) -> str:
    if _BIB_KEY.fullmatch(text) and "://" not in text:
        return text
    return _address(text)


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme != "https" or not parts.netloc or re.search(r"[\s<>\"'`\\]", text):
        raise ValueError("Write a key of references.bib, or an address that begins with https://")
    return text


def _file(text: str) -> str:
    parts = text.split("/")
    if not re.fullmatch(r"[\w./-]+", text, re.ASCII) or {"", ".", ".."} & set(parts):
        raise ValueError("Write the path of a file in the model's folder, with forward slashes")
    return text


def _licence(text: str) -> str:
    return canonical_spdx(text)


Text = Annotated[str, Field(min_length=1, max_length=600), AfterValidator(_one_line)]
"""One line of plain text; it is shown as it is, so no Markdown."""
Count = Annotated[
    str,
    BeforeValidator(_count),
    WithJsonSchema({"type": ["string", "integer"], "pattern": _COUNT.pattern, "minimum": 1}),
]
"""A number of parameters as the source writes it: ``65 M``, ``1.5 B`` or ``109482240``."""
Source = Annotated[str, Field(max_length=600), AfterValidator(_source)]
Address = Annotated[str, Field(max_length=600), AfterValidator(_address)]
FileName = Annotated[str, Field(max_length=200), AfterValidator(_file)]
Spdx = Annotated[str, Field(max_length=200), AfterValidator(_licence)]
Year = Annotated[int, Field(ge=1940, le=2100)]
Modality = Literal["text", "image", "video", "audio", "3D", "graph", "state", "action"]


def number(count: str) -> int:
    """Return the number that a `Count` writes; ``65 M`` is 65,000,000."""
    match = _COUNT.fullmatch(count)
    assert match, count
    whole, _, part = match[1].partition(".")
    scale = _SCALES[match[2]]
    return int(whole) * scale + (int(part) * scale // 10 ** len(part) if part else 0)


def _setting(value: object) -> object:
    if isinstance(value, str):
        return _one_line(value)
    if isinstance(value, bool | int) or (isinstance(value, float) and isfinite(value)):
        return value
    raise ValueError("Write a number, true, false or text")


Setting = Annotated[
    Any,
    AfterValidator(_setting),
    WithJsonSchema({"type": ["string", "number", "boolean"], "maxLength": 600}),
]
"""The value of a hyper-parameter."""


def _figure(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError("Write a number, without quotes")
    return value  # as it is: 41.0 says more than 41


Number = Annotated[Any, AfterValidator(_figure), WithJsonSchema({"type": "number"})]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Cited(_Entry):
    """What carries its source.

    Attributes:
        source: Key of ``references.bib``, or an https address.
        at: Where in the source: "Table 3", "Section 5.2", "abstract", "README".
        note: Why it may be read otherwise, in one sentence.
    """

    source: Source
    at: Text | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _placed(self) -> Cited:
        if not self.at and not self.source.startswith("https://"):
            raise ValueError("Add at: the table, section or page of the source")
        return self


class Paper(_Entry):
    """Where a model was published: its title, and at least one way to find it."""

    title: Text
    arxiv: Annotated[str, Field(pattern=r"^(\d{4}\.\d{4,5}|[a-z-]+/\d{7})$")] | None = None
    doi: Annotated[str, Field(pattern=r"^10\.\d{4,9}/[^\s<>\"]+$", max_length=200)] | None = None
    url: Address | None = None

    @model_validator(mode="after")
    def _findable(self) -> Paper:
        if not (self.arxiv or self.doi or self.url):
            raise ValueError("Add arxiv, doi or url")
        return self

    @property
    def address(self) -> str:
        """The paper's page: arXiv's where there is one, else the DOI's, else ``url``."""
        if self.arxiv:
            return f"https://arxiv.org/abs/{self.arxiv}"
        return f"https://doi.org/{self.doi}" if self.doi else self.url or ""


class Ancestor(_Entry):
    """What a model descends from: a model of this site, or something outside of it.

    Attributes:
        model: A name that a record of this site has.
        outside: Name of what has no page here; it needs ``year`` and ``source``.
        takes: What was taken over, in a few words.
    """

    model: Text | None = None
    outside: Text | None = None
    takes: Text | None = None
    year: Year | None = None
    source: Source | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Ancestor:
        if bool(self.model) == bool(self.outside):
            raise ValueError("Write either model, a name on this site, or outside")
        if self.outside and not (self.year and self.source):
            raise ValueError("Add year and source to what stands outside this site")
        return self

    @property
    def name(self) -> str:
        """What it is called."""
        return self.model or self.outside or ""


class PublishedCount(Cited):
    """A number of parameters as a source states it."""

    value: Count

    @property
    def number(self) -> int:
        """The stated number, rounded as the source rounds it."""
        return number(self.value)


class Size(_Entry):
    """One published configuration of a model.

    Attributes:
        name: What the paper calls it; ``proof.json`` counts it under the same name.
        hyperparameters: By the paper's symbols, such as ``d_model: 512``.
        parameters: Published counts; none where none was published.
        source: Where the hyper-parameters stand.
    """

    name: Text
    hyperparameters: dict[Text, Setting] = Field(default_factory=dict)
    parameters: list[PublishedCount] = Field(default_factory=list)
    source: Source
    at: Text | None = None
    note: Text | None = None


class TrainingData(Cited):
    """A data set that a model was trained on; ``size`` in the source's words."""

    name: Text
    size: Text | None = None


class Compute(Cited):
    """What training took, in the source's words; ``size`` names the configuration."""

    what: Text
    size: Text | None = None


class Result(Cited):
    """A published result.

    Attributes:
        benchmark: The data set and task, written alike in all records.
        metric: What is measured, such as "BLEU" or "top-1 accuracy".
        value: The figure, in ``unit``.
        spread: What follows ±, and ``spread_of`` says of what.
        size: Which configuration.
        split: Which part of the data, such as "newstest2014" or "validation".
        protocol: How it was measured, as far as it decides what may be compared.
        extra_data: Data beyond the benchmark's own.
    """

    benchmark: Text
    metric: Text
    value: Number
    unit: Text | None = None
    spread: Number | None = None
    spread_of: Text | None = None
    size: Text | None = None
    split: Text
    protocol: Text | None = None
    extra_data: Text | None = None


class Application(Cited):
    """Where the model is in use, and for what."""

    what: Text


class Weights(_Entry):
    """Whether the trained weights can be had.

    Attributes:
        availability: ``open`` for anyone to download, ``gated`` on terms, ``service`` to ask over
            a network only, ``closed`` not at all, ``none`` where none were kept or published.
        licence: SPDX expression; ``LicenseRef-…`` for one that SPDX does not list.
    """

    availability: Literal["open", "gated", "service", "closed", "none"]
    licence: Spdx | None = None
    url: Address | None = None
    source: Source | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _complete(self) -> Weights:
        if self.availability in ("open", "gated") and not (self.licence and self.url):
            raise ValueError("Add licence and url, for these weights can be had")
        return self


class Code(_Entry):
    """The authors' own code."""

    url: Address
    licence: Spdx | None = None


class Deviation(_Entry):
    """Where the implementation beside the page differs from the paper, and where the paper says so.

    Attributes:
        what: What differs.
        paper: Section, table or equation of the paper.
        why: The reason.
    """

    what: Text
    paper: Text
    why: Text | None = None


class Picture(_Entry):
    """The small picture of lists: a file in the model's folder, with what is to be seen."""

    file: Annotated[FileName, Field(pattern=r"\.(svg|png|webp)$")]
    alt: Text


class Record(_Entry):
    """The record of one model, ``model.yml`` beside its page.

    Attributes:
        name: What the model is called here; no other record has it.
        also_known_as: Other names under which it is looked for.
        line: The model in one sentence.
        year: Of the first publication.
        venue: Where it was published after that, or "arXiv".
        descends_from: What it takes over, the most important first.
        sizes: Published configurations, the one that the page shows first.
        implementation: The file beside the page.
    """

    name: Annotated[Text, Field(max_length=60)]
    also_known_as: list[Annotated[Text, Field(max_length=60)]] = Field(default_factory=list)
    line: Text
    year: Year
    authors: list[Text] = Field(min_length=1)
    organisations: list[Text] = Field(min_length=1)
    venue: Text
    paper: Paper
    tasks: list[Text] = Field(min_length=1)
    modalities: list[Modality] = Field(min_length=1)
    descends_from: list[Ancestor] = Field(default_factory=list)
    sizes: list[Size] = Field(default_factory=list)
    training_data: list[TrainingData] = Field(default_factory=list)
    compute: list[Compute] = Field(default_factory=list)
    results: list[Result] = Field(default_factory=list)
    applications: list[Application] = Field(default_factory=list)
    weights: Weights
    code: Code | None = None
    implementation: FileName | None = None
    deviations: list[Deviation] = Field(default_factory=list)
    picture: Picture | None = None


def json_schema() -> str:
    """Return the JSON Schema of a record, as it stands in `SCHEMA`."""
    schema: dict[str, Any] = Record.model_json_schema()
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
