"""The part of the Open Data Contract Standard (v3) that our contracts use, as strict models.

The standard allows far more than we read. Whatever a contract says here is either kept by the code or
refused, so that no promise stands in a file unheard. That the files are valid ODCS besides is a test's
business (it holds them to the standard's own JSON schema).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Severity = Literal["error", "warning"]
Metric = Literal["nullValues", "invalidValues", "duplicateValues", "rowCount"]  # of the standard's library
Dimension = Literal["accuracy", "completeness", "conformity", "consistency", "coverage", "timeliness", "uniqueness"]
COUNT_FROM = "select count(*) from "
ROWS_OF_TABLE = COUNT_FROM + "${table} where "


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Synonym(_Strict):
    """A name in another language; ours are English (`locale: en`), `businessName` is Chinese."""

    synonym: Annotated[str, Field(min_length=1)]
    locale: Literal["en"]


class CustomProperty(_Strict):
    """`descriptionZh`: the Chinese wording of a rule, a column or a table, beside the English `description`."""

    property: Literal["descriptionZh"]
    value: Annotated[str, Field(min_length=1)]


class Arguments(_Strict):
    """What a metric needs: the values, the inclusive range or the pattern that is valid; the columns of a key."""

    validValues: tuple[str, ...] | None = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    pattern: str | None = None
    properties: tuple[str, ...] | None = None


class Volume(_Strict):
    """`rows` within `low` to `high` times the usual; by the column `at`, or without it against earlier runs."""

    rule: Literal["volume"]
    at: str | None = None
    weeks: Annotated[int, Field(ge=4)]
    low: Annotated[float, Field(ge=0, lt=1)]
    high: Annotated[float, Field(gt=1)]
    leastRows: Annotated[float, Field(gt=0)]


class Drift(_Strict):
    """The column's distribution over the last `weeks` (by `at`) against `weeksBefore`: stability index <= `index`."""

    rule: Literal["drift"]
    at: str
    weeks: Annotated[int, Field(ge=1)]
    weeksBefore: Annotated[int, Field(ge=1)]
    bins: Annotated[int, Field(ge=2, le=20)] | None = None
    index: Annotated[float, Field(gt=0)]
    leastRows: Annotated[float, Field(gt=0)]


class Quality(_Strict):
    """One quality rule: a library metric, `type: sql` with a query that counts bad rows, or `type: custom`.

    A query begins `select count(*) from`; one that goes on `${table} where CONDITION` judges rows one by one,
    and CONDITION is true for a bad one. All rules but rowCount and custom count bad rows and say `mustBe: 0`. A
    custom rule compares a table with its own past (`statistical_rules.py`).
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    type: Literal["library", "sql", "custom"]
    metric: Metric | None = None
    arguments: Arguments | None = None
    query: str | None = None
    engine: Literal["stagewatch"] | None = None
    implementation: Annotated[Volume | Drift, Field(discriminator="rule")] | None = None
    mustBe: Literal[0] | None = None
    mustBeGreaterThan: int | float | None = None
    mustBeBetween: tuple[int | float, int | float] | None = None
    dimension: Dimension
    severity: Severity
    description: str | None = None
    customProperties: tuple[CustomProperty, ...] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> Quality:
        if (self.type == "custom") != (self.implementation is not None and self.engine is not None):
            raise ValueError("type custom needs engine and implementation, and no other type has them")
        if self.type == "custom":
            if any((self.metric, self.arguments, self.query)) or self.severity != "warning":
                raise ValueError("type custom needs no metric, arguments or query, and warns")
            return self
        operators = [self.mustBe, self.mustBeGreaterThan, self.mustBeBetween]
        if sum(o is not None for o in operators) != 1:
            raise ValueError("needs exactly one of mustBe, mustBeGreaterThan, mustBeBetween")
        if (self.metric == "rowCount") == (self.mustBe is not None):
            raise ValueError("counts bad rows, so say mustBe: 0 (rowCount: mustBeGreaterThan or mustBeBetween)")
        if self.type == "sql" and (self.metric or self.arguments or not (self.query or "").startswith(COUNT_FROM)):
            raise ValueError(f"type sql needs a query that begins {COUNT_FROM!r}, and no metric or arguments")
        if self.type == "library" and (self.query or not self.metric):
            raise ValueError("type library needs a metric, and no query")
        if self.type == "sql" and not (self.description and self.customProperties):
            raise ValueError("type sql needs a description and its descriptionZh")
        if self.metric == "invalidValues" and self.arguments is None:
            raise ValueError("invalidValues needs arguments")
        return self


class Items(_Strict):
    """What an array holds."""

    logicalType: str
    physicalType: str


class Property(_Strict):
    """One column."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    businessName: Annotated[str, Field(min_length=1)]
    synonyms: Annotated[tuple[Synonym, ...], Field(min_length=1, max_length=1)]
    logicalType: str
    physicalType: str
    required: bool
    primaryKey: bool = False
    primaryKeyPosition: int | None = None
    classification: Literal["personal"] | None = None
    description: Annotated[str, Field(min_length=1)]
    customProperties: tuple[CustomProperty, ...] = ()
    items: Items | None = None
    quality: tuple[Quality, ...] = ()


class Table(_Strict):
    """One table: its names, its grain, its columns in order, and the rules that are about no single column."""

    name: str
    physicalName: str
    physicalType: Literal["table"]
    businessName: Annotated[str, Field(min_length=1)]
    synonyms: Annotated[tuple[Synonym, ...], Field(min_length=1, max_length=1)]
    description: Annotated[str, Field(min_length=1)]
    dataGranularityDescription: Annotated[str, Field(min_length=1)]
    customProperties: tuple[CustomProperty, ...] = ()
    properties: Annotated[tuple[Property, ...], Field(min_length=1)]
    quality: tuple[Quality, ...] = ()


class Freshness(_Strict):
    """How old the newest `element` (table.column) may be, in days, before the source counts as gone quiet."""

    property: Literal["freshness"]
    value: Annotated[float, Field(gt=0)]
    unit: Literal["d"]
    element: str
    description: str


class Description(_Strict):
    """What the table is for, and where its use ends."""

    purpose: str
    usage: str | None = None
    limitations: str | None = None


class Document(_Strict):
    """One contract file: one table."""

    apiVersion: Literal["v3.2.0"]
    kind: Literal["DataContract"]
    id: str
    name: str
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    status: Literal["active"]
    domain: str
    tenant: str
    description: Description
    table: Annotated[tuple[Table, ...], Field(alias="schema", min_length=1, max_length=1)]
    slaProperties: tuple[Freshness, ...] = ()


def as_arguments(quality: Quality) -> dict[str, Any]:
    """The arguments given, without those left out."""
    if quality.implementation:
        return quality.implementation.model_dump(exclude_none=True, exclude={"rule"})
    return quality.arguments.model_dump(exclude_none=True) if quality.arguments else {}
