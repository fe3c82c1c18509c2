"""Office by office, month by month: the kind of report an office sends then, its file, and the truth of it.

A chunk's facts are kept until the last of an office's reps has passed, and an office's generator is its own, so that
memory holds an office at a time and no office's files depend on another's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path

import numpy as np
import polars as pl

from simulation.daily_reports import chat_json, chats, journals
from simulation.daily_reports.chats import Chat, Place
from simulation.daily_reports.diary import Diary, Message, body_of
from simulation.daily_reports.facts import Fact, as_facts
from simulation.daily_reports.forms import Form
from simulation.daily_reports.journals import Journal, Report
from simulation.daily_reports.layouts import LAYOUTS, Month
from simulation.daily_reports.levels import DailyReports
from simulation.daily_reports.names import GROUPS, Account, Names
from simulation.daily_reports.sentences import Said, Speaker, say
from simulation.daily_reports.truth import ToldTruth
from simulation.daily_reports.workbooks import write_sheets
from simulation.organisation import OFFICES, People
from simulation.records import ACTIONS

ChatWriter = Callable[[Chat, np.random.Generator], tuple[bytes, list[Place]]]
# Kind -> writer, ending, whether the shape tells what a message replies to.
CHATS: dict[str, tuple[ChatWriter, str, bool]] = {
    "wechat_text": (chats.wechatmsg_text, ".txt", True), "wechat_csv": (chats.wechatmsg_csv, ".csv", False),
    "wechat_weflow_json": (chat_json.weflow_json, ".json", True),
        "wechat_by_hand_lines": (chats.by_hand_lines, ".txt", False),
    "wechat_dump_csv": (chats.pywxdump_csv, ".csv", False), "wechat_chatlab_json": (chat_json.chatlab_json, ".json",
        True),
    "wechat_by_hand_stamps": (chats.by_hand_stamps, ".txt", False),
        "wechat_dump_old_csv": (chats.pywxdump_old_csv, ".csv", False),
    "wechat_chatlab_jsonl": (chat_json.chatlab_jsonl, ".jsonl", True),
        "wechat_weflow_text": (chats.weflow_text, ".txt", False),
    "wechat_weclone_csv": (chats.weclone_csv, ".csv", False),
        "wechat_echotrace_json": (chat_json.echotrace_json, ".json", True),
    "wechat_by_hand_brackets": (chats.by_hand_brackets, ".txt", False),
        "wechat_by_hand_chinese": (chats.by_hand_chinese, ".txt", False),
}  # fmt: skip
SHEET_CHAT = "wechat_weflow_excel"
JOURNALS = {"wecom_journal": journals.wecom_json, "dingtalk_report": journals.dingtalk_json,
    "dingtalk_report_new": journals.dingtalk_new_json}  # fmt: skip
# Workbooks and chats by turns, so that a small company has both.
_OTHERS = [*CHATS, SHEET_CHAT, *JOURNALS]
KINDS = [kind for k, other in enumerate(_OTHERS) for kind in (*list(LAYOUTS)[k : k + 1], other)]


@dataclass
class Office:
    """One office's people, habits and generator."""

    number: int
    rank: int
    speaker: Speaker
    diary: Diary
    group: str
    room: str
    supervisor: Account
    clerk: str
    ids: dict[int, int] = field(default_factory=dict)  # of messages by identity
    before: tuple[str, list[Message]] | None = None  # the kind and messages of the month before

    @property
    def name(self) -> str:
        return OFFICES[self.number].name


class DailyReportFiles:
    """Writer of the legacy daily reports into the inbox, and of their truth; a context manager would hold nothing
    open, so `close` alone ends it."""

    def __init__(
        self, inbox: Path, truth: Path, people: People, settings: DailyReports, *, seed: int, start: date, end: date
    ) -> None:
        self.inbox, self.people, self.settings = inbox, people, settings
        self.seed, self.start, self.end = seed, start, end
        self.rows: dict[str, int] = {}
        self.truth = ToldTruth(truth, settings.level)
        self._kept: dict[int, list[pl.DataFrame]] = {}
        draws = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(4,))).random(len(OFFICES))
        self.offices = draws < settings.office_share

    def add(self, facts: pl.DataFrame, *, through: int) -> None:
        """Take a chunk's facts (frame of `facts.SCHEMA`); offices before `through` are complete and written."""
        for (office,), rows in facts.partition_by("office", as_dict=True, maintain_order=True).items():
            self._kept.setdefault(int(str(office)), []).append(rows)
        for office in sorted(self._kept):
            if office < through:
                self._write(office, pl.concat(self._kept.pop(office)))

    def close(self) -> None:
        """Write what is left, and the truth."""
        self.add(pl.DataFrame(schema={"office": pl.Int64}), through=len(OFFICES))
        self.truth.close()

    def _write(self, number: int, rows: pl.DataFrame) -> None:
        office = self._office(number)
        facts = [
            fact
            for fact in as_facts(rows.sort("day", "rep", "t", maintain_order=True))
            if office.speaker.chance(self.settings.of.reported)
        ]
        office.speaker.names.meet((fact.rep, fact.customer_id, fact.customer_name) for fact in facts)
        first = self.start
        for (year, month), of_month in groupby(
            facts, key=lambda f: (office.speaker.on(f.day).year, office.speaker.on(f.day).month)
        ):
            period = ((year - first.year) * 12 + month - first.month) // self.settings.months_per_kind
            periods = -(-12 // self.settings.months_per_kind)
            kind = KINDS[(office.rank * periods + period) % len(KINDS)]
            told_how = [fact for fact in of_month if kind in LAYOUTS or fact.is_sayable]
            days = [(day, rep, list(told)) for (day, rep), told in groupby(told_how, key=lambda f: (f.day, f.rep))]
            if kind in LAYOUTS:
                self._workbook(office, kind, year, month, days)
            elif kind in JOURNALS:
                self._journal(office, kind, year, month, days)
            else:
                self._chat(office, kind, year, month, days)
        self.truth.names(office.name, office.speaker.names.written)
        self.truth.flush()

    def _office(self, number: int) -> Office:
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(4, number)))
        place, people = OFFICES[number], self.people
        names = Names(place.city, self.settings.of, rng, people.rep_id, people.name, people.phone)
        speaker = Speaker(self.start, self.settings.of, rng, names, place.region)
        supervisor = people.supervisors[int(people.supervisor[np.flatnonzero(people.office == number)[0]])]
        room = f"{int(rng.integers(10**10, 10**11))}@chatroom"
        group = speaker.pick(GROUPS).format(city=place.city)
        account = Account(f"wxid_{supervisor[0].lower()}", f"{supervisor[1]}-{place.city}主管", supervisor[0])
        rank = int(np.flatnonzero(np.flatnonzero(self.offices) == number)[0])
        return Office(number, rank, speaker, Diary(speaker), group, room, account, f"内勤{'陈李赵孙周'[number % 5]}")

    def _workbook(
        self, office: Office, kind: str, year: int, month: int, days: list[tuple[int, int, list[Fact]]]
    ) -> None:
        layout, ending = LAYOUTS[kind]
        if ending == ".xls" and not self.settings.old_excel:
            ending = ".xlsx"
        form = Form.draw(office.speaker)
        pages = list(layout(Month(office.name, year, month, days, form, office.clerk)))
        name = f"{office.name}日报_{year}年{month:02}月{ending}"
        write_sheets(
            self.inbox / name,
            [page.sheet for page in pages],
            from_1904=form.from_1904,
        )
        self.rows[name] = sum(len(page.sheet.rows) for page in pages)
        for page in pages:
            for said, sheet, row, cell in page.placed:
                self._tell(said, name, kind, sheet=None if ending == ".csv" else sheet, row=row, cell=cell)

    def _chat(self, office: Office, kind: str, year: int, month: int, days: list[tuple[int, int, list[Fact]]]) -> None:
        s = office.speaker
        writer = None if kind == SHEET_CHAT else CHATS[kind][0]
        office.diary.with_replies = kind in CHATS and CHATS[kind][2]
        fresh = [message for day, rep, facts in days for message in office.diary.day(rep, day, facts)]
        fresh = sorted((m for m in fresh if m.at.date() <= self.end), key=lambda m: m.at)
        if not fresh:
            return
        fresh.insert(0, Message(None, fresh[0].at - timedelta(minutes=3), s.pick(SYSTEM_LINES), kind="system"))
        earlier: list[Message] = []
        if office.before is not None and office.before[0] == kind and s.chance(s.rates.overlap):
            earlier = office.before[1][-max(1, len(office.before[1]) // 6) :]
            earlier = [m for m in earlier if m.at <= fresh[0].at]
        office.before = (kind, fresh)
        for message in fresh:
            office.ids[id(message)] = 7_000_000_000_000_000_000 + int(s.rng.integers(0, 10**18))
        messages = earlier + fresh
        accounts: dict[int | None, Account] = {None: office.supervisor}
        accounts |= {m.rep: s.names.account(m.rep) for m in messages if m.rep is not None}
        chat = Chat(office.group, office.room, messages, accounts, [office.ids[id(m)] for m in messages], owner=None)
        stem = f"{office.group}_{year}-{month:02}"
        if writer is None:
            name = f"{stem}.xlsx"
            sheet, places = chat_json.weflow_sheet(chat, s.rng)
            write_sheets(self.inbox / name, [sheet])
        else:
            name = stem + ("_utf8" if kind == "wechat_csv" else "") + CHATS[kind][1]
            content, places = writer(chat, s.rng)
            (self.inbox / name).write_bytes(content)
        self.rows[name] = len(messages)
        self._tell_chat(kind, name, messages, places, {id(m) for m in earlier})

    def _tell_chat(
        self, kind: str, name: str, messages: Sequence[Message], places: list[Place], known: set[int]
    ) -> None:
        keys = {id(m): key or str(row) for m, (row, key) in zip(messages, places, strict=True)}
        corrections = {id(m.corrects): keys[id(m)] for m in messages if m.corrects is not None}
        for message, (row, key) in zip(messages, places, strict=True):
            if id(message) in known:
                continue
            for said in message.told:
                corrected = corrections.get(id(message)) if said.status == "rescheduled" else None
                self._tell(said, name, kind, row=row, message_id=key, sent_at=message.at, corrected_by=corrected)

    def _journal(
        self, office: Office, kind: str, year: int, month: int, days: list[tuple[int, int, list[Fact]]]
    ) -> None:
        s = office.speaker
        shape = s.pick(("text", "text", "form", "table") if kind == "wecom_journal" else ("text", "text", "form"))
        reports = [
            r
            for day, rep, facts in days
            for r in self._reports(office, shape, rep, day, facts)
            if r.at.date() <= self.end
        ]
        if not reports:
            return
        reports.sort(key=lambda r: r.at)
        accounts: dict[int | None, Account] = {None: office.supervisor}
        accounts |= {r.rep: s.names.account(r.rep) for r in reports}
        names = {r.rep: self.people.name[r.rep] for r in reports}
        prefix = "企业微信汇报" if kind == "wecom_journal" else "钉钉日志"
        name = f"{prefix}_{office.name}_{year}-{month:02}.json"
        (self.inbox / name).write_bytes(JOURNALS[kind](Journal(office.name, reports, accounts, names), s.rng))
        self.rows[name] = len(reports)
        number = 0
        for report in reports:
            number += 2 if report.earlier and kind == "dingtalk_report" else 1  # as sent first, and as edited
            for said in report.told:
                self._tell(said, name, kind, row=number, message_id=report.key, sent_at=report.at)

    def _reports(self, office: Office, shape: str, rep: int, day: int, facts: list[Fact]) -> list[Report]:
        """The rep's reports on a day: one over the day, or one a visit."""
        s, today = office.speaker, office.speaker.on(day)
        at = datetime(today.year, today.month, today.day, 17, 30) + timedelta(seconds=int(s.rng.integers(0, 14_000)))
        key = "".join("0123456789abcdef"[k] for k in s.rng.integers(0, 16, 24))
        if shape == "text":
            habit = office.diary.habit(rep)
            said = [say(s, fact, today) for fact in facts]
            titles = s.pick(journals.TITLES["summary"]), s.pick(journals.TITLES["plan"])
            report = Report(rep, at, "日报", [], said, key)
            if len(said) > 1 and s.chance(s.rates.edited):  # first sent without the last visit
                report.modified = journals.after(at, s.rng)
                first = body_of(s, said[:-1], habit.style, habit)
                report.earlier = [(titles[0], "text", first), (titles[1], "text", "")]
            report.fields = [(titles[0], "text", body_of(s, said, habit.style, habit)), (titles[1], "text", "")]
            return [report]
        form = Form.draw(s)
        form.notes_only, form.several = False, False
        rows = [(row.told[0], _fields(row.told[0], row.cells)) for row in form.rows(facts)]
        for said_one, _ in rows:
            said_one.told_in = "fields"
        if shape == "table":
            return [
                Report(
                    rep,
                    at,
                    "拜访日报",
                    [("今日拜访", "table", [fields for _, fields in rows])],
                    [said for said, _ in rows],
                    key,
                )
            ]
        return [
            Report(rep, at + timedelta(minutes=3 * k), "拜访日报", fields, [said], f"{key}{k}")
            for k, (said, fields) in enumerate(rows)
        ]

    def _tell(self, said: Said, name: str, kind: str, **where: object) -> None:
        fact = said.fact
        self.truth.tell(
            said,
            file=name,
            kind_of_source=kind,
            rep_id=self.people.rep_id[fact.rep],
            customer_id=fact.customer_id,
            opportunity_id=fact.opportunity_id,
            visit_id=fact.visit_id,
            happened_on=self.start + timedelta(fact.day),
            event=fact.event,
            action_codes=[ACTIONS[place][0] for place in fact.actions],
            true_amount=fact.amount,
            **where,
        )


SYSTEM_LINES = ("你已添加了群成员，现在可以开始聊天了", '"内勤小陈"邀请"新同事"加入了群聊', '"群主"修改群名为"日报群"')


def _fields(said: Said, cells: Mapping[str, object]) -> list[tuple[str, str, object]]:
    """A form's fields; 方式 and 阶段 are chosen, not typed."""
    amount = said.fact.amount
    return [
        ("客户", "text", said.customer), ("拜访方式", "choice", cells.get("kind")), ("结果", "choice",
        cells.get("status")),
        ("改约日期", "date", said.rescheduled_to), ("阶段", "choice", cells.get("stage")), ("预计金额", "number",
        amount),
        ("完成动作", "text", cells.get("action") or ""), ("竞品", "text", said.competitor or ""),
        ("下次拜访", "date", said.next_date), ("备注", "text", cells.get("note") or ""),
    ]  # fmt: skip
