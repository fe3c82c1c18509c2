"""`contracts check FILE`: what would become of a file, with nothing written."""

from __future__ import annotations

from pathlib import Path

from desk import STAGES, Desk

from assets.landing.check import check_file, reason_text
from data_contracts.contract import load_contract, names
from data_contracts.predicates import row_predicates
from data_contracts.texts import LANGUAGES


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
        "  row 4, occurred_at: cannot be read as a date (soon)\n"
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
    assert "colums" in str(check_file(file, desk.context).problem)


def test_every_reason_has_words_in_both_languages() -> None:
    own = ("not_a_date", "not_a_number", "not_a_period", "not_in_value_map", "no_match", "too_few_columns",
           "too_many_columns", "bad_quotes", "damaged_text", "not_json")  # fmt: skip
    for language in LANGUAGES:
        assert all(reason_text(reason, None, language) != reason for reason in own)
        for record in names("sources"):
            for predicate in row_predicates(load_contract("sources", record)):
                assert reason_text(predicate.rule_id, record, language) != predicate.rule_id
