"""The contract pages: every table in both languages, whatever the data says, and nothing asked of a network."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from assets import contract_checks
from assets.data_docs.build import LANGUAGES, build_data_docs, read_pages, render
from assets.workspace import Run, Workspace
from data_contracts.contract import load_contract, names
from data_contracts.texts import Language
from tiny import Tiny

EVIL = '<script>alert(1)</script><img src=x onerror="a()">'
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def found() -> Tiny:
    """Results of three rules: one passed, one broken in a hostile file, one that could not run; and two runs."""
    tiny = Tiny(as_of="2025-04-01 00:00")
    tiny.con.execute(contract_checks.TABLE)
    tiny.con.execute(contract_checks.RUNS)
    tiny.con.execute(
        "insert into landing.files (file_id, name, landed_at, rows_read, rows_refused, nul_bytes, deliveries, status)"
        " values (7, ?, now(), 1, 0, 0, 1, 'active')",
        [EVIL + ".csv"],
    )
    keys = json.dumps([{"file_id": 7, "source_sheet": EVIL, "source_row": 1234}, {"value": EVIL}])
    tiny.con.executemany(
        "insert into ops.check_results values ('staging.visits', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            ("columns", None, "error", True, False, 0, "[]", "列一致", "columns agree"),
            ("status_accepted_values", "status", "error", False, False, 2, keys, "状态", "status " + EVIL),
            ("rep_id_known", "rep_id", "warning", False, True, None, "no such column " + EVIL, "业务员", "rep"),
        ],
    )
    tiny.con.executemany(
        "insert into ops.contract_runs values (?, 'staging.visits', ?, 3, ?, 0, ?)",
        [("2025-03-01 08:00+08", 10, 0, 0), ("2025-04-01 00:00+08", 12, 1, 1)],
    )
    return tiny


class Tags(HTMLParser):
    """What elements a page has, and whether each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.all: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def pages(found: Tiny, language: Language) -> dict[str, str]:
    sources = dict(found.con.execute("select file_id, name from landing.files").fetchall())
    return render(read_pages(found.con), sources, found.as_of, ZONE, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_has_a_page_that_the_index_links_to(found: Tiny, language: Language) -> None:
    texts = pages(found, language)
    tables = {load_contract(layer, name).table for layer in ("sources", "marts") for name in names(layer)}
    assert set(texts) == {"index.html", *(f"{table}.html" for table in tables)}
    linked = set(re.findall(r'href="([^"]+)"', texts["index.html"]))
    assert {f"{table}.html" for table in tables} <= linked


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_comes_from_data_is_text_and_nothing_is_fetched(found: Tiny, language: Language) -> None:
    for name, text in pages(found, language).items():
        tags = Tags()
        tags.feed(text)
        assert tags.open == [], name
        assert {tag for tag, _ in tags.all} <= {
            "html", "head", "meta", "title", "style", "body", "header", "nav", "a", "h1", "h2", "p", "main", "div",
            "table", "thead", "tbody", "tr", "th", "td", "span", "br", "code", "ul", "li",
        }  # fmt: skip
        for _, attributes in tags.all:
            assert "src" not in attributes
            assert re.fullmatch(r"(\.\./[\w-]+/)?[\w.]+\.html", attributes.get("href") or "index.html")
            assert not any(key.startswith("on") for key in attributes)
        assert "url(" not in text
        assert "@import" not in text


def test_a_page_tells_results_places_and_runs(found: Tiny) -> None:
    page = pages(found, "en")["staging.visits.html"]
    assert "3 rules: 1 passed, 0 warn, 1 failed, 1 could not be checked" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x" in page
    assert ", row 1,234" in page
    assert "no such column &lt;script&gt;" in page
    assert page.index("rep_id_known") < page.index("status_accepted_values") < page.index("columns agree")
    assert page.index("2025-04-01 00:00") < page.index("2025-03-01 08:00")
    assert re.search(r'staging\.visits.*?>12</td><td class="number">3<', pages(found, "en")["index.html"])


def test_the_pages_of_a_run_take_the_place_of_the_last(found: Tiny, tmp_path: Path) -> None:
    run = Run(Workspace(tmp_path), found.settings, found.playbook, "r", datetime(2025, 4, 1, tzinfo=UTC), found.as_of)
    run.workspace.make_folders()
    stale = tmp_path / "reports" / "data_docs" / "en" / "marts.gone.html"
    stale.parent.mkdir(parents=True)
    stale.write_text("old", encoding="utf-8")
    count = build_data_docs(found.con, run)["pages"]
    assert not stale.exists()
    assert count == len(list((tmp_path / "reports" / "data_docs").rglob("*.html")))
    assert [p.name for p in (tmp_path / "reports").iterdir()] == ["data_docs"]
