# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Front matter: what is kept, what is refused, and in which line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zooniverse.front_matter import (
    ALLOWED,
    MAX_DEPTH,
    MAX_FRONT_MATTER,
    FrontMatterError,
    front_matter,
)


def test_what_is_allowed_is_kept() -> None:
    text = (
        "title: A “b”\norder: 3\nlicense: {text: CC0-1.0, code: MIT}\nhide: [toc]\n"
        "tags: [a, b]\nsearch: {boost: 2}\ntemplate: home.html\n"
    )
    assert front_matter(text) == (
        {
            "title": "A “b”", "order": 3, "license": {"text": "CC0-1.0", "code": "MIT"},
            "hide": ["toc"], "tags": ["a", "b"], "search": {"boost": 2}, "template": "home.html",
        },
        [],
    )  # fmt: skip
    assert front_matter("# nothing\n") == ({}, [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("titel: A\n", "p:2: the front matter has the unknown key 'titel'. Write 'title', or"),
        ("title: A\ntitle_: <b>\n", "p:3: the front matter has the unknown key 'title_'."),
        ("title: A <b>\n", "p:2: title is 'A <b>'. Write text without"),
        ("title: 2048\n", "p:2: title is '2048'. Write text without <, > and \""),
        ("title:\n", "p:2: title is empty."),
        ("order: first\n", "p:2: order is 'first'. Write a whole number."),
        ("order: true\n", "p:2: order is 'true'."),
        ("hide: [all]\n", "p:2: hide is ['all']. Write a list of navigation, toc"),
        ("search: {boost: 0}\n", "p:2: search is"),
        ("template: main.html\n", "p:2: template is 'main.html'. Write home.html"),
    ],
)
def test_what_is_not_allowed_is_said_and_left_out(text: str, said: str) -> None:
    kept, problems = front_matter(text)
    assert len(problems) == 1
    assert problems[0].at("p").startswith(said)
    assert not kept or kept == {"title": "A"}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: &x b\n", 2, "an anchor or alias"),
        ("title: A\nb: *x\n", 3, "an anchor or alias"),
        ("title: !!python/object:os.system x\n", 2, "has the tag"),
        ("title: A\ntitle: B\n", 3, "stands twice"),
        ("1: A\n", 2, "is not text"),
        ("- a\n", 2, "is no mapping"),
        ("title: 'a\n", 3, "is not YAML"),
        ("title: a: b\n", 2, "is not YAML"),
        ("a: " + "[" * (MAX_DEPTH + 1), 2, "nested more than"),
        ("a" * (MAX_FRONT_MATTER + 1), 1, "characters"),
    ],
)
def test_what_cannot_be_used_is_refused(text: str, line: int, message: str) -> None:
    with pytest.raises(FrontMatterError, match=message) as error:
        front_matter(text)
    assert error.value.problem.line == line
    assert "\n" not in error.value.problem.at("p")


@given(st.text(alphabet="ab: -[]{}&*!'\"\n#|>?,%@`\t1", max_size=60))
def test_any_text_is_kept_or_refused(text: str) -> None:
    try:
        kept, problems = front_matter(text)
    except FrontMatterError as error:
        assert "\n" not in error.problem.at("p")
    else:
        assert set(kept) <= set(ALLOWED)
        assert all(problem.line for problem in problems)
