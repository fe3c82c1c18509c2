"""The look that all charts share, and the shapes that several pages draw. Pure: figures in, figure out.

Text from the data is escaped, because Plotly reads some HTML in labels. Nothing here needs a network.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape

import plotly.graph_objects as go

INK, MUTED, GRID = "#1C2733", "#66758A", "#E6EAF0"
BLUE, PALE_BLUE, TEAL = "#1D5FA8", "#C9DBEF", "#13908A"
GREEN, AMBER, RED, GREY = "#2B8A57", "#D98A00", "#C0392B", "#9AA7B6"
SERIES = ("#1D5FA8", "#13908A", "#D98A00", "#7A4FA3", "#C0392B", "#4C86C6", "#5E8C31", "#A05A2C", "#3F5166", "#B5457D")
STEPS = ("#14406F", "#1D5FA8", "#3F82C8", "#7AABDE", "#A9C9EA", "#C9DBEF")
FONT = "Source Sans, PingFang SC, Microsoft YaHei, Noto Sans CJK SC, WenQuanYi Zen Hei, sans-serif"
CONFIG = {"displaylogo": False, "displayModeBar": False, "responsive": True}


def styled(figure: go.Figure, *, height: int = 320, has_legend: bool = False) -> go.Figure:
    """The one look: quiet grid, no frame, room for long labels, legend above."""
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 8, "r": 16, "t": 34 if has_legend else 12, "b": 8},
        font={"family": FONT, "size": 13, "color": INK},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=has_legend,
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "font": {"size": 12}},
        hoverlabel={"font": {"family": FONT, "size": 13}, "bgcolor": "#FFFFFF", "bordercolor": GRID},
        bargap=0.34,
        dragmode=False,
    )
    axis = {
        "gridcolor": GRID,
        "zerolinecolor": GRID,
        "linecolor": GRID,
        "automargin": True,
        "ticklabelstandoff": 6,
        "title_font": {"size": 12, "color": MUTED},
    }
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    return figure


def on_lines(label: str) -> str:
    """A label on several short lines, for a narrow column: by words, and Chinese by two characters."""
    words = label.split() if label.isascii() else [label[n : n + 2] for n in range(0, len(label), 2)]
    return "<br>".join(escape(word) for word in words)


def by_month(figure: go.Figure, months: Sequence[date]) -> go.Figure:
    """Months on the horizontal axis: their number, and the year where it begins; every third where they are many.

    A lone December before the first January goes without its year: side by side the two years would overlap."""
    labels = [f"{day:%Y-%m}" for day in months]
    first = 1 if [day.month for day in months[:2]] == [12, 1] else 0
    shown = range(len(labels)) if len(labels) <= 14 else [n for n, day in enumerate(months) if day.month % 3 == 1]
    texts = [
        f"{months[n]:%m}<br>{months[n]:%Y}" if n == first or months[n].month == 1 else f"{months[n]:%m}" for n in shown
    ]
    figure.update_xaxes(
        type="category", showgrid=False, tickangle=0, tickvals=[labels[n] for n in shown], ticktext=texts
    )
    return figure


def share_bars(
    labels: Sequence[str],
    shares: Sequence[float | None],
    lows: Sequence[float | None],
    highs: Sequence[float | None],
    texts: Sequence[str],
    hovers: Sequence[str],
    *,
    marks: Sequence[tuple[float | None, float | None, float | None]] = (),
    mark_name: str = "",
    bar_name: str = "",
) -> go.Figure:
    """Horizontal bars of shares with whiskers, from the top; optionally a diamond with its own interval on each."""
    names = [escape(label) for label in labels]
    figure = go.Figure(
        go.Bar(
            y=names,
            x=shares,
            orientation="h",
            name=bar_name,
            marker={"color": [STEPS[min(n, len(STEPS) - 1)] for n in range(len(names))]},
            error_x=_whiskers(shares, lows, highs),
            customdata=hovers,
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    ends = [max(v or 0, h or 0, (m[2] or m[0] or 0) if m else 0) for v, h, m in _zipped(shares, highs, marks)]
    for name, end, text in zip(names, ends, texts, strict=True):
        figure.add_annotation(x=end, y=name, text=text, showarrow=False, xanchor="left", xshift=10, align="left")
    if any(mark[0] is not None for mark in marks):
        figure.add_trace(
            go.Scatter(
                y=names,
                x=[mark[0] for mark in marks],
                mode="markers",
                name=mark_name,
                marker={"symbol": "diamond", "size": 10, "color": AMBER, "line": {"color": "#FFFFFF", "width": 1}},
                error_x=_whiskers(*([mark[n] for mark in marks] for n in range(3)), color=AMBER),
                hovertemplate=f"{escape(mark_name)} %{{x:.1%}}<extra></extra>",
            )
        )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(tickformat=".0%", range=[0, 1.5], tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1])
    return styled(figure, height=70 + 52 * len(names), has_legend=bool(mark_name and marks))


def lines(
    xs: Sequence[object],
    series: Sequence[tuple[str, Sequence[float | None]]],
    *,
    y_format: str = ",.0f",
    height: int = 320,
    colors: Sequence[str] = SERIES,
    y_title: str = "",
    is_log: bool = False,
) -> go.Figure:
    """Lines over time, one a series."""
    figure = go.Figure(
        [
            go.Scatter(
                x=list(xs),
                y=list(values),
                name=escape(name),
                mode="lines+markers",
                line={"color": colors[n % len(colors)], "width": 2.2},
                marker={"size": 6},
                hovertemplate=f"%{{x}} · {escape(name)}: %{{y:{y_format}}}<extra></extra>",
            )
            for n, (name, values) in enumerate(series)
        ]
    )
    figure.update_yaxes(tickformat=y_format, title=y_title or None, type="log" if is_log else "linear")
    if not is_log:
        figure.update_yaxes(rangemode="tozero")
    return styled(figure, height=height, has_legend=len(series) > 1)


def bars(
    labels: Sequence[str],
    values: Sequence[float],
    texts: Sequence[str],
    *,
    color: str | Sequence[str] = BLUE,
    hovers: Sequence[str] | None = None,
    row: int = 34,
    room: float = 1.22,
) -> go.Figure:
    """Horizontal bars with their value beside them, in the order given from the top; `room` is for the longest text."""
    names = [escape(label) for label in labels]
    figure = go.Figure(
        go.Bar(
            y=names,
            x=list(values),
            orientation="h",
            text=[escape(text) for text in texts],
            textposition="outside",
            cliponaxis=False,
            marker={"color": color if isinstance(color, str) else list(color)},
            customdata=list(hovers or texts),
            hovertemplate="%{y}: %{customdata}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(showticklabels=False, showgrid=False, range=[0, max([*values, 1e-9]) * room])
    return styled(figure, height=40 + row * len(names))


def intervals(
    labels: Sequence[str],
    centres: Sequence[float | None],
    lows: Sequence[float | None],
    highs: Sequence[float | None],
    hovers: Sequence[str],
    *,
    reference: float | None = None,
    x_format: str = ".0%",
    colors: Sequence[str] | None = None,
) -> go.Figure:
    """A dot with its interval for each label, and a line where the whole, or no difference, stands."""
    names = [escape(label) for label in labels]
    figure = go.Figure(
        go.Scatter(
            y=names,
            x=list(centres),
            mode="markers",
            marker={"size": 10, "color": list(colors) if colors else BLUE},
            error_x=_whiskers(centres, lows, highs),
            customdata=list(hovers),
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    if reference is not None:
        figure.add_vline(x=reference, line={"color": MUTED, "width": 1.2, "dash": "dot"})
    figure.update_yaxes(autorange="reversed", showgrid=True)
    figure.update_xaxes(tickformat=x_format)
    return styled(figure, height=60 + 30 * len(names))


def ranges(
    labels: Sequence[str],
    quartiles: Sequence[tuple[float | None, float | None, float | None, float | None]],
    hovers: Sequence[str],
    *,
    names_of: tuple[str, str, str],
    marks: Sequence[float | None] = (),
    mark_name: str = "",
    limits: Sequence[float | None] = (),
    limit_name: str = "",
    x_title: str = "",
) -> go.Figure:
    """For each label a bar from the first to the third of four figures, a tick at the second, a dot at the fourth.

    `names_of` names bar, tick and dot; `marks` are diamonds of another estimate, `limits` red lines.
    """
    names = [escape(label) for label in labels]
    lows, middles, highs, tails = ([q[n] for q in quartiles] for n in range(4))
    widths = [None if low is None or high is None else high - low for low, high in zip(lows, highs, strict=True)]
    figure = go.Figure(
        go.Bar(
            y=names, x=widths, base=[low or 0 for low in lows], orientation="h", name=names_of[0], width=0.36,
            marker={"color": PALE_BLUE}, customdata=list(hovers), hovertemplate="%{customdata}<extra></extra>",
        )
    )  # fmt: skip
    for xs, name, symbol, color, size in (
        (middles, names_of[1], "line-ns", BLUE, 20),
        (tails, names_of[2], "circle", GREY, 8),
        (marks, mark_name, "diamond", AMBER, 11),
        (limits, limit_name, "line-ns", RED, 26),
    ):
        if any(x is not None for x in xs):
            figure.add_trace(
                go.Scatter(
                    y=names,
                    x=list(xs),
                    mode="markers",
                    name=name,
                    hovertemplate=f"{escape(name)}: %{{x:.1f}}<extra></extra>",
                    marker={
                        "symbol": symbol,
                        "size": size,
                        "color": color,
                        "line": {"color": color, "width": 2.4 if "line" in symbol else 0},
                    },
                )
            )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(rangemode="tozero", title=x_title or None)
    return styled(figure, height=96 + 46 * len(names), has_legend=True)


def band(
    xs: Sequence[object], lows: Sequence[float], highs: Sequence[float], color: str, name: str, *, is_step: bool = False
) -> list[go.Scatter]:
    """A shaded interval between two lines."""
    shape = "hv" if is_step else "linear"
    edge = {"color": color, "width": 0, "shape": shape}
    return [
        go.Scatter(x=list(xs), y=list(lows), mode="lines", line=edge, showlegend=False, hoverinfo="skip"),
        go.Scatter(
            x=list(xs),
            y=list(highs),
            mode="lines",
            line=edge,
            fill="tonexty",
            fillcolor=_faint(color),
            name=escape(name),
            showlegend=bool(name),
            hoverinfo="skip",
        ),
    ]


def _faint(color: str) -> str:
    red, green, blue = (int(color[n : n + 2], 16) for n in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.16)"


def _whiskers(
    centres: Sequence[float | None],
    lows: Sequence[float | None],
    highs: Sequence[float | None],
    *,
    color: str = INK,
) -> dict[str, object]:
    def length(a: float | None, b: float | None) -> float:
        return 0.0 if a is None or b is None else max(a - b, 0.0)

    return {
        "type": "data",
        "symmetric": False,
        "array": [length(high, centre) for high, centre in zip(highs, centres, strict=True)],
        "arrayminus": [length(centre, low) for low, centre in zip(lows, centres, strict=True)],
        "color": color,
        "thickness": 1.2,
        "width": 4,
    }


def _zipped(
    shares: Sequence[float | None],
    highs: Sequence[float | None],
    marks: Sequence[tuple[float | None, float | None, float | None]],
) -> list[tuple[float | None, float | None, tuple[float | None, float | None, float | None] | None]]:
    return [(v, h, marks[n] if marks else None) for n, (v, h) in enumerate(zip(shares, highs, strict=True))]
