# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT

from __future__ import annotations

import pytest

from zooniverse.problems import Problem, SettingsError
from zooniverse.settings import Settings, read_section


class Pen(Settings):
    colour: str
    width: int = 1


def test_a_section_becomes_a_model() -> None:
    assert read_section({"pen": {"colour": "red"}}, "pen", Pen) == Pen(colour="red", width=1)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({}, "mkdocs.yml: extra.pen is missing. Add the section."),
        ({"pem": {}}, "mkdocs.yml: extra.pen is missing. Did you mean it by extra.pem?"),
        ({"pen": {"colur": "red"}},
         "mkdocs.yml: extra.pen.colur is not a setting. Did you mean 'colour'?"),
        ({"pen": {}}, "mkdocs.yml: extra.pen.colour is missing. Add it."),
        ({"pen": {"colour": "red", "colur": 1}},
         "mkdocs.yml: extra.pen.colur is not a setting. Did you mean 'colour'?"),
        ({"pen": {"colour": "red", "zzz": 1}},
         "mkdocs.yml: extra.pen.zzz is not a setting. Known keys: colour, width."),
        ({"pen": {"colour": "red", "width": "x"}}, "mkdocs.yml: extra.pen.width is 'x'. "),
        ({"pen": None}, "mkdocs.yml: extra.pen is None. "),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_line(extra: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_section(extra, "pen", Pen)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_the_caller_names_the_error() -> None:
    with pytest.raises(KeyError):
        read_section({}, "pen", Pen, KeyError)


def test_a_problem_names_its_place() -> None:
    assert Problem(7, "it is wrong", "Mend it").at("a.md") == "a.md:7: it is wrong. Mend it."
    assert Problem(None, "it is wrong", "Mend it").at("a.md") == "a.md: it is wrong. Mend it."
