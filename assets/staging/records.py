"""One record of a mapping as SQL: the rows that feed it, its columns, and what is wrong with each row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from assets.staging.relations import OTHER, PROVENANCE, Relation
from assets.staging.values import Compiled, Habits, add_steps, compile_value, condition
from data_contracts.contract import Contract, load_contract
from data_contracts.mapping import SOURCE_RANK, Each, Mapping, RecordMapping, settable_columns
from data_contracts.mapping_values import DEFAULT_RECORDED, Recorded, Value
from data_contracts.predicates import RowPredicate, row_predicates
from data_contracts.sql_names import quote_ident, quote_literal

# Earlier than any as-of time that anyone asks for.
ALWAYS_KNOWN = "timestamptz '1970-01-01 00:00:00+00'"
PERIODS = {"period_start": "staging.period_start(period)", "period_end": "staging.period_end(period)"}
DAY = "occurred_at::date"
# A recording time that a rule filled is no content of the record.
RECORDED = "if(is_recorded_at_filled, null, recorded_at)"

# What makes a fact the same fact in two sources, by record. The local day stands for the time, because the less
# structured sources know no more than the day.
FACTS: dict[str, str] = {
    "aliases": "what, scope, alias, occurred_at",
    "opportunities": "opportunity_id, occurred_at, recorded_at",
    "stage_events": f"opportunity_id, event, coalesce(stage, ''), {DAY}",
    "visits": "case when rep_id is not null and coalesce(customer_name, customer_id, opportunity_id) is not null"
    " then rep_id || chr(31) || coalesce(customer_name, customer_id, opportunity_id) else visit_id end,"
    # Of one visit's outcome on a day one source is believed, whatever the other says came of it.
    f" status = 'planned', {DAY}",
    "actions": f"opportunity_id, action_code, {DAY}",
    "signings": f"opportunity_id, {DAY}",
    "interventions": f"coalesce(alert_key, opportunity_id, intervention_id), supervisor_id, action, {DAY}",
    "organisation": "rep_id, valid_from",
    "targets": "period, scope, scope_id",
    "costs": "period, category, item, channel, campaign, region",
}


@dataclass(frozen=True)
class Check:
    """One way in which a row can be wrong: SQL over the candidate, the column it is about, why, what stands there."""

    bad: str
    column: str | None
    reason: str
    value: str


@dataclass(frozen=True)
class Candidate:
    """One record (or one entry of its `each`) that rows of a relation may become."""

    mapping: Mapping
    number: int
    record: RecordMapping
    each: Each
    relation: Relation
    habits: Habits

    @cached_property
    def contract(self) -> Contract:
        return load_contract("sources", self.record.record)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The record's own columns."""
        return settable_columns(self.contract)

    @property
    def has_opportunity(self) -> bool:
        return "opportunity_key" in self.contract.column_names

    @cached_property
    def fields(self) -> dict[str, Compiled]:
        """The mapped columns, compiled; `recorded_at` among them where it comes from the row."""
        wanted: dict[str, Value] = {**self.record.fields, **self.each.fields}
        if self.recorded is not None and self.recorded.rule is None:
            wanted["recorded_at"] = self.recorded
        fields = {
            name: compile_value(name, value, self.relation.scope, self.habits, self.contract.column(name).type)
            for name, value in wanted.items()
        }
        if "period" in fields:
            fields["period"] = replace(
                fields["period"], value='staging.period_of("t:period")', steps=(), reason="not_a_period"
            )
        return fields

    @property
    def recorded(self) -> Recorded | None:
        return self.each.recorded_at or self.record.recorded_at

    @property
    def feeding_sql(self) -> str:
        """The rows of the relation that feed this record."""
        scope = self.relation.scope
        wheres = [condition(w, scope) for w in (self.record.where, self.each.where) if w is not None]
        if self.each.unless_blank is not None:
            wheres.append(f"{scope[self.each.unless_blank].sql} is not null")
        return f"select * from ({self.relation.sql})" + (f" where {' and '.join(wheres)}" if wheres else "")

    @property
    def feeds_all(self) -> bool:
        """Whether every row of the relation feeds it."""
        return self.record.where is None and self.each == Each()

    @property
    def _kept(self) -> str:
        flags = [f"{quote_ident(f'!{n}')}, {quote_ident(f'd:{n}')}" for n in self.relation.faults]
        missing = [f"{quote_ident(f'?{a}')}, {quote_ident(f'j:{a}')}" for a in self._strict_joins]
        told = ['"o:overruled_at"'] if self.relation.is_told else []
        return ", ".join([PROVENANCE, *([OTHER] if self.relation.is_derived else []), *told, *flags, *missing])

    @property
    def _strict_joins(self) -> list[str]:
        return [alias for alias, join in self.record.joins.items() if join.missing == "quarantine"]

    @cached_property
    def sql(self) -> str:
        """The candidates: provenance, texts and flags, every own column typed, recording time and precision."""
        texts = [column for compiled in self.fields.values() for column in compiled.text_columns]
        sql = add_steps(f"select {', '.join([self._kept, *texts])} from ({self.feeding_sql})", self.fields.values())
        values = [f"{c.value} as {self._value_name(n)}" for n, c in self.fields.items()]
        values += [f"null::{self.contract.column(n).type} as {quote_ident(n)}"
                   for n in self.columns if n not in self.fields and n not in PERIODS]  # fmt: skip
        names = [n for c in self.fields.values() for n in self._text_names(c)]
        names += [quote_ident(n) for n, _ in self.fields["occurred_at"].steps] if "occurred_at" in self.fields else []
        sql = f"select {', '.join([self._kept, *names, *values])} from ({sql})"
        periods = [f"{s} as {n}" for n, s in PERIODS.items() if n in self.columns and n not in self.fields]
        recorded, is_filled = self._recording()
        occurred = self.fields.get("occurred_at")
        is_day = f"coalesce(occurred_at is not null and {occurred.is_day}, false)" if occurred else "false"
        return (
            f"select *, {', '.join([*periods, f'{recorded} as recorded_at', f'{is_filled} as is_recorded_at_filled'])},"
            f" case when {is_day} then 'day' else 'instant' end as occurred_precision from ({sql})"
        )

    @staticmethod
    def _value_name(field: str) -> str:
        """Where a field's value stands: recorded_at comes last, from this one and the rules that fill it."""
        return quote_ident("r:recorded_at" if field == "recorded_at" else field)

    @staticmethod
    def _text_names(compiled: Compiled) -> list[str]:
        return [quote_ident(f"{p}:{compiled.name}") for p in (("t", "m", "w") if compiled.missed else ("t",))]

    def _recording(self) -> tuple[str, str]:
        recorded = self.recorded or Recorded(rule=DEFAULT_RECORDED)
        rules = {"occurred_at": "occurred_at", "landed_at": "landed_at", "always_known": ALWAYS_KNOWN}
        if recorded.rule is not None:
            return f"coalesce({', '.join(rules[r] for r in recorded.rule)})", "true"
        is_constant = "constant" in recorded.model_fields_set
        if recorded.fill is None:
            return '"r:recorded_at"', str(is_constant).lower()
        filled = ", ".join(rules[r] for r in recorded.fill)
        # A text that is no date is a fault, not a blank.
        return (
            f'case when "t:recorded_at" is null then coalesce({filled}) else "r:recorded_at" end',
            '"t:recorded_at" is null',
        )

    @cached_property
    def checks(self) -> list[Check]:
        """Everything that is checked of a candidate, the nearest cause first."""
        checks = []
        for name, c in self.relation.faults.items():
            reason = c.reason if c.reason and not c.missed else "not_in_value_map"
            checks.append(Check(quote_ident(f"!{name}"), name, reason, quote_ident(f"d:{name}")))
        for alias in self._strict_joins:
            ours = next(iter(self.record.joins[alias].on))
            checks.append(Check(quote_ident(f"?{alias}"), ours, "no_match", quote_ident(f"j:{alias}")))
        for name, c in self.fields.items():
            text = quote_ident(f"t:{name}")
            if c.missed:
                checks.append(Check(quote_ident(f"m:{name}"), name, "not_in_value_map", quote_ident(f"w:{name}")))
            if c.reason:
                checks.append(Check(f"{text} is not null and {self._value_name(name)} is null", name, c.reason, text))
        return checks + [self._predicate(p, checks) for p in self._predicates]

    @property
    def _predicates(self) -> list[RowPredicate]:
        there = {*self.columns, "recorded_at", "is_recorded_at_filled", "occurred_precision"}
        return row_predicates(self.contract, there)

    def _predicate(self, predicate: RowPredicate, causes: list[Check]) -> Check:
        bad = predicate.bad_sql
        if predicate.rule_id == f"{predicate.column}_required":
            nearer = [f"({c.bad})" for c in causes if c.column == predicate.column]
            bad = f"{bad} and not coalesce({' or '.join(nearer)}, false)" if nearer else bad
        value = "null" if predicate.column is None else f"{quote_ident(predicate.column)}::varchar"
        return Check(bad, predicate.column, predicate.rule_id, value)

    @property
    def bad_rows_sql(self) -> str:
        """Rows with at least one fault: provenance, the faults in order."""
        flags = ", ".join(f"coalesce({c.bad}, false) as {quote_ident(f'c:{n}')}" for n, c in enumerate(self.checks))
        faults = ", ".join(
            f"case when {quote_ident(f'c:{n}')} then {{'record': {quote_literal(self.record.record)},"
            f" 'column_name': {quote_literal(c.column)}, 'reason': {quote_literal(c.reason)},"
            f" 'value': ({c.value})::varchar}} end"
            for n, c in enumerate(self.checks)
        )
        any_bad = " or ".join(quote_ident(f"c:{n}") for n in range(len(self.checks)))
        other = OTHER if self.relation.is_derived else "null::integer, null::varchar, null::bigint"
        return (
            f"select {quote_literal(self.mapping.mapping)}, {self.number}, file_id, source_sheet, source_row, {other},"
            f" list_filter([{faults}], lambda x: x is not null)"
            # Unnesting keeps the bad rows as a filter would, but is not pushed down: each check is computed once.
            f" from (select *, unnest(case when {any_bad} then [true] else [] end)"
            f" from (select *, {flags} from ({self.sql})))"
        )

    @property
    def good_sql(self) -> str:
        """The candidates whose source rows have no fault in any record they feed."""
        sides = [("file_id", "source_sheet", "source_row")]
        if self.relation.is_derived:
            sides.append(("other_file_id", "other_sheet", "other_row"))
        apart = " and ".join(
            f"not exists (select 1 from _bad_rows b where b.file_id = g.{f} and b.source_row = g.{r}"
            f" and b.source_sheet is not distinct from g.{s})"
            for f, s, r in sides
        )
        return f"select * from ({self.sql}) g where {apart}"

    @property
    def insert_sql(self) -> str:
        """Fill the canonical table from the good candidates."""
        kind = self.mapping.source_kind
        given = {
            "opportunity_key": "k.opportunity_key",
            "source_kind": quote_literal(kind),
            "source_rank": str(SOURCE_RANK[kind]),
            "mapping": quote_literal(self.mapping.mapping),
            "content_hash": f"hash({', '.join(map(quote_ident, self.columns))}, {RECORDED})",
            "fact_key": f"hash({quote_literal(self.record.record)}, {FACTS[self.record.record]})",
            # A correction takes the place of what it corrects, as a better source does.
            "is_primary": 'c."o:overruled_at" is null' if self.relation.is_told else "true",
            "overruled_at": 'c."o:overruled_at"' if self.relation.is_told else "null",
        }
        values = ", ".join(given.get(c, f"c.{quote_ident(c)}") for c in self.contract.column_names)
        keys = " left join _keys k on k.known_id = c.opportunity_id" if self.has_opportunity else ""
        return f"insert into {self.contract.table} select {values} from ({self.good_sql}) c{keys}"
