"""What a clause says beside the visit itself: stage, required actions, amount, competitor."""

from __future__ import annotations

import re
from datetime import date

from data_contracts.spoken_numbers import spoken_amount
from models.notes import patterns
from models.notes.clauses import Clause
from models.notes.days import find_days
from models.notes.draft import ACTIONS, STAGES, Draft
from models.notes.words import CompiledLexicon


class ValueReader:
    """Adds stage, actions, amount and competitor of one clause to a draft."""

    def __init__(self, words: CompiledLexicon) -> None:
        self.words = words

    def _stage(self, draft: Draft, clause: Clause, sent: date) -> None:
        plain = clause.plain
        for stage in reversed(STAGES):
            for found in self.words.stage[stage].finditer(plain):
                if patterns.NEGATED.search(plain[max(0, found.start() - 6) : found.start()]):
                    continue
                rest = plain[found.end() : found.end() + 2]
                if stage == "contract_signed" and (
                    re.match("字|到|收|名", rest)
                    or re.search("确认单|单子|回执|反馈|纪要|委托", plain[: found.start()][-8:])
                    or (re.search("签字|对账", plain) and "合同" not in plain)
                ):
                    continue
                if stage == "contract_signed" and re.search(
                    "就签|才签|再签|签了再|签完再|别家签|跟别人签|和.{2,6}签了.{0,4}(?:对手|竞)", plain
                ):
                    continue
                if (
                    stage == "quotation"
                    and any((d.on(sent, "plan") or sent) > sent for d in find_days(plain))
                    and not patterns.PAST.search(plain)
                ):
                    continue
                draft.reach(stage, clause.text[found.start() : found.end()])
                if stage == "contract_signed":
                    draft.done["合同"] = None
                    draft.spans.setdefault("actions_done", clause.text[found.start() : found.end()])
                if stage == "quotation" and not re.search("阶段", found[0]):
                    draft.done["报价单"] = None
                    draft.spans.setdefault("actions_done", clause.text[found.start() : found.end()])
                return

    def _actions(self, draft: Draft, clause: Clause) -> None:
        plain = clause.plain
        if patterns.UNTRIED.search(plain) and not re.search("试探|考试|面试", plain):
            draft.missing["样品试用"] = None
            draft.spans.setdefault("actions_missing", clause.text)
        for action in ACTIONS[1:]:
            for found in self.words.action[action].finditer(plain):
                noun, before, after = (
                    found[0],
                    plain[max(0, found.start() - 7) : found.start()],
                    plain[found.end() : found.end() + 10],
                )
                if action == "账期审批" and not re.search("批|审|同意|通过|没下|卡|过了|ok", plain):
                    break
                if action == "合同" and noun == "年框":
                    continue
                is_missing: object = (
                    patterns.LACKING_AFTER.search(after)
                    or patterns.LACKING_BEFORE.search(before)
                    or re.match(r"[（(]缺", after)
                )
                is_done: object = re.search(
                    r"^[^，,]{0,8}?(?:已|了|完|交|给|发|递|送|签|批下|批了|通过|取回|到手|拿|搞|整理|俾|好|ok|齐|收|盖)",
                    after,
                ) or re.search(
                    r"(?:已|交|给|发|递|送|提交|签|拿到|取回|收到|拿回|完成|补|带回|盖)(?:了|咗|完|好)?[^，,。]{0,4}$",
                    before,
                )
                if (
                    action == "会议纪要"
                    and re.search("晚点|稍后|晚些|明天|回头|今晚|待会|之后", plain)
                    and not re.search("已", plain)
                ):
                    is_missing = True
                if (
                    action == "报价单"
                    and re.search(
                        r"要我们?报价|要求报价|让我们?报价|催报价|等(?:我们|咱们|咱)?.{0,4}报价|要报价|等报价|问报价|出份报价|要个报价",
                        plain,
                    )
                    and action not in draft.done
                ):
                    is_missing, is_done = True, None
                if (
                    action == "账期审批"
                    and re.search(
                        "(?:已|都|也)?(?:批(?:了|下来|咗|哒|好|完|过)|审批(?:已|通过|过)|同意|通过|ok)", plain
                    )
                    and not re.search("没批|未批|没通过|还没|没下来|没同意|批没", plain)
                ):
                    is_missing, is_done = None, True
                if action == "合同" and is_done and not re.search("签|盖章|到手|拿到|回来", plain):
                    is_done = None
                if is_missing and not (is_done and action in draft.done):
                    draft.missing[action] = None
                    draft.spans.setdefault("actions_missing", clause.text)
                elif (
                    is_done
                    and not patterns.PLAN.search(plain[: found.start()])
                    and not any(d.text[0] in "明后下" for d in find_days(plain))
                ):
                    if action == "报价单":
                        draft.reach("quotation", clause.text)
                    draft.done[action] = None
                    draft.spans.setdefault("actions_done", clause.text)
                break

    def _credit(self, draft: Draft, clause: Clause, before: str) -> None:
        """账期 in one breath, 批 in the next: approved by us, or not yet."""
        plain = clause.plain
        if ("批" not in plain and "approv" not in plain) or not re.search(
            "[账帐]期|credit term|payment term", before + plain
        ):
            return
        if re.search(
            "(?:没|未|冇|还没|尚未|不|卡|待|等|pending)[^，,]{0,4}(?:批|approv)|批(?:没|不)|(?:批|approv)[^，,]{0,6}(?:没|未|卡|pending|缺|不下)",
            plain,
        ):
            draft.missing["账期审批"] = None
            draft.done.pop("账期审批", None)
            draft.spans.setdefault("actions_missing", clause.text)
        elif re.search("批(?:了|下|咗|哒|好|完|过|准|复)|已.{0,3}批|批$|approved|同意", plain):
            draft.done["账期审批"] = None
            draft.missing.pop("账期审批", None)
            draft.spans.setdefault("actions_done", clause.text)

    def amount(self, draft: Draft, clause: Clause, before: str = "") -> None:
        """The amount told in the clause; the quantity may stand in the one before, its price here."""
        plain = clause.plain
        for pattern in patterns.TIMES:
            joined = f"{before}，{plain}" if before else plain
            found = pattern.search(joined)
            if found and found.end() > len(joined) - len(plain):
                q, p = spoken_amount(found["q"]), spoken_amount(found["p"])
                if q and p:
                    draft.amount = q * p
                    for more in pattern.finditer(joined, found.end()):
                        between = joined[found.end() : more.start()]
                        extra = (spoken_amount(more["q"]), spoken_amount(more["p"]))
                        if re.fullmatch(r"[\s+＋加和及、]*", between) and extra[0] and extra[1]:
                            draft.amount += extra[0] * extra[1]
                    draft.spans["amount_yuan"] = joined[found.start() : found.end()]
                    return
        if self.words.has("fee", plain):
            plain = re.split(self.words.phrase["fee"], plain)[0]
        if patterns.RANGE.search(plain):
            return
        for found in patterns.AMOUNT.finditer(plain):
            before = plain[max(0, found.start() - 8) : found.start()]
            if self.words.phrase["unit_price"].search(before) or re.match(
                r"\s*[/一每](?:箱|件|盒|瓶|斤|吨|份)", plain[found.end() :]
            ):
                continue
            value = spoken_amount(re.sub(r"[\s个]", "", found["a"]))
            if value is None or value < 500:
                continue
            draft.amount = value
            draft.spans["amount_yuan"] = clause.text[found.start("a") : found.end("a")]

    def _rival(self, draft: Draft, clause: Clause) -> None:
        for brand in self.words.lexicon.brands:
            if brand in clause.text:
                draft.competitor = brand
                draft.spans["competitor"] = brand
                return
        for pattern in patterns.RIVAL:
            found = pattern.search(clause.text)
            if found and not patterns.NO_RIVAL.search(found["b"]) and found["b"] != draft.customer:
                draft.competitor = found["b"]
                draft.spans["competitor"] = found["b"]
                return
