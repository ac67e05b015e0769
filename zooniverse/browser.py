# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Finds Chrome or Chromium, which draws the pictures of diagrams and which the tests drive."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

PROGRAMS = ("google-chrome", "google-chrome-stable", "chromium", "chromium-browser", "chrome")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
)
# Switched off: the pop-ups of the address bar, two of which each new window would draw for a second
# though nobody sees it; and what Playwright switches off, as its own list is read no more.
WITHOUT = "--disable-features=" + ",".join(
    (
        "WebUIOmniboxPopup",
        "WebUIOmniboxAimPopup",
        "AimEnabled",
        "AvoidCorsURLLoaderRestartOnRedirect",
        "AvoidUnnecessaryBeforeUnloadCheckSync",
        "DestroyProfileOnBrowserClose",
        "HttpsFirstBalancedModeAutoEnable",
        "HttpsUpgrades",
        "LensOverlay",
        "MediaRouter",
        "NetworkTimeServiceQuerying",
        "OptimizationHints",
        "PaintHolding",
        "PreconnectToSearch",
        "ThirdPartyStoragePartitioning",
    )
)


def find() -> str | None:
    """Return the path of Chrome or Chromium: ``$CHROME``, the PATH, usual places, Playwright's.

    Where ``$CHROME`` is set, no other is looked for, even if there is no such file.
    """
    named = os.environ.get("CHROME")
    if named:
        return named if Path(named).is_file() else None
    on_path = next(filter(None, map(shutil.which, PROGRAMS)), None)
    return on_path or next((place for place in PLACES if Path(place).is_file()), None) or _own()


def _own() -> str | None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None
