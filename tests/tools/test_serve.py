# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""`make serve`, run for real: a page is saved, a hook is saved, a hook is broken and mended."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.conftest import ROOT, SmallSite, load

serve = load("tools/serve.py")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(found: Callable[[], bool], what: str) -> None:
    """Wait until it is so; half a minute is far more than it ever takes."""
    for _ in range(300):
        if found():
            return
        time.sleep(0.1)
    raise AssertionError(f"never came: {what}")


class Served:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.at = f"127.0.0.1:{free_port()}"
        self.log = folder / "log"
        with self.log.open("w") as log:
            command = [sys.executable, str(folder / "tools" / "serve.py"), self.at]
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)

    def shows(self, words: str, path: str = "") -> bool:
        try:
            with urlopen(f"http://{self.at}/Synthetic-Zooniverse/{path}") as answer:
                return words in answer.read().decode()
        except OSError:
            return False

    def said(self, words: str) -> bool:
        return words in self.log.read_text(encoding="utf-8")


@pytest.fixture
def served(small_site: SmallSite) -> Iterator[Served]:
    folder = small_site.folder
    (folder / "hooks").unlink()
    shutil.copytree(ROOT / "hooks", folder / "hooks")
    shutil.copytree(ROOT / "tools", folder / "tools")
    (folder / "zooniverse").mkdir()
    small_site.write_settings()
    running = Served(folder)
    yield running
    running.process.terminate()
    running.process.wait(timeout=20)
    assert not running.shows(""), "the server outlived the command"


def test_what_is_saved_is_shown(served: Served, small_site: SmallSite) -> None:
    eventually(lambda: served.shows("One sentence."), "the first page")
    small_site.page("README.md", "# Home\n\nAnother sentence.\n")
    eventually(lambda: served.shows("Another sentence."), "the saved page")

    hook = served.folder / "hooks" / "typefaces.py"
    whole = hook.read_text(encoding="utf-8")
    hook.write_text(
        whole + "\ndef on_page_markdown(markdown, **_):\n    return markdown + 'hooked'\n"
    )
    eventually(lambda: served.shows("hooked"), "the page under the changed hook")

    hook.write_text("this is no Python")
    eventually(lambda: served.said("mend the error above"), "the message")
    hook.write_text(whole)
    eventually(lambda: served.shows("Another sentence."), "the page under the mended hook")


def test_a_port_in_use_is_one_line() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        at = f"127.0.0.1:{busy.getsockname()[1]}"
        done = subprocess.run(
            [sys.executable, str(ROOT / "tools" / "serve.py"), at],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith(f"{at} is in use: ") and done.stderr.count("\n") == 1


def test_added_changed_and_removed_files_are_changes() -> None:
    a, b, c = Path("a"), Path("b"), Path("c")
    assert serve.changes({a: 1, b: 1, c: 1}, {a: 1, b: 2}) == [b, c]
    assert serve.changes({}, {a: 1}) == [a]
    assert serve.changes({a: 1}, {a: 1}) == []
