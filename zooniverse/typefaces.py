# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Says which of the site's fonts a page draws with, so that they are there before its text."""

from __future__ import annotations

import re

BASE = ["zoo-sans", "zoo-serif"]

_ITALIC = re.compile(r"<(em|i|cite|dfn|var)\b")
# What zoo-sans-accents holds and zoo-sans does not: see tools/fonts.py and site.css.
_ACCENTED = re.compile(r"[¡-¦¨ª-¯²-¶¸-ÖØ-èê-ÿ]")


def needed(content: str) -> list[str]:
    """Return the names of the fonts that a page needs, those of every page first.

    Args:
        content: The page's HTML.
    """
    italic = bool(_ITALIC.search(content))
    accented = bool(_ACCENTED.search(content))
    extra = {
        "zoo-sans-accents": accented,
        "zoo-sans-italic": italic,
        "zoo-sans-italic-accents": italic and accented,
    }
    return BASE + [name for name, wanted in extra.items() if wanted]
