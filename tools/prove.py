# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Proves models in full and writes their ``proof.json``: ``python tools/prove.py [FOLDER …]``.

A folder is named as under ``docs/``, or by its last name alone: ``Transformer``.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main(names: list[str]) -> int:
    """Prove the named models, or all; return 1 if a name is unknown or a proof fails."""
    import torch

    from zooniverse.proofs.record import write_record
    from zooniverse.proofs.running import folders, prove

    torch.set_num_threads(1)
    known = folders(ROOT / "docs")
    chosen = [f for f in known if not names or f.name in names or _path(f) in names]
    unknown = set(names) - {f.name for f in chosen} - {_path(f) for f in chosen}
    if unknown:
        models = ", ".join(folder.name for folder in known) or "none"
        print(f"No model {min(unknown)!r} has a proof.py. Those that have: {models}.")
        return 1
    failed = False
    for folder in chosen:
        record = prove(folder, print)
        write_record(record, folder)
        failed |= record.status == "failed"
        print(f"{folder.name}: {record.status} in {record.seconds} s; {_path(folder)}/proof.json")
    return int(failed)


def _path(folder: Path) -> str:
    return folder.relative_to(ROOT).as_posix()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
