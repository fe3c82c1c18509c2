"""The report as people get it: a page without scripts or requests, and a workbook with Excel's own charts."""

from __future__ import annotations

import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from assets.reports.cards import cards
from assets.reports.html import render_html
from assets.reports.model import Compared, Figure, WeeklyReport
from assets.reports.sentences import SECTIONS, all_sentences, headline
from assets.reports.words import Words
from assets.reports.workbook import write_xlsx
from data_contracts.texts import LANGUAGES, Language


class Page(HTMLParser):
    """Tags, attributes and text of a page; void and self-closing tags aside, every tag must be closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_asks_nobody_and_runs_nothing(full_report: WeeklyReport, language: Language) -> None:
    text = render_html(full_report, language)
    page = Page(text)
    assert page.open == []
    assert not {"script", "link", "img", "iframe", "object", "image", "use"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "href", "xlink:href")]
    assert "url(" not in text
    assert not re.findall(r"https?:", text)
    assert "default-src 'none'" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_names_are_only_text(full_report: WeeklyReport, language: Language) -> None:
    text = render_html(full_report, language)
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;" in text
    assert "{{7*7}}" in "".join(Page(text).words)
    assert "13812341234" not in text
    assert "138****1234" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_section_stands_with_its_definition_in_the_language(
    full_report: WeeklyReport, language: Language
) -> None:
    words = Words(full_report, language)
    text = render_html(full_report, language)
    assert f'<html lang="{language}">' in text
    for section in SECTIONS:
        assert f'<section id="{section}">' in text
        assert words.text(f"section_{section}") in text
        assert text.count("definition") >= len(SECTIONS)
    assert text.count("<svg") == 8
    other = "本周要点" if language == "en" else "What changed"
    assert other not in text


def test_equal_reports_give_equal_bytes(full_report: WeeklyReport, tmp_path: Path) -> None:
    assert render_html(full_report, "zh-CN") == render_html(full_report, "zh-CN")
    for name in ("a.xlsx", "b.xlsx"):
        write_xlsx(full_report, tmp_path / name, "zh-CN")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_missing_is_a_dash_with_its_reason(empty_report: WeeklyReport, language: Language) -> None:
    text = render_html(empty_report, language)
    assert Page(text).open == []
    why = "没有商机数据" if language == "zh-CN" else "there are no opportunities"
    assert text.count(why) >= 6
    assert "None" not in text
    assert "nan" not in re.sub(r"<style>.*?</style>", "", text, flags=re.S).lower().split()


def test_sentences_tell_what_changed(full_report: WeeklyReport) -> None:
    said = all_sentences(Words(full_report, "en"))
    assert said["performance"][0] == (
        "1 opportunities were won and ¥120K signed. The amount against last week: up 20%; against last year: up ¥120K."
    )
    assert said["performance"][1].startswith("Mature conversion is 50.0% (of 2, 95% interval 9.5% to 90.5%)")
    assert said["performance"][1].endswith("The difference to last week is within chance.")
    assert said["performance"][2] == "The opportunities won took 14 days at the median (6 days last week)."
    assert said["targets"][0] == (
        "2025-Q3: ¥400K of ¥1M signed (40.0%; ¥120K of it this week), with 97.0% of the time gone."
    )
    assert said["targets"][1] == (
        "The quarter is forecast at ¥500K (80% interval ¥450K to ¥550K); 2% chance to meet the target,"
        " expected gap ¥500K."
    )
    assert said["cities"][0].startswith("1 of 1 cities (— last week) have had no new customer")
    assert said["alerts"][0] == (
        "1 alerts opened (0 last week) and 1 were answered (0), in 4.2 h at the median (— last week)."
    )
    assert said["recovered"] == [
        "Since 2025-07-01, 10 opportunities were acted on after an alert and 4 of them signed: ¥400K gross, ¥150K"
        " incremental (less ¥250K that would have been signed anyway); 0 of them, ¥0, this week.",
        "The programme cost ¥50K in that time; return 700% gross, 200% incremental; payback 1 months.",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_can_be_said_with_and_without_data(
    full_report: WeeklyReport, empty_report: WeeklyReport, language: Language
) -> None:
    for report in (full_report, empty_report):
        said = all_sentences(Words(report, language))
        assert all(said[section] for section in SECTIONS if section != "cities" or report.cities)
        assert all("{" not in line.replace("{{7*7}}", "") for lines in said.values() for line in lines)


def test_changes_are_told_in_the_figures_own_measure(full_report: WeeklyReport) -> None:
    words = Words(full_report, "en")

    def change(kind: str, now: float | None, before: float | None) -> str:
        return words.change(*(Figure(v, kind, "why_no_data" if v is None else None) for v in (now, before)))  # type: ignore[arg-type]

    assert change("money", 120, 100) == "up 20%"
    assert change("count", 5, 0) == "up 5"
    assert change("share", 0.167, 0.180) == "down 1.3 pp"
    assert change("days", 9.2, 11.0) == "down 1.8 days"
    assert change("hours", 4.2, 43.2) == "down 39 h"
    assert change("days", 20.41, 20.44) == "no change"
    assert change("money", 5, None) == "nothing to compare with"


@pytest.mark.parametrize(
    ("kind", "value", "zh", "en"),
    [
        ("chance", 0.0, "<1%", "<1%"),  # 2,000 draws without one are no certainty
        ("chance", 0.424, "42%", "42%"),
        ("ratio", 84.1, "84 倍", "84×"),
        ("ratio", 2.0, "200%", "200%"),
        ("months", 0.034, "<1 个月", "<1 month"),
        ("months", 0.0, "0 个月", "0 months"),
        ("months", 4.25, "4.2 个月", "4.2 months"),
    ],
)
def test_figures_read_as_people_say_them(full_report: WeeklyReport, kind: str, value: float, zh: str, en: str) -> None:
    figure = Figure(value, kind)  # type: ignore[arg-type]
    assert (Words(full_report, "zh-CN").show(figure), Words(full_report, "en").show(figure)) == (zh, en)


def test_the_cards_say_what_leadership_asks_first(full_report: WeeklyReport, empty_report: WeeklyReport) -> None:
    shown = {card.label: (card.value, card.note) for card in cards(Words(full_report, "en"))}
    assert shown["Amount signed"][0] == "¥120K"
    assert shown["2025-Q3 attainment"] == ("40.0%", "forecast ¥500K, 2% chance to meet it")
    assert shown["Cities gone silent"] == ("1 of 1", "")
    assert shown["Median time to answer"] == ("4.2 h", "1 opened, 1 answered")
    assert shown["Recovered (incremental)"] == ("¥150K", "¥400K gross, since 2025-07-01")
    assert shown["ROI (incremental)"] == ("200%", "cost ¥50K, payback 1 months")
    assert [card.value for card in cards(Words(empty_report, "en"))] == ["—"] * 8


def test_the_headline_names_the_topic_of_each_sentence(full_report: WeeklyReport) -> None:
    said = all_sentences(Words(full_report, "en"))
    assert [topic for topic, _ in headline(said)] == [
        "topic_signed", "topic_conversion", "topic_cycle", "topic_target", "topic_forecast", "topic_cities",
        "topic_alerts", "topic_risk", "topic_recovered", "topic_roi",
    ]  # fmt: skip


def test_a_change_within_chance_is_neither_good_nor_bad(full_report: WeeklyReport) -> None:
    compared: Compared = full_report.figure("conversion")
    assert full_report.is_conversion_change_chance
    assert compared.better == "up"
    page = render_html(full_report, "en")
    card = page.split("Conversion to win (mature)</div>")[1].split('<div class="card">')[0]
    assert 'class="even"' in card
    assert 'class="good"' not in card
    assert 'class="bad"' not in card


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_workbook_has_a_sheet_a_section_numbers_and_native_charts(
    full_report: WeeklyReport, tmp_path: Path, language: Language
) -> None:
    path = tmp_path / "report.xlsx"
    write_xlsx(full_report, path, language)
    book = load_workbook(path)
    assert len(book.sheetnames) == len(SECTIONS) + 2
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    assert "13812341234" not in " ".join(str(cell.value) for cell in cells)
    words = Words(full_report, language)
    targets = book[words.text("section_targets")]
    company = next(row for row in targets.iter_rows() if row[0].value == words.text("company"))
    assert [cell.value for cell in company[1:6]] == [1_000_000, 400_000, 0.41, 500_000, 0.02]
    with zipfile.ZipFile(path) as archive:
        charts = [name for name in archive.namelist() if name.startswith("xl/charts/chart")]
    assert len(charts) == 8


HOSTILE = "<script>alert(1)</script>&\"'{{7*7}}"  # as in conftest.py
CHARTED = {
    # sheet, heading of the series, its cells: categories and values
    # a month that still has time is no zero: the cell is empty, and its note says why
    ("section_performance", "column_rate"): (["2024-09", "2025-05", "2025-09"], [0, 0.5, None]),
    ("section_funnel", "column_reached"): (["First contact", "Needs confirmed"], [2, 1, 1, 1, 1, 1]),
    ("section_targets", "column_signed"): ([HOSTILE, "华南"], [400_000, 400_000]),
    ("section_targets", "column_target"): ([HOSTILE, "华南"], [1_000_000, 1_000_000]),
    ("section_alerts", "column_opened"): (["Stage overrun"], [1]),
    ("section_alerts", "column_response"): ([HOSTILE], [4.2]),
    ("section_recovered", "company"): (["Gross", "Expected anyway", "Incremental", "Cost"], [4e5, 2.5e5, 1.5e5, 5e4]),
    ("section_compliance", "column_pass_rate"): (["Company", HOSTILE], [0, 0]),
}


def test_the_charts_are_of_the_cells_they_say(full_report: WeeklyReport, tmp_path: Path) -> None:
    write_xlsx(full_report, tmp_path / "report.xlsx", "en")
    book, words = load_workbook(tmp_path / "report.xlsx"), Words(full_report, "en")

    def cells(reference: str) -> list[Any]:
        name, _, area = reference.replace("$", "").rpartition("!")
        found = book[name.strip("'")][area]
        rows = found if isinstance(found, tuple) else ((found,),)
        return [cell.value for row in rows for cell in row]

    drawn = {}
    for sheet in book:
        for chart in sheet._charts:
            for series in chart.series:
                source = series.cat.strRef or series.cat.numRef
                drawn[sheet.title, cells(series.tx.strRef.f)[0]] = cells(source.f), cells(series.val.numRef.f)
    for (section, heading), (categories, values) in CHARTED.items():
        found = next(v for (s, h), v in drawn.items() if s == words.text(section) and h.startswith(words.text(heading)))
        assert [str(c).split(" (")[0] for c in found[0]][: len(categories)] == categories
        assert found[1] == values
    young = book[words.text("section_performance")]
    notes = [cell.comment.text for row in young.iter_rows() for cell in row if cell.comment]
    assert notes == ["some of the month's opportunities still have time"]


def test_an_empty_report_is_a_workbook_too(empty_report: WeeklyReport, tmp_path: Path) -> None:
    write_xlsx(empty_report, tmp_path / "report.xlsx", "en")
    summary = load_workbook(tmp_path / "report.xlsx").worksheets[0]
    values = [cell.value for row in summary.iter_rows() for cell in row]
    assert "— (there are no opportunities)" in values
