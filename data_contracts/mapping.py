"""A mapping: how a foreign export's files and columns become canonical records (the DSL of docs/mappings.md)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator

from data_contracts.contract import Contract, load_contract, names
from data_contracts.header_text import normal_header as normal_header
from data_contracts.mapping_derived import (
    PROVENANCE,
    DerivedSource,
    Notes,
    Resolve,
    all_known,
    derived_columns,
    expression_columns,
)
from data_contracts.mapping_sources import FILE_COLUMNS
from data_contracts.mapping_sources import Format as Format
from data_contracts.mapping_sources import Source as Source
from data_contracts.mapping_sources import SourceColumn as SourceColumn
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
SourceKind = Literal["form", "crm", "excel", "wechat"]
SOURCE_RANK: dict[str, int] = {"form": 1, "crm": 2, "excel": 3, "wechat": 4}

# Columns of the canonical tables that staging fills itself.
FILLED_BY_STAGING = {
    "opportunity_key", "recorded_at", "is_recorded_at_filled", "occurred_precision", "landed_at", "source_kind",
    "source_rank", "mapping", "file_id", "source_sheet", "source_row", "content_hash", "fact_key", "is_primary",
    "overruled_at",
}  # fmt: skip


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
            all_known("fields", fields, settable, f"columns of {self.record}")
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
                all_known(f"{where}.values", [value.values], self.value_maps, "value_maps")
        return self

    @property
    def is_told(self) -> bool:
        """Whether it reads notes or resolves names, and so is staged after the mappings that tell of whom."""
        return any(isinstance(derived.rule, Notes | Resolve) for derived in self.derived_sources.values())

    def all_values(self) -> Iterator[tuple[str, Value]]:
        """Every value of the mapping, with where it stands."""
        for code, source in self.sources.items():
            yield from ((f"sources.{code}.derive.{name}", value) for name, value in source.derive.items())
        for code, derived in self.derived_sources.items():
            yield from ((f"derived_sources.{code}.{name}", value) for name, value in derived.values())
        yield from ((where, value) for _, where, _, _, value in self.placed_values())

    def placed_values(self) -> Iterator[tuple[int, str, str, str, Value]]:
        """Every value that fills a column of a record: the record's number, where it stands, record, column, value."""
        for number, record in enumerate(self.records, start=1):
            parts = [(record.fields, record.recorded_at), *((e.fields, e.recorded_at) for e in record.each)]
            for fields, recorded in parts:
                given = [*fields.items(), *([("recorded_at", recorded)] if recorded is not None else [])]
                for name, value in given:
                    yield number, f"records[{number}] ({record.record}).{name}", record.record, name, value

    def source_columns(self, value: Value) -> Iterator[str]:
        """The columns of a source that a value is read from, through what is derived."""
        declared = {name for source in self.sources.values() for name in source.columns}
        derived = {name: value for source in self.sources.values() for name, value in source.derive.items()}
        for name in value.columns:
            plain = name.split(".")[-1]
            plain = plain if plain in declared | derived.keys() else plain.partition("_")[2]
            if plain in declared:
                yield plain
            elif plain in derived:
                yield from self.source_columns(derived[plain])

    def columns_read_as(self, *types: str) -> set[str]:
        """The columns of its sources that fill a record's column of one of these types (DECIMAL, TIMESTAMPTZ)."""
        return {
            name
            for _, _, record, column, value in self.placed_values()
            if load_contract("sources", record).column(column).type.startswith(types)
            for name in self.source_columns(value)
        }

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
            all_known(f"derived_sources.{name}.from", [derived.made_from], tables, "sources before it")
            tables[name] = derived_columns(name, derived, tables[derived.made_from])
        for number, record in enumerate(self.records, start=1):
            _check_record(f"records[{number}] ({record.record})", record, tables)
        for fault in refused_by_contract(self):
            raise ValueError(fault)
        return self


def settable_columns(contract: Contract) -> tuple[str, ...]:
    """The columns of a canonical record that a mapping may fill."""
    return tuple(name for name in contract.column_names if name not in FILLED_BY_STAGING)


def _check_record(where: str, record: RecordMapping, tables: dict[str, list[str]]) -> None:
    all_known(f"{where}.from", [record.source], tables, "sources")
    known = [*tables[record.source], *PROVENANCE]
    for alias, join in record.joins.items():
        all_known(f"{where}.joins.{alias}.source", [join.source], tables, "sources")
        all_known(f"{where}.joins.{alias}.on", join.on, known)
        all_known(f"{where}.joins.{alias}.on", join.on.values(), tables[join.source], f"columns of {join.source}")
        known += [f"{alias}.{column}" for column in tables[join.source]]
    values = [*record.fields.items(), *((k, v) for e in record.each for k, v in e.fields.items())]
    values += [("recorded_at", r) for r in (record.recorded_at, *(e.recorded_at for e in record.each)) if r is not None]
    for field, value in values:
        all_known(f"{where}.{field}", value.columns, known)
    for text in filter(None, [record.where, *(e.where for e in record.each)]):
        all_known(f"{where}.where", expression_columns(where, text), known)
    for each in record.each:
        all_known(f"{where}.each.unless_blank", [each.unless_blank] if each.unless_blank else [], known)
