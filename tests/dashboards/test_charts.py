"""What the charts draw, by the figure alone."""

from __future__ import annotations

from datetime import date

import plotly.graph_objects as go
import pytest

from dashboards.charts import by_month


@pytest.mark.parametrize(
    ("first", "count", "texts"),
    [
        (date(2024, 12, 1), 3, ["12", "01<br>2025", "02"]),
        (date(2024, 11, 1), 3, ["11<br>2024", "12", "01<br>2025"]),
        (date(2024, 12, 1), 1, ["12<br>2024"]),
        (date(2024, 12, 1), 15, ["01<br>2025", "04", "07", "10", "01<br>2026"]),
    ],
)
def test_a_year_stands_once_under_its_first_month_and_never_over_another(
    first: date, count: int, texts: list[str]
) -> None:
    months = [date(first.year + (first.month - 1 + n) // 12, (first.month - 1 + n) % 12 + 1, 1) for n in range(count)]
    assert list(by_month(go.Figure(), months).layout.xaxis.ticktext) == texts
