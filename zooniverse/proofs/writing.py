# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""How proofs and measurements write numbers, times and days for people."""

from __future__ import annotations

import math
from datetime import date

from zooniverse import charts


def result(mean: float, std: float) -> str:
    """Write a mean as far as its standard deviation has a first digit."""
    if not std:
        return f"{number(mean)} ± 0"
    digits = min(max(-math.floor(math.log10(std)), 0), 6)
    return f"{mean:.{digits}f} ± {std:.{digits}f}".replace("-", "−")


def number(value: float) -> str:
    """Write a number with three digits, or with all before the point where there are more."""
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return text.replace("-", "−")


def seconds(value: float) -> str:
    """Write a time in seconds, below ten with one digit after the point."""
    return f"{value:,.1f} s" if value < 10 else f"{value:,.0f} s"


def day(text: str) -> str:
    """Write a date such as 2026-11-24 as 24 Nov 2026; what is no date stays as it is."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{found.day} {charts.MONTHS[found.month - 1]} {found.year}"


def upper(text: str) -> str:
    """Begin a text with a capital."""
    return text[:1].upper() + text[1:]
