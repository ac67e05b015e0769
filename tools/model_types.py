# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Checks the types of the code under docs/, one file at a time: ``python tools/model_types.py``.

The folders' names are no names of packages and each model has its ``proof.py``, so that mypy cannot
take them all at once.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
# What PyTorch's own types make necessary: calling a module returns Any, some methods are untyped.
ALLOWED = ["--no-error-summary", "--no-warn-return-any", "--allow-untyped-calls"]


def main() -> int:
    """Return 1 if a type is wrong somewhere."""
    wrong = False
    folders = {proof.parent for proof in (ROOT / "docs").rglob("proof.py")}
    for folder in sorted({*folders, ROOT / "docs" / "Comparisons"}):
        for file in sorted(folder.glob("*.py")):
            command = [sys.executable, "-m", "mypy", *ALLOWED, str(file)]
            wrong |= bool(subprocess.run(command, cwd=ROOT, check=False).returncode)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
