"""A desk: a small workspace with its mappings, files put into the inbox, and what landing and staging made of them.

desk = Desk(tmp_path, STAGES)
desk.put("stages.csv", "id,stage,at\\nA,quotation,2025-03-05 09:00\\n")
desk.run()
desk.rows("select opportunity_id, stage from staging.stage_events")
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from assets.landing.inbox import LandingResult, take_inbox
from assets.staging.build import StagingResult, build_staging, ledger_faults
from assets.warehouse import connect
from assets.workspace import Run, Workspace

NOW = datetime(2025, 6, 1, 4, 0, tzinfo=UTC)
HEAD = "version: 1.0.0\nname: {zh: 测试, en: test}\nsource_kind: crm\n"
# A stage event per row: the plainest mapping there is.
STAGES = """
sources:
  events:
    files: ["stages*"]
    columns: {opportunity: [id, 商机编号], stage: [stage, 阶段], at: [at, 时间]}
records:
  - record: stage_events
    from: events
    fields: {opportunity_id: opportunity, event: {constant: enter}, stage: stage, occurred_at: at}
"""
# Who and what reports of people mean: reps and their opportunities.
MASTERS = """
sources:
  people: {files: ["people*"], columns: {rep: rep, name: name, office: office, city: city}}
  deals: {files: ["deals*"], columns: {id: id, customer: customer, name: name, owner: owner, at: at}}
records:
  - record: organisation
    from: people
    fields: {rep_id: rep, rep_name: name, office: office, city: city}
  - record: opportunities
    from: deals
    fields: {opportunity_id: id, customer_id: customer, customer_name: name, owner_id: owner, created_at: at,
             occurred_at: at, office: {constant: 南京办事处}}
"""
PEOPLE = "rep,name,office,city\nu102,王敏,南京办事处,南京\nu103,陈刚,南京办事处,南京\n"


class Desk:
    """One workspace; mappings as text (`mapping: NAME` and the head are put before it), by name."""

    def __init__(self, root: Path, mapping: str | None = STAGES, settings: str = "", **more: str) -> None:
        self.root = root
        (root / "mappings").mkdir(parents=True)
        (root / "stagewatch.yaml").write_text(
            f"company: {{zh: 测试, en: Test}}\nlanguage: en\ninbox: {{settle_seconds: 0}}\n{settings}", encoding="utf-8"
        )
        Workspace(root).make_folders()
        for name, text in {"test": mapping, **more}.items():
            if text is not None:
                self.write_mapping(name, text)
        self._sit_down(root)

    def _sit_down(self, root: Path) -> None:
        self.root, self.now = root, NOW
        self.landing, self.staging = LandingResult(), StagingResult({})
        self._con: duckdb.DuckDBPyConnection | None = None

    @classmethod
    def at(cls, root: Path) -> Desk:
        """A desk at a workspace that is there."""
        desk = cls.__new__(cls)
        desk._sit_down(root)
        return desk

    def write_mapping(self, name: str, text: str) -> None:
        """Write mappings/NAME.yaml."""
        head = "" if "source_kind:" in text else HEAD
        (self.root / "mappings" / f"{name}.yaml").write_text(f"mapping: {name}\n{head}{text}", encoding="utf-8")

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.root)

    @property
    def context(self) -> Run:
        return Run.of(self.root, run_id="test", now=self.now)

    @property
    def con(self) -> duckdb.DuckDBPyConnection:
        if self._con is None:
            self._con = connect(self.context)
        return self._con

    def close(self) -> None:
        """Close the warehouse, as the end of a run does."""
        if self._con is not None:
            self._con.close()
            self._con = None

    def put(self, name: str, content: str | bytes) -> Path:
        """Put a file into the inbox."""
        path = self.workspace.inbox / name
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return path

    def run(self, *, later: timedelta = timedelta()) -> Desk:
        """Land what is in the inbox and stage it; the ledger must balance."""
        self.now += later
        self.landing = take_inbox(self.con, self.context)
        self.staging = build_staging(self.con, self.context)
        assert ledger_faults(self.con) == []
        return self

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        return self.con.execute(sql, list(parameters)).fetchall()

    def column(self, sql: str) -> list[Any]:
        """The only column of a query."""
        return [row[0] for row in self.rows(sql)]

    def quarantine(self) -> list[tuple[Any, ...]]:
        """Row, column, reason, value of every refused row."""
        return self.rows(
            "select source_row, column_name, reason, value from staging.quarantine"
            " order by file_id, source_sheet, source_row"
        )

    def ledger(self) -> list[tuple[Any, ...]]:
        """Name, status, rows read, accepted, unmapped, quarantined, duplicates of every file."""
        return self.rows(
            "select file_name, status, rows_read, accepted, of_which_unmapped, quarantined, duplicates"
            " from staging.ledger order by file_id"
        )

    def state(self) -> dict[str, Any]:
        """Everything that landing and staging keep, to compare two ways to the same end."""
        tables = self.rows(
            "select schema_name, table_name from duckdb_tables() where schema_name in ('landing', 'staging')"
            " and database_name = current_database() order by all"
        )
        state: dict[str, Any] = {}
        for schema, table in tables:
            columns = "* exclude (inbox_identity)" if table == "deliveries" else "*"
            state[f"{schema}.{table}"] = self.rows(f'select {columns} from {schema}."{table}" order by all')
        for folder in (self.workspace.landed, self.workspace.inbox, self.workspace.rejected):
            state[folder.name] = sorted(p.name for p in folder.iterdir())
        return state


def with_settings(run: Run, **changes: Any) -> Run:
    """The run with settings changed."""
    return dataclasses.replace(run, settings=run.settings.model_copy(update=changes))
