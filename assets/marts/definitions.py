"""Dagster: one asset a mart; its SQL file says what it reads, so the lineage is read off the SQL."""

from __future__ import annotations

import hashlib
import re

import dagster as dg

from assets.definitions import OWNERS, contract_metadata
from assets.marts.build import MARTS, build_mart
from assets.session import Session
from assets.warehouse import read_sql
from data_contracts.contract import load_contract, names

TABLE = re.compile(r"\b(known|staging|marts|ml)\.([a-z_]+)")


def upstream(mart: str) -> list[dg.AssetKey]:
    """The assets a mart's SQL reads; a `known` view is its staging table as of the run."""
    sql = re.sub(r"--.*", "", read_sql("assets.marts", f"{mart}.sql"))
    found = {("staging" if schema == "known" else schema, table) for schema, table in TABLE.findall(sql)}
    return [dg.AssetKey(list(key)) for key in sorted(found - {("marts", mart)})]


def heading(sql: str) -> str:
    """What the head of a mart's SQL file says that it is: the text between its name and its grain."""
    head = " ".join(line.removeprefix("--").strip() for line in sql.split("\n-- Grain")[0].splitlines())
    return head.partition(": ")[2]


def mart_asset(mart: str) -> dg.AssetsDefinition:
    """The asset of one mart."""
    is_contracted = mart in names("marts")
    sql = read_sql("assets.marts", f"{mart}.sql")
    words = load_contract("marts", mart).description if is_contracted else f"Working table: {heading(sql)}"

    @dg.asset(
        key=["marts", mart],
        deps=upstream(mart),
        group_name="marts",
        kinds={"duckdb", "sql"},
        owners=OWNERS,
        description=f"{words}\n\n```sql\n{sql}\n```",
        code_version=hashlib.sha256(sql.encode()).hexdigest()[:8],
        metadata=contract_metadata("marts", mart) if is_contracted else None,
    )
    def build(warehouse: dg.ResourceParam[Session]) -> dg.MaterializeResult:
        figures = warehouse.step(f"marts.{mart}", lambda: {"rows": build_mart(warehouse.con, mart)})
        return dg.MaterializeResult(metadata={"dagster/row_count": figures["rows"]})

    return build


definitions = dg.Definitions(assets=[mart_asset(mart) for mart in MARTS])
