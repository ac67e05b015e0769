# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Draws the small pictures of the areas into overrides/.icons/zoo/areas/: each is computed.

Language Models: causal attention weights. Computer Vision: an image, its box. Generative AI: the
same image under less and less noise. Reinforcement Learning: values of a grid world, best path.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "overrides" / ".icons" / "zoo" / "areas"
WIDTH, HEIGHT = 240, 120
LLAMA = [
    "......##.",
    "......###",
    "......##.",
    "......#..",
    "......#..",
    ".######..",
    "#.#####..",
    "..#####..",
    "..#...#..",
    "..#...#..",
]
LEVELS = 5

Pixels = Mapping[tuple[int, int], float]


def squares(pixels: Pixels, left: float, top: float, size: float, gap: float = 1) -> str:
    """Draw values between 0 and 1 as squares, one path for each of five opacities.

    Values of 0 are left out; small ones get the faintest square.
    """
    paths = ["" for _ in range(LEVELS + 1)]
    side = size - gap
    for (row, column), value in sorted(pixels.items()):
        level = math.ceil(max(0.0, min(1.0, value)) * LEVELS)
        paths[level] += (
            f"M{left + column * size:g} {top + row * size:g}h{side:g}v{side:g}h-{side:g}"
        )
    return "".join(
        f'<path opacity="{level / LEVELS:g}" d="{path}"/>'
        for level, path in enumerate(paths)
        if level and path
    )


def llama() -> dict[tuple[int, int], float]:
    """Return the animal's pixels, 1 where it is and 0 elsewhere."""
    return {(r, c): float(cell == "#") for r, row in enumerate(LLAMA) for c, cell in enumerate(row)}


def attention(tokens: int, seed: int) -> dict[tuple[int, int], float]:
    """Return causal attention: each row a softmax over itself and what came before, scaled to 1."""
    draw = random.Random(seed)
    weights: dict[tuple[int, int], float] = {}
    for query in range(tokens):
        scores = [math.exp(1.2 * draw.gauss(0, 1)) for _ in range(query + 1)]
        weights |= {(query, key): score / max(scores) for key, score in enumerate(scores)}
    return weights


def noised(pixels: Pixels, signal: float, seed: int) -> dict[tuple[int, int], float]:
    """Return sqrt(signal) x + sqrt(1 - signal) noise: the forward process of diffusion."""
    draw = random.Random(seed)
    spread = math.sqrt(1 - signal)
    return {
        at: math.sqrt(signal) * value + spread * abs(draw.gauss(0, 0.5)) - 0.04
        for at, value in pixels.items()
    }


def distances(
    walls: set[tuple[int, int]], goal: tuple[int, int], rows: int, columns: int
) -> Pixels:
    """Return the number of steps from each free cell to the goal, by breadth-first search."""
    found = {goal: 0.0}
    queue = deque([goal])
    while queue:
        row, column = queue.popleft()
        for cell in ((row, column + 1), (row + 1, column), (row, column - 1), (row - 1, column)):
            inside = 0 <= cell[0] < rows and 0 <= cell[1] < columns
            if inside and cell not in walls and cell not in found:
                found[cell] = found[row, column] + 1
                queue.append(cell)
    return found


def best_path(steps: Pixels, start: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the cells from start to goal, always to the neighbour nearest to the goal."""
    path = [start]
    while steps[path[-1]]:
        row, column = path[-1]
        near = [(row, column + 1), (row + 1, column), (row - 1, column), (row, column - 1)]
        path.append(min((c for c in near if c in steps), key=lambda c: steps[c]))
    return path


def pictures() -> dict[str, str]:
    """Return the body of each area's picture by folder name."""
    walls = {(1, 3), (2, 3), (3, 3), (4, 3), (1, 8), (2, 8), (3, 8), (4, 7), (0, 8)}
    steps = distances(walls, (1, 10), 6, 12)
    values = {cell: 0.9**step for cell, step in steps.items()}
    route = " ".join(f"{34 + c * 15:g} {22 + r * 15:g}" for r, c in best_path(steps, (4, 1)))
    animal = llama()
    return {
        "Language-Models": squares(attention(10, seed=4), 70, 10, 10),
        "Computer-Vision": squares(animal, 84, 15, 8, 0.6)
        + '<path fill="none" stroke="var(--zoo-warm)" stroke-width="2" d="M78 9h84v92h-84z"/>',
        "Generative-AI": "".join(
            squares(noised(animal, signal, seed=7), 14 + 74 * place, 30, 7, 0.8)
            for place, signal in enumerate((0.02, 0.55, 1.0))
        ),
        "Reinforcement-Learning": squares(values, 27, 15, 15)
        + f'<path fill="none" stroke="var(--zoo-warm)" stroke-width="2.5" d="M{route}"/>'
        + '<circle cx="49" cy="82" r="5" fill="var(--zoo-warm)"/>',
        "default": squares(noised(animal, 0.85, seed=3), 84, 20, 8),
    }


if __name__ == "__main__":
    for name, body in pictures().items():
        svg = (
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" fill="currentColor" aria-hidden="true">'
            f"{body}</svg>\n"
        )
        (FOLDER / f"{name}.svg").write_text(svg, encoding="utf-8")
