"""Files may come in any order, any number of times, over any number of runs: the canonical tables are the same."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from desk import Desk
from hypothesis import given, settings
from hypothesis import strategies as st
from workbooks import workbook

from data_contracts.contract import load_contract, names

VISITS = """
source_kind: {kind}
version: 1.0.0
name: {{zh: 测试, en: test}}
sources:
  rows:
    files: ["{kind}_*"]
    columns: {{number: no, rep: rep, customer: customer, status: status, day: day, moved: moved, told: told}}
records:
  - record: visits
    from: rows
    fields: {{visit_id: number, rep_id: rep, customer_name: customer, status: status, rescheduled_to: moved,
              occurred_at: day}}
    recorded_at: told
"""
HEAD = "no,rep,customer,status,day,moved,told\n"
# The same visits told by a form, a report and a system; exact duplicates over files; rows that nobody can read.
FILES: dict[str, str | bytes] = {
    "form_march.csv": HEAD + "F1,r1,江北,done,2025-03-05,,2025-03-05 10:00\nF2,r1,城南,done,2025-03-06,,2025-03-06\n",
    "form_again.csv": HEAD + "F1,r1,江北,done,2025-03-05,,2025-03-05 10:00\nF3,r2,江北,soon,2025-03-07,,2025-03-07\n",
    "excel_march.xlsx": workbook(
        a=[HEAD.strip().split(","), ["E1", "r1", "江北", "done", "2025-03-05", None, "2025-03-07"],
           ["E2", "r1", "城南", "rescheduled", "2025-03-06", "2025-03-09", "2025-03-08"]]
    ),
    "excel_april.csv": HEAD + "E3,r2,城南,no_show,2025-04-01,,2025-04-02\nE4,r2,城南,done,2025-02-30,,2025-04-02\n",
    "crm_all.csv": HEAD + "C1,r1,江北,done,2025-03-05,,2025-03-06\nC2,r2,城南,no_show,2025-04-01,,2025-04-03\n",
}  # fmt: skip
# What tells one copy of a row from another, and when it came.
WHERE_FROM = {"file_id", "landed_at", "source_sheet", "source_row", "mapping"}


def canonical(desk: Desk) -> dict[str, Any]:
    """Every canonical record without its provenance, and how many rows were refused, for what."""
    found: dict[str, Any] = {}
    for name in names("sources"):
        contract = load_contract("sources", name)
        columns = ", ".join(c for c in contract.column_names if c not in WHERE_FROM)
        found[name] = desk.rows(f"select {columns} from {contract.table} order by all")
    found["refused"] = desk.rows(
        "select record, column_name, reason, value, count(*) from staging.quarantine group by all order by all"
    )
    found["duplicates"] = desk.rows("select count(*) from staging.duplicates")
    return found


def ingested(batches: list[list[str]]) -> dict[str, Any]:
    """What stands in the warehouse after these files came, a run a batch."""
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder) / "w", None, **{kind: VISITS.format(kind=kind) for kind in ("form", "excel", "crm")})
        for batch in batches:
            for name in batch:
                desk.put(name, FILES[name])
            desk.run(later=timedelta(hours=1))
        try:
            return canonical(desk)
        finally:
            desk.close()


EXPECTED = ingested([list(FILES)])


def test_what_is_expected_is_what_was_told() -> None:
    told = [(row[0], row[3]) for row in EXPECTED["visits"]]
    assert len(told) == 7
    assert EXPECTED["refused"] == [
        ("visits", "occurred_at", "not_a_date", "2025-02-30", 1),
        ("visits", "status", "status_accepted_values", "soon", 1),
    ]
    assert EXPECTED["duplicates"] == [(1,)]


@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_any_order_any_repetition_any_number_of_runs(data: st.DataObject) -> None:
    order = data.draw(st.permutations(list(FILES)))
    again = data.draw(st.lists(st.sampled_from(list(FILES)), max_size=4))
    sent = [*order, *again]
    cuts = sorted(data.draw(st.sets(st.integers(1, len(sent) - 1), max_size=3)))
    batches = [sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    assert ingested(batches) == EXPECTED
