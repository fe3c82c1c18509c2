"""The words of note reading: what people write, and what it means. Shipped in `lexicons/*.yaml`; a workspace's own
`lexicons/*.yaml` adds to it.

A word is literal text. `{a|b}` stands for either (`没{见|碰}到`), `…` for a few characters of the same clause
(`等了…没来`); nothing else is special, so no word can be slow to look for.
"""

from __future__ import annotations

import re
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from data_contracts.yaml_io import load_model

Kind = Literal["visit", "call", "demo", "technical_meeting", "sample_trial", "negotiation"]
Status = Literal["done", "rescheduled", "no_show", "cancelled"]
Stage = Literal["first_contact", "needs_confirmed", "solution_demo", "quotation", "contract_signed"]
Action = Literal["样品试用", "技术对接会", "会议纪要", "客户签字确认单", "报价单", "账期审批", "合同"]
# What a clause is rather than what it tells: asked, ordered, conditional, hearsay, a target, a plan, a correction.
Phrase = Literal["question", "condition", "target", "hearsay", "fee", "unit_price"]
Words = tuple[str, ...]
MAX_SPELLINGS = 200


class Lexicon(BaseModel):
    """Words by what they mean; every list may be left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: dict[Kind, Words] = Field(default_factory=dict)
    status: dict[Status, Words] = Field(default_factory=dict)
    stage: dict[Stage, Words] = Field(default_factory=dict)
    action: dict[Action, Words] = Field(default_factory=dict)
    phrases: dict[Phrase, Words] = Field(default_factory=dict)
    brands: Words = ()
    customers: Words = ()
    customer_suffixes: Words = ()
    familiar_customers: Words = ()
    familiar_brands: Words = ()


def spellings(word: str) -> list[str]:
    """The literal texts that a word of the lexicon stands for: `{a|b}` written out."""
    parts = [part.split("|") if n % 2 else [part] for n, part in enumerate(re.split(r"\{([^{}]*)\}", word))]
    found = ["".join(choice) for choice in product(*parts)]
    return found[:MAX_SPELLINGS]


def load_lexicon(workspace: Path | None = None) -> Lexicon:
    """The shipped words and the workspace's own; raises StagewatchError for a bad file."""
    shipped = sorted((f for f in (files("data_contracts") / "lexicons").iterdir() if f.name.endswith(".yaml")), key=str)
    own = sorted((workspace / "lexicons").glob("*.yaml")) if workspace is not None else []
    merged: dict[str, object] = {}
    for place in (*own, *shipped):
        read = load_model(place, Lexicon)
        for name in read.model_fields_set:
            value = getattr(read, name)
            known = merged.get(name)
            if known is None:
                merged[name] = dict(value) if isinstance(value, dict) else value
            elif isinstance(known, dict):
                for key, words in value.items():
                    known[key] = (*known.get(key, ()), *words) if isinstance(words, tuple) else known.get(key, words)
            else:
                merged[name] = (*known, *value)  # type: ignore[misc]
    return Lexicon.model_validate(merged)
