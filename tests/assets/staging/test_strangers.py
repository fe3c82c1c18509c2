"""Exports that nobody here wrote, loaded by a mapping alone: each is a shape that real systems send."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from desk import Desk
from openpyxl import Workbook


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo("Asia/Shanghai"))  # type: ignore[misc,arg-type]


def test_a_stage_history_with_from_and_to(tmp_path: Path) -> None:
    """A row per move: the first row's `from` is the stage the deal was created in; closing moves are outcomes."""
    desk = Desk(
        tmp_path / "w",
        """
sources:
  moves:
    files: ["OpportunityHistory*.csv"]
    columns: {id: Opportunity ID, was: From Stage, to: To Stage, changed: Last Modified, created: Created Date,
              by: Last Modified By, amount: {from: [Amount, Amount (converted)], optional: true}}
    derive:
      stage:
        column: to
        ignore_case: true
        values: {prospecting: first_contact, qualification: needs_confirmed, proposal/price quote: quotation,
                 closed won: null, closed lost: null}
derived_sources:
  opening: {pick: {from: moves, by: [id], order: [{column: changed, dates: [mdy]}]}}
records:
  - record: opportunities
    from: opening
    fields: {opportunity_id: id, owner_id: by, expected_amount: amount,
             created_at: {column: created, dates: [mdy]}, occurred_at: {column: created, dates: [mdy]}}
  - record: stage_events
    from: opening
    where: "not is_blank(was)"
    fields:
      opportunity_id: id
      event: {constant: enter}
      stage: {column: was, values: {Prospecting: first_contact, Qualification: needs_confirmed}}
      occurred_at: {column: created, dates: [mdy]}
  - record: stage_events
    from: moves
    fields:
      opportunity_id: id
      event: {column: to, values: {Closed Won: won, Closed Lost: lost}, otherwise: {constant: enter}}
      stage: stage
      actor_id: by
      occurred_at: {column: changed, dates: [mdy]}
""".replace("from: From Stage", "was: From Stage")
        .replace("is_blank(from)", "is_blank(was)")
        .replace("column: from,", "column: was,"),
    )
    desk.put(
        "OpportunityHistory_2025.csv",
        "Opportunity ID,From Stage,To Stage,Last Modified,Created Date,Last Modified By,Amount\n"
        '006A,Prospecting,QUALIFICATION,3/5/2025 9:30 AM,3/1/2025,Ann,"$12,300.50"\n'
        '006A,Qualification,Proposal/Price Quote,3/9/2025 4:05 PM,3/1/2025,Ann,"$12,300.50"\n'
        "006A,Proposal/Price Quote,Closed Won,3/20/2025 12:00 PM,3/1/2025,Bob,\n"
        "006B,Qualification,Nowhere,3/20/2025 12:00 PM,3/1/2025,Bob,\n",
    )
    desk.run()
    assert desk.rows(
        "select opportunity_id, event, stage, occurred_at from staging.stage_events order by occurred_at"
    ) == [
        ("006A", "enter", "first_contact", at(2025, 3, 1)),
        ("006A", "enter", "needs_confirmed", at(2025, 3, 5, 9, 30)),
        ("006A", "enter", "quotation", at(2025, 3, 9, 16, 5)),
        ("006A", "won", None, at(2025, 3, 20, 12)),
    ]
    assert desk.rows("select opportunity_id, expected_amount::varchar, owner_id from staging.opportunities") == [
        ("006A", "12300.50", "Ann")
    ]
    assert desk.quarantine() == [(5, "stage", "not_in_value_map", "Nowhere")]


def test_a_ledger_kept_by_hand_in_excel(tmp_path: Path) -> None:
    """Title rows, merged cells, dates typed in four ways, amounts in 万, a total at the foot, a sheet per region."""
    book = Workbook()
    del book["Sheet"]
    for region, rows in {
        "华东": [
            ["王敏", "江北精密", datetime(2025, 3, 5), "2025年3月12日", None, 1.2, "跟进中"],
            [None, "南通机床", "2025.3.6", 45736, "2025/4/1", "3.5万", "签约"],
            ["合计", None, None, None, None, 4.7, None],
        ],
        "华南": [["陈刚", "东莞模具", "3月5日", None, None, "-", "跟进中"]],
    }.items():
        sheet = book.create_sheet(region)
        sheet.append([f"{region}大区商机台账（2025年3月）"])
        sheet.append(["制表：销售部", None, None, "单位：万元"])
        sheet.append(["业务员", "客户\n名称", "首次接触", "报价日期", "签约日期", "预计金额（万元）", "状态"])
        for row in rows:
            sheet.append(row)
        sheet.merge_cells("A4:A5")
    out = io.BytesIO()
    book.save(out)
    desk = Desk(
        tmp_path / "w",
        """
source_kind: excel
version: 1
name: {zh: 台账, en: ledger}
sources:
  ledger:
    files: ["*台账*.xlsx"]
    columns: {rep: 业务员, customer: 客户名称, first: 首次接触, quoted: 报价日期, signed: 签约日期,
              amount: 预计金额（万元）, state: 状态}
    fill_down: [rep]
    blank: ["-"]
    where: "rep <> '合计'"
    derive:
      id: {expression: "source_sheet || '-' || customer"}
records:
  - record: opportunities
    from: ledger
    fields:
      opportunity_id: id
      customer_name: customer
      office: source_sheet
      owner_id: rep
      expected_amount: {column: amount, number: {unit: 10000, suffixes: {万: 1}}}
      occurred_at: first
  - record: stage_events
    from: ledger
    fields: {opportunity_id: id, event: {constant: enter}, actor_id: rep, occurred_at: first}
    each:
      - {unless_blank: first, fields: {stage: {constant: first_contact}}}
      - unless_blank: quoted
        fields: {stage: {constant: quotation}, occurred_at: {column: quoted, dates: [iso, ymd, chinese, excel]}}
      - {unless_blank: signed, fields: {event: {constant: won}, occurred_at: signed}}
""",
    )
    desk.put("商机台账2025-03.xlsx", out.getvalue())
    desk.run()
    assert desk.rows(
        "select opportunity_id, office, owner_id, expected_amount::integer, occurred_precision"
        " from staging.opportunities order by 1"
    ) == [("华东-南通机床", "华东", "王敏", 35_000, "day"), ("华东-江北精密", "华东", "王敏", 12_000, "day")]
    assert desk.rows(
        "select opportunity_id, event, stage, occurred_at from staging.stage_events order by 1, occurred_at"
    ) == [
        ("华东-南通机床", "enter", "first_contact", at(2025, 3, 6)),
        ("华东-南通机床", "enter", "quotation", at(2025, 3, 20)),
        ("华东-南通机床", "won", None, at(2025, 4, 1)),
        ("华东-江北精密", "enter", "first_contact", at(2025, 3, 5)),
        ("华东-江北精密", "enter", "quotation", at(2025, 3, 12)),
    ]
    assert desk.rows("select source_sheet, source_row, column_name, value from staging.quarantine") == [
        ("华南", 4, "occurred_at", "3月5日")
    ]
    assert desk.ledger() == [("商机台账2025-03.xlsx", "active", 4, 3, 1, 1, 0)]


def test_a_european_export_of_calls(tmp_path: Path) -> None:
    """Semicolons, 1.234,50, day before month, Windows-1252, duration instead of an end, a time of its own column."""
    desk = Desk(
        tmp_path / "w",
        """
timezone: Europe/Berlin
sources:
  calls:
    files: ["Anrufe*.csv"]
    encoding: [utf-8, cp1252]
    columns: {no: Nr., who: Verkäufer, day: Datum, clock: Uhrzeit, minutes: Dauer (Min.), done: Erreicht, value: Wert}
    derive:
      begun: {expression: "day || ' ' || clock", dates: [dmy]}
      ended: {expression: "begun + to_minutes(minutes::int)", dates: [iso]}
records:
  - record: visits
    from: calls
    fields:
      visit_id: no
      rep_id: who
      kind: {constant: call}
      status: {expression: "if(is_yes(done) or lower(done) = 'ja', 'done', 'no_show')"}
      planned_at: begun
      occurred_at: ended
  - record: signings
    from: calls
    where: "value is not null"
    fields: {opportunity_id: no, amount: {column: value, number: {thousands: ".", decimal: ","}}, occurred_at: ended}
""",
    )
    desk.put(
        "Anrufe_März.csv",
        (
            "sep=;\r\nNr.;Verkäufer;Datum;Uhrzeit;Dauer (Min.);Erreicht;Wert\r\n"
            "1;Jörg;05.03.2025;09:30;20;Ja;1.234,50 €\r\n2;Zoë;05.03.2025;10:00;;Nein;\r\n"
        ).encode("cp1252"),
    )
    desk.run()
    assert desk.rows("select visit_id, rep_id, status, planned_at, occurred_at from staging.visits") == [
        ("1", "Jörg", "done", at(2025, 3, 5, 16, 30), at(2025, 3, 5, 16, 50))
    ]
    assert desk.rows("select amount::varchar from staging.signings") == [("1234.50",)]
    assert [row[:3] for row in desk.quarantine()] == [(4, "occurred_at", "occurred_at_required")]


def test_an_api_dump_with_nested_objects_and_epochs(tmp_path: Path) -> None:
    desk = Desk(
        tmp_path / "w",
        """
sources:
  deals:
    files: ["deals*.json*"]
    columns: {id: id, stage: properties.dealstage, amount: properties.amount, owner: owner.email,
              moved: properties.entered_ms, old: {from: properties.net_date, optional: true}, tags: tags}
records:
  - record: stage_events
    from: deals
    fields:
      opportunity_id: id
      event: {constant: enter}
      stage: {column: stage, values: {appointmentscheduled: first_contact, "2": quotation}}
      actor_id: {column: owner, extract: "^([^@]+)"}
      occurred_at: {column: moved, dates: [epoch_s, epoch_ms]}
    recorded_at: {column: old, extract: "([0-9]+)", dates: [epoch_ms], fill: [occurred_at]}
""",
    )
    desk.put(
        "deals.jsonl",
        '{"id": 5, "properties": {"dealstage": "appointmentscheduled", "amount": 12.5, "entered_ms": 1741138215123,'
        ' "net_date": "/Date(1741138299000)/"}, "owner": {"email": "ann@example.com"}, "tags": ["a", "b"]}\n'
        '{"id": 5, "properties": {"dealstage": 2, "entered_ms": "1741138300"}, "owner": null, "tags": []}\n',
    )
    desk.run()
    assert desk.rows(
        "select stage, actor_id, occurred_at, recorded_at, is_recorded_at_filled from staging.stage_events order by 3"
    ) == [
        (
            "first_contact",
            "ann",
            at(2025, 3, 5, 9, 30, 15).replace(microsecond=123000),
            at(2025, 3, 5, 9, 31, 39),
            False,
        ),
        ("quotation", None, at(2025, 3, 5, 9, 31, 40), at(2025, 3, 5, 9, 31, 40), True),
    ]
