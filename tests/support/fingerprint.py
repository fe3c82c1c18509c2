"""One number for what each table of a snapshot says: equal for equal contents, whatever the order of the rows."""

from __future__ import annotations

from pathlib import Path

from queries.snapshot import open_snapshot

# `ref.settings` names the run; nothing else in a snapshot may differ between two runs of the same data and clock.
TABLES = """
    select schema_name || '.' || table_name as name from duckdb_tables()
    where schema_name || '.' || table_name <> 'ref.settings' order by all"""


def fingerprint(published: Path) -> dict[str, tuple[int, int]]:
    """Rows and the sum of row hashes of every published table."""
    with open_snapshot(published) as snapshot:
        names = snapshot.query(TABLES)["name"].to_list()
        prints = {}
        for name in names:
            # Hashes are summed, not xor-ed: equal rows must not cancel each other.
            sql = f"select count(*) as n, coalesce(sum(hash(t)::hugeint), 0)::varchar as h from {name} t"
            row = snapshot.query(sql).row(0)
            prints[name] = (int(row[0]), int(row[1]))
        return prints


def differing(one: dict[str, tuple[int, int]], other: dict[str, tuple[int, int]]) -> list[str]:
    """The tables that two snapshots do not agree on."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
