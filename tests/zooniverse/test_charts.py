# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Pictures say what was measured, stay in their frame, and are safe to put into a page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zooniverse import charts
from zooniverse.history import Month

DAY = date(2026, 11, 24)
EMPTY_HOURS = [[0] * 24 for _ in range(7)]

counts = st.integers(0, 10**7)
people = st.lists(st.tuples(st.text(), st.integers(1, 10**6)), min_size=1, max_size=40)
hours = st.lists(st.lists(counts, min_size=24, max_size=24), min_size=7, max_size=7)


def row(first: tuple[int, int], values: list[tuple[int, int, int]]) -> list[Month]:
    start = first[0] * 12 + first[1] - 1
    return [Month((start + i) // 12, (start + i) % 12 + 1, *v) for i, v in enumerate(values)]


months = st.builds(
    row,
    st.tuples(st.integers(1970, 2100), st.integers(1, 12)),
    st.lists(st.tuples(counts, counts, counts), min_size=1, max_size=300),
)
shares = st.lists(st.floats(0, 1), min_size=1, max_size=9).map(
    lambda values: [(10 * (i + 1), v, v, v) for i, v in enumerate(values)]
)
pictures = st.one_of(
    people.map(lambda p: charts.contributors(p, DAY, "a")),
    months.map(lambda m: charts.commits_by_month(m, "a")),
    months.map(lambda m: charts.lines_by_month(m, "a")),
    hours.map(lambda h: charts.punch_card(h, "a")),
    st.tuples(st.text(), st.text()).map(lambda t: charts.note(*t, "a")),
    st.lists(st.tuples(st.text(), shares), min_size=1, max_size=4).map(
        lambda lines: charts.curves(lines, "t", "d", "a")
    ),
)


def texts(svg: str) -> list[str]:
    return ["".join(e.itertext()) for e in ET.fromstring(svg).iter() if e.tag.endswith("}text")]


def columns(svg: str, fill: str = "--zoo-chart-1") -> list[tuple[float, float, float]]:
    """Return x, foot and height of the columns of one colour."""
    path = re.search(rf'<path fill="var\({fill}[^"]*" d="([^"]*)"', svg)
    steps = re.findall(r"M([\d.]+) ([\d.]+)v(-?[\d.]+)", path[1]) if path else []
    return [(float(x), float(y), -float(v)) for x, y, v in steps]


def places(element: ET.Element) -> Iterator[tuple[float, float]]:
    """Yield the corners of what is drawn; of text only where it begins or ends."""
    get = element.get
    if "x" in element.keys():  # noqa: SIM118 (no mapping)
        x, y = float(get("x", "")), float(get("y", ""))
        yield x, y
        yield x + float(get("width", 0)), y + float(get("height", 0))
    x = y = 0.0
    for step, first, second in re.findall(r"([MHhv])(-?[\d.]+)(?: (-?[\d.]+))?", get("d", "")):
        if step == "M":
            x, y = float(first), float(second)
        x = float(first) if step == "H" else x + float(first) if step == "h" else x
        y += float(first) if step == "v" else 0
        yield x, y


@settings(max_examples=60, deadline=None)
@given(pictures)
def test_any_measure_gives_a_safe_picture_inside_its_frame(svg: str) -> None:
    root = ET.fromstring(svg)
    assert root.get("viewBox") == "0 0 720 405"
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "a-title a-desc"
    assert [(e.tag.rpartition("}")[2], e.get("id")) for e in root[:2]] == [
        ("title", "a-title"),
        ("desc", "a-desc"),
    ]
    kinds = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert kinds <= {"svg", "title", "desc", "text", "tspan", "rect", "path"}
    for element in root.iter():
        assert not any(key.startswith("on") or "href" in key for key in element.attrib)
        assert "url(" not in str(element.attrib)
        for x, y in places(element):
            assert 0 <= x <= 720 and 0 <= y <= 405
        for key in ("x", "y", "width", "height", "d"):
            assert not re.search(r"\.\d\d", element.get(key, ""))


@settings(max_examples=25, deadline=None)
@given(months)
def test_many_months_are_few_columns_that_lose_nothing(row: list[Month]) -> None:
    svg = charts.commits_by_month(row, "a")
    assert len(columns(svg)) <= 36
    assert f"{sum(month.commits for month in row):,} commit" in texts(svg)[0]
    assert len(texts(svg)) <= 9


def test_columns_are_as_high_as_their_values() -> None:
    svg = charts.commits_by_month(row((2026, 1), [(10, 0, 0), (0, 0, 0), (5, 0, 0)]), "a")
    (first, foot, tall), (second, _, half) = columns(svg)
    assert (foot, half) == (350, tall / 2)
    assert first < second
    assert texts(svg)[0] == "15 commits by month"
    assert texts(svg)[-2:] == ["Jan 2026", "Mar 2026"]
    assert "From Jan 2026 to Mar 2026; at most 10 in one column." in svg


def test_one_commit_among_thousands_is_seen() -> None:
    svg = charts.commits_by_month(row((2026, 1), [(1, 0, 0), (90_000, 0, 0)]), "a")
    assert len(columns(svg)) == 2
    assert columns(svg)[0][2] >= 1


def test_one_month_is_named_once() -> None:
    svg = charts.commits_by_month(row((2026, 11), [(1, 0, 0)]), "a")
    assert texts(svg) == ["1 commit by month", "0", "1", "Nov 2026"]


@pytest.mark.parametrize(
    ("count", "word", "bars"),
    [(36, "month", 36), (37, "quarter", 13), (108, "quarter", 36), (109, "year", 10),
     (200, "year", 17), (433, "five years", 8), (12 * 2000, "century", 20)],
)  # fmt: skip
def test_longer_histories_get_coarser_columns(count: int, word: str, bars: int) -> None:
    svg = charts.commits_by_month(row((2000, 1), [(1, 1, 1)] * count), "a")
    assert texts(svg)[0] == f"{count:,} commits by {word}"
    assert len(columns(svg)) == bars


def test_added_lines_go_up_and_removed_ones_down() -> None:
    svg = charts.lines_by_month(row((2026, 1), [(1, 3000, 1000), (1, 1500, 0)]), "a")
    (_, zero, up), (_, _, half) = columns(svg)
    ((_, same, down),) = columns(svg, "--zoo-chart-2")
    assert same == zero
    assert up == pytest.approx(2 * half, abs=0.2)
    assert up == pytest.approx(-3 * down, abs=0.3)
    assert texts(svg)[0] == "+4,500 added−1,000 removed"
    assert {"−1k", "0", "1k", "2k", "3k"} <= set(texts(svg))


def test_no_lines_at_all() -> None:
    svg = charts.lines_by_month(row((2026, 1), [(1, 0, 0)]), "a")
    assert texts(svg) == ["0 added0 removed", "0", "Jan 2026"]


def test_contributors_beyond_the_fifth_are_added_up() -> None:
    svg = charts.contributors([(f"P{i}", 100 - i) for i in range(8)], DAY, "a")
    assert texts(svg)[0] == "8 contributors in 28 days to 24 Nov 2026"
    assert texts(svg)[1:5] == ["P0", "100", "P1", "99"]
    assert texts(svg)[-2:] == ["3 others", str(95 + 94 + 93)]
    assert "3 others" not in texts(charts.contributors([("P", 1)] * 6, DAY, "a"))


def test_names_are_shortened_and_harmless() -> None:
    names = ["<script>&\"'", "a\u202eb\x1b[0m\nc", "王" * 30, "e\u0301" * 17, "x" * 18]
    svg = charts.contributors([(name, 1) for name in names], DAY, "a")
    assert texts(svg)[1::2] == [
        "<script>&\"'", "a b [0m c", "王" * 7 + "…", "e\u0301" * 17, "x" * 16 + "…",
    ]  # fmt: skip
    assert "<script" not in svg


def test_hours_are_stronger_the_more_commits() -> None:
    hours = [list(day) for day in EMPTY_HOURS]
    hours[2][13], hours[6][0], hours[0][23] = 100, 20, 21
    svg = charts.punch_card(hours, "a")
    strengths = dict(re.findall(r'opacity="([^"]+)" d="([^"]*)"', svg))
    assert {key: value.count("M") for key, value in strengths.items()} == {
        ".07": 165, "1": 1, "0.2": 1, "0.4": 1,
    }  # fmt: skip
    assert "141 commits by weekday and hour" in texts(svg)
    assert "most, 100, on Wednesday from 13:00" in svg


def test_note_wraps_its_words() -> None:
    svg = charts.note("Commits", "Seven words of a sentence " * 3, "a")
    assert " ".join(texts(svg)) == ("Seven words of a sentence " * 3).strip()
    assert max(map(len, texts(svg))) <= 40
    assert len(texts(charts.note("t", "word " * 400, "a"))) == 7


def test_same_measures_same_bytes_and_own_ids() -> None:
    first = charts.punch_card(EMPTY_HOURS, "a")
    assert first == charts.punch_card(EMPTY_HOURS, "a")
    assert first.replace('"a-', '"b-').replace(" a-", " b-") == charts.punch_card(EMPTY_HOURS, "b")


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (22, 500, "0 100 200 300 400 500"), (0.1, 1, "0.0 0.2 0.4 0.6 0.8 1.0"),
        (0.6, 0.93, "0.6 0.7 0.8 0.9 1.0"), (-361, -76, "−400 −300 −200 −100 0"),
        (-0.5, 5.2, "−2 0 2 4 6"),
    ],
)  # fmt: skip
def test_the_axis_of_a_curve_ends_close_to_its_values(low: float, high: float, labels: str) -> None:
    svg = charts.curve([(100, low, low, high)], high, "t", "d", "a")
    assert texts(svg)[1:-2] == labels.split()


def test_curves_keep_the_pen_of_a_line_that_is_left_out() -> None:
    points = [(10, 0.0, 0.0, 0.0), (20, 1.0, 1.0, 1.0)]
    svg = charts.curves([("one", []), ("two", points)], "t", "d", "a")
    assert texts(svg) == ["0.0", "0.5", "1.0", "two", "step 0", "20"]
    assert "--zoo-chart-1" not in svg
    assert re.findall(r'stroke="var\(--zoo-chart-2[^>]*d="([^"]*)"', svg) == [
        "M385 350L686 100",
        "M16 28h40",
    ]


def test_long_names_of_curves_stand_below_each_other() -> None:
    points = [(10, 0.2, 0.1, 0.3), (20, 0.6, 0.5, 0.7)]
    names = ["short", "as long as a name can well be", "third", "fourth"]
    root = ET.fromstring(charts.curves([(name, points) for name in names], "t", "d", "a"))
    found = [e for e in root.iter() if e.tag.endswith("}text") and e.text in names]
    assert len({e.get("x") for e in found}) == 1
    levels = [float(e.get("y", "")) for e in found]
    assert levels == sorted(set(levels))
    ticks = [e for e in root.iter() if e.tag.endswith("}text") and e.text == "1.0"]
    assert float(ticks[0].get("y", "")) > levels[-1]
