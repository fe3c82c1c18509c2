"""Staging: landed rows become canonical records by the mapping, or are set aside with the reason."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from desk import STAGES, Desk

from data_contracts.errors import StagewatchError


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo("Asia/Shanghai"))  # type: ignore[misc,arg-type]


DEALS = """
sources:
  deals:
    files: ["deals*.csv"]
    columns: {id: Deal, stage: Stage, product: Product, at: When, won: {from: Won, optional: true}}
    derive:
      product_name: {column: product, values: {GTXPro: GTX Pro}, otherwise: keep}
  products:
    files: ["products*.csv"]
    columns: {name: Name, price: Price}
    optional: true
records:
  - record: opportunities
    from: deals
    joins: {products: {source: products, on: {product_name: name}, missing: MISSING}}
    fields: {opportunity_id: id, product_line: product_name, expected_amount: products.price, occurred_at: at}
"""


def test_a_joined_and_a_derived_column(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", DEALS.replace("MISSING", "null"))
    desk.put("deals.csv", "Deal,Stage,Product,When\nA,won,GTXPro,2025-01-01\nB,won,Unknown,2025-01-02\n")
    desk.put("products.csv", 'Name,Price\nGTX Pro,"4,821"\nGTX Basic,550\n')
    desk.run()
    assert desk.rows("select opportunity_id, product_line, expected_amount from staging.opportunities order by 1") == [
        ("A", "GTX Pro", Decimal("4821.00")),
        ("B", "Unknown", None),
    ]
    assert desk.ledger() == [
        ("deals.csv", "active", 2, 2, 0, 0, 0),
        ("products.csv", "active", 2, 2, 2, 0, 0),
    ]


def test_a_missing_match_quarantines_where_the_mapping_says_so(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", DEALS.replace("MISSING", "quarantine"))
    desk.put("deals.csv", "Deal,Stage,Product,When\nA,won,GTXPro,2025-01-01\nB,won,Unknown,2025-01-02\n")
    desk.put("products.csv", "Name,Price\nGTX Pro,4821\n")
    desk.run()
    assert desk.column("select opportunity_id from staging.opportunities") == ["A"]
    assert desk.quarantine() == [(3, "product_name", "no_match", "Unknown")]


def test_a_lookup_never_multiplies_rows_and_the_last_landed_wins(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", DEALS.replace("MISSING", "null"))
    desk.put("deals.csv", "Deal,Stage,Product,When\nA,won,X,2025-01-01\n")
    desk.put("products_1.csv", "Name,Price\nX,1\nX,2\n")
    desk.put("products_2.csv", "Name,Price\nX,3\n")
    desk.run()
    assert desk.rows("select opportunity_id, expected_amount from staging.opportunities") == [("A", Decimal("3.00"))]


def test_rows_left_out_by_where_are_unmapped_not_lost(tmp_path: Path) -> None:
    mapping = STAGES.replace("from: events", "from: events\n    where: \"stage <> 'note'\"")
    desk = Desk(tmp_path / "w", mapping)
    desk.put("stages.csv", "id,stage,at\nA,quotation,2025-03-05\nA,note,not a date\nA,,2025-03-06\n")
    desk.run()
    assert desk.ledger() == [("stages.csv", "active", 3, 3, 2, 0, 0)]


def test_a_where_of_the_source_leaves_rows_out_of_everything(tmp_path: Path) -> None:
    mapping = STAGES.replace('files: ["stages*"]', 'files: ["stages*"]\n    where: "opportunity not like \'合计%\'"')
    desk = Desk(tmp_path / "w", mapping)
    desk.put("stages.csv", "id,stage,at\nA,quotation,2025-03-05\n合计：1,,\n")
    desk.run()
    assert desk.ledger() == [("stages.csv", "active", 2, 2, 1, 0, 0)]


WIDE = """
sources:
  deals:
    files: ["wide*"]
    columns: {id: Deal, owner: Owner, first: First contact, demo: Demo, won: Won on, lost: Lost on, why: Reason}
records:
  - record: opportunities
    from: deals
    fields: {opportunity_id: id, owner_id: owner, created_at: first, occurred_at: first}
  - record: stage_events
    from: deals
    fields: {opportunity_id: id, event: {constant: enter}, occurred_at: first}
    each:
      - {unless_blank: first, fields: {stage: {constant: first_contact}}}
      - {unless_blank: demo, fields: {stage: {constant: solution_demo}, occurred_at: demo}}
      - {unless_blank: won, fields: {event: {constant: won}, occurred_at: won}}
      - unless_blank: lost
        where: "won is null"
        fields: {event: {constant: lost}, lost_reason: why, occurred_at: lost}
"""


def test_a_wide_export_feeds_an_event_per_milestone(tmp_path: Path) -> None:
    desk = Desk(
        tmp_path / "w", WIDE.replace("solution_demo", stage_codes()[2]).replace("first_contact", stage_codes()[0])
    )
    desk.put(
        "wide.csv",
        "Deal,Owner,First contact,Demo,Won on,Lost on,Reason\n"
        "A,R1,2025-01-01,2025-01-10,2025-02-01,,\nB,R2,2025-01-05,,,2025-01-20,price\nC,R3,,,,,\n",
    )
    desk.run()
    assert desk.rows(
        "select opportunity_id, event, stage, lost_reason from staging.stage_events order by 1, occurred_at"
    ) == [
        ("A", "enter", stage_codes()[0], None),
        ("A", "enter", stage_codes()[2], None),
        ("A", "won", None, None),
        ("B", "enter", stage_codes()[0], None),
        ("B", "lost", None, "price"),
    ]
    assert desk.column("select count(*) from staging.opportunities") == [3]
    assert desk.ledger() == [("wide.csv", "active", 3, 3, 0, 0, 0)]


def stage_codes() -> list[str]:
    from data_contracts.playbook import load_playbook

    return [s.stage for s in load_playbook("fmcg_five_stage").stages]


def test_a_row_is_taken_whole_or_not_at_all(tmp_path: Path) -> None:
    desk = Desk(
        tmp_path / "w", WIDE.replace("solution_demo", stage_codes()[2]).replace("first_contact", stage_codes()[0])
    )
    desk.put(
        "wide.csv",
        "Deal,Owner,First contact,Demo,Won on,Lost on,Reason\nA,R1,2025-01-01,32 May,,,\nB,R2,2025-01-05,,,,\n",
    )
    desk.run()
    assert desk.column("select opportunity_id from staging.opportunities") == ["B"]
    assert desk.column("select opportunity_id from staging.stage_events") == ["B"]
    assert desk.quarantine() == [(2, "occurred_at", "not_a_date", "32 May")]
    assert desk.column("select opportunity_key from staging.opportunities") == [1]


def test_all_faults_of_a_row_are_named_and_the_row_kept_as_it_landed(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    desk.put("stages.csv", "id,stage,at\n,nonsense, soon \n")
    desk.run()
    assert desk.rows(
        "select record, column_name, reason, value, [f.reason for f in faults], raw from staging.quarantine"
    ) == [
        (
            "stage_events",
            "occurred_at",
            "not_a_date",
            "soon",
            ["not_a_date", "opportunity_id_required", "stage_of_playbook"],
            '{"opportunity":null,"stage":"nonsense","at":"soon"}',
        )
    ]


def test_duplicates_point_to_the_row_that_is_kept_across_files(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    desk.put("stages_1.csv", "id,stage,at\nA,quotation,2025-03-05\nA, quotation ,2025-03-05\n")
    desk.put("stages_2.csv", "id,stage,at\nB,quotation,2025-03-06\nA,quotation,2025-03-05\n")
    desk.run()
    assert desk.rows(
        "select file_name, source_row, kept_file_id, kept_row from staging.duplicates order by file_id, source_row"
    ) == [("stages_1.csv", 3, 1, 2), ("stages_2.csv", 3, 1, 2)]
    assert [row[2:] for row in desk.ledger()] == [(2, 1, 0, 0, 1), (2, 1, 0, 0, 1)]


def test_duplicates_by_some_columns_or_not_at_all(tmp_path: Path) -> None:
    text = "id,stage,at\nA,quotation,2025-03-05\nA,quotation,2025-03-06\nA,quotation,2025-03-06\n"
    by_id = Desk(tmp_path / "a", STAGES.replace('["stages*"]', '["stages*"]\n    duplicates: [opportunity, stage]'))
    by_id.put("stages.csv", text)
    assert by_id.run().staging.rows["stage_events"] == 1
    keep = Desk(tmp_path / "b", STAGES.replace('["stages*"]', '["stages*"]\n    duplicates: keep'))
    keep.put("stages.csv", text)
    assert keep.run().staging.rows["stage_events"] == 3


def test_recording_time_from_a_column_a_rule_a_constant(tmp_path: Path) -> None:
    def recorded(name: str, spec: str) -> list[tuple[object, ...]]:
        desk = Desk(tmp_path / name, STAGES.rstrip() + f"\n    recorded_at: {spec}\n")
        desk.put("stages.csv", "id,stage,at\n2025-03-07,quotation,2025-03-05\n")
        return desk.run().rows("select recorded_at, is_recorded_at_filled from staging.stage_events")

    assert recorded("column", "{column: opportunity, dates: [iso]}") == [(at(2025, 3, 7), False)]
    assert recorded("occurred", "{rule: occurred_at}") == [(at(2025, 3, 5), True)]
    assert recorded("landed", "{rule: landed_at}") == [(at(2025, 6, 1, 12), True)]
    assert recorded("always", "{rule: always_known}") == [(at(1970, 1, 1, 8), True)]
    assert recorded("constant", "{constant: 2025-04-01}") == [(at(2025, 4, 1), True)]


def test_a_blank_recording_time_is_filled_and_flagged_or_refused(tmp_path: Path) -> None:
    text = (
        "id,stage,at,sent\nA,quotation,2025-03-05,2025-03-06\nB,quotation,2025-03-05,\nC,quotation,2025-03-05,later\n"
    )
    columns = STAGES.replace("at: [at, 时间]", "at: [at, 时间], sent: sent").rstrip()
    filled = Desk(tmp_path / "a", columns + "\n    recorded_at: {column: sent, fill: [occurred_at]}\n")
    filled.put("stages.csv", text)
    filled.run()
    assert filled.rows(
        "select opportunity_id, recorded_at, is_recorded_at_filled from staging.stage_events order by 1"
    ) == [
        ("A", at(2025, 3, 6), False),
        ("B", at(2025, 3, 5), True),
    ]
    assert filled.quarantine() == [(4, "recorded_at", "not_a_date", "later")]
    strict = Desk(tmp_path / "b", columns + "\n    recorded_at: {column: sent}\n")
    strict.put("stages.csv", text)
    assert strict.run().quarantine()[0] == (3, "recorded_at", "recorded_at_required", None)


FACTS = """
source_kind: KIND
sources:
  events: {files: ["KIND*"], columns: {id: id, stage: stage, at: at}}
records:
  - record: stage_events
    from: events
    fields: {opportunity_id: id, event: {constant: enter}, stage: stage, occurred_at: at}
"""


def test_of_one_fact_the_more_structured_source_is_believed(tmp_path: Path) -> None:
    head = "version: 1.0.0\nname: {zh: 测试, en: test}\n"
    desk = Desk(tmp_path / "w", None, **{k: head + FACTS.replace("KIND", k) for k in ("form", "excel", "wechat")})
    desk.put("form.csv", "id,stage,at\nA,quotation,2025-03-05 09:00\nA,quotation,2025-03-05 10:00\n")
    desk.put("excel.csv", "id,stage,at\nA,quotation,2025-03-05\nB,quotation,2025-03-05\n")
    desk.put("wechat.csv", "id,stage,at\nA,quotation,2025-03-05\nB,quotation,2025-03-05\nA,quotation,2025-03-06\n")
    desk.run()
    assert desk.rows(
        "select opportunity_id, source_kind, is_primary, count(*) from staging.stage_events group by all order by all"
    ) == [
        ("A", "excel", False, 1),
        ("A", "form", True, 2),
        ("A", "wechat", False, 1),
        ("A", "wechat", True, 1),
        ("B", "excel", True, 1),
        ("B", "wechat", False, 1),
    ]
    assert desk.column("select count(distinct fact_key) from staging.stage_events") == [3]


def test_it_is_believed_from_when_it_was_known(tmp_path: Path) -> None:
    """Told by WeChat on the 1st, in the workbook on the 3rd, on the form on the 6th and again on the 7th."""
    head = "version: 1.0.0\nname: {zh: 测试, en: test}\n"
    facts = head + FACTS.replace("stage, at: at}", "stage, at: at, told: told}") + "    recorded_at: told\n"
    desk = Desk(tmp_path / "w", None, **{k: facts.replace("KIND", k) for k in ("form", "excel", "wechat")})
    for kind, days in (("wechat", [1]), ("excel", [3]), ("form", [7, 6])):
        rows = "".join(f"A,quotation,2025-03-01,2025-03-0{day} 18:00\n" for day in days)
        desk.put(f"{kind}.csv", f"id,stage,at,told\n{rows}")
    desk.run()
    assert desk.rows("""
        select source_kind, is_primary, strftime(recorded_at, '%d'), strftime(overruled_at, '%d')
        from staging.stage_events order by recorded_at""") == [
        ("wechat", False, "01", "03"),
        ("excel", False, "03", "06"),
        ("form", True, "06", None),
        ("form", True, "07", None),
    ]  # fmt: skip


def test_keys_are_dense_over_all_records_in_the_order_of_the_identifiers(tmp_path: Path) -> None:
    mapping = (
        STAGES
        + """
  - record: signings
    from: events
    where: "stage = 'signed'"
    fields: {opportunity_id: opportunity, amount: {constant: 5}, occurred_at: at}
""".lstrip("\n")
    )
    mapping = mapping.replace(
        "    from: events\n    fields: {opportunity_id: opportunity, event",
        "    from: events\n    where: \"stage <> 'signed'\"\n    fields: {opportunity_id: opportunity, event",
    )
    desk = Desk(tmp_path / "w", mapping)
    desk.put(
        "stages.csv",
        "id,stage,at\nb,quotation,2025-03-05\nc,signed,2025-03-05\na,quotation,2025-03-05\nd,x,2025-03-05\n",
    )
    desk.run()
    assert desk.rows(
        "select opportunity_id, opportunity_key from staging.stage_events union"
        " select opportunity_id, opportunity_key from staging.signings order by 1"
    ) == [("a", 1), ("b", 2), ("c", 3)]


def test_the_same_input_staged_twice_gives_the_same_tables(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    desk.put(
        "stages.csv", "id,stage,at\n" + "".join(f"O{n % 50},quotation,2025-03-{n % 28 + 1:02d}\n" for n in range(500))
    )
    before = desk.run().state()
    assert desk.run().state() == before


TARGETS = """
sources:
  targets: {files: ["targets*"], columns: {period: 期间, region: 大区, amount: 目标}}
records:
  - record: targets
    from: targets
    fields: {period: period, scope: {constant: region}, scope_id: region, amount: amount}
"""


def test_periods_are_spelt_alike_and_bounded(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", TARGETS)
    desk.put("targets.csv", '期间,大区,目标\n2025年第一季度,华东,"1,000"\n2025年3月,华东,500\n下半年,华东,1\n')
    desk.run()
    assert desk.rows("select period, period_start, period_end, recorded_at from staging.targets order by 1") == [
        ("2025-03", date(2025, 3, 1), date(2025, 4, 1), at(1970, 1, 1, 8)),
        ("2025-Q1", date(2025, 1, 1), date(2025, 4, 1), at(1970, 1, 1, 8)),
    ]
    assert desk.quarantine() == [(4, "period", "not_a_period", "下半年")]


def test_texts_that_mean_blank_are_null(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", STAGES.replace('["stages*"]', '["stages*"]\n    blank: ["-", "N/A"]'))
    desk.put("stages.csv", "id,stage,at\nA,quotation,n/a\n-,quotation,2025-03-05\n")
    assert [row[:3] for row in desk.run().quarantine()] == [
        (2, "occurred_at", "occurred_at_required"),
        (3, "opportunity_id", "opportunity_id_required"),
    ]


def test_file_sheet_and_row_can_be_read_as_columns(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", STAGES.replace(
        "opportunity_id: opportunity,",
        "opportunity_id: {expression: \"regexp_extract(source_file, '_(.+)[.]', 1) || '-' || source_row::varchar\"},",
    ))  # fmt: skip
    desk.put("stages_北京.csv", "id,stage,at\nA,quotation,2025-03-05\n")
    assert desk.run().column("select opportunity_id from staging.stage_events") == ["北京-2"]


def test_a_derived_column_that_cannot_be_read_is_a_fault_of_the_row(tmp_path: Path) -> None:
    mapping = STAGES.replace(
        'files: ["stages*"]', 'files: ["stages*"]\n    derive: {moment: {column: at, dates: [iso]}}'
    ).replace("occurred_at: at}", 'occurred_at: moment}\n    where: "year(moment) > 2020 or moment is null"')
    desk = Desk(tmp_path / "w", mapping)
    desk.put("stages.csv", "id,stage,at\nA,quotation,2025-03-05\nB,quotation,2019-01-01\nC,quotation,soon\n")
    desk.run()
    assert desk.column("select opportunity_id from staging.stage_events") == ["A"]
    assert desk.quarantine() == [(4, "moment", "not_a_date", "soon")]


def test_a_failed_build_leaves_the_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path / "w")
    desk.put("stages.csv", "id,stage,at\nA,quotation,2025-03-05\n")
    desk.run()
    desk.put("stages_2.csv", "id,stage,at\nB,quotation,2025-03-05\n")

    def fail(*_: object) -> None:
        raise StagewatchError("the last step fails")

    monkeypatch.setattr("assets.staging.build.write_ledger", fail)
    with pytest.raises(StagewatchError, match="the last step fails"):
        desk.run()
    assert desk.column("select opportunity_id from staging.stage_events") == ["A"]


def test_a_mapping_that_lacks_a_file_is_a_warning(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", DEALS.replace("MISSING", "null").replace("    optional: true\n", ""))
    desk.put("deals.csv", "Deal,Stage,Product,When\nA,won,X,2025-01-01\n")
    assert desk.run().staging.problems == ["mapping test: no file of products (products*.csv) has come yet"]


def test_times_are_instants_whatever_the_mappings_zone(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", "timezone: Europe/Amsterdam\n" + STAGES)
    desk.put(
        "stages.csv",
        "id,stage,at\nA,quotation,2025-07-01 09:00\nB,quotation,2025-07-01T09:00:00Z\nC,quotation,2025-07-01\n",
    )
    desk.run()
    assert desk.rows("select opportunity_id, occurred_at, occurred_precision from staging.stage_events order by 1") == [
        ("A", at(2025, 7, 1, 15), "instant"),
        ("B", at(2025, 7, 1, 17), "instant"),
        ("C", at(2025, 7, 1, 6), "day"),
    ]


def test_latest_time_is_of_what_happened_and_was_recorded(tmp_path: Path) -> None:
    from assets.staging.build import latest_time

    desk = Desk(tmp_path / "w", STAGES.rstrip() + "\n    recorded_at: {rule: landed_at}\n")
    desk.put("stages.csv", "id,stage,at\nA,quotation,2025-03-05 09:00\n")
    desk.run(later=timedelta(days=1))
    assert latest_time(desk.con) == at(2025, 3, 5, 9)


def test_a_mapping_that_cannot_be_computed_is_found_before_it_is_used(tmp_path: Path) -> None:
    """It reads well, so only DuckDB can tell: it stands aside, its file waits, and the rest is staged."""
    wrong = STAGES.replace("from: events", 'from: bad\n    where: "stage * 2 > 1"')
    wrong = wrong.replace("events:", "bad:").replace("stages*", "bad*")
    desk = Desk(tmp_path / "w", STAGES, wrong=wrong)
    desk.put("bad.csv", "id,stage,at\nB,quotation,2025-03-05\n")
    desk.put("stages.csv", "id,stage,at\nA,quotation,2025-03-05\n")
    desk.run()
    fault, waiting = desk.landing.problems
    assert fault.startswith(
        "mappings/wrong.yaml: records[1] (stage_events) holds an expression that cannot be computed"
    )
    assert "write amount::double" in fault
    assert waiting.startswith("bad.csv: left in the inbox until the mappings above are mended")
    assert desk.column("select opportunity_id from staging.stage_events") == ["A"]
    desk.write_mapping("wrong", wrong.replace("stage * 2", "length(stage)"))
    desk.run()
    assert desk.column("select opportunity_id from staging.stage_events order by 1") == ["A", "B"]


def test_refused_rows_are_told_of_new_files_one_by_one_and_of_all_others_together(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    for n in range(7):
        desk.put(
            f"stages_{n}.csv", f"商机编号,阶段,时间\nA{n},quotation,2025-03-05\n" + f"B{n},quotation,soon\n" * (n + 1)
        )
    desk.run()
    told = desk.staging.problems
    # Five are told, the others counted.
    assert [line.split(":")[0] for line in told[:5]] == [f"stages_{n}.csv" for n in range(5)]
    assert "the first: row 3, occurred_at (时间): cannot be read as a date (soon). What to do: " in told[0]
    assert told[5:] == ["2 rows of 2 other files are quarantined: see stagewatch quarantine list"]
    assert desk.run(later=timedelta(hours=1)).staging.problems == [
        "7 rows of 7 other files are quarantined: see stagewatch quarantine list"
    ]
