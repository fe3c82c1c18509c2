"""What an alert says: what happened and since when, whose it is and what is at stake, why, and what to do next.

A pure function of the condition's facts and a language; the words stand in texts/alerts.yaml. The answer is
short enough for a phone: a title and up to four lines. By when it must be answered is no fact of the condition:
the message adds it (`messages`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from data_contracts.figures import MISSING, chance, duration, money, number
from data_contracts.texts import Language, Texts

Facts = dict[str, Any]
MOST_REASONS = 3
MOST_ACTIONS = 3


@dataclass(frozen=True)
class Subject:
    """A condition as the wording needs it; `since` is in the company's time."""

    rule: str
    subject_id: str
    city: str | None
    region: str | None
    amount: Decimal | None
    since: datetime
    facts: Facts


class Wording:
    """Titles and bodies in one language, for one currency and risk horizon."""

    def __init__(self, language: Language, currency: str, horizon_days: int) -> None:
        self.language, self.currency, self.horizon_days = language, currency, horizon_days
        self.text = Texts("alerts", language)
        self._ending = "zh" if language == "zh-CN" else "en"

    def title(self, subject: Subject) -> str:
        """One line: who and what."""
        key = f"title_{subject.rule}"
        if subject.rule == "failure_risk" and subject.facts.get("p_fail") is None:
            key += "_rules"
        return self.text(key, **self._values(subject))

    def body(self, subject: Subject) -> str:
        """What and since when; whose, and the stake; why; next. A line each, those that say nothing left out."""
        why = self._reasons(subject)
        lines = [
            self._what(subject),
            self._clauses([self._owner(subject), self._stake(subject)]),
            self.text("why", reasons=self._clauses(why)) if why else "",
            self.text("next", action=self._next(subject)),
        ]
        return "\n".join(filter(None, lines))

    def _values(self, subject: Subject) -> dict[str, object]:
        facts = subject.facts
        return {
            "subject": self._subject_name(subject),
            "city": subject.city,
            "region": subject.region,
            "stage": self._stage(facts),
            "overrun": _whole_days(facts.get("overrun_days")),
            "silent": _whole_days(facts.get("silent_days")),
            "count": self._count(subject),
            "p_fail": chance(facts.get("p_fail")),
            "weeks": facts.get("weeks_silent"),
            "days": _whole_days(facts.get("quiet_working_days")),
            "p": chance(facts.get("p_target_met")),
            "hours": duration(facts.get("median_hours"), self.language),
            "scope": facts.get("scope_id") or self.text("scope_company"),
            "period": facts.get("period"),
            "source": self._source(facts),
        }

    def _subject_name(self, subject: Subject) -> str:
        customer = subject.facts.get("customer")
        return customer or self.text("unknown_customer", opportunity=subject.subject_id)

    def _stage(self, facts: Facts) -> str:
        return facts.get(f"stage_{self._ending}") or facts.get("stage") or self.text("unknown_stage")

    def _owner(self, subject: Subject) -> str:
        owner = subject.facts.get("owner")
        if owner is None:
            return ""
        return (
            self.text("owner", owner=owner)
            if subject.city is None
            else self.text("owner_in_city", owner=owner, city=subject.city)
        )

    def _clauses(self, parts: list[str]) -> str:
        return ("；" if self._ending == "zh" else "; ").join(filter(None, parts))

    def _count(self, subject: Subject) -> int:
        facts = subject.facts
        if subject.rule == "action_missing":
            return len(facts.get("left_without") or []) + len(facts.get("overdue") or [])
        return int(facts.get("reschedules") or 0)

    def _source(self, facts: Facts) -> str:
        kind = facts.get("source_kind")
        named = "" if kind is None else self._named("source_kind", kind)
        record = facts.get("record")
        return named if record is None else f"{self._named('record', record)} · {named}"

    def _named(self, prefix: str, code: str) -> str:
        key = f"{prefix}_{code}"
        return self.text(key) if key in self.text else code

    def _actions(self, actions: list[dict[str, str]] | None) -> str:
        names = [action[self._ending] for action in actions or []]
        listed = ("、" if self._ending == "zh" else ", ").join(names[:MOST_ACTIONS])
        return listed + (" …" if len(names) > MOST_ACTIONS else "")

    def _what(self, subject: Subject) -> str:
        facts = subject.facts
        day = f"{subject.since:%Y-%m-%d}"
        say: dict[str, Callable[[], str]] = {
            "stage_overrun": lambda: self.text(
                "what_stage_overrun",
                stage=self._stage(facts),
                dwell=_whole_days(facts.get("dwell_days")),
                sla=number(facts.get("sla_days"), 1),
                clock=self._named("clock", facts.get("sla_clock") or "calendar"),
                since=day,
            ),
            "silent_customer": lambda: self._what_silent(facts, subject.since),
            "action_missing": lambda: self._what_missing(facts),
            "failure_risk": lambda: self._what_risk(facts),
            "rescheduled_no_technical_meeting": lambda: self.text(
                "what_rescheduled_no_technical_meeting", count=facts.get("reschedules"), stage=self._stage(facts)
            ),
            "city_silent": lambda: self._what_city(facts),
            "city_no_data": lambda: self.text(
                "what_city_no_data", last=facts.get("last_report_on"), active=facts.get("active_days")
            ),
            "forecast_shortfall": lambda: self.text(
                "what_forecast_shortfall",
                **{key: self._money(facts.get(key)) for key in ("target", "signed", "forecast", "low", "high")},
            ),
            "reporting_latency": lambda: self.text(
                "what_reporting_latency",
                records=number(facts.get("records")),
                p90=duration(facts.get("p90_hours"), self.language),
                source=self._source(facts),
            ),
            "source_quiet": lambda: self.text(
                "what_source_quiet",
                last=facts.get("last_record_on"),
                usual=number(facts.get("usual_gap_working_days"), 1),
            ),
        }
        return say[subject.rule]()

    def _what_silent(self, facts: Facts, since: datetime) -> str:
        day = facts.get("last_activity_on") or f"{since:%Y-%m-%d}"
        if facts.get("lapses_at") is None:
            return self.text("what_silent_customer_no_lapse", since_activity=day)
        return self.text("what_silent_customer", since_activity=day, lapses=facts["lapses_at"])

    def _what_missing(self, facts: Facts) -> str:
        left, overdue = facts.get("left_without"), facts.get("overdue")
        said = []
        if left:
            said.append(self.text("what_left_without", actions=self._actions(left)))
        if overdue:
            said.append(
                self.text("what_overdue", dwell=_whole_days(facts.get("dwell_days")), actions=self._actions(overdue))
            )
        return ("" if self._ending == "zh" else " ").join(said)

    def _what_risk(self, facts: Facts) -> str:
        if facts.get("p_fail") is None:
            return self.text("what_failure_risk_rules", stage=self._stage(facts))
        return self.text(
            "what_failure_risk",
            horizon=self.horizon_days,
            p_fail=chance(facts["p_fail"]),
            rank=facts.get("rank"),
            stage=self._stage(facts),
        )

    def _what_city(self, facts: Facts) -> str:
        day = facts.get("silent_since")
        if not facts.get("expected_per_week"):
            return self.text("what_city_silent_no_base", since=day)
        rate = facts["expected_per_week"]
        if rate >= 0.9:
            usual = self.text("rate_per_week", count=number(rate, 1))
        else:
            usual = self.text("rate_each_weeks", weeks=number(1 / rate, 0 if rate < 0.3 else 1))
        said = self.text("what_city_silent", since=day, usual=usual, p=chance(facts.get("p_silence")))
        active = facts.get("last_activity_on")
        return said if active is None else f"{said}{self.text('city_last_activity', day=active)}"

    def _money(self, amount: float | Decimal | None) -> str:
        return money(amount, self.currency, self.language)

    def _stake(self, subject: Subject) -> str:
        facts, amount = subject.facts, subject.amount
        if subject.rule == "forecast_shortfall":
            return self.text("stake_gap", amount=self._money(amount))
        if "open_opportunities" in facts:
            if not facts["open_opportunities"]:
                return self.text("stake_no_pipeline")
            return self.text("stake_pipeline", count=facts["open_opportunities"], amount=self._money(amount))
        if amount is None:
            return ""
        if facts.get("p_sign") is None:
            return self.text("stake", amount=self._money(amount))
        return self.text("stake_with_risk", amount=self._money(amount), p_sign=chance(facts["p_sign"]))

    def _reasons(self, subject: Subject) -> list[str]:
        """The model's reasons where there are any; else what the facts show besides the rule's own finding."""
        facts, rule = subject.facts, subject.rule
        if facts.get("slowest_teams"):
            joined = ("、" if self._ending == "zh" else ", ").join(facts["slowest_teams"])
            return [self.text("reason_teams", teams=joined)]
        if "stage" not in facts and "customer" not in facts:
            return []
        said = [reason[self._ending] for reason in facts.get("risk_reasons") or [] if reason.get(self._ending)]
        if said:
            return said[:MOST_REASONS]
        return self._plain_reasons(facts, rule)[:MOST_REASONS]

    def _plain_reasons(self, facts: Facts, rule: str) -> list[str]:
        said = []
        silent, reschedules = facts.get("silent_days"), facts.get("reschedules") or 0
        if rule != "silent_customer" and silent is not None and silent >= 7:
            said.append(self.text("reason_silent", days=number(silent)))
        if rule != "rescheduled_no_technical_meeting":
            if reschedules:
                said.append(self.text("reason_rescheduled", count=reschedules))
            if facts.get("technical_meetings") == 0:
                said.append(self.text("reason_no_technical_meeting"))
        planned = facts.get("next_planned_on")
        said.append(self.text("reason_planned", day=planned) if planned else self.text("reason_not_planned"))
        return said

    def _next(self, subject: Subject) -> str:
        facts, rule = subject.facts, subject.rule
        if rule == "rescheduled_no_technical_meeting":
            return self.text("next_technical_meeting")
        if rule == "silent_customer" or "next_actions" not in facts:
            return self.text(f"next_{rule}")
        if rule == "action_missing" and facts.get("left_without"):
            return self.text("next_make_up", actions=self._actions(facts["left_without"]))
        advised = facts.get(f"advised_{self._ending}")
        names = [action[self._ending] for action in facts["next_actions"]]
        chosen = advised if advised in names else names[0] if names else None
        return self.text(f"next_{rule}") if chosen is None else self.text("next_action", action=chosen)


def _whole_days(days: float | None) -> str:
    """Days that are full, as a title tells them."""
    if days is None:
        return MISSING
    return number(int(days)) if days >= 1 else "<1"
