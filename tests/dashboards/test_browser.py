"""A real browser opens every page of a running dashboard: data, both languages, no error, no other host."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.launch import dashboard_command
from data_contracts.texts import Language, Texts
from snapshot_fixture import publish_tiny
from tiny import Tiny

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = os.environ.get("STAGEWATCH_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install it, or name it in STAGEWATCH_CHROMIUM"),
]
WAIT_MS = 120_000
PAGES = {
    "": "page_overview",
    "funnel": "page_funnel",
    "funnel?view=breakdown": "page_funnel",
    "funnel?view=trend": "page_funnel",
    "funnel?view=compare": "page_funnel",
    "funnel?view=list": "page_funnel",
    "dwell": "page_dwell",
    "dwell?dwell=survival": "page_dwell",
    "dwell?dwell=bottlenecks": "page_dwell",
    "dwell?dwell=overrun": "page_dwell",
    "dwell?dwell=paths": "page_dwell",
    "risk": "page_risk",
    "risk?opportunity=HOSTILE": "page_risk",
    "health": "page_health",
}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def server(workspace: Path) -> Iterator[str]:
    """The dashboard as the command line starts it."""
    port = _free_port()
    argv, environment = dashboard_command(workspace, port=port)
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen(argv, env={**os.environ, **environment}, cwd=workspace) as process:
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

    def __init__(self, browser: sync_api.Browser, language: str) -> None:
        self.page = browser.new_page(viewport={"width": 1440, "height": 1000}, locale=language)
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))
        self.page.on("request", lambda r: self.hosts.add(r.url.split("/")[2]) if r.url.startswith("http") else None)
        self.page.on("response", lambda r: self.errors.append(f"{r.status} {r.url}") if r.status >= 400 else None)

    def open(self, url: str, title: str) -> None:
        self.page.goto(url)
        self.page.get_by_role("heading", name=title, exact=True, level=1).wait_for(timeout=WAIT_MS)
        self.settle()

    def settle(self) -> None:
        """Until the script has run and nothing on the page is stale."""
        self.page.wait_for_function(
            """() => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'
                     && !document.querySelector('[data-testid=stSkeleton]')""",
            timeout=WAIT_MS,
        )


def _address(server: str, path: str, language: str) -> str:
    return f"{server}/{path}{'&' if '?' in path else '?'}lang={language}"


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_page_opens_with_data_and_asks_nobody_else(
    browser: sync_api.Browser, server: str, language: Language
) -> None:
    t = Texts("dashboard", language)
    visit = Visit(browser, language)
    for path, title in PAGES.items():
        visit.open(_address(server, path, language), t(title))
        assert not visit.page.query_selector("[data-testid=stException]"), path
        tables = len(visit.page.query_selector_all("[data-testid=stDataFrame]"))
        charts = len(visit.page.query_selector_all(".js-plotly-plot .main-svg"))
        metrics = len(visit.page.query_selector_all("[data-testid=stMetric]"))
        assert tables + charts + metrics >= 1, path
    visit.page.close()
    assert visit.errors == []
    assert visit.hosts == {server.removeprefix("http://")}


def test_pages_are_walked_by_clicking_and_choices_come_along(browser: sync_api.Browser, server: str) -> None:
    t = Texts("dashboard", "en")
    visit = Visit(browser, "en")
    visit.open(f"{server}/?lang=en&region=east", t("page_overview"))
    for name in ("funnel", "dwell", "risk", "health", "overview"):
        visit.page.get_by_role("link", name=t(f"page_{name}")).click()
        visit.page.get_by_role("heading", name=t(f"page_{name}"), exact=True, level=1).wait_for(timeout=WAIT_MS)
        visit.settle()
        assert "region=east" in visit.page.url
        assert "lang=en" in visit.page.url
    visit.page.close()
    assert visit.errors == []


def test_markup_in_the_data_runs_nowhere(browser: sync_api.Browser, server: str) -> None:
    visit = Visit(browser, "en")
    dialogs: list[str] = []
    visit.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    for path in ("risk?opportunity=HOSTILE", "funnel?view=breakdown&by=product_line", "?product_line=" + "x"):
        visit.page.goto(_address(server, path, "en"))
        visit.page.get_by_role("heading", level=1).wait_for(timeout=WAIT_MS)
        visit.settle()
    visit.page.close()
    assert dialogs == []
    assert visit.errors == []


def test_an_open_page_moves_on_while_snapshots_are_published(
    browser: sync_api.Browser, server: str, workspace: Path, company_tiny: Tiny
) -> None:
    """Published to while it is looked at: no error, and the next choice shows the new snapshot."""
    t = Texts("dashboard", "en")
    visit = Visit(browser, "en")
    visit.open(f"{server}/funnel?lang=en", t("page_funnel"))
    for n, meaning in enumerate(("observed", "direct", "reached")):
        publish_tiny(company_tiny, workspace, f"later{n}")
        visit.page.get_by_role("radio", name=t(f"term_{meaning}")).or_(
            visit.page.get_by_role("button", name=t(f"term_{meaning}"), exact=True)
        ).first.click()
        visit.page.get_by_text(f"later{n}").wait_for(timeout=WAIT_MS)
        visit.settle()
        assert not visit.page.query_selector("[data-testid=stException]")
    visit.page.close()
    assert visit.errors == []
    assert len(list((workspace / "published").glob("snapshot-*.duckdb"))) <= 3
