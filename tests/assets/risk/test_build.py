"""The risk step on a small company: scores that explain themselves, a model that is kept, a forecast that adds up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assets.risk.build import build_risk
from assets.workspace import Workspace
from data_contracts.settings import Risk, Settings
from models.backtest import BASELINES
from risk_company import Company, run_of
from small_company import small_company
from tiny import Tiny

OPEN_NOW = "select opportunity_id from marts.opportunity_state where status = 'open' order by all"


def ml(company: Company) -> dict[str, list[tuple[Any, ...]]]:
    """Every table that the step leaves, in order."""
    tables = company.rows("select table_name from duckdb_tables() where schema_name = 'ml' order by all")
    return {name: company.rows(f"from ml.{name} order by all") for (name,) in tables}


def test_what_is_open_is_scored_once(company: Company) -> None:
    company.tiny.build("opportunity_state")
    scored = company.rows("select opportunity_id from ml.scores order by all")
    assert scored == company.rows(OPEN_NOW)
    assert len(scored) == company.figures["scored"] > 20
    assert company.figures["method"] == "model"


def test_probabilities_leave_room_for_staying_open(company: Company) -> None:
    (low, high, most) = company.rows("select min(p_fail), max(p_fail), max(p_fail + p_sign) from ml.scores")[0]
    assert 0 < low < high <= 1
    assert most <= 1
    assert company.rows("select distinct model_id from ml.scores") == [(company.figures["model_id"],)]


def test_a_band_is_what_the_settings_say(company: Company) -> None:
    risk = company.tiny.settings.risk
    wrong = company.rows(
        "select opportunity_id from ml.scores where risk_band <> case when p_fail >= ? then 'high'"
        " when p_fail >= ? then 'medium' else 'low' end",
        risk.high,
        risk.medium,
    )
    assert wrong == []


def test_effects_add_up_to_the_score(company: Company) -> None:
    """The reference of a like opportunity and every group's effect are p_fail, for each opportunity."""
    off = company.rows("""
        select max(abs(s.p_fail - e.total)) from ml.scores s
        join (select opportunity_key, sum(effect) as total from ml.score_effects group by all) e
        using (opportunity_key)""")
    assert off[0][0] == pytest.approx(0, abs=1e-9)


def test_reasons_raise_the_risk_and_say_so_in_both_languages(company: Company) -> None:
    told = 0
    for (text,) in company.rows("select reasons from ml.scores"):
        for reason in json.loads(text):
            told += 1
            assert reason["effect"] >= 0.01
            assert reason["zh"] and reason["en"] and reason["zh"] != reason["en"]
    assert told > 20


def test_the_next_action_is_a_missing_one_of_the_stage(company: Company) -> None:
    required = {stage.stage: {a.action for a in stage.required_actions} for stage in company.tiny.playbook.stages}
    rows = company.rows("""
        select s.next_action, f.stage, f.actions_passed from ml.scores s
        join ml.landmark_features f on f.opportunity_key = s.opportunity_key and f.is_scoring
        where s.next_action is not null""")
    assert rows
    for action, stage, passed in rows:
        assert action in required[stage] - set(passed)


def test_every_baseline_is_judged_beside_the_model(company: Company) -> None:
    judged = {name for (name,) in company.rows("select distinct model from ml.backtest")}
    assert judged == {"risk_model", *BASELINES}
    measures = dict(company.rows("select measure, value from ml.backtest where fold = 0 and model = 'risk_model'"))
    for name in ("roc_auc", "average_precision", "brier_skill", "calibration_error", "funnel_accuracy",
                 "precision_at_budget", "recall_at_budget", "lead_time_days"):  # fmt: skip
        assert name in measures
    assert measures["roc_auc"] > 0.6  # failure has causes here that show


def test_a_fold_is_tested_after_it_was_trained(company: Company) -> None:
    """Strictly: its landmarks are those from its origin to its end, and it knew labels as of its origin alone."""
    folds = company.rows("select fold, origin, until from ml.backtest_folds order by fold")
    assert len(folds) == 2
    for fold, origin, until in folds:
        early_or_late = company.rows(
            "select count(*) from ml.backtest_scores where fold = ? and (landmark_at < ? or landmark_at >= ?)",
            fold, origin, until,
        )  # fmt: skip
        assert early_or_late == [(0,)]


def test_cities_add_up_to_regions_and_regions_to_the_company(company: Company) -> None:
    sums = {
        scope: company.rows(
            "select week_start, sum(signings), sum(amount) from ml.forecast where scope = ? group by all order by all",
            scope,
        )
        for scope in ("company", "region", "city")
    }
    assert len(sums["company"]) == 13
    for scope in ("region", "city"):
        for whole, parts in zip(sums["company"], sums[scope], strict=True):
            assert parts[0] == whole[0]
            assert parts[1:] == pytest.approx(whole[1:], rel=1e-9)


def test_the_quarter_is_signed_and_still_to_come_against_its_target(company: Company) -> None:
    rows = company.rows(
        "select scope, target, signed, forecast, low, high, gap, p_target_met from ml.forecast_quarter"
        " where target is not null order by scope, scope_id"
    )
    assert [row[:2] for row in rows] == [("company", 4e6), ("region", 2e6), ("region", 2e6)]
    for _, target, signed, forecast, low, high, gap, met in rows:
        assert signed <= low <= high
        assert gap == pytest.approx(target - forecast)
        assert 0 <= met <= 1
    of_records = company.rows("""
        select sum(amount)::double from staging.signings
        where occurred_at >= timestamptz '2025-10-01 00:00+08' and recorded_at <= timestamptz '2025-10-06 00:00+08'""")
    assert rows[0][2] == pytest.approx(of_records[0][0] or 0.0)


def test_the_same_week_trains_no_second_model(company: Company) -> None:
    before, stored = ml(company), sorted(p.name for p in company.run.workspace.model_store.iterdir())
    build_risk(company.tiny.con, company.run)
    assert ml(company) == before
    assert sorted(p.name for p in company.run.workspace.model_store.iterdir()) == stored


def test_a_model_whose_bytes_changed_is_refused_and_trained_anew(company: Company) -> None:
    before = company.rows("select opportunity_id, p_fail from ml.scores order by all")
    path = company.run.workspace.model_store / company.figures["model_id"] / "model.skops"
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    build_risk(company.tiny.con, company.run)
    ((said, in_english),) = company.rows("select reason_zh, reason_en from ml.model_status")
    assert "被拒绝" in said and "refused" in in_english
    assert path.read_bytes() == good
    assert company.rows("select opportunity_id, p_fail from ml.scores order by all") == before
    build_risk(company.tiny.con, company.run)
    assert "refused" not in company.rows("select reason_en from ml.model_status")[0][0]


def test_the_card_says_what_the_model_learned_from(company: Company) -> None:
    folder = Workspace(company.run.workspace.root).model_store / company.figures["model_id"]
    ((folds, judged),) = company.rows("""
        select count(*), (select count(distinct fold) from ml.backtest where fold > 0 and measure = 'brier' and n > 0)
        from ml.backtest_folds""")
    assert folds > judged > 0
    assert f"{folds} rolling origins, the outcomes known after {judged} of them" in (folder / "card.en.md").read_text()
    for language in ("zh-CN", "en"):
        card = (folder / f"card.{language}.md").read_text(encoding="utf-8")
        assert company.figures["model_id"] in card
        assert str(company.figures["signed"]) in card and str(company.figures["failed"]) in card
        assert "reschedules" in card


def test_with_too_few_closed_the_rules_stand_in_and_say_so(tmp_path: Any) -> None:
    tiny = small_company(opportunities=80, settings=Settings(risk=Risk())).build()
    figures = build_risk(tiny.con, run_of(tiny, tmp_path))
    assert figures["method"] == "rules"
    ((signed, failed, why),) = tiny.rows("select signed, failed, reason_zh from ml.model_status")
    assert signed < 200
    assert f"签约{signed}个、失败{failed}个，不足200与200" in why
    assert tiny.rows("select distinct method, model_id from ml.scores") == [("rules", "rules")]
    assert tiny.rows("select count(*) from ml.backtest") == [(0,)]
    wrong = tiny.rows("""
        select s.opportunity_id from ml.scores s
        join ml.landmark_features f on f.opportunity_key = s.opportunity_key and f.is_scoring
        where f.reschedules > 2 and f.technical_meetings = 0 and s.risk_band <> 'high'""")
    assert wrong == []


def test_nothing_at_all_is_scored_as_nothing(tmp_path: Any) -> None:
    tiny = Tiny(as_of="2025-10-06 00:00").build()
    figures = build_risk(tiny.con, run_of(tiny, tmp_path))
    assert (figures["method"], figures["scored"]) == ("rules", 0)
    assert tiny.rows("select sum(signings), sum(amount) from ml.forecast") == [(0.0, 0.0)]
