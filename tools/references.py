# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Writes the footnotes that pages lack, of their folder's references.bib: make references."""

from __future__ import annotations

import sys
from pathlib import Path

from zooniverse.records.bibliography import FILE, read_bibliography, with_definitions

ROOT = Path(__file__).parent.parent


def main(docs: Path = ROOT / "docs") -> int:
    """Rewrite the pages below ``docs``; returns how many changed."""
    changed = 0
    for file in sorted(docs.rglob(FILE)):
        page = file.parent / "README.md"
        if page.is_file():
            text = page.read_text(encoding="utf-8")
            made = with_definitions(text, read_bibliography(file.read_bytes())[0])
            if made != text:
                page.write_text(made, encoding="utf-8", newline="\n")
                print(page.relative_to(docs.parent))
                changed += 1
    return changed


if __name__ == "__main__":
    main()
    sys.exit()
