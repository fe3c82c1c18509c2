"""The days that a clause speaks of: where they stand, and which day each is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from data_contracts.spoken_days import Towards, spoken_day

_N = "[0-9]{1,2}|[一二两三四五六七八九十廿]{1,3}"
_WEEK = "(?:周|星期|礼拜|禮拜)"
_FIND = re.compile(
    "|".join(
        (
            "(?:20)?[0-9]{2}[-./年][0-9]{1,2}[-./月][0-9]{1,2}日?",
            f"(?:(?:去年|今年|明年))?(?:{_N})月(?:{_N})(?:[日号]|(?![0-9]))",
            f"(?:下下|上上|下|上|这|本)?个?{_WEEK}[一二三四五六日天1-7]",
            f"(?:顺延|推迟|延后|延迟|延期|往后推|往后延|后延|推后|提前|提早|往后)(?:{_N}|半)?(?:天|日|个?{_WEEK})",
            f"(?:再?过)?(?:{_N})(?:天|个?{_WEEK})(?:之后|以后|后)",
            f"(?:再过)(?:{_N})(?:天|个?{_WEEK})",
            "(?:下个?|上个?|这个?|本)?月(?:底|末)",
            f"(?:{_N})月(?:底|末)",
            f"(?:下个?月|上个?月|这个?月|本月)?(?:{_N})[号日](?!店|楼|线|机|院)",
            "初[一二三四五六七八九十]",
            "大后天|大前天|后天|前天|明天|明日|明儿个?|听日|聽日|昨天|昨日|昨儿个?|寻日|尋日|今天|今日|今儿个?|今朝|今早|今晚|今晨|明早|明晚|昨晚|昨夜|当天",
            "(?<![0-9./])[0-9]{1,2}[/.][0-9]{1,2}(?![0-9./%万wk箱元块毛])",
        )
    )
)
_SAME = {"听日": "明天", "聽日": "明天", "寻日": "昨天", "尋日": "昨天", "今朝": "今天", "今早": "今天", "今晚": "今天",
         "今晨": "今天", "明早": "明天", "明晚": "明天", "昨晚": "昨天", "昨夜": "昨天", "今儿个": "今天",
         "明儿个": "明天", "昨儿个": "昨天"}  # fmt: skip


@dataclass(frozen=True)
class Day:
    """A day expression: its text, where it stands in the clause."""

    text: str
    start: int
    end: int

    def on(self, sent: date, towards: Towards, planned: date | None = None) -> date | None:
        return spoken_day(_SAME.get(self.text, self.text), sent, towards, planned)

    @property
    def is_shift(self) -> bool:
        return self.text[0] in "顺推延往后提" and not self.text.startswith("后天")


def find_days(plain: str) -> list[Day]:
    """Every day expression of a normalised clause, in order."""
    return [Day(m[0], m.start(), m.end()) for m in _FIND.finditer(plain)]
