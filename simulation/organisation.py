"""The company's people and places: offices, reps, supervisors, regional managers, who follows whom.

Everything is drawn once from the seed, before any opportunity, and is small; chunks of opportunities
only read it. All names are invented from common ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.parameters import REGIONS, Parameters

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Office:
    """A city office: reps at factor 1, and the place of its check-ins (degrees)."""

    region: str
    province: str
    city: str
    reps: int
    latitude: float
    longitude: float

    @property
    def name(self) -> str:
        return f"{self.city}办事处"


OFFICES = tuple(
    Office(*row)
    for row in (
        ("华东", "上海市", "上海", 34, 31.23, 121.47), ("华东", "江苏省", "南京", 18, 32.06, 118.80),
        ("华东", "江苏省", "苏州", 16, 31.30, 120.62), ("华东", "浙江省", "杭州", 20, 30.27, 120.16),
        ("华东", "浙江省", "宁波", 12, 29.87, 121.54), ("华东", "安徽省", "合肥", 12, 31.82, 117.23),
        ("华东", "山东省", "济南", 12, 36.65, 117.12), ("华东", "山东省", "青岛", 13, 36.07, 120.38),
        ("华南", "广东省", "广州", 28, 23.13, 113.26), ("华南", "广东省", "深圳", 24, 22.54, 114.06),
        ("华南", "广东省", "东莞", 12, 23.02, 113.75), ("华南", "广东省", "佛山", 12, 23.02, 113.12),
        ("华南", "广西壮族自治区", "南宁", 7, 22.82, 108.37), ("华南", "海南省", "海口", 5, 20.04, 110.32),
        ("华北", "北京市", "北京", 28, 39.90, 116.40), ("华北", "天津市", "天津", 14, 39.13, 117.20),
        ("华北", "河北省", "石家庄", 8, 38.04, 114.51), ("华北", "山西省", "太原", 6, 37.87, 112.55),
        ("华北", "内蒙古自治区", "呼和浩特", 4, 40.84, 111.75),
        ("华中", "湖北省", "武汉", 18, 30.59, 114.31), ("华中", "湖南省", "长沙", 13, 28.23, 112.94),
        ("华中", "河南省", "郑州", 14, 34.75, 113.63), ("华中", "河南省", "洛阳", 5, 34.62, 112.45),
        ("西南", "四川省", "成都", 22, 30.57, 104.07), ("西南", "四川省", "绵阳", 5, 31.47, 104.68),
        ("西南", "重庆市", "重庆", 15, 29.56, 106.55), ("西南", "云南省", "昆明", 9, 25.04, 102.71),
        ("西南", "贵州省", "贵阳", 5, 26.65, 106.63),
        ("东北", "辽宁省", "沈阳", 10, 41.80, 123.43), ("东北", "辽宁省", "大连", 8, 38.91, 121.61),
        ("东北", "吉林省", "长春", 7, 43.82, 125.32), ("东北", "黑龙江省", "哈尔滨", 4, 45.80, 126.53),
    )
)  # fmt: skip
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程"
    "魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦"
)
_GIVEN_TEXT = (
    "伟 芳 敏 静 丽 强 磊 洋 艳 勇 军 杰 娟 涛 超 明 "
    "霞 平 刚 桂英 秀兰 志强 建国 建华 国强 海燕 晓东 晓燕 文博 文静 雨桐 雨欣 "
    "子轩 子涵 浩然 浩宇 俊杰 俊峰 嘉怡 嘉豪 思远 思琪 梓涵 一鸣 佳佳 佳琪 丹丹 婷婷 "
    "玉兰 玉梅 凤英 红梅 春梅 春华 秋菊 冬梅 立军 立新 永强 永红 振华 振宇 志远 志鹏 "
    "宏伟 宏图 天宇 天佑 明辉 明哲 家豪 家辉 少华 少峰 世杰 世豪 泽宇 泽民 新宇 新民 "
    "向东 向阳 晨曦 晨阳 梦洁 梦瑶 若曦 若琳 诗涵 诗雨 欣怡 欣然 雪梅 雪莹 惠敏 惠兰 "
    "淑芬 淑珍 彩霞 彩云 金凤 金龙 长青 长江 大伟 大勇 小龙 小红 学军 学文 庆丰 庆华 "
)
GIVEN = tuple(_GIVEN_TEXT.split())


@dataclass(frozen=True)
class People:
    """Reps, supervisors and managers. Arrays run over reps; `office` indexes OFFICES.

    `leads` is each rep's number of opportunities, `first_lead` the company-wide number of the first.
    `leaves` and `moves` are day numbers or -1: a rep leaves (`successor` takes over), or changes from
    `supervisor` to `next_supervisor`. Supervisors and managers are lists of (id, name, office or region).
    """

    rep_id: list[str]
    name: list[str]
    phone: list[str]
    office: Ints
    skill: NDArray[np.float64]
    supervisor: Ints
    next_supervisor: Ints
    moves: Ints
    leaves: Ints
    successor: Ints
    leads: Ints
    first_lead: Ints
    supervisors: list[tuple[str, str, int]]
    managers: list[tuple[str, str, str]]

    @property
    def opportunities(self) -> int:
        """All opportunities of the company."""
        return int(self.leads.sum())


def build(p: Parameters) -> People:
    """Draw the organisation of the parameters' factor from the seed."""
    rng = np.random.default_rng(np.random.SeedSequence(p.seed, spawn_key=(0,)))
    reps = [max(1, round(office.reps * p.factor)) for office in OFFICES]
    office = np.repeat(np.arange(len(OFFICES)), reps)
    n = len(office)
    names = _names(rng, n + 2 * n + len(REGIONS))
    supervisors, supervisor = _teams(office, names[n:])
    managers = [(f"DQ{k + 1:02d}", names[-1 - k], region) for k, region in enumerate(REGIONS)]
    years = p.days / 365
    share = np.asarray([o.reps * p.factor / count for o, count in zip(OFFICES, reps, strict=True)])
    leads = rng.poisson(p.market.leads_per_rep * years * share[office] * np.exp(rng.normal(0, 0.15, n)))
    region_of = np.asarray([REGIONS.index(o.region) for o in OFFICES])
    leaves = np.where(rng.random(n) < p.market.reps_leaving, rng.integers(60, max(61, p.days - 30), n), -1)
    moves = np.where(rng.random(n) < p.market.teams_changed, rng.integers(60, max(61, p.days - 30), n), -1)
    successor, other = np.full(n, -1), supervisor.copy()
    team_region = np.asarray([region_of[where] for _, _, where in supervisors])
    stays = leaves < 0
    for rep in np.flatnonzero((leaves >= 0) | (moves >= 0)):
        near = np.flatnonzero(stays & (office == office[rep]))
        if not len(near):
            near = np.flatnonzero(stays & (region_of[office] == region_of[office[rep]]))
        near = near[near != rep]
        teams = np.flatnonzero(team_region == region_of[office[rep]])
        teams = teams[teams != supervisor[rep]]
        successor[rep] = near[rng.integers(len(near))] if len(near) else -1
        other[rep] = teams[rng.integers(len(teams))] if len(teams) else supervisor[rep]
    leaves[successor < 0] = -1
    skill = rng.normal(0, 1, n)
    skill = (skill - skill.mean()) / max(float(skill.std()), 1e-9)  # skill is relative: a small company has no luck
    moves[(other == supervisor) | (leaves >= 0)] = -1
    return People(
        rep_id=[f"YW{k + 1:05d}" for k in range(n)],
        name=names[:n],
        phone=_phones(rng, n),
        office=office,
        skill=skill,
        supervisor=supervisor,
        next_supervisor=other,
        moves=moves,
        leaves=leaves,
        successor=successor,
        leads=leads,
        first_lead=np.concatenate([[0], np.cumsum(leads)[:-1]]),
        supervisors=supervisors,
        managers=managers,
    )


def _teams(office: Ints, names: list[str]) -> tuple[list[tuple[str, str, int]], Ints]:
    """Teams of about twelve within a region, over neighbouring offices; the supervisor sits with the first rep."""
    supervisor = np.zeros(len(office), dtype=np.int64)
    supervisors: list[tuple[str, str, int]] = []
    for region in REGIONS:
        members = np.flatnonzero([OFFICES[o].region == region for o in office])
        for team in np.array_split(members, max(1, round(len(members) / 12))):
            number = len(supervisors)
            supervisor[team] = number
            supervisors.append((f"ZG{number + 1:04d}", names[number], int(office[team[0]])))
    return supervisors, supervisor


def _names(rng: np.random.Generator, n: int) -> list[str]:
    surname, given = rng.integers(0, len(SURNAMES), n), rng.integers(0, len(GIVEN), n)
    return [SURNAMES[s] + GIVEN[g] for s, g in zip(surname, given, strict=True)]


def _phones(rng: np.random.Generator, n: int) -> list[str]:
    prefix = np.asarray(["130", "135", "138", "139", "150", "158", "186", "189"])[rng.integers(0, 8, n)]
    return [f"{a}{b:08d}" for a, b in zip(prefix, rng.integers(0, 10**8, n), strict=True)]
