# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Reads the ``references.bib`` of a folder, and writes its entries for people.

BibTeX itself is read by bibtexparser.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from html import escape
from urllib.parse import quote, urlsplit

from bibtexparser.entrypoint import parse_string
from bibtexparser.model import DuplicateBlockKeyBlock
from markdown_it import MarkdownIt
from mdit_py_plugins.footnote import footnote_plugin
from pylatexenc.latex2text import LatexNodes2Text  # type: ignore[import-untyped]

from zooniverse.problems import Problem

FILE = "references.bib"
MAX_BIBLIOGRAPHY = 500_000
"""Bytes that a bibliography may have."""

_VENUES = (
    "journal", "booktitle", "howpublished", "publisher", "institution", "school", "archiveprefix",
)  # fmt: skip
_DIV = re.compile(r"<div\b|</div>")
_REFERENCE = re.compile(r"\[\^([^\]\s^]+)\]")
_KEY = re.compile(r"[A-Za-z][\w:.+/-]*", re.ASCII)
_QUIET = logging.getLogger("bibtexparser")


@dataclass(frozen=True)
class Entry:
    """One entry of a bibliography.

    Attributes:
        key: What pages and records cite it by.
        kind: ``article``, ``inproceedings`` and so on.
        fields: Its fields in lower case, LaTeX's accents and braces resolved.
        line: Where it begins in its file, counted from 1.
        source: Its BibTeX, without ``annote``.
        people: First names and surname of each author; a group has a surname only.
    """

    key: str
    kind: str
    fields: Mapping[str, str]
    line: int
    source: str
    people: tuple[tuple[str, str], ...] = ()

    @property
    def address(self) -> str:
        """Where it can be read: its DOI, arXiv number or https address, or nothing."""
        if doi := self.fields.get("doi"):
            return f"https://doi.org/{quote(doi.removeprefix('https://doi.org/'), safe='/;()')}"
        if arxiv := self.fields.get("eprint"):
            return f"https://arxiv.org/abs/{quote(arxiv, safe='/')}"
        url = self.fields.get("url", "")
        return url if _is_address(url) else ""

    @property
    def venue(self) -> str:
        """Where it was published; of a page on the web, its site."""
        named = next((self.fields[name] for name in _VENUES if self.fields.get(name)), "")
        web = self.kind in ("misc", "online") and self.fields.get("url", "")
        return named or (urlsplit(web).netloc.removeprefix("www.") if web else "")

    @property
    def authors(self) -> list[str]:
        """The authors, first names first; ``others`` last where there are more."""
        return [f"{first} {last}".strip() for first, last in self.people]

    @property
    def short_authors(self) -> str:
        """Surnames, at most two of them."""
        names = [last for _, last in self.people]
        if len(names) > 2 or "others" in names:
            return f"{names[0]} et al."
        return " and ".join(names)


def read_bibliography(raw: bytes) -> tuple[dict[str, Entry], list[Problem]]:
    """Read the bytes of a ``references.bib``; never raises.

    Returns:
        The entries by key, and a problem for each that is broken, stands twice or lacks year, venue
        or identifier.
    """
    if len(raw) > MAX_BIBLIOGRAPHY:
        message = f"the bibliography has {len(raw):,} bytes"
        return {}, [Problem(None, message, f"Write at most {MAX_BIBLIOGRAPHY:,}")]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return {}, [Problem(line, "the bibliography is not UTF-8", "Save the file as UTF-8")]
    was, _QUIET.disabled = _QUIET.disabled, True  # it logs what is told below
    try:
        library = parse_string(text)
    finally:
        _QUIET.disabled = was
    entries, problems = {}, []
    for block in library.failed_blocks:
        line = (block.start_line or 0) + 1
        if isinstance(block, DuplicateBlockKeyBlock):
            problems.append(Problem(line, f"the key {block.key!r} stands twice", "Write it once"))
        else:
            cure = "Write @kind{key, field = {value}, …} and close each brace"
            problems.append(Problem(line, "an entry cannot be read", cure))
    for found in library.entries:
        line = (found.start_line or 0) + 1
        fields = {field.key.lower(): _text(str(field.value)) for field in found.fields}
        raw_authors = [str(f.value) for f in found.fields if f.key.lower() == "author"]
        people = tuple(_person(one) for one in re.split(r"\s+and\s+", "".join(raw_authors)) if one)
        source = _without_note(found.raw or "")
        entry = Entry(found.key, found.entry_type.lower(), fields, line, source, people)
        entries[entry.key] = entry
        problems += _faults(entry)
    return entries, sorted(problems, key=lambda problem: problem.line or 0)


def _person(name: str) -> tuple[str, str]:
    """Return first names and surname; what stands in braces of its own is one name."""
    name = name.strip()
    last, comma, first = name.partition(",")
    if name.startswith("{") and name.endswith("}"):
        first, last = "", name
    elif not comma:
        first, _, last = name.rpartition(" ")
    return _text(first), _text(last)


def _text(value: str) -> str:
    """Resolve LaTeX's accents and braces."""
    if "\\" in value or "$" in value:
        value = str(_latex().latex_to_text(value))
    return " ".join(re.sub(r"[{}]", "", value).replace("~", " ").split())


@cache
def _latex() -> LatexNodes2Text:
    return LatexNodes2Text()


def _without_note(raw: str) -> str:
    """Leave out what is said about an entry here, for whoever copies it."""
    kept = re.sub(r"\n\s*annote\s*=\s*\{(?:[^{}]|\{[^{}]*\})*\},?[ \t]*(?=\n)", "", raw)
    return re.sub(r",\s*\}\s*$", "\n}", kept.strip())


def _faults(entry: Entry) -> list[Problem]:
    wrong = []
    if not _KEY.fullmatch(entry.key):
        cure = "Write letters and digits, like vaswani2017"
        wrong.append(Problem(entry.line, f"the key {entry.key!r} cannot be cited", cure))
    if not re.fullmatch(r"\d{4}", entry.fields.get("year", "")):
        wrong.append(Problem(entry.line, f"{entry.key} has no year", "Add year = {2017}"))
    if not entry.fields.get("title"):
        wrong.append(Problem(entry.line, f"{entry.key} has no title", "Add title = {…}"))
    if not entry.venue:
        cure = "Add journal, booktitle, publisher or howpublished"
        wrong.append(Problem(entry.line, f"{entry.key} has no venue", cure))
    if not entry.address and not entry.fields.get("isbn"):
        cure = "Add doi, eprint (arXiv), isbn, or url with https://"
        wrong.append(Problem(entry.line, f"{entry.key} has no identifier", cure))
    return wrong


def contradictions(folders: Mapping[str, Mapping[str, Entry]]) -> list[tuple[str, Problem]]:
    """Find keys that name different works in different folders.

    Args:
        folders: By folder, its entries.

    Returns:
        Folder and problem, for each entry that contradicts one of an earlier folder.
    """
    first: dict[str, tuple[str, Entry]] = {}
    wrong = []
    for folder, entries in sorted(folders.items()):
        for key, entry in entries.items():
            where, other = first.setdefault(key, (folder, entry))
            if _identity(entry) != _identity(other):
                message = f"{key} is another work than in {where}/{FILE}"
                cure = "Make both entries say the same, or choose another key"
                wrong.append((folder, Problem(entry.line, message, cure)))
    return wrong


def _identity(entry: Entry) -> tuple[str, str, str]:
    title = re.sub(r"\W+", " ", entry.fields.get("title", "").lower()).strip()
    return title, entry.fields.get("year", ""), entry.address


@dataclass(frozen=True)
class Cited:
    """What a page cites: for each label of a footnote its lines of use, and its definition."""

    uses: Mapping[str, int]
    definitions: Mapping[str, tuple[int, str]]


@lru_cache(maxsize=1024)  # while serving, most pages stay as they are
def cited(body: str) -> Cited:
    """Find the footnotes of a page; what stands in code is none.

    Args:
        body: A page's Markdown, without its front matter.
    """
    parser = MarkdownIt("commonmark").enable("table").use(footnote_plugin)
    uses: dict[str, int] = {}
    definitions: dict[str, tuple[int, str]] = {}
    inside: list[tuple[str, int]] = []
    for token in parser.parse(body):
        if token.type == "footnote_open":
            line = (token.map[0] if token.map else 0) + 1
            inside.append((str(token.meta.get("label", "")), line))
            definitions.setdefault(inside[-1][0], (_definition_line(body, inside[-1][0]), ""))
        elif token.type == "footnote_close":
            inside.pop()
        elif token.type == "inline":
            line = (token.map[0] if token.map else 0) + 1
            if inside:
                place, said = definitions[inside[-1][0]]
                definitions[inside[-1][0]] = (place, f"{said} {token.content}".strip())
            for child in token.children or []:
                if child.type == "footnote_ref":
                    uses.setdefault(str(child.meta.get("label", "")), line)
                elif child.type == "text":
                    for label in _REFERENCE.findall(child.content):
                        uses.setdefault(label, line)
    for label in _labels(body) - set(definitions):
        definitions[label] = (_definition_line(body, label), "")  # defined, and used nowhere
    return Cited(uses, definitions)


def _labels(body: str) -> set[str]:
    env: dict[str, dict[str, dict[str, object]]] = {}
    MarkdownIt("commonmark").use(footnote_plugin).parse(body, env)
    return {label.removeprefix(":") for label in env.get("footnotes", {}).get("refs", {})}


def _definition_line(body: str, label: str) -> int:
    start = f"[^{label}]:"
    lines = enumerate(body.split("\n"), 1)
    return next((n for n, line in lines if line.lstrip().startswith(start)), 1)


def definition(entry: Entry) -> str:
    """Return the line that defines an entry's footnote, for GitHub and the site."""
    title = re.sub(r"([\\`*_\[\]<>])", r"\\\1", entry.fields.get("title", ""))
    who = re.sub(r"([\\`*_\[\]<>])", r"\\\1", entry.short_authors)
    linked = f"[*{title}*]({entry.address})" if entry.address else f"*{title}*"
    facts = [part for part in (who, linked, entry.venue, entry.fields.get("year", "")) if part]
    return f"[^{entry.key}]: {', '.join(facts)}."


def check_citations(body: str, first_line: int, entries: Mapping[str, Entry]) -> list[Problem]:
    """Hold a page's footnotes against its folder's bibliography.

    Args:
        body: The page's Markdown, without front matter.
        first_line: Line of the page's file at which ``body`` begins.
        entries: The bibliography.
    """
    notes = cited(body)
    page = []
    for label, line in notes.uses.items():
        at = line + first_line - 1
        if label not in notes.definitions and label in entries:
            cure = "Run `make references`, or write " + definition(entries[label])
            page.append(Problem(at, f"the footnote [^{label}] has no definition", cure))
        elif label not in notes.definitions:
            cure = f"Add it to {FILE}, or define it on the page"
            page.append(Problem(at, f"the citation [^{label}] is unknown", cure))
    for label, (line, text) in notes.definitions.items():
        address = entries[label].address if label in entries else ""
        if text and address and address not in text:
            message = f"the definition of [^{label}] does not link to {address}, as {FILE} does"
            cure = "Link to it, or delete the definition and run `make references`"
            page.append(Problem(line + first_line - 1, message, cure))
    return page


def uncited(entries: Mapping[str, Entry], used: Collection[str]) -> list[Problem]:
    """Find the entries of a bibliography that neither a page nor a record of its folder cites."""
    return [
        Problem(entry.line, f"{key} is cited nowhere", f"Cite it as [^{key}], or take it out")
        for key, entry in entries.items()
        if key not in used
    ]


def with_definitions(text: str, entries: Mapping[str, Entry]) -> str:
    """Add the footnotes that cite the bibliography and are not defined; the author's own stay.

    Args:
        text: A page's whole text.
        entries: The bibliography of its folder.
    """
    notes = cited(text)
    labels = [label for label in notes.uses if label in entries and label not in notes.definitions]
    if not labels:
        return text
    kept = text.rstrip("\n")
    # A blank line between definitions would do no harm; one before the first is needed.
    apart = "\n" if notes.definitions and kept.rpartition("\n")[2].startswith("[^") else "\n\n"
    return kept + apart + "\n".join(definition(entries[label]) for label in labels) + "\n"


def references_html(entries: Mapping[str, Entry], notes: str = "") -> str:
    """Return the annotated references of a page, each with its BibTeX to copy.

    Args:
        entries: What is cited.
        notes: The page's footnotes as HTML; one that is called by an entry's key gets the
            entry's note and BibTeX, and the entry is not listed again.
    """
    if not entries:
        return notes
    rest = []
    for entry in _in_order(entries.values()):
        start = f'<li id="fn:{escape(entry.key)}">'
        before, found, after = notes.partition(start)
        if found:
            own, end, after = after.partition("</li>")
            notes = f"{before}{start}{own}{_annotation(entry)}{end}{after}"
        else:
            rest.append(_reference(entry))
    more = f"<ul>{''.join(rest)}</ul>" if rest else ""
    return f'<div class="zoo-references">{notes}{more}</div>'


def split_notes(html: str) -> tuple[str, str]:
    """Return a page's HTML without its footnotes, and the footnotes.

    Args:
        html: The page's content, in which Python-Markdown has put the footnotes last.
    """
    start = html.rfind('<div class="footnote">')
    end, depth = start, 0
    for tag in _DIV.finditer(html, max(start, 0)):
        depth += 1 if tag[0] == "<div" else -1
        end = tag.end()
        if depth == 0:
            break
    return (html, "") if start < 0 or depth else (html[:start] + html[end:], html[start:end])


def _reference(entry: Entry) -> str:
    title = escape(entry.fields.get("title", entry.key))
    if entry.address:
        title = f'<a href="{escape(entry.address)}">{title}</a>'
    who = entry.authors
    more = len(who) > 8 or "others" in who
    authors = ", ".join([w for w in who if w != "others"][:8]) + (" and others" if more else "")
    pages = entry.fields.get("pages", "").replace("--", "–")
    facts = [entry.venue, f"pp. {pages}" if pages else "", entry.fields.get("year", "")]
    return (
        f'<li id="ref-{escape(entry.key)}">{escape(authors)}{": " if authors else ""}'
        f"<cite>{title}</cite>. {escape(', '.join(fact for fact in facts if fact))}."
        f"{_annotation(entry)}</li>"
    )


def _annotation(entry: Entry) -> str:
    note = entry.fields.get("annote", "")
    said = f'<p class="zoo-references__note">{escape(note)}</p>' if note else ""
    return said + bibtex_html(entry.source, f"BibTeX of {entry.key}")


def bibtex_html(source: str, label: str) -> str:
    """Return BibTeX folded, to be copied; search leaves it out."""
    return (
        f'<details class="zoo-bibtex" data-search-exclude><summary>{escape(label)}</summary>'
        f'<div class="highlight"><pre><code>{escape(source)}\n</code></pre></div></details>'
    )


def page_citation(title: str, author: str, site: str, address: str, day: str) -> str:
    """Return BibTeX for one of the site's own pages.

    Args:
        title: The page's title.
        author: Who wrote it, first names first.
        site: The site's name.
        address: The page's address.
        day: Day of its last change, as YYYY-MM-DD.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", urlsplit(address).path.lower()).strip("-") or "home"
    first, _, last = author.rpartition(" ")
    who = f"{last}, {first}" if first else last
    fields = {
        "author": who, "title": title, "howpublished": site, "year": day[:4], "url": address,
        "note": f"Changed on {day}",
    }  # fmt: skip
    inner = ",\n".join(f"  {key} = {{{_plain(value)}}}" for key, value in fields.items())
    return f"@misc{{{slug},\n{inner}\n}}"


def _plain(value: str) -> str:
    return re.sub(r"[\\{}]", "", value)


def _in_order(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda e: (e.fields.get("year", ""), e.short_authors, e.key))


def _is_address(url: str) -> bool:
    return url.startswith("https://") and not re.search(r"[\s<>\"'`\\]", url)
