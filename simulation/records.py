"""What gets reported, by whom, when and by which route: a chunk's moments become rows of reports.

Rows are numeric here (indices, seconds); `render` writes them out as the company's files would. What
was never reported, or is recorded after the last day, is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulation.hazards import Schedule, working_share
from simulation.market import Opportunities
from simulation.organisation import People
from simulation.parameters import Parameters
from simulation.timeline import CANCELLED, DAY, DONE, LOST_EVENT, NEVER, NOWHERE, WON_EVENT, Timeline

Ints = NDArray[np.int64]
STATUSES = ("planned", "done", "rescheduled", "cancelled", "no_show")
ACTIONS = (  # code, stage (from 0), ending of its evidence
    ("store_survey", 0, "xlsx"), ("decision_maker_met", 0, "jpg"),
    ("needs_minutes", 1, "pdf"), ("technical_meeting", 1, "pdf"),
    ("demo_feedback", 2, "pdf"), ("sample_trial", 2, "jpg"),
    ("quotation_sheet", 3, "pdf"), ("credit_approval", 3, "png"), ("signed_confirmation", 3, "jpg"),
    ("contract_scan", 4, "pdf"), ("first_order", 4, "png"),
)  # fmt: skip
TECHNICAL = 3  # place in ACTIONS


@dataclass(frozen=True)
class Desk:
    """Who writes and when: routes, working days, owners, and the generator of this chunk."""

    p: Parameters
    people: People
    opp: Opportunities
    is_form: NDArray[np.bool_]  # (schedule, day)
    schedule: Ints  # of each office
    workdays: Ints
    rng: np.random.Generator

    @classmethod
    def open(
        cls,
        p: Parameters,
        people: People,
        opp: Opportunities,
        schedules: list[Schedule],
        schedule: Ints,
        rng: np.random.Generator,
    ) -> Desk:
        """A desk for one chunk; `schedule` says which of `schedules` each office keeps."""
        days = len(schedules[0].work)
        workdays = np.flatnonzero(working_share(p, days + 30) >= 0.99)
        return cls(p, people, opp, np.stack([s.is_form for s in schedules]), schedule, workdays, rng)

    @property
    def last(self) -> int:
        """The first second that is not sent any more."""
        return self.p.days * DAY

    def form(self, opp: Ints, t: Ints) -> NDArray[np.bool_]:
        """Whether the opportunity's office is on the form route at `t`."""
        return self.rep_form(self.opp.rep[opp], t)

    def rep_form(self, rep: Ints, t: Ints) -> NDArray[np.bool_]:
        """Whether the rep's office is on the form route at `t`."""
        return self.is_form[self.schedule[self.people.office[rep]], np.minimum(t // DAY, self.is_form.shape[1] - 1)]

    def owner(self, opp: Ints, t: Ints) -> Ints:
        """The rep who owns the opportunity at `t` (a colleague once its rep has left)."""
        rep = self.opp.rep[opp]
        gone = (self.people.leaves[rep] >= 0) & (t // DAY >= self.people.leaves[rep])
        return np.where(gone, self.people.successor[rep], rep)

    def team(self, opp: Ints, t: Ints) -> Ints:
        """The supervisor (index) of the owner at `t`."""
        rep = self.owner(opp, t)
        moved = (self.people.moves[rep] >= 0) & (t // DAY >= self.people.moves[rep])
        return np.where(moved, self.people.next_supervisor[rep], self.people.supervisor[rep])

    def recorded(self, t: Ints, is_form: NDArray[np.bool_], *, may_wait: bool = True) -> Ints:
        """When what happened at `t` is written down, by either route."""
        r, n = self.p.reporting, len(t)
        soon = t + (60 * r.form_minutes_median * np.exp(self.rng.normal(0, r.form_minutes_sigma, n))).astype(np.int64)
        late = (t // DAY + self.rng.integers(1, 4, n)) * DAY + self.rng.integers(8 * 3600, 20 * 3600, n)
        whim = self.rng.random(n)
        form = np.where(may_wait & (whim < r.form_forgot), late, soon)
        month_end = self.month_end(t) + 17 * 3600 + self.rng.integers(0, 7200, n)
        fills = may_wait & (whim > 1 - r.back_fill) & (month_end > soon)
        form = np.where(fills, month_end, form)
        day = t // DAY
        later = np.searchsorted(np.cumsum(r.paper_days), self.rng.random(n) * sum(r.paper_days), side="right")
        place = np.searchsorted(self.workdays, day)
        works = self.workdays[place.clip(max=len(self.workdays) - 1)] == day
        place = place + np.where(works, later, np.maximum(later, 1) - 1)
        typed = self.workdays[place.clip(max=len(self.workdays) - 1)]
        paper = typed * DAY + self.rng.integers(8 * 3600 + 1800, 17 * 3600 + 1800, n)
        evening = np.maximum(day * DAY + self.rng.integers(17 * 3600, 19 * 3600, n), t + 600)
        paper = np.where(typed == day, evening, paper)
        return np.where(is_form, form, paper)

    def month_end(self, t: Ints) -> Ints:
        """Midnight at which the month's last working day begins."""
        start = np.datetime64(self.p.start, "D")
        month = (start + t // DAY).astype("datetime64[M]")
        last = ((month + 1).astype("datetime64[D]") - start).astype(np.int64) - 1
        place = np.searchsorted(self.workdays, last, side="right") - 1
        return self.workdays[np.maximum(place, 0)] * DAY


def visit_rows(desk: Desk, told: Timeline) -> pl.DataFrame:
    """One row per report on a visit: opp, number, kind, status, t, recorded, plan, to, is_form, and what
    the note may tell (stage, stalled, rival)."""
    v, m, r, rng = told.visits, told.moves, desk.p.reporting, desk.rng
    n = len(v.opp)
    everything = np.arange(n)
    planned = everything[v.plan >= 0]
    moved_before = np.zeros(n, dtype=bool)
    moved_before[m.visit] = True
    on_form = desk.form(v.opp[planned], np.maximum(v.arranged[planned], 0))
    entered = on_form | moved_before[planned] | (rng.random(len(planned)) < r.planned["paper"] / r.planned["form"])
    planned = planned[entered]
    ended = everything[v.end != NOWHERE]
    missing = np.where(desk.form(v.opp[ended], v.t[ended]), r.missing_visit["form"], r.missing_visit["paper"])
    told_of = v.must_report[ended] | (rng.random(len(ended)) >= missing)
    ended = ended[told_of]
    visit = np.concatenate([planned, m.visit, ended])
    t = np.concatenate([v.arranged[planned], m.t, v.t[ended]])
    how = np.select([v.end[ended] == DONE, v.end[ended] == CANCELLED], [1, 3], 4)
    status = np.concatenate([np.zeros(len(planned)), np.full(len(m.visit), 2), how]).astype(np.int64)
    plan = np.concatenate([v.plan[planned], m.old, np.where(v.plan[ended] >= 0, v.t[ended] // 1800 * 1800, NEVER)])
    to = np.concatenate([np.full(len(planned), NEVER), m.new, np.full(len(ended), NEVER)])
    is_form = desk.form(v.opp[visit], t)
    unnamed = rng.random(n) < r.missing_opportunity
    rows = pl.DataFrame(
        {
            "opp": v.opp[visit],
            "number": v.number[visit],
            "kind": v.kind[visit],
            "status": status,
            "t": t,
            "recorded": desk.recorded(t, is_form),
            "plan": plan,
            "to": to,
            "is_form": is_form,
            "stage": v.stage[visit],
            "stalled": v.stalled[visit],
            "rival": v.rival[visit],
            "owner": desk.owner(v.opp[visit], t),
            "unnamed": unnamed[visit] & ~v.must_report[visit],
        }
    )
    return _sent(desk, rows)


def stage_rows(desk: Desk, told: Timeline) -> pl.DataFrame:
    """One row per reported stage event: opp, code, detail, t, recorded, is_form, owner, has_visit."""
    e = told.events
    reported = ~((e.code == WON_EVENT) & (desk.rng.random(len(e.opp)) < desk.p.reporting.missing_won))
    opp, t = e.opp[reported], e.t[reported]
    is_form = desk.form(opp, t)
    rows = pl.DataFrame(
        {
            "opp": opp,
            "code": e.code[reported],
            "detail": e.detail[reported],
            "t": t,
            "recorded": desk.recorded(t, is_form, may_wait=False),
            "is_form": is_form,
            "owner": desk.owner(opp, t),
            "has_visit": e.has_visit[reported],
        }
    )
    return _sent(desk, rows)


def action_rows(desk: Desk, told: Timeline) -> pl.DataFrame:
    """One row per required action done or waived: opp, action (place in ACTIONS), t, recorded, has_evidence, is_waived.

    An action is mostly done about when the first half of its stage is; some are done late, some never.
    """
    e, rng = told.events, desk.rng
    enters = np.flatnonzero(e.code <= 4)
    opp, stage, entered = e.opp[enters], e.code[enters], e.t[enters]
    after = np.minimum(enters + 1, len(e.opp) - 1)
    follows = (after > enters) & (e.opp[after] == opp)
    left = np.where(follows, e.t[after], entered + 60 * DAY)
    forward = follows & (e.code[after] <= WON_EVENT) & (e.code[after] > stage)
    half = told.half_at[opp, stage]
    reached = (half >= entered) & (half <= left)
    meetings = told.visits.kind == 3
    met_at = np.full(len(desk.opp), NEVER)
    held = meetings & (told.visits.end == DONE)
    met_at[told.visits.opp[held][::-1]] = told.visits.t[held][::-1]
    parts = []
    for place, (_, of_stage, _) in enumerate(ACTIONS):
        here = np.flatnonzero(stage == of_stage)
        who, begin, end = opp[here], entered[here], left[here]
        u, middle = rng.random(len(here)), half[here]
        soon = begin // DAY + rng.integers(1, 5, len(here))
        at = np.where(reached[here], middle // DAY - rng.integers(0, 3, len(here)), soon)
        before = at * DAY + rng.integers(9 * 3600, 19 * 3600, len(here))
        before = np.clip(before, begin + 600, np.maximum(end - 300, begin + 600))
        after_move = (end // DAY + rng.integers(1, 7, len(here))) * DAY + rng.integers(9 * 3600, 19 * 3600, len(here))
        done = u < np.where(reached[here], 0.88, 0.22)
        if place == TECHNICAL:
            done = (met_at[who] >= begin) & (met_at[who] < end) & (u < 0.35)
            before = np.where(done, met_at[who] + 1200, before)
        late = ~done & forward[here] & (rng.random(len(here)) < 0.45) & (place != TECHNICAL)
        waived = ~done & ~late & forward[here] & (rng.random(len(here)) < 0.06)
        t = np.where(late, after_move, np.where(waived, np.maximum(end - 3600, begin + 600), before))
        chosen = np.flatnonzero(done | late | waived)
        parts.append(
            pl.DataFrame(
                {
                    "opp": who[chosen],
                    "action": np.full(len(chosen), place),
                    "t": t[chosen],
                    "has_evidence": ~waived[chosen] & (rng.random(len(chosen)) < 0.92),
                    "is_waived": waived[chosen],
                    "is_late": late[chosen],
                }
            )
        )
    rows = pl.concat(parts)
    last = np.zeros(len(desk.opp), dtype=np.int64)
    np.maximum.at(last, e.opp, e.t)
    who, t = rows["opp"].to_numpy(), rows["t"].to_numpy()
    # Nobody hands in evidence for what has ended in silence: late ones need something later still.
    rows = rows.filter(~rows["is_late"].to_numpy() | (t < last[who]))
    who, t = rows["opp"].to_numpy(), rows["t"].to_numpy()
    is_form = desk.form(who, t)
    return _sent(
        desk,
        rows.with_columns(
            recorded=desk.recorded(t, is_form), is_form=is_form, owner=desk.owner(who, t), team=desk.team(who, t)
        ),
    )


@dataclass(frozen=True)
class Quotation:
    """Expected amounts (all opportunities) once a price is named, and for whom and when they changed."""

    amount: NDArray[np.float64]
    opp: Ints
    t: Ints


def quotations(desk: Desk, told: Timeline) -> Quotation:
    """Most expectations change at the first quotation."""
    e, rng = told.events, desk.rng
    quoted = np.flatnonzero(e.code == 3)
    quoted = quoted[np.append(True, e.opp[quoted][1:] != e.opp[quoted][:-1])[: len(quoted)]]
    quoted = quoted[rng.random(len(quoted)) < 0.8]
    amount = desk.opp.amount.copy()
    amount[e.opp[quoted]] = np.round(amount[e.opp[quoted]] * np.exp(rng.normal(-0.03, 0.25, len(quoted))) / 100) * 100
    return Quotation(amount, e.opp[quoted], e.t[quoted] + rng.integers(1800, 8 * 3600, len(quoted)))


def signing_rows(desk: Desk, told: Timeline, quotation: Quotation) -> pl.DataFrame:
    """One row per signing: opp, amount, number (1, or 2 for a later supplement), t, recorded, is_form, owner."""
    e, rng = told.events, desk.rng
    won = np.flatnonzero(e.code == WON_EVENT)
    opp, t = e.opp[won], e.t[won]
    signed = np.round(quotation.amount[opp] * np.exp(rng.normal(0, 0.08, len(opp))), 2)
    more = rng.random(len(opp)) < 0.03
    extra = np.round(signed[more] * rng.uniform(0.15, 0.4, int(more.sum())), 2)
    later = t[more] + rng.integers(5, 41, int(more.sum())) * DAY
    who, when = np.concatenate([opp, opp[more]]), np.concatenate([t, later])
    is_form = desk.form(who, when)
    rows = pl.DataFrame(
        {
            "opp": who,
            "amount": np.concatenate([signed, extra]),
            "number": np.concatenate([np.ones(len(opp), dtype=np.int64), np.full(int(more.sum()), 2)]),
            "t": when,
            "recorded": desk.recorded(when, is_form, may_wait=False),
            "is_form": is_form,
            "owner": desk.owner(who, when),
        }
    )
    return _sent(desk, rows)


def answer_rows(desk: Desk, told: Timeline) -> pl.DataFrame:
    """One row per answered call: opp, asked, t, recorded, is_form, team, measure (index), stage."""
    a, rng = told.answers, desk.rng
    answered = np.flatnonzero(a.answered >= 0)
    opp, t, stage = a.opp[answered], a.answered[answered], a.stage[answered]
    u = rng.random(len(opp))
    measure = np.select([u < 0.30, u < 0.50 + 0.12 * (stage <= 2), u < 0.72], [0, 1, 2 - (stage < 3)], 3)
    is_form = desk.form(opp, t)
    rows = pl.DataFrame(
        {
            "opp": opp,
            "asked": a.asked[answered],
            "t": t,
            "recorded": desk.recorded(t, is_form, may_wait=False),
            "is_form": is_form,
            "team": desk.team(opp, t),
            "measure": measure,
            "stage": stage,
        }
    )
    return _sent(desk, rows)


def crm_rows(desk: Desk, told: Timeline, quotation: Quotation) -> pl.DataFrame:
    """One row per version of an opportunity in the CRM: opp, amount, owner, t, recorded."""
    amount, quoted, quoted_at = quotation.amount, quotation.opp, quotation.t
    opp, rng = desk.opp, desk.rng
    n = len(opp)
    created = opp.created * DAY + opp.created_second
    entered = created + (1800 * np.exp(rng.normal(0, 0.8, n))).astype(np.int64)
    leaves = desk.people.leaves[opp.rep]
    closed = np.full(n, np.iinfo(np.int64).max)
    ended = (told.events.code == WON_EVENT) | (told.events.code == LOST_EVENT)
    np.minimum.at(closed, told.events.opp[ended], told.events.t[ended])
    handed = np.flatnonzero((leaves > 0) & (opp.created < leaves) & (closed > leaves * DAY))
    handed_at = leaves[handed] * DAY + 9 * 3600
    who = np.concatenate([np.arange(n), quoted, handed])
    t = np.concatenate([entered, quoted_at, handed_at])
    quoted_when = np.full(n, np.iinfo(np.int64).max)
    quoted_when[quoted] = quoted_at
    value = np.where(t >= quoted_when[who], amount[who], opp.amount[who])
    rows = pl.DataFrame({"opp": who, "amount": value, "owner": desk.owner(who, t), "t": t, "recorded": t})
    return _sent(desk, rows)


def _sent(desk: Desk, rows: pl.DataFrame) -> pl.DataFrame:
    """What was recorded by the end, in the order of recording."""
    return rows.filter((pl.col("recorded") < desk.last) & (pl.col("t") < desk.last)).sort(
        "recorded", "t", "opp", maintain_order=True
    )
