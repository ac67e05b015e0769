# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Draws who descends from whom: time runs down, one row for each year.

The lines are an SVG, the boxes are links over it. The same is said in words below the picture, and
colours are the page's.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from zooniverse.records.collection import Collection, Model
from zooniverse.repository import relative

_BOX, _LINE, _SIDE = 118, 15, 56  # width of a box, height of a line of text, room for the years
_STEP, _GAP = 132, 34  # from lane to lane; between rows
_MOST = 24  # relatives that a model's own picture shows
_LETTERS = 16  # in a line of a box


@dataclass
class _Node:
    key: str
    name: str
    year: int
    address: str
    area: str
    lane: int = 0
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
    collection: Collection, base: str, of: Model | None = None, *, outside: bool = True
) -> str:
    """Return the drawn lineage with its words, or nothing where there is nothing to draw.

    Args:
        collection: All models.
        base: Address of the page below the site's.
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
    drawn = _drawn(list(nodes.values()), edges, title, of.folder if of else None)
    words = "".join(f"<li>{line}</li>" for line in said if line)
    return (
        f'<figure class="zoo-lineage">{drawn}'
        f"<details><summary>In words</summary><ul>{words}</ul></details></figure>"
    )


def _kin(model: Model, collection: Collection) -> list[Model]:
    found = {m.folder: m for m in [*collection.parents(model), *collection.children(model)]}
    kin = [m for folder, m in found.items() if folder != model.folder]
    return [model, *kin[:_MOST]]


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


def _drawn(nodes: list[_Node], edges: list[tuple[str, str]], title: str, chosen: str | None) -> str:
    by_key = {node.key: node for node in nodes}
    rows, height = _laid_out(by_key, edges)
    width = _SIDE + (max(node.lane for node in nodes) + 1) * _STEP - (_STEP - _BOX) + 4
    lines = "".join(_edge(by_key[a], by_key[b]) for a, b in edges)
    years = "".join(
        f'<span class="zoo-lineage__year" style="top:{top + 6:g}px">{year}</span>'
        for year, top in rows
    )
    boxes = "".join(_box(node, node.key == chosen) for node in nodes)
    return (
        f'<div class="zoo-lineage__frame" tabindex="0" role="group" aria-label="{escape(title)}">'
        f'<div class="zoo-lineage__drawing" style="width:{width:g}px;height:{height:g}px">'
        f'<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
        f'aria-hidden="true">{lines}</svg>{years}{boxes}</div></div>'
    )


def _laid_out(
    nodes: dict[str, _Node], edges: list[tuple[str, str]]
) -> tuple[list[tuple[int, float]], float]:
    """Give each node a place; return the rows' years with their tops, and the whole height.

    What descends from something of its own year stands in a row below it. Below a node its lane is
    kept free down to its last descendant, so that no line runs behind a box.
    """
    parents: dict[str, list[str]] = {}
    for a, b in edges:
        parents.setdefault(b, []).append(a)
    rows: dict[tuple[int, int], list[_Node]] = {}
    depth: dict[str, int] = {}
    for node in sorted(nodes.values(), key=lambda n: n.year):
        rows.setdefault((node.year, _depth(node, nodes, parents, depth)), []).append(node)
    order = {row: place for place, row in enumerate(sorted(rows))}
    last: dict[str, int] = {}
    for a, b in edges:
        place = order[nodes[b].year, depth[b]]
        last[a] = max(last.get(a, 0), place)
    kept: dict[int, int] = {}  # for each lane, the row down to which it is kept free
    labels: list[tuple[int, float]] = []
    top = 4.0
    for place, ((year, _), row) in enumerate(sorted(rows.items())):
        taken: set[int] = set()

        def wish(node: _Node) -> float:
            above = [nodes[key].lane for key in parents.get(node.key, [])]
            return sum(above) / len(above) if above else 0

        for wanted, _, node in sorted(((wish(n), n.name.lower(), n) for n in row),
                                      key=lambda item: item[:2]):  # fmt: skip
            lane, step = round(wanted), 0
            while lane < 0 or lane in taken or kept.get(lane, 0) > place:
                step += 1
                lane = round(wanted) + (step + 1) // 2 * (1 if step % 2 else -1)
            node.lane, node.top = lane, top
            taken.add(lane)
            kept[lane] = last.get(node.key, 0)
        if not labels or labels[-1][0] != year:
            labels.append((year, top))
        top += max(node.height for node in row) + _GAP
    return labels, top - _GAP + 4


def _depth(
    node: _Node, nodes: dict[str, _Node], parents: dict[str, list[str]], known: dict[str, int]
) -> int:
    """Return how many ancestors of its own year stand above a node in a chain."""
    if node.key not in known:
        known[node.key] = 0  # ends a circle, which is told elsewhere
        own = [nodes[key] for key in parents.get(node.key, []) if nodes[key].year >= node.year]
        known[node.key] = max((_depth(p, nodes, parents, known) + 1 for p in own), default=0)
    return known[node.key]


def _edge(parent: _Node, child: _Node) -> str:
    x1, y1, x2, y2 = parent.middle, parent.top + parent.height, child.middle, child.top
    if x1 == x2 or y2 <= y1:
        return f'<path d="M{x1:g} {y1:g}L{x2:g} {y2:g}"/>'
    bend = y2 - _GAP + 4  # below the row before
    half = (bend + y2) / 2
    return f'<path d="M{x1:g} {y1:g}V{bend:g}C{x1:g} {half:g} {x2:g} {half:g} {x2:g} {y2:g}"/>'


def _box(node: _Node, chosen: bool) -> str:
    kind = "outside" if not node.area else "chosen" if chosen else "model"
    style = (
        f"left:{node.middle - _BOX / 2:g}px;top:{node.top:g}px;width:{_BOX}px;"
        f"height:{node.height}px"
    )
    words = "<br>".join(map(escape, node.lines))
    begin = f'class="zoo-lineage__box zoo-lineage__{kind}" style="{style}"'
    if node.address and not chosen:
        return f'<a {begin} href="{escape(node.address)}">{words}</a>'
    return f"<span {begin}>{words}</span>"
