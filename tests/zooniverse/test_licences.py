# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zooniverse.licences import LicenseSettings, in_words, page_licence
from zooniverse.problems import SettingsError
from zooniverse.settings import read_section

SITE = {
    "holder": "Ada",
    "year": 2025,
    "text": {"spdx": "CC-BY-4.0", "name": "CC BY 4.0", "url": "https://cc.example", "file": "CC"},
    "code": {"spdx": "MIT", "name": "MIT", "url": "https://mit.example", "file": "MIT"},
}
SETTINGS = LicenseSettings.model_validate(SITE)


def names(meta: dict[str, Any]) -> list[tuple[str, str]]:
    return [(part.covers, part.name) for part in page_licence(meta, SETTINGS)[0].parts]


def test_a_page_that_says_nothing_stands_under_the_sites_licences() -> None:
    licence, problems = page_licence({}, SETTINGS)
    assert problems == []
    assert (licence.holder, licence.year) == ("Ada", 2025)
    assert names({}) == [("Text and pictures", "CC BY 4.0"), ("Code", "MIT")]
    assert [part.url for part in licence.parts] == ["https://cc.example", "https://mit.example"]


def test_the_page_wins() -> None:
    assert names({"license": "CC0-1.0"}) == [("Text and pictures", "CC0-1.0"), ("Code", "MIT")]
    both = {"license": {"text": "CC0-1.0", "code": "Apache-2.0"}}
    assert names(both) == [("Text and pictures", "CC0-1.0"), ("Code", "Apache-2.0")]
    assert page_licence({"author": "Grace"}, SETTINGS)[0].holder == "Grace"
    part = page_licence({"license": "CC0-1.0"}, SETTINGS)[0].parts[0]
    assert part.url == "https://spdx.org/licenses/CC0-1.0.html"


def test_the_sites_own_licence_written_in_another_case_keeps_its_name() -> None:
    assert names({"license": "cc-by-4.0"})[0] == ("Text and pictures", "CC BY 4.0")


@pytest.mark.parametrize("wrong", ["CC BY 4.0", "GPL-5", "", 7, ["MIT"], "MIT OR"])
def test_what_spdx_does_not_know_is_a_problem_and_changes_nothing(wrong: object) -> None:
    licence, problems = page_licence({"license": wrong}, SETTINGS)
    assert names({"license": wrong}) == names({})
    [problem] = problems
    text = problem.at("docs/a.md")
    assert text.startswith(f"docs/a.md: license is {wrong!r}. Write an SPDX identifier")
    assert licence.parts


def test_an_unknown_part_is_a_problem() -> None:
    [problem] = page_licence({"license": {"pictures": "MIT"}}, SETTINGS)[1]
    assert "'pictures'" in problem.message and "'text' or 'code'" in problem.cure


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none() | st.lists(st.text())))
def test_no_front_matter_crashes_it(meta: dict[str, Any]) -> None:
    licence, _ = page_licence(meta, SETTINGS)
    assert len(licence.parts) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"year": "soon"}, "extra.licenses.year is 'soon'"),
        ({"text": {**SITE["text"], "spdx": "CC BY"}}, "extra.licenses.text.spdx is 'CC BY'"),  # type: ignore[dict-item]
        ({"holdr": "x"}, "extra.licenses.holdr is not a setting. Did you mean 'holder'?"),
        ({"holder": None}, "extra.licenses.holder is None"),
    ],
)
def test_a_wrong_setting_is_one_line_with_its_key(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_section({"licenses": {**SITE, **change}}, "licenses", LicenseSettings)
    assert str(caught.value).startswith(f"mkdocs.yml: {message}")
    assert "\n" not in str(caught.value)


def test_a_licence_that_spdx_does_not_list_goes_by_its_name() -> None:
    assert in_words("LicenseRef-Llama-2-Community") == "Llama 2 Community"
    assert in_words("MIT OR Apache-2.0") == "MIT OR Apache-2.0"
