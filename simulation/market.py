"""The opportunities of a chunk before anything happens to them: customer, lead, amount, strength, first day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from simulation.hazards import working_share
from simulation.organisation import OFFICES, People
from simulation.parameters import Parameters

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

BRAND_FIRST = "鑫恒华盛宏永金瑞嘉天源福兴泰和广德顺康美佳利达丰隆祥裕安"
BRAND_SECOND = "源达丰泰隆盛华兴旺通顺发祥瑞康宁辉腾邦和业成信诚昌茂"
TRADES = ("商贸", "食品", "供应链", "贸易", "超市", "餐饮管理", "连锁便利", "酒店用品", "电子商务", "实业")


@dataclass(frozen=True)
class Opportunities:
    """Arrays over the chunk's opportunities. `number` is company-wide, `customer` the number of the first
    opportunity of the same customer, `created` a day number, `created_second` the second of that day."""

    number: Ints
    rep: Ints
    customer: Ints
    created: Ints
    created_second: Ints
    source: Ints
    channel: Ints
    product: Ints
    amount: Floats
    fit: Floats
    strength: Floats
    rival: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.number)


def draw(p: Parameters, people: People, reps: Ints, rng: np.random.Generator) -> Opportunities:
    """Draw the opportunities of `reps` (indices into people). The chunk's generator alone decides."""
    m = p.market
    rep = np.repeat(reps, people.leads[reps])
    n = len(rep)
    weights = working_share(p, p.days) * np.asarray(
        [p.season.leads_by_month[(p.start + timedelta(k)).month - 1] for k in range(p.days)]
    )
    created = np.searchsorted(np.cumsum(weights) / weights.sum(), rng.random(n))
    order = np.lexsort((created, rep))
    rep, created = rep[order], created[order]
    first = np.searchsorted(rep, rep)
    place = np.arange(n) - first
    number = people.first_lead[rep] + place

    tables = (m.lead_sources, m.channels, m.products)
    source, channel, product = (_choice(rng, [row[1] for row in rows], n) for rows in tables)
    log_size = rng.normal(0, m.amount_sigma, n)
    factor = np.asarray([row[3] for row in m.channels])[channel] * np.asarray([row[3] for row in m.products])[product]
    amount = np.round(m.amount_median * np.exp(log_size) * factor / 100) * 100
    fit = rng.normal(0, 1, n)
    strength = (
        m.skill_weight * people.skill[rep]
        + m.fit_weight * fit
        + sum(
            np.asarray([row[2] for row in rows])[chosen]
            for rows, chosen in zip(tables, (source, channel, product), strict=True)
        )
        + m.amount_weight * log_size
    )
    again = (rng.random(n) < m.repeat_customer) & (place > 0)
    earlier = first + np.floor(rng.random(n) * place).astype(np.int64)
    who = np.where(again, earlier, np.arange(n))
    while (who[who] != who).any():
        who = who[who]
    return Opportunities(
        number=number,
        rep=rep,
        customer=number[who],
        created=created,
        created_second=rng.integers(9 * 3600, 18 * 3600, n),
        source=source,
        channel=channel,
        product=product,
        amount=amount,
        fit=fit,
        strength=strength,
        rival=rng.random(n) < m.rival_at_start,
    )


def customer_names(seed: int, customer: Ints, office: Ints) -> list[str]:
    """A customer's name, the same wherever its number stands: made from the number, not drawn."""
    mixed = (customer.astype(np.uint64) + np.uint64(seed)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    first, second = mixed % np.uint64(len(BRAND_FIRST)), (mixed >> np.uint64(8)) % np.uint64(len(BRAND_SECOND))
    trade = (mixed >> np.uint64(20)) % np.uint64(len(TRADES))
    return [
        f"{OFFICES[o].city}{BRAND_FIRST[a]}{BRAND_SECOND[b]}{TRADES[t]}有限公司"
        for o, a, b, t in zip(office, first, second, trade, strict=True)
    ]


def _choice(rng: np.random.Generator, shares: list[float], n: int) -> Ints:
    edges = np.cumsum(shares) / np.sum(shares)
    return np.searchsorted(edges, rng.random(n), side="right").clip(max=len(shares) - 1)
