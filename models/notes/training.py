"""Learning to read from labelled messages: the names' field and the judge's heads.

The judge is trained on drafts as they come out when reading messages that the names' field has not seen (fields are
trained without one fold of styles in turn), so that it learns with the errors that it will meet.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from models.notes.draft import Draft
from models.notes.evidence import Evidence
from models.notes.facts import Message
from models.notes.heads import Head, fit_head, save_heads
from models.notes.judge import NONE, VOID, resolved, sureness_of
from models.notes.labelled import Labelled
from models.notes.message import ONE_CUSTOMER, Drafter, spoken_of
from models.notes.names import NameTagger, tags_of, train_names
from models.notes.scoring import same_customer
from models.notes.words import CompiledLexicon

AnyFact = Mapping[str, Any]
Example = tuple[list[str], str]
Examples = dict[str, list[Example]]
FOLDS = 3


@dataclass(frozen=True)
class Part:
    """One fold of styles: what a field trained without it made of its messages, as examples for the heads."""

    weights: Path
    examples: Examples


def learn(words: CompiledLexicon, styles: Sequence[Labelled], folder: Path) -> None:
    """Learn all that a reader needs from labelled styles, and write it to a folder (`names`, `heads.npz`).

    The same labels, words and libraries give the same files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    learn_names(words, styles, folder / "names")
    with TemporaryDirectory() as scratch:
        save_heads(learn_judge(learn_parts(words, styles, Path(scratch))), folder / "heads.npz")


def learn_parts(words: CompiledLexicon, styles: Sequence[Labelled], folder: Path, folds: int = FOLDS) -> list[Part]:
    """The styles in folds (style n is of fold n mod `folds`), each with a field that has not seen it, in `folder`."""
    parts = []
    for fold in range(folds):
        weights = folder / f"names{fold}"
        learn_names(words, [style for n, style in enumerate(styles) if n % folds != fold], weights)
        drafter = Drafter(words, NameTagger(words, weights))
        examples: Examples = defaultdict(list)
        for style in styles[fold::folds]:
            _gather(drafter, style, examples)
        parts.append(Part(weights, examples))
    return parts


def learn_names(words: CompiledLexicon, styles: Sequence[Labelled], weights: Path, copies: int = 1) -> None:
    """Train the names' field on all messages of the styles, and on copies of each with other names in its places.

    What is learned from the copies is where a name stands, and not which names there are.
    """
    told = [(message.text, message.channel in ONE_CUSTOMER, _names(facts, "customer"), _names(facts, "competitor"))
            for style in styles for message, facts in style]  # fmt: skip
    customers = sorted({name for _, _, mine, _ in told for name in mine})
    rivals = sorted({name for _, _, _, theirs in told for name in theirs})
    chance = Random(7)

    def others(names: list[str], pool: list[str]) -> dict[str, str]:
        return {name: chance.choice(pool) for name in names}

    examples = [(text, is_note, tags_of(text, mine, theirs)) for text, is_note, mine, theirs in told]
    for text, is_note, mine, theirs in told * copies:
        swapped = others(mine, customers) | others(theirs, rivals)
        if not swapped or any(name not in text for name in swapped):
            continue
        places = "|".join(re.escape(name) for name in sorted(swapped, key=len, reverse=True))
        other = "".join(swapped.get(piece, piece) for piece in re.split(f"({places})", text))
        examples.append((other, is_note, tags_of(other, [swapped[n] for n in mine], [swapped[n] for n in theirs])))
    train_names(words, examples, weights)


def _names(facts: Sequence[AnyFact], field: str) -> list[str]:
    return list(dict.fromkeys(name for fact in facts if (name := fact.get(field))))


def learn_judge(parts: Sequence[Part]) -> dict[str, Head]:
    """Train the judge's heads on the examples of at least two parts.

    How sure a fact is is learned likewise: from what a status head says of parts that it has not seen.
    """
    names = [name for name in parts[0].examples if name != "sure"]
    heads = {name: fit_head([e for part in parts for e in part.examples[name]]) for name in names}
    sure: list[Example] = []
    for part in parts:
        head = fit_head([e for other in parts if other is not part for e in other.examples["status"]])
        for (features, status), (told, _) in zip(part.examples["status"], part.examples["sure"], strict=True):
            is_fact = 1 - head.probabilities(features)[VOID]
            sure.append(([*told, f"fact={round(is_fact * 10)}"], VOID if status == VOID else "fact"))
    return {**heads, "sure": fit_head(sure)}


def _gather(drafter: Drafter, style: Labelled, examples: Examples) -> None:
    """Add the examples of one style's drafts."""
    known: dict[str, None] = {}
    about: dict[str, str | None] = {}
    for message, facts in style:
        link = message.corrects or message.reply_to
        context = about.get(link) if link else None
        drafts = drafter.drafts(message, known, context)
        about[message.id] = next((n for f in facts if (n := f.get("customer"))), None) or spoken_of(drafts) or context
        left = list(facts)
        for draft in drafts:
            mine = next((f for f in left if same_customer(f.get("customer"), draft.customer)), None)
            if mine is not None:
                left.remove(mine)
            _add(drafter, draft, message, mine, examples)


def _add(drafter: Drafter, draft: Draft, message: Message, fact: AnyFact | None, examples: Examples) -> None:
    sent = message.sent_at.date()
    seen = Evidence(draft, sent, drafter.words, message.channel in ONE_CUSTOMER)
    examples["sure"].append((sureness_of(draft), ""))
    if fact is None:
        examples["status"].append((seen.general, VOID))
        return
    status, kind = fact.get("status") or NONE, fact.get("kind")
    examples["status"].append((seen.general, status))
    examples["stage"].append((seen.general, fact.get("stage") or NONE))
    if kind:
        examples["kind"].append((seen.kind(status), kind))
    done, missing = fact.get("actions_done") or (), fact.get("actions_missing") or ()
    for action, _, features in seen.actions(status, kind):
        state = "done" if action in done else "missing" if action in missing else NONE
        examples["action"].append((features, state))
    for day, _, features in seen.days(status):
        role = next(
            (role for role in ("rescheduled_to", "next_date", "date")
             if fact.get(role) and (told := resolved(day, role, status, sent, draft.arranged))
             and told.isoformat() == fact[role]),
            NONE,
        )  # fmt: skip
        examples["day"].append((features, role))
    amount = fact.get("amount_yuan")
    for money, features in seen.sums(status):
        examples["sum"].append((features, "amount" if amount and money.value == Decimal(str(amount)) else NONE))
