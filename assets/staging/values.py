"""A mapping's value as SQL, in layers: the text it comes from, the steps in between, the value.

The layers are separate subqueries, so that each is computed once, and what only odd rows need only for them:
`t:FIELD` is the text, `m:FIELD` says that what is written stands in no value map, `FIELD` is the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Literal

from data_contracts.expressions import parse_expression
from data_contracts.mapping_values import (
    DEFAULT_DATES,
    OFFSET_PARTS,
    TIME_PARTS,
    Constant,
    Number,
    Scalar,
    Value,
    plain_text,
)
from data_contracts.sql_names import quote_ident, quote_literal

Kind = Literal["text", "time", "number", "list", "boolean", "integer"]
MAP_FROM = 40
# Forms read in one expression, and forms first cut into pieces (a step of their own, for the rows that need it).
_WHOLE_DATES: dict[str, Callable[[str, str], str]] = {
    "iso": lambda t, z: f"staging.iso_time({t}, {z})",
    "excel": lambda t, z: f"staging.excel_time({t}, {z})",
    "epoch_s": lambda t, z: f"staging.epoch_time({t}, 1)",
    "epoch_ms": lambda t, z: f"staging.epoch_time({t}, 1000)",
    "epoch_us": lambda t, z: f"staging.epoch_time({t}, 1000000)",
}
_PIECED_DATES = {
    "ymd": ("staging.ymd_pieces", "staging.pieced_time"),
    "dmy": ("staging.dmy_pieces", "staging.pieced_time"),
    "mdy": ("staging.mdy_pieces", "staging.pieced_time"),
    "chinese": ("staging.chinese_pieces", "staging.chinese_time"),
    "compact": ("staging.compact_pieces", "staging.compact_time"),
}
_IS_DAY: dict[str, Callable[[str], str]] = {
    "spoken": lambda t: "true",
    "chinese": lambda t: f"not regexp_matches({t}, '[:：时点]')",
    "compact": lambda t: f"length({t}) = 8",
    "excel": lambda t: f"try_cast({t} as double) = floor(try_cast({t} as double))",
    "epoch_s": lambda t: "false",
    "epoch_ms": lambda t: "false",
    "epoch_us": lambda t: "false",
}


@dataclass(frozen=True)
class Column:
    """A column of a relation: its SQL and what kind of value it holds."""

    sql: str
    kind: Kind = "text"


Scope = dict[str, Column]


@dataclass(frozen=True)
class Habits:
    """How a system writes: the timezone of times without an offset, its forms of dates and numbers, its value maps."""

    zone: str
    dates: tuple[str, ...] = DEFAULT_DATES
    number: Number = field(default_factory=Number)
    value_maps: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)

    def pairs(self, value: Value) -> Mapping[str, str | None] | None:
        """The value's map: its own, or the one that it names."""
        return self.value_maps[value.values] if isinstance(value.values, str) else value.values


@dataclass(frozen=True)
class Compiled:
    """A value as SQL, layer by layer.

    `written` is what stands in the file, `text` what is read (both over the relation's columns); `missed` is true
    where what is written stands in no value map. `steps` are named columns in between, each over those before it;
    `value` and `is_day` (a date written without a time) are over `t:NAME` and the steps. `reason` says what it means
    that there is a text and no value; None where that cannot be. `said_on`: what spoken days are read against.
    """

    name: str
    written: str
    text: str
    missed: str | None
    value: str
    kind: Kind
    is_day: str = "false"
    reason: str | None = None
    steps: tuple[tuple[str, str], ...] = ()
    said_on: str | None = None

    @property
    def text_columns(self) -> list[str]:
        """The first layer's columns."""
        columns = [f"{self.text} as {quote_ident(f't:{self.name}')}"]
        if self.said_on:
            columns.append(f"{self.said_on} as {quote_ident(f'b:{self.name}')}")
        if self.missed:
            columns.append(f"{self.missed} as {quote_ident(f'm:{self.name}')}")
            columns.append(f"{self.written} as {quote_ident(f'w:{self.name}')}")
        return columns


def add_steps(sql: str, values: Iterable[Compiled]) -> str:
    """The query with the steps of all values, the n-th of each in the n-th layer over it."""
    for layer in zip_longest(*(c.steps for c in values)):
        columns = [f"{step} as {quote_ident(name)}" for name, step in filter(None, layer)]
        sql = f"select *, {', '.join(columns)} from ({sql})"
    return sql


def compile_value(name: str, value: Value, scope: Scope, habits: Habits, target: str | None = None) -> Compiled:
    """`value` for the column `name`; `target` is its DuckDB type, None where the value itself says what it is."""
    source = _source(value, scope)
    kind = _target_kind(value, source, target)
    t = quote_ident(f"t:{name}")
    if source.kind == kind != "text" and not _is_reworked(value):
        if kind == "time" and target != "DATE" and value.precision == "day":
            day = f"staging.start_of_day({t}, {quote_literal(value.timezone or habits.zone)})"
            return Compiled(name, source.sql, source.sql, None, day, kind, is_day="true")
        return Compiled(name, source.sql, source.sql, None, _cast(t, kind, target, habits.zone), kind)
    written = _as_text(source)
    text, missed = _text(value, source, habits.pairs(value))
    if kind == "time":
        base = _said_on(value, scope, habits) if "spoken" in (value.dates or habits.dates) else None
        return _time(Compiled(name, written, text, missed, "", kind, said_on=base), value, target, habits)
    if kind == "number":
        return _number(Compiled(name, written, text, missed, "", kind), value.number or habits.number, target)
    if kind == "list":
        return Compiled(name, written, text, missed, _split(t, value.split or ";"), kind)
    return Compiled(name, written, text, missed, t, "text")


def condition(text: str, scope: Scope) -> str:
    """A `where` as SQL: true, false or null, never an error."""
    return f"try({parse_expression(text).sql(lambda column: scope[column].sql)})"


def _target_kind(value: Value, source: Column, target: str | None) -> Kind:
    if target is not None:
        if target in ("TIMESTAMPTZ", "DATE"):
            return "time"
        if target.endswith("[]"):
            return "list"
        return "text" if target == "VARCHAR" else "number"
    if value.dates is not None:
        return "time"
    if value.number is not None:
        return "number"
    if value.split is not None:
        return "list"
    return source.kind if not _is_reworked(value) else "text"


def _is_reworked(value: Value) -> bool:
    return value.values is not None or value.extract is not None or value.default is not None


def _source(value: Value, scope: Scope) -> Column:
    if value.column is not None:
        return scope[value.column]
    if value.first_of is not None:
        return Column(f"coalesce({', '.join(_as_text(scope[c]) for c in value.first_of)})")
    if value.expression is not None:
        sql = parse_expression(value.expression).sql(lambda column: scope[column].sql)
        return Column(f"nullif(trim(try({sql})::varchar), '')")
    return Column(_literal(value.constant))


def _as_text(column: Column) -> str:
    return column.sql if column.kind == "text" else f"{column.sql}::varchar"


def _text(value: Value, source: Column, pairs: Mapping[str, str | None] | None) -> tuple[str, str | None]:
    text, missed = _as_text(source), None
    if value.extract is not None:
        group = min(re.compile(value.extract).groups, 1)
        text = f"nullif(trim(regexp_extract({text}, {quote_literal(value.extract)}, {group})), '')"
    if pairs is not None:
        text, missed = _mapped(value, text, pairs)
    if value.default is not None:
        text = f"coalesce({text}, {_literal(value.default)})"
    return text, missed


def _mapped(value: Value, text: str, values: Mapping[str, str | None]) -> tuple[str, str | None]:
    looked_up = f"lower({text})" if value.ignore_case else text
    pairs = {k.lower() if value.ignore_case else k: v for k, v in values.items()}
    keys = ", ".join(map(quote_literal, pairs))
    otherwise = (
        text
        if value.otherwise == "keep"
        else _literal(value.otherwise.constant)
        if isinstance(value.otherwise, Constant)
        else "null"
    )
    if len(pairs) < MAP_FROM:
        whens = " ".join(f"when {quote_literal(k)} then {_literal(v)}" for k, v in pairs.items())
        mapped = f"case when {text} is null then null else case {looked_up} {whens} else {otherwise} end end"
    else:
        table = f"map([{keys}], [{', '.join(_literal(v) for v in pairs.values())}])"
        found = f"when {looked_up} in ({keys}) then {table}[{looked_up}]"
        mapped = f"case when {text} is null then null {found} else {otherwise} end"
    return mapped, f"coalesce({looked_up} not in ({keys}), false)" if value.otherwise == "quarantine" else None


def _said_on(value: Value, scope: Scope, habits: Habits) -> str:
    """What spoken days are read against, as YYYY-MM-DD or YYYY-MM; null where no column says one."""
    zone = quote_literal(value.timezone or habits.zone)
    found = [
        f"strftime(timezone({zone}, {scope[c].sql}), '%Y-%m-%d')"
        if scope[c].kind == "time"
        else f"staging.day_or_month({_as_text(scope[c])})"
        for c in value.said_on
    ]
    return f"coalesce({', '.join([*found, 'null::varchar'])})"


def _time(c: Compiled, value: Value, target: str | None, habits: Habits) -> Compiled:
    t, z = quote_ident(f"t:{c.name}"), quote_literal(value.timezone or habits.zone)
    steps: list[tuple[str, str]] = []
    days: list[tuple[str, str]] = []
    instant = ""
    for n, form in enumerate(value.dates or habits.dates):
        if form in _PIECED_DATES:
            cut, put_together = _PIECED_DATES[form]
            needed = f"case when {instant} is null then {cut}({t}) end" if instant else f"{cut}({t})"
            steps.append((f"n{n}:{c.name}", needed))
            found = f"{put_together}({quote_ident(f'n{n}:{c.name}')}, {z})"
        else:
            found = _whole_date(form, c.name, z, value.towards)
        steps.append((f"a{n}:{c.name}", f"coalesce({instant}, {found})" if instant else found))
        instant = quote_ident(f"a{n}:{c.name}")
        days.append((instant, _day(form, t)))
    if len(steps) == 1:
        instant, steps = steps[0][1], []
    if value.precision == "day":
        instant = f"staging.start_of_day({instant}, {z})"
    is_day = (
        str(value.precision == "day").lower() if value.precision
        else days[0][1] if len({d for _, d in days}) == 1
        else "case " + " ".join(f"when {i} is not null then {d}" for i, d in days) + " else false end"
    )  # fmt: skip
    typed = f"timezone({z}, {instant})::date" if target == "DATE" else instant
    return replace(c, value=typed, is_day=is_day, reason="not_a_date", steps=tuple(steps))


def _whole_date(form: str, name: str, z: str, towards: str) -> str:
    t = quote_ident(f"t:{name}")
    if form == "spoken":
        return f"timezone({z}, spoken_day({t}, {quote_ident(f'b:{name}')}, {quote_literal(towards)})::timestamp)"
    if form in _WHOLE_DATES:
        return _WHOLE_DATES[form](t, z)
    parsed = f"try_strptime({t}, {quote_literal(form)})"
    return parsed if OFFSET_PARTS.search(form) else f"timezone({z}, {parsed})"


def _day(form: str, t: str) -> str:
    if "%" in form:
        return "false" if TIME_PARTS.search(form) else "true"
    return _IS_DAY.get(form, lambda text: f"length({text}) <= 10 and not contains({text}, ' ')")(t)


def _number(c: Compiled, number: Number, target: str | None) -> Compiled:
    t, pieces = quote_ident(f"t:{c.name}"), quote_ident(f"n:{c.name}")
    thousands, mark = (character.replace(".", "\\.") for character in (number.thousands, number.decimal))
    # Groups of three; or, as in India, groups of two before the last three.
    grouped = (
        f"|\\d{{1,3}}(?:{thousands}\\d{{3}})+(?:{mark}\\d+)?|\\d{{1,2}}(?:{thousands}\\d{{2}})+{thousands}\\d{{3}}(?:{mark}\\d+)?"
        if number.thousands
        else ""
    )
    pattern = f"\\d+(?:{mark}\\d+)?|{mark}\\d+{grouped}"
    own = " ".join(f"when {quote_literal(k.lower())} then {v:f}" for k, v in number.suffixes.items())
    factor = f"staging.suffix_factor(lower({pieces}.suffix))"
    factor = f"(case lower({pieces}.suffix) {own} else {factor} end)" if own else factor
    written = (
        f"staging.pieces_number({pieces}, {quote_literal(pattern)}, {quote_literal(number.thousands)},"
        f" {quote_literal(number.decimal)}, {factor})"
    )
    cut = f"staging.number_pieces({t})"
    parsed = written
    if number.decimal == ".":
        cut = f"case when staging.plain_number({t}) is null then {cut} end"
        parsed = f"coalesce(staging.plain_number({t}), {written})"
    if number.spoken:
        parsed = f"coalesce({parsed}, try_cast(spoken_amount({t}) as decimal(38, 8)))"
    if number.unit != 1:
        parsed = f"round(({parsed})::double * {number.unit:f}, 8)"
    typed = f"try_cast({parsed} as {target or 'decimal(38, 8)'})"
    return replace(c, value=typed, reason="not_a_number", steps=((f"n:{c.name}", cut),))


def _split(t: str, separator: str) -> str:
    return (
        f"list_filter(list_transform(string_split({t}, {quote_literal(separator)}), lambda x: trim(x)),"
        f" lambda x: x <> '')"
    )


def _cast(column: str, kind: Kind, target: str | None, zone: str) -> str:
    if kind == "time" and target == "DATE":
        return f"timezone({quote_literal(zone)}, {column})::date"
    if kind == "number" and target is not None:
        return f"try_cast({column} as {target})"
    return column


def _literal(value: Scalar) -> str:
    """A constant of the mapping as SQL text; null stays null."""
    if value is None:
        return "null::varchar"
    return quote_literal(str(value).lower() if isinstance(value, bool) else plain_text(value))
