"""What a clause tells of a visit: done, moved, called off, nobody there, or planned, and on which day."""

from __future__ import annotations

import re
from datetime import date

from models.notes import patterns
from models.notes.clauses import Clause
from models.notes.days import Day, find_days
from models.notes.draft import BLANK, KINDS, Draft
from models.notes.values import ValueReader


class ClauseReader(ValueReader):
    """Adds what one clause says to a draft."""

    def add(self, draft: Draft, clause: Clause, sent: date, before: str = "") -> None:
        """Add what a clause says; `before`: the clause before it, normalised."""
        plain = clause.plain
        days = find_days(plain)
        moved = self.words.status["rescheduled"].search(plain)
        called_off = self.words.status["cancelled"].search(plain)
        absent = self.words.status["no_show"].search(plain)
        if moved and re.search(r"(?:不|没|未|暂不|无需|不用)(?:再|用|必)?$", plain[: moved.start()]):
            moved = None
        if moved and re.search(r"改[为成到]?\s*[0-9.,]+\s*(?:万|元|w|块|箱)", plain):
            moved = None
        kind = self.kind_told(plain)
        if moved:
            self._moved(draft, clause, days, moved, kind, sent)
        elif called_off and not re.search(r"取消(?:订单|关注)|没取消|不取消", plain):
            self._set(draft, "cancelled", kind, clause, called_off[0], days, sent)
        elif absent and not re.search(r"也没人(?:说|问|接)|没人(?:说|理|接|问|要|买)|没来得及|没来货", plain):
            self._set(draft, "no_show", kind if kind != "call" else None, clause, absent[0], days, sent)
        else:
            self._told(draft, clause, days, kind, sent, before)
        self._stage(draft, clause, sent)
        self._actions(draft, clause)
        self._credit(draft, clause, before)
        self.amount(draft, clause, before)
        self._rival(draft, clause)

    def kind_told(self, plain: str) -> str | None:
        """The most specific kind of meeting that the words speak of."""
        return next((k for k in KINDS if self.words.kind[k].search(plain)), None)

    def _moved(
        self, draft: Draft, clause: Clause, days: list[Day], moved: re.Match[str], kind: str | None, sent: date
    ) -> None:
        before = [d for d in days if d.end <= moved.start() and not d.is_shift]
        after = [d for d in days if d.end > moved.start()]
        planned = (
            next((d for d in (x.on(sent, "plan") for x in before) if d), None)
            or draft.arranged
            or (draft.new_day and draft.arranged)
        )
        if planned:
            draft.arranged = planned
            if before:
                draft.spans.setdefault("date", clause.text[before[0].start : before[-1].end])
        for day in after:
            resolved = day.on(sent, "plan", draft.new_day or draft.arranged or sent)
            if resolved:
                draft.new_day = resolved
                draft.spans["rescheduled_to"] = clause.text[day.start : day.end]
        if not after:
            draft.new_day = (
                draft.new_day
                if draft.status == "rescheduled" and re.search("顺|延", moved[0])
                else None
                if re.search("再说|再定|待定|择日|另", moved[0])
                else draft.new_day
            )
        draft.status = "rescheduled"
        draft.spans["status"] = clause.text[moved.start() : moved.end()]
        self._take_kind(draft, self._arranged_kind(draft, kind), clause)

    @staticmethod
    def _arranged_kind(draft: Draft, kind: str | None) -> str | None:
        """The kind of what was arranged: what is done to arrange it (a call, being received) is not it."""
        if kind in ("call", "visit") and draft.plan_kind and draft.plan_kind != "call":
            return draft.plan_kind
        if draft.plan_kind and draft.kind in ("call", "visit") and kind is None:
            draft.kind = draft.plan_kind
        return None if kind == "call" else kind or draft.plan_kind

    def _set(
        self, draft: Draft, status: str, kind: str | None, clause: Clause, word: str, days: list[Day], sent: date
    ) -> None:
        day = next((d for d in (x.on(sent, "happened") or x.on(sent, "plan") for x in days) if d), None)
        if draft.status == "rescheduled" and status == "no_show":
            return
        if status == "cancelled" and draft.status == "rescheduled":
            draft.new_day = None
        if (
            draft.status == "done"
            and status == "no_show"
            and draft.kind in ("demo", "technical_meeting", "sample_trial", "negotiation")
        ):
            return
        draft.status = status
        at = clause.plain.find(word)
        draft.spans["status"] = clause.text[at : at + len(word)] if at >= 0 else clause.text
        if day:
            draft.day = day
            draft.spans.setdefault("date", clause.text[days[0].start : days[0].end])
        if status == "no_show":
            draft.kind = (
                kind
                if kind and kind != "call"
                else draft.kind
                if draft.kind and draft.kind != "call"
                else draft.plan_kind or "visit"
            )
        else:
            self._take_kind(draft, self._arranged_kind(draft, kind), clause)

    def _take_kind(self, draft: Draft, kind: str | None, clause: Clause) -> None:
        kind = kind or draft.kind or draft.plan_kind
        if kind and (draft.kind is None or KINDS.index(kind) < KINDS.index(draft.kind)):
            draft.kind = kind
            found = self.words.kind[kind].search(clause.plain)
            if found:
                draft.spans["kind"] = clause.text[found.start() : found.end()]

    def _told(
        self, draft: Draft, clause: Clause, days: list[Day], kind: str | None, sent: date, before: str = ""
    ) -> None:
        plain = clause.plain
        if draft.is_bare_day and not days and (kind or patterns.PLAN.search(plain)) and not patterns.PAST.search(plain):
            draft.next_step, draft.is_bare_day, draft.plan_kind = clause.text, False, draft.plan_kind or kind
            draft.spans["next_step"] = clause.text
            return
        is_arranged = re.search(
            r"原(?:定|约|计划|本)|本来|约(?:好)?的是?|说好|讲好|约好(?:了)?(?:今|昨|[0-9])|按约|之前约", plain
        )
        planned = patterns.PLAN.search(plain)
        ahead = [d for d in days if (r := d.on(sent, "plan")) and r > sent and d.on(sent, "happened") != sent]
        strictly = [d for d in ahead if not (d.on(sent, "happened") and not planned and patterns.PAST.search(plain))]
        if patterns.NOT_DONE.search(plain):
            draft.plan_kind = draft.plan_kind or kind or "visit"
            draft.was_missed = True
            if draft.status is None:
                draft.spans.setdefault("status", clause.text)
            if days and (d := days[0].on(sent, "happened")):
                draft.day = draft.day or d
            return
        if is_arranged and not strictly:
            draft.plan_kind = draft.plan_kind or kind
            if days:
                draft.arranged = (
                    days[0].on(sent, "plan") if days[0].text[0] not in "昨前" else days[0].on(sent, "happened")
                )
                draft.spans.setdefault("date", clause.text[days[0].start : days[0].end])
            if not re.search("见|谈|聊|去了|到了", plain):
                return
        if draft.status == "rescheduled" and days and re.search("定|约|改|推|挪", plain) and not is_arranged:
            new = next(
                (d for d in (x.on(sent, "plan", draft.new_day or draft.arranged or sent) for x in reversed(days)) if d),
                None,
            )
            if new:
                draft.new_day = new
                draft.spans["rescheduled_to"] = clause.text[days[-1].start : days[-1].end]
                return
        if (
            is_arranged
            and strictly
            and draft.status in (None, "rescheduled")
            and re.search("原|本来|之前", is_arranged[0])
        ):
            draft.plan_kind = draft.plan_kind or kind
            draft.arranged = strictly[0].on(sent, "plan")
            draft.spans.setdefault("date", clause.text[strictly[0].start : strictly[0].end])
            return
        if strictly or (
            planned
            and not patterns.PAST.search(plain)
            and (draft.is_heading_plan or re.match("下步|下一步|下次|约", plain))
        ):
            self._plan(draft, clause, strictly, kind, sent, before)
            return
        if patterns.VAGUE.search(plain) and not patterns.PAST.search(plain) and (kind or planned):
            self._plan(draft, clause, [], kind, sent)
            return
        if draft.is_heading_plan and (kind or re.search("送|交|递|发|报价|签|寄|提交|跟进|催|补", plain)):
            self._plan(draft, clause, strictly, kind, sent, before)
            return
        if kind is None or ((planned and not patterns.PAST.search(plain)) and not days):
            return
        if kind == "call" and re.search("没接|未接|不接|打不通|没打通|关机|没回|无人接|没通|未通|占线", plain):
            return
        if kind == "sample_trial" and re.search(
            r"没(?:空|来得及)?试|未试|尚未|还没|待试|没尝|先试|要试|试用装|试用期|等.{0,4}试|送.{0,4}试", plain
        ):
            return
        if kind in ("demo", "technical_meeting") and re.search(r"还没|未|等|待|安排|没", plain):
            return
        if re.search(r"没(?:谈|聊|见)(?!拢|下|成|妥|完|到)", plain):
            return
        if draft.status in ("rescheduled", "cancelled", "no_show"):
            return
        past = next((d for d in (x.on(sent, "happened") for x in days) if d and d <= sent), None)
        draft.status = "done"
        draft.spans.setdefault("status", clause.text)
        if past:
            draft.day = past
            draft.spans.setdefault("date", clause.text[days[0].start : days[0].end])
        self._take_kind(draft, kind, clause)

    def _plan(
        self, draft: Draft, clause: Clause, days: list[Day], kind: str | None, sent: date, before: str = ""
    ) -> None:
        day = next((d for d in (x.on(sent, "plan") for x in days) if d), None) or draft.heading_day
        if re.search("对方|客户|老板|采购|他|她|佢", clause.plain[:4]) and re.search(
            "答复|回复|回话|决定", clause.plain
        ):
            return
        if (
            day is None
            and not re.search("下步|下一步|下次|约好", clause.plain)
            and not patterns.VAGUE.search(clause.plain)
            and not draft.is_heading_plan
        ):
            return
        if draft.next_date is not None and day is None:
            return
        is_bare = bool(days) and len(clause.plain) - (days[0].end - days[0].start) < 2
        draft.next_step, draft.next_date = (before if is_bare and before and BLANK not in before else clause.text), day
        draft.spans["next_step"] = draft.next_step
        draft.is_bare_day = is_bare and draft.next_step == clause.text
        if days:
            draft.spans["next_date"] = clause.text[days[0].start : days[0].end]
        draft.plan_kind = draft.plan_kind or kind
