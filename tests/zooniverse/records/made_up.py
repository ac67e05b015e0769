# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Made-up models for tests: they are written into temporary folders only."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

RECORD: dict[str, Any] = {
    "name": "Alpha",
    "line": "A model that reads letters.",
    "year": 2017,
    "authors": ["Ada Lovelace", "Alan Turing"],
    "organisations": ["University of Somewhere"],
    "venue": "NeurIPS 2017",
    "paper": {"title": "Alpha <Is> All", "arxiv": "1706.03762"},
    "tasks": ["machine translation"],
    "modalities": ["text"],
    "sizes": [
        {
            "name": "base",
            "hyperparameters": {"N": 6},
            "parameters": [{"value": "65 M", "source": "alpha", "at": "Table 3"}],
            "source": "alpha",
            "at": "Table 3",
        }
    ],
    "results": [
        {
            "benchmark": "WMT",
            "metric": "BLEU",
            "value": 27.3,
            "size": "base",
            "split": "test",
            "source": "alpha",
            "at": "Table 2",
        }
    ],
    "weights": {"availability": "open", "licence": "MIT", "url": "https://example.org/weights"},
}
BIB = """@misc{alpha,
  author = {Lovelace, Ada and Turing, Alan},
  title = {Alpha is all},
  year = {2017},
  howpublished = {arXiv},
  eprint = {1706.03762},
  annote = {Where it began.}
}
"""


def record(**changes: Any) -> dict[str, Any]:
    """Return a right record with changes."""
    return copy.deepcopy(RECORD) | changes


def write(docs: Path, folder: str, bib: str = BIB, **changes: Any) -> Path:
    """Write a model's folder: page, record (JSON is YAML) and bibliography."""
    place = docs / folder
    place.mkdir(parents=True, exist_ok=True)
    name = folder.rsplit("/", 1)[-1]
    made = record(**({"name": name} | changes))
    (place / "model.yml").write_text(json.dumps(made, indent=1, ensure_ascii=False), "utf-8")
    (place / "references.bib").write_text(bib, encoding="utf-8")
    (place / "README.md").write_text(
        f"---\ntitle: {name}\ndescription: A made-up model for the tests of the records.\n---\n\n"
        f"# {name}\n\nOne sentence.[^alpha]\n\n"
        "[^alpha]: Lovelace and Turing, [*Alpha is all*](https://arxiv.org/abs/1706.03762), "
        "arXiv, 2017.\n",
        encoding="utf-8",
    )
    return place
