"""A filled-in template: each title says what its value is."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from models.notes.clauses import Clause, clauses, plain_text
from models.notes.days import find_days
from models.notes.draft import KINDS, Draft, Part
from models.notes.told import ClauseReader

_TITLES = (
    ("customer", re.compile("客户|门店|终端|单位|对象|店名|商户|去哪|找谁|哪家|见谁|跑哪|名称")),
    ("next", re.compile("下次|下步|下一步|后续|下回|接下来|明日|再去|回访时间|跟进(?:时间|计划)")),
    ("stage", re.compile("阶段|进度|进展|走到哪|到哪")),
    ("amount", re.compile("金额|额|多少钱|价")),
    ("kind", re.compile("方式|类型|形式|怎么(?:去|谈|聊|见)|干啥|做啥|做什么|动作")),
    ("rival", re.compile("竞品|对手|竞争|友商")),
    ("missing", re.compile("缺|欠|未完成|待办|差(?:啥|什么)|卡(?:点|在)|还差")),
    ("done", re.compile("已完成|办妥|交付|完成事项|拿到")),
    (
        "result",
        re.compile("结果|情况|效果|成没成|怎样|如何|反馈|内容|说明|备注|记录|纪要|小结|经过|其他|补充|时间|日期"),
    ),
)
_STAGES = (
    ("contract_signed", "签|合同"),
    ("quotation", "报价"),
    ("solution_demo", "演示|方案"),
    ("needs_confirmed", "需求|意向"),
    ("first_contact", "接触|初访|首访|首次|初步|新客户"),
)
_EMPTY = re.compile(r"^[\s/／\\\-—–_.。无0]*$|^(?:暂无|没有|待定|无$|n/?a|none)", re.IGNORECASE)
_EXAMPLE = re.compile(r"选一|请勿|范例|示例|xx|XX|填写|如[“\"]|单位元|从下拉")


def title_of(title: str) -> str | None:
    """What a title asks for; None where it is no title that we know."""
    return next((name for name, pattern in _TITLES if pattern.search(title)), None)


def is_template(lines: list[tuple[str, str]]) -> bool:
    """Whether (title, value) lines are of a form that asks for a customer and more."""
    titles = [title_of(title) for title, _ in lines]
    return "customer" in titles and sum(title is not None for title in titles) >= 3


def read_template(
    reader: ClauseReader, lines: list[tuple[str, str]], known: dict[str, None], sent: date
) -> list[Draft] | None:
    """The drafts of a filled-in template, none for an example of one; None where it names no customer.

    Its customers are added to `known`. A value that speaks of several is cut by their names.
    """
    if _is_example(lines):
        return []
    names = next((value for title, value in lines if title_of(title) == "customer"), "")
    customers = [
        name
        for part in re.split(r"[、，,；;/]", re.sub(r"[（(][^)）]*[)）]$", "", names))
        if (name := part.strip()) and not re.match(r"见上|同上|/|无|—|-", name)
    ]
    if not customers:
        return None
    known.update(dict.fromkeys(customers))
    is_one = len(customers) == 1
    drafts = []
    for name in customers:
        draft = Draft(customer=name, sureness=0.95 if is_one else 0.9, spans={"customer": name})
        own = lines if is_one else _lines_of(name, customers, lines)
        draft.parts = [_part(title, value) for title, value in own if title_of(title) != "customer"]
        _read_lines(reader, draft, own, sent)
        if is_one:
            draft.finish()
        drafts.append(draft)
    return drafts


def _part(title: str, value: str) -> Part:
    text = f"{title}:{value}"
    clause = Clause(text, plain_text(text), "\n", True)
    return Part(clause, clause.plain, _EMPTY.match(value) is None)


def _lines_of(name: str, customers: list[str], lines: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What the lines say of one customer: the parts that name it; all of a value that names none."""
    own = []
    for title, value in lines:
        if title_of(title) == "customer":
            continue
        if any(other in value for other in customers):
            parts = [part for part in re.split(r"[；;。\n]", value) if name in part]
            value = "；".join(part.replace(name, "").strip("：: ") for part in parts)
        own.append((title, value))
    return own


def _is_example(lines: list[tuple[str, str]]) -> bool:
    return any(_EXAMPLE.search(value) for _, value in lines) or all(_EMPTY.match(value) for _, value in lines)


def _read_lines(reader: ClauseReader, draft: Draft, lines: list[tuple[str, str]], sent: date) -> None:
    """Add the values of a template's lines to the draft; the customer is taken elsewhere."""
    order = {"kind": 0, "result": 1, "done": 1, "missing": 2, "stage": 3, "amount": 4, "rival": 5, "next": 6}
    # A title of their own is one of how it went.
    known = [
        (order.get(name, 1), name, title, value)
        for title, value in lines
        if (name := title_of(title)) and name != "customer"
    ]
    for _, name, title, value in sorted(known, key=lambda k: k[0]):
        if _EMPTY.match(value):
            continue
        plain = plain_text(value)
        if name == "kind":
            found = reader.kind_told(plain)
            draft.plan_kind = found
            if found and not re.search("待|计划|未", plain):
                draft.spans["kind"] = value
        elif name == "stage":
            if not re.search("未|拟|待|准备|/", plain):
                _stage(draft, plain, value)
        elif name == "amount":
            reader.amount(draft, Clause(value, plain, "", True))
            if draft.amount is None and re.fullmatch(r"[0-9][0-9,]*(\.[0-9]+)?\s*(元|块)?", plain):
                number = Decimal(re.sub(r"[^0-9.]", "", plain))
                draft.amount = number if number else None
                draft.spans["amount_yuan"] = value
        elif name == "rival":
            if not re.search("无|没有|不详", plain):
                draft.competitor = re.split(r"[，,、；;（(\s：:]", value)[0].removesuffix("牌")[:8]
                draft.spans["competitor"] = draft.competitor
        elif name == "next":
            days = find_days(plain)
            day = next((d for d in (x.on(sent, "plan") for x in days) if d), None)
            if day and draft.status == "rescheduled" and draft.new_day is None:
                draft.new_day = day
                draft.spans["rescheduled_to"] = value[days[0].start : days[0].end]
            elif day:
                step = value if len(value) > days[0].end - days[0].start + 2 else title
                draft.next_step, draft.next_date = step, day
                draft.spans |= {"next_step": step, "next_date": value[days[0].start : days[0].end]}
        elif name == "missing":
            for clause in clauses(value):
                for action, pattern in reader.words.action.items():
                    if pattern.search(clause.plain) and (action != "样品试用" or "试" in clause.plain):
                        draft.missing[action] = None
                        draft.spans.setdefault("actions_missing", clause.text)
        else:
            for clause in clauses(value):
                reader.add(draft, clause, sent)
            if (
                draft.status is None
                and re.search("完成|有效|接通|见到|已|顺利|ok|成功|正常|谈妥", plain)
                and not re.search("未|没", plain)
                and "备注" not in title
            ):
                draft.status = "done"
                draft.spans["status"] = value
    if draft.status == "done" and draft.kind is None:
        draft.kind = draft.plan_kind or "visit"
    if (
        draft.status is None
        and draft.plan_kind
        and (draft.stage or draft.done)
        and not any(re.search("待", v) for t, v in lines if title_of(t) in ("kind", "result"))
    ):
        draft.status, draft.kind = "done", draft.plan_kind
    if draft.status == "done" and draft.plan_kind:
        if draft.kind is None or KINDS.index(draft.plan_kind) < KINDS.index(draft.kind):
            draft.kind = draft.plan_kind
        if draft.kind == "sample_trial":
            draft.done["样品试用"] = None
        if draft.kind == "technical_meeting":
            draft.done["技术对接会"] = None
        if draft.kind == "demo":
            draft.reach("solution_demo", draft.spans.get("kind", ""))
    elif draft.status and draft.kind is None:
        draft.kind = draft.plan_kind


def _stage(draft: Draft, plain: str, value: str) -> None:
    for stage, pattern in _STAGES:
        if re.search(pattern, plain):
            draft.reach(stage, value)
            return
