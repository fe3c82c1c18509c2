"""Names that mean harm, from the file to the report: they are data everywhere, and come back as they came.

Every text that a stranger's file, mapping and playbook can carry is SQL, HTML or a formula; one run by the command
line takes it through landing, staging, marts, alerts, exports, workbook and report.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook

from zygote import Call, Zygote

HARM = ['a"; drop table t; --', "'); --", "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "@SUM(1)\n<img src=x>"]
FILE = "deals a\"; drop table t; --'); <img src=x>.csv"
HEADER = ["id", "at", 'a"; drop table t; --', "'); --", "<script>alert(1)</script>", "=cmd|' /C calc'!A0"]
STAGE, REP, CITY, CUSTOMER = HEADER[2:]
MAPPING = f"""
mapping: hostile
version: 1.0.0
name: {{zh: {json.dumps(HARM[2])}, en: {json.dumps(HARM[0])}}}
source_kind: crm
sources:
  deals:
    files: ["deals*"]
    columns: {{id: id, at: at, stage: {json.dumps(STAGE)}, rep: {json.dumps(REP)}, city: {json.dumps(CITY)},
              customer: {json.dumps(CUSTOMER)}}}
records:
  - record: stage_events
    from: deals
    fields:
      opportunity_id: id
      event: {{constant: enter}}
      stage: {{column: stage, values: {{{json.dumps(HARM[0])}: first, {json.dumps(HARM[3])}: second}}}}
      actor_id: rep
      occurred_at: at
    recorded_at: {{rule: occurred_at}}
  - record: opportunities
    from: deals
    fields:
      {{opportunity_id: id, customer_id: customer, customer_name: customer, office: city, owner_id: rep,
       product_line: customer, channel: city, created_at: at, occurred_at: at}}
    recorded_at: {{rule: occurred_at}}
  - record: organisation
    from: deals
    fields: {{rep_id: rep, rep_name: rep, supervisor_id: rep, supervisor_name: rep, office: city, city: city,
             region: city, role: {{constant: rep}}}}
    recorded_at: {{rule: always_known}}
"""
PLAYBOOK = f"""
playbook: hostile
version: 1.0.0
name: {{zh: {json.dumps(HARM[2])}, en: {json.dumps(HARM[2])}}}
lapse_days: 90
default_window_days: 30
stages:
  - {{stage: first, name: {{zh: {json.dumps(HARM[2])}, en: {json.dumps(HARM[2])}}}, sla: {{days: 3, clock: calendar}}}}
  - {{stage: second, name: {{zh: {json.dumps(HARM[3])}, en: {json.dumps(HARM[3])}}}, sla: {{days: 3, clock: calendar}}}}
"""


def deals() -> str:
    """Fifty opportunities, one a day, of five reps; all stand still from the second stage on."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(HEADER)
    for n in range(50):
        name, day = HARM[n % 5], date(2025, 3, 1) + timedelta(days=n)
        for stage, at in ((HARM[0], day), (HARM[3], day + timedelta(days=2))):
            rows.writerow([f"O{n}", f"{at} 09:00", stage, name, name, name])
    return out.getvalue()


@pytest.fixture(scope="module")
def ran(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Call]:
    root = tmp_path_factory.mktemp("hostile") / "company"
    for folder in ("mappings", "playbooks", "inbox"):
        (root / folder).mkdir(parents=True)
    (root / "mappings" / "hostile.yaml").write_text(MAPPING, "utf-8")
    (root / "playbooks" / "hostile.yaml").write_text(PLAYBOOK, "utf-8")
    (root / "stagewatch.yaml").write_text(
        f"company: {{zh: {json.dumps(HARM[2])}, en: {json.dumps(HARM[2])}}}\nlanguage: en\nclock: data\n"
        "playbook: hostile\ninbox: {settle_seconds: 0}\nalerts: {replay_weeks: 2}\n",
        "utf-8",
    )
    (root / "inbox" / FILE).write_text(deals(), "utf-8")
    return root, zygote.run("run", "--workspace", root)


def asked(zygote: Zygote, root: Path, statement: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads(
        zygote.run("sql", statement, "--workspace", root, "--format", "json").output
    )
    return rows


def test_values_come_back_as_they_came(zygote: Zygote, ran: tuple[Path, Call]) -> None:
    root, _ = ran
    names = sorted(HARM)
    (row,) = asked(
        zygote,
        root,
        """select count(*) as n, list(distinct customer_name order by customer_name) as customers,
                  list(distinct city order by city) as cities, list(distinct owner_id order by owner_id) as owners,
                  list(distinct product_line order by product_line) as products
           from marts.opportunity_state""",
    )
    assert row == {"n": 50, "customers": names, "cities": names, "owners": names, "products": names}
    (ledger,) = asked(zygote, root, "select file_name, rows_read, accepted from staging.ledger")
    assert ledger == {"file_name": FILE, "rows_read": 100, "accepted": 100}
    assert [r["name_en"] for r in asked(zygote, root, "from ref.stages order by stage_no")] == [HARM[2], HARM[3]]


def test_no_cell_of_an_export_is_a_formula(ran: tuple[Path, Call]) -> None:
    root, _ = ran
    cells = [
        cell
        for path in (root / "exports").rglob("*.csv")
        for row in csv.reader(path.read_text("utf-8-sig").splitlines(keepends=True))
        for cell in row
    ]
    assert any("calc" in cell for cell in cells)
    assert [cell for cell in cells if cell.startswith(("=", "@", "+", "\t", "\r"))] == []
    books = [*(root / "exports").rglob("*.xlsx"), *(root / "reports").rglob("*.xlsx")]
    assert books
    kinds = [
        cell.data_type for path in books for sheet in load_workbook(path) for row in sheet.iter_rows() for cell in row
    ]
    assert "s" in kinds and "f" not in kinds


def test_reports_hold_them_escaped_only(ran: tuple[Path, Call]) -> None:
    root, _ = ran
    pages = [path.read_text("utf-8") for path in (root / "reports").glob("*.html")]
    assert len(pages) >= 2
    for page in pages:
        assert "<script>alert" not in page and "<img src=x" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_as_of_an_earlier_day_stands_what_was_known_then(
    zygote: Zygote, ran: tuple[Path, Call], tmp_path: Path
) -> None:
    """At midnight before 11 March ten had begun, of which the last two (9 and 10 March) had not moved on."""
    root = tmp_path / "earlier"
    shutil.copytree(ran[0], root)
    zygote.run("run", "--workspace", root, "--as-of", "2025-03-11")
    stages = "select stage, count(*)::int as n from marts.opportunity_state group by stage"
    assert asked(zygote, root, f"{stages} order by stage") == [
        {"stage": "first", "n": 2},
        {"stage": "second", "n": 8},
    ]
    (row,) = asked(zygote, root, "select max(entered_at) as last from marts.stage_spells")
    assert row == {"last": "2025-03-10T09:00:00+08:00"}
    (ledger,) = asked(zygote, root, "select rows_read, accepted from staging.ledger")
    assert ledger == {"rows_read": 100, "accepted": 100}, "nothing that landed is forgotten"
