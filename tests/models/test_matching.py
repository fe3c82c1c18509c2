"""Names of customers and reps: what is one, what is two, and what nobody should decide but a person."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.identity import load_identity
from models.matching import CustomerNames, Match, Rep, RepNames, choose, shortlists

IDENTITY = load_identity()
NAMES = CustomerNames(IDENTITY, ["杭州", "成都", "南京市", "杭州办事处"])
HANGZHOU, NANJING = frozenset(["杭州"]), frozenset(["南京"])
REPS = RepNames(
    IDENTITY,
    [
        Rep("E001", "王敏", "138-0000-1111", NANJING),
        Rep("E002", "王强", None, HANGZHOU),
        Rep("E003", "李婷婷", "13800003333", HANGZHOU),
        Rep("E004", "王敏", None, HANGZHOU),
        Rep("E005", "赵磊", None, HANGZHOU),
    ],
)


def likeness(one: str, other: str) -> float:
    return NAMES.likeness(NAMES.parse(one), NAMES.parse(other))


@pytest.mark.parametrize(
    ("one", "other"), list(permutations(["杭州联华", "联华超市(杭州)", "联华超市", "杭州联华集团"], 2))
)
def test_the_ways_to_write_one_customer_are_one(one: str, other: str) -> None:
    assert likeness(one, other) >= 0.92


@pytest.mark.parametrize("other", ["杭州联华", "联华超市(杭州)"])
def test_a_longer_name_of_the_same_beginning_is_one_among_the_reps_own(other: str) -> None:
    assert IDENTITY.accept <= likeness("联华华商集团", other) < IDENTITY.accept_elsewhere


@pytest.mark.parametrize(
    ("one", "other"), [("福泰酒店", "成都福泰酒店用品有限公司"), ("成都达丰电子", "成都达丰电子商务有限公司")]
)
def test_a_name_broken_off_is_one_among_the_reps_own(one: str, other: str) -> None:
    assert IDENTITY.accept <= likeness(one, other) < IDENTITY.accept_elsewhere


@pytest.mark.parametrize(
    ("one", "other", "most"),
    [
        ("杭州联华滨江店", "杭州联华下沙店", 0.3),  # two places of one chain
        ("联华超市滨江店", "联华（下沙店）", 0.3),
        ("南京联华", "杭州联华", 0.3),  # two cities
        ("杭州华联", "杭州联华", 0.5),  # the same characters
        ("鑫源超市", "鑫源商贸", 0.8),  # two trades
        ("新联华", "联华", 0.84),  # what stands before sets it apart
    ],
)
def test_different_customers_are_never_taken_for_one(one: str, other: str, most: float) -> None:
    assert likeness(one, other) <= most < IDENTITY.accept
    assert likeness(other, one) <= most


def test_what_voice_input_writes_is_near_and_not_the_same() -> None:
    assert IDENTITY.accept_elsewhere <= likeness("杭州鑫元商贸", "杭州鑫源商贸有限公司") < 1
    assert likeness("杭州鑫源商贸有限公司", "杭州 鑫源商贸有限公司") == 1


@given(
    st.text("杭州联华鑫源超市商贸滨江店集团有限公司()（）老张a1 ", max_size=14),
    st.text("杭州联华超市滨江店 ", max_size=10),
)
@settings(max_examples=150, deadline=None)
def test_any_two_names_compare_within_bounds_and_a_name_is_itself(one: str, other: str) -> None:
    assert 0 <= likeness(one, other) <= 1
    assert likeness(one, one) == 1


@given(
    st.lists(
        st.sampled_from(["联华", "联华华商", "鑫源", "鑫元", "华润", "天天", "大润发"]),
        min_size=1,
        max_size=7,
        unique=True,
    )
)
@settings(max_examples=30, deadline=None)
def test_a_shortlist_holds_whatever_would_be_taken(known: list[str]) -> None:
    asked = [NAMES.parse(n) for n in ("联华", "鑫源", "杭州天天超市")]
    names = [NAMES.parse(n) for n in known]
    for name, near in zip(asked, shortlists(asked, names), strict=True):
        taken = {k for k, other in enumerate(names) if NAMES.likeness(name, other) >= IDENTITY.accept}
        assert taken <= set(near)


@pytest.mark.parametrize(
    ("text", "rep_id"),
    [
        ("E002", "E002"),
        ("e002 王强", "E002"),
        ("+86 138 0000 1111", "E001"),
        ("婷婷13800003333", "E003"),
        ("王强", None),
    ],
)
def test_numbers_and_phones_are_keys(text: str, rep_id: str | None) -> None:
    found = REPS.by_key(text)
    assert (found.id if found else None) == rep_id
    assert found is None or (found.score, found.how) == (1.0, "key")


@pytest.mark.parametrize(
    ("text", "where", "taken", "why"),
    [
        ("王敏-南京", frozenset(), "E001", None),  # the place stands in the display name
        ("杭州办 王敏", NANJING, "E004", None),  # and goes before the conversation's
        ("王敏", NANJING, "E001", None),
        ("王敏", frozenset(), None, "ambiguous"),  # two of that name
        ("婷婷", HANGZHOU, "E003", None),
        ("李姐", HANGZHOU, "E003", None),
        ("阿磊", HANGZHOU, "E005", None),
        ("小王", HANGZHOU, None, "ambiguous"),  # 王强 and 王敏
        ("小李", frozenset(), None, "below_threshold"),  # of nowhere: may be anybody
        ("晴天", HANGZHOU, None, "unknown"),
        ("赵雷", HANGZHOU, "E005", None),  # by sound
    ],
)
def test_a_display_name_finds_its_rep_or_nobody(
    text: str, where: frozenset[str], taken: str | None, why: str | None
) -> None:
    match, reason = choose(REPS.candidates(text, where), IDENTITY.accept, IDENTITY.margin)
    assert (match.id if match else None, reason) == (taken, why)


def test_of_two_near_candidates_nobody_is_taken() -> None:
    two = [Match("a", "A", 0.97, "fuzzy"), Match("b", "B", 0.90, "fuzzy")]
    assert choose(two, 0.85, 0.08) == (None, "ambiguous")
    assert choose(two, 0.85, 0.05)[0] == two[0]
    assert choose([Match("a", "A", 1.0, "exact"), two[1]], 0.85, 0.2)[0] is not None  # the same text wins
    assert choose([], 0.85, 0.08) == (None, "unknown")
