"""Inline SVG charts: no script, no request, every text of data escaped.

Drawn for a phone's width (360 units), so that letters stay legible there; on paper and screens they stand side
by side. Pure functions of numbers and labels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from queries.table_files import display_width

WIDTH, LEFT, RIGHT, TOP = 360, 44, 8, 10
DARK, LIGHT, MARK, GRID, TEXT = "#1f5f8b", "#a9c9df", "#b8501c", "#dde3e8", "#4a5560"


@dataclass(frozen=True)
class Point:
    """One point of a line: None where there is no value (drawn hollow on the base line)."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Bar:
    """One bar: `light` is drawn behind `dark`, `mark` as a tick; `text` stands at its end."""

    label: str
    dark: float | None
    text: str
    light: float | None = None
    mark: float | None = None


def line_chart(points: Sequence[Point], title: str, format_value: Callable[[float], str]) -> Markup:
    """A line with its interval as a band; gaps where there is no value."""
    height, bottom = 190, 24
    top_value = nice_top([v for p in points for v in (p.value, p.high) if v is not None])
    x, y = _scales(len(points), height, bottom, top_value)
    parts = _axis(height, bottom, top_value, format_value)
    for run in _runs(points):
        band = [(x(i), y(points[i].high)) for i in run if points[i].high is not None]
        band += [(x(i), y(points[i].low)) for i in reversed(run) if points[i].low is not None]
        if len(band) > 2:
            parts.append(f'<polygon points="{_path(band)}" fill="{LIGHT}" opacity=".45"/>')
        line = _path([(x(i), y(points[i].value)) for i in run])
        parts.append(f'<polyline points="{line}" fill="none" stroke="{DARK}" stroke-width="2"/>')
    for i, point in enumerate(points):
        if point.value is None:
            parts.append(f'<circle cx="{x(i):.1f}" cy="{y(0):.1f}" r="3" fill="#fff" stroke="{DARK}"/>')
        else:
            parts.append(f'<circle cx="{x(i):.1f}" cy="{y(point.value):.1f}" r="3" fill="{DARK}"/>')
    parts += _labels([p.label for p in points], x, height)
    return _svg(height, title, parts)


def column_chart(
    columns: Sequence[Point], first_light: int, title: str, format_value: Callable[[float], str]
) -> Markup:
    """Columns; from `first_light` on they are light (a forecast) with their interval as a line."""
    height, bottom = 190, 24
    top_value = nice_top([v for c in columns for v in (c.value, c.high) if v is not None])
    x, y = _scales(len(columns), height, bottom, top_value)
    parts = _axis(height, bottom, top_value, format_value)
    width = max((WIDTH - LEFT - RIGHT) / max(len(columns), 1) * 0.7, 1.5)
    for i, column in enumerate(columns):
        if column.value is None:
            continue
        colour = LIGHT if i >= first_light else DARK
        tall = y(0) - y(column.value)
        parts.append(
            f'<rect x="{x(i) - width / 2:.1f}" y="{y(column.value):.1f}" width="{width:.1f}" height="{tall:.1f}"'
            f' fill="{colour}"/>'
        )
        if column.low is not None and column.high is not None:
            parts.append(
                f'<line x1="{x(i):.1f}" x2="{x(i):.1f}" y1="{y(column.low):.1f}" y2="{y(column.high):.1f}"'
                f' stroke="{DARK}" stroke-width="1.2"/>'
            )
    parts += _labels([c.label for c in columns], x, height)
    return _svg(height, title, parts)


def bar_chart(bars: Sequence[Bar], title: str) -> Markup:
    """Horizontal bars, one a row, with their labels at the left and texts at the right."""
    row, right = 24, 92
    left = min(max(max((display_width(b.label) for b in bars), default=0) * 6.1 + 14, 50), 142)
    height = TOP + row * len(bars) + 4
    longest = max((v for b in bars for v in (b.dark, b.light, b.mark) if v is not None), default=0) or 1
    room = WIDTH - left - right

    def wide(value: float | None) -> float:
        return max(0.0, (value or 0.0) / longest * room)

    parts = []
    for i, bar in enumerate(bars):
        y = TOP + i * row
        middle = y + row / 2 - 2
        parts.append(
            f'<text x="{left - 6}" y="{middle + 4:.1f}" text-anchor="end" font-size="11.5" fill="{TEXT}">'
            f"{escape(shorten(bar.label, 21))}</text>"
        )
        for value, colour in ((bar.light, LIGHT), (bar.dark, DARK)):
            if value is not None:
                parts.append(
                    f'<rect x="{left}" y="{y + 3}" width="{wide(value):.1f}" height="{row - 10}" fill="{colour}"/>'
                )
        if bar.mark is not None:
            at = left + wide(bar.mark)
            parts.append(
                f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{y}" y2="{y + row - 4}" stroke="{MARK}" stroke-width="2.5"/>'
            )
        end = left + max(wide(bar.dark), wide(bar.light), wide(bar.mark))
        parts.append(
            f'<text x="{end + 6:.1f}" y="{middle + 4:.1f}" font-size="11.5" fill="#1f2933">{escape(bar.text)}</text>'
        )
    return _svg(height, title, parts)


def nice_top(values: Sequence[float]) -> float:
    """The least round number (1, 1.5, 2, 3, 4, 5, 6, 8 x 10^n) that no value exceeds; 1 where all are (nearly) 0."""
    largest = max(values, default=0.0)
    if largest < 1e-9:
        return 1.0
    power = 10 ** math.floor(math.log10(largest))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= largest * 0.999999)


def shorten(text: str, columns: int) -> str:
    """A text of at most so many columns (Chinese characters take two), cut with an ellipsis."""
    if display_width(text) <= columns:
        return text
    kept = text
    while kept and display_width(kept) > columns - 1:
        kept = kept[:-1]
    return f"{kept}…"


def _scales(
    count: int, height: float, bottom: float, top_value: float
) -> tuple[Callable[[int], float], Callable[..., float]]:
    step = (WIDTH - LEFT - RIGHT) / max(count, 1)

    def x(i: int) -> float:
        return LEFT + step * (i + 0.5)

    def y(value: float | None) -> float:
        return TOP + (height - bottom - TOP) * (1 - (value or 0.0) / top_value)

    return x, y


def _axis(height: float, bottom: float, top_value: float, format_value: Callable[[float], str]) -> list[str]:
    parts = []
    for share in (0, 0.5, 1):
        y = TOP + (height - bottom - TOP) * (1 - share)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>')
        parts.append(
            f'<text x="{LEFT - 5}" y="{y + 4:.1f}" text-anchor="end" font-size="10.5" fill="{TEXT}">'
            f"{escape(format_value(top_value * share))}</text>"
        )
    return parts


def _labels(labels: Sequence[str], x: Callable[[int], float], height: float) -> list[str]:
    every = max(1, math.ceil(len(labels) / 7))
    return [
        f'<text x="{x(i):.1f}" y="{height - 8}" text-anchor="middle" font-size="10.5" fill="{TEXT}">'
        f"{escape(label)}</text>"
        for i, label in enumerate(labels)
        if i % every == 0
    ]


def _runs(points: Sequence[Point]) -> list[list[int]]:
    """Stretches of neighbouring points that have a value."""
    runs: list[list[int]] = []
    for i, point in enumerate(points):
        if point.value is None:
            continue
        if runs and runs[-1][-1] == i - 1:
            runs[-1].append(i)
        else:
            runs.append([i])
    return runs


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _svg(height: float, title: str, parts: Sequence[str]) -> Markup:
    inside = "".join(parts)
    return Markup(
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{inside}</svg>"
    )
