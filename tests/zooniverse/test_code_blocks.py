# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zooniverse.code_blocks import CodeError, excerpt, with_code

SOURCE = """\
# SPDX-License-Identifier: MIT
import math

class A:
    # region one
    def f(self):
        # region inner
        return "<b>" * 2
        # endregion
    # endregion one

# region two
x = 1
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    page = tmp_path / "docs" / "A"
    page.mkdir(parents=True)
    (page / "a.py").write_text(SOURCE, encoding="utf-8")
    (page / "notes.bin").write_bytes(b"\0\1")
    (tmp_path / "secret.py").write_text("password = 1\n", encoding="utf-8")
    (page / "link.py").symlink_to(tmp_path / "secret.py")
    return page


def shown(folder: Path, comment: str) -> tuple[str, list[str]]:
    html, wrong = with_code(f"<p>a</p>\n{comment}\n<p>b</p>", folder, folder.parent, "MIT")
    assert html.startswith("<p>a</p>\n") and html.endswith("\n<p>b</p>")
    return html, [problem.at("p") for _, problem in wrong]


@pytest.mark.parametrize(
    ("region", "text", "first", "last"),
    [
        ("one", 'def f(self):\n    return "<b>" * 2', 6, 9),
        ("inner", 'return "<b>" * 2', 8, 8),
        ("two", "x = 1", 13, 13),
    ],
)
def test_a_region_is_cut_out(region: str, text: str, first: int, last: int) -> None:
    cut = excerpt(SOURCE, region)
    assert (cut.text, cut.first, cut.last) == (text, first, last)


def test_the_block_says_its_file_lines_and_licence(folder: Path) -> None:
    html, wrong = shown(folder, '<!-- zoo: code file="a.py" region="one" -->')
    assert wrong == []
    assert '<a href="a.py">a.py</a>, lines 6–9' in html
    assert "SPDX-License-Identifier: MIT" in html
    assert "&lt;b&gt;" in html and "<b>" not in html
    assert "region" not in html


def test_a_whole_file_says_its_licence_once(folder: Path) -> None:
    html, _ = shown(folder, '<!-- zoo: code file="a.py" -->')
    assert html.count("SPDX-License-Identifier") == 1


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ('<!-- zoo: code -->', 'a code block names no file. Write <!-- zoo: code file="…" -->.'),
        ('<!-- zoo: code file="b.py" -->',
         "there is no file 'b.py' to show. Beside the page lie: a"),
        ('<!-- zoo: code file="../../secret.py" -->', "there is no file '../../secret.py' to show"),
        ('<!-- zoo: code file="/etc/passwd" -->', "there is no file '/etc/passwd' to show"),
        ('<!-- zoo: code file="link.py" -->', "there is no file 'link.py' to show"),
        ('<!-- zoo: code file="notes.bin" -->', "notes.bin is no code that can be shown"),
        ('<!-- zoo: code file="a.py" region="x" -->',
         "there is no region 'x'. Name one of its regions: one, inner, two."),
        ('<!-- zoo: code file="a.py" lines="1" -->', "a code block has the option 'lines'"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_a_problem_and_shows_nothing(
    folder: Path, comment: str, message: str
) -> None:
    html, wrong = shown(folder, comment)
    assert len(wrong) == 1 and wrong[0].startswith(f"p: {message}")
    assert html == "<p>a</p>\n\n<p>b</p>"
    assert "password" not in html


@given(st.text(alphabet="ab \n#"), st.sampled_from(["one", "two"]))
def test_lines_point_at_the_text(noise: str, region: str) -> None:
    source = f"{noise}\n# region {region}\nneedle = 1\n# endregion\n{noise}"
    cut = excerpt(source, region)
    assert source.splitlines()[cut.first - 1 : cut.last] == ["needle = 1"]


def test_an_unknown_region_is_an_error_of_its_own() -> None:
    with pytest.raises(CodeError):
        excerpt(SOURCE, "three")
