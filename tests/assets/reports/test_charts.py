"""The charts' arithmetic and their texts."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assets.reports.charts import Bar, Point, bar_chart, column_chart, line_chart, nice_top, shorten


@pytest.mark.parametrize(("value", "top"), [(0, 1), (0.54, 0.6), (1, 1), (1.01, 1.5), (2.8e6, 3e6), (7, 8), (95, 100)])
def test_axes_end_at_round_numbers(value: float, top: float) -> None:
    assert nice_top([value]) == pytest.approx(top)


@given(st.lists(st.floats(0, 1e12), max_size=5))
@example([5e-324])
def test_no_value_is_above_the_axis(values: list[float]) -> None:
    assert all(value <= nice_top(values) * 1.000001 for value in values)


def test_labels_are_cut_by_what_they_take_on_the_line() -> None:
    assert shorten("华东大区", 8) == "华东大区"
    assert shorten("华东大区办事处", 8) == "华东大…"
    assert shorten("Required action missing", 21) == "Required action miss…"


def test_a_line_has_gaps_and_hollow_points_where_there_is_no_value() -> None:
    points = [Point("1", 0.2, 0.1, 0.3), Point("2", 0.3, 0.2, 0.4), Point("3", None), Point("4", 0.25, 0.2, 0.3)]
    svg = line_chart(points, "t", "{:.0%}".format)
    assert svg.count("<polyline") == 2
    assert svg.count('fill="#fff"') == 1
    assert svg.count("<circle") == 4


def test_forecast_columns_are_light_with_their_interval() -> None:
    svg = column_chart([Point("a", 10.0), Point("b", 8.0, 5.0, 12.0)], 1, "t", str)
    heights = [float(h) for h in re.findall(r'height="([\d.]+)" fill', svg)]
    assert heights[0] / heights[1] == pytest.approx(10 / 8, abs=0.01)
    assert svg.count('stroke-width="1.2"') == 1


def test_bars_are_as_long_as_their_values() -> None:
    svg = bar_chart([Bar("a", 50.0, "x", light=100.0, mark=80.0), Bar("b", -5.0, "y")], "t")
    widths = [float(w) for w in re.findall(r'width="([\d.]+)" height', svg)]
    assert widths[1] / widths[0] == pytest.approx(0.5, abs=0.01)
    assert widths[2] == 0


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_label_gives_well_formed_svg(label: str, title: str) -> None:
    svg = bar_chart([Bar(label, 1.0, label)], title)
    if all(c.isprintable() for c in label + title):
        ElementTree.fromstring(svg)
    assert "<script" not in svg.replace("&lt;script", "")
