"""Reasons in words that a supervisor understands, zh and en, from a feature, its value and the usual value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from data_contracts.playbook import Playbook
from data_contracts.texts import LANGUAGES, Texts
from models.features import ACTION

UNITS = {
    "days": ("stage_days", "silent_days", "days_per_activity", "days_since_visit", "days_to_planned", "age_days",
             "days_since_reschedule", "days_since_intervention", "working_days_ahead", "days_to_quarter_end"),
    "items": ("actions_missing", "actions_missed_before"),
    "stages": ("furthest_stage_no", "owner_open", "customer_failed", "customer_signed", "owner_changes"),
    "hours": ("delay_hours",),
    "percent": ("sla_ratio", "reschedule_share", "late_share", "form_share", "amount_change", "product_line", "channel",
                "lead_source", "region"),
    "money": ("amount",),
    "ratio": ("office_lift", "owner_lift"),
}  # fmt: skip
# Nobody fears these where they are below the usual, whatever goes with them in the data: visited only yesterday.
WORSE_ABOVE = {"stage_days", "silent_days", "days_since_visit", "sla_ratio", "office_lift", "owner_lift"}
# Failure rates of the past: one within a twentieth of the usual one explains nothing to anybody.
PAST_RATES, CLOSE = {"office_lift", "owner_lift", "product_line", "channel", "lead_source", "region"}, 0.05
UNIT = {feature: unit for unit, features in UNITS.items() for feature in features}


@dataclass(frozen=True)
class Reason:
    """One reason: the group's leading feature, its value and the usual one (null: none), effect in points of p_fail."""

    group: str
    feature: str
    value: float | None
    usual: float | None
    effect: float


class Words:
    """Words of reasons under one playbook."""

    def __init__(self, playbook: Playbook) -> None:
        self.texts = {language: Texts("risk", language) for language in LANGUAGES}
        self.stages = dict(enumerate(playbook.stages, start=1))
        self.actions = {action.action: action.name for stage in playbook.stages for action in stage.required_actions}

    def entry(self, reason: Reason, row: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON entry of ml.scores.reasons. `row` is the opportunity's landmark row (stage, category levels)."""
        return {
            "feature": reason.feature,
            "group": reason.group,
            "value": None if reason.value is None else round(reason.value, 4),
            "usual": None if reason.usual is None else round(reason.usual, 4),
            "effect": round(reason.effect, 4),
            "zh": self.sentence(reason, row, "zh-CN"),
            "en": self.sentence(reason, row, "en"),
        }

    def is_plain(self, reason: Reason) -> bool:
        """Whether a supervisor would take it for a reason: not where value and usual value read the same or, of past
        failure rates, nearly so; nor where it says that something required was done or that a delay is shorter than
        usual. The effect counts all the same (ml.score_effects)."""
        if reason.feature.startswith(ACTION):
            return not reason.value
        if reason.value is None or reason.usual is None:
            return True
        if reason.feature in WORSE_ABOVE and reason.value < reason.usual:
            return False
        if reason.feature in PAST_RATES and abs(reason.value - reason.usual) < CLOSE * reason.usual:
            return False
        value, usual = (self.amount(reason.feature, v, "zh-CN") for v in (reason.value, reason.usual))
        return value != usual

    def rule(self, name: str, feature: str | None, row: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON entry of a rule that stands in for a model: it has no effect to tell."""
        value = None if feature is None else row[feature]
        entry = {"feature": feature or name, "group": "rule", "value": value, "usual": None, "effect": None}
        for ending, language in (("zh", "zh-CN"), ("en", "en")):
            stage = self.stages.get(int(row.get("stage_no") or 0))
            said = "" if feature is None or value is None else self.amount(feature, float(value), language)
            name_of_stage = stage.name.in_language(language) if stage else ""  # type: ignore[arg-type]
            entry[ending] = self.texts[language](f"rule_{name}", value=said, stage=name_of_stage)  # type: ignore[index]
        return entry

    def sentence(self, reason: Reason, row: Mapping[str, Any], language: Any) -> str:
        text, feature = self.texts[language], reason.feature
        stage = self.stages.get(int(row.get("stage_no") or 0))
        if feature.startswith(ACTION):
            name = self.actions[feature.removeprefix(ACTION)].in_language(language)
            return text("reason_action_passed" if reason.value else "reason_action_open", action=name)
        if reason.value is None:
            key = f"none_{feature}"
            return text(key) if key in text else text("none", feature=feature)
        key = f"reason_{feature}"
        if feature == "stage_days" and stage is not None and stage.is_quotation:
            key = "reason_stage_days_quotation"
        if reason.value == 0 and f"zero_{feature}" in text:
            key = f"zero_{feature}"
        said = text(
            key,
            value=self.amount(feature, reason.value, language),
            stage=stage.name.in_language(language) if stage else "",
            level=row.get(feature) or "",
        )
        if reason.usual is not None:
            said += text("usual", usual=self.amount(feature, reason.usual, language))
        return said

    def amount(self, feature: str, value: float, language: Any) -> str:
        """A number with its unit, as people write it."""
        unit = UNIT.get(feature, "times")
        if unit == "percent":
            number = f"{value * 100:.0f}"
        elif unit == "money":
            number = f"{value:,.0f}"
        elif unit == "ratio":
            number = f"{value:.2f}"
        else:
            number = f"{value:.0f}" if value >= 9.95 or math.isclose(value, round(value)) else f"{value:.1f}"
        key = f"unit_{unit}"
        return self.texts[language](
            f"one_{key}" if number == "1" and f"one_{key}" in self.texts[language] else key, n=number
        )
