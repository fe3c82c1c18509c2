"""Each page, in both languages, on a small company: it shows data, and a problem is said in one line."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from data_contracts.texts import Texts
from queries.snapshot import unused_snapshots
from snapshot_fixture import publish_tiny
from tiny import Tiny

Page = Callable[..., AppTest]
APP = Path(__file__).resolve().parents[2] / "dashboards" / "app.py"
PAGES = ("overview", "funnel", "dwell", "risk", "health")
VIEWS = [
    *(("funnel", {"view": view}) for view in ("steps", "breakdown", "trend", "compare", "list")),
    *(("dwell", {"dwell": view}) for view in ("stages", "survival", "bottlenecks", "overrun", "paths")),
]


def is_sound(app: AppTest) -> bool:
    return not app.exception and not app.error


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_shows_data_in_both_languages(page: Page, name: str, language: str) -> None:
    app = page(name, lang=language)
    assert is_sound(app), [e.message for e in app.exception]
    assert app.title[0].value == Texts("dashboard", language)(f"page_{name}")  # type: ignore[arg-type]
    assert len(app.metric) + len(app.dataframe) >= 1
    shown = " ".join(str(element.value) for element in [*app.metric, *app.caption, *app.subheader, *app.markdown])
    assert ("我的公司" in shown) == (language == "zh-CN")
    assert ("My company" in shown) == (language == "en")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize(("name", "address"), VIEWS)
def test_every_view_shows_data_in_both_languages(page: Page, name: str, address: dict[str, str], language: str) -> None:
    app = page(name, lang=language, **address)
    assert is_sound(app), [e.message for e in app.exception]
    assert app.dataframe or address["dwell"] == "survival"


def test_the_funnels_table_holds_the_counts(page: Page, company_tiny: Tiny) -> None:
    app = page("funnel")
    table = app.dataframe[0].value
    expected = company_tiny.rows(
        "select reached from marts.funnel where period_type = 'all' and dimension = 'all' order by stage_no"
    )
    assert table["counted"].to_list() == [row[0] for row in expected]
    assert table["stage"].to_list() == ["初次接触", "需求确认", "方案演示", "报价", "合同签订"]


def test_filters_in_the_address_narrow_every_page(page: Page, company_tiny: Tiny) -> None:
    app = page("risk", region="east", band=["high", "medium", "low", "unknown"])
    expected = company_tiny.rows(
        "select count(*) from marts.opportunity_state where status = 'open' and region = 'east'"
    )
    assert len(app.dataframe[0].value) == expected[0][0] > 0
    assert set(app.dataframe[0].value["reason_1"]) == {"改约 4 次"}
    assert app.dataframe[0].value["reason_2"].isna().all()
    assert set(app.dataframe[0].value["region"]) == {"east"}


def test_what_an_address_says_and_does_not_exist_is_ignored(page: Page) -> None:
    app = page("funnel", lang="fr", region="nowhere", meaning="guess", window="-3", view="x", **{"from": "2025-13-45"})
    assert is_sound(app)
    assert app.title[0].value == "漏斗分析"


def test_a_choice_goes_into_the_address_and_the_default_leaves_it(page: Page) -> None:
    app = page("funnel")
    assert dict(app.query_params) == {}
    app.session_state["choice_meaning"] = "observed"
    app.run()
    assert app.query_params["meaning"] == "observed"
    app.session_state["choice_meaning"] = "reached"
    app.run()
    assert "meaning" not in app.query_params


def test_language_and_filters_come_along_to_the_next_page(page: Page) -> None:
    app = page("overview", lang="en", region="south")
    hashes = {info["url_pathname"]: key for key, info in app._registered_pages.items()}
    app.query_params.clear()  # as the browser does when a page is clicked
    app._page_hash = hashes["dwell"]
    app.run()
    assert app.title[0].value == "Dwell and bottlenecks"
    assert dict(app.query_params) == {"lang": "en", "region": "south"}


def test_an_opportunity_shows_why_and_its_evidence(page: Page) -> None:
    app = page("risk", opportunity="HOSTILE", lang="en")
    assert is_sound(app)
    words = " ".join(m.value for m in app.markdown)
    assert "rescheduled 4 times" in words
    assert "Store survey" in words
    timeline = app.dataframe[1].value
    assert set(timeline["event"]) >= {"Entered · First contact", "Visit done · Visit", "Created"}


def test_the_alerts_that_nobody_answered_are_listed(page: Page, company_tiny: Tiny) -> None:
    app = page("risk", list="alerts")
    [[unanswered]] = company_tiny.rows("select count(*) from ops.alerts where status = 'open'")
    table = app.dataframe[0].value
    assert len(table) == unanswered > 0
    assert any(f"**{unanswered}** 条预警，其中高等级 {unanswered} 条" in m.value for m in app.markdown)
    assert set(table["rule"]) == {"阶段超期"}


def test_alerts_are_narrowed_by_state_and_rule(page: Page) -> None:
    app = page("risk", list="alerts", state=["acknowledged", "snoozed"], rule="city_silent", lang="en")
    [row] = app.dataframe[0].value.to_dict("records")
    assert (row["title"], row["alert_status"], row["live_days"]) == ("hangzhou: silent for 5 weeks", "Acknowledged", 3)


def test_a_finding_leads_to_the_list_behind_it(page: Page, company_tiny: Tiny) -> None:
    app = page("overview", lang="en")
    [[silent]] = company_tiny.rows(
        "select count(*) from marts.opportunity_state where status = 'open' and silent_days > 14"
    )
    sentences = [m.value for m in app.markdown]
    assert any(f"**{silent}** open opportunities had no activity" in s for s in sentences)
    buttons = [b for b in app.button if b.label == "View"]
    findings = [s for s in sentences if s.startswith(":material/")]
    assert len(buttons) == len(findings) == 5
    buttons[2].click().run()
    assert app.title[0].value == "Opportunities at risk"
    assert len(app.dataframe[0].value) == silent > 0


def test_a_broken_rule_says_in_which_file_and_row(page: Page) -> None:
    app = page("health", lang="en")
    checks = next(d.value for d in app.dataframe if "places" in d.value.columns)
    assert checks["places"].to_list() == ["拜访记录_2025-09.csv row 12"]


def test_quarantined_rows_are_listed_with_reason_and_remedy_and_narrowed(page: Page) -> None:
    def rows(**address: str) -> list[str]:
        app = page("health", lang="en", **address)
        assert is_sound(app), [e.message for e in app.exception]
        return [v for d in app.dataframe if "remedy" in d.value.columns for v in d.value["id"]]

    app = page("health", lang="en")
    listed = next(d.value for d in app.dataframe if "remedy" in d.value.columns)
    first = listed.iloc[0].to_dict()
    assert (first["id"], first["place"], first["reason"]) == (
        "1:2", "planned_at (计划时间)", "cannot be read as a date"
    )  # fmt: skip
    assert "dates:" in first["remedy"]
    assert (
        first["raw"] == '拜访编号: V0 | 计划时间: =HYPERLINK("http://x") | 备注: <script>alert(1)</script> 138****1234'
    )
    assert rows() == ["1:2", "1:3"]
    assert rows(settled="1") == ["1:2", "1:3", "1:4"]
    assert rows(settled="1", qrule="replaced_by_fix") == ["1:4"]
    assert rows(qsource="company_forms/visits", qfile="1") == ["1:2", "1:3"]
    assert rows(qrule="replaced_by_fix") == []


def test_the_rows_to_mend_are_offered_as_a_workbook(page: Page) -> None:
    app = page("health")
    assert any(b.label == "下载待改正的 2 行 (XLSX)" for b in app.get("download_button"))


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_snapshot_of_an_older_version_is_shown_as_far_as_it_goes(
    page: Page, company_tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    """What an older version had not is said to be missing in its place; everything else stands."""
    (published,) = publish_tiny(company_tiny, tmp_path, f"older-{language}").glob("*.duckdb")
    with duckdb.connect(str(published)) as con:
        for table in ("staging.review", "marts.contradictions", "landing.parts"):
            con.execute(f"drop table {table}")
    monkeypatch.setenv("STAGEWATCH_WORKSPACE", str(tmp_path))
    app = page("health", lang=language)
    assert is_sound(app), [e.message for e in app.exception]
    missing = Texts("dashboard", language)("other_version")  # type: ignore[arg-type]
    assert [i.value for i in app.info].count(missing) == 3
    assert any("rows_read" in d.value.columns for d in app.dataframe)
    assert "stagewatch run" in missing


def test_an_opportunity_that_is_not_there_is_said_in_one_line(page: Page) -> None:
    app = page("risk", opportunity="NOBODY")
    assert not app.exception
    assert "NOBODY" in app.error[0].value


def test_markup_in_the_data_is_never_markup(page: Page) -> None:
    """Tables show it as it is; every Markdown element has it escaped; no element takes HTML."""
    app = page("risk", opportunity="HOSTILE", band=["high", "medium", "low", "unknown"])
    for element in [*app.markdown, *app.caption, *app.subheader, *app.info, *app.metric]:
        text = str(element.value)
        assert "<script>" not in text
        assert "**bold**" not in text
        assert ":red[x]" not in text
        assert not getattr(element, "allow_html", False)
    assert any("script" in s.value for s in app.subheader)
    assert any("<script>" in str(v) for v in app.dataframe[0].value["customer_name"])


def test_an_intervention_lands_in_the_inbox(page: Page, workspace: Path) -> None:
    app = page("risk", opportunity="HOSTILE", lang="en")
    app.text_area[0].set_value("called the buyer")
    next(b for b in app.button if b.label == "Record").click()
    app.run()
    assert is_sound(app)
    assert any("next run" in s.value for s in app.success)
    [file] = (workspace / "inbox").glob("dashboard_records-*.jsonl")
    line = json.loads(file.read_text(encoding="utf-8"))
    file.unlink()
    assert (line["opportunity_id"], line["action"], line["note"]) == ("HOSTILE", "joint_visit", "called the buyer")
    # a workspace of history: the record does not move its clock
    assert line["occurred_at"] == "2025-10-06T00:00:00+08:00"


def test_a_new_snapshot_is_taken_with_the_next_look(
    company_tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGEWATCH_WORKSPACE", str(tmp_path))
    published = publish_tiny(company_tiny, tmp_path, "first")
    app = AppTest.from_file(str(APP), default_timeout=120).run()
    assert any("first" in c.value for c in app.caption)
    publish_tiny(company_tiny, tmp_path, "second")
    assert app.run().caption
    assert any("second" in c.value for c in app.caption)
    assert is_sound(app)
    gc.collect()
    assert [path.name for path in unused_snapshots(published)] == ["snapshot-first.duckdb"]


def test_before_anything_is_published_it_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEWATCH_WORKSPACE", str(tmp_path))
    app = AppTest.from_file(str(APP), default_timeout=120).run()
    assert is_sound(app)
    assert app.code[0].value == f"stagewatch run --workspace {tmp_path}"
    assert "还没有" in app.info[0].value


def test_a_broken_pointer_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEWATCH_WORKSPACE", str(tmp_path))
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "CURRENT").write_text("../../etc/passwd", encoding="utf-8")
    app = AppTest.from_file(str(APP), default_timeout=120).run()
    assert not app.exception
    assert "does not name a snapshot" in app.error[0].value
