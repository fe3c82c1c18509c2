"""A mapping: how a foreign export's files and columns become canonical records (the DSL of docs/mappings.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Annotated, Any, Literal
from unicodedata import normalize

from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator

from data_contracts.contract import Contract, load_contract, names
from data_contracts.expressions import parse_expression
from data_contracts.mapping_targets import refused_by_contract
from data_contracts.mapping_values import (
    Number,
    Pairs,
    Recorded,
    Strict,
    Texts,
    Value,
    known_dates,
    known_zone,
    plain_text,
)
from data_contracts.texts import Name

# No double underscore: the landing table of a source is named mapping__source.
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=60)]
ColumnName = Annotated[str, StringConstraints(pattern=r"^[^\W\d]\w*$", max_length=60)]
SourceKind = Literal["form", "crm", "excel", "wechat"]
Format = Literal["csv", "tsv", "parquet", "jsonl", "xlsx"]
SOURCE_RANK: dict[str, int] = {"form": 1, "crm": 2, "excel": 3, "wechat": 4}

# Columns of every source besides those declared: usable in values and expressions, not declarable.
PROVENANCE = ("source_file", "source_sheet", "source_row")
FILE_COLUMNS = ("source_file", "source_sheet")
RESERVED = {*PROVENANCE, "file_id", "landed_at", "is_paired"}
# Columns of the canonical tables that staging fills itself.
FILLED_BY_STAGING = {
    "opportunity_key", "recorded_at", "is_recorded_at_filled", "occurred_precision", "landed_at", "source_kind",
    "source_rank", "mapping", "file_id", "source_sheet", "source_row", "content_hash", "fact_key", "is_primary",
    "overruled_at",
}  # fmt: skip


def _headers(value: Any) -> Any:
    """Alternatives for one column: header texts, or positions from 1."""
    return tuple(v if isinstance(v, int) and not isinstance(v, bool) else plain_text(v).strip() for v in value)


class SourceColumn(Strict):
    """Where one of our columns stands in their file: header texts tried in order, or positions from 1."""

    headers: Annotated[tuple[str | int, ...], BeforeValidator(_headers), Field(min_length=1, alias="from")]
    optional: bool = False

    @model_validator(mode="before")
    @classmethod
    def _alone(cls, data: Any) -> Any:
        if isinstance(data, dict):
            inner = data.get("from")
            return {**data, "from": inner if isinstance(inner, list | tuple) or inner is None else [inner]}
        return {"from": data if isinstance(data, list | tuple) else [data]}


class Source(Strict):
    """One logical table: the files that hold it and the columns read from them."""

    files: Annotated[Texts, Field(min_length=1)]
    format: Format | None = None
    encoding: Texts = ("utf-8", "gb18030")
    delimiter: str | None = None
    quote: Literal['"', "'", "none"] = '"'
    sheet: str | int = "*"
    header_row: Annotated[int, Field(ge=0, le=1000)] | None = None
    rows: Annotated[str, Field(min_length=1)] | None = None
    same_name: Literal["supersede", "append"] = "supersede"
    columns: dict[ColumnName, SourceColumn]
    blank: Texts = ()
    fill_down: tuple[str, ...] = ()
    where: str | None = None
    duplicates: tuple[str, ...] | Literal["all", "keep"] = "all"
    derive: dict[ColumnName, Value] = Field(default_factory=dict)
    optional: bool = False

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str | None) -> str | None:
        value = {"tab": "\t", "\\t": "\t"}.get(value or "", value)
        if value is not None and (len(value) != 1 or value in '"\r\n\0'):
            raise ValueError("must be one character (tab for a tab)")
        return value

    @field_validator("encoding")
    @classmethod
    def _encodings_exist(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            try:
                "".encode(name)
            except (LookupError, UnicodeError) as error:
                raise ValueError(f"{name!r} is no encoding; utf-8, gb18030, big5, cp1252, utf-16 are") from error
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> Source:
        if not self.columns:
            raise ValueError("names no columns")
        _refuse_reserved(self.columns | self.derive)
        _all_known("fill_down", self.fill_down, self.columns)
        if not isinstance(self.duplicates, str):
            _all_known("duplicates", self.duplicates, [*self.columns, *FILE_COLUMNS])
        known: list[str] = [*self.columns, *PROVENANCE]
        for name, value in self.derive.items():
            if name in self.columns:
                raise ValueError(f"derive.{name} has the name of a column; give it another")
            _all_known(f"derive.{name}", value.columns, known)
            known.append(name)
        if self.where is not None:
            _all_known("where", parse_expression(self.where).columns, known)
        return self

    @property
    def required(self) -> tuple[str, ...]:
        """Our columns that a file must have."""
        return tuple(name for name, column in self.columns.items() if not column.optional)


Order = Annotated[tuple[Value, ...], BeforeValidator(lambda v: v if isinstance(v, list | tuple) else [v])]
Columns = Annotated[tuple[str, ...], BeforeValidator(lambda v: [v] if isinstance(v, str) else v), Field(min_length=1)]


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


class DerivedSource(Strict):
    """A table made from another: exactly one of pair and pick."""

    pair: Pair | None = None
    pick: Pick | None = None

    @model_validator(mode="after")
    def _is_one(self) -> DerivedSource:
        if (self.pair is None) == (self.pick is None):
            raise ValueError("needs exactly one of pair and pick")
        return self

    @property
    def made_from(self) -> str:
        return self.pair.source if self.pair is not None else self.pick.source if self.pick is not None else ""


class Join(Strict):
    """A row looked up in another table of the mapping by equal columns: `on: {ours: theirs}`."""

    source: str
    on: Annotated[dict[str, str], Field(min_length=1)]
    missing: Annotated[Literal["null", "quarantine"], BeforeValidator(lambda v: "null" if v is None else v)] = "null"


class Each(Strict):
    """One more candidate record per row, with these fields in place of the record's."""

    unless_blank: str | None = None
    where: str | None = None
    fields: dict[str, Value] = Field(default_factory=dict)
    recorded_at: Recorded | None = None


class RecordMapping(Strict):
    """How the rows of one table become records of one kind."""

    record: str
    source: Annotated[str, Field(alias="from")]
    where: str | None = None
    joins: dict[Code, Join] = Field(default_factory=dict)
    fields: dict[str, Value]
    recorded_at: Recorded | None = None
    each: tuple[Each, ...] = ()

    @field_validator("record")
    @classmethod
    def _is_canonical(cls, value: str) -> str:
        if value not in names("sources"):
            raise ValueError(f"{value!r} is no canonical record; have {', '.join(names('sources'))}")
        return value

    @model_validator(mode="after")
    def _fields_exist(self) -> RecordMapping:
        contract = load_contract("sources", self.record)
        settable = settable_columns(contract)
        for fields in (self.fields, *(e.fields for e in self.each)):
            _all_known("fields", fields, settable, f"columns of {self.record}")
        for each in self.each or (Each(),):
            given = {*self.fields, *each.fields}
            missing = [c.name for c in contract.columns if c.required and c.name in settable and c.name not in given]
            missing = [name for name in missing if name not in ("period_start", "period_end")]
            if missing:
                raise ValueError(f"{self.record} needs {', '.join(missing)}")
        return self


class Mapping(Strict):
    """One mapping file. `dates` and `number` are how this system writes them, where a value does not say otherwise."""

    mapping: Code
    version: Annotated[str, BeforeValidator(plain_text)]
    name: Name
    source_kind: SourceKind
    timezone: str | None = None
    dates: Texts | None = None
    number: Number | None = None
    value_maps: dict[Code, Pairs] = Field(default_factory=dict)
    sources: Annotated[dict[Code, Source], Field(min_length=1)]
    derived_sources: dict[Code, DerivedSource] = Field(default_factory=dict)
    records: Annotated[tuple[RecordMapping, ...], Field(min_length=1)]

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str | None) -> str | None:
        return None if value is None else known_zone(value)

    @field_validator("dates")
    @classmethod
    def _dates_exist(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if value is None else known_dates(value)

    @model_validator(mode="after")
    def _value_maps_exist(self) -> Mapping:
        for where, value in self.all_values():
            if isinstance(value.values, str):
                _all_known(f"{where}.values", [value.values], self.value_maps, "value_maps")
        return self

    def all_values(self) -> Iterator[tuple[str, Value]]:
        """Every value of the mapping, with where it stands."""
        for code, source in self.sources.items():
            yield from ((f"sources.{code}.derive.{name}", value) for name, value in source.derive.items())
        for code, derived in self.derived_sources.items():
            rule = derived.pair or derived.pick
            yield from ((f"derived_sources.{code}.order", value) for value in (rule.order if rule else ()))
        yield from ((where, value) for where, _, _, value in self.placed_values())

    def placed_values(self) -> Iterator[tuple[str, str, str, Value]]:
        """Every value that fills a column of a record: where it stands, record, column, value."""
        for number, record in enumerate(self.records, start=1):
            parts = [(record.fields, record.recorded_at), *((e.fields, e.recorded_at) for e in record.each)]
            for fields, recorded in parts:
                given = [*fields.items(), *([("recorded_at", recorded)] if recorded is not None else [])]
                for name, value in given:
                    yield f"records[{number}] ({record.record}).{name}", record.record, name, value

    def duplicate_columns(self, code: str) -> tuple[str, ...]:
        """The columns of a source that make two rows the same row; none where equal rows are kept.

        Where the file's or sheet's name is read (a date stands in it), equal rows of two files say two things.
        """
        source = self.sources[code]
        if source.duplicates == "keep":
            return ()
        if source.duplicates != "all":
            return tuple(source.duplicates)
        read = {column for value in source.derive.values() for column in value.columns}
        for record in self.records:
            if record.source == code:
                parts = (record.fields, *(each.fields for each in record.each))
                read |= {column for fields in parts for value in fields.values() for column in value.columns}
        return (*source.columns, *(column for column in FILE_COLUMNS if column in read))

    @model_validator(mode="after")
    def _names_resolve(self) -> Mapping:
        tables = {name: [*source.columns, *source.derive] for name, source in self.sources.items()}
        for name, derived in self.derived_sources.items():
            if name in tables:
                raise ValueError(f"derived_sources.{name} has the name of a source; give it another")
            _all_known(f"derived_sources.{name}.from", [derived.made_from], tables, "sources before it")
            tables[name] = _derived_columns(name, derived, tables[derived.made_from])
        for number, record in enumerate(self.records, start=1):
            _check_record(f"records[{number}] ({record.record})", record, tables)
        for fault in refused_by_contract(self):
            raise ValueError(fault)
        return self


def settable_columns(contract: Contract) -> tuple[str, ...]:
    """The columns of a canonical record that a mapping may fill."""
    return tuple(name for name in contract.column_names if name not in FILLED_BY_STAGING)


def normal_header(text: object) -> str:
    """A header as it is compared: without case, width or BOM, and with any run of white space as one space.

    Between Chinese characters white space is where the cell was wrapped, and nothing.
    """
    plain = re.sub(r"[\s\ufeff\u200b]+", " ", normalize("NFKC", str(text))).strip().casefold()
    return re.sub(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])", "", plain)


def _derived_columns(name: str, derived: DerivedSource, columns: list[str]) -> list[str]:
    known = [*columns, *PROVENANCE]
    where = f"derived_sources.{name}"
    rule = derived.pair or derived.pick
    assert rule is not None
    _all_known(f"{where}.by", rule.by, known)
    for value in rule.order:
        _all_known(f"{where}.order", value.columns, known)
    texts = (rule.start, rule.complete) if isinstance(rule, Pair) else (rule.where,)
    for text in filter(None, texts):
        _all_known(where, _expression_columns(where, text), known)
    if isinstance(rule, Pick):
        return columns
    sides = [f"{side}_{column}" for side in ("start", "complete") for column in columns]
    return [*dict.fromkeys([*rule.by, *sides]), "is_paired"]


def _check_record(where: str, record: RecordMapping, tables: dict[str, list[str]]) -> None:
    _all_known(f"{where}.from", [record.source], tables, "sources")
    known = [*tables[record.source], *PROVENANCE]
    for alias, join in record.joins.items():
        _all_known(f"{where}.joins.{alias}.source", [join.source], tables, "sources")
        _all_known(f"{where}.joins.{alias}.on", join.on, known)
        _all_known(f"{where}.joins.{alias}.on", join.on.values(), tables[join.source], f"columns of {join.source}")
        known += [f"{alias}.{column}" for column in tables[join.source]]
    values = [*record.fields.items(), *((k, v) for e in record.each for k, v in e.fields.items())]
    values += [("recorded_at", r) for r in (record.recorded_at, *(e.recorded_at for e in record.each)) if r is not None]
    for field, value in values:
        _all_known(f"{where}.{field}", value.columns, known)
    for text in filter(None, [record.where, *(e.where for e in record.each)]):
        _all_known(f"{where}.where", _expression_columns(where, text), known)
    for each in record.each:
        _all_known(f"{where}.each.unless_blank", [each.unless_blank] if each.unless_blank else [], known)


def _expression_columns(where: str, text: str) -> tuple[str, ...]:
    try:
        return parse_expression(text).columns
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def _refuse_reserved(columns: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for name in columns:
        if name.lower() in RESERVED:
            raise ValueError(f"{name!r} is a column that every row has; give yours another name")
        if seen.setdefault(name.lower(), name) != name:
            raise ValueError(f"{name!r} and {seen[name.lower()]!r} differ in case only")


def _all_known(where: str, wanted: Iterable[str], known: Iterable[str], what: str = "columns") -> None:
    there = list(known)
    for name in wanted:
        if name not in there:
            close = get_close_matches(name, there, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise ValueError(f"{where} names {name!r}, which is not there: {hint}{what} are {', '.join(there)}")
