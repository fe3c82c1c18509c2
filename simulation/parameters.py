"""Every number of the simulated company, by name, with its meaning and where it comes from.

"White paper" marks a figure that the company was shaped to show; "chosen" one that was set, or tuned
until the published figures came out, and has no outside source.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Route = Literal["form", "paper"]
Share = Annotated[float, Field(ge=0, le=1)]
PerStage = tuple[float, float, float, float, float]
STAGES = ("first_contact", "needs_confirmed", "solution_demo", "quotation", "contract_signed")
REGIONS = ("华东", "华南", "华北", "华中", "西南", "东北")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Hazards(_Strict):
    """How an opportunity moves in a day. Rates are per working day, for strength 0; all chosen.

    Strength is one number per opportunity (rep skill, fit, lead source, channel, size), about
    standard normal in scale; `*_by_strength` are log hazard ratios per unit of it.
    """

    advance: PerStage = Field((0.285, 0.31, 0.245, 0.33, 0.62), description="One of the two halves of a stage is done.")
    lost: PerStage = Field((0.0195, 0.0226, 0.0257, 0.0328, 0.0125), description="The customer says no.")
    ghost: PerStage = Field((0.0281, 0.0226, 0.0187, 0.0203, 0.0016), description="The customer stops answering.")
    reschedule: PerStage = Field((0.05, 0.06, 0.065, 0.06, 0.015), description="A planned visit is moved.")
    technical_meeting: PerStage = Field((0.004, 0.10, 0.06, 0.025, 0.0), description="The technical meeting takes place.")
    stall: PerStage = Field((0.022, 0.022, 0.022, 0.040, 0.01), description="Feedback stops; quotations stall most.")
    rival: PerStage = Field((0.003, 0.006, 0.008, 0.010, 0.0), description="A competitor comes in; never leaves.")
    rework: PerStage = Field((0.0, 0.004, 0.004, 0.004, 0.0), description="Back to the stage before.")
    unstall: float = Field(0.085, description="A stalled opportunity moves again.")
    skip_share: Share = Field(0.035, description="Advances out of stages 1 to 3 that leave the next stage out.")
    revive: float = Field(0.035, description="A silent customer answers again.")
    ghost_lost: float = Field(0.012, description="A silent customer is closed as lost before the lapse.")
    lapse_days: int = Field(45, description="Silence after which the playbook calls it lapsed (fmcg_five_stage).")

    advance_by_strength: float = Field(0.30, description="Strong opportunities move faster.")
    fail_by_strength: float = Field(-0.60, description="And fail less.")
    reschedule_by_strength: float = Field(-0.35, description="And are put off less.")
    technical_by_strength: float = Field(0.20, description="And get their technical meeting more.")

    fail_by_reschedules: tuple[float, float, float, float] = Field(
        (-0.15, 0.25, 0.80, 1.40), description="Log hazard ratio of failing after 0, 1, 2, 3 or more reschedules."
    )
    fail_without_technical: float = Field(0.85, description="No technical meeting, from the demonstration on.")
    fail_reschedules_without_technical: float = Field(0.55, description="Interaction: three reschedules and no meeting.")
    fail_stalled: float = Field(0.50, description="Stalled.")
    fail_quotation_stalled: float = Field(0.45, description="Interaction: a quotation without feedback.")
    fail_rival: float = Field(0.40, description="A competitor is in.")
    fail_unanswered: float = Field(0.45, description="A call for help that the supervisor has not answered yet.")
    advance_stalled: float = Field(-1.5, description="Stalled: log hazard ratio of advancing.")
    advance_rival: float = Field(-0.15, description="A competitor is in: log hazard ratio of advancing.")
    advance_technical: float = Field(0.15, description="After the technical meeting.")
    reschedule_stalled: float = Field(0.80, description="Stalled: visits are put off.")
    reschedule_rival: float = Field(0.35, description="A competitor is in: visits are put off.")
    stall_rival: float = Field(0.45, description="A competitor is in: feedback stops.")
    advance_on_paper: float = Field(-0.28, description="Paper route: log hazard ratio of advancing (later word, slower steps).")


class Help(_Strict):
    """Calls for help and the supervisor's answers (interventions). The answer's effect is the truth to be found."""

    effect: float = Field(-0.60, description="TRUE EFFECT: log hazard ratio of failing while an answer works. Chosen.")
    fade: float = Field(1 / 30, description="Chance per day that an answer stops working. Chosen.")
    ask: float = Field(0.008, description="Chance per working day of a call for help at no visible risk. Chosen.")
    ask_by_reschedules: tuple[float, float, float, float] = Field(
        (0.0, 0.3, 0.9, 1.3), description="Log ratio of asking: more when visibly at risk (the confounding). Chosen."
    )
    ask_without_technical: float = Field(0.35, description="Log ratio of asking without a technical meeting. Chosen.")
    ask_in_quotation: float = Field(0.40, description="Log ratio of asking in the quotation stage. Chosen.")
    ask_after_reschedule: Share = Field(0.30, description="Chance of asking on the day of a second or later reschedule.")
    forgotten: float = Field(0.06, description="Chance per day that a call not yet answered is dropped. Chosen.")
    same_day: dict[Route, Share] = Field(
        {"form": 0.93, "paper": 0.18}, description="Calls answered on the same day; tuned to the mean answer time."
    )
    later_day: dict[Route, Share] = Field(
        {"form": 0.80, "paper": 0.35}, description="Chance per later day of the answer; tuned likewise."
    )


class Season(_Strict):
    """The year: days off, the rush before feasts, weeks in which buyers freeze. Levels chosen."""

    days_off: tuple[tuple[date, date], ...] = Field(
        (
            (date(2024, 1, 1), date(2024, 1, 1)), (date(2024, 2, 10), date(2024, 2, 17)),
            (date(2024, 4, 4), date(2024, 4, 6)), (date(2024, 5, 1), date(2024, 5, 5)),
            (date(2024, 6, 10), date(2024, 6, 10)), (date(2024, 9, 15), date(2024, 9, 17)),
            (date(2024, 10, 1), date(2024, 10, 7)),
            (date(2025, 1, 1), date(2025, 1, 1)), (date(2025, 1, 28), date(2025, 2, 4)),
            (date(2025, 4, 4), date(2025, 4, 6)), (date(2025, 5, 1), date(2025, 5, 5)),
            (date(2025, 5, 31), date(2025, 6, 2)), (date(2025, 10, 1), date(2025, 10, 8)),
            (date(2026, 1, 1), date(2026, 1, 3)), (date(2026, 2, 15), date(2026, 2, 23)),
            (date(2026, 4, 4), date(2026, 4, 6)), (date(2026, 5, 1), date(2026, 5, 5)),
        ),
        description="First and last day of each break: the State Council's notices for 2024 to 2026.",
    )
    working_weekends: tuple[date, ...] = Field(
        (
            date(2024, 2, 4), date(2024, 2, 18), date(2024, 4, 7), date(2024, 4, 28), date(2024, 5, 11),
            date(2024, 9, 14), date(2024, 9, 29), date(2024, 10, 12), date(2025, 1, 26), date(2025, 2, 8),
            date(2025, 4, 27), date(2025, 9, 28), date(2025, 10, 11), date(2026, 1, 4), date(2026, 2, 14),
            date(2026, 2, 28), date(2026, 5, 9),
        ),
        description="Weekend days worked, by the same notices.",
    )
    weekend_work: Share = Field(0.10, description="What a weekend day is worth of a working day.")
    feast_work: Share = Field(0.02, description="What a day off is worth.")
    leads_by_month: tuple[float, ...] = Field(
        (0.85, 0.75, 1.20, 1.10, 1.00, 0.95, 0.90, 1.05, 1.25, 1.15, 1.05, 0.80),
        description="New leads: low around Spring Festival, high before Mid-Autumn and National Day.",
    )
    freezes: tuple[tuple[int, int, int, int, float, float], ...] = Field(
        ((1, 16, 1, 27, 0.75, 0.20), (2, 5, 2, 16, 0.70, 0.30), (9, 8, 9, 26, 1.20, -0.10), (11, 1, 11, 12, 0.65, 0.35)),
        description="Month, day to month, day: factor on advancing, log hazard ratio of failing (before and after "
        "Spring Festival, the Mid-Autumn rush, Double 11).",
    )


class Reporting(_Strict):
    """How and when it is written down."""

    routes: dict[str, Route] = Field(
        {"华东": "form", "华南": "form", "华北": "form", "华中": "paper", "西南": "paper", "东北": "paper"},
        description="The route of each region on the first day. Chosen.",
    )
    switch_region: str = Field("华中", description="The region that goes over from paper to the form. Chosen.")
    switch_day: date = Field(date(2025, 7, 1), description="The first day of the form there. Chosen.")
    form_minutes_median: float = Field(7.0, description="Form route: minutes from event to form (white paper: minutes).")
    form_minutes_sigma: float = Field(0.9, description="Its log standard deviation. Chosen.")
    form_forgot: Share = Field(0.03, description="Forms sent one to three days late. Chosen.")
    back_fill: Share = Field(0.010, description="Forms sent at the end of the month in one go. Chosen.")
    paper_days: tuple[float, ...] = Field(
        (0.12, 0.67, 0.18, 0.03), description="Working days from the visit to the clerk's typing; with weekends and hours "
        "the mean from the day's midnight is 52 h (white paper)."
    )
    form_answer_hours: float = Field(4.2, description="Mean hours to the supervisor's answer, form route (white paper).")
    paper_answer_days: float = Field(1.8, description="Mean days to the supervisor's answer, paper route (white paper).")
    missing_visit: dict[Route, Share] = Field({"form": 0.04, "paper": 0.10}, description="Visits never reported. Chosen.")
    missing_opportunity: Share = Field(0.07, description="Visits reported without the opportunity's number. Chosen.")
    missing_position: Share = Field(0.15, description="Form visits without check-in position. Chosen.")
    missing_won: Share = Field(0.015, description="Signings whose stage form is never sent. Chosen.")
    planned: dict[Route, Share] = Field({"form": 0.50, "paper": 0.10}, description="Visits entered beforehand. Chosen.")
    note: Share = Field(0.55, description="Visits with a note. Chosen.")
    rival_told: Share = Field(0.22, description="Notes that tell of the competitor, if there is one. Chosen.")
    rival_told_falsely: Share = Field(0.015, description="Notes that tell of one where there is none. Chosen.")
    stall_told: Share = Field(0.30, description="Notes that tell of a stall, if there is one. Chosen.")
    twice_told: Share = Field(0.25, description="Switch region: visits of the first month also in the daily report. Chosen.")


class Visits(_Strict):
    """How often an opportunity is visited. Chosen, for about 18 visit records per opportunity."""

    active: PerStage = Field((0.40, 0.38, 0.42, 0.40, 0.34), description="Chance of a visit per working day.")
    stalled: float = Field(0.45, description="Factor while stalled.")
    overdue_after_days: int = Field(9, description="Days without contact after which a rep makes sure to call.")
    overdue: Share = Field(0.50, description="Chance of contact per working day from then on.")
    not_held: float = Field(0.022, description="Planned visits per working day that are cancelled or missed.")
    not_held_ghost: float = Field(0.40, description="The same while the customer does not answer.")
    routine_share: float = Field(0.10, description="Visits to customers without an opportunity, per visit with one.")


class Market(_Strict):
    """Leads, people and money. Chosen, unless a source is named."""

    reps: int = Field(420, description="Reps at factor 1 (issue).")
    leads_per_rep: float = Field(46.0, description="New opportunities per rep and year.")
    skill_weight: float = Field(0.32, description="What one standard deviation of rep skill adds to strength.")
    fit_weight: float = Field(0.12, description="What one standard deviation of hidden customer fit adds to strength.")
    repeat_customer: Share = Field(0.12, description="Opportunities with a customer already served.")
    rival_at_start: Share = Field(0.10, description="Opportunities with a competitor from the start.")
    amount_median: float = Field(86_000.0, description="Median expected amount, CNY.")
    amount_sigma: float = Field(0.75, description="Its log standard deviation.")
    amount_weight: float = Field(-0.20, description="Strength per unit of log amount above the median.")
    target_stretch: float = Field(1.06, description="Targets against what the plan expects to be signed.")
    planned_conversion: float = Field(0.167, description="Lead to first order (white paper): what targets plan with.")
    reps_leaving: Share = Field(0.05, description="Reps who leave in the year; a colleague takes over.")
    teams_changed: Share = Field(0.04, description="Reps who change supervisor in the year.")
    reopened: Share = Field(0.020, description="Lost opportunities reopened later (outside the oracle's horizon).")
    lapsed_and_back: Share = Field(0.030, description="Lapsed opportunities that come back (likewise).")
    lead_sources: tuple[tuple[str, float, float, float], ...] = Field(
        (
            ("老客户转介绍", 0.18, 0.59, 0.0), ("展会", 0.14, 0.13, 620.0), ("陌生拜访", 0.30, -0.26, 0.0),
            ("线上广告", 0.20, -0.33, 410.0), ("电话营销", 0.10, -0.20, 160.0), ("经销商推荐", 0.08, 0.26, 90.0),
        ),
        description="Lead source, share of leads, what it adds to strength, marketing spend per lead in CNY.",
    )
    channels: tuple[tuple[str, float, float, float], ...] = Field(
        (
            ("流通批发", 0.28, 0.07, 0.90), ("现代商超", 0.20, -0.20, 1.60), ("餐饮渠道", 0.24, 0.13, 0.80),
            ("便利店连锁", 0.16, 0.00, 1.20), ("电商平台", 0.12, -0.07, 1.10),
        ),
        description="Channel, share, what it adds to strength, factor on the amount.",
    )
    products: tuple[tuple[str, float, float, float], ...] = Field(
        (
            ("常温乳品", 0.30, 0.13, 1.00), ("低温鲜奶", 0.18, -0.13, 1.10), ("调味品", 0.22, 0.07, 0.80),
            ("饮料", 0.20, 0.00, 1.00), ("休闲食品", 0.10, -0.13, 0.70),
        ),
        description="Product line, share, what it adds to strength, factor on the amount.",
    )
    shocks: tuple[tuple[str, date, date, float], ...] = Field(
        (("贵阳", date(2025, 4, 14), date(2025, 5, 18), 0.05), ("石家庄", date(2025, 9, 1), date(2025, 9, 30), 0.05)),
        description="City, first day, last day, factor on advancing: an office falls silent.",
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

    seed: Annotated[int, Field(ge=0)] = Field(20250101, description="Everything follows from it.")
    factor: Annotated[float, Field(gt=0, le=1000)] = Field(1.0, description="1 is 420 reps and a year.")
    start: date = Field(date(2025, 1, 1), description="First day; no opportunity is older.")
    end: date = Field(date(2025, 12, 31), description="Last day; what is recorded later is not sent.")
    horizon_days: int = Field(90, description="Horizon of the oracle's probabilities (design, section 6).")
    landmarks_at_most: int = Field(1_500_000, description="Above it, the truth keeps a sample of opportunities' landmarks.")
    hazards: Hazards = Hazards()
    help: Help = Help()
    season: Season = Season()
    reporting: Reporting = Reporting()
    visits: Visits = Visits()
    market: Market = Market()
    dirt: Dirt = Dirt()

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
