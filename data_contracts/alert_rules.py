"""Alert rules as a workspace may set them: thresholds, hold and clear time, severity, recipient, escalation.

`rules/default.yaml` is shipped; a workspace's own `rules/NAME.yaml` replaces it. A rule that the file does
not name is off. What each rule looks for stands in `assets/alerts/sql/RULE.sql`, with its thresholds as the
named parameters of that query.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data_contracts.playbook import find_yaml
from data_contracts.texts import Name
from data_contracts.yaml_io import load_model

Severity = Literal["low", "medium", "high"]
Recipient = Literal["owner", "supervisor", "manager", "company"]
Days = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StageOverrunThresholds(_Strict):
    """High severity from this multiple of the SLA on."""

    high_at_sla_multiple: Annotated[float, Field(ge=1)] = 2.0


class SilentCustomerThresholds(_Strict):
    """Silent beyond this share of the playbook's lapse days; `days` where the playbook never lapses."""

    share_of_lapse: Share = 1 / 3
    high_at_share_of_lapse: Share = 2 / 3
    days: Days = 15


class ActionMissingThresholds(_Strict):
    """Left forward without it in the last days; or this share of the stage's SLA passed and not yet done."""

    moved_within_days: Days = 14
    overdue_at_sla_share: Annotated[float, Field(gt=0)] = 0.75


class FailureRiskThresholds(_Strict):
    """The first `weekly_budget` of each supervisor (null: the workspace's `alerts.weekly_budget`), none below
    `budget_floor`; and all from `p_fail` on, where it is set (null: the budget alone)."""

    p_fail: Share | None = None
    weekly_budget: Count | None = None
    budget_floor: Share = 0.35


class RescheduledThresholds(_Strict):
    """More than this many reschedules and no technical meeting."""

    more_than: Count = 2


class CitySilentThresholds(_Strict):
    """Complete weeks without a new customer; severity by how improbable that silence is."""

    weeks: Annotated[int, Field(ge=1)] = 2
    high_at_p: Share = 0.02
    low_above_p: Share = 0.3


class CityNoDataThresholds(_Strict):
    """Working days without any visit report, in a city that reported on enough days of the weeks before."""

    working_days: Days = 3
    active_days_before: Count = 10


class ForecastShortfallThresholds(_Strict):
    """P(target met) below this, for the company and its regions."""

    p_target_met_below: Share = 0.35
    high_below: Share = 0.1


class ReportingLatencyThresholds(_Strict):
    """Median hours from event to report over the last days, per region, with enough reports to tell."""

    median_hours: Days = 24
    last_days: Annotated[float, Field(gt=0)] = 14
    minimum_records: Annotated[int, Field(ge=1)] = 30


class SourceQuietThresholds(_Strict):
    """Working days without a record: at least `working_days`, and this multiple of the longest usual gap."""

    working_days: Days = 3
    times_usual_gap: Annotated[float, Field(ge=1)] = 2
    active_days_before: Count = 10


class AlertRule(_Strict):
    """What all rules share. `hold_hours`: how long the condition must hold before the alert opens;
    `clear_hours`: how long it must be gone before the alert resolves. `escalate_after_working_hours`
    null takes the workspace's; low severity never escalates. `inhibited_by`: rules whose condition in
    the same city silences this one."""

    rule: str
    name: Name
    severity: Severity
    recipient: Recipient
    hold_hours: Annotated[float, Field(ge=0)] = 0
    clear_hours: Annotated[float, Field(ge=0)] = 24
    escalates: bool = True
    escalate_after_working_hours: Annotated[float, Field(gt=0)] | None = None
    inhibited_by: tuple[str, ...] = ()
    thresholds: _Strict

    @property
    def hold(self) -> timedelta:
        return timedelta(hours=self.hold_hours)

    @property
    def clear(self) -> timedelta:
        return timedelta(hours=self.clear_hours)

    def parameters(self) -> dict[str, Any]:
        """The thresholds, by the names that the rule's SQL uses."""
        return self.thresholds.model_dump()


class StageOverrun(AlertRule):
    rule: Literal["stage_overrun"]
    thresholds: StageOverrunThresholds = StageOverrunThresholds()


class SilentCustomer(AlertRule):
    rule: Literal["silent_customer"]
    thresholds: SilentCustomerThresholds = SilentCustomerThresholds()


class ActionMissing(AlertRule):
    rule: Literal["action_missing"]
    thresholds: ActionMissingThresholds = ActionMissingThresholds()


class FailureRisk(AlertRule):
    rule: Literal["failure_risk"]
    thresholds: FailureRiskThresholds = FailureRiskThresholds()


class Rescheduled(AlertRule):
    rule: Literal["rescheduled_no_technical_meeting"]
    thresholds: RescheduledThresholds = RescheduledThresholds()


class CitySilent(AlertRule):
    rule: Literal["city_silent"]
    thresholds: CitySilentThresholds = CitySilentThresholds()


class CityNoData(AlertRule):
    rule: Literal["city_no_data"]
    thresholds: CityNoDataThresholds = CityNoDataThresholds()


class ForecastShortfall(AlertRule):
    rule: Literal["forecast_shortfall"]
    thresholds: ForecastShortfallThresholds = ForecastShortfallThresholds()


class ReportingLatency(AlertRule):
    rule: Literal["reporting_latency"]
    thresholds: ReportingLatencyThresholds = ReportingLatencyThresholds()


class SourceQuiet(AlertRule):
    rule: Literal["source_quiet"]
    thresholds: SourceQuietThresholds = SourceQuietThresholds()


AnyRule = Annotated[
    StageOverrun
    | SilentCustomer
    | ActionMissing
    | FailureRisk
    | Rescheduled
    | CitySilent
    | CityNoData
    | ForecastShortfall
    | ReportingLatency
    | SourceQuiet,
    Field(discriminator="rule"),
]


class AlertRules(_Strict):
    """A rule set; each rule at most once."""

    rules: str
    version: str
    name: Name
    alerts: tuple[AnyRule, ...]

    @model_validator(mode="after")
    def _rules_are_unique_and_known(self) -> AlertRules:
        codes = [alert.rule for alert in self.alerts]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice:
            raise ValueError(f"rule named twice: {', '.join(twice)}")
        unknown = sorted({code for alert in self.alerts for code in alert.inhibited_by} - set(codes))
        if unknown:
            raise ValueError(f"inhibited_by names a rule that is not here: {', '.join(unknown)}")
        return self


def load_alert_rules(name: str, workspace: Path | None = None) -> AlertRules:
    """The rule set `name`, the workspace's own before the shipped one."""
    return load_model(find_yaml(name, "rules", workspace), AlertRules)
