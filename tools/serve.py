# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Serves the site with live reload, and starts anew when code changes that MkDocs does not reload.

MkDocs follows docs/, overrides/ and mkdocs.yml by itself; hooks and the package it imports once.
"""

from __future__ import annotations

import argparse
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = ROOT / "mkdocs.yml"
CODE = ("hooks", "zooniverse")
SECONDS = 0.5

Stamps = dict[Path, int]


def stamps() -> Stamps:
    """Return when each file was last changed that a running build has read once for all."""
    found = {}
    for file in [SETTINGS, *(f for folder in CODE for f in (ROOT / folder).rglob("*.py"))]:
        try:
            found[file] = file.stat().st_mtime_ns
        except FileNotFoundError:  # an editor replaced it between the two calls
            continue
    return found


def changes(before: Stamps, now: Stamps) -> list[Path]:
    """Return the files that were added, removed or written between two looks."""
    return sorted(file for file in before.keys() | now.keys() if before.get(file) != now.get(file))


def serve(address: str) -> None:
    """Run ``mkdocs serve`` until it is interrupted, and again whenever its code changes."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended is ended: the server too
    command = [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", address]
    server = subprocess.Popen(command, cwd=ROOT)
    seen = stamps()
    told = False
    try:
        while True:
            time.sleep(SECONDS)
            changed, running = changes(seen, stamps()), server.poll() is None
            if changed and not (running and changed == [SETTINGS]):
                print(f"{changed[0].relative_to(ROOT)} changed: starting again.", flush=True)
                stop(server)
                server, told = subprocess.Popen(command, cwd=ROOT), False
            elif not running and not told:
                print("Nothing is served: mend the error above and save the file.", flush=True)
                told = True
            seen = stamps() if changed else seen
    except KeyboardInterrupt:
        stop(server)


def stop(server: subprocess.Popen[bytes]) -> None:
    """End the server, by force where it does not end by itself."""
    server.terminate()
    try:
        server.wait(timeout=5)
    except subprocess.TimeoutExpired:
        server.kill()


def taken(address: str) -> bool:
    """Say whether another program listens at ``host:port`` already."""
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, int(port))) == 0


def main() -> int:
    """Read the command line and serve; return the exit code."""
    parser = argparse.ArgumentParser(description="Serve the site while you write.")
    parser.add_argument("address", nargs="?", default="127.0.0.1:8000", help="host:port")
    address = parser.parse_args().address
    if taken(address):
        print(
            f"{address} is in use: end the other program, or name another port, "
            f"for example: make serve AT=127.0.0.1:8001.",
            file=sys.stderr,
        )
        return 1
    serve(address)
    return 0


if __name__ == "__main__":
    sys.exit(main())
