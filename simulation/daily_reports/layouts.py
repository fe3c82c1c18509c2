"""An office's month as sheets: a flat table, a sheet per rep or day, a month's grid, tables under each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from simulation.daily_reports.cells import Cell, Formula, Sheet, column_letter
from simulation.daily_reports.diary import BULLETS, NUMBERS, Habit, body_of
from simulation.daily_reports.facts import Fact
from simulation.daily_reports.forms import UPPER, Form, Row
from simulation.daily_reports.sentences import Said, Speaker, say

Placed = tuple[Said, str, int, str]  # what is told, in which sheet, row and cell
Days = Sequence[tuple[int, int, list[Fact]]]  # (day, rep, facts), by day and rep


@dataclass
class Month:
    """What a layout writes: the office's month."""

    office: str
    year: int
    month: int
    days: Days
    form: Form
    clerk: str

    @property
    def speaker(self) -> Speaker:
        return self.form.speaker

    @property
    def title(self) -> str:
        """What stands above the table."""
        patterns = (
            "{o}{y}年{m}月销售日报",
            "{o} {y}年{m}月份拜访日报表",
            "销售日报表（{o}）{y}.{m}",
            "{y}年{m}月{o}业务员工作日报",
        )
        return self.speaker.pick(patterns).format(o=self.office, y=self.year, m=self.month)

    def rows(self, days: Days | None = None) -> list[list[Row]]:
        """The rows, one list a rep and day that has any."""
        made = [self.form.rows(facts) for _, _, facts in (self.days if days is None else days)]
        return [rows for rows in made if rows]


class Page:
    """A sheet being filled, that remembers where each fact is told."""

    def __init__(self, name: str, month: Month, drop: Sequence[str] = ()) -> None:
        self.sheet, self.month, self.placed = Sheet(name), month, list[Placed]()
        self.keys = [key for key in month.form.keys if key not in drop]
        self.serial = 0

    def title(self, text: str) -> None:
        """A title over all columns."""
        row = self.sheet.add([text])
        if len(self.keys) > 1:
            self.sheet.merges.append((row, 1, row, len(self.keys)))

    def header(self, *, two_rows: bool = False) -> None:
        """The header; of two rows with the upper one's groups merged."""
        names: list[Cell] = [self.month.form.headers[key] for key in self.keys]
        if not two_rows:
            self.sheet.add(names)
            return
        group = [next((upper for upper, keys in UPPER.items() if key in keys), None) for key in self.keys]
        upper = self.sheet.add([g or n for g, n in zip(group, names, strict=True)])
        self.sheet.add([n if g else None for g, n in zip(group, names, strict=True)])
        column = 1
        for name, run in groupby(group):
            width = len(list(run))
            if name is None:
                self.sheet.merges += [(upper, c, upper + 1, c) for c in range(column, column + width)]
            elif width > 1:
                self.sheet.rows[upper - 1][column : column + width - 1] = [None] * (width - 1)
                self.sheet.merges.append((upper, column, upper, column + width - 1))
            column += width

    def rows(self, rows: Sequence[Row], *, merge: bool = False) -> None:
        """The rows of a rep's day; `merge`: date and rep in one cell over all of them."""
        s, first = self.month.speaker, len(self.sheet.rows) + 1
        above: Row | None = None
        for row in rows:
            self.serial += 1
            cells = {**row.cells, "no": self.serial}
            if above is not None and not merge and s.chance(s.rates.dittos):
                cells["rep"] = "〃"
                if above.cells.get("customer") == row.cells.get("customer"):
                    cells["customer"] = "同上"
            if above is not None and merge:
                cells |= {"rep": None, "day": None, "rep_id": None}
            number = self.sheet.add([cells.get(key) for key in self.keys])
            for said in row.told:
                key = "note" if said.told_in == "note" else "customer"
                where = f"{column_letter(self.keys.index(key) + 1)}{number}"
                self.placed.append((said, self.sheet.name, number, where))
            above = row
        if merge and len(rows) > 1:
            for key in ("day", "rep", "rep_id"):
                if key in self.keys:
                    column = self.keys.index(key) + 1
                    self.sheet.merges.append((first, column, first + len(rows) - 1, column))
        if s.chance(s.rates.empty_rows):
            idle: dict[str, Cell] = {
                "rep": rows[0].cells.get("rep"),
                "note": s.pick(("休息", "无", "内勤，未外出", "开会")),
            }
            self.sheet.add([idle.get(key) for key in self.keys] if s.chance(0.6) else [None])

    def total(self, label: str, first: int) -> None:
        """A row that sums up what stands from row `first` on."""
        last = len(self.sheet.rows)
        cells: list[Cell] = [None] * len(self.keys)
        cells[0] = label
        if "amount" in self.keys and self.keys.index("amount") > 0:
            column = self.keys.index("amount")
            values = [row[column] if column < len(row) else None for row in self.sheet.rows[first - 1 : last]]
            numbers = [float(v) for v in values if isinstance(v, int | float)]
            letter = column_letter(column + 1)
            cells[column] = Formula(f"=SUM({letter}{first}:{letter}{last})", round(sum(numbers), 2))
        self.sheet.add(cells)

    def signature(self) -> None:
        """Who made it and who signs."""
        s = self.month.speaker
        self.sheet.add([None])
        self.sheet.add(
            [s.pick((f"制表人：{self.month.clerk}", f"填表：{self.month.clerk}")), None, None, "审核：", None, "日期："]
        )

    def close(self) -> None:
        """Subtotals and signatures as the office has them."""
        s = self.month.speaker
        if s.chance(s.rates.subtotals):
            self.total("合计", 3)
        if s.chance(s.rates.signature):
            self.signature()


def flat(month: Month) -> Iterator[Page]:
    """One table under a title."""
    page = Page("日报", month)
    page.title(month.title)
    page.header()
    for rows in month.rows():
        page.rows(rows)
    page.close()
    yield page


def two_row_header(month: Month) -> Iterator[Page]:
    """One table under a title, its header in two rows."""
    page = Page(f"{month.month}月", month)
    page.title(month.title)
    page.header(two_rows=True)
    for rows in month.rows():
        page.rows(rows)
    page.close()
    yield page


def merged(month: Month) -> Iterator[Page]:
    """Date and rep merged over the day's rows."""
    page = Page("Sheet1", month)
    page.title(month.title)
    page.header()
    for rows in month.rows():
        page.rows(rows, merge=True)
    page.close()
    yield page


def subtotals(month: Month) -> Iterator[Page]:
    """A subtotal after each day, a total and signatures at the foot."""
    page = Page("日报表", month)
    page.title(month.title)
    page.header()
    for _, days in groupby(month.days, key=lambda day: day[0]):
        first = len(page.sheet.rows) + 1
        for rows in month.rows(list(days)):
            page.rows(rows)
        page.total("小计", first)
    page.total("合计", 3)
    page.signature()
    yield page


def sheet_per_rep(month: Month) -> Iterator[Page]:
    """A sheet for each rep; the rep's name stands on it and above the table, not in a column."""
    s = month.speaker
    for number, rep in enumerate(sorted({rep for _, rep, _ in month.days})):
        name = s.names.note("rep", s.names.rep_name[rep], s.names.rep_id[rep])
        page = Page(name if number == 0 else f"{name}{_suffix(month, rep)}", month, drop=("rep", "rep_id"))
        page.title(f"业务员：{name}　　{month.office}　{month.year}年{month.month}月")
        page.header()
        for rows in month.rows([day for day in month.days if day[1] == rep]):
            page.rows(rows)
        page.close()
        yield page


def _suffix(month: Month, rep: int) -> str:
    """Names that two reps share are told apart, as Excel asks."""
    names = month.speaker.names.rep_name
    return str(rep) if sum(names[other] == names[rep] for other in {r for _, r, _ in month.days}) > 1 else ""


def sheet_per_day(month: Month) -> Iterator[Page]:
    """A sheet for each day; the date stands on it and above the table, not in a column."""
    form = month.speaker.pick(("{m}.{d}", "{m}月{d}日", "{d}号", "{y}-{m:02}-{d:02}"))
    for day, days in groupby(month.days, key=lambda entry: entry[0]):
        on = month.speaker.on(day)
        page = Page(form.format(y=on.year, m=on.month, d=on.day), month, drop=("day",))
        page.title(f"{month.office}日报　{on.year}年{on.month}月{on.day}日")
        page.header()
        for rows in month.rows(list(days)):
            page.rows(rows)
        page.close()
        yield page


def many_tables(month: Month) -> Iterator[Page]:
    """A table for each rep, one under the other, each with its own line and header."""
    s, page = month.speaker, Page("日报汇总", month, drop=("rep", "rep_id"))
    page.title(month.title)
    for rep in sorted({rep for _, rep, _ in month.days}):
        name = s.names.note("rep", s.names.rep_name[rep], s.names.rep_id[rep])
        page.sheet.add([f"业务员：{name}"])
        page.header()
        first = len(page.sheet.rows) + 1
        for rows in month.rows([day for day in month.days if day[1] == rep]):
            page.rows(rows)
        if s.chance(s.rates.subtotals):
            page.total("小计", first)
        page.sheet.add([None])
    page.signature()
    yield page


def month_grid(month: Month) -> Iterator[Page]:
    """A row for each rep, a column for each day of the month, what was done in the cell."""
    s, page = month.speaker, Page(f"{month.year}.{month.month}", month)
    last = max(31 if month.month in (1, 3, 5, 7, 8, 10, 12) else 30, 28)
    page.sheet.add([month.title])
    page.sheet.add(
        [
            s.pick(("姓名", "业务员")),
            *([f"{d}日" for d in range(1, last + 1)] if s.chance(0.5) else list(range(1, last + 1))),
        ]
    )
    for rep in sorted({rep for _, rep, _ in month.days}):
        cells: list[Cell] = [s.names.rep(rep), *[None] * last]
        number = page.sheet.add(cells)
        habit = Habit(
            s.pick(("numbered", "lines", "free", "terse")), s.pick(NUMBERS), s.pick(BULLETS), ("", "", "", ""), "\n"
        )
        for day, _, facts in (entry for entry in month.days if entry[1] == rep):
            on = s.on(day)
            said = [say(s, fact, on) for fact in facts if fact.is_sayable]
            if not said:
                continue
            cells[on.day] = body_of(s, said, habit.style, habit)
            for one in said:
                one.told_in = "note"
                page.placed.append((one, page.sheet.name, number, f"{column_letter(on.day + 1)}{number}"))
    yield page


def with_hidden(month: Month) -> Iterator[Page]:
    """A flat table of which a filter hides some rows (they count), a hidden list of choices, a hidden older copy."""
    page = next(flat(month))
    s = month.speaker
    told = sorted({row for _, _, row, _ in page.placed})
    page.sheet.hidden_rows |= {row for row in told if s.chance(0.25)} or set(told[:1])
    yield page
    choices = Page("选项", month)
    choices.sheet.is_hidden = True
    for name in ("上门拜访", "电话沟通", "方案演示", "技术对接", "样品试用", "商务谈判"):
        choices.sheet.add([name])
    yield choices
    copy = Page("日报 (2)", month)
    copy.sheet.is_hidden = True
    copy.sheet.rows = [list(row) for row in page.sheet.rows[: max(4, len(page.sheet.rows) // 3)]]
    yield copy


LAYOUTS: dict[str, tuple[Callable[[Month], Iterator[Page]], str]] = {
    "excel_flat": (flat, ".xlsx"), "excel_sheet_per_rep": (sheet_per_rep, ".xlsx"),
        "excel_sheet_per_day": (sheet_per_day, ".xlsx"),
    "excel_month_grid": (month_grid, ".xlsx"), "excel_two_row_header": (two_row_header, ".xlsx"),
        "excel_many_tables": (many_tables, ".xlsx"),
    "excel_merged_cells": (merged, ".xlsx"), "excel_subtotals": (subtotals, ".xlsx"),
        "excel_hidden": (with_hidden, ".xlsx"),
    "excel_xls": (merged, ".xls"), "excel_xlsm": (sheet_per_rep, ".xlsm"), "csv_gb18030": (flat, ".csv"),
}  # fmt: skip
