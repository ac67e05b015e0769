# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""The step that puts the table of the project's activity into a page."""

from __future__ import annotations

import html
import logging
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mkdocs.commands.build import build
from mkdocs.config.base import load_config
from mkdocs.exceptions import Abort, PluginError
from playwright.sync_api import Browser, Route

from zooniverse.history import History, Month, NoHistory
from zooniverse.insights import FOUNDING, OssInsight, widget_table
from zooniverse.markers import replace_markers
from zooniverse.settings import read_section

HOOK = Path(__file__).parents[2] / "hooks" / "oss_insight.py"
ASK = "<!-- zoo: oss-insight -->"
HISTORY = History(
    until=date(2026, 11, 24),
    contributors=(("Cong Le", 3),),
    months=(Month(2026, 11, 3, 20, 10),),
    hours=((3, *[0] * 23), *[(0,) * 24] * 6),
)
WRONG_NUMBERS: list[object] = ["932142266", "x", True, -1, 0, 1.5, None, []]
WRONG_OPTIONS: list[dict[str, object]] = [
    {"period": "last_2_year"}, {"limit": 0}, {"limit": True}, {"zone": 15}, {"zone": "0"},
    {"colour": "red"}, {"title": 1},
]  # fmt: skip
SECTION: dict[str, Any] = {
    "repository": "CongLeSolutionX/Synthetic-Zooniverse",
    "repo_id": 932142266,
}
GOLDEN_ROW = """<tr role="row"><th role="rowheader" scope="row">Pull request size</th>
<td role="cell"><figure class="zoo-insight"><div class="zoo-insight__pictures">\
(local)\
<img src="https://next.ossinsight.io/widgets/official/analyze-repo-pull-requests-size-per-month/\
thumbnail.png?repo_id=932142266&amp;image_size=default&amp;color_scheme=light#only-light" \
alt="" width="720" height="405" loading="lazy" decoding="async" referrerpolicy="no-referrer">\
<img src="https://next.ossinsight.io/widgets/official/analyze-repo-pull-requests-size-per-month/\
thumbnail.png?repo_id=932142266&amp;image_size=default&amp;color_scheme=dark#only-dark" \
alt="" width="720" height="405" loading="lazy" decoding="async" referrerpolicy="no-referrer">\
</div>
<figcaption><a href="https://next.ossinsight.io/widgets/official/\
analyze-repo-pull-requests-size-per-month?repo_id=932142266" rel="noopener noreferrer" \
referrerpolicy="no-referrer" aria-label="Full report: Pull request size">Full report</a> \
on OSS Insight</figcaption></figure></td></tr>"""


def section(**changes: Any) -> OssInsight:
    return read_section({"oss_insight": SECTION | changes}, "oss_insight", OssInsight)


def table(**changes: Any) -> str:
    return widget_table(section(**changes), HISTORY)


class Seen(HTMLParser):
    """Notes the elements of a piece of HTML, and that they are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag != "img":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str, key: str) -> list[str]:
        return [str(attrs.get(key)) for name, attrs in self.elements if name == tag]


def test_golden_row() -> None:
    text = table(widgets=[{"name": "analyze-repo-pull-requests-size-per-month"}])
    (row,) = ("<tr" + row for row in text.split("<tr")[2:])
    start, end = row.index("<svg"), row.index("</svg>") + len("</svg>")
    picture = "".join(ET.fromstring(row[start:end]).itertext())
    assert row[:start] + "(local)" + row[end:].partition("\n</tbody>")[0] == GOLDEN_ROW
    assert "Pull requests are not part of a Git history." in picture


def test_the_six_widgets_of_the_founding_readme() -> None:
    seen = Seen(table())
    assert seen.open == []
    pages = [urlsplit(address) for address in seen.all("a", "href")]
    assert [page.path.rpartition("/")[2] for page in pages] == [w.name for w in FOUNDING]
    assert [parse_qs(page.query) for page in pages] == [
        {"repo_id": ["932142266"], "limit": ["30"]},
        *[{"repo_id": ["932142266"]}] * 4,
        {"repo_id": ["932142266"], "period": ["last_1_year"], "zone": ["0"]},
    ]
    ids = [attrs["id"] for _, attrs in seen.elements if "id" in attrs]
    assert len(ids) == len(set(ids)) == 12
    assert len(seen.all("svg", "role")) == 6
    assert len(seen.all("img", "src")) == 12


def test_pictures_are_those_of_the_measures() -> None:
    text = table()
    for title in (
        "1 contributor in 28 days to 24 Nov 2026",
        "3 commits by month",
        "Changed lines by month",
        "3 commits by weekday and hour",
    ):
        assert f">{title}</title>" in text


def test_local_pictures_ask_nobody() -> None:
    seen = Seen(table(images="local"))
    assert seen.all("img", "src") == []
    assert len(seen.all("svg", "role")) == 6


def test_settings_win() -> None:
    text = table(
        widgets=[
            {"name": "analyze-repo-stars-history", "title": "Stars <&>", "period": "all_times"},
            {"name": "analyze-repo-recent-stars", "limit": 5, "zone": -3},
        ]
    )
    assert Seen(text).all("a", "aria-label") == [
        "Full report: Stars <&>",
        "Full report: Recent stars",
    ]
    assert ">Stars &lt;&amp;&gt;</th>" in text
    assert "analyze-repo-stars-history?repo_id=932142266&amp;period=all_times" in text
    assert "analyze-repo-recent-stars?repo_id=932142266&amp;zone=-3&amp;limit=5" in text
    assert "This is not part of a Git history. The full report shows it." in text


def test_without_history_the_pictures_say_why() -> None:
    text = widget_table(section(), NoHistory("The moon is in the wrong house."))
    assert text.count("</desc>") == 6
    assert text.count("Not drawn from the history. The moon is in the wrong house.</desc>") == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        *(
            ({"repo_id": wrong}, f"mkdocs.yml: extra.oss_insight.repo_id is {wrong!r}. It must be")
            for wrong in WRONG_NUMBERS
        ),
        ({"repository": "no-owner"}, "extra.oss_insight.repository is 'no-owner'. Give owner and"),
        ({"repository": "a/b?x"}, "extra.oss_insight.repository is 'a/b?x'."),
        ({"images": "romote"}, "extra.oss_insight.images is 'romote'. Input should be 'remote' or"),
        ({"widgets": []}, "extra.oss_insight.widgets is []."),
        ({"widget": []}, "extra.oss_insight.widget is not a setting. Did you mean 'widgets'?"),
        (
            {"widgets": [{"name": "analyze-repo-star-history"}]},
            "extra.oss_insight.widgets.0.name is 'analyze-repo-star-history'. OSS Insight has no "
            "such widget. Did you mean 'analyze-repo-stars-history'?",
        ),
        *(
            ({"widgets": [{"name": "compose-contributors", **wrong}]}, "oss_insight.widgets.0.")
            for wrong in WRONG_OPTIONS
        ),
    ],
)  # fmt: skip
def test_wrong_settings_are_named_in_one_line(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(PluginError) as raised:
        read_section({"oss_insight": SECTION | changes}, "oss_insight", OssInsight, PluginError)
    assert message in str(raised.value)
    assert str(raised.value).startswith("mkdocs.yml: extra.oss_insight")
    assert "\n" not in str(raised.value)


def test_missing_repo_id_says_why_it_is_needed() -> None:
    with pytest.raises(PluginError, match=r"oss_insight\.repo_id is None.*another project's data"):
        read_section({"oss_insight": {"repository": "a/b"}}, "oss_insight", OssInsight, PluginError)


@settings(max_examples=25, deadline=None)
@given(st.text(), st.text(), st.text())
def test_only_the_request_changes_and_only_once(before: str, after: str, title: str) -> None:
    chosen = section(widgets=[{"name": "analyze-repo-stars-map", "title": title}])
    render = {"oss-insight": lambda _: widget_table(chosen, HISTORY)}
    before, after = html.escape(before), html.escape(after)
    once = replace_markers(before + ASK + after, render)
    assert once == before + widget_table(chosen, HISTORY) + after
    assert replace_markers(once, render) == once
    assert Seen(once).open == []


def built(folder: Path, markdown: str, extra: str = "repository: a/b, repo_id: 7") -> str:
    (folder / "docs").mkdir(exist_ok=True)
    (folder / "docs" / "index.md").write_text(markdown, encoding="utf-8")
    (folder / "theme").mkdir(exist_ok=True)
    (folder / "theme" / "main.html").write_text("{{ page.content }}", encoding="utf-8")
    (folder / "mkdocs.yml").write_text(
        f"site_name: Test\ntheme: {{name: null, custom_dir: theme}}\nplugins: []\n"
        f'hooks: ["{HOOK}"]\nextra: {{oss_insight: {{{extra}}}}}\n',
        encoding="utf-8",
    )
    build(load_config(str(folder / "mkdocs.yml")))
    return (folder / "site" / "index.html").read_text(encoding="utf-8")


def test_page_of_a_site_without_history(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    page = built(tmp_path, f"Before.\n\n{ASK}\n\nAfter `{ASK}`.\n\n    {ASK}\n")
    assert page.startswith('<p>Before.</p>\n<table class="zoo-insights" role="table">')
    assert page.count("<table") == 1
    assert page.count("&lt;!-- zoo: oss-insight --&gt;") == 2
    reason = "This copy of the project is not a Git repository."
    assert reason in page
    (record,) = (record for record in caplog.records if reason in record.getMessage())
    assert record.levelno == logging.INFO  # the strict build goes on


def test_page_that_does_not_ask_stays_and_history_is_not_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert built(tmp_path, "Text <!-- zoo: other -->.") == "<p>Text <!-- zoo: other -->.</p>"
    assert "cannot be drawn" not in caplog.text


def test_wrong_setting_stops_the_build(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Abort):
        built(tmp_path, "Text.", "repository: a/b, repo_id: x")
    (record,) = (record for record in caplog.records if record.levelno >= logging.WARNING)
    assert record.getMessage().startswith("mkdocs.yml: extra.oss_insight.repo_id is 'x'. It must")


@pytest.mark.browser
def test_local_picture_is_seen_where_the_remote_one_does_not_arrive(browser: Browser) -> None:
    style = (HOOK.parents[1] / "overrides/assets/stylesheets/insights.css").read_text("utf-8")
    # The sheet of the theme hides the other scheme's pictures.
    style += 'img[src$="#only-dark"] { display: none } .md-typeset { width: 30rem }'
    page = browser.new_page(device_scale_factor=1)

    def drawn(images: str, answer: Callable[[Route], None]) -> bytes:
        page.unroute_all()
        page.route("**/*", answer)
        text = table(images=images, widgets=[{"name": "analyze-repo-loc-per-month"}])
        page.set_content(f"<!doctype html><style>{style}</style><div class=md-typeset>{text}</div>")
        page.wait_for_function("[...document.images].every(i => i.complete || !i.offsetParent)")
        return page.locator(".zoo-insight__pictures").screenshot()

    try:
        page.set_viewport_size({"width": 720, "height": 405})
        page.set_content("<body style='background: navy'>")
        picture = page.screenshot()
        local = drawn("local", lambda route: route.abort())
        assert drawn("remote", lambda route: route.abort()) == local
        assert drawn("remote", lambda route: route.fulfill(status=500, body="No.")) == local
        asked: list[str] = []

        def arrives(route: Route) -> None:
            asked.append(route.request.url)
            route.fulfill(body=picture, content_type="image/png")

        assert drawn("remote", arrives) != local
        assert [parse_qs(urlsplit(url).query)["color_scheme"] for url in asked] == [["light"]]
        frame = page.locator(".zoo-chart").bounding_box()
        cover = page.locator("img").first.bounding_box()
        assert frame and cover
        assert all(abs(frame[key] - cover[key]) < 1 for key in ("x", "y", "width", "height"))
    finally:
        page.close()
