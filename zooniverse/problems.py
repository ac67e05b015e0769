# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What is wrong in a page or a setting, said in one line that names the place and the cure."""

from __future__ import annotations

from dataclasses import dataclass


class SettingsError(ValueError):
    """A wrong setting. Its text is one line: file, key, what is wrong, what to do."""


@dataclass(frozen=True)
class Problem:
    """Something wrong in a page.

    Attributes:
        line: Line of the page's file, counted from 1, or None where no one line is to blame.
        message: What is wrong, without a full stop.
        cure: What to do, as an imperative, without a full stop.
    """

    line: int | None
    message: str
    cure: str

    def at(self, file: str) -> str:
        """Return the one line that a person reads, ``file:line: message. Cure.`` in full."""
        place = file if self.line is None else f"{file}:{self.line}"
        return f"{place}: {self.message}. {self.cure}."
