"""What a daily report's table has in its columns: headers, and cells as the office writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from simulation.daily_reports.cells import Cell, Formula
from simulation.daily_reports.facts import NOTED, Fact
from simulation.daily_reports.sentences import Said, Speaker, say
from simulation.daily_reports.spelling import widen
from simulation.parameters import STAGES
from simulation.records import ACTIONS
from simulation.render import ACTION_NAMES

# Key -> what the column may be called; the first is the usual one.
HEADERS: dict[str, tuple[str, ...]] = {
    "no": ("序号", "编号", "No."), "day": ("日期", "拜访日期", "时间", "日报日期"), "rep": ("业务员", "姓名", "业代",
        "销售", "拜访人", "客户经理", "负责人"),
    "rep_id": ("工号", "员工编号", "业务员编号"), "customer": ("客户名称", "客户", "终端", "门店", "客户单位",
        "拜访对象", "店名"),
    "customer_id": ("客户编号", "客户编码", "终端编号"), "kind": ("拜访方式", "方式", "跟进方式", "拜访类型", "形式"),
    "status": ("拜访结果", "结果", "完成情况", "是否完成"), "plan_day": ("原定日期", "计划日期"),
        "to_day": ("改约日期", "改到", "改期至"),
    "stage": ("阶段", "进展", "当前阶段", "销售阶段", "客户进度"), "amount": ("金额", "报价/合同金额", "预计金额",
        "签约金额"), "action": ("完成动作", "完成事项", "关键动作"),
    "missing": ("待补材料", "未完成事项", "缺"), "competitor": ("竞品", "竞品情况", "竞争对手"),
        "reason": ("丢单原因", "失败原因"),
    "next": ("下一步", "下步计划", "后续计划"), "next_day": ("下次拜访", "下次拜访日期", "下次跟进时间"),
    "note": ("备注", "拜访情况", "沟通内容", "工作内容", "洽谈内容", "今日工作"),
}  # fmt: skip
UPPER = {  # the upper row of a header of two
    "客户信息": ("customer", "customer_id"), "拜访情况": ("kind", "status", "plan_day", "to_day"),
        "商机进展": ("stage", "amount", "action", "missing", "competitor", "reason"),
    "后续": ("next", "next_day"),
}  # fmt: skip
KINDS = {
    "visit": ("上门拜访", "拜访", "上门"), "call": ("电话沟通", "电话", "微信"), "demo": ("方案演示", "演示"),
        "technical_meeting": ("技术对接", "技术对接会", "技术交流"),
    "sample_trial": ("样品试用", "试吃"), "negotiation": ("商务谈判", "谈判"),
}  # fmt: skip
STATUSES = {
    "planned": ("已约", "计划"), "done": ("完成", "已完成", "是", "√"), "rescheduled": ("改约", "改期", "延期"),
        "cancelled": ("取消", "已取消"), "no_show": ("未见到", "爽约", "客户不在"),
}  # fmt: skip
STAGE_WORDS = (
    ("初次接触", "初访"),
    ("需求确认", "确认需求"),
    ("方案演示", "演示"),
    ("报价", "已报价"),
    ("合同签订", "签合同"),
)
EVENTS = {"won": ("赢单", "签约", "成交"), "lost": ("丢单", "输单"), "reopened": ("重新打开", "重启")}
DATES = ("{m}月{d}日", "{y}.{m}.{d}", "{m}/{d}", "{y}-{m:02}-{d:02}", "{y}年{m}月{d}日", "{m}.{d}", "{m}-{d}")

COLUMNS = (
    "no", "day", "rep", "customer", "kind", "status", "plan_day", "to_day", "stage", "amount", "action", "missing",
    "competitor", "reason", "next", "next_day", "note",
)  # fmt: skip
SERIAL, FIRST_1900, FIRST_1904 = "serial", date(1899, 12, 30), date(1904, 1, 1)


@dataclass
class Row:
    """One row of a table: cells by column key, and the facts that it tells."""

    fact: Fact
    cells: dict[str, Cell]
    told: list[Said] = field(default_factory=list)


@dataclass
class Form:
    """How one office's workbook is filled in; drawn once per file."""

    speaker: Speaker
    keys: list[str]
    headers: dict[str, str]
    date_form: str | None  # None: real dates; SERIAL: their numbers, unformatted
    from_1904: bool
    words: dict[str, str]  # the office's words for kinds, statuses, stages, events
    in_ten_thousands: bool
    as_text: bool
    formulas: bool
    notes_only: bool
    several: bool

    @classmethod
    def draw(cls, s: Speaker) -> Form:
        """A form by the speaker's rates."""
        rates = s.rates
        notes_only = s.chance(rates.notes_only)
        several = notes_only and s.chance(rates.several_in_a_note)
        keys = ["day", "rep", "note"] if several else ["day", "rep", "customer", "note"]
        if not notes_only:
            keys = list(COLUMNS)
        if not several and s.chance(rates.customer_code):
            keys.insert(keys.index("customer"), "customer_id")
            keys.insert(keys.index("rep"), "rep_id")
        if s.chance(rates.shuffled):
            keys = [keys[k] for k in s.rng.permutation(len(keys))]
        ten = s.chance(rates.in_ten_thousands)
        headers = {key: s.pick(HEADERS[key]) if s.chance(rates.other_headers) else HEADERS[key][0] for key in keys}
        if "amount" in headers:
            headers["amount"] += s.pick(("（万元）", "(万)", "/万元")) if ten else s.pick(("", "（元）", ""))
        words = {code: s.pick(forms) for codes in (KINDS, STATUSES, EVENTS) for code, forms in codes.items()}
        words |= {code: s.pick(forms) for code, forms in zip(STAGES, STAGE_WORDS, strict=True)}
        date_form = s.pick(DATES) if s.chance(rates.text_dates) else None
        if date_form is None and s.chance(rates.bare_serials):
            date_form = SERIAL
        return cls(
            s, keys, headers, date_form, s.chance(rates.date_1904), words, ten, s.chance(rates.number_as_text),
            s.chance(rates.formulas), notes_only, several,
        )  # fmt: skip

    def on(self, day: date | None) -> Cell:
        """A date as the column has it, now and then in another form."""
        if day is None:
            return None
        s, form = self.speaker, self.date_form
        if s.chance(s.rates.odd_date):
            form = s.pick(DATES)
        if form is None:
            return day
        if form == SERIAL:
            return float((day - (FIRST_1904 if self.from_1904 else FIRST_1900)).days)
        return widen(form.format(y=day.year, m=day.month, d=day.day), s.rates, s.rng)

    def planned(self, day: date | None, written_on: date) -> Cell:
        """The day of a plan: as a date, or as it is said on the row's day (下周三)."""
        s = self.speaker
        if day is not None and day > written_on and s.chance(s.rates.odd_date):
            return s.day(day, written_on, ahead=True)
        return self.on(day)

    def amount(self, amount: float | None) -> Cell:
        """An amount in the column's unit: a number, a text, or a formula with its value."""
        if amount is None:
            return None
        s = self.speaker
        value = round(amount / 10_000, 6) if self.in_ten_thousands else amount
        if self.as_text:
            text = f"{value:g}" if value != int(value) else f"{int(value)}"
            if not self.in_ten_thousands:
                text = s.pick(
                    (f"{amount:,.2f}", f"{amount:.2f}元", f"{round(amount / 10_000, 6):g}万", f"¥{amount:,.2f}")
                )
            return widen(text, s.rates, s.rng)
        if self.formulas and s.chance(0.3):
            return Formula(f"={value:g}*1", None if s.chance(s.rates.uncached) else value)
        return value

    def rows(self, facts: list[Fact]) -> list[Row]:
        """The rows of one rep's day."""
        s = self.speaker
        if self.notes_only:
            facts = [fact for fact in facts if fact.is_sayable]
        if not facts:
            return []
        day = s.on(facts[0].day)
        head: dict[str, Cell] = {
            "day": self.on(day),
            "rep": s.names.rep(facts[0].rep),
            "rep_id": s.names.rep_id[facts[0].rep],
        }
        if self.several:
            said = [say(s, fact, day) for fact in facts]
            number = s.pick(("{n}、", "{n}.", "({n})", "")) if len(said) > 1 else ""
            text = s.pick(("\n", "；", "\n")).join(number.format(n=k) + one.text for k, one in enumerate(said, 1))
            for one in said:
                one.told_in = "note"
            return [Row(facts[0], {**head, "note": widen(text, s.rates, s.rng)}, said)]
        return [self._row(fact, day, head) for fact in facts]

    def _row(self, fact: Fact, day: date, head: dict[str, Cell]) -> Row:
        s = self.speaker
        cells: dict[str, Cell] = {**head, "customer": s.customer(fact), "customer_id": fact.customer_id}
        name = str(cells["customer"])
        if self.notes_only:
            said = say(s, fact, day, named=False, dated=False)
            said.customer, said.told_in = name, "note"
            cells["note"] = widen(said.text, s.rates, s.rng)
            return Row(fact, cells, [said])
        said = self._columns(fact, name)
        cells |= {
            "kind": self.words[said.kind] if said.kind else None,
            "status": self.words[fact.status] if fact.status else None,
            "plan_day": self.planned({"rescheduled": said.date, "planned": said.next_date}.get(fact.status or ""), day),
            "to_day": self.planned(said.rescheduled_to, day),
            "stage": self._stage(fact),
            "amount": self.amount(fact.amount),
            "action": "、".join(ACTION_NAMES[ACTIONS[place][0]] for place in fact.actions) or None,
            "missing": "、".join(said.actions_missing) or None,
            "competitor": said.competitor,
            "reason": fact.reason if fact.event == "lost" else None,
            "next": self.words[fact.next_kind] if said.next_date and fact.next_kind else None,
            "next_day": self.planned(said.next_date if fact.status != "planned" else None, day),
            "note": None if s.chance(0.5) else say(s, fact, day, named=False, dated=False).heading or None,
        }  # fmt: skip
        said.text = " ".join(str(cells[key]) for key in ("kind", "status", "stage", "action") if cells.get(key)) or name
        return Row(fact, cells, [said])

    def _stage(self, fact: Fact) -> Cell:
        if fact.event:
            return self.words[fact.event]
        return self.words[STAGES[fact.stage]] if fact.stage is not None else None

    def _columns(self, fact: Fact, name: str) -> Said:
        """What the columns tell."""
        s = self.speaker
        said = Said(fact, name, name, told_in="columns")
        said.kind = fact.next_kind if fact.status == "planned" else fact.kind
        said.status = None if fact.status == "planned" else fact.status
        said.date = s.on(fact.day)
        if fact.status == "rescheduled" and fact.plan_day is not None:
            said.date = s.on(fact.plan_day)
        said.rescheduled_to = s.on(fact.to_day) if fact.to_day is not None else None
        if fact.event == "won" or fact.contract:
            said.stage = STAGES[4]
        elif fact.stage is not None and not fact.event:
            said.stage = STAGES[fact.stage]
        said.actions_done = [NOTED[place] for place in fact.actions if place in NOTED]
        said.amount_yuan = fact.amount
        if fact.missing and s.chance(s.rates.missing_action):
            said.actions_missing = [NOTED[fact.missing[0]]] if fact.missing[0] in NOTED else []
        if fact.status == "done" and fact.rival and s.chance(s.rates.rival):
            said.competitor = s.rival(fact.customer_id)
        if fact.next_day is not None and (fact.status == "planned" or s.chance(s.rates.next_step)):
            said.next_date = s.on(fact.next_day)
        return said
