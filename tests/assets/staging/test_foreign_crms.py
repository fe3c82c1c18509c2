"""Exports of well-known systems, loaded by a mapping alone; and before each the check, which must say what comes.

Shapes and spellings are theirs, the rows are made up: nested changelogs, wide sheets of epochs, guarded blanks,
amounts in 万, European numbers, two encodings in one month's files.
"""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
from desk import Desk
from openpyxl import Workbook

from assets.landing.check import check_files


def at(*parts: int, zone: str = "Asia/Shanghai") -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone))  # type: ignore[misc,arg-type]


def sent(desk: Desk, **files: str | bytes) -> Desk:
    """Check the files as sent together, then send them: what became of each is what the check said."""
    names = [name.replace("__", ".") for name in files]
    paths = [desk.put(name, content) for name, content in zip(names, files.values(), strict=True)]
    checks = check_files(paths, desk.context)
    desk.run()
    assert desk.landing.problems == []
    said = {c.file: (c.rows_read, c.accepted, c.unmapped, c.quarantined, c.duplicates) for c in checks}
    assert said == {name: tuple(figures) for name, _, *figures in desk.ledger()}
    rows = desk.rows("select source_row, column_name, reason, value from staging.quarantine order by all")
    assert sorted((b.row, b.column, b.reason, b.value) for c in checks for b in c.bad_rows) == rows
    return desk


def events(desk: Desk) -> list[tuple[Any, ...]]:
    return desk.rows("select opportunity_id, event, stage, occurred_at from staging.stage_events order by 1, 4, 2")


def test_salesforce_opportunities_and_their_field_history(tmp_path: Path) -> None:
    """Two files; 18-character ids; old and new value a row; two spellings of UTC; the first amount is the old one."""
    desk = Desk(
        tmp_path / "w",
        """
value_maps:
  stages: {Prospecting: first_contact, Qualification: needs_confirmed, Closed Won: null}
sources:
  opportunity:
    files: ["Opportunity.csv"]
    columns: {id: Id, account: AccountId, owner: OwnerId, amount: Amount, created: CreatedDate}
  history:
    files: ["OpportunityFieldHistory*.csv"]
    columns: {opp: OpportunityId, by: CreatedById, at: CreatedDate, field: Field, old: OldValue, new: NewValue,
              deleted: IsDeleted}
    where: "not is_yes(deleted)"
derived_sources:
  first_stage: {pick: {from: history, by: [opp], order: [at], where: "field = 'StageName'"}}
  first_amount: {pick: {from: history, by: [opp], order: [at], where: "field = 'Amount'"}}
records:
  - record: opportunities
    from: opportunity
    joins: {was: {source: first_amount, on: {id: opp}}}
    fields: {opportunity_id: id, customer_id: account, owner_id: owner, expected_amount: {first_of: [was.old, amount]},
             created_at: created, occurred_at: created}
  - record: opportunities
    from: history
    where: "field = 'Amount'"
    fields: {opportunity_id: opp, expected_amount: new, occurred_at: at}
  - record: stage_events
    from: first_stage
    joins: {o: {source: opportunity, on: {opp: id}, missing: quarantine}}
    fields: {opportunity_id: opp, event: {constant: enter}, stage: {column: old, values: stages},
             occurred_at: o.created}
  - record: stage_events
    from: history
    where: "field = 'StageName'"
    fields:
      opportunity_id: opp
      event: {column: new, values: {Closed Won: won, Closed Lost: lost}, otherwise: {constant: enter}}
      stage: {column: new, values: stages}
      actor_id: by
      occurred_at: at
""",
    )
    sent(
        desk,
        Opportunity__csv='"Id","AccountId","OwnerId","Amount","CreatedDate"\n'
        '"0065e00000ABCDeAAH","0015e00000XYZabAAB","0055e000001abcDAAQ","12000.0","2025-03-01T02:00:00.000+0000"\n',
        OpportunityFieldHistory__csv='"Id","IsDeleted","OpportunityId","CreatedById","CreatedDate","Field","OldValue",'
        '"NewValue"\n'
        '"1","false","0065e00000ABCDeAAH","u","2025-03-01 02:00:00.000+0000","created","",""\n'
        '"2","false","0065e00000ABCDeAAH","u","2025-03-05 10:00:00.000+0000","StageName","Prospecting",'
        '"Qualification"\n'
        '"3","false","0065e00000ABCDeAAH","u","2025-03-06T10:00:00.000Z","Amount","10000.0","12000.0"\n'
        '"4","false","0065e00000ABCDeAAH","u","2025-03-20T10:00:00.000Z","StageName","Qualification","Closed Won"\n'
        '"5","true","0065e00000ABCDeAAH","u","2025-03-21T10:00:00.000Z","StageName","Closed Won","Prospecting"\n'
        '"6","false","0065e00000GONEeAAH","u","2025-03-21T10:00:00.000Z","StageName","Prospecting","Qualification"\n',
    )
    key = "0065e00000ABCDeAAH"
    assert events(desk) == [
        (key, "enter", "first_contact", at(2025, 3, 1, 10)),
        (key, "enter", "needs_confirmed", at(2025, 3, 5, 18)),
        (key, "won", None, at(2025, 3, 20, 18)),
    ]
    assert desk.column("select expected_amount::integer from staging.opportunities order by occurred_at") == [
        10_000, 12_000,
    ]  # fmt: skip
    assert desk.quarantine() == [(7, "opp", "no_match", "0065e00000GONEeAAH")]


def test_hubspot_deals_with_an_epoch_per_stage(tmp_path: Path) -> None:
    desk = Desk(
        tmp_path / "w",
        """
dates: [epoch_ms, iso]
sources:
  deals:
    files: ["hubspot*.csv"]
    columns: {id: Record ID, owner: Deal owner, amount: Amount, created: Create Date, reason: Closed Lost Reason,
              met: hs_date_entered_appointmentscheduled, quoted: hs_date_entered_contractsent,
              won: hs_v2_date_entered_closedwon, lost: hs_v2_date_entered_closedlost}
    blank: [(No value)]
records:
  - record: opportunities
    from: deals
    fields: {opportunity_id: id, owner_id: {column: owner, extract: "\\\\((.+)\\\\)"}, expected_amount: amount,
             occurred_at: created}
  - record: stage_events
    from: deals
    fields: {opportunity_id: id, event: {constant: enter}, occurred_at: created}
    each:
      - {unless_blank: met, fields: {stage: {constant: first_contact}, occurred_at: met}}
      - {unless_blank: quoted, fields: {stage: {constant: quotation}, occurred_at: quoted}}
      - {unless_blank: won, fields: {event: {constant: won}, occurred_at: won}}
      - {unless_blank: lost, fields: {event: {constant: lost}, occurred_at: lost, lost_reason: reason}}
""".replace("\\\\\\\\", "\\\\"),
    )
    sent(
        desk,
        **{
            "hubspot-crm-exports-all-deals__csv": "\ufeff"
            '"Record ID","Deal Name","Deal owner","Amount","Create Date","hs_date_entered_appointmentscheduled",'
            '"hs_date_entered_contractsent","hs_v2_date_entered_closedwon","hs_v2_date_entered_closedlost",'
            '"Closed Lost Reason"\r\n'
            '"18201345678","A, with\r\na break","Ann (ann@x.com)","1,250.50","2025-03-05 09:30","1741138215123",'
            '"1741338215123","1742338215123","","(No value)"\r\n'
            '"18201345679","B","","","2025-03-05 09:30","1741138215123","","","1742338215000","Price"\r\n'
        },
    )
    assert events(desk) == [
        ("18201345678", "enter", "first_contact", at(2025, 3, 5, 9, 30, 15, 123000)),
        ("18201345678", "enter", "quotation", at(2025, 3, 7, 17, 3, 35, 123000)),
        ("18201345678", "won", None, at(2025, 3, 19, 6, 50, 15, 123000)),
        ("18201345679", "enter", "first_contact", at(2025, 3, 5, 9, 30, 15, 123000)),
        ("18201345679", "lost", None, at(2025, 3, 19, 6, 50, 15)),
    ]
    amounts = "select owner_id, expected_amount::varchar from staging.opportunities order by opportunity_id"
    assert desk.rows(amounts) == [("ann@x.com", "1250.50"), (None, None)]


def test_a_chinese_crm_with_a_title_row_and_amounts_in_wan(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [
        ["商机导出（2025年3月）"], [],
        ["商机编号", "商机名称(必填)", "客户\n名称", "负责人", "预计成交金额（万元）", "当前阶段", "状态", "变更时间",
         "结单日期", "赢率"],
        ["SJ001", "甲", "江北精密", "张三", "12.5", "1.初步接洽", "跟进中", "2025/3/5 9:30", "-", "10%"],
        ["SJ002", "乙", "江北精密", "李四", 8, "4、报价", "赢单", datetime(2025, 3, 7), "2025年3月20日", "100%"],
        ["SJ003", "丙", "无", "李四", "￥1,200", "2.需求确认", "输单", "2025年3月7日 下午3点", "2025.3.21", "N/A"],
        ["SJ004", "丁", "东莞模具", "李四", "待定", "2.需求确认", "跟进中", "2025-03-07", None, None],
        ["合计", None, None, None, 1220.5],
    ]:  # fmt: skip
        sheet.append(row)
    book.create_sheet("说明").append(["本表由系统导出"])
    out = io.BytesIO()
    book.save(out)
    desk = Desk(
        tmp_path / "w",
        """
number: {unit: 10000}
sources:
  deals:
    files: ["商机*.xlsx"]
    columns: {id: 商机编号, name: 商机名称（必填）, customer: 客户名称, rep: 负责人, amount: 预计成交金额(万元),
              stage: 当前阶段, state: 状态, moved: 变更时间, closed: 结单日期}
    blank: ["-", 无, N/A]
    where: "id <> '合计'"
records:
  - record: opportunities
    from: deals
    fields: {opportunity_id: id, customer_name: customer, owner_id: rep, expected_amount: amount, occurred_at: moved}
  - record: stage_events
    from: deals
    fields:
      opportunity_id: id
      event: {constant: enter}
      stage:
        column: stage
        extract: "^[0-9]+[.、]\\\\s*(.+)$"
        values: {初步接洽: first_contact, 需求确认: needs_confirmed, 报价: quotation}
      occurred_at: moved
  - record: stage_events
    from: deals
    where: "state in ('赢单', '输单')"
    fields: {opportunity_id: id, event: {column: state, values: {赢单: won, 输单: lost}}, occurred_at: closed}
""".replace("\\\\\\\\", "\\\\"),
    )
    sent(desk, 商机_20250331__xlsx=out.getvalue())
    assert events(desk) == [
        ("SJ001", "enter", "first_contact", at(2025, 3, 5, 9, 30)),
        ("SJ002", "enter", "quotation", at(2025, 3, 7)),
        ("SJ002", "won", None, at(2025, 3, 20)),
        ("SJ003", "enter", "needs_confirmed", at(2025, 3, 7, 15)),
        ("SJ003", "lost", None, at(2025, 3, 21)),
    ]
    assert desk.rows("select customer_name, expected_amount::integer from staging.opportunities order by opportunity_id"
                     ) == [("江北精密", 125_000), ("江北精密", 80_000), (None, 12_000_000)]  # fmt: skip
    assert desk.quarantine() == [(7, "expected_amount", "not_a_number", "待定")]


def test_sap_orders_in_gb18030_with_european_numbers(tmp_path: Path) -> None:
    """Zero-padded numbers stay text, an empty date is zeros, a minus stands behind, date and time in two columns."""
    desk = Desk(
        tmp_path / "w",
        """
timezone: Europe/Berlin
dates: [dmy]
number: {thousands: ".", decimal: ","}
sources:
  orders:
    files: ["VBAK*.csv"]
    columns: {id: Vertriebsbeleg, name: 客户名称, day: Angelegt am, clock: Zeit, value: Nettowert}
    blank: ["00.00.0000", "00:00:00"]
    derive: {moment: {expression: "concat_ws(' ', day, clock)", dates: [dmy]}}
records:
  - record: opportunities
    from: orders
    fields: {opportunity_id: id, customer_name: name, occurred_at: moment}
  - record: costs
    from: orders
    fields: {period: {expression: "right(day, 4)"}, category: {constant: other}, item: id, amount: value}
""",
    )
    sent(
        desk,
        VBAK__csv=(
            "Vertriebsbeleg;客户名称;Angelegt am;Zeit;Nettowert;VkGrp\r\n"
            "0004711001;南京机床厂;05.03.2025;09:30:00;1.234,50;N01\r\n"
            "0004711002;南京机床厂;05.03.2025;00:00:00;1.234.567,80;N01\r\n"
            "0004711003;东莞;05.03.2025;00:00:00;12,50-;N01\r\n"
            "0004711004;东莞;00.00.0000;00:00:00;12;N01\r\n"
        ).encode("gb18030"),
    )
    assert desk.rows("select opportunity_id, customer_name, occurred_at from staging.opportunities order by 1") == [
        ("0004711001", "南京机床厂", at(2025, 3, 5, 16, 30)),
        ("0004711002", "南京机床厂", at(2025, 3, 5, 7)),
    ]
    assert desk.column("select amount::varchar from staging.costs order by item") == ["1234.50", "1234567.80"]
    assert [(row, reason, value) for row, _, reason, value in desk.quarantine()] == [
        (4, "amount_range", "-12.50"), (5, "period_required", None),
    ]  # fmt: skip


CHANGELOG = """
sources:
  issues:
    files: ["issues*"]
    rows: PREFIXchangelog.histories.items
    columns: {key: PREFIXkey, made: PREFIXfields.created, who: PREFIXfields.assignee.displayName,
              moved: {from: PREFIXchangelog.histories.created, optional: true},
              field: {from: PREFIXchangelog.histories.items.field, optional: true},
              to: {from: PREFIXchangelog.histories.items.toString, optional: true}}
derived_sources: {first: {pick: {from: issues, by: [key]}}}
records:
  - record: opportunities
    from: first
    fields: {opportunity_id: key, owner_id: who, occurred_at: made}
  - record: stage_events
    from: issues
    where: "field = 'status'"
    fields: {opportunity_id: key, event: {constant: enter}, stage: {column: to, values: {Offer: quotation}},
             occurred_at: moved}
"""


def issue(key: str, *moves: tuple[str, str, str]) -> dict[str, Any]:
    histories = [{"created": when, "items": [{"field": "rank", "toString": "1"}, {"field": field, "toString": to}]}
                 for when, field, to in moves]  # fmt: skip
    fields = {"created": "2025-03-05T09:30:00.000+0800", "assignee": {"displayName": "Ann"}}
    return {"key": key, "fields": fields, "changelog": {"histories": histories}}


ISSUES = [issue("S-1", ("2025-03-06T09:30:00.000+0800", "status", "Offer")), issue("S-2")]


def test_an_issue_tracker_with_its_changelog_nested(tmp_path: Path) -> None:
    """One reply of an API over many lines, the same as Parquet, the same as lines: each item of a history is a row."""
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ISSUES), out)
    forms: dict[str, tuple[str, str | bytes]] = {
        "issues__json": ("issues.", json.dumps({"startAt": 0, "issues": ISSUES}, indent=1)),
        "issues__parquet": ("", out.getvalue()),
        "issues__jsonl": ("", "\n".join(json.dumps(i) for i in ISSUES)),
    }
    for name, (prefix, content) in forms.items():
        mapping = CHANGELOG.replace("PREFIX", prefix)
        desk = sent(Desk(tmp_path / name, mapping), **{name: content})
        assert events(desk) == [("S-1", "enter", "quotation", at(2025, 3, 6, 9, 30))], name
        # The issue without a history is no row less.
        assert desk.rows("select opportunity_id, owner_id from staging.opportunities order by 1") == [
            ("S-1", "Ann"), ("S-2", "Ann"),
        ]  # fmt: skip
        assert desk.ledger()[0][2:] == (3, 3, 0, 0, 0), name


def test_an_event_log_as_process_mining_tools_write_it(tmp_path: Path) -> None:
    desk = Desk(
        tmp_path / "w",
        """
sources:
  log:
    files: ["*.csv"]
    columns: {case: case:concept:name, what: concept:name, life: lifecycle:transition, at: time:timestamp}
derived_sources:
  work:
    pair: {from: log, by: [case, what], order: [at], start: "life ilike 'start'", complete: "life ilike 'complete'"}
records:
  - record: stage_events
    from: work
    fields: {opportunity_id: case, event: {constant: enter}, occurred_at: {first_of: [start_at, complete_at]},
             stage: {column: what, values: {Lead: first_contact, Offer: quotation}}}
""",
    )
    sent(
        desk,
        log__csv=",case:concept:name,concept:name,lifecycle:transition,time:timestamp\n"
        "0,1,Lead,start,2025-03-05 09:30:00.123000+01:00\n1,1,Lead,complete,2025-03-05 09:40:00+01:00\n"
        "2,1,Offer,COMPLETE,2025-03-06 09:40:00+00:00\n",
    )
    assert events(desk) == [
        ("1", "enter", "first_contact", at(2025, 3, 5, 16, 30, 0, 123000)),
        ("1", "enter", "quotation", at(2025, 3, 6, 17, 40)),
    ]


def test_parquet_with_zones_dictionaries_structs_and_identifiers_as_doubles(tmp_path: Path) -> None:
    out = io.BytesIO()
    pq.write_table(
        pa.table(
            {
                "id": pa.array([1.0, 2.0, None]),
                "stage": pa.array(["quotation", "first_contact", None]).dictionary_encode(),
                "zoned": pa.array(
                    [datetime(2025, 3, 5, 8, 30, tzinfo=UTC), None, None], pa.timestamp("us", tz="Europe/Berlin")
                ),
                "plain": pa.array([None, datetime(2025, 3, 6, 9, 30), None], pa.timestamp("ns")),
                "made": pa.array([date(2025, 3, 1), date(2025, 3, 2), None]),
                "owner": pa.array([{"mail": "a@x", "tags": ["a", "b"]}, None, None]),
            }
        ),
        out,
    )
    desk = Desk(
        tmp_path / "w",
        """
sources:
  e:
    files: ["*.parquet"]
    columns: {id: id, stage: stage, zoned: zoned, plain: plain, made: made, mail: owner.mail, tags: owner.tags}
records:
  - record: opportunities
    from: e
    fields: {opportunity_id: id, owner_id: mail, lead_source: tags, occurred_at: made}
  - record: stage_events
    from: e
    fields: {opportunity_id: id, event: {constant: enter}, stage: stage, occurred_at: {first_of: [zoned, plain]}}
""",
    )
    sent(desk, deals__parquet=out.getvalue())
    assert events(desk) == [
        ("1", "enter", "quotation", at(2025, 3, 5, 16, 30)),
        ("2", "enter", "first_contact", at(2025, 3, 6, 9, 30)),
    ]
    owners = "select owner_id, lead_source, occurred_precision from staging.opportunities order by opportunity_id"
    assert desk.rows(owners) == [("a@x", "a;b", "day"), (None, None, "day")]


def test_a_file_a_month_in_three_encodings(tmp_path: Path) -> None:
    desk = Desk(
        tmp_path / "w",
        """
dates: [ymd]
sources:
  e:
    files: ["deals_??????.csv"]
    columns: {id: ID, stage: Stage, at: At, share: {from: 占比, optional: true}}
    blank: [N/A, "NULL", 无]
records:
  - record: stage_events
    from: e
    where: "not is_blank(stage)"
    fields: {opportunity_id: id, event: {constant: enter}, occurred_at: at,
             stage: {column: stage, values: {offer: quotation}, ignore_case: true}}
  - record: signings
    from: e
    where: "share is not null"
    fields: {opportunity_id: id, amount: share, occurred_at: at}
""",
    )
    sent(
        desk,
        deals_202503__csv='\ufeffID, stage ,AT\r\n1,OFFER,2025/3/5\r\n"2\nb",n/a,2025/3/6\r\n3,无,2025/3/6\r\n',
        deals_202504__csv__gz=gzip.compress("id\tSTAGE\tat\r\n1\tOffer\t2025.4.5\r\n".encode("utf-16")),
        deals_202505__csv="Id;stage;at;占比\n4;offer;2025/5/5 9:30 PM;12.5%\n5;offer;31/5/2025;\n".encode("gb18030"),
    )
    assert events(desk) == [
        ("1", "enter", "quotation", at(2025, 3, 5)),
        ("1", "enter", "quotation", at(2025, 4, 5)),
        ("4", "enter", "quotation", at(2025, 5, 5, 21, 30)),
    ]
    assert desk.column("select amount::varchar from staging.signings") == ["0.13"]
    assert desk.quarantine() == [(3, "occurred_at", "not_a_date", "31/5/2025")]


def test_weekly_snapshots_whose_date_is_in_the_files_name(tmp_path: Path) -> None:
    """The row of the third week equals that of the first, and is no duplicate: the deal went back."""
    desk = Desk(
        tmp_path / "w",
        """
sources:
  deals:
    files: ["pipeline_*.csv"]
    columns: {id: Opp, stage: Stage}
    derive: {day: {expression: "regexp_extract(source_file, '[0-9]{8}')", dates: [compact]}}
records:
  - record: stage_events
    from: deals
    fields: {opportunity_id: id, event: {constant: enter}, occurred_at: {column: day, precision: day},
             stage: {column: stage, values: {A: first_contact, B: quotation}}}
""",
    )
    sent(
        desk,
        pipeline_20250303__csv="Opp,Stage\n1,A\n",
        pipeline_20250310__csv="Opp,Stage\n1,B\n1,B\n",
        pipeline_20250317__csv="Opp,Stage\n1,A\n\n",
    )
    assert events(desk) == [
        ("1", "enter", "first_contact", at(2025, 3, 3)),
        ("1", "enter", "quotation", at(2025, 3, 10)),
        ("1", "enter", "first_contact", at(2025, 3, 17)),
    ]
    assert [row[2:] for row in desk.ledger()] == [(1, 1, 0, 0, 0), (2, 1, 0, 0, 1), (1, 1, 0, 0, 0)]
    assert desk.column("select distinct occurred_precision from staging.stage_events") == ["day"]
