"""The derived sources of a mapping: tables made from another by pairing, picking, reading notes, resolving names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from data_contracts.expressions import known_titles, parse_expression
from data_contracts.mapping_values import Strict, Value

# Columns of every source besides those declared: usable in values and expressions, not declarable.
PROVENANCE = ("source_file", "source_sheet", "source_row")
CHANNELS = ("wechat", "wecom", "dingtalk", "excel_note", "form")
# What reading a note adds to its row, a row a fact; lists are joined by `;`, days are ISO.
FACT_TEXTS = (
    "customer", "kind", "status", "date", "rescheduled_to", "stage", "actions_done", "actions_missing",
    "amount_yuan", "competitor", "next_step", "next_date", "confidence", "spans",
)  # fmt: skip
ENTRY_NUMBER = "entry_no"
NOTE_COLUMNS = ("fact_no", "told_id", "told_at", "first_told_at", *FACT_TEXTS)
RESOLVED_COLUMNS = (
    "rep_id", "rep_score", "rep_how", "customer_id", "customer_name", "customer_score", "customer_how",
    "opportunity_id", "opportunity_how", "visit_id",
)  # fmt: skip

Order = Annotated[tuple[Value, ...], BeforeValidator(lambda v: v if isinstance(v, list | tuple) else [v])]
Columns = Annotated[tuple[str, ...], BeforeValidator(lambda v: [v] if isinstance(v, str) else v), Field(min_length=1)]
SomeColumns = Annotated[tuple[str, ...], BeforeValidator(lambda v: [v] if isinstance(v, str) else v)]


class Pair(Strict):
    """Start rows paired with complete rows of the same key.

    `fifo`: a complete takes the oldest start still open. `next`: a start belongs to the row after it or to none.
    """

    source: Annotated[str, Field(alias="from")]
    by: Columns
    order: Order = ()
    start: str
    complete: str
    rule: Literal["fifo", "next"] = "fifo"


class Pick(Strict):
    """One row per key: the first or last, by `order` and then by where it stands."""

    source: Annotated[str, Field(alias="from")]
    by: Columns
    order: Order = ()
    take: Literal["first", "last"] = "first"
    where: str | None = None


class Notes(Strict):
    """A row for each fact that a free text tells. `channel` is one of CHANNELS, or a column that names one.

    Messages of one `conversation` are read together, so that replies, corrections, forwards and recalls are seen;
    without it (and without reply_to and corrects) each text stands for itself. `customer`: the row's own column.
    """

    source: Annotated[str, Field(alias="from")]
    text: str
    sent_at: Value
    id: str | None = None
    sender: str | None = None
    channel: str = "excel_note"
    conversation: str | None = None
    reply_to: str | None = None
    corrects: str | None = None
    customer: str | None = None
    where: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        named = (self.text, self.id, self.sender, self.conversation, self.reply_to, self.corrects, self.customer)
        channel = () if self.channel in CHANNELS else (self.channel,)
        return (*(name for name in named if name is not None), *channel)


class Resolve(Strict):
    """Who is meant: rep, customer, opportunity and visit of each row, found among the workspace's structured records.

    `rep` and `customer` are columns tried in order (number, phone, name as written); `place` are columns that may
    name the office or city (a conversation, a sheet); `needs_opportunity` is true of rows whose fact is lost without
    an opportunity: those that have none are listed for review.
    """

    source: Annotated[str, Field(alias="from")]
    at: Value
    rep: SomeColumns = ()
    customer: SomeColumns = ()
    place: SomeColumns = ()
    opportunity: str | None = None
    needs_opportunity: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return (*self.rep, *self.customer, *self.place, *([self.opportunity] if self.opportunity else []))


class Unroll(Strict):
    """A row for each row of the tables in a report's `fields` that have one of `titles`; without one, the row itself.

    The table's values stand before the report's own of the same title. `columns`: what is taken out of them, ours ->
    titles, the first that is filled in. `@name`: the header registry's titles.
    """

    source: Annotated[str, Field(alias="from")]
    fields: str
    titles: Columns
    taken: Annotated[dict[str, Columns], Field(alias="columns")] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _titles_exist(self) -> Unroll:
        for titles in (self.titles, *self.taken.values()):
            known_titles(titles)
        return self

    @property
    def added(self) -> tuple[str, ...]:
        """The columns that it adds."""
        return (*self.taken, ENTRY_NUMBER)

    @property
    def columns(self) -> tuple[str, ...]:
        """The column that it reads."""
        return (self.fields,)


class Unpivot(Strict):
    """A row for each of these columns that is filled in: what the column is called in `name`, its cell in `value`, what
    tells the row from all others in `key`. `split`: characters that part a cell, which is then a row for each part."""

    source: Annotated[str, Field(alias="from")]
    taken: Annotated[Columns, Field(alias="columns")]
    name: str = "name"
    value: str = "value"
    key: str = "key"
    split: str | None = None

    @property
    def added(self) -> tuple[str, ...]:
        """The columns that it adds."""
        return (self.name, self.value, self.key)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return self.taken


class Fill(Strict):
    """Blank cells of some columns take what other rows of the same key say: the commonest, of equals the least text."""

    source: Annotated[str, Field(alias="from")]
    by: Columns
    blanks: Annotated[Columns, Field(alias="columns")]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return (*self.by, *self.blanks)


class DerivedSource(Strict):
    """A table made from another: exactly one of pair, pick, notes, resolve, unroll, unpivot and fill."""

    pair: Pair | None = None
    pick: Pick | None = None
    notes: Notes | None = None
    resolve: Resolve | None = None
    unroll: Unroll | None = None
    unpivot: Unpivot | None = None
    fill: Fill | None = None

    @model_validator(mode="after")
    def _is_one(self) -> DerivedSource:
        rules = (self.pair, self.pick, self.notes, self.resolve, self.unroll, self.unpivot, self.fill)
        if len([rule for rule in rules if rule is not None]) != 1:
            raise ValueError("needs exactly one of pair, pick, notes, resolve, unroll, unpivot and fill")
        return self

    @property
    def rule(self) -> Pair | Pick | Notes | Resolve | Unroll | Unpivot | Fill:
        """The one way in which it is made."""
        rule = self.pair or self.pick or self.notes or self.resolve or self.unroll or self.unpivot or self.fill
        assert rule is not None
        return rule

    @property
    def made_from(self) -> str:
        return self.rule.source

    def values(self) -> Iterator[tuple[str, Value]]:
        """The values it holds, with the key each stands under."""
        if isinstance(self.rule, Pair | Pick):
            yield from (("order", value) for value in self.rule.order)
        elif isinstance(self.rule, Notes):
            yield "sent_at", self.rule.sent_at
        elif isinstance(self.rule, Resolve):
            yield "at", self.rule.at


def derived_columns(name: str, derived: DerivedSource, columns: list[str]) -> list[str]:
    """The columns of a derived source over those of the one it is made from; ValueError where it names others."""
    known = [*columns, *PROVENANCE]
    where = f"derived_sources.{name}"
    rule = derived.rule
    for key, value in derived.values():
        all_known(f"{where}.{key}", value.columns, known)
    all_known(f"{where}.by" if isinstance(rule, Pair | Pick) else where,
              rule.by if isinstance(rule, Pair | Pick) else rule.columns, known)  # fmt: skip
    if isinstance(rule, Pair):
        texts: tuple[str | None, ...] = (rule.start, rule.complete)
    elif isinstance(rule, Unroll | Unpivot | Fill):
        texts = ()
    else:
        texts = (rule.needs_opportunity if isinstance(rule, Resolve) else rule.where,)
    for text in filter(None, texts):
        all_known(where, expression_columns(where, text), known)
    if isinstance(rule, Pick | Fill):
        return columns
    if isinstance(rule, Unroll | Unpivot):
        return [*(kept_name(column, rule.added) for column in columns), *rule.added]
    if isinstance(rule, Pair):
        sides = [f"{side}_{column}" for side in ("start", "complete") for column in columns]
        return [*dict.fromkeys([*rule.by, *sides]), "is_paired"]
    added = NOTE_COLUMNS if isinstance(rule, Notes) else RESOLVED_COLUMNS
    return [*(kept_name(column, added) for column in columns), *added]


def kept_name(column: str, added: Iterable[str]) -> str:
    """What a column is called where reading or resolving adds one of its name: the row's own is row_NAME."""
    return f"row_{column}" if column in added else column


def expression_columns(where: str, text: str) -> tuple[str, ...]:
    """The columns of an expression; ValueError, saying where, for one that does not read."""
    try:
        return parse_expression(text).columns
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def all_known(where: str, wanted: Iterable[str], known: Iterable[str], what: str = "columns") -> None:
    """ValueError, with the nearest name, for the first wanted name that is not there."""
    there = list(known)
    for name in wanted:
        if name not in there:
            close = get_close_matches(name, there, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise ValueError(f"{where} names {name!r}, which is not there: {hint}{what} are {', '.join(there)}")
