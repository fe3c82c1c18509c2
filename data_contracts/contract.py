"""A data contract (ODCS v3) as the rest of the code needs it: the table, its columns, keys and rules.

`sources/` holds one per canonical record, `marts/` one per published table. Tables are created from
them; row predicates (`predicates.py`) and Great Expectations suites (`expectations.py`) are derived from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

from data_contracts.errors import StagewatchError
from data_contracts.odcs import (
    ROWS_OF_TABLE,
    CustomProperty,
    Document,
    Freshness,
    Property,
    Quality,
    Severity,
    Table,
    as_arguments,
)
from data_contracts.playbook import shipped
from data_contracts.sql_names import quote_ident
from data_contracts.texts import Language, Name, Texts
from data_contracts.yaml_io import load_model

Layer = Literal["sources", "marts"]
Metric = Literal[
    "nullValues", "invalidValues", "duplicateValues", "rowCount", "sql", "volume", "drift", "freshness", "columns"
]


@dataclass(frozen=True)
class Rule:
    """One rule of a column or (column None) of the table.

    `rule_id` is unique in its contract. `arguments` by metric: invalidValues validValues | minimum, maximum
    (inclusive) | pattern; duplicateValues properties (columns that together are unique); rowCount above |
    minimum, maximum; volume and drift as `odcs.Volume` and `odcs.Drift`; freshness days; columns none (the
    contract's own, in order and type). `query` (metric sql) counts bad rows, with `${table}` and `${column}` to
    be filled. `text` says what is asked. `type`: the column's, which decides what a range says of NaN.
    """

    rule_id: str
    column: str | None
    metric: Metric
    severity: Severity
    dimension: str
    arguments: dict[str, Any] = field(hash=False)
    query: str | None
    text: Name
    type: str | None = None

    @property
    def is_row_rule(self) -> bool:
        """Whether the rule judges each row by itself, so that its bad rows can be set aside."""
        if self.metric == "sql":
            return (self.query or "").startswith(ROWS_OF_TABLE)
        return self.metric in ("nullValues", "invalidValues")


@dataclass(frozen=True)
class Column:
    """One column: DuckDB type, whether null is refused, names in zh and en, meaning (in zh where the file has it).

    `is_personal`: holds personal data that leaves the warehouse only masked.
    """

    name: str
    type: str
    required: bool
    key_position: int | None
    name_zh: str
    name_en: str
    description: str
    description_zh: str | None
    is_personal: bool

    def label(self, language: Language) -> str:
        """The column's name for people."""
        return self.name_zh if language == "zh-CN" else self.name_en

    def explain(self, language: Language) -> str:
        """What the column means; in English where the contract has no Chinese."""
        return (self.description_zh or self.description) if language == "zh-CN" else self.description


@dataclass(frozen=True)
class Contract:
    """One table's promise. `schema` is staging for sources, marts for marts; `grain` says what one row is."""

    layer: Layer
    name: str
    version: str
    schema: str
    name_zh: str
    name_en: str
    description: str
    description_zh: str | None
    grain: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]

    @property
    def table(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def keys(self) -> tuple[str, ...]:
        keyed = [c for c in self.columns if c.key_position is not None]
        return tuple(c.name for c in sorted(keyed, key=lambda c: c.key_position or 0))

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)

    def column(self, name: str) -> Column:
        """The column `name`; KeyError where the contract has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.table} has no column {name!r}")

    def label(self, language: Language) -> str:
        """The table's name for people."""
        return self.name_zh if language == "zh-CN" else self.name_en

    def explain(self, language: Language) -> str:
        """What the table is for; in English where the contract has no Chinese."""
        return (self.description_zh or self.description) if language == "zh-CN" else self.description


@cache
def load_contract(layer: Layer, name: str) -> Contract:
    """The contract of one table; raises StagewatchError where there is none or it says what we do not keep."""
    path = shipped(layer) / f"{name}.odcs.yaml"
    if not path.is_file():
        raise StagewatchError(f"there is no contract for {layer}/{name}", remedy=f"have: {', '.join(names(layer))}")
    return _read(path)


def read_contract(path: Path) -> Contract:
    """The contract in a file of anywhere; its layer is told by its `id`. Raises StagewatchError as `load_contract`."""
    return _read(path)


def _read(path: Path | Traversable) -> Contract:
    document = load_model(path, Document)
    table = document.table[0]
    layer: Layer = "marts" if document.id.startswith("stagewatch.marts.") else "sources"
    return Contract(
        layer=layer,
        name=table.name,
        version=document.version,
        schema="staging" if layer == "sources" else "marts",
        name_zh=table.businessName,
        name_en=table.synonyms[0].synonym,
        description=table.description,
        description_zh=_zh(table.customProperties),
        grain=table.dataGranularityDescription,
        columns=tuple(_column(p) for p in table.properties),
        rules=_rules(document, table),
    )


@cache
def names(layer: Layer) -> tuple[str, ...]:
    """Names of all contracts of a layer, sorted."""
    ending = ".odcs.yaml"
    return tuple(sorted(p.name[: -len(ending)] for p in shipped(layer).iterdir() if p.name.endswith(ending)))


def create_table_sql(contract: Contract, table: str | None = None) -> str:
    """`create table if not exists` with the contract's columns and types."""
    columns = ",\n  ".join(
        f"{quote_ident(c.name)} {c.type}{' not null' if c.required else ''}" for c in contract.columns
    )
    return f"create table if not exists {table or contract.table} (\n  {columns}\n)"


def _zh(properties: Sequence[CustomProperty]) -> str | None:
    return properties[0].value if properties else None


def _column(p: Property) -> Column:
    return Column(
        name=p.name,
        type=p.physicalType,
        required=p.required,
        key_position=p.primaryKeyPosition if p.primaryKey else None,
        name_zh=p.businessName,
        name_en=p.synonyms[0].synonym,
        description=p.description,
        description_zh=_zh(p.customProperties),
        is_personal=p.classification == "personal",
    )


def _rules(document: Document, table: Table) -> tuple[Rule, ...]:
    """The rules written, and those that columns, required columns and a freshness promise imply."""
    rules = [Rule("columns", None, "columns", "error", "conformity", {}, None, _text("columns"))]
    rules += [_required(p) for p in table.properties if p.required]
    rules += [_rule(q, p, table) for p in table.properties for q in p.quality]
    rules += [_rule(q, None, table) for q in table.quality]
    rules += [_freshness(promise, table) for promise in document.slaProperties]
    return tuple(rules)


def _required(p: Property) -> Rule:
    text = _text("required", name=_name(p))
    return Rule(f"{p.name}_required", p.name, "nullValues", "error", "completeness", {}, None, text)


def _freshness(promise: Freshness, table: Table) -> Rule:
    column = next(p for p in table.properties if f"{table.name}.{p.name}" == promise.element)
    text = _text("freshness", name=_name(table), days=f"{promise.value:g}")
    rule_id, days = f"{column.name}_freshness", {"days": promise.value}
    return Rule(rule_id, column.name, "freshness", "warning", "timeliness", days, None, text)


def _rule(q: Quality, p: Property | None, table: Table) -> Rule:
    arguments = as_arguments(q)
    metric: Metric = q.implementation.rule if q.implementation else q.metric or "sql"
    if q.metric == "rowCount":
        low, high = q.mustBeBetween or (None, None)
        arguments = {"above": q.mustBeGreaterThan} if high is None else {"minimum": low, "maximum": high}
    return Rule(
        rule_id=q.id,
        column=p.name if p else None,
        metric=metric,
        severity=q.severity,
        dimension=q.dimension,
        arguments=arguments,
        query=q.query,
        type=p.physicalType if p else None,
        text=Name(zh=q.customProperties[0].value, en=q.description)
        if q.description and q.customProperties
        else _metric_text(metric, arguments, p, table),
    )


def _metric_text(metric: str, arguments: dict[str, Any], p: Property | None, table: Table) -> Name:
    name = _name(p or table)
    if metric == "rowCount":
        if "above" in arguments:
            return _text("row_count_above", minimum=arguments["above"])
        return _text("row_count_between", **arguments)
    if metric in ("volume", "drift"):
        kind = "drift" if metric == "drift" else "volume" if "at" in arguments else "volume_of_runs"
        return _text(kind, name=name, **arguments)
    if metric == "duplicateValues":
        key = [q for q in table.properties if q.name in arguments.get("properties", ())]
        zh, en = "+".join(q.businessName for q in key), " + ".join(q.synonyms[0].synonym for q in key)
        return _text("unique", name=Name(zh=zh, en=en) if key else name)
    if metric == "nullValues":
        return _text("required", name=name)
    if "validValues" in arguments:
        return _text("accepted_values", name=name, values=", ".join(arguments["validValues"]))
    if "pattern" in arguments:
        return _text("pattern", name=name, pattern=arguments["pattern"])
    kind = "range" if {"minimum", "maximum"} <= set(arguments) else "at_least" if "minimum" in arguments else "at_most"
    return _text(kind, name=name, **arguments)


def _name(named: Property | Table) -> Name:
    return Name(zh=named.businessName, en=named.synonyms[0].synonym)


def _text(key: str, *, name: Name | None = None, **values: object) -> Name:
    """A text of the catalogue `contract_rules` in both languages."""
    zh, en = (Texts("contract_rules", language) for language in ("zh-CN", "en"))
    if name is None:
        return Name(zh=zh(key, **values), en=en(key, **values))
    return Name(zh=zh(key, name=name.zh, **values), en=en(key, name=name.en, **values))
