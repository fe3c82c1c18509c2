"""truth/told_facts.parquet and truth/told_names.parquet: what every file tells, and of whom."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from simulation.daily_reports.sentences import Said

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "file": pl.String, "kind_of_source": pl.String, "level": pl.String, "sheet": pl.String, "row": pl.Int64,
    "cell": pl.String, "message_id": pl.String, "sent_at": pl.Datetime("ms"), "told_in": pl.String,
    "corrected_by": pl.String, "rep_id": pl.String, "customer_id": pl.String, "opportunity_id": pl.String,
    "visit_id": pl.String, "happened_on": pl.Date, "event": pl.String, "action_codes": pl.List(pl.String),
    "true_amount": pl.Float64, "customer": pl.String, "kind": pl.String, "status": pl.String, "date": pl.Date,
    "rescheduled_to": pl.Date, "stage": pl.String, "actions_done": pl.List(pl.String),
    "actions_missing": pl.List(pl.String), "amount_yuan": pl.Float64, "competitor": pl.String,
    "next_step": pl.String, "next_date": pl.Date, "text": pl.String,
}  # fmt: skip
FIELDS = (
    "customer", "kind", "status", "date", "rescheduled_to", "stage", "actions_done", "actions_missing", "amount_yuan",
    "competitor", "next_step", "next_date", "text", "told_in",
)  # fmt: skip


class ToldTruth:
    """Writer of the two tables, office by office."""

    def __init__(self, folder: Path, level: str) -> None:
        self.folder, self.level = folder, level
        self._rows: list[dict[str, Any]] = []
        self._names: Counter[tuple[str, str, str, str]] = Counter()
        self._writer: pq.ParquetWriter | None = None

    def tell(self, said: Said, **where: Any) -> None:
        """One told fact; `where` has file, kind_of_source, row, rep_id, happened_on … ."""
        self._rows.append({"level": self.level, **where, **{name: getattr(said, name) for name in FIELDS}})

    def names(self, office: str, written: Counter[tuple[str, str, str]]) -> None:
        """The names written in an office: (what, as written, true id) and how often."""
        for (what, name, true_id), count in written.items():
            self._names[what, office, name, true_id] += count

    def flush(self) -> None:
        """Append what was told to the file."""
        table = pl.DataFrame(self._rows, schema=SCHEMA, orient="row").to_arrow()
        if self._writer is None:
            path = self.folder / "told_facts.parquet"
            self._writer = pq.ParquetWriter(path, table.schema, compression="zstd")
        self._writer.write_table(table)
        self._rows = []

    def close(self) -> None:
        """Write the names and close."""
        self.flush()
        rows = [(*key, count) for key, count in sorted(self._names.items())]
        schema = {"what": pl.String, "office": pl.String, "name": pl.String, "true_id": pl.String, "times": pl.Int64}
        pl.DataFrame(rows, schema=schema, orient="row").write_parquet(self.folder / "told_names.parquet")
        if self._writer is not None:
            self._writer.close()
