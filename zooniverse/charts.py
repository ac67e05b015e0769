# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Draws measures as small inline SVGs that take their colours from the page.

Each picture is 720 by 405 units. Its text is 27 units high, which is 12 px where the picture is
320 px wide, so words are few. Colours are the custom properties ``--zoo-chart-1``,
``--zoo-chart-2`` and ``--zoo-chart-muted`` with fallbacks; the rest is ``currentColor``. The same
measures give the same bytes.
"""

from __future__ import annotations

import math
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from zooniverse.history import Month

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

_FIRST = "var(--zoo-chart-1, #0b6e99)"
_SECOND = "var(--zoo-chart-2, #b4540a)"
_MUTED = "var(--zoo-chart-muted, currentColor)"
_WIDTH, _HEIGHT = 720, 405
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 704, 84, 350  # of what lies between the axes
_MOST_COLUMNS = 36
_MOST_ROWS = 6
# In months, with the words for the headline; a longer history gets the next coarser columns.
_SPANS = {1: "month", 3: "quarter", 12: "year", 60: "five years", 120: "decade", 1200: "century"}


def contributors(people: Sequence[tuple[str, int]], until: date, ident: str) -> str:
    """Draw a bar for each contributor, at most six; the sixth may stand for all others.

    Args:
        people: Names and numbers of commits, most first; at least one.
        until: Last of the 28 days in which they were counted.
        ident: Begins the ids in the picture; one of its own for each picture of a page.
    """
    rows, others = list(people), False
    if len(rows) > _MOST_ROWS:
        others = True
        rest = people[_MOST_ROWS - 1 :]
        rows = [*people[: _MOST_ROWS - 1], (f"{len(rest):,} others", sum(n for _, n in rest))]
    most = max(n for _, n in rows)
    pitch, left, length = min(72, 306 // len(rows)), 300, 300
    body: list[str] = []
    for row, (name, commits) in enumerate(rows):
        y = _TOP + row * pitch
        width = max(3.0, length * commits / most)
        colour = _MUTED if others and row == len(rows) - 1 else _FIRST
        body += (
            _text(16, y + pitch / 2, _shorten(name, 17)),
            f'<rect x="{left}" y="{_n(y + pitch / 2 - 23)}" width="{_n(width)}" height="28" rx="2" '
            f'fill="{colour}"/>',
            _text(left + width + 12, y + pitch / 2, f"{commits:,}", fill=_MUTED),
        )
    day = f"{until.day} {MONTHS[until.month - 1]} {until.year}"
    headline = f"{_count(len(people), 'contributor')} in 28 days to {day}"
    listed = ", ".join(f"{_clean(name)} {commits:,}" for name, commits in rows)
    return _svg(ident, headline, f"Commits of each: {listed}.", _headline(headline), *body)


def commits_by_month(months: Sequence[Month], ident: str) -> str:
    """Draw a column of commits for each month, or for each longer span where there are many.

    Args:
        months: Consecutive months, at least one.
        ident: Begins the ids in the picture; one of its own for each picture of a page.
    """
    columns = _columns(months)
    most = max(bin_.commits for bin_ in columns.bins)
    total = sum(month.commits for month in months)
    scale = (_BOTTOM - _TOP) / max(most, 1)
    headline = f"{_count(total, 'commit')} by {columns.word}"
    return _svg(
        ident,
        headline,
        f"From {columns.first} to {columns.last}; at most {most:,} in one column.",
        _headline(headline),
        *_lines(0, most, 4, lambda value: _BOTTOM - value * scale),
        *columns.bars(lambda bin_: bin_.commits * scale, _BOTTOM, _FIRST),
        *columns.labels(),
    )


def lines_by_month(months: Sequence[Month], ident: str) -> str:
    """Draw added lines upwards and removed lines downwards, for each month or longer span.

    Args:
        months: Consecutive months, at least one.
        ident: Begins the ids in the picture; one of its own for each picture of a page.
    """
    columns = _columns(months)
    up, down = (max(getattr(b, way) for b in columns.bins) for way in ("added", "removed"))
    added, removed = (sum(getattr(month, way) for month in months) for way in ("added", "removed"))
    scale = (_BOTTOM - _TOP) / max(up + down, 1)
    zero = _BOTTOM - down * scale
    return _svg(
        ident,
        f"Changed lines by {columns.word}",
        f"From {columns.first} to {columns.last}: {added:,} added, {removed:,} removed.",
        f'<text x="16" y="40"><tspan fill="{_FIRST}">{"+" if added else ""}{added:,} added</tspan>'
        f'<tspan dx="18" fill="{_SECOND}">{"−" if removed else ""}{removed:,} removed</tspan>'
        "</text>",
        *_lines(-down, up, 5, lambda value: zero - value * scale),
        *columns.bars(lambda bin_: bin_.added * scale, zero, _FIRST),
        *columns.bars(lambda bin_: -bin_.removed * scale, zero, _SECOND),
        *columns.labels(),
    )


def punch_card(hours: Sequence[Sequence[int]], ident: str) -> str:
    """Draw a field for each weekday and hour; the more commits, the stronger.

    Args:
        hours: Seven rows from Monday, each with the commits of 24 hours.
        ident: Begins the ids in the picture; one of its own for each picture of a page.
    """
    most = max(map(max, hours))
    across, down = (_RIGHT - _LEFT) / 24, (_BOTTOM - 68) / 7
    fields: dict[int, list[str]] = {level: [] for level in range(6)}
    for day, row in enumerate(hours):
        for hour, commits in enumerate(row):
            level = -(-5 * commits // max(most, 1))
            place = f"M{_n(_LEFT + hour * across)} {_n(68 + day * down)}"
            fields[level].append(f"{place}h{_n(across - 3)}v{_n(down - 3)}h-{_n(across - 3)}z")
    paint = {0: 'opacity=".07"'} | {
        level: f'fill="{_FIRST}" opacity="{_n(level / 5)}"' for level in range(1, 6)
    }
    total = sum(map(sum, hours))
    day, hour = divmod(max(range(168), key=lambda i: (hours[i // 24][i % 24], -i)), 24)
    headline = f"{_count(total, 'commit')} by weekday and hour"
    return _svg(
        ident,
        headline,
        f"On the author's own clock; most, {most:,}, on {WEEKDAYS[day]} from {hour}:00.",
        _headline(headline),
        *(f'<path {paint[level]} d="{"".join(d)}"/>' for level, d in fields.items() if d),
        *(
            _text(16, 68 + (row + 0.5) * down + 8, WEEKDAYS[row][:3], fill=_MUTED)
            for row in (0, 2, 4, 6)
        ),
        *(
            _text(_LEFT + hour * across, 386, f"{hour}:00", fill=_MUTED)
            for hour in (0, 6, 12, 18)
        ),
    )  # fmt: skip


def curve(
    points: Sequence[tuple[int, float, float, float]],
    reach: float,
    headline: str,
    description: str,
    ident: str,
) -> str:
    """Draw how a measure went over training: the mean as a line, all seeds as a band around it.

    Args:
        points: Step, mean, lowest and highest of the seeds; steps rise; at least one.
        reach: What was to be reached, drawn as a dashed line.
        headline: Words above the picture, at most about 45 letters.
        description: The picture in words.
        ident: Begins the ids in the picture; one of its own for each picture of a page.
    """
    last = max(points[-1][0], 1)
    ticks = _ticks([reach, *(value for point in points for value in point[2:])])
    low, high = ticks[0], ticks[-1]
    digits = max(len(f"{tick:.6g}".partition(".")[2]) for tick in ticks)

    def x(step: int) -> str:
        return _n(_LEFT + (_RIGHT - 18 - _LEFT) * step / last)

    def y(value: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * (value - low) / (high - low)

    body = [_headline(_clean(headline))]
    for tick in ticks:
        strength = ".55" if tick == low else ".15"
        label = f"{tick:.{digits}f}".replace("-", "−")
        body += (
            f'<path fill="none" stroke="currentColor" stroke-opacity="{strength}" '
            f'stroke-width="1.5" d="M{_LEFT} {_n(y(tick))}H{_RIGHT}"/>',
            _text(_LEFT - 12, y(tick) + 9, label, fill=_MUTED, anchor="end"),
        )
    over = [f"{x(step)} {_n(y(top))}" for step, _, _, top in points]
    under = [f"{x(step)} {_n(y(bottom))}" for step, _, bottom, _ in reversed(points)]
    line = "L".join(f"{x(step)} {_n(y(mean))}" for step, mean, _, _ in points)
    body += (
        f'<path fill="none" stroke="{_SECOND}" stroke-width="2" stroke-dasharray="8 6" '
        f'd="M{_LEFT} {_n(y(reach))}H{_RIGHT}"/>',
        f'<path fill="{_FIRST}" fill-opacity=".2" d="M{"L".join(over + under)}Z"/>',
        f'<path fill="none" stroke="{_FIRST}" stroke-width="3" stroke-linejoin="round" '
        f'd="M{line}"/>',
        _text(_LEFT, _BOTTOM + 36, "step 0", fill=_MUTED),
        _text(_RIGHT, _BOTTOM + 36, f"{points[-1][0]:,}", fill=_MUTED, anchor="end"),
    )
    return _svg(ident, headline, description, *body)


def small_curve(
    points: Sequence[tuple[int, float, float, float]],
    other: Sequence[tuple[int, float, float, float]],
    span: tuple[float, float],
    description: str,
) -> str:
    """Draw a curve for a row of a table: as `curve` does, with another one dashed, and no words.

    Args:
        points: Step, mean, lowest and highest of the seeds; steps rise; at least one.
        other: What it is compared with.
        span: Lowest and highest value of all pictures of the table, so that they can be compared.
        description: The picture in words.
    """
    (first, last), (low, high) = (points[0][0], points[-1][0]), span

    def path(values: Iterable[tuple[int, float]]) -> str:
        return "L".join(
            f"{_n(2 + 156 * (step - first) / max(last - first, 1))} "
            f"{_n(38 - 36 * (value - low) / max(high - low, 1e-9))}"
            for step, value in values
        )

    over = [(step, top) for step, _, _, top in points]
    under = [(step, bottom) for step, _, bottom, _ in reversed(points)]
    return (
        '<svg class="zoo-chart zoo-chart--small" xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 0 160 40" width="160" height="40" role="img" '
        f'aria-label="{escape(_clean(description))}">'
        f'<path fill="{_FIRST}" fill-opacity=".2" d="M{path([*over, *under])}Z"/>'
        f'<path fill="none" stroke="{_SECOND}" stroke-width="1.5" stroke-dasharray="4 3" '
        f'd="M{path((step, mean) for step, mean, _, _ in other)}"/>'
        f'<path fill="none" stroke="{_FIRST}" stroke-width="2" stroke-linejoin="round" '
        f'd="M{path((step, mean) for step, mean, _, _ in points)}"/></svg>'
    )


# How several lines are told apart, by colour and, where colours are not seen, by dashes.
_LINES = (
    (_FIRST, ""),
    (_SECOND, "14 5"),
    ("currentColor", "4 5"),
    (_MUTED, "16 5 3 5"),
)


def curves(
    lines: Sequence[tuple[str, Sequence[tuple[int, float, float, float]]]],
    title: str,
    description: str,
    ident: str,
    along: str = "step",
) -> str:
    """Draw how shares (0 to 1) of several models went over training, with a legend above.

    Args:
        lines: For each of at most four models its name and its points: step, mean, lowest and
            highest of the seeds; the same steps in all. One without points is left out and its
            colour is kept for it, so that pictures agree. Names above 24 letters get a line each.
        title: What the picture shows, for those who do not see it.
        description: The picture in words.
        ident: Begins the ids in the picture; one of its own for each picture of a page.
        along: What the steps count.
    """
    drawn = [(*line, pen) for line, pen in zip(lines, _LINES, strict=False) if line[1]]
    last = max(points[-1][0] for _, points, _ in drawn)
    columns = 2 if all(len(name) <= 24 for name, _, _ in drawn) else 1
    top = max(100, 28 + 36 * -(-len(drawn) // columns))
    body: list[str] = []
    for tick in (0.0, 0.5, 1.0):
        y = _n(_BOTTOM - (_BOTTOM - top) * tick)
        strength = ".15" if tick else ".55"
        body += (
            f'<path fill="none" stroke="currentColor" stroke-opacity="{strength}" '
            f'stroke-width="1.5" d="M{_LEFT} {y}H{_RIGHT}"/>',
            _text(_LEFT - 12, float(y) + 9, f"{tick:.1f}", fill=_MUTED, anchor="end"),
        )
    for place, (name, points, (colour, dashes)) in enumerate(drawn):
        left, level = 16 + 350 * (place % columns), 28 + 36 * (place // columns)
        pen = f'fill="none" stroke="{colour}" stroke-width="3" stroke-linejoin="round"'
        pen += f' stroke-dasharray="{dashes}"' if dashes else ""
        path = "L".join(
            f"{_n(_LEFT + (_RIGHT - 18 - _LEFT) * step / last)} "
            f"{_n(_BOTTOM - (_BOTTOM - top) * mean)}"
            for step, mean, _, _ in points
        )
        body += (
            f'<path {pen} d="M{path}"/>',
            f'<path {pen} d="M{left} {level}h40"/>',
            _text(left + 50, level + 9, _clean(name)),
        )
    body += (
        _text(_LEFT, _BOTTOM + 36, f"{_clean(along)} 0", fill=_MUTED),
        _text(_RIGHT, _BOTTOM + 36, f"{last:,}", fill=_MUTED, anchor="end"),
    )
    return _svg(ident, title, description, *body)


def _ticks(values: Sequence[float]) -> list[float]:
    """Return round numbers at even distances that lie around all values: at most six."""
    low, high = min(values), max(values)
    if 0 <= low < high:
        low = 0.0 if low < high / 2 else low
    size = max(high - low, abs(high) / 1e6, abs(low) / 1e6, 1e-9)
    power = 10.0 ** math.floor(math.log10(size))
    for step in (power / 5, power / 2, power, 2 * power, 5 * power, 10 * power):
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first <= 5:
            break
    return [round(step * n, 12) for n in range(first, max(last, first + 1) + 1)]


def note(title: str, text: str, ident: str) -> str:
    """Frame a few words in the place of a picture that cannot be drawn.

    Args:
        title: What the picture would show.
        text: Why it is not drawn, in a sentence or two.
        ident: Begins the ids in the picture; one of its own for each picture of a page.
    """
    words = textwrap.wrap(_clean(text), 40)
    lines = words if len(words) <= 7 else [*words[:6], _shorten(" ".join(words[6:]), 40)]
    y = _HEIGHT / 2 - (len(lines) - 1) * 19 + 9
    return _svg(
        ident,
        title,
        text,
        '<rect x="16" y="16" width="688" height="373" rx="10" fill="none" stroke="currentColor" '
        'stroke-opacity=".35" stroke-width="2" stroke-dasharray="3 9" stroke-linecap="round"/>',
        *(
            _text(_WIDTH / 2, y + 38 * i, line, fill=_MUTED, anchor="middle")
            for i, line in enumerate(lines)
        ),
    )


@dataclass(frozen=True)
class _Columns:
    """Months put together to columns, and where these stand."""

    bins: list[Month]
    word: str
    first: str
    last: str

    def bars(self, height: Callable[[Month], float], foot: float, fill: str) -> Iterator[str]:
        """Draw a column for each bin that has one, as a single path; downwards if negative."""
        slot = (_RIGHT - _LEFT) / len(self.bins)
        width = min(slot * 0.72, 64)
        steps = []
        for i, bin_ in enumerate(self.bins):
            tall = height(bin_)
            if tall:
                tall = max(tall, 1.5) if tall > 0 else min(tall, -1.5)  # one commit is seen
                x = _LEFT + (i + 0.5) * slot - width / 2
                steps.append(f"M{_n(x)} {_n(foot)}v{_n(-tall)}h{_n(width)}v{_n(tall)}z")
        if steps:
            yield f'<path fill="{fill}" d="{"".join(steps)}"/>'

    def labels(self) -> Iterator[str]:
        """Name the first and the last month below their columns."""
        slot = (_RIGHT - _LEFT) / len(self.bins)
        y = _HEIGHT - 17
        if self.first == self.last:
            yield _text((_LEFT + _RIGHT) / 2, y, self.first, fill=_MUTED, anchor="middle")
            return
        middle = min(slot / 2, (_RIGHT - _LEFT) / 4)
        if middle > 60:
            yield _text(_LEFT + middle, y, self.first, fill=_MUTED, anchor="middle")
            yield _text(_RIGHT - middle, y, self.last, fill=_MUTED, anchor="middle")
        else:
            yield _text(_LEFT, y, self.first, fill=_MUTED)
            yield _text(_RIGHT, y, self.last, fill=_MUTED, anchor="end")


def _columns(months: Sequence[Month]) -> _Columns:
    """Put months together, by the shortest span that leaves few enough columns."""

    def index(month: Month) -> int:
        return month.year * 12 + month.month - 1

    begin, end = index(months[0]), index(months[-1])
    for span in _SPANS:
        if end // span - begin // span < _MOST_COLUMNS:
            break
    bins = [[0, 0, 0] for _ in range(end // span - begin // span + 1)]
    for month in months:
        sums = bins[index(month) // span - begin // span]
        for i, value in enumerate((month.commits, month.added, month.removed)):
            sums[i] += value
    first, last = (f"{MONTHS[m.month - 1]} {m.year}" for m in (months[0], months[-1]))
    starts = (max(begin, (begin // span + i) * span) for i in range(len(bins)))
    return _Columns(
        [Month(m // 12, m % 12 + 1, *sums) for m, sums in zip(starts, bins, strict=True)],
        _SPANS[span],
        first,
        last,
    )


def _lines(low: int, high: int, at_most: int, place: Callable[[int], float]) -> Iterator[str]:
    """Draw hairlines at round values between low and high, zero among them, each with its value."""
    step = next(s for s in _round_numbers() if (high - low) // s <= at_most)
    for value in range(-(-low // step) * step, high + 1, step):
        y = _n(place(value))
        strength = ".55" if value == 0 else ".15"
        yield (
            f'<path fill="none" stroke="currentColor" stroke-opacity="{strength}" '
            f'stroke-width="1.5" d="M{_LEFT} {y}H{_RIGHT}"/>'
        )
        yield _text(_LEFT - 12, place(value) + 9, _compact(value), fill=_MUTED, anchor="end")


def _round_numbers() -> Iterator[int]:
    """Yield 1, 2, 5, 10, 20, 50 and so on."""
    power = 1
    while True:
        yield from (power, 2 * power, 5 * power)
        power *= 10


def _compact(value: int) -> str:
    """Write a round number in at most five characters."""
    sign = "−" if value < 0 else ""
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if abs(value) >= size:
            return f"{sign}{_n(abs(value) / size)}{letter}"
    return f"{sign}{abs(value)}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _clean(text: str) -> str:
    """Leave out what cannot be seen: control characters, and those that turn the reading round."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _shorten(text: str, cells: int) -> str:
    """Cut a text to a width; East Asian characters are two cells wide, marks have no width."""
    text = _clean(text)
    used = 0
    for i, character in enumerate(text):
        wide = unicodedata.east_asian_width(character) in "WF"
        used += 0 if unicodedata.combining(character) else 2 if wide else 1
        if used > cells:
            return text[: max(i - 1, 1)].rstrip() + "…"
    return text


def _n(number: float) -> str:
    """Write a number with one digit at most after the point."""
    text = f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _headline(text: str) -> str:
    return _text(16, 40, text)


def _text(x: float, y: float, text: str, *, fill: str = "", anchor: str = "") -> str:
    extra = (f' fill="{fill}"' if fill else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text x="{_n(x)}" y="{_n(y)}"{extra}>{escape(text)}</text>'


def _svg(ident: str, title: str, description: str, *body: str) -> str:
    ident = escape(ident)
    return (
        '<svg class="zoo-chart" xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
        'fill="currentColor" font-size="27" role="img" '
        f'aria-labelledby="{ident}-title {ident}-desc">'
        f'<title id="{ident}-title">{escape(_clean(title))}</title>'
        f'<desc id="{ident}-desc">{escape(_clean(description))}</desc>{"".join(body)}</svg>'
    )
