"""`contracts check FILE`: what would become of a file, with nothing written."""

from __future__ import annotations

from pathlib import Path

from desk import STAGES, Desk

from assets.landing.check import FileCheck, check_file, check_files
from data_contracts.contract import load_contract, names
from data_contracts.predicates import row_predicates
from data_contracts.reasons import reason_text
from data_contracts.texts import LANGUAGES, Texts


def files_under(root: Path) -> dict[str, float]:
    return {str(p.relative_to(root)): p.stat().st_mtime_ns for p in root.rglob("*")}


def test_a_check_tells_what_would_happen_and_writes_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    file = tmp_path / "stages.csv"
    file.write_text(
        "id,stage,at,备注\nA,quotation,2025-03-05,x\nA,quotation,2025-03-05,x\nB,quotation,soon,\n", "utf-8"
    )
    before = files_under(desk.root)
    check = check_file(file, desk.context)
    assert files_under(desk.root) == before and file.exists()
    assert (check.mapping, check.source, check.encoding, check.problem) == ("test", "events", "utf-8", None)
    assert (check.rows_read, check.accepted, check.quarantined, check.duplicates) == (3, 1, 1, 1)
    assert check.records == {"stage_events": 1}
    assert [(b.row, b.column, b.reason, b.value) for b in check.bad_rows] == [(4, "occurred_at", "not_a_date", "soon")]
    assert check.unused_columns == ("备注",)
    assert not check.is_clean
    assert check.text() == (
        "stages.csv: read by the mapping test (events), encoding utf-8, 3 rows\n"
        "1 rows accepted (0 of them feed no record), 1 quarantined, 1 exact duplicates\n"
        "  stage_events: 1\n"
        "  row 4, occurred_at (at): cannot be read as a date (soon)\n"
        "  -> say in the mapping how occurred_at is written, such as dates: [dmy] (dmy, mdy, ymd, excel, epoch_ms, or a"
        " pattern like %d-%b-%y); or mend the file\n"
        "columns not used: 备注"
    )


def test_a_clean_file_is_clean_and_only_the_first_bad_rows_are_shown(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    file = tmp_path / "stages.csv"
    file.write_text("id,stage,at\nA,quotation,2025-03-05\n")
    assert check_file(file, desk.context).is_clean
    file.write_text("id,stage,at\n" + "".join(f"A,quotation,soon{n}\n" for n in range(50)))
    check = check_file(file, desk.context)
    assert (len(check.bad_rows), check.quarantined) == (20, 50)
    assert "... and 30 rows more" in check.text()


def test_a_file_that_would_be_rejected_says_why(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    file = tmp_path / "other.csv"
    file.write_text("a\n1\n")
    check = check_file(file, desk.context)
    assert check.problem is not None and "no mapping reads a file of this name" in check.text()
    assert "is no file" in str(check_file(tmp_path / "absent.csv", desk.context).problem)


def test_a_broken_mapping_is_said_first(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", STAGES.replace("columns:", "colums:"))
    file = tmp_path / "stages.csv"
    file.write_text("id,stage,at\nA,quotation,2025-03-05\n")
    said = check_file(file, desk.context).text()
    assert said.index("colums") < said.index("would be left in the inbox until the mappings above are mended")


TWO = """
sources:
  deals: {files: ["deals*.csv"], columns: {id: id, owner: owner}}
  moves: {files: ["moves*.csv"], columns: {id: id, stage: stage, at: at}}
records:
  - record: stage_events
    from: moves
    joins: {d: {source: deals, on: {id: id}, missing: quarantine}}
    fields: {opportunity_id: id, event: {constant: enter}, stage: stage, actor_id: d.owner, occurred_at: at}
"""
DEALS = "id,owner\nA,ann\nB,bob\n"
MOVES = "id,stage,at\nA,quotation,2025-03-05\nB,quotation,2025-03-06\nC,quotation,2025-03-07\n"


def figures(check: FileCheck) -> tuple[int, ...]:
    return check.rows_read, check.accepted, check.unmapped, check.quarantined, check.duplicates


def test_a_check_finds_what_a_run_would_find_in_the_files_that_have_landed(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", TWO)
    moves, deals = tmp_path / "moves.csv", tmp_path / "deals.csv"
    moves.write_text(MOVES)
    deals.write_text(DEALS)
    # Alone it finds nobody to look up; sent together, or after the deals, it does.
    assert figures(check_file(moves, desk.context)) == (3, 0, 0, 3, 0)
    together = {check.file: figures(check) for check in check_files([moves, deals], desk.context)}
    desk.put("deals.csv", DEALS)
    desk.run()
    after = check_file(moves, desk.context)
    assert figures(after) == together["moves.csv"] == (3, 2, 0, 1, 0)
    desk.put("moves.csv", MOVES)
    desk.run()
    assert {name: tuple(row) for name, _, *row in desk.ledger()} == together
    # The same again, an edited one of the same name, and one of another name with rows that are there already.
    assert "has the content of moves.csv" in check_file(moves, desk.context).text()
    more = MOVES + "B,quotation,2025-03-09\n"
    moves.write_text(more)
    replacing = check_file(moves, desk.context)
    assert (figures(replacing), replacing.replaces_rows) == ((4, 3, 0, 1, 0), 3)
    other = tmp_path / "moves_2.csv"
    other.write_text(more)
    adding = check_file(other, desk.context)
    desk.put("moves_2.csv", more)
    desk.run()
    assert figures(adding) == desk.ledger()[-1][2:] == (4, 1, 0, 0, 3)


def test_a_stage_that_the_playbook_lacks_and_a_second_mapping_are_said(tmp_path: Path) -> None:
    wrong = STAGES.replace("stage: stage,", "stage: {column: stage, values: {offer: quotatoin}},")
    desk = Desk(tmp_path / "w", wrong, another=STAGES)
    file = tmp_path / "stages.csv"
    file.write_text("id,stage,at\nA,offer,2025-03-05\n")
    check = check_file(file, desk.context)
    desk.put("stages.csv", file.read_bytes())
    desk.run()
    assert check.mapping == "another" and check.notices == tuple(desk.landing.problems)
    assert desk.landing.problems == [
        "stages.csv: read by the mapping another; test fits as well and is not used. What to do: narrow the files of"
        " one of them"
    ]
    (desk.root / "mappings" / "another.yaml").unlink()
    said = (
        "mapping test: records[1] (stage_events).stage yields 'quotatoin': did you mean 'quotation'? the stages of the"
    )
    (notice,) = check_file(tmp_path / "stages.csv", Desk(tmp_path / "v", wrong).context).notices
    assert notice.startswith(said)


def test_every_reason_has_words_in_both_languages() -> None:
    own = ("not_a_date", "not_a_number", "not_a_period", "not_in_value_map", "no_match", "too_few_columns",
           "too_many_columns", "bad_quotes", "damaged_text", "not_json", "error_cell", "formula_without_value",
           "no_message_header", "no_message_time", "not_a_message", "report_without_id", "comment_without_report",
           "api_error", "replaced_by_fix", "fix_of_superseded")  # fmt: skip
    for language in LANGUAGES:
        assert all(reason_text(reason, None, language) != reason for reason in own)
        say = Texts("ingestion", language)
        assert [reason for reason in own if f"mend_{reason}" not in say] == []
        for record in names("sources"):
            for predicate in row_predicates(load_contract("sources", record)):
                assert reason_text(predicate.rule_id, record, language) != predicate.rule_id
