# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zooniverse.navigation import Entry, NavigationSettings, navigation
from zooniverse.problems import SettingsError

ORDER = NavigationSettings(first=["B-Area", "A-Area"], last=["Project"])


def pages(*paths: str) -> list[Entry]:
    return [Entry(path, f"<{path}>") for path in paths]


def flat(nav: list[dict[str, object]]) -> list[str]:
    found: list[str] = []
    for item in nav:
        for value in item.values():
            found += [value] if isinstance(value, str) else flat(value)  # type: ignore[arg-type]
    return found


def test_folders_become_sections_called_by_their_readme() -> None:
    nav = navigation(pages("README.md", "A-Area/README.md", "A-Area/Two/README.md"), ORDER)
    assert nav == [
        {"<README.md>": "README.md"},
        {"<A-Area/README.md>": [
            {"<A-Area/README.md>": "A-Area/README.md"},
            {"<A-Area/Two/README.md>": "A-Area/Two/README.md"},
        ]},
    ]  # fmt: skip


def test_top_folders_stand_as_the_settings_say_and_new_ones_between() -> None:
    nav = navigation(
        pages("Project/a.md", "New/README.md", "A-Area/README.md", "B-Area/README.md"), ORDER
    )
    assert flat(nav) == ["B-Area/README.md", "A-Area/README.md", "New/README.md", "Project/a.md"]


def test_a_folder_without_readme_is_called_by_its_name() -> None:
    assert navigation(pages("Project/a.md"), ORDER) == [
        {"Project": [{"<Project/a.md>": "Project/a.md"}]}
    ]


def test_pages_that_say_their_place_come_first() -> None:
    entries = [Entry("A/x.md", "x"), Entry("A/y.md", "y", order=1), Entry("A/README.md", "A")]
    assert flat(navigation(entries, ORDER)) == ["A/README.md", "A/y.md", "A/x.md"]


def test_a_misspelt_folder_is_named_and_one_that_is_yet_to_come_is_not() -> None:
    with pytest.raises(SettingsError) as caught:
        navigation(pages("B-Areas/README.md"), ORDER)
    assert str(caught.value) == (
        "mkdocs.yml: extra.navigation.first names the folder 'B-Area', which is not there. "
        "Did you mean 'B-Areas'?"
    )
    assert navigation(pages("Other/README.md"), ORDER)


SEGMENT = st.sampled_from(["A", "B", "Project", "x-y"])
PATHS = st.lists(
    st.builds(
        lambda folders, name: "/".join([*folders, name]),
        st.lists(SEGMENT, max_size=3),
        st.sampled_from(["README.md", "a.md", "b.md"]),
    ),
    unique=True,
)


@given(PATHS)
def test_every_page_stands_in_the_navigation_once(paths: list[str]) -> None:
    assert sorted(flat(navigation(pages(*paths), ORDER))) == sorted(paths)


@given(PATHS, st.randoms())
def test_the_order_of_the_files_does_not_matter(paths: list[str], random: object) -> None:
    shuffled = paths.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert navigation(pages(*shuffled), ORDER) == navigation(pages(*paths), ORDER)
