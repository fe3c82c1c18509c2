"""A real browser opens every page of a running dashboard: data, both languages, no error, no other host.

It does so while a run goes on: a writer holds the warehouse, changes it and publishes one snapshot after another, each
with one more of everything; and every figure seen must be that of the snapshot which the page names.
"""

from __future__ import annotations

import copy
import os
import re
import shutil
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import duckdb
import openpyxl
import pytest

from dashboards.launch import dashboard_command
from data_contracts.figures import number
from data_contracts.texts import LANGUAGES, Language, Texts
from queries.snapshot import current_snapshot
from snapshot_fixture import publish_tiny
from tiny import Tiny

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = os.environ.get("STAGEWATCH_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install it, or name it in STAGEWATCH_CHROMIUM"),
]
WAIT_MS = 120_000
PAUSE_SECONDS = 1.0  # between two snapshots
HEADER, ROW = 35, 35  # pixels of a table's
SWITCH = {"zh-CN": "中文", "en": "English"}
FIRST = {"zh-CN": "初次接触", "en": "First contact"}
ONE_MORE = """
    insert into marts.opportunity_state by name
    select * replace (opportunity_key + 1000000 + {n} as opportunity_key, 'N{n}' as opportunity_id, 'high' as risk_band)
    from marts.opportunity_state where opportunity_id = 'HOSTILE';
    insert into marts.funnel_paths by name
    select * replace (opportunity_key + 1000000 + {n} as opportunity_key, 'N{n}' as opportunity_id)
    from marts.funnel_paths where opportunity_id = 'HOSTILE';
    insert into marts.stage_spells by name
    select * replace (opportunity_key + 1000000 + {n} as opportunity_key, 'N{n}' as opportunity_id, true as is_overrun)
    from marts.stage_spells where opportunity_id = 'HOSTILE';
    insert into ops.alerts by name
    select * replace (alert_key || '-{n}' as alert_key)
    from (select * from ops.alerts where rule = 'stage_overrun' limit 1);
    update staging.ledger set rows_read = rows_read + 1, accepted = accepted + 1;
"""
COUNTS = {
    "open": "select count(*) from marts.opportunity_state where status = 'open'",
    "risky": "select count(*) from marts.opportunity_state where status = 'open' and risk_band in ('high', 'medium')",
    "cohort": "select count(*) from marts.funnel_paths",
    "mature": "select count(*) from marts.funnel_paths where cohort_at + interval 90 day <= getvariable('as_of')",
    "stays": "select count(*) from marts.stage_spells where stage = 'first_contact'",
    "overrun": "select count(*) from marts.stage_spells where is_overrun and is_censored",
    "unanswered": "select count(*) from ops.alerts where status = 'open'",
    "rows": "select sum(rows_read) from staging.ledger",
}
Figures = dict[str, int]
Said = Callable[[Texts, Figures], list[str]]


def _nothing(t: Texts, f: Figures) -> list[str]:
    """A view whose figures stand in its charts and tables alone."""
    return []


# Title of each page and view, and what it must say of its snapshot.
PAGES: dict[str, tuple[str, Said]] = {
    "": ("overview", lambda t, f: [
        t("metric_pipeline_note", count=number(f["open"])), f"{t('metric_alerts')} {number(f['unanswered'])}"]),
    "funnel": ("funnel", lambda t, f: [
        t("basis_counts", cohort=number(f["cohort"]), mature=number(f["mature"]),
          young=number(f["cohort"] - f["mature"]))]),
    "funnel?view=breakdown&by=product_line": ("funnel", _nothing),
    "funnel?view=trend": ("funnel", _nothing),
    "funnel?view=compare": ("funnel", _nothing),
    "funnel?view=list&what=cohort": ("funnel", lambda t, f: [
        t("list_length", rows=number(f["cohort"]), amount="|").split("|")[0]]),
    # the first row of the table: stage, SLA, stays
    "dwell": ("dwell", lambda t, f: [f"{FIRST[t.language]} 14 {f['stays']} "]),
    "dwell?dwell=survival": ("dwell", _nothing),
    "dwell?dwell=bottlenecks": ("dwell", _nothing),
    "dwell?dwell=overrun": ("dwell", lambda t, f: [
        t("overrun_length", rows=number(f["overrun"]), amount="|").split("|")[0]]),
    "dwell?dwell=paths": ("dwell", _nothing),
    "risk": ("risk", lambda t, f: [f"{t('metric_listed')} {number(f['risky'])}"]),
    "risk?list=alerts": ("risk", lambda t, f: [
        t("alerts_length", rows=number(f["unanswered"]), high=number(f["unanswered"]))]),
    "risk?opportunity=HOSTILE": ("risk", lambda t, f: [t("evidence"), t("record_intervention")]),
    "health": ("health", lambda t, f: [f"{t('metric_rows')} {number(f['rows'])}"]),
}  # fmt: skip


class Writer(threading.Thread):
    """A run that does not end: it holds the warehouse, changes it and publishes; `figures` by snapshot."""

    def __init__(self, tiny: Tiny, root: Path) -> None:
        super().__init__(daemon=True)
        self._root = root
        self._tiny = copy.copy(tiny)
        self._tiny.con = duckdb.connect(str(root / "warehouse.duckdb"))
        (as_of, zone) = tiny.rows("select getvariable('as_of'), current_setting('TimeZone')")[0]
        published = current_snapshot(publish_tiny(tiny, root, "w0"))
        self._tiny.con.execute(f"attach '{published}' as published (read_only)")
        self._tiny.con.execute("copy from database published to warehouse")
        self._tiny.con.execute("detach published")
        self._tiny.con.execute("set TimeZone = ?", [zone])
        self._tiny.con.execute("set variable as_of = ?::timestamptz", [as_of])
        self._end = threading.Event()
        self._problem: BaseException | None = None
        self.figures: dict[str, Figures] = {"w0": self._count()}

    def _count(self) -> Figures:
        return {name: int(self._tiny.rows(query)[0][0]) for name, query in COUNTS.items()}

    def run(self) -> None:
        try:
            while not self._end.wait(PAUSE_SECONDS):
                n = len(self.figures)
                self._tiny.con.execute(ONE_MORE.format(n=n))
                self.figures[f"w{n}"] = self._count()
                publish_tiny(self._tiny, self._root, f"w{n}")
        except BaseException as error:
            self._problem = error

    def end(self) -> None:
        """Stop; raise what went wrong in it."""
        self._end.set()
        self.join(60)
        if self._problem is not None:
            raise self._problem


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace that is written to; the other tests' stays as it is."""
    root = tmp_path_factory.mktemp("running")
    (root / "stagewatch.yaml").write_text("clock: data\n", encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def writer(company_tiny: Tiny, root: Path) -> Iterator[Writer]:
    """The run that goes on during every test of this module."""
    made = Writer(company_tiny, root)
    made.start()
    yield made
    made.end()


@pytest.fixture(scope="module")
def server(writer: Writer, root: Path) -> Iterator[str]:
    """The dashboard as the command line starts it."""
    port = _free_port()
    argv, environment = dashboard_command(root, port=port)
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen(argv, env={**os.environ, **environment}, cwd=root) as process:
        pause = threading.Event()
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                    break
            except (urllib.error.URLError, OSError):
                assert process.poll() is None, "the server ended"
                pause.wait(0.2)
        yield address
        process.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


class Visit:
    """One page of a browser that remembers what went wrong and whom it asked."""

    def __init__(self, browser: sync_api.Browser, language: str, width: int = 1440) -> None:
        self.page = browser.new_page(viewport={"width": width, "height": 1000}, locale=language)
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        # markup in the data that ran would open one
        self.page.on("dialog", lambda d: (self.errors.append(f"dialog: {d.message}"), d.dismiss()))
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))
        self.page.on("request", lambda r: self.hosts.add(r.url.split("/")[2]) if r.url.startswith("http") else None)
        self.page.on("response", lambda r: self.errors.append(f"{r.status} {r.url}") if r.status >= 400 else None)

    def open(self, url: str, title: str) -> None:
        self.page.goto(url)
        self.wait_for_title(title)

    def wait_for_title(self, title: str) -> None:
        self.page.get_by_role("heading", name=title, exact=True, level=1).wait_for(timeout=WAIT_MS)
        self.settle()

    def settle(self) -> None:
        """Until the script has run, nothing on the page is stale, and every table that can be seen has cells."""
        self.page.wait_for_function(
            """() => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'
                     && !document.querySelector('[data-testid=stSkeleton]')
                     && [...document.querySelectorAll('[data-testid=stDataFrame]')].every(
                          table => !table.checkVisibility() || table.querySelector('[role=gridcell]'))""",
            timeout=WAIT_MS,
        )

    def text(self) -> str:
        """All that the page says, also in the cells of its tables, on one line."""
        parts = [self.page.locator("[data-testid=stApp]").inner_text()]
        parts += self.page.locator("[data-testid=stDataFrame] [role=gridcell]").all_text_contents()
        return re.sub(r"\s+", " ", " ".join(parts))

    def says(self, sentence: str) -> bool:
        """Whether the page comes to say it: what a table's cells say follows what it draws after a moment."""
        for _ in range(40):
            if sentence in self.text():
                return True
            self.page.wait_for_timeout(250)
        return False

    def snapshot(self) -> str:
        """The snapshot that the page names."""
        [found] = re.findall(r"(?:快照|Snapshot) (w\d+)", self.text())
        return str(found)

    def close(self, server: str) -> None:
        """No error in the console, no dialog, no failed request, and nobody asked but the server."""
        self.page.close()
        assert self.errors == []
        assert self.hosts == {server.removeprefix("http://")}


def _address(server: str, path: str, language: str) -> str:
    return f"{server}/{path}{'&' if '?' in path else '?'}lang={language}"


def _is_sound(visit: Visit, path: str) -> None:
    """Something is drawn, and nothing failed."""
    assert not visit.page.query_selector("[data-testid=stException]"), path
    assert not visit.page.query_selector("[data-testid=stAlertContentError]"), path
    drawn = "[data-testid=stDataFrame], .js-plotly-plot .main-svg, [data-testid=stMetric]"
    assert visit.page.query_selector_all(drawn), path


def test_every_page_shows_its_snapshots_figures_in_both_languages_while_a_run_writes(
    browser: sync_api.Browser, server: str, writer: Writer, root: Path
) -> None:
    """Opened in Chinese, turned to English on the spot; each time the figures are those of the snapshot it names."""
    seen: list[str] = []
    checked = 0
    visit = Visit(browser, "zh-CN")
    for path, (page, said) in PAGES.items():
        for language in LANGUAGES:
            t = Texts("dashboard", language)
            if language == "zh-CN":
                visit.open(_address(server, path, language), t(f"page_{page}"))
            else:
                visit.page.get_by_text(SWITCH[language], exact=True).click()
                visit.wait_for_title(t(f"page_{page}"))
            _is_sound(visit, path)
            seen.append(visit.snapshot())
            for sentence in said(t, writer.figures[seen[-1]]):
                assert visit.says(sentence.replace("**", "")), (path, seen[-1], sentence)
                checked += 1
    visit.close(server)
    assert checked >= 20
    assert len(set(seen)) >= len(PAGES), "too few snapshots were published meanwhile"
    # a session of the server may hold one until it is given up, and nothing else does
    assert len(list((root / "published").glob("snapshot-*.duckdb"))) <= len(PAGES) + 2
    assert seen == sorted(seen, key=lambda name: int(name[1:])), "a page went back to an older snapshot"


def test_a_selected_count_lists_as_many_rows(browser: sync_api.Browser, server: str, writer: Writer) -> None:
    t = Texts("dashboard", "en")
    visit = Visit(browser, "en")
    visit.open(_address(server, "dwell", "en"), t("page_dwell"))
    box = visit.page.locator("[data-testid=stDataFrame]").first.bounding_box()
    visit.page.mouse.click(box["x"] + 20, box["y"] + HEADER + ROW / 2)
    visit.page.get_by_text(re.compile("stays, expected amount")).wait_for(timeout=WAIT_MS)
    visit.settle()
    figures = writer.figures[visit.snapshot()]
    assert t("stays_length", rows=number(figures["stays"]), amount="|").split("|")[0].replace("**", "") in visit.text()
    # Streamlit's own download would write cells that become formulas; ours does not
    assert visit.page.get_by_label("Download as CSV").count() == 0
    assert visit.page.get_by_text(t("download_csv")).count() == 2
    visit.close(server)


def test_pages_are_walked_by_clicking_and_choices_come_along(browser: sync_api.Browser, server: str) -> None:
    t = Texts("dashboard", "en")
    visit = Visit(browser, "en")
    visit.open(f"{server}/?lang=en&region=east", t("page_overview"))
    for name in ("funnel", "dwell", "risk", "health", "overview"):
        visit.page.get_by_role("link", name=t(f"page_{name}")).click()
        visit.wait_for_title(t(f"page_{name}"))
        assert "region=east" in visit.page.url
        assert "lang=en" in visit.page.url
    visit.close(server)


def test_nothing_is_wider_than_a_phone(browser: sync_api.Browser, server: str) -> None:
    t = Texts("dashboard", "zh-CN")
    visit = Visit(browser, "zh-CN", width=390)
    for path in ("", "risk"):
        visit.open(_address(server, path, "zh-CN"), t(f"page_{PAGES[path][0]}"))
        wider = (
            "() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth - m.clientWidth }"
        )
        assert visit.page.evaluate(wider) == 0, path
    visit.close(server)


@pytest.mark.parametrize("language", LANGUAGES)
def test_quarantined_rows_are_downloaded_to_be_mended_and_the_docs_open(
    browser: sync_api.Browser, server: str, root: Path, language: Language
) -> None:
    """The workbook holds the rows listed, masked, none of its cells a formula; the page of promises runs nothing."""
    t = Texts("dashboard", language)
    docs = root / "reports" / "data_docs" / language
    docs.mkdir(parents=True, exist_ok=True)
    (docs / "index.html").write_text("<!doctype html><h1>&lt;script&gt; promised</h1><a href='x.html'>on</a>", "utf-8")
    visit = Visit(browser, language)
    visit.open(_address(server, "health?qrule=not_a_date", language), t("page_health"))
    with visit.page.expect_download() as started:
        visit.page.get_by_text(t("download_to_mend", rows=2)).click()
    downloaded = BytesIO(Path(started.value.path()).read_bytes())
    sheet = openpyxl.load_workbook(downloaded)["company_forms.visits"]
    header, *rows = sheet.iter_rows()
    assert [c.value for c in header][:3] == ["拜访编号", "计划时间", "备注"]
    assert [[c.value for c in row[:3]] for row in rows] == [
        [f"V{n}", '=HYPERLINK("http://x")', "<script>alert(1)</script> 138****1234"] for n in range(2)
    ]
    assert {c.data_type for row in rows for c in row} <= {"s", "n"}
    assert rows[0][-1].value == f"company_forms/visits|{'a1' * 6}|2|"
    visit.page.get_by_text(t("data_docs"), exact=True).click()
    frame = visit.page.frame_locator("iframe")
    frame.get_by_role("heading", name="<script> promised").wait_for(timeout=WAIT_MS)
    assert frame.locator("a").count() == 0
    visit.close(server)
