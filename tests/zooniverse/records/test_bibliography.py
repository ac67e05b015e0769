# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Bibliographies: what is read, what is warned of, and the footnotes that cite them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import load
from tests.zooniverse.records.made_up import BIB, write
from zooniverse.records.bibliography import (
    check_citations,
    cited,
    definition,
    page_citation,
    read_bibliography,
    references_html,
    split_notes,
    uncited,
    with_definitions,
)
from zooniverse.records.collection import collect

ENTRIES, _ = read_bibliography(BIB.encode())
DEFINED = (
    "[^alpha]: Lovelace and Turing, [*Alpha is all*](https://arxiv.org/abs/1706.03762), "
    "arXiv, 2017."
)


def test_an_entry_is_read_for_people() -> None:
    entry = ENTRIES["alpha"]
    assert entry.authors == ["Ada Lovelace", "Alan Turing"]
    assert definition(entry) == DEFINED
    assert "annote" not in entry.source and entry.source.endswith("}\n}")


def test_accents_and_braces_are_resolved() -> None:
    text = r"@misc{k, author={Kaiser, {\L}ukasz and M{\"u}ller, A.}, title={The {GAN}}, year=2014}"
    entry = read_bibliography(text.encode())[0]["k"]
    assert entry.authors == ["Łukasz Kaiser", "A. Müller"]
    assert entry.fields["title"] == "The GAN"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BIB.replace("year = {2017},", ""), ":1: alpha has no year. Add year = {2017}."),
        (BIB.replace("  title = {Alpha is all},\n", ""), ":1: alpha has no title. Add title"),
        (BIB.replace("howpublished", "how"), ":1: alpha has no venue. Add journal"),
        (BIB.replace("eprint", "x"), ":1: alpha has no identifier. Add doi, eprint"),
        (BIB + BIB, ":9: the key 'alpha' stands twice. Write it once."),
        ("@misc{broken, title = {x", ":1: an entry cannot be read. Write @kind{key"),
    ],
)
def test_what_is_wrong_in_a_bibliography(text: str, message: str) -> None:
    _, problems = read_bibliography(text.encode())
    assert [problem.at("").startswith(message) for problem in problems] == [True], problems


@settings(max_examples=40, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text('@{}=,\\"ab \n', max_size=80).map(str.encode)))
def test_whatever_a_bibliography_holds_reading_returns(raw: bytes) -> None:
    entries, _ = read_bibliography(raw)
    assert "<script" not in references_html(entries)


def test_citations_are_held_against_the_bibliography() -> None:
    body = f"One[^alpha] two[^alpah] three[^own] `[^code]`\n\n{DEFINED}\n[^own]: Mine.\n"
    assert [problem.at("p") for problem in check_citations(body, 5, ENTRIES)] == [
        "p:5: the citation [^alpah] is unknown. Add it to references.bib, or define it on the page."
    ]
    assert [problem.at("b") for problem in uncited(ENTRIES, ["other"])] == [
        "b:1: alpha is cited nowhere. Cite it as [^alpha], or take it out."
    ]
    assert uncited(ENTRIES, ["alpha"]) == []


def test_groups_and_others_keep_their_names() -> None:
    text = "@misc{k, author={{Llama Team, AI @ Meta} and Gu, Albert and others}, title={T}}"
    entry = read_bibliography(text.encode())[0]["k"]
    assert entry.authors == ["Llama Team, AI @ Meta", "Albert Gu", "others"]
    assert entry.short_authors == "Llama Team, AI @ Meta et al."


def test_a_footnote_that_github_would_not_show_is_told() -> None:
    (problem,) = check_citations("One[^alpha].", 1, ENTRIES)
    assert problem.at("p").startswith("p:1: the footnote [^alpha] has no definition. Run `make")
    wrong = "One[^alpha].\n\n[^alpha]: Another, https://arxiv.org/abs/1.\n"
    (problem,) = check_citations(wrong, 1, ENTRIES)
    assert problem.at("p").startswith("p:3: the definition of [^alpha] does not link to https://")


def test_definitions_are_written_once() -> None:
    page = "# T\n\nOne[^alpha] and[^own].\n\n[^own]: Mine.\n"
    once = with_definitions(page, ENTRIES)
    assert once == f"{page}{DEFINED}\n"
    assert with_definitions(once, ENTRIES) == once
    assert with_definitions("# T\n", ENTRIES) == "# T\n"
    assert cited(once).definitions["own"][1] == "Mine."
    longer = "One[^alpha].\n\n[^alpha]: Table 2 of\n    https://arxiv.org/abs/1.\n"
    assert with_definitions(longer, ENTRIES) == longer


def test_the_command_writes_the_footnotes(tmp_path: Path) -> None:
    place = write(tmp_path / "docs", "Area/Alpha")
    (place / "README.md").write_text("# A\n\nOne[^alpha].\n", encoding="utf-8")
    tool = load("tools/references.py")
    assert tool.main(tmp_path / "docs") == 1
    assert (place / "README.md").read_text(
        encoding="utf-8"
    ) == f"# A\n\nOne[^alpha].\n\n{DEFINED}\n"
    assert tool.main(tmp_path / "docs") == 0


def test_one_key_for_two_works_is_told(tmp_path: Path) -> None:
    write(tmp_path, "Area/Alpha")
    write(tmp_path, "Area/Bravo", bib=BIB.replace("Alpha is all", "Another work"))
    ((place, problem),) = collect(tmp_path).problems
    assert problem.at(place).startswith(
        "Area/Bravo/references.bib:1: alpha is another work than in Area/Alpha/references.bib."
    )


def test_references_escape_what_they_are_given() -> None:
    entries, _ = read_bibliography(
        BIB.replace("Alpha is all", "<script>x</script>").replace("Where", "<b>Where").encode()
    )
    html = references_html(entries)
    assert "<script" not in html and "<b>" not in html and "&lt;script" in html


NOTES = (
    '<div class="footnote"><hr><ol><li id="fn:alpha"><p>A <a href="#fnref:alpha">back</a></p></li>'
    '<li id="fn:1"><div>Plain</div></li></ol></div>'
)


def test_footnotes_are_cut_out_whole() -> None:
    assert split_notes(f"<p>a</p>{NOTES}<h2>b</h2>") == ("<p>a</p><h2>b</h2>", NOTES)
    assert split_notes("<p>a</p>") == ("<p>a</p>", "")
    assert split_notes('<p>a</p><div class="footnote">') == ('<p>a</p><div class="footnote">', "")


def test_a_footnote_gets_its_entrys_bibtex_and_is_not_listed_again() -> None:
    entries, _ = read_bibliography(BIB.encode())
    html = references_html(entries, NOTES)
    first, _, rest = html.partition('<li id="fn:1">')
    assert "BibTeX of alpha" in first and "back</a></p>" in first
    assert "zoo-bibtex" not in rest and 'id="ref-alpha"' not in html
    assert 'id="ref-alpha"' in references_html(entries, "")
    assert references_html({}, NOTES) == NOTES


def test_a_page_says_how_to_cite_it() -> None:
    made = page_citation("A {B}", "Cong Le", "Zoo", "https://x.org/A/B/", "2026-11-24")
    entry = read_bibliography(made.encode())[0]["a-b"]
    assert entry.authors == ["Cong Le"] and entry.fields["year"] == "2026"
    assert entry.fields["title"] == "A B" and entry.address == "https://x.org/A/B/"
