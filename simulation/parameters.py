"""Every number of the simulated company, by name, with its meaning and where it comes from.

What was published about such companies stands in `Published`; everything else was chosen, or tuned until
those figures came out, and has no outside source, unless its description names one.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from simulation.daily_reports.levels import DailyReports

Route = Literal["form", "paper"]
Share = Annotated[float, Field(ge=0, le=1)]
PerStage = tuple[float, float, float, float, float]
STAGES = ("first_contact", "needs_confirmed", "solution_demo", "quotation", "contract_signed")
REGIONS = ("华东", "华南", "华北", "华中", "西南", "东北")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Published(_Strict):
    """The white paper's figures, which the defaults reproduce (tests/simulation holds them to it)."""

    conversion: float = 0.167  # Lead to first order, of cohorts old enough.
    demonstration_to_quotation_days: float = 9.2  # Mean days, of those quoted.
    paper_delay_hours: float = 52.0  # Mean, from the day's midnight to the clerk's typing.
    form_delay_minutes: float = 15.0  # The median is below it.
    paper_answer_days: float = 1.8  # Mean days to a supervisor's answer, paper route.
    form_answer_hours: float = 4.2  # Mean hours to a supervisor's answer, form route.


class Hazards(_Strict):
    """How an opportunity moves in a day. Hazards are per working day, for strength 0; all chosen.

    Strength is one number per opportunity (rep skill, fit, lead source, channel, size), about
    standard normal in scale; `*_by_strength` are log hazard ratios per unit of it.
    """

    advance: PerStage = (0.41, 0.46, 0.322, 0.48, 1.00)  # One of the two halves of a stage is done.
    lost: PerStage = (0.027, 0.031, 0.0355, 0.0455, 0.017)  # The customer says no.
    ghost: PerStage = (0.039, 0.031, 0.026, 0.028, 0.002)  # The customer stops answering.
    reschedule: PerStage = (0.060, 0.072, 0.078, 0.072, 0.018)  # A planned visit is moved.
    technical_meeting: PerStage = (0.005, 0.115, 0.069, 0.029, 0.0)  # The technical meeting takes place.
    stall: PerStage = (0.022, 0.022, 0.022, 0.040, 0.01)  # Feedback stops; quotations stall most.
    rival: PerStage = (0.003, 0.006, 0.008, 0.010, 0.0)  # A competitor comes in; never leaves.
    rework: PerStage = (0.0, 0.004, 0.004, 0.004, 0.0)  # Back to the stage before.
    unstall: float = 0.085  # A stalled opportunity moves again.
    skip_share: Share = 0.035  # Advances out of stages 1 to 3 that leave the next stage out.
    revive: float = 0.035  # A silent customer answers again.
    ghost_lost: float = 0.012  # A silent customer is closed as lost before the lapse.
    lapse_days: int = 45  # Silence after which the playbook calls it lapsed (fmcg_five_stage).

    advance_by_strength: float = 0.30  # Strong opportunities move faster.
    fail_by_strength: float = -0.60  # And fail less.
    reschedule_by_strength: float = -0.35  # And are put off less.
    technical_by_strength: float = 0.20  # And get their technical meeting more.

    # Log hazard ratio of failing after 0, 1, 2, 3 or more reschedules.
    fail_by_reschedules: tuple[float, float, float, float] = (-0.15, 0.25, 0.80, 1.40)
    fail_without_technical: float = 0.85  # No technical meeting, from the demonstration on.
    fail_reschedules_without_technical: float = 0.55  # Interaction: three reschedules and no meeting.
    fail_stalled: float = 0.50  # Stalled.
    fail_quotation_stalled: float = 0.45  # Interaction: a quotation without feedback.
    fail_rival: float = 0.40  # A competitor is in.
    fail_unanswered: float = 0.45  # A call for help that the supervisor has not answered yet.
    advance_stalled: float = -1.5  # Stalled: log hazard ratio of advancing.
    advance_rival: float = -0.15  # A competitor is in: log hazard ratio of advancing.
    advance_technical: float = 0.15  # After the technical meeting.
    reschedule_stalled: float = 0.80  # Stalled: visits are put off.
    reschedule_rival: float = 0.35  # A competitor is in: visits are put off.
    stall_rival: float = 0.45  # A competitor is in: feedback stops.
    advance_on_paper: float = -0.32  # Paper route: log hazard ratio of advancing (later word, slower steps).


class Help(_Strict):
    """Calls for help and the supervisor's answers (interventions). The answer's effect is the truth to be found."""

    effect: float = -0.60  # TRUE EFFECT: log hazard ratio of failing while an answer works.
    fade: float = 1 / 30  # Chance per day that an answer stops working.
    ask: float = 0.008  # Chance per working day of a call for help at no visible risk.
    # Log ratio of asking: more when visibly at risk (the confounding).
    ask_by_reschedules: tuple[float, float, float, float] = (0.0, 0.3, 0.9, 1.3)
    ask_without_technical: float = 0.35  # Log ratio of asking without a technical meeting.
    ask_in_quotation: float = 0.40  # Log ratio of asking in the quotation stage.
    ask_after_reschedule: Share = 0.30  # Chance of asking on the day of a second or later reschedule.
    forgotten: float = 0.06  # Chance per day that a call not yet answered is dropped.
    # Calls answered on the same day; tuned to the mean answer time.
    same_day: dict[Route, Share] = {"form": 0.935, "paper": 0.19}
    # Chance per later day of the answer; tuned likewise.
    later_day: dict[Route, Share] = {"form": 0.80, "paper": 0.35}


class Season(_Strict):
    """The year: days off, the rush before feasts, weeks in which buyers freeze. Levels chosen."""

    # First and last day of each break: the State Council's notices for 2024 to 2026.
    days_off: tuple[tuple[date, date], ...] = (
        (date(2024, 1, 1), date(2024, 1, 1)), (date(2024, 2, 10), date(2024, 2, 17)),
        (date(2024, 4, 4), date(2024, 4, 6)), (date(2024, 5, 1), date(2024, 5, 5)),
        (date(2024, 6, 10), date(2024, 6, 10)), (date(2024, 9, 15), date(2024, 9, 17)),
        (date(2024, 10, 1), date(2024, 10, 7)),
        (date(2025, 1, 1), date(2025, 1, 1)), (date(2025, 1, 28), date(2025, 2, 4)),
        (date(2025, 4, 4), date(2025, 4, 6)), (date(2025, 5, 1), date(2025, 5, 5)),
        (date(2025, 5, 31), date(2025, 6, 2)), (date(2025, 10, 1), date(2025, 10, 8)),
        (date(2026, 1, 1), date(2026, 1, 3)), (date(2026, 2, 15), date(2026, 2, 23)),
        (date(2026, 4, 4), date(2026, 4, 6)), (date(2026, 5, 1), date(2026, 5, 5)),
    )  # fmt: skip
    # Weekend days worked, by the same notices.
    working_weekends: tuple[date, ...] = (
        date(2024, 2, 4), date(2024, 2, 18), date(2024, 4, 7), date(2024, 4, 28), date(2024, 5, 11),
        date(2024, 9, 14), date(2024, 9, 29), date(2024, 10, 12), date(2025, 1, 26), date(2025, 2, 8),
        date(2025, 4, 27), date(2025, 9, 28), date(2025, 10, 11), date(2026, 1, 4), date(2026, 2, 14),
        date(2026, 2, 28), date(2026, 5, 9),
    )  # fmt: skip
    weekend_work: Share = 0.10  # What a weekend day is worth of a working day.
    feast_work: Share = 0.02  # What a day off is worth.
    # New leads: low around Spring Festival, high before Mid-Autumn and National Day.
    leads_by_month: tuple[float, ...] = (0.85, 0.75, 1.20, 1.10, 1.00, 0.95, 0.90, 1.05, 1.25, 1.15, 1.05, 0.80)
    # Month, day to month, day: factor on advancing, log hazard ratio of failing (before and after Spring
    # Festival, the Mid-Autumn rush, Double 11). The same every year, though the feasts move.
    freezes: tuple[tuple[int, int, int, int, float, float], ...] = (
        (1, 16, 1, 27, 0.75, 0.20), (2, 5, 2, 16, 0.70, 0.30), (9, 8, 9, 26, 1.20, -0.10), (11, 1, 11, 12, 0.65, 0.35),
    )  # fmt: skip


class Reporting(_Strict):
    """How and when it is written down."""

    # The route of each region on the first day.
    routes: dict[str, Route] = {
        "华东": "form", "华南": "form", "华北": "form", "华中": "paper", "西南": "paper", "东北": "paper",
    }  # fmt: skip
    switch_region: str = "华中"  # The region that goes over from paper to the form.
    switch_day: date = date(2025, 7, 1)  # The first day of the form there.
    form_minutes_median: float = 7.0  # Form route: minutes from event to form.
    form_minutes_sigma: float = 0.9  # Its log standard deviation.
    form_forgot: Share = 0.03  # Forms sent one to three days late.
    back_fill: Share = 0.010  # Forms sent at the end of the month in one go.
    # Paper route: chance of 0, 1, 2, 3 working days from the visit to the clerk's typing.
    paper_days: tuple[float, ...] = (0.12, 0.67, 0.18, 0.03)
    missing_visit: dict[Route, Share] = {"form": 0.04, "paper": 0.10}  # Visits never reported.
    missing_opportunity: Share = 0.07  # Visits reported without the opportunity's number.
    missing_position: Share = 0.15  # Form visits without check-in position.
    missing_won: Share = 0.015  # Signings whose stage form is never sent.
    planned: dict[Route, Share] = {"form": 0.50, "paper": 0.10}  # Visits entered beforehand.
    note: Share = 0.55  # Visits with a note.
    rival_told: Share = 0.22  # Notes that tell of the competitor, if there is one.
    rival_told_falsely: Share = 0.015  # Notes that tell of one where there is none.
    stall_told: Share = 0.30  # Notes that tell of a stall, if there is one.
    twice_told: Share = 0.25  # Switch region: visits of the first month also in the daily report.


class Visits(_Strict):
    """How often an opportunity is visited. Chosen."""

    active: PerStage = (0.40, 0.38, 0.42, 0.40, 0.34)  # Chance of a visit per working day.
    stalled: float = 0.45  # Factor while stalled.
    overdue_after_days: int = 9  # Days without contact after which a rep makes sure to call.
    overdue: Share = 0.50  # Chance of contact per working day from then on.
    not_held: float = 0.022  # Planned visits per working day that are cancelled or missed.
    not_held_ghost: float = 0.40  # The same while the customer does not answer.
    routine_share: float = 0.10  # Visits to customers without an opportunity, per visit with one.


class Market(_Strict):
    """Leads, people and money. Chosen, unless a source is named."""

    leads_per_rep: float = 46.0  # New opportunities per rep and year.
    skill_weight: float = 0.32  # What one standard deviation of rep skill adds to strength.
    fit_weight: float = 0.12  # What one standard deviation of hidden customer fit adds to strength.
    repeat_customer: Share = 0.12  # Opportunities with a customer already served.
    rival_at_start: Share = 0.10  # Opportunities with a competitor from the start.
    amount_median: float = 86_000.0  # Median expected amount, CNY.
    amount_sigma: float = 0.75  # Its log standard deviation.
    amount_weight: float = -0.20  # Strength per unit of log amount above the median.
    signed_share: float = 0.86  # Mean amount signed against the mean expected: large ones are signed less often.
    target_stretch: float = 1.06  # Targets against what the plan expects to be signed.
    planned_conversion: float = 0.167  # Lead to first order (white paper): what targets plan with.
    reps_leaving: Share = 0.05  # Reps who leave in the year; a colleague takes over.
    teams_changed: Share = 0.04  # Reps who change supervisor in the year.
    reopened: Share = 0.020  # Lost opportunities reopened later (outside the oracle's horizon).
    lapsed_and_back: Share = 0.030  # Lapsed opportunities that come back (likewise).
    # Lead source, share of leads, what it adds to strength, marketing spend per lead in CNY.
    lead_sources: tuple[tuple[str, float, float, float], ...] = (
        ("老客户转介绍", 0.18, 0.59, 0.0), ("展会", 0.14, 0.13, 620.0), ("陌生拜访", 0.30, -0.26, 0.0),
        ("线上广告", 0.20, -0.33, 410.0), ("电话营销", 0.10, -0.20, 160.0), ("经销商推荐", 0.08, 0.26, 90.0),
    )  # fmt: skip
    # Channel, share, what it adds to strength, factor on the amount.
    channels: tuple[tuple[str, float, float, float], ...] = (
        ("流通批发", 0.28, 0.07, 0.90), ("现代商超", 0.20, -0.20, 1.60), ("餐饮渠道", 0.24, 0.13, 0.80),
        ("便利店连锁", 0.16, 0.00, 1.20), ("电商平台", 0.12, -0.07, 1.10),
    )  # fmt: skip
    # Product line, share, what it adds to strength, factor on the amount.
    products: tuple[tuple[str, float, float, float], ...] = (
        ("常温乳品", 0.30, 0.13, 1.00), ("低温鲜奶", 0.18, -0.13, 1.10), ("调味品", 0.22, 0.07, 0.80),
        ("饮料", 0.20, 0.00, 1.00), ("休闲食品", 0.10, -0.13, 0.70),
    )  # fmt: skip
    # City, first day, last day, factor on advancing: an office falls silent.
    shocks: tuple[tuple[str, date, date, float], ...] = (
        ("贵阳", date(2025, 4, 14), date(2025, 5, 18), 0.05),
        ("石家庄", date(2025, 9, 1), date(2025, 9, 30), 0.05),
    )


class Dirt(_Strict):
    """Shares of rows that are dirty, by kind (see simulation/dirt.py); chosen."""

    duplicate: Share = 0.0030
    blank_required: Share = 0.0010
    unknown_code: Share = 0.0010
    impossible_date: Share = 0.0008
    unreadable_amount: Share = 0.0020
    amount_as_text: Share = 0.05
    padded: Share = 0.010
    formula_note: Share = 0.0008
    script_note: Share = 0.0005
    phone_note: Share = 0.010
    line_break_note: Share = 0.001
    unknown_rep: Share = 0.0008


class Parameters(_Strict):
    """The company. `factor` multiplies opportunities, and reps per office with them."""

    seed: Annotated[int, Field(ge=0)] = 20250101  # Everything follows from it.
    factor: Annotated[float, Field(gt=0, le=1000)] = 1.0  # 1 is 420 reps and a year.
    start: date = date(2025, 1, 1)  # First day; no opportunity is older.
    end: date = date(2025, 12, 31)  # Last day; what is recorded later is not sent.
    horizon_days: int = 90  # Horizon of the oracle's probabilities (design, section 6).
    landmarks_at_most: int = 1_500_000  # Above it, the truth keeps a sample of opportunities' landmarks.
    hazards: Hazards = Hazards()
    help: Help = Help()
    season: Season = Season()
    reporting: Reporting = Reporting()
    visits: Visits = Visits()
    market: Market = Market()
    dirt: Dirt = Dirt()
    daily_reports: DailyReports | None = (
        None  # Offices on paper send daily reports of their own, not the clerk's table.
    )

    @model_validator(mode="after")
    def _dates_in_order(self) -> Parameters:
        if (self.end - self.start).days < 30:
            raise ValueError("end: at least 30 days after start")
        if set(self.reporting.routes) != set(REGIONS):
            raise ValueError(f"reporting.routes: one route for each of {', '.join(REGIONS)}")
        return self

    @property
    def days(self) -> int:
        """Days from start to end, both included."""
        return (self.end - self.start).days + 1
