# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Models side by side: what may not be compared says so, whichever stands first."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag

from tests.zooniverse.records.made_up import RECORD, write
from zooniverse.markers import Marker
from zooniverse.records.collection import collect
from zooniverse.records.comparisons import _letters, comparison_html

RESULT = RECORD["results"][0]


def row(docs: Path, *results: list[dict[str, Any]]) -> list[Tag]:
    """Return the cells of the only row of results of models that have these."""
    for name, found in zip(("Alpha", "Beta", "Gamma"), results, strict=False):
        write(docs, f"Area/{name}", results=[{**RESULT, **result} for result in found])
    collection = collect(docs)
    assert not collection.problems
    names = ", ".join(model.name for model in collection.models)
    marker = Marker("compare", {"models": names, "fields": "results"}, 1)
    html, problems = comparison_html(marker, collection, "Comparisons/")
    assert not problems
    (found_row,) = BeautifulSoup(html, "html.parser").select("tbody tr")
    return found_row.select("th, td")


def test_measured_alike_has_no_letters(tmp_path: Path) -> None:
    head, *cells = row(tmp_path, [{}], [{"value": 28.4}])
    assert head.text == "WMT, BLEU"
    assert [cell.select("b") for cell in cells] == [[], []]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("split", "dev", "a: split: test b: split: dev"),
        ("protocol", "4-shot", "a: protocol: not stated b: protocol: 4-shot"),
        ("extra_data", "web", "a: extra data: not stated b: extra data: web"),
        ("unit", "%", "a: unit: not stated b: unit: %"),
        ("metric", "chrF", "a: metric: BLEU b: metric: chrF"),
    ],
)
def test_measured_otherwise_has_letters(tmp_path: Path, key: str, value: str, said: str) -> None:
    head, *cells = row(tmp_path, [{}], [{key: value}], [{key: value}])
    metric = "" if key == "metric" else ", BLEU"
    assert head.get_text(" ", strip=True).replace(" ,", ",") == (
        f"WMT{metric} not comparable where letters differ: {said}"
    )
    assert [[b.text for b in cell.select("b")] for cell in cells] == [["a"], ["b"], ["b"]]


def test_each_result_of_a_model_has_its_own_letter(tmp_path: Path) -> None:
    _, *cells = row(tmp_path, [{}, {"split": "dev"}], [{"split": "dev"}])
    assert [[b.text for b in cell.select("b")] for cell in cells] == [["a", "b"], ["b"]]


def test_letters_do_not_end() -> None:
    assert list(islice(_letters(), 24, 29)) == ["y", "z", "aa", "ab", "ac"]
