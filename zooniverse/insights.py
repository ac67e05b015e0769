# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Makes the table of OSS Insight's widgets, each with a local picture beneath the remote one."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from html import escape
from typing import Any, Literal
from urllib.parse import urlencode

from pydantic import Field, StrictInt, field_validator

from zooniverse import charts
from zooniverse.history import History, NoHistory
from zooniverse.settings import Settings

SERVICE = "https://next.ossinsight.io/widgets/official"

# All official widgets for a repository, with what they show.
WIDGETS = {
    "analyze-repo-activity-trends": "Activity trends",
    "analyze-repo-commits-time-distribution": "Commits time distribution",
    "analyze-repo-company": "Companies of contributors",
    "analyze-repo-issue-open-to-first-responded": "Time to the first answer to an issue",
    "analyze-repo-issue-opened-and-closed": "Issues opened and closed",
    "analyze-repo-loc-per-month": "Lines of code changes",
    "analyze-repo-pull-request-open-to-merged": "Pull request lifecycle",
    "analyze-repo-pull-requests-size-per-month": "Pull request size",
    "analyze-repo-pushes-and-commits-per-month": "Pushes and commits",
    "analyze-repo-recent-collaborative-productivity-metrics": "Collaborative productivity",
    "analyze-repo-recent-commits": "Recent commits",
    "analyze-repo-recent-contributors": "Recent contributors",
    "analyze-repo-recent-issues": "Recent issues",
    "analyze-repo-recent-pull-requests": "Recent pull requests",
    "analyze-repo-recent-stars": "Recent stars",
    "analyze-repo-recent-top-contributors": "Recent top contributors",
    "analyze-repo-stars-history": "Stars over time",
    "analyze-repo-stars-map": "Stars on the map",
    "compose-activity-trends": "Activity trends",
    "compose-contributors": "Contributors",
    "compose-last-28-days-collaborative-productivity": "Collaborative productivity, 28 days",
    "compose-last-28-days-stats": "The last 28 days",
    "compose-recent-active-contributors": "Active contributors",
    "compose-recent-top-contributors": "Recent top contributors",
}

# What a Git history can answer, too.
_LOCAL: dict[str, Callable[[History, str], str]] = {
    "analyze-repo-commits-time-distribution": lambda h, i: charts.punch_card(h.hours, i),
    "analyze-repo-loc-per-month": lambda h, i: charts.lines_by_month(h.months, i),
    "analyze-repo-pushes-and-commits-per-month": lambda h, i: charts.commits_by_month(h.months, i),
    "compose-recent-active-contributors": lambda h, i: charts.contributors(
        h.contributors, h.until, i
    ),
}


class Widget(Settings):
    """One row of the table.

    Attributes:
        name: OSS Insight's name of the widget, a key of ``WIDGETS``.
        title: What the row is called; without one, the text of ``WIDGETS``.
        period: The time that the widget looks at, where it can be chosen.
        limit: How many of something it lists at most.
        zone: Its time zone, in hours east of UTC.
    """

    name: str
    title: str | None = None
    period: Literal["past_28_days", "last_1_year", "last_3_year", "all_times"] | None = None
    limit: StrictInt | None = Field(default=None, ge=1, le=100)
    zone: StrictInt | None = Field(default=None, ge=-12, le=14)

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in WIDGETS:
            near = get_close_matches(name, WIDGETS, n=1, cutoff=0)
            raise ValueError(f"OSS Insight has no such widget. Did you mean '{near[0]}'?")
        return name

    def heading(self) -> str:
        """Return what the row is called."""
        return self.title or WIDGETS[self.name]

    def address(self, repo_id: int, **picture: str) -> str:
        """Return the address of the widget's page, or of its picture in one colour scheme.

        Args:
            repo_id: The repository's number on GitHub.
            picture: Parameters of the picture; without any, the address is the page's.
        """
        chosen = {"period": self.period, "zone": self.zone, "limit": self.limit}
        query = {"repo_id": repo_id, **{k: v for k, v in chosen.items() if v is not None}}
        path = f"{self.name}/thumbnail.png" if picture else self.name
        return f"{SERVICE}/{path}?{urlencode(query | picture)}"


# The six of the project's founding README.
FOUNDING = (
    Widget(name="compose-recent-active-contributors", limit=30),
    Widget(name="analyze-repo-pushes-and-commits-per-month"),
    Widget(name="analyze-repo-pull-requests-size-per-month"),
    Widget(name="analyze-repo-pull-request-open-to-merged"),
    Widget(name="analyze-repo-loc-per-month"),
    Widget(name="analyze-repo-commits-time-distribution", period="last_1_year", zone=0),
)


class OssInsight(Settings):
    """The section ``extra.oss_insight`` of mkdocs.yml.

    Attributes:
        repository: Owner and name on GitHub, with a slash between them.
        repo_id: The repository's number on GitHub.
        images: ``remote``: OSS Insight's pictures over the local ones; ``local``: these only.
        widgets: The rows of the table.
    """

    repository: str
    repo_id: int = Field(default=None, validate_default=True)
    images: Literal["remote", "local"] = "remote"
    widgets: tuple[Widget, ...] = Field(default=FOUNDING, min_length=1)

    @field_validator("repository")
    @classmethod
    def _owner_and_name(cls, repository: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9-]+/[\w.-]+", repository, re.ASCII):
            raise ValueError("Give owner and name as on GitHub, like 'owner/name'")
        return repository

    @field_validator("repo_id", mode="before")
    @classmethod
    def _own_number(cls, repo_id: Any) -> int:
        # OSS Insight answers a request without a number with its own favourite project.
        if isinstance(repo_id, int) and not isinstance(repo_id, bool) and repo_id > 0:
            return repo_id
        raise ValueError(
            "It must be the repository's number on GitHub (the id that "
            "https://api.github.com/repos/OWNER/NAME gives), without quotes: "
            "otherwise OSS Insight shows another project's data"
        )


def widget_table(settings: OssInsight, history: History | NoHistory) -> str:
    """Return the table of the widgets as HTML.

    Args:
        settings: Which widgets, of which repository, with or without remote pictures.
        history: The repository's measures, for the local pictures.
    """
    rows = "\n".join(
        _row(widget, settings, history, f"zoo-insight-{number}")
        for number, widget in enumerate(settings.widgets, start=1)
    )
    # The roles are those of the elements; on phones the table's parts are laid out as blocks, and
    # browsers would take its meaning from it.
    return f"""<table class="zoo-insights" role="table">
<caption>Activity of {escape(settings.repository)}</caption>
<thead role="rowgroup"><tr role="row">\
<th role="columnheader" scope="col">Measure</th>\
<th role="columnheader" scope="col">Picture</th></tr></thead>
<tbody role="rowgroup">
{rows}
</tbody>
</table>"""


def _row(widget: Widget, settings: OssInsight, history: History | NoHistory, ident: str) -> str:
    heading = escape(widget.heading())
    pictures = [_local_picture(widget, history, ident)]
    if settings.images == "remote":
        pictures += [_remote_picture(widget, settings.repo_id, way) for way in ("light", "dark")]
    page = escape(widget.address(settings.repo_id))
    return f"""<tr role="row"><th role="rowheader" scope="row">{heading}</th>
<td role="cell"><figure class="zoo-insight"><div class="zoo-insight__pictures">{"".join(pictures)}\
</div>
<figcaption><a href="{page}" rel="noopener noreferrer" referrerpolicy="no-referrer" \
aria-label="Full report: {heading}">Full report</a> on OSS Insight</figcaption></figure>\
</td></tr>"""


def _local_picture(widget: Widget, history: History | NoHistory, ident: str) -> str:
    if widget.name not in _LOCAL:
        text = (
            "Pull requests are not part of a Git history. The full report shows them."
            if "pull-request" in widget.name
            else "This is not part of a Git history. The full report shows it."
        )
        return charts.note(widget.heading(), text, ident)
    if isinstance(history, NoHistory):
        text = f"Not drawn from the history. {history.reason}"
        return charts.note(widget.heading(), text, ident)
    return _LOCAL[widget.name](history, ident)


def _remote_picture(widget: Widget, repo_id: int, scheme: Literal["light", "dark"]) -> str:
    # The picture has words in the local one beneath it. Its size is fixed, so that it covers that
    # one wholly; Material shows the fragment's scheme only.
    address = widget.address(repo_id, image_size="default", color_scheme=scheme)
    return (
        f'<img src="{escape(address)}#only-{scheme}" alt="" width="720" height="405" '
        'loading="lazy" decoding="async" referrerpolicy="no-referrer">'
    )
