# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""When a page has become HTML, names the boxes of its task lists for screen readers.

before   <input type="checkbox" disabled checked/>
after    <input type="checkbox" disabled checked aria-label="Done"/>
"""

from __future__ import annotations

from typing import Any

from zooniverse.task_lists import name_boxes


def on_page_content(html: str, **_: Any) -> str:
    return name_boxes(html)
