# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Loads implementations, which lie beside their pages and in no package."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import ModuleType

_numbers = count()


@contextmanager
def loaded(file: Path, source: str | None = None) -> Iterator[ModuleType]:
    """Load a file, or another text in its place, under a name of its own.

    The name is known to Python while the block runs, since dataclasses look themselves up.
    """
    module = ModuleType(f"{file.stem}_{next(_numbers)}")
    module.__file__ = str(file)
    sys.modules[module.__name__] = module
    try:
        text = file.read_text(encoding="utf-8") if source is None else source
        exec(compile(text, str(file), "exec"), module.__dict__)
        yield module
    finally:
        del sys.modules[module.__name__]


def implementation(file: Path) -> ModuleType:
    """Return the code of a file, as it is."""
    with loaded(file) as module:
        return module
