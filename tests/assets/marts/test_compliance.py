"""Required actions: the verdict of every move, and a rep's month, worked out by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from assets.marts.build import MARTS
from data_contracts.playbook import Playbook
from tiny import Tiny

NEEDED = (*MARTS[: MARTS.index("stage_spells") + 1], "actions_done", "transition_compliance", "compliance")
STAGE = "first_contact"  # requires store_survey (xlsx, pdf) and decision_maker_met (jpg, jpeg, png)


@pytest.fixture
def tiny() -> Tiny:
    """A moves on from first contact at 2025-03-10 12:00; R1 owns it."""
    tiny = Tiny(as_of="2025-04-01 00:00")
    tiny.add("organisation", rep_id="R1", rep_name="王芳", city="上海", region="华东")
    tiny.add("opportunities", opportunity_id="A", owner_id="R1", created_at="2025-03-01 09:00")
    tiny.events("""
        A | 2025-03-01 09:00 | enter first_contact
        A | 2025-03-10 12:00 | enter needs_confirmed
    """)
    return tiny


def action(tiny: Tiny, code: str, when: str, evidence: str | None = None, **values: Any) -> None:
    values = {"opportunity_id": "A", **values}
    tiny.add("actions", action_code=code, occurred_at=when, evidence=evidence, **values)


def verdicts(tiny: Tiny, stage: str = STAGE, opportunity: str = "A") -> dict[str, str]:
    return dict(
        tiny.build(*NEEDED).rows(
            "select action_code, verdict from marts.transition_compliance where stage = ? and opportunity_id = ?",
            stage,
            opportunity,
        )
    )


def test_at_the_very_moment_of_the_move_is_a_pass_and_a_second_later_is_late(tiny: Tiny) -> None:
    action(tiny, "store_survey", "2025-03-10 12:00:00", "survey.xlsx")
    action(tiny, "decision_maker_met", "2025-03-10 12:00:01", "card.jpg")
    assert verdicts(tiny) == {"store_survey": "pass", "decision_maker_met": "late"}


def test_late_evidence_is_not_a_pass(tiny: Tiny) -> None:
    action(tiny, "store_survey", "2025-03-05 10:00")  # done in time, without evidence
    action(tiny, "store_survey", "2025-03-12 10:00", "survey.pdf")
    assert verdicts(tiny)["store_survey"] == "late"
    assert tiny.rows(
        "select is_met, has_evidence, is_met_before_move, strftime(done_at, '%d') from marts.transition_compliance"
        " where action_code = 'store_survey'"
    ) == [(True, True, False, "12")]


def test_done_but_never_proved_is_missing_and_says_it_was_done(tiny: Tiny) -> None:
    action(tiny, "store_survey", "2025-03-05 10:00")
    assert verdicts(tiny) == {"store_survey": "missing", "decision_maker_met": "missing"}
    assert tiny.rows(
        "select action_code, is_met, has_evidence, done_at is null from marts.transition_compliance order by 1"
    ) == [("decision_maker_met", False, False, True), ("store_survey", True, False, False)]


@pytest.mark.parametrize(
    ("evidence", "verdict"),
    [
        ("摸底表.XLSX", "pass"),
        ("photo.jpg; 摸底表.pdf", "pass"),
        ("摸底表.pdf，photo.jpg", "pass"),
        ("摸底表.docx", "missing"),
        ("摸底表.pdf.exe", "missing"),
        ("OA-2025-001", "missing"),
        ("  ", "missing"),
    ],
)
def test_evidence_must_be_of_a_kind_the_playbook_names(tiny: Tiny, evidence: str, verdict: str) -> None:
    action(tiny, "store_survey", "2025-03-05 10:00", evidence)
    assert verdicts(tiny)["store_survey"] == verdict


def test_any_evidence_does_where_no_kind_is_named_and_none_where_none_is_asked() -> None:
    playbook = Playbook.model_validate(
        {
            "playbook": "own",
            "version": "1.0.0",
            "name": {"zh": "自有", "en": "Own"},
            "lapse_days": None,
            "default_window_days": None,
            "stages": [
                {
                    "stage": "one",
                    "name": {"zh": "一", "en": "One"},
                    "required_actions": [
                        {
                            "action": code,
                            "name": {"zh": code, "en": code},
                            "evidence": evidence,
                        }
                        for code, evidence in (
                            ("any_proof", [{"name": {"zh": "凭证", "en": "Proof"}}]),
                            ("any_proof_lacking", [{"name": {"zh": "凭证", "en": "Proof"}}]),
                            ("no_proof_asked", []),
                        )
                    ],
                },
                {"stage": "two", "name": {"zh": "二", "en": "Two"}},
            ],
        }
    )
    tiny = Tiny("2025-04-01 00:00", playbook)
    tiny.events("""
        A | 2025-03-01 09:00 | enter one
        A | 2025-03-10 09:00 | enter two
    """)
    action(tiny, "any_proof", "2025-03-02 09:00", "OA-2025-001")
    action(tiny, "any_proof_lacking", "2025-03-02 09:00")
    action(tiny, "no_proof_asked", "2025-03-02 09:00")
    assert verdicts(tiny, "one") == {"any_proof": "pass", "any_proof_lacking": "missing", "no_proof_asked": "pass"}


def test_a_waiver_counts_whenever_but_a_pass_outranks_it(tiny: Tiny) -> None:
    action(tiny, "store_survey", "2025-03-05 10:00", "survey.pdf")
    action(tiny, "store_survey", "2025-03-06 10:00", waived_by="S1")
    action(tiny, "decision_maker_met", "2025-03-15 10:00", waived_by="S2")
    action(tiny, "decision_maker_met", "2025-03-16 10:00", "card.jpg")
    assert verdicts(tiny) == {"store_survey": "pass", "decision_maker_met": "waived"}
    assert tiny.rows("select waived_by from marts.transition_compliance where action_code = 'decision_maker_met'") == [
        ("S2",)
    ]


def test_a_done_visit_of_the_kind_is_the_action_with_evidence_when_it_has_an_attachment(tiny: Tiny) -> None:
    tiny.events("A | 2025-03-20 12:00 | enter solution_demo")
    for visit, day, attachments in (("V1", "11", None), ("V2", "12", ["纪要.pdf"])):
        tiny.add(
            "visits",
            visit_id=visit,
            opportunity_id="A",
            kind="technical_meeting",
            status="done",
            occurred_at=f"2025-03-{day} 10:00",
            attachments=attachments,
        )
    assert verdicts(tiny, "needs_confirmed") == {"needs_minutes": "missing", "technical_meeting": "pass"}
    assert tiny.rows(
        "select strftime(done_at, '%d') from marts.transition_compliance where action_code = 'technical_meeting'"
    ) == [("12",)]


@pytest.mark.parametrize(
    ("status", "attachments", "verdict"),
    [
        ("done", ["a.jpg", "b.txt"], "pass"),
        ("done", ["b.txt"], "missing"),
        ("done", [], "missing"),
        ("rescheduled", ["a.jpg"], "missing"),
    ],
)
def test_a_visit_proves_only_when_done_and_with_the_right_file(
    tiny: Tiny, status: str, attachments: list[str], verdict: str
) -> None:
    tiny.events("A | 2025-03-20 12:00 | enter solution_demo")
    tiny.add(
        "visits",
        visit_id="V1",
        opportunity_id="A",
        kind="technical_meeting",
        status=status,
        occurred_at="2025-03-12 10:00",
        attachments=attachments,
    )
    assert verdicts(tiny, "needs_confirmed")["technical_meeting"] == verdict


def test_a_move_known_by_its_day_may_have_come_last_that_day(tiny: Tiny) -> None:
    tiny.add("opportunities", opportunity_id="B", owner_id="R1", created_at="2025-03-01 00:00")
    for day, stage in (("01", "first_contact"), ("10", "needs_confirmed")):
        tiny.add(
            "stage_events",
            opportunity_id="B",
            event="enter",
            stage=stage,
            occurred_at=f"2025-03-{day} 00:00",
            occurred_precision="day",
        )
    action(tiny, "store_survey", "2025-03-10 17:00", "survey.pdf", opportunity_id="B")
    action(tiny, "decision_maker_met", "2025-03-11 00:00", "card.jpg", opportunity_id="B")
    assert verdicts(tiny, opportunity="B") == {"store_survey": "pass", "decision_maker_met": "late"}


def test_only_the_first_forward_move_is_judged_and_only_stages_that_were_entered(tiny: Tiny) -> None:
    # first_contact -> (skips needs_confirmed) demo -> back to first_contact -> demo again -> lost.
    tiny.add("opportunities", opportunity_id="B", owner_id="R1", created_at="2025-02-01 09:00")
    tiny.events("""
        B | 2025-02-01 09:00 | enter first_contact
        B | 2025-02-03 09:00 | enter solution_demo
        B | 2025-02-05 09:00 | enter first_contact
        B | 2025-02-09 09:00 | enter solution_demo
        B | 2025-02-11 09:00 | lost price
    """)
    action(tiny, "store_survey", "2025-02-06 09:00", "survey.pdf", opportunity_id="B")  # before the second only
    tiny.build(*NEEDED)
    assert tiny.rows(
        "select stage, action_code, strftime(moved_at, '%m-%d'), verdict from marts.transition_compliance"
        " where opportunity_id = 'B' order by 1, 2"
    ) == [
        ("first_contact", "decision_maker_met", "02-03", "missing"),
        ("first_contact", "store_survey", "02-03", "late"),
    ]


def test_a_win_is_a_forward_move(tiny: Tiny) -> None:
    tiny.add("opportunities", opportunity_id="B", owner_id="R1", created_at="2025-03-01 09:00")
    tiny.events("""
        B | 2025-03-01 09:00 | enter contract_signed
        B | 2025-03-05 09:00 | won
    """)
    action(tiny, "contract_scan", "2025-03-05 09:00", "contract.pdf", opportunity_id="B")
    assert verdicts(tiny, "contract_signed", "B") == {"contract_scan": "pass", "first_order": "missing"}


def test_a_rep_and_month(tiny: Tiny) -> None:
    # March: A's two actions (1 pass, 1 missing) and B's two (1 late, 1 waived): 1 of 3 required passed.
    tiny.add("opportunities", opportunity_id="B", owner_id="R1", created_at="2025-03-01 09:00")
    tiny.events("""
        B | 2025-03-02 09:00 | enter first_contact
        B | 2025-03-31 23:30 | enter needs_confirmed
    """)
    action(tiny, "store_survey", "2025-03-05 10:00", "survey.pdf")
    action(tiny, "store_survey", "2025-03-31 23:40", "survey.pdf", opportunity_id="B")
    action(tiny, "decision_maker_met", "2025-03-20 10:00", waived_by="S1", opportunity_id="B")
    tiny.build(*NEEDED)
    assert tiny.rows("from marts.compliance") == [
        (
            "R1",
            "王芳",
            "上海",
            "华东",
            date(2025, 3, 1),
            3,
            1,
            1,
            1,
            1,
            pytest.approx(100 / 3),
            pytest.approx(5.0),  # 33.3 points x 15%
        )
    ]


def test_everything_waived_has_no_score(tiny: Tiny) -> None:
    for code in ("store_survey", "decision_maker_met"):
        action(tiny, code, "2025-03-05 10:00", waived_by="S1")
    tiny.build(*NEEDED)
    assert tiny.rows("select required, waived, score, kpi_points from marts.compliance") == [(0, 2, None, None)]


def test_the_owner_at_the_move_answers_and_unknown_is_kept(tiny: Tiny) -> None:
    tiny.add("opportunities", opportunity_id="A", owner_id="R2", occurred_at="2025-03-20 09:00")
    tiny.add("opportunities", opportunity_id="B", owner_id=None, created_at="2025-03-01 09:00")
    tiny.events("""
        B | 2025-03-02 09:00 | enter first_contact
        B | 2025-03-09 09:00 | enter needs_confirmed
        C | 2025-03-02 09:00 | enter first_contact
        C | 2025-03-09 09:00 | enter needs_confirmed
    """)
    tiny.build(*NEEDED)
    # A moved while R1 owned it. B has no owner, and of C there is no record but its events.
    assert tiny.rows("select owner_id, owner_name, required from marts.compliance") == [
        ("R1", "王芳", 2),
        (None, None, 4),
    ]
