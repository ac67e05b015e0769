# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""No page stops the build: what would is refused, and the rest is held to a bound."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from zooniverse.limits import MAX_BRACKETS, MAX_COMMENTS, excess
from zooniverse.reading import MAX_PAGE, read_page

ROOT = Path(__file__).parent.parent.parent
RENDER = """
import sys, markdown
from mkdocs.config import load_config
from zooniverse.checks import check_page
from zooniverse.flavour import TooDeepError, to_python_markdown
from zooniverse.links import link_lines
from zooniverse.reading import read_page
from zooniverse.safety import safe_html
settings = load_config(sys.argv[1])
for piece in sys.argv[2:]:
    read = read_page((piece * (10_000 // len(piece))).encode())
    if read.fatal:
        continue
    check_page(read.body, 1, ()), link_lines(read.body)
    try:
        body = to_python_markdown(read.body)
    except TooDeepError:
        continue
    md = markdown.Markdown(extensions=settings.markdown_extensions,
                           extension_configs=settings.mdx_configs)
    safe_html(md.convert(body), read.body)
print("done")
"""
RUNS = '* _ [ ![ [^ ]( ` $ $$ \\( < <! <!-- <a <a\tb=" <![CDATA[ <? & \\ { {: | ~ ~~a : > - # = +'
PIECES = [
    *RUNS.split(), "a*b_", "**a", "[a](", "<b>", "<div>\n", "```\n", "> ", "- ", "|a", "&amp",
    "http://", "a@", "*[a]: b\n", "[a]: b\n", "\n\n[^a]: ", "a\n\n", "# a\n", "\t",
]  # fmt: skip


def test_brackets_and_comments_are_bounded() -> None:
    assert excess("[" * MAX_BRACKETS) is None
    many = excess("# A\n\n" + "[" * (MAX_BRACKETS + 1), 3)
    assert many and many.line == 5 and "1,001 times" in many.message
    assert excess("```\n" + "[" * (2 * MAX_BRACKETS) + "\n```\n") is None
    assert excess(("[" * MAX_BRACKETS + "\n\n") * 8) is None
    spread = excess(("[" * MAX_BRACKETS + "\n\n") * 9)
    assert spread and spread.line == 17
    assert excess("<!-- a -->\n" * MAX_COMMENTS) is None
    assert excess("<!--" * (MAX_COMMENTS + 1))


def test_a_page_with_too_much_is_not_shown() -> None:
    page = read_page(b"---\ntitle: A\n---\n\n" + b"[" * 5_000)
    assert page.fatal and page.problems[0].line == 5
    assert read_page(b"a" * (MAX_PAGE + 1)).fatal
    assert not read_page(b"a" * MAX_PAGE).fatal


def test_long_runs_of_what_means_something_do_not_hang_the_way_of_a_page() -> None:
    command = [sys.executable, "-c", RENDER, str(ROOT / "mkdocs.yml"), *PIECES]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.stdout == "done\n", done.stderr
