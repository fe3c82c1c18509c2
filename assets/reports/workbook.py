"""The report as a workbook: a sheet a section, numbers as numbers, and Excel's own charts over them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from assets.exports.writer import Cells, Field, Kind, Reader, Sheet, open_workbook, sheet_name
from assets.files import atomic_path
from assets.reports.model import Figure, WeeklyReport
from assets.reports.sentences import SECTIONS, all_sentences, headline
from assets.reports.tables import Cell, Table, header, tables
from assets.reports.words import Words
from data_contracts.safe_cells import clean_text
from data_contracts.texts import Language

KINDS: dict[str, Kind] = {"count": "integer", "money": "decimal", "share": "share", "chance": "share", "ratio": "share"}
# The charts over tables: section and number of the table; kind, title, and the columns against the first.
CHARTS: dict[tuple[str, int], tuple[str, str, tuple[str, ...]]] = {
    ("funnel", 0): ("bar", "chart_funnel", ("reached",)),
    ("targets", 0): ("column", "chart_targets", ("signed", "forecast", "target")),
    ("alerts", 0): ("bar", "chart_opened", ("opened",)),
    ("alerts", 1): ("bar", "chart_response", ("response",)),
    ("compliance", 0): ("column", "section_compliance", ("pass_rate", "pass_rate_before")),
}
DARK, LIGHT = "#1F5F8B", "#A9C9DF"
# Where charts stand: right of the widest table.
CHART_COLUMN = 12


def write_xlsx(report: WeeklyReport, path: Path, language: Language) -> None:
    """Write the workbook, whole or not at all. Equal reports give equal bytes."""
    words = Words(report, language)
    reader = Reader(language, ZoneInfo("UTC"))
    with atomic_path(path) as temporary:
        workbook = open_workbook(temporary)
        _Book(workbook, Cells(workbook, reader), words).write()
        workbook.close()


class _Book:
    def __init__(self, workbook: Workbook, cells: Cells, words: Words) -> None:
        self.workbook, self.cells, self.words = workbook, cells, words
        self.bold = workbook.add_format({"bold": True, "font_size": 14})
        self.soft = workbook.add_format({"font_color": "#4A5560", "text_wrap": True, "valign": "top"})
        self.wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})

    def write(self) -> None:
        said, made = all_sentences(self.words), tables(self.words)
        self._summary(headline(said), made["performance"][0])
        for section in SECTIONS:
            sheet = self._sheet(section, said[section])
            top = 3 + len(said[section])
            if section == "performance":
                self._conversion(sheet, top)
                continue
            for number, table in enumerate(made[section]):
                self._charts(sheet, section, number, table, top)
                top = self._table(sheet, table, top, CHARTS.get((section, number), ("", "", ()))[2]) + 1
            if section == "targets":
                self._signings(sheet, top)
        self._definitions()

    def _summary(self, lines: list[tuple[str, str]], performance: Table) -> None:
        words, report = self.words, self.words.report
        sheet = self.workbook.add_worksheet(sheet_name(words.text("section_headline")))
        sheet.set_column(0, 0, 26)
        sheet.set_column(1, 9, 18)
        sheet.write_string(0, 0, words.text("title", company=words.name(report.company)), self.bold)
        week = words.text("week", name=report.name, start=words.day(report.week_start), end=words.day(report.week_end))
        sheet.write_string(1, 0, week)
        sheet.write_string(2, 0, words.text("as_of", as_of=words.clock(report.as_of_local)), self.soft)
        for row, (topic, sentence) in enumerate(lines, start=4):
            self._line(sheet, row, f"{words.text(topic)}{words.text('topic_separator')}{sentence}")
        # Its columns are of several kinds, its rows of one: there the unit stands beside the row's name.
        rows = tuple((f"{row[0]}{self._unit(row)}", *row[1:]) for row in performance.rows)
        self._table(sheet, Table(performance.columns, rows), 5 + len(lines))

    def _sheet(self, section: str, sentences: list[str]) -> Worksheet:
        sheet = self.workbook.add_worksheet(sheet_name(self.words.text(f"section_{section}")))
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, CHART_COLUMN - 1, 14)
        sheet.write_string(0, 0, self.words.text(f"section_{section}"), self.bold)
        for row, sentence in enumerate(sentences, start=1):
            self._line(sheet, row, sentence)
        return sheet

    def _line(self, sheet: Worksheet, row: int, sentence: str) -> None:
        """A sentence over nine columns, two lines high."""
        sheet.merge_range(row, 0, row, 8, "", self.wrapped)
        sheet.write_string(row, 0, clean_text(sentence), self.wrapped)
        sheet.set_row(row, 32)

    def _table(self, sheet: Worksheet, table: Table, top: int, charted: Sequence[str] = ()) -> int:
        """Write a table at row `top`; the first row below.

        In a `charted` column a missing figure is an empty cell with the reason as its note: Excel draws text as 0.
        """
        cells = [[row[n] for row in table.rows] for n in range(len(table.columns))]
        fields = [
            Field(column, header(self.words, column) + self._unit(held))
            for column, held in zip(table.columns, cells, strict=True)
        ]
        self.cells.table(sheet, Sheet("", fields, []), top=top)
        for number, row in enumerate(table.rows, start=top + 1):
            for column, cell in enumerate(row):
                if isinstance(cell, Figure) and cell.value is None and table.columns[column] in charted:
                    sheet.write_comment(number, column, self.words.why(cell))
                    continue
                value, kind = self._value(cell)
                self.cells.put(sheet, number, column, value, kind)
        return top + len(table.rows) + 1

    def _unit(self, cells: Sequence[Cell]) -> str:
        """The unit of a column of one kind, which HTML says in every cell and a number cannot."""
        kinds = {cell.kind for cell in cells if isinstance(cell, Figure)}
        kind = kinds.pop() if len(kinds) == 1 else ""
        key, currency = f"unit_{kind}", self.words.report.currency
        yuan = "元" if self.words.language == "zh-CN" and currency == "CNY" else currency
        return self.words.text(key, currency=yuan) if key in self.words.text else ""

    def _value(self, cell: Cell) -> tuple[Any, Kind]:
        if not isinstance(cell, Figure):
            return cell, "text"
        if cell.value is None:
            return f"— ({self.words.why(cell)})", "text"
        return cell.value, KINDS.get(cell.kind, "decimal")

    def _charts(self, sheet: Worksheet, section: str, number: int, table: Table, top: int) -> None:
        """Excel's chart of a table that has one: which columns, against the first."""
        if section == "recovered":
            self._recovered(sheet, table, top)
        if (section, number) not in CHARTS:
            return
        kind, title, columns = CHARTS[section, number]
        chart = self.workbook.add_chart({"type": kind})
        last = top + len(table.rows)
        # The company's row would dwarf the regions'.
        first = top + 2 if section == "targets" and len(table.rows) > 1 else top + 1
        for position, column in enumerate(columns):
            index = table.columns.index(column)
            chart.add_series(
                {
                    "name": [sheet.get_name(), top, index],
                    "categories": [sheet.get_name(), first, 0, last, 1 if (section, number) == ("alerts", 1) else 0],
                    "values": [sheet.get_name(), first, index, last, index],
                    "fill": {"color": (DARK, LIGHT, "#B8501C")[position]},
                }
            )
        if kind == "bar":
            chart.set_y_axis({"reverse": True})
        self._place(sheet, chart, self.words.text(title), top, has_legend=len(columns) > 1)

    def _recovered(self, sheet: Worksheet, table: Table, top: int) -> None:
        """The company's row, which is the first, across: gross, expected anyway, incremental, cost."""
        first, last = table.columns.index("gross"), table.columns.index("cost")
        chart = self.workbook.add_chart({"type": "bar"})
        chart.add_series(
            {
                "name": [sheet.get_name(), top + 1, 0],
                "categories": [sheet.get_name(), top, first, top, last],
                "values": [sheet.get_name(), top + 1, first, top + 1, last],
                "fill": {"color": DARK},
            }
        )
        chart.set_y_axis({"reverse": True})
        self._place(sheet, chart, self.words.text("chart_recovered"), top, has_legend=False)

    def _conversion(self, sheet: Worksheet, top: int) -> None:
        months = self.words.report.months
        rows = tuple((f"{m.month:%Y-%m}", Figure(m.cohort, "count"), m.rate, *self._interval(m.rate)) for m in months)
        bottom = self._table(sheet, Table(("month", "cohort", "rate", "low", "high"), rows), top, ("rate",))
        if not any(m.rate.value is not None for m in months):
            return
        chart = self.workbook.add_chart({"type": "line"})
        for index, colour in ((2, DARK), (3, LIGHT), (4, LIGHT)):
            chart.add_series(
                {
                    "name": [sheet.get_name(), top, index],
                    "categories": [sheet.get_name(), top + 1, 0, bottom - 1, 0],
                    "values": [sheet.get_name(), top + 1, index, bottom - 1, index],
                    "line": {"color": colour, "width": 2.25 if index == 2 else 1},
                    "marker": {"type": "circle" if index == 2 else "none"},
                }
            )
        self._place(sheet, chart, self.words.text("chart_conversion"), top, has_legend=True)

    def _interval(self, rate: Figure) -> tuple[Cell, Cell]:
        if rate.low is None or rate.high is None:
            return None, None
        return Figure(rate.low, "share"), Figure(rate.high, "share")

    def _signings(self, sheet: Worksheet, top: int) -> None:
        weeks = self.words.report.weeks
        fields = [
            Field("week", self.words.text("column_week")),
            Field("signed", self.words.text("column_signed")),
            Field("forecast", self.words.text("column_forecast_week")),
            Field("low", self.words.text("column_low")),
            Field("high", self.words.text("column_high")),
        ]
        self.cells.table(sheet, Sheet("", fields, []), top=top)
        for number, week in enumerate(weeks, start=top + 1):
            past = (week.amount, None) if not week.is_forecast else (None, week.amount)
            self.cells.put(sheet, number, 0, week.week_start, "date")
            for column, value in enumerate((*past, week.low, week.high), start=1):
                self.cells.put(sheet, number, column, value, "decimal")
        bottom = top + len(weeks)
        chart = self.workbook.add_chart({"type": "column"})
        for index, colour in ((1, DARK), (2, LIGHT)):
            chart.add_series(
                {
                    "name": [sheet.get_name(), top, index],
                    "categories": [sheet.get_name(), top + 1, 0, bottom, 0],
                    "values": [sheet.get_name(), top + 1, index, bottom, index],
                    "fill": {"color": colour},
                    "overlap": 100,
                    "gap": 40,
                }
            )
        bounds = self.workbook.add_chart({"type": "line"})
        for index in (3, 4):
            bounds.add_series(
                {
                    "name": [sheet.get_name(), top, index],
                    "categories": [sheet.get_name(), top + 1, 0, bottom, 0],
                    "values": [sheet.get_name(), top + 1, index, bottom, index],
                    "line": {"color": "#B8501C", "width": 1, "dash_type": "dash"},
                }
            )
        chart.combine(bounds)
        chart.set_x_axis({"num_format": "mm-dd", "text_axis": True, "interval_unit": 4})
        self._place(sheet, chart, self.words.text("chart_signings"), top, has_legend=True)

    def _place(self, sheet: Worksheet, chart: Any, title: str, row: int, *, has_legend: bool) -> None:
        chart.set_title({"name": title, "name_font": {"size": 11}})
        chart.set_legend({"position": "bottom"} if has_legend else {"none": True})
        chart.set_size({"width": 560, "height": 300})
        sheet.insert_chart(row, CHART_COLUMN, chart)

    def _definitions(self) -> None:
        words = self.words
        sheet = self.workbook.add_worksheet(sheet_name(words.text("definitions")))
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 120)
        for row, section in enumerate(SECTIONS):
            sheet.write_string(row, 0, words.text(f"section_{section}"), self.wrapped)
            sheet.write_string(row, 1, words.definition(section), self.wrapped)
