"""A mapping's sources: the files that hold a table, and where in them each of our columns stands."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator

from data_contracts.expressions import parse_expression
from data_contracts.mapping_derived import PROVENANCE, all_known
from data_contracts.mapping_values import Strict, Texts, Value, one_group, plain_text
from data_contracts.messages import MESSAGE_COLUMNS, MessageChannel

ColumnName = Annotated[str, StringConstraints(pattern=r"^[^\W\d]\w*$", max_length=60)]
Format = Literal["csv", "tsv", "parquet", "jsonl", "xlsx", "messages"]
# What a row of a workbook is besides data: the header repeated, a sum, 填报人: and the like, a title, hidden.
RowKind = Literal["header", "subtotal", "footer", "title", "hidden"]

# Columns of every source besides those declared: usable in values and expressions, not declarable.
FILE_COLUMNS = ("source_file", "source_sheet")
RESERVED = {*PROVENANCE, "file_id", "landed_at", "is_paired", "row_kind"}


def _headers(value: Any) -> Any:
    """Alternatives for one column: header texts, or positions from 1."""
    return tuple(v if isinstance(v, int) and not isinstance(v, bool) else plain_text(v).strip() for v in value)


class SourceColumn(Strict):
    """Where one of our columns stands in their file: header texts tried in order, `@field`, or positions from 1.

    `@field` stands for the headers that the header registry has for a field; `with_registry` puts them into
    `synonyms`. A synonym is compared without what stands in brackets at the header's end; where that is a unit
    (金额(万元)), it is part of each bare number below. `title` is for a value that stands above the table (below it, in
    the sheet's name): what the regular expression finds there is the column's value in every row.
    """

    headers: Annotated[tuple[str | int, ...], BeforeValidator(_headers), Field(alias="from")] = ()
    title: str | None = None
    synonyms: Annotated[tuple[str, ...], BeforeValidator(_headers)] = ()
    optional: bool = False

    @model_validator(mode="before")
    @classmethod
    def _alone(cls, data: Any) -> Any:
        if isinstance(data, dict):
            inner = data.get("from", ())
            return {**data, "from": inner if isinstance(inner, list | tuple) or inner is None else [inner]}
        return {"from": data if isinstance(data, list | tuple) else [data]}

    @field_validator("title")
    @classmethod
    def _pattern_compiles(cls, value: str | None) -> str | None:
        return None if value is None else one_group(value)

    @model_validator(mode="after")
    def _is_somewhere(self) -> SourceColumn:
        if bool(self.headers or self.synonyms) == (self.title is not None):
            raise ValueError("needs one of from and title")
        return self

    @property
    def registry_fields(self) -> tuple[str, ...]:
        """The fields of the header registry that it names by `@field`."""
        return tuple(h[1:] for h in self.headers if isinstance(h, str) and h.startswith("@") and len(h) > 1)


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
    dittos: tuple[str, ...] = ()
    needs: tuple[tuple[str, ...], ...] = ()
    where: str | None = None
    tables: Literal["one", "many"] = "one"
    header_rows: Annotated[int, Field(ge=1, le=3)] = 1
    skip: tuple[RowKind, ...] = ("header",)
    channels: tuple[MessageChannel, ...] = ()
    duplicates: tuple[str, ...] | Literal["all", "keep"] = "all"
    derive: dict[ColumnName, Value] = Field(default_factory=dict)
    optional: bool = False

    @model_validator(mode="before")
    @classmethod
    def _messages_have_columns(cls, data: Any) -> Any:
        """Messages have the same columns whatever they were exported from: they need not be declared."""
        if isinstance(data, dict) and data.get("format") == "messages" and "columns" not in data:
            return {**data, "columns": {name: {"from": name} for name in MESSAGE_COLUMNS}}
        return data

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
        all_known("fill_down", self.fill_down, self.columns)
        all_known("dittos", self.dittos, self.columns)
        for columns in self.needs:
            all_known("needs", columns, self.columns)
        if not isinstance(self.duplicates, str):
            all_known("duplicates", self.duplicates, [*self.columns, *FILE_COLUMNS])
        known: list[str] = [*self.columns, *PROVENANCE]
        for name, value in self.derive.items():
            if name in self.columns:
                raise ValueError(f"derive.{name} has the name of a column; give it another")
            all_known(f"derive.{name}", value.columns, known)
            known.append(name)
        if self.header_row is not None and (self.tables == "many" or self.header_row < self.header_rows - 1):
            raise ValueError("header_row goes with one table, and names its header's last row")
        if self.format == "messages":
            wanted = [h for column in self.columns.values() for h in column.headers if isinstance(h, str)]
            all_known("columns", wanted, MESSAGE_COLUMNS, "the columns of messages")
        elif self.channels:
            raise ValueError("channels goes with format: messages")
        if self.where is not None:
            all_known("where", parse_expression(self.where).columns, known)
        return self

    @property
    def required(self) -> tuple[str, ...]:
        """Our columns that a file must have; none where `needs` says which sets of them are enough."""
        if self.needs:
            return ()
        return tuple(name for name, column in self.columns.items() if not column.optional and column.title is None)

    def missing(self, present: Collection[str]) -> tuple[str, ...]:
        """Our columns that a table with those that are `present` still lacks to be this source's."""
        return min((tuple(n for n in names if n not in present) for names in self.needs or (self.required,)), key=len)

    def deciding(self, present: Collection[str]) -> tuple[str, ...]:
        """The columns by which a table with those that are `present` is this source's."""
        return next((names for names in self.needs if set(names) <= set(present)), self.required)

    def with_registry(self, fields: Mapping[str, tuple[str, ...]]) -> Source:
        """The source with the registry's headers (field -> headers) in the place of each `@field`."""
        columns = {}
        for name, column in self.columns.items():
            unknown = [f for f in column.registry_fields if f not in fields]
            if unknown:
                all_known(f"columns.{name}", unknown, fields, "fields of headers.yaml")
            synonyms = dict.fromkeys(h for f in column.registry_fields for h in fields[f])
            columns[name] = (
                column.model_copy(update={"synonyms": (*column.synonyms, *synonyms)}) if synonyms else column
            )
        return self.model_copy(update={"columns": columns})


def _refuse_reserved(columns: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for name in columns:
        if name.lower() in RESERVED:
            raise ValueError(f"{name!r} is a column that every row has; give yours another name")
        if seen.setdefault(name.lower(), name) != name:
            raise ValueError(f"{name!r} and {seen[name.lower()]!r} differ in case only")
