# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Finds Chrome or Chromium for the tests, and gets one where there is none."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable

from zooniverse.browser import WITHOUT
from zooniverse.browser import find as find

# Headless, quiet towards the network; root has no sandbox.
ARGUMENTS = [
    WITHOUT,
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
]


def get() -> str | None:
    """Install a browser where none was found: Playwright's download, or Debian's package as root.

    Returns:
        The path of the browser, or None where neither way worked.
    """
    ways: list[Callable[[], object]] = [
        lambda: _run(sys.executable, "-m", "playwright", "install", "chromium"),
        lambda: _run("apt-get", "update", "-qq") and _run("apt-get", "install", "-y", "chromium"),
    ]
    for way in ways:
        way()
        if path := find():
            return path
    return None


def _run(*command: str) -> bool:
    if not shutil.which(command[0]):
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=600, check=False)
    return done.returncode == 0


def main() -> int:
    """Print the browser's path; with ``--install``, get one first where there is none."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--install", action="store_true", help="get a browser where there is none")
    path = find()
    if not path and parser.parse_args().install:
        print("No Chrome or Chromium found: getting one ...", flush=True)
        path = get()
    if not path:
        print(
            "No Chrome or Chromium, and none could be installed. The browser tests need one: "
            "install it, or name it: CHROME=/path/to/chrome make test.",
            file=sys.stderr,
        )
        return 1
    print(f"Browser: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
