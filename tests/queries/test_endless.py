"""Every table of the snapshot can be had as Python values, times without end and all."""

from __future__ import annotations

from queries.snapshot import Snapshot


def test_every_table_gives_its_rows(company: Snapshot) -> None:
    tables = company.sql_text("""
        select schema_name || '.' || table_name as name, estimated_size as rows from duckdb_tables()
        where schema_name in ('marts', 'ml', 'ops', 'ref')""")
    assert tables.height > 30
    endless = []
    for name, rows in tables.rows():
        frame = company.sql_text(f"from {name}", limit=1_000_000)
        assert len(frame.rows()) == rows
        endless += [name for column in frame.get_columns() if str(column.dtype) == "String" and "infinity" in column]
    assert sorted(set(endless)) == [
        "marts.opportunity_versions", "marts.organisation_segments", "marts.status_intervals",
    ]  # fmt: skip
