# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Names the boxes of task lists for those who cannot see them."""

from __future__ import annotations

# As pymdownx.tasklist writes them, and as they are after the page has been made safe; nothing else
# on a page may be an input.
_BOXES = {
    '<input type="checkbox" disabled/>': '<input type="checkbox" disabled aria-label="To do"/>',
    '<input type="checkbox" disabled checked/>': (
        '<input type="checkbox" disabled checked aria-label="Done"/>'
    ),
    '<input type="checkbox" disabled="">': '<input type="checkbox" disabled aria-label="To do">',
    '<input type="checkbox" checked="" disabled="">': (
        '<input type="checkbox" disabled checked aria-label="Done">'
    ),
}


def name_boxes(html: str) -> str:
    """Give each box of a task list the name "Done" or "To do".

    Args:
        html: A page's content.
    """
    for box, named in _BOXES.items():
        html = html.replace(box, named)
    return html
