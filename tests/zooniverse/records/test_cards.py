# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Cards: short at first sight, with nothing left out."""

from __future__ import annotations

from pathlib import Path

from bs4 import BeautifulSoup

from tests.zooniverse.records.made_up import RECORD, write
from zooniverse.records.cards import card_html
from zooniverse.records.collection import collect


def test_of_many_results_and_sizes_a_few_stand_open(tmp_path: Path) -> None:
    size, result = RECORD["sizes"][0], RECORD["results"][0]
    write(
        tmp_path,
        "Area/Alpha",
        sizes=[{**size, "name": f"size {n}"} for n in range(4)],
        results=[{**result, "value": float(n), "size": "size 0"} for n in range(9)],
    )
    collection = collect(tmp_path)
    assert not collection.problems
    card = BeautifulSoup(card_html(collection.models[0], collection, "Area/Alpha/"), "html.parser")
    assert len(card.select(".zoo-card__sizes")) == 1  # four are not worth folding
    (folded,) = card.select("details.zoo-card__more")
    assert folded.summary and folded.summary.text == "6 more"
    assert len(folded.select("li")) == 6
    assert folded.parent and len(folded.parent.select("li")) == 9
