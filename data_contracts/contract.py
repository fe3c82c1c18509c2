"""A data contract (ODCS v3) as the rest of the code needs it: the table, its columns, keys and rules.

`sources/` holds one per canonical record, `marts/` one per published table. Tables are created from
them, row predicates and Great Expectations suites are derived from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from open_data_contract_standard.model import DataQuality, OpenDataContractStandard, SchemaProperty

from data_contracts.errors import StagewatchError
from data_contracts.playbook import shipped
from data_contracts.yaml_io import load_yaml

Layer = Literal["sources", "marts"]


@dataclass(frozen=True)
class Rule:
    """One quality rule of a column or (column None) of the table, as the contract words it."""

    rule_id: str
    column: str | None
    metric: str | None
    severity: Literal["error", "warning"]
    arguments: dict[str, Any]
    query: str | None
    description: str


@dataclass(frozen=True)
class Column:
    """One column: DuckDB type, whether null is refused, names in zh and en, meaning."""

    name: str
    type: str
    required: bool
    key_position: int | None
    name_zh: str
    description: str


@dataclass(frozen=True)
class Contract:
    """One table's promise. `schema` is staging for sources, marts for marts."""

    layer: Layer
    name: str
    version: str
    schema: str
    name_zh: str
    description: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]

    @property
    def table(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def keys(self) -> tuple[str, ...]:
        keyed = [c for c in self.columns if c.key_position is not None]
        return tuple(c.name for c in sorted(keyed, key=lambda c: c.key_position or 0))

    def column(self, name: str) -> Column:
        """The column `name`; KeyError where the contract has none."""
        return next(c for c in self.columns if c.name == name) if name in self.column_names else _no(self, name)

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)


def _no(contract: Contract, name: str) -> Column:
    raise KeyError(f"{contract.table} has no column {name!r}")


@cache
def load_contract(layer: Layer, name: str) -> Contract:
    """The contract of one table; raises StagewatchError where there is none or it is not ODCS."""
    path = shipped(layer) / f"{name}.odcs.yaml"
    if not path.is_file():
        raise StagewatchError(f"there is no contract for {layer}/{name}", remedy=f"have: {', '.join(names(layer))}")
    document = OpenDataContractStandard.model_validate(load_yaml(path))
    table = (document.schema_ or [])[0]
    properties = table.properties or []
    return Contract(
        layer=layer,
        name=name,
        version=document.version or "",
        schema="staging" if layer == "sources" else "marts",
        name_zh=table.businessName or name,
        description=table.description or "",
        columns=tuple(_column(p) for p in properties),
        rules=tuple(_rule(q, p.name) for p in properties for q in p.quality or [])
        + tuple(_rule(q, None) for q in table.quality or []),
    )


@cache
def names(layer: Layer) -> tuple[str, ...]:
    """Names of all contracts of a layer, sorted."""
    ending = ".odcs.yaml"
    return tuple(sorted(p.name[: -len(ending)] for p in shipped(layer).iterdir() if p.name.endswith(ending)))


def create_table_sql(contract: Contract, table: str | None = None) -> str:
    """`create table if not exists` with the contract's columns and types."""
    columns = ",\n  ".join(f'"{c.name}" {c.type}{" not null" if c.required else ""}' for c in contract.columns)
    return f"create table if not exists {table or contract.table} (\n  {columns}\n)"


def _column(p: SchemaProperty) -> Column:
    return Column(
        name=p.name or "",
        type=p.physicalType or "VARCHAR",
        required=bool(p.required),
        key_position=p.primaryKeyPosition if p.primaryKey else None,
        name_zh=p.businessName or p.name or "",
        description=p.description or "",
    )


def _rule(q: DataQuality, column: str | None) -> Rule:
    return Rule(
        rule_id=q.id or q.name or f"{column}_{q.metric}",
        column=column,
        metric=q.metric,
        severity="error" if (q.severity or "error") == "error" else "warning",
        arguments=dict(q.arguments or {}),
        query=q.query,
        description=q.description or "",
    )
