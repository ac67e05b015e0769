# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Draws who descends from whom: time runs down, one row for each year, as an inline SVG.

Each box of a model is a link. The same is said in words below the picture. Colours are the page's.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape

from zooniverse.records.collection import Collection, Model
from zooniverse.repository import relative

_BOX, _LINE, _SIDE = 118, 15, 56  # width of a box, height of a line of text, room for the years
_STEP, _GAP = 132, 34  # from lane to lane; between rows
_LETTERS = 16  # in a line of a box


@dataclass
class _Node:
    key: str
    name: str
    year: int
    address: str
    area: str
    lane: float = 0
    top: float = 0

    @property
    def lines(self) -> list[str]:
        """The name in lines that fit the box, at most three."""
        lines = textwrap.wrap(self.name, _LETTERS) or [self.name]
        return lines if len(lines) <= 3 else [*lines[:2], textwrap.shorten(lines[2], 13) + "…"]

    @property
    def height(self) -> int:
        """Height of the box."""
        return len(self.lines) * _LINE + 14

    @property
    def middle(self) -> float:
        """Where the box's middle stands from the left."""
        return _SIDE + self.lane * _STEP + _BOX / 2


def lineage_html(
    collection: Collection, base: str, ident: str, of: Model | None = None, *, outside: bool = True
) -> str:
    """Return the drawn lineage with its words, or nothing where there is nothing to draw.

    Args:
        collection: All models.
        base: Address of the page below the site's.
        ident: Begins the ids in the picture; one of its own for each picture of a page.
        of: Draw only this model, what it descends from, and what descends from it.
        outside: Whether ancestors that have no page here are drawn.
    """
    models = collection.models if of is None else _kin(of, collection)
    nodes: dict[str, _Node] = {}
    edges: list[tuple[str, str]] = []
    said: list[str] = []
    for model in sorted(models, key=lambda m: (m.record.year, m.folder)):
        address = relative(model.address, base)
        nodes[model.folder] = _Node(
            model.folder, model.name, model.record.year, address, model.area
        )
    for model in models:
        for ancestor in model.record.descends_from:
            parent = collection.by_name.get(ancestor.name.lower())
            if parent:
                if parent.folder in nodes and (of is None or of in (model, parent)):
                    edges.append((parent.folder, model.folder))
            elif outside and ancestor.outside and ancestor.year and of in (None, model):
                key = f"\0{ancestor.outside.lower()}"
                address = model.link(ancestor.source or "")
                nodes.setdefault(key, _Node(key, ancestor.outside, ancestor.year, address, ""))
                edges.append((key, model.folder))
    if not edges and of is not None:
        return ""
    if not nodes:
        return ""
    for model in sorted(models, key=lambda m: (m.record.year, m.folder)):
        said.append(_in_words(model, edges, nodes))
    title = f"Lineage of {of.name}" if of else "Lineage of all models"
    svg = _drawn(list(nodes.values()), edges, title, ident, of.folder if of else None)
    words = "".join(f"<li>{line}</li>" for line in said if line)
    return (
        f'<figure class="zoo-lineage"><div class="zoo-lineage__frame" tabindex="0" role="group" '
        f'aria-label="{escape(title)}">{svg}</div>'
        f"<details><summary>In words</summary><ul>{words}</ul></details></figure>"
    )


def _kin(model: Model, collection: Collection) -> list[Model]:
    found = {m.folder: m for m in [*collection.parents(model), *collection.children(model)]}
    return [model, *(m for folder, m in found.items() if folder != model.folder)]


def _in_words(model: Model, edges: Iterable[tuple[str, str]], nodes: dict[str, _Node]) -> str:
    parents = [nodes[a] for a, b in edges if b == model.folder]
    own = _named(nodes[model.folder])
    if not parents:
        return own
    return f"{own} descends from {', '.join(_named(parent) for parent in parents)}"


def _named(node: _Node) -> str:
    name = escape(node.name)
    linked = f'<a href="{escape(node.address)}">{name}</a>' if node.address else name
    return f"{linked} ({node.year})"


def _drawn(
    nodes: list[_Node], edges: list[tuple[str, str]], title: str, ident: str, chosen: str | None
) -> str:
    by_key = {node.key: node for node in nodes}
    parents: dict[str, list[str]] = {}
    for a, b in edges:
        parents.setdefault(b, []).append(a)
    rows, height = _laid_out(nodes, lambda key: parents.get(key, []))
    width = _SIDE + (max(node.lane for node in nodes) + 1) * _STEP
    lines = "".join(_edge(by_key[a], by_key[b]) for a, b in edges)
    years = "".join(
        f'<text class="zoo-lineage__year" x="0" y="{top + 19:g}">{year}</text>'
        for year, top in rows
    )
    boxes = "".join(_box(node, node.key == chosen) for node in nodes)
    ident = escape(ident)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="group" aria-labelledby="{ident}-title">'
        f'<title id="{ident}-title">{escape(title)}: time runs down</title>'
        f'<g class="zoo-lineage__edges">{lines}</g>{years}{boxes}</svg>'
    )


def _laid_out(
    nodes: list[_Node], parents: Callable[[str], list[str]]
) -> tuple[list[tuple[int, float]], float]:
    """Give each node a place; return the rows' years with their tops, and the whole height."""
    by_year: dict[int, list[_Node]] = {}
    for node in nodes:
        by_year.setdefault(node.year, []).append(node)
    lanes: dict[str, float] = {}
    rows: list[tuple[int, float]] = []
    top = 4.0
    for year, row in sorted(by_year.items()):

        def wish(node: _Node) -> float:
            above = [lanes[key] for key in parents(node.key) if key in lanes]
            return sum(above) / len(above) if above else len(lanes) % 3

        taken: set[int] = set()
        wishes = [(wish(node), node.name.lower(), node) for node in row]
        for wanted, _, node in sorted(wishes, key=lambda item: item[:2]):
            lane = round(wanted)
            around = (lane + sign * step for step in range(len(row) + 1) for sign in (1, -1))
            node.lane = next(place for place in around if place >= 0 and place not in taken)
            taken.add(int(node.lane))
            lanes[node.key] = node.lane
            node.top = top
        rows.append((year, top))
        top += max(node.height for node in row) + _GAP
    return rows, top - _GAP + 4


def _edge(parent: _Node, child: _Node) -> str:
    x1, y1, x2, y2 = parent.middle, parent.top + parent.height, child.middle, child.top
    if y2 <= y1:  # of the same year: from side to side
        y1 = y2 = parent.top + parent.height / 2
        side = _BOX / 2 if x2 > x1 else -_BOX / 2
        return f'<path d="M{x1 + side:g} {y1:g}H{x2 - side:g}"/>'
    bend = min((y2 - y1) / 2, 40)
    return f'<path d="M{x1:g} {y1:g}C{x1:g} {y1 + bend:g} {x2:g} {y2 - bend:g} {x2:g} {y2:g}"/>'


def _box(node: _Node, chosen: bool) -> str:
    kind = "outside" if not node.area else "chosen" if chosen else "model"
    left = node.middle - _BOX / 2
    words = "".join(
        f'<text x="{node.middle:g}" y="{node.top + 19 + n * _LINE:g}">{escape(line)}</text>'
        for n, line in enumerate(node.lines)
    )
    shape = (
        f'<rect x="{left:g}" y="{node.top:g}" width="{_BOX}" height="{node.height}" rx="5"/>{words}'
    )
    if node.address:
        label = escape(f"{node.name}, {node.year}")
        shape = f'<a href="{escape(node.address)}" aria-label="{label}">{shape}</a>'
    return f'<g class="zoo-lineage__{kind}">{shape}</g>'
