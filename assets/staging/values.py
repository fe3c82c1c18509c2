"""A mapping's value as SQL, in three layers: the text it comes from, what it becomes, what is wrong with it.

The layers are separate subqueries so that each text and each parsed value is computed once and named:
`t:FIELD` is the text, `m:FIELD` says that the text is in no value map, `FIELD` is the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from data_contracts.expressions import parse_expression
from data_contracts.mapping_values import (
    DATE_FORMATS,
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
_NAMED_DATES: dict[str, Callable[[str, str], str]] = {
    "iso": lambda t, z: f"staging.iso_time({t}, {z})",
    "ymd": lambda t, z: f"staging.ymd_time({t}, {z})",
    "dmy": lambda t, z: f"staging.dmy_time({t}, {z})",
    "mdy": lambda t, z: f"staging.mdy_time({t}, {z})",
    "chinese": lambda t, z: f"staging.chinese_time({t}, {z})",
    "compact": lambda t, z: f"staging.compact_time({t}, {z})",
    "excel": lambda t, z: f"staging.excel_time({t}, {z})",
    "epoch_s": lambda t, z: f"staging.epoch_time({t}, 1, {z})",
    "epoch_ms": lambda t, z: f"staging.epoch_time({t}, 1000, {z})",
    "epoch_us": lambda t, z: f"staging.epoch_time({t}, 1000000, {z})",
}
_IS_DAY: dict[str, Callable[[str], str]] = {
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
class Compiled:
    """A value as SQL. `text` reads the relation's columns; `value`, `is_day` and `is_wrong` read `t:NAME`.

    `written` is what stands in the file; `missed` is true where that stands in no value map. `is_day` is true where a
    date was written without a time. `is_wrong` is true where there is a text and no value; `reason` says what then.
    """

    name: str
    written: str
    text: str
    missed: str | None
    value: str
    kind: Kind
    is_day: str
    is_wrong: str | None
    reason: str | None

    @property
    def text_columns(self) -> list[str]:
        """The first layer's columns."""
        columns = [f"{self.text} as {quote_ident(f't:{self.name}')}"]
        if self.missed:
            columns.append(f"{self.missed} as {quote_ident(f'm:{self.name}')}")
            columns.append(f"{self.written} as {quote_ident(f'w:{self.name}')}")
        return columns

    @property
    def value_column(self) -> str:
        """The second layer's column."""
        return f"{self.value} as {quote_ident(self.name)}"


def compile_value(name: str, value: Value, scope: Scope, zone: str, target: str | None = None) -> Compiled:
    """`value` for the column `name`; `target` is its DuckDB type, None where the value itself says what it is."""
    source = _source(value, scope)
    kind = _target_kind(value, source, target)
    text_name = quote_ident(f"t:{name}")
    if source.kind == kind != "text" and not _is_reworked(value):
        return Compiled(
            name, source.sql, source.sql, None, _cast(text_name, kind, target, zone), kind, "false", None, None
        )
    written = _as_text(source)
    text, missed = _text(value, source)
    if kind == "time":
        return _time(name, value, written, text, missed, text_name, target, value.timezone or zone)
    if kind == "number":
        number = _number(text_name, value.number or Number())
        typed = f"try_cast({number} as {target or 'decimal(38, 8)'})"
        wrong = f"{text_name} is not null and {quote_ident(name)} is null"
        return Compiled(name, written, text, missed, typed, kind, "false", wrong, "not_a_number")
    if kind == "list":
        return Compiled(name, written, text, missed, _split(text_name, value.split or ";"), kind, "false", None, None)
    return Compiled(name, written, text, missed, text_name, "text", "false", None, None)


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


def _text(value: Value, source: Column) -> tuple[str, str | None]:
    text, missed = _as_text(source), None
    if value.extract is not None:
        group = min(re.compile(value.extract).groups, 1)
        text = f"nullif(trim(regexp_extract({text}, {quote_literal(value.extract)}, {group})), '')"
    if value.values is not None:
        text, missed = _mapped(value, text)
    if value.default is not None:
        text = f"coalesce({text}, {_literal(value.default)})"
    return text, missed


def _mapped(value: Value, text: str) -> tuple[str, str | None]:
    assert value.values is not None
    looked_up = f"lower({text})" if value.ignore_case else text
    pairs = {k.lower() if value.ignore_case else k: v for k, v in value.values.items()}
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


def _time(
    name: str, value: Value, written: str, text: str, missed: str | None, t: str, target: str | None, zone: str
) -> Compiled:
    z = quote_literal(zone)
    forms = value.dates or DEFAULT_DATES
    instants = [_instant(form, t, z) for form in forms]
    instant = instants[0] if len(instants) == 1 else f"coalesce({', '.join(instants)})"
    if value.precision == "day":
        instant = f"staging.start_of_day({instant}, {z})"
    days = [(i, _day(form, t)) for i, form in zip(instants, forms, strict=True)]
    is_day = (
        "true" if value.precision == "day"
        else "false" if value.precision == "instant"
        else days[0][1] if len({d for _, d in days}) == 1
        else "case " + " ".join(f"when {i} is not null then {d}" for i, d in days) + " else false end"
    )  # fmt: skip
    typed = f"timezone({z}, {instant})::date" if target == "DATE" else instant
    wrong = f"{t} is not null and {quote_ident(name)} is null"
    return Compiled(name, written, text, missed, typed, "time", is_day, wrong, "not_a_date")


def _instant(form: str, t: str, z: str) -> str:
    if form in DATE_FORMATS:
        return _NAMED_DATES[form](t, z)
    parsed = f"try_strptime({t}, {quote_literal(form)})"
    return parsed if OFFSET_PARTS.search(form) else f"timezone({z}, {parsed})"


def _day(form: str, t: str) -> str:
    if form in DATE_FORMATS:
        return _IS_DAY.get(form, lambda text: f"not contains({text}, ':')")(t)
    return "false" if TIME_PARTS.search(form) else "true"


def _number(t: str, number: Number) -> str:
    thousands, mark = (character.replace(".", "\\.") for character in (number.thousands, number.decimal))
    grouped = f"|\\d{{1,3}}(?:{thousands}\\d{{3}})+(?:{mark}\\d+)?" if number.thousands else ""
    pattern = f"\\d+(?:{mark}\\d+)?|{mark}\\d+{grouped}"
    suffix = f"lower(staging.number_pieces({t}).suffix)"
    own = " ".join(f"when {quote_literal(k.lower())} then {v:f}" for k, v in number.suffixes.items())
    factor = f"staging.suffix_factor({suffix})"
    factor = f"(case {suffix} {own} else {factor} end)" if own else factor
    written = (
        f"staging.pieces_number(staging.number_pieces({t}), {quote_literal(pattern)},"
        f" {quote_literal(number.thousands)}, {quote_literal(number.decimal)}, {factor})"
    )
    plain = f"staging.plain_number({t})"
    if number.decimal == ".":
        parsed = f"case when {plain} is not null then {plain} else try_cast({written} as decimal(38, 8)) end"
    else:
        parsed = f"try_cast({written} as decimal(38, 8))"
    return parsed if number.unit == 1 else f"round(({parsed})::double * {number.unit:f}, 8)"


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
