# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What a record may say, and the one message that each wrong one gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zooniverse.records.made_up import record, write
from zooniverse.records.collection import collect
from zooniverse.records.reading import line_of, read_record
from zooniverse.records.schema import SCHEMA, json_schema, number

ROOT = Path(__file__).parents[3]
TEMPLATE = ROOT / "tools" / "templates" / "model"
RECORDS = sorted((ROOT / "docs").rglob("model.yml"))

Change = Callable[[dict[str, Any]], None]


def put(*path: Any) -> Change:
    """Return what sets a value in a record: keys and places, then the value."""

    def change(made: Any) -> None:
        *way, last, value = path
        for part in way:
            made = made[part]
        if value is None:
            del made[last]
        else:
            made[last] = value

    return change


WRONG: list[tuple[str, Change, str]] = [
    ("misspelt key", put("authers", ["A"]), "the key 'authers' is unknown. Write 'authors', or"),
    ("misspelt inner key", put("results", 0, "metrics", "F1"),
     "the key 'metrics' in results[1] is unknown. Write 'metric', or one of the known keys"),
    ("missing source", put("results", 0, "source", None),
     "results[1].source is missing. Add it: a key of references.bib, or an https address."),
    ("missing place in the source", put("sizes", 0, "parameters", 0, "at", None),
     "sizes[1].parameters[1] is incomplete. Add at: the table, section or page of the source."),
    ("source without entry", put("results", 0, "source", "alpa"),
     "results[1].source is 'alpa', which is not in references.bib. Write alpha."),
    ("source over http", put("results", 0, "source", "http://example.org"),
     "results[1].source is 'http://example.org'. Write a key of references.bib, or an address"),
    ("unknown ancestor", put("descends_from", [{"model": "Bravu"}]),
     "the ancestor 'Bravu' is no model of this site. Write Bravo, or outside, year and source"),
    ("ancestor that is here", put("descends_from",
     [{"outside": "Bravo", "year": 2000, "source": "alpha"}]),
     "the ancestor 'Bravo' has a page on this site. Write model in the place of outside."),
    ("ancestor without year", put("descends_from", [{"outside": "X", "source": "alpha"}]),
     "descends_from[1] is incomplete. Add year and source to what stands outside this site."),
    ("cycle", put("descends_from", [{"model": "Charlie"}]),
     "the lineage runs in a circle: Alpha → Charlie → Alpha. Take one of these out"),
    ("year as text", put("year", "2017"), "year is '2017'. Write a whole number, without quotes."),
    ("year too early", put("year", 17), "year is 17. Write at least 1940."),
    ("negative size", put("sizes", 0, "parameters", 0, "value", -5),
     "sizes[1].parameters[1].value is -5. Write a number above zero"),
    ("size in words", put("sizes", 0, "parameters", 0, "value", "65 million"),
     "sizes[1].parameters[1].value is '65 million'. Write a number above zero"),
    ("size twice", lambda made: made["sizes"].append(made["sizes"][0]),
     "the size 'base' stands twice. Give each size its own name."),
    ("duplicate name", put("also_known_as", ["BRAVO"]),
     "the name 'BRAVO' is taken by Area/Bravo. Choose another, or leave the model"),
    ("unknown licence", put("weights", "licence", "MTI"),
     "weights.licence is 'MTI'. Write an SPDX identifier of https://spdx.org/licenses"),
    ("open weights without licence", put("weights", "licence", None),
     "weights is incomplete. Add licence and url, for these weights can be had."),
    ("unknown modality", put("modalities", ["txt"]),
     "modalities[1] is 'txt'. Write text, or one of text, image, video"),
    ("value as text", put("results", 0, "value", "27.3"),
     "results[1].value is '27.3'. Write a number, without quotes."),
    ("no authors", put("authors", []), "authors is empty. Write at least 1 of them"),
    ("author alone", put("authors", "Ada"), "authors is 'Ada'. Write a list: [one, two]"),
    ("wrong arXiv number", put("paper", "arxiv", "1706-03762"),
     "paper.arxiv is '1706-03762'. Write it in the form"),
    ("paper that cannot be found", put("paper", "arxiv", None),
     "paper is incomplete. Add arxiv, doi or url."),
    ("picture without file", put("picture", {"file": "small.svg", "alt": "A picture"}),
     "picture is 'small.svg', and no such file lies here. Add the file."),
    ("file elsewhere", put("implementation", "../x.py"),
     "implementation is '../x.py'. Write the path of a file in the model's folder"),
    ("compute of no size", put("compute", [{"what": "1 day", "size": "bse", "source": "alpha",
     "at": "1"}]), "compute[1].size is 'bse'. Write base."),
    ("hyper-parameter as list", put("sizes", 0, "hyperparameters", {"N": [6]}),
     "sizes[1].hyperparameters.N is [6]. Write a number, true, false or text."),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_each_wrong_record_gives_one_message(tmp_path: Path, change: Change, message: str) -> None:
    made = record()
    change(made)
    write(tmp_path, "Area/Alpha", **made)
    write(tmp_path, "Area/Bravo")
    write(tmp_path, "Area/Charlie", descends_from=[{"model": "Alpha"}])
    place, problem = one(collect(tmp_path).problems)
    assert place == "Area/Alpha/model.yml"
    said = problem.at(place)
    assert message in said and "\n" not in said
    assert said.count("pydantic") == said.count("Input should") == 0


def one(found: Any) -> Any:
    assert len(found) == 1, [problem.at(place) for place, problem in found]
    return found[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a: [", "m:1: the record is not YAML"),
        (b"- a", "m:1: the record is no mapping. Write 'key: value' lines."),
        (b"name: &x A\n", "m:1: the record has an anchor or alias"),
        (b"name: a\nline: !!python/object x\n", "m:2: the record has a tag"),
        (b"name: a\nname: b\n", "m:2: the key 'name' stands twice. Write it once."),
        (b"name: \xff", "m:1: byte 0xff is not UTF-8. Save the file as UTF-8."),
        (b"a: " + b"[" * 50 + b"]" * 50, "m:1: the record is nested more than 12 deep."),
        (b"a" * 300_000, "m: the record has 300,000 bytes. Write at most 200,000."),
    ],
)
def test_what_is_no_record_is_told_in_one_line(text: bytes, message: str) -> None:
    (problem,) = read_record(text).problems
    assert problem.at("m").startswith(message)


def test_a_message_names_the_line_of_its_key() -> None:
    text = yaml.safe_dump(record(), sort_keys=False).replace("metric: BLEU", "metrik: BLEU")
    (problem,) = read_record(text.encode()).problems
    assert problem.line == text.split("\n").index("  metrik: BLEU") + 1
    lines = read_record(yaml.safe_dump(record(), sort_keys=False).encode()).lines
    assert line_of(lines, ("results", 0, "value", "deeper")) == lines["results", 0, "value"]


def test_values_are_read_as_editors_read_them() -> None:
    text = yaml.safe_dump(record(), sort_keys=False) + "code: {url: 'https://a.b/c'}\n"
    found = read_record(text.replace("line: A model that reads letters.", "line: no").encode())
    assert found.record and found.record.line == "no"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_whatever_a_file_holds_reading_returns(raw: bytes) -> None:
    found = read_record(raw)
    assert (found.record is None) == bool(found.problems)


@pytest.mark.parametrize(
    ("text", "value"), [("65 M", 65_000_000), ("1.5B", 1_500_000_000), ("7", 7), ("0.5 k", 500)]
)
def test_counts_are_exact(text: str, value: int) -> None:
    assert number(text) == value


def test_the_schema_in_the_repository_is_the_models() -> None:
    file = ROOT / "zooniverse" / "records" / SCHEMA
    assert file.read_text(encoding="utf-8") == json_schema(), (
        "Write it anew: python -c 'from zooniverse.records.schema import json_schema as s; "
        f'print(s(), end="")\' > {file.relative_to(ROOT)}'
    )


@pytest.mark.parametrize("file", [*RECORDS, TEMPLATE / "model.yml"], ids=str)
def test_records_and_the_template_fit_the_schema_that_editors_use(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    first = text.split("\n", 1)[0]
    assert first.startswith("# yaml-language-server: $schema=")
    named = (file.parent / first.partition("=")[2]).resolve()
    assert named == ROOT / "zooniverse" / "records" / SCHEMA
    schema = json.loads(named.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(text), schema)
    assert read_record(file.read_bytes()).problems == []
