"""How people are called: customers by shorter and turned names, reps by nickname, phone or number.

A rep has a usual name for each customer, which no other customer of the same rep answers to; now and then another
is written. Reps have a chat account: an identifier, and a name to show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from simulation.daily_reports.levels import Rates
from simulation.market import TRADES

TAIL = "有限公司"
SHORT_TRADES = {
    "供应链": "供应链",
    "餐饮管理": "餐饮",
    "连锁便利": "便利店",
    "酒店用品": "酒店用品",
    "电子商务": "电商",
}
# Names that have nothing of the registered one: who does not know them cannot tell.
NICKNAMES = (
    "{dir}{place}那家", "{dir}{place}批发部", "老{surname}家", "{surname}老板店里", "{place}路口那家",
    "{dir}{place}总仓",
    "{place}二部", "{surname}姐店里",
)  # fmt: skip
DIRECTIONS, PLACES = "东西南北", ("门", "环", "街口", "大道", "市场", "河沿", "新城", "火车站")
SHOWN = ("晴天", "一路向北", "平安是福", "奔跑的蜗牛", "小太阳", "海阔天空", "努力搬砖", "AAA快消配送", "静待花开",
    "随风", "爱吃鱼的猫", "大漠孤烟")  # fmt: skip
GROUPS = ("{city}日报群", "{city}办事处日报群", "{city}办业务汇报", "{city}销售一家人")


@dataclass(frozen=True)
class Account:
    """A rep in the chat: identifier, name shown, WeCom/DingTalk user id."""

    wxid: str
    shown: str
    userid: str


@dataclass
class Names:
    """The names that one office's people write; draws from the office's generator alone."""

    city: str
    rates: Rates
    rng: np.random.Generator
    rep_id: Sequence[str]
    rep_name: Sequence[str]
    phone: Sequence[str]
    written: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # (what, as written, true id)
    _usual: dict[tuple[int, str], tuple[str, list[str]]] = field(default_factory=dict)
    _accounts: dict[int, Account] = field(default_factory=dict)
    _taken: dict[int, set[str]] = field(default_factory=dict)

    def meet(self, pairs: Iterable[tuple[int, str, str]]) -> None:
        """Settle what each rep calls each customer: (rep, customer id, registered name), all of the office's."""
        known = sorted(set(pairs))
        shared: dict[int, Counter[str]] = {}
        for rep, _, name in known:
            shared.setdefault(rep, Counter()).update(set(short_names(name, self.city)))
        for rep, customer, name in known:
            own = [short for short in short_names(name, self.city) if shared[rep][short] == 1]
            usual = name
            draw = self.rng.random(3)
            if draw[0] < self.rates.customer_nickname:
                nickname = self._nickname()
                if nickname not in self._taken.setdefault(rep, set()):
                    self._taken[rep].add(nickname)
                    usual, own = nickname, [nickname]
            elif own and draw[1] < self.rates.customer_alias:
                usual = own[int(draw[2] * len(own))]
            self._usual[rep, customer] = usual, own

    def customer(self, rep: int, customer_id: str, registered: str) -> str:
        """The name written this time (before any wrong character)."""
        usual, others = self._usual.get((rep, customer_id), (registered, []))
        if others and self.rng.random() < self.rates.another_name:
            return others[int(self.rng.random() * len(others))]
        return usual

    def note(self, what: str, name: str, true_id: str) -> str:
        """Count a name as written; returns it."""
        self.written[what, name, true_id] += 1
        return name

    def rep(self, rep: int) -> str:
        """The rep's name in a workbook or a report's text."""
        draw = self.rng.random()
        name = self.rep_name[rep]
        if draw < self.rates.rep_shortened:
            name = self._shortened(rep)
        return self.note("rep", name, self.rep_id[rep])

    def account(self, rep: int) -> Account:
        """The rep's chat account, always the same."""
        if rep not in self._accounts:
            rng, name = self.rng, self.rep_name[rep]
            shown = (f"{name}-{self.city}", name, f"{self.city}{name}", f"{self.city}-{name}", f"{self.city}办 {name}")[
                int(rng.integers(5))
            ]
            draw = rng.random()
            if draw < self.rates.rep_nickname:
                shown = SHOWN[int(rng.integers(len(SHOWN)))]
            elif draw < self.rates.rep_nickname + self.rates.rep_shortened / 2:
                shown = self._shortened(rep)
            wxid = "wxid_" + "".join("0123456789abcdefghijklmnopqrstuv"[k] for k in rng.integers(0, 32, 12))
            userid = (self.rep_id[rep], f"u{int(self.rep_id[rep][2:]):04d}")[
                int(rng.random() < self.rates.rep_nickname)
            ]
            self._accounts[rep] = Account(wxid, shown, userid)
        account = self._accounts[rep]
        for name in (account.shown, account.wxid, account.userid):
            self.note("rep", name, self.rep_id[rep])
        return account

    def _shortened(self, rep: int) -> str:
        name = self.rep_name[rep]
        forms = (
            f"小{name[0]}",
            f"老{name[0]}",
            f"阿{name[-1]}",
            name[1:],
            f"{name[0]}哥",
            self.phone[rep],
            self.rep_id[rep],
        )
        return forms[int(self.rng.integers(len(forms)))]

    def _nickname(self) -> str:
        rng = self.rng
        pattern = NICKNAMES[int(rng.integers(len(NICKNAMES)))]
        return pattern.format(
            dir=DIRECTIONS[int(rng.integers(4))], place=PLACES[int(rng.integers(len(PLACES)))],
            surname="张王李赵刘陈周吴"[int(rng.integers(8))],
        )  # fmt: skip


def short_names(registered: str, city: str) -> list[str]:
    """What a registered name (成都鑫源商贸有限公司) is shortened and turned to; the nearest first."""
    body = registered.removesuffix(TAIL)
    trade = next((t for t in TRADES if body.endswith(t)), "")
    brand = body.removesuffix(trade).removeprefix(city)
    if not brand or not trade:
        return [body]
    short = SHORT_TRADES.get(trade, trade)
    forms = [body, brand + trade, f"{city}{brand}", brand, f"{brand}{trade}({city})", f"{brand}{trade}（{city}）"]
    if short != trade:
        forms += [brand + short, f"{city}{brand}{short}"]
    if trade == "超市":
        forms += [f"{brand}超市{city}店", f"{city}{brand}大卖场"]
    return [*forms, f"{brand}集团"]
