"""The stages that a table names: which of the workspace's playbook they are, or a playbook of their own.

A stage's name is the playbook's where it is written so (code or name, in either language). Where any value is
another, the table has stages of its own, and a playbook is proposed that holds them, in the order in which
opportunities pass them, or else in the usual order of a sale's steps.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
from pypinyin import lazy_pinyin

from assets.propose.profile import Profile
from data_contracts.headers import Headers
from data_contracts.mapping import normal_header
from data_contracts.playbook import Playbook
from data_contracts.sql_names import quote_ident

OUTCOMES = ("won", "lost", "reopened")


@dataclass(frozen=True)
class Stages:
    """Their words -> the stage's code, and -> won, lost or reopened; `own` are the stages of a proposed playbook, in
    order, as (code, their word). `first`: the first stage there is. `is_ordered`: the data tell the order."""

    by_word: Mapping[str, str]
    events: Mapping[str, str]
    first: str
    own: tuple[tuple[str, str], ...] = ()
    is_ordered: bool = True


def find_stages(
    words: Sequence[str], playbook: Playbook, headers: Headers, order: Mapping[str, float] | None
) -> Stages:
    """The stages behind the words of a column. `order`: how early opportunities come to each, where that is known."""
    events = {w: e for w in words if (e := headers.value_of("event", w)) in OUTCOMES}
    steps = [w for w in words if w not in events]
    ours = {w: code for w in steps if (code := _playbook_stage(w, playbook)) is not None}
    if len(ours) == len(steps):
        return Stages(ours, events, playbook.stages[0].stage)
    ranks = order or _usual_order(steps, headers)
    ordered = sorted(steps, key=lambda w: (ranks.get(w, float("inf")), steps.index(w)))
    codes: dict[str, str] = {}
    for word in ordered:
        codes[word] = _code(word, set(codes.values()))
    return Stages(codes, events, codes[ordered[0]], tuple((codes[w], w) for w in ordered), order is not None)


def passing_order(
    con: duckdb.DuckDBPyConnection, relation: str, opportunity: Profile, stage: Profile, moment: str
) -> dict[str, float]:
    """How early each value of the stage column comes: the mean place among the opportunity's values, 0 to 1, of the
    first time it has each. `moment`: the relation's column of the time."""
    rows = con.execute(
        f"""
        with firsts as (
          select {quote_ident(opportunity.name)} as opportunity, {quote_ident(stage.name)} as stage,
                 min(row(coalesce({moment}, timestamptz '2000-01-01'), source_row)) as first_at
          from {relation} where {quote_ident(stage.name)} is not null group by all),
        placed as (
          select stage, percent_rank() over (partition by opportunity order by first_at) as place,
                 count(*) over (partition by opportunity) as stages
          from firsts)
        select stage, avg(place) filter (stages > 1) from placed group by stage"""
    ).fetchall()
    return {stage: place for stage, place in rows if place is not None}


def _playbook_stage(word: str, playbook: Playbook) -> str | None:
    said = normal_header(word.replace("_", " "))
    for stage in playbook.stages:
        names = (stage.stage.replace("_", " "), stage.name.zh, stage.name.en)
        if said in {normal_header(name) for name in names}:
            return stage.stage
    return None


def _usual_order(words: Sequence[str], headers: Headers) -> dict[str, float]:
    """By a number that the words begin with, else by the usual steps of a sale."""
    numbers = {w: float(m[1]) for w in words if (m := re.match(r"\D{0,2}(\d+(?:\.\d+)?)", w))}
    if len(numbers) == len(words) and len(set(numbers.values())) == len(words):
        return numbers
    steps = headers.values.get("stage", {})
    places = {normal_header(word): float(n) for n, word in enumerate(w for said in steps.values() for w in said)}
    found = {w: places.get(normal_header(w.replace("_", " "))) for w in words}
    return {w: place for w, place in found.items() if place is not None}


def _code(word: str, taken: set[str]) -> str:
    """A code for a word: ASCII in snake_case, Chinese by its sound."""
    ascii_word = "_".join(lazy_pinyin(word)) if not word.isascii() else word
    code = re.sub(r"[^a-z0-9]+", "_", ascii_word.lower()).strip("_")[:40].strip("_") or "stage"
    code = f"stage_{code}" if not code[0].isalpha() else code
    number, free = 2, code
    while free in taken:
        free, number = f"{code}_{number}", number + 1
    return free
