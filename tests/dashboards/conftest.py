"""A published workspace for the dashboard's tests, with names that try to be markup and formulas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from small_company import small_company
from snapshot_fixture import add_outcomes, add_wanderers, publish_tiny, with_tables
from tiny import Tiny

APP = Path(__file__).resolve().parents[2] / "dashboards" / "app.py"
HOSTILE = "<script>alert('x')</script> **bold** :red[x] [link](http://evil) =1+1"
SETTINGS = "clock: data\n"


@pytest.fixture(scope="session")
def company_tiny() -> Tiny:
    """A company with everything that pages show, one customer of a hostile name among them."""
    tiny = with_tables(small_company(150))
    add_wanderers(tiny, 60)
    tiny.add(
        "opportunities", opportunity_id="HOSTILE", occurred_at="2025-09-01 09:00", created_at="2025-09-01 09:00",
        customer_id="X", customer_name=HOSTILE, owner_id="R01", product_line=HOSTILE, expected_amount=5_000_000,
    )  # fmt: skip
    tiny.events("HOSTILE | 2025-09-01 09:00 | enter first_contact")
    tiny.add(
        "visits", visit_id="VX", opportunity_id="HOSTILE", rep_id="R01", status="done", kind="visit", note=HOSTILE,
        occurred_at="2025-09-20 09:00",
    )  # fmt: skip
    tiny.build()
    add_outcomes(tiny)
    return tiny


@pytest.fixture(scope="session")
def workspace(company_tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its workspace folder."""
    root = tmp_path_factory.mktemp("workspace")
    (root / "stagewatch.yaml").write_text(SETTINGS, encoding="utf-8")
    publish_tiny(company_tiny, root)
    return root


@pytest.fixture
def page(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """`page("funnel", lang="en", view="trend")`: that page, run."""
    monkeypatch.setenv("STAGEWATCH_WORKSPACE", str(workspace))

    def open_page(name: str = "overview", **address: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=120)
        for key, value in address.items():
            app.query_params[key] = value
        app.run()
        return to_page(app, name)

    return open_page


def to_page(app: AppTest, name: str) -> AppTest:
    """Go to another page of an app that has run; a page that is a function has no file to switch to."""
    hashes = {info["url_pathname"]: key for key, info in app._registered_pages.items()}
    if name != "overview":
        app._page_hash = hashes[name]
        app.run()
    return app
