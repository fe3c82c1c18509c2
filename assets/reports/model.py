"""What a weekly report holds: figures and rows, no words. Rendering to HTML or XLSX adds a language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from data_contracts.texts import Name

# share: of a whole, 0 to 1; chance: an estimated probability, never certain; ratio: to something else, such as a
# return on cost; rate: a plain number.
Kind = Literal["count", "money", "share", "chance", "ratio", "rate", "days", "hours", "months"]
Number = int | float | Decimal


@dataclass(frozen=True)
class Figure:
    """A number with its unit, or None and why (`why` is a key `why_*` of the report's texts).

    `low`, `high`: its interval; `of`: how many it rests on.
    """

    value: Number | None
    kind: Kind
    why: str | None = None
    low: Number | None = None
    high: Number | None = None
    of: int | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.why is None):
            raise ValueError(f"a figure has a value or a reason why not: {self.value!r}, {self.why!r}")


@dataclass(frozen=True)
class Compared:
    """A figure of the week, of the week before and of the same week a year ago; `better`: up, down or neither."""

    key: str
    now: Figure
    week_ago: Figure
    year_ago: Figure
    better: Literal["up", "down", "neither"]


@dataclass(frozen=True)
class MonthRate:
    """Conversion of the opportunities that entered in a month; no rate while any of them still has time."""

    month: date
    cohort: int
    rate: Figure


@dataclass(frozen=True)
class StageLeak:
    """How far a mature cohort came, and what is in the stage now; the last one is the win, which is no stage."""

    stage_no: int
    name: Name
    reached: int
    step_rate: Figure
    step_rate_before: Figure
    failed_here: Figure
    days_to_advance: Figure
    open_now: Figure
    overrun_now: Figure
    overrun_amount: Figure


@dataclass(frozen=True)
class Funnel:
    """The mature cohort and the one before it, as large a span of entries each; `lost` between stages."""

    cohort: int
    cohort_before: int
    stages: tuple[StageLeak, ...]
    why: str | None


@dataclass(frozen=True)
class TargetRow:
    """Target, signed and forecast of one scope; region None is the company."""

    region: str | None
    target: Decimal
    signed: Decimal
    elapsed_share: float
    pace: Figure
    forecast: Figure
    p_target_met: Figure
    gap: Figure


@dataclass(frozen=True)
class Targets:
    """The quarter that holds the week's last day; `signed_in_week`: what the company signed in both."""

    period: str | None
    company: TargetRow | None
    signed_in_week: Figure
    regions: tuple[TargetRow, ...]
    why: str | None


@dataclass(frozen=True)
class Accuracy:
    """How the company's forecasts of the past did: weighted absolute error of the 13-week amount, beside a weighted
    pipeline and the quarter before; `coverage`: how many weeks came within their 80% interval."""

    forecasts: int
    error: Figure
    error_pipeline: Figure
    error_last_quarter: Figure
    coverage: Figure


@dataclass(frozen=True)
class WeekAmount:
    """Signings of a week: recorded, or forecast with the 80% interval."""

    week_start: date
    amount: float
    low: float | None
    high: float | None
    is_forecast: bool


@dataclass(frozen=True)
class SilentCity:
    """A city without a new customer; `p_silence`: how improbable that long a silence is."""

    city: str
    region: str | None
    weeks: int
    expected_per_week: Figure
    p_silence: Figure
    open_opportunities: int
    open_amount: Figure
    last_activity_at: datetime | None


@dataclass(frozen=True)
class RuleAlerts:
    """Alerts of one rule that opened, and answers that were given, in the week."""

    rule: str
    name: Name
    opened: int
    opened_before: int
    responded: int
    escalated: int
    still_open: int
    response: Figure


@dataclass(frozen=True)
class RegionResponse:
    """How soon alerts were answered, by how was reported; region None is the company."""

    region: str | None
    route: str | None
    opened: int
    responded: int
    response: Figure


@dataclass(frozen=True)
class Alerts:
    """The week's alerts by rule, and the answers by region over the last weeks; `live` and `unanswered` are now.

    Answers (`responded`, `response`) are those given in the week, whenever their alert opened: of the alerts that
    opened in a week, the quick answers alone would be in so far.
    """

    opened: int
    opened_before: int
    responded: int
    responded_before: int
    response: Figure
    response_before: Figure
    replayed: int
    live: int
    unanswered: int
    rules: tuple[RuleAlerts, ...]
    regions: tuple[RegionResponse, ...]
    routes: tuple[RegionResponse, ...]
    region_weeks: int


@dataclass(frozen=True)
class RiskRow:
    """An open opportunity with much at stake; reasons in both languages."""

    opportunity_id: str
    customer: str | None
    city: str | None
    region: str | None
    owner: str | None
    supervisor: str | None
    stage: Name | None
    amount: Figure
    p_fail: float
    expected_loss: Figure
    reasons: tuple[Name, ...]
    next_action: Name | None
    alerts: int


@dataclass(frozen=True)
class Risk:
    """The open pipeline and its most endangered opportunities."""

    open_opportunities: int
    open_amount: Figure
    high: int
    high_amount: Figure
    method: str | None
    rows: tuple[RiskRow, ...]
    why: str | None


@dataclass(frozen=True)
class Recovered:
    """Recovered value of a period, gross and incremental, with its cost; region None is the company.

    `signed_in_week`, `gross_in_week`: how many of the acted on signed in the report's week, and how much.
    """

    period: Literal["all", "quarter"]
    region: str | None
    span_from: date
    span_to: date
    intervened: int
    signed: int
    gross: Figure
    gross_scored: Figure
    expected_anyway: Figure
    incremental: Figure
    cost: Figure
    roi_gross: Figure
    roi_incremental: Figure
    payback: Figure
    signed_in_week: int
    gross_in_week: Figure


@dataclass(frozen=True)
class ComplianceRow:
    """Required actions of the week's moves; region None is the company (or unknown, where `is_company` is not)."""

    region: str | None
    is_company: bool
    required: int
    passed: int
    late: int
    missing: int
    rate: Figure
    rate_before: Figure


@dataclass(frozen=True)
class MissingAction:
    """A required action and how often it was left out."""

    stage: Name
    action: Name
    required: int
    missing: int
    late: int


@dataclass(frozen=True)
class Compliance:
    """The week's moves: by region, and what was left out most."""

    rows: tuple[ComplianceRow, ...]
    missing: tuple[MissingAction, ...]


@dataclass(frozen=True)
class Latency:
    """How late visits were recorded by one kind of source, this month and the one before."""

    source_kind: str
    records: int
    median: Figure
    p90: Figure
    median_before: Figure
    within_15_minutes: Figure


@dataclass(frozen=True)
class Freshness:
    """When a source was last heard of."""

    record: str
    source_kind: str
    records: int
    last_recorded_at: datetime


@dataclass(frozen=True)
class Quarantined:
    """Rows set aside for one reason."""

    record: str | None
    column: str | None
    reason: str
    rows: int


@dataclass(frozen=True)
class Health:
    """Whether the data can be trusted: rows read = accepted + quarantined + duplicates."""

    files: Figure
    rows_read: Figure
    accepted: Figure
    quarantined: Figure
    duplicates: Figure
    quarantine: tuple[Quarantined, ...]
    latency: tuple[Latency, ...]
    freshness: tuple[Freshness, ...]


@dataclass(frozen=True)
class WeeklyReport:
    """One week, as known at the as-of time (company time, naive of zone in `as_of_local`)."""

    week_start: date
    week_end: date
    as_of_local: datetime
    company: Name
    currency: str
    process: Name
    window_days: float | None
    horizon_days: int
    cohort_days: int
    data_from: date | None
    performance: tuple[Compared, ...]
    months: tuple[MonthRate, ...]
    is_conversion_change_chance: bool
    funnel: Funnel
    targets: Targets
    accuracy: Accuracy | None
    weeks: tuple[WeekAmount, ...]
    silent_cities: tuple[SilentCity, ...]
    silent_before: Figure
    cities: int
    alerts: Alerts
    risk: Risk
    recovered: tuple[Recovered, ...]
    compliance: Compliance
    health: Health

    @property
    def name(self) -> str:
        """The ISO week, as in file names: 2025-W52."""
        year, week, _ = self.week_start.isocalendar()
        return f"{year}-W{week:02}"

    @property
    def is_late_edition(self) -> bool:
        """Written more than a week after the week ended: what is `now` in it is not of that week."""
        return (self.as_of_local.date() - self.week_end).days > 7

    def figure(self, key: str) -> Compared:
        """The compared figure `key`."""
        return next(compared for compared in self.performance if compared.key == key)
