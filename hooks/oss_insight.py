# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""When a page has become HTML, its request for the project's activity is answered by a table.

before:  <!-- zoo: oss-insight -->
after:   <table class="zoo-insights" …>… <tr …><th …>Active contributors</th>
         <td …><figure …>(local picture) (remote light) (remote dark) (link)</figure></td></tr>
         …</table>
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import get_plugin_logger

from zooniverse.history import History, NoHistory, read_history
from zooniverse.insights import OssInsight, widget_table
from zooniverse.markers import replace_markers
from zooniverse.settings import read_section

log = get_plugin_logger("oss_insight")

BLOCKS = ("oss-insight",)  # what it puts in the place of <!-- zoo: NAME -->


def on_config(config: MkDocsConfig, **_: Any) -> None:
    read_section(config.extra, "oss_insight", OssInsight, PluginError)


def on_page_content(html: str, config: MkDocsConfig, **_: Any) -> str:
    settings = read_section(config.extra, "oss_insight", OssInsight, PluginError)
    return with_widgets(html, settings, lambda: _history(config))


def with_widgets(
    html: str, settings: OssInsight, history: Callable[[], History | NoHistory]
) -> str:
    """Put the table of widgets in the place of each ``<!-- zoo: oss-insight -->``.

    Args:
        html: A page's content.
        settings: The section ``extra.oss_insight``.
        history: Gives the measures of the repository; called only where a page asks for the table.
    """
    return replace_markers(html, {"oss-insight": lambda _: widget_table(settings, history())})


def _history(config: MkDocsConfig) -> History | NoHistory:
    history = read_history(Path(config.config_file_path).parent)
    if isinstance(history, NoHistory):
        log.info("Pictures of the project's activity cannot be drawn. %s", history.reason)
    return history
