"""`contracts propose FILE`: strangers' tables become mappings that read them, with every doubt said."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import xlsxwriter
from desk import Desk

from assets.propose.build import Proposal, code_of, pattern_of, propose
from data_contracts.errors import StagewatchError
from data_contracts.mapping import Mapping
from data_contracts.playbook import Playbook
from data_contracts.yaml_io import parse_yaml, validate_model
from pipelines.proposals import propose_mapping

MOVES = """Opportunity ID,Owner,Account Name,Stage,Amount,Stage Changed
A,ann,Acme,Prospecting,"$1,000",03/05/2025
A,ann,Acme,Proposal,"$1,000",03/15/2025
B,bob,Bolt,Prospecting,"$2,500",03/06/2025
A,ann,Acme,Closed Won,"$1,200",03/25/2025
B,bob,Bolt,Qualification,"$2,500",03/16/2025
B,bob,Bolt,Proposal,"$2,500",03/18/2025
B,bob,Bolt,Closed Lost,,04/01/2025
"""
DEALS = """Record ID;Deal Stage;Create Date;Close Date;Last Modified Date;Amount;Deal owner
1;Qualified;01.02.2025;;10.02.2025;1.234,50;ann
2;Offer sent;13.02.2025;;20.02.2025;99,00;bob
3;Closed won;03.02.2025;14.03.2025;14.03.2025;500,00;ann
4;Closed lost;;15.03.2025;15.03.2025;70,00;bob
"""
VISITS = """拜访日期,工号,业务员,客户名称,拜访方式,拜访结果,改约日期,拜访内容
2025/6/3,YW001,王敏,江北商行,上门,完成,,谈了陈列
2025/6/4,YW001,王敏,城南超市,电话,改约,2025/6/9,
2025/6/5,YW002,陈刚,城南超市,上门,路过,,
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "w", None)


@pytest.fixture
def proposed(desk: Desk, tmp_path: Path) -> Callable[[str, str | bytes], Proposal]:
    def give(name: str, content: str | bytes) -> Proposal:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return propose(path, desk.context)

    return give


def mapping_of(proposal: Proposal) -> Mapping:
    return validate_model(parse_yaml(proposal.mapping), Mapping, "proposed")


def stages_of(proposal: Proposal) -> list[str]:
    assert proposal.playbook is not None
    return [s.stage for s in validate_model(parse_yaml(proposal.playbook), Playbook, "proposed").stages]


def doubts_of(proposal: Proposal) -> list[str]:
    return [column for column, _ in proposal.doubts]


def test_a_log_of_moves_has_its_stages_in_the_order_in_which_they_are_passed(
    proposed: Callable[[str, str], Proposal],
) -> None:
    found = proposed("Moves_2025-03.csv", MOVES)
    assert (found.check.accepted, found.check.quarantined) == (7, 0)
    assert found.check.records == {"opportunities": 2, "signings": 1, "stage_events": 7}
    assert stages_of(found) == ["prospecting", "qualification", "proposal"]
    mapping = mapping_of(found)
    assert mapping.sources["rows"].files == ("Moves_*.csv",)
    events = next(r for r in mapping.records if r.record == "stage_events")
    assert events.fields["event"].values == {"Closed Lost": "lost", "Closed Won": "won"}
    assert events.fields["occurred_at"].dates == ("mdy",)
    assert doubts_of(found) == ["stage"]


def test_a_snapshot_says_what_it_cannot_know(proposed: Callable[[str, str], Proposal]) -> None:
    found = proposed("deals.csv", DEALS)
    assert (found.check.accepted, found.check.quarantined) == (4, 0)
    # Three have a creation, two stand in a later stage or the first by their last change; one won, one lost.
    assert found.check.records == {"opportunities": 4, "signings": 1, "stage_events": 6}
    assert stages_of(found) == ["qualified", "offer_sent"]
    said = {doubt for _, doubt in found.doubts}
    assert any("counts as entering" in doubt for doubt in said), said
    assert any("last change stands in" in doubt for doubt in said), said
    assert any("no time" in doubt for doubt in said), said
    amount = next(r for r in mapping_of(found).records if r.record == "signings").fields["amount"]
    assert amount.number is not None and (amount.number.thousands, amount.number.decimal) == (".", ",")


def test_words_that_are_not_known_are_refused_not_guessed(proposed: Callable[[str, bytes], Proposal]) -> None:
    found = proposed("拜访明细202506.csv", VISITS.encode("gb18030"))
    assert (found.check.encoding, found.check.accepted, found.check.quarantined) == ("gb18030", 2, 1)
    assert [(b.row, b.column, b.value) for b in found.check.bad_rows] == [(4, "status", "路过")]
    assert found.check.records == {"organisation": 1, "visits": 2}
    assert found.playbook is None
    assert doubts_of(found) == ["visit_id", "status"]


def test_a_workbook_with_a_title_and_a_column_for_each_stage(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "华东商机跟进表2025年.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet, day = book.add_worksheet("商机"), book.add_format({"num_format": "yyyy-mm-dd"})
    heads = ("商机编号", "客户", "业务员", "预计金额（万元）", "初次接触日期", "需求确认日期", "签约日期", "签约金额")
    sheet.write_string(0, 0, "华东商机跟进表")
    sheet.write_row(2, 0, heads)
    for n in range(4):
        sheet.write_row(3 + n, 0, (f"SJ{n}", f"客户{n}", "王敏", 3.5))
        for place in range(4, 4 + min(n + 1, 3)):
            sheet.write_datetime(3 + n, place, datetime(2025, 3, 1 + place), day)
    sheet.write_number(6, 7, 36_000)
    book.add_worksheet("说明").write_string(0, 0, "每周一更新")
    book.close()
    found = propose(path, desk.context)
    assert found.playbook is None, "these are the workspace's own stages"
    assert (found.check.accepted, found.check.quarantined, found.check.unused_sheets) == (4, 0, ("说明",))
    # First contact four times, needs three; two signed, of which one says no amount other than the expected.
    assert found.check.records == {"opportunities": 4, "signings": 1, "stage_events": 9}
    amount = next(r for r in mapping_of(found).records if r.record == "opportunities").fields["expected_amount"]
    assert amount.number is not None and amount.number.unit == 10_000


def test_a_reply_with_its_list_of_results(proposed: Callable[[str, str], Proposal]) -> None:
    results = [{"id": n, "properties": {"dealstage": "qualified", "createdate": "2025-03-01"}} for n in range(5)]
    found = proposed("reply.json", json.dumps({"total": 5, "results": results}))
    assert mapping_of(found).sources["rows"].rows == "results"
    assert (found.check.accepted, found.check.records) == (5, {"opportunities": 5, "stage_events": 5})


def test_day_or_month_first_is_asked_where_nothing_tells(proposed: Callable[[str, str], Proposal]) -> None:
    rows = "".join(f"D{n};Quotation;0{n}.0{n + 1}.2025\n" for n in range(1, 8))
    found = proposed("a.csv", "Deal;Stage;Entered\n" + rows)
    assert any("dmy or mdy" in doubt for _, doubt in found.doubts)


def test_a_table_of_something_else_is_refused_with_what_was_understood(
    proposed: Callable[[str, str], Proposal],
) -> None:
    with pytest.raises(StagewatchError, match=r"city \(office\); not known: temp") as error:
        proposed("weather.csv", "city,temp\nA,1\nB,2\n")
    assert error.value.remedy and "headers.yaml" in error.value.remedy


@pytest.mark.parametrize(
    ("header", "unit"),
    [("预计金额（万元）", "10000"), ("预计金额(百万元)", "1000000"), ("预计金额（含税，千元）", "1000"),
     ("预计金额[K]", "1000"), ("预计金额（元）", None), ("预计金额（含税）", None)],
)  # fmt: skip
def test_the_unit_in_a_header_is_that_of_its_numbers(
    proposed: Callable[[str, str], Proposal], header: str, unit: str | None
) -> None:
    found = proposed(
        "a.csv", f"商机编号\t阶段\t创建时间\t{header}\nA\t报价\t2025-03-05\t12.5\nB\t报价\t2025-03-06\t3\n"
    )
    assert re.findall(r"unit: (\d+)", found.mapping) == ([unit] if unit else [])


def test_a_log_whose_moves_have_no_time_is_refused_in_words(proposed: Callable[[str, str], Proposal]) -> None:
    """A signing date is not when a stage was entered."""
    rows = "".join(f"D{n % 3},Quotation,2025-03-0{n}\n" for n in range(1, 8))
    with pytest.raises(StagewatchError, match="cannot tell what a row is"):
        proposed("a.csv", "Opportunity ID,Stage,签约日期\n" + rows)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no workbook", b"\x00\x01\x02", b"only a title\n"])
def test_what_is_no_table_is_refused_in_words(proposed: Callable[[str, bytes], Proposal], content: bytes) -> None:
    with pytest.raises(StagewatchError):
        proposed("x.csv", content)


def test_names_of_files_become_codes_and_patterns() -> None:
    assert (code_of("Deals_2025-03.csv"), code_of("商机导出.xlsx"), code_of("2025.csv")) == (
        "deals", "shang_ji_dao_chu", "table",
    )  # fmt: skip
    assert (pattern_of("Deals_2025-03.csv"), pattern_of("商机 2025年3月.xlsx"), pattern_of("a.csv.gz")) == (
        "Deals_*.csv", "商机 *.xlsx", "a*.csv",
    )  # fmt: skip


def test_the_proposal_is_written_once_read_by_the_next_run_and_never_overwritten(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "Moves_2025-03.csv"
    path.write_text(MOVES, encoding="utf-8")
    written, said = propose_mapping(path, desk.root, code=None, use=True, force=False)
    assert [p.relative_to(desk.root).as_posix() for p in written] == ["mappings/moves.yaml", "playbooks/moves.yaml"]
    assert "7 rows accepted" in said and "clock: data" in said
    assert "playbook: moves" in (desk.root / "stagewatch.yaml").read_text(encoding="utf-8")
    with pytest.raises(StagewatchError, match="there already"):
        propose_mapping(path, desk.root, code=None, use=False, force=False)
    again = Desk.at(desk.root)
    again.put("Moves_2025-04.csv", MOVES)
    again.run()
    entries = "select stage, count(*) from staging.stage_events where event = 'enter' group by all order by 1"
    assert again.rows(entries) == [("proposal", 2), ("prospecting", 2), ("qualification", 1)]


def test_recent_data_are_no_history(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    today = datetime.now(UTC).date()
    rows = "".join(f"D{n},Quotation,{today - timedelta(days=n)}\n" for n in range(3))
    path.write_text("Deal,Stage,Entered\n" + rows, encoding="utf-8")
    assert propose(path, desk.context).last_day == today.isoformat()
    assert date.fromisoformat(propose(path, desk.context).last_day or "") == today


@pytest.mark.parametrize(
    ("name", "accepted", "records"),
    [
        ("maven_crm/sales_pipeline.csv", 8_800, {"opportunities": 8_800, "signings": 4_238, "stage_events": 16_600}),
        ("helpdesk/helpdesk_events.csv.gz", 21_221, {"opportunities": 4_580, "stage_events": 21_221}),
    ],
)
def test_real_exports(
    desk: Desk, real_data: Callable[[str], Path], name: str, accepted: int, records: dict[str, int]
) -> None:
    found = propose(real_data(name), desk.context)
    assert (found.check.accepted, found.check.quarantined, found.check.records) == (accepted, 0, records)
