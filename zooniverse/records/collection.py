# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""All models of the site: the folders with a ``model.yml``, read and held against one another."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from zooniverse.problems import Problem
from zooniverse.proofs.badge import badge
from zooniverse.records import bibliography, reading
from zooniverse.records.bibliography import Entry
from zooniverse.records.schema import Record

PAGE = "README.md"
PROOF = "proof.json"


@dataclass(frozen=True)
class Model:
    """One model as the site knows it.

    Attributes:
        record: What its ``model.yml`` says.
        folder: Its folder below ``docs/``, with forward slashes.
        entries: Its bibliography.
        proof: Its ``proof.json``, or None where there is none.
    """

    record: Record
    folder: str
    entries: Mapping[str, Entry] = field(default_factory=dict)
    proof: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return self.record.name

    @property
    def area(self) -> str:
        """The folder of its area."""
        return self.folder.split("/")[0]

    @property
    def address(self) -> str:
        """Address of its page below the site's."""
        return quote(self.folder) + "/"

    @property
    def status(self) -> str:
        """``proven``, ``checked``, ``failed``, ``unproven``, or ``no code``."""
        status = (self.proof or {}).get("status")
        if status in ("proven", "checked", "failed"):
            return str(status)
        return "unproven" if self.record.implementation else "no code"

    @property
    def badge(self) -> str:
        """The badge of its proof, as HTML."""
        return badge(self.proof, has_code=self.record.implementation is not None)

    def counted(self, size: str) -> int | None:
        """Return the number of parameters that the proof counted for a size."""
        counts = (self.proof or {}).get("counts")
        found = counts.get(size) if isinstance(counts, Mapping) else None
        if isinstance(found, Mapping):
            found = found.get("total")
        return found if isinstance(found, int) and not isinstance(found, bool) else None

    def parameters(self) -> list[tuple[str, int]]:
        """Return each size with its number of parameters: counted, or else first published."""
        found = []
        for size in self.record.sizes:
            published = size.parameters[0].number if size.parameters else None
            number = self.counted(size.name) or published
            if number:
                found.append((size.name, number))
        return found

    def link(self, source: str) -> str:
        """Return the address of a source, or nothing."""
        if source.startswith("https://"):
            return source
        return self.entries[source].address if source in self.entries else ""

    def source_name(self, source: str) -> str:
        """Return a source as readers know it: authors and year, or the host of its address."""
        entry = self.entries.get(source)
        if entry:
            return f"{entry.short_authors} {entry.fields.get('year', '')}".strip()
        return source.removeprefix("https://").split("/")[0]


@dataclass(frozen=True)
class Collection:
    """All models, in the order of their folders, and all that is wrong with their files.

    Attributes:
        models: Those whose record is right and that have a page.
        problems: File below ``docs/`` and problem.
        bibliographies: By folder, also of those that hold no model.
    """

    models: tuple[Model, ...]
    problems: tuple[tuple[str, Problem], ...] = ()
    bibliographies: Mapping[str, Mapping[str, Entry]] = field(default_factory=dict)

    @cached_property
    def by_name(self) -> Mapping[str, Model]:
        """Each model under each of its names, in lower case."""
        found = {name.lower(): m for m in self.models for name in m.record.also_known_as}
        return found | {model.name.lower(): model for model in self.models}

    @cached_property
    def by_folder(self) -> Mapping[str, Model]:
        """Each model under its folder."""
        return {model.folder: model for model in self.models}

    @cached_property
    def _children(self) -> Mapping[str, list[Model]]:
        found: dict[str, list[Model]] = {}
        for model in self.models:
            for parent in self.parents(model):
                found.setdefault(parent.folder, []).append(model)
        return found

    def parents(self, model: Model) -> list[Model]:
        """Return the models of this site that one descends from."""
        wanted = (a.model.lower() for a in model.record.descends_from if a.model)
        return [self.by_name[name] for name in wanted if name in self.by_name]

    def children(self, model: Model) -> list[Model]:
        """Return the models of this site that descend from one."""
        return self._children.get(model.folder, [])

    def area(self, folder: str) -> list[Model]:
        """Return the models of an area, the oldest first."""
        return sorted((m for m in self.models if m.area == folder), key=by_year)


def by_year(model: Model) -> tuple[int, str]:
    """Order models by year, then by name."""
    return model.record.year, model.name.lower()


def names(record: Record) -> list[str]:
    """Return all names under which a model is known, its own first."""
    return [record.name, *record.also_known_as]


_last: tuple[object, Collection] | None = None
_build: object = None


def collect(docs: Path, build: object = None) -> Collection:
    """Read all models below ``docs``; files that did not change since the last call are not read.

    Args:
        docs: The folder of the pages.
        build: Stands for one build of the site: within it, files are looked at only once.
    """
    global _last, _build
    if _last is None or build is None or build is not _build:
        files = sorted(_files(docs))
        state = (docs, [(f, s.st_mtime_ns, s.st_size) for f in files for s in [f.stat()]])
        if _last is None or _last[0] != state:
            _last = (state, _collection(docs, files))
        _build = build
    return _last[1]


def _files(docs: Path) -> Iterator[Path]:
    wanted = {reading.FILE, bibliography.FILE, PROOF, PAGE}
    for above, folders, files in os.walk(docs):
        folders[:] = [f for f in folders if f != "assets" and not f.startswith(".")]
        yield from (Path(above, name) for name in files if name in wanted)


def _collection(docs: Path, files: Iterable[Path]) -> Collection:
    models: list[Model] = []
    lines: dict[str, dict[reading.Path, int]] = {}
    problems: list[tuple[str, Problem]] = []
    broken: set[str] = set()
    by_folder: dict[str, set[str]] = {}
    for file in files:
        by_folder.setdefault(file.parent.relative_to(docs).as_posix(), set()).add(file.name)
    bibliographies: dict[str, dict[str, Entry]] = {}
    for folder, inside in sorted(by_folder.items()):
        if bibliography.FILE in inside:
            entries, wrong = bibliography.read_bibliography(
                (docs / folder / bibliography.FILE).read_bytes()
            )
            bibliographies[folder] = entries
            problems += ((f"{folder}/{bibliography.FILE}", problem) for problem in wrong)
        if reading.FILE not in inside:
            continue
        place = f"{folder}/{reading.FILE}"
        read = reading.read_record((docs / folder / reading.FILE).read_bytes())
        problems += ((place, problem) for problem in read.problems)
        if read.record is None or PAGE not in inside:
            broken |= {name.lower() for name in read.names}
        if PAGE not in inside:
            problems.append((place, Problem(None, f"no {PAGE} lies beside it", "Write the page")))
        elif read.record:
            proof = _proof(docs / folder / PROOF) if PROOF in inside else None
            model = Model(read.record, folder, bibliographies.get(folder, {}), proof)
            models.append(model)
            lines[folder] = read.lines
            problems += ((place, problem) for problem in _alone(model, docs, read.lines))
    problems += ((f"{f}/{bibliography.FILE}", p)
                 for f, p in bibliography.contradictions(bibliographies))  # fmt: skip
    made = Collection(tuple(models))
    problems += _together(made, lines, broken)
    return Collection(tuple(models), tuple(problems), bibliographies)


def _proof(file: Path) -> Mapping[str, Any] | None:
    try:
        proof = json.loads(file.read_bytes())
    except ValueError:
        return {"status": "failed"}
    return proof if isinstance(proof, dict) else {"status": "failed"}


def sources(record: Record) -> Iterator[tuple[reading.Path, str]]:
    """Yield each source that a record names, with its place."""
    yield from _sources(record.model_dump(), ())


def _sources(value: object, path: reading.Path) -> Iterator[tuple[reading.Path, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "source" and isinstance(inner, str):
                yield (*path, key), inner
            elif key != "hyperparameters":
                yield from _sources(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _sources(inner, (*path, place))


def _alone(model: Model, docs: Path, lines: dict[reading.Path, int]) -> Iterator[Problem]:
    """Find what is wrong in a record beside its own folder."""
    record = model.record
    for path, source in sources(record):
        if not source.startswith("https://") and source not in model.entries:
            near = get_close_matches(source, model.entries, n=1)
            cure = f"Write {near[0]}" if near else f"Add it to {bibliography.FILE}"
            message = f"{reading.said_path(path)} is {source!r}, which is not in references.bib"
            yield Problem(reading.line_of(lines, path), message, cure)
    sizes = [size.name for size in record.sizes]
    for place, name in enumerate(sizes):
        if name in sizes[:place]:
            line = reading.line_of(lines, ("sizes", place, "name"))
            yield Problem(line, f"the size {name!r} stands twice", "Give each size its own name")
    for place, compute in enumerate(record.compute):
        if compute.size and compute.size not in sizes:
            near = get_close_matches(compute.size, sizes, n=1)
            cure = f"Write {near[0]}" if near else "Write the name of one of its sizes"
            line = reading.line_of(lines, ("compute", place, "size"))
            yield Problem(line, f"compute[{place + 1}].size is {compute.size!r}", cure)
    picture = record.picture.file if record.picture else None
    for key, beside in (("implementation", record.implementation), ("picture", picture)):
        file = docs / model.folder / beside if beside else None
        if file and not (file.is_file() and file.resolve().is_relative_to(docs.resolve())):
            line = reading.line_of(lines, (key,))
            yield Problem(line, f"{key} is {beside!r}, and no such file lies here", "Add the file")


def _together(
    collection: Collection, lines: Mapping[str, dict[reading.Path, int]], broken: set[str]
) -> Iterator[tuple[str, Problem]]:
    """Find what is wrong in records beside one another: names, ancestors, cycles.

    What descends from one of the ``broken``, whose own record is wrong, is not told of.
    """
    taken: dict[str, Model] = {}
    for model in collection.models:  # a model's own name is the stronger claim
        taken.setdefault(model.name.lower(), model)
    for model in collection.models:
        place = f"{model.folder}/{reading.FILE}"
        for number, name in enumerate(names(model.record)):
            other = taken.setdefault(name.lower(), model)
            if other is not model:
                path: reading.Path = ("also_known_as", number - 1) if number else ("name",)
                message = f"the name {name!r} is taken by {other.folder}"
                cure = "Choose another, or leave the model that is there already"
                yield place, Problem(reading.line_of(lines[model.folder], path), message, cure)
    for model in collection.models:
        place = f"{model.folder}/{reading.FILE}"
        for number, ancestor in enumerate(model.record.descends_from):
            line = reading.line_of(lines[model.folder], ("descends_from", number))
            known = ancestor.name.lower() in collection.by_name
            if ancestor.model and not known and ancestor.model.lower() not in broken:
                near = get_close_matches(ancestor.model.lower(), collection.by_name, n=1)
                nearest = f"{collection.by_name[near[0]].name}, or " if near else ""
                message = f"the ancestor {ancestor.model!r} is no model of this site"
                cure = f"Write {nearest}outside, year and source in the place of model"
                yield place, Problem(line, message, cure)
            elif ancestor.outside and known:
                message = f"the ancestor {ancestor.outside!r} has a page on this site"
                yield place, Problem(line, message, "Write model in the place of outside")
    for model, ring in _cycles(collection):
        line = reading.line_of(lines[model.folder], ("descends_from",))
        message = f"the lineage runs in a circle: {' → '.join(m.name for m in ring)}"
        cure = "Take one of these out of descends_from"
        yield f"{model.folder}/{reading.FILE}", Problem(line, message, cure)


def _cycles(collection: Collection) -> Iterator[tuple[Model, list[Model]]]:
    """Yield each circle once, with the model where it is told."""
    done: set[str] = set()
    for start in collection.models:
        path: list[Model] = []
        stack = [(start, iter(collection.parents(start)))] if start.folder not in done else []
        while stack:
            model, parents = stack[-1]
            if len(path) < len(stack):
                path.append(model)
            following = next(parents, None)
            if following is None:
                done.add(model.folder)
                stack.pop()
                path.pop()
            elif following in path:
                yield following, [*path[path.index(following) :], following]
            elif following.folder not in done:
                stack.append((following, iter(collection.parents(following))))
