"""Legacy daily reports: the same bytes, a truth that the files bear out, every kind at every level, rates as given."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from data_contracts.spoken_days import spoken_day
from data_contracts.spoken_numbers import spoken_amount
from simulation.company import simulate
from simulation.daily_reports.levels import LEVELS, DailyReports, Level
from simulation.daily_reports.names import short_names
from simulation.daily_reports.spoken import say_amount, say_day
from simulation.daily_reports.write import KINDS, DailyReportFiles
from simulation.organisation import build
from simulation.parameters import Parameters


@dataclass(frozen=True)
class Written:
    folder: Path
    rows: dict[str, int]

    @property
    def told(self) -> pl.DataFrame:
        return pl.read_parquet(self.folder / "told_facts.parquet")

    @property
    def names(self) -> pl.DataFrame:
        return pl.read_parquet(self.folder / "told_names.parquet")

    def digest(self) -> dict[str, str]:
        return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(self.folder.iterdir())}


Write = Callable[[DailyReports], Written]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> tuple[Written, Write]:
    """A tiny company with legacy reports, and a way to write its facts again under other settings."""
    taken: list[tuple[pl.DataFrame, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        add = DailyReportFiles.add

        def record(self: DailyReportFiles, facts: pl.DataFrame, *, through: int) -> None:
            if len(facts):
                taken.append((facts, through))
            add(self, facts, through=through)

        patch.setattr(DailyReportFiles, "add", record)
        folder = tmp_path_factory.mktemp("legacy")
        parameters = Parameters(factor=0.02, daily_reports=DailyReports(months_per_kind=1, old_excel=True))
        summary = simulate(folder, parameters)
    people = build(parameters)

    def write(settings: DailyReports) -> Written:
        place = tmp_path_factory.mktemp("written")
        files = DailyReportFiles(
            place, place, people, settings, seed=parameters.seed, start=parameters.start, end=parameters.end
        )
        for facts, through in taken:
            files.add(facts, through=through)
        files.close()
        return Written(place, files.rows)

    assert set(summary.rows) > {name for name in summary.rows if "日报_" in name} > set()
    return Written(folder, summary.rows), write


@pytest.fixture(scope="module")
def by_level(company) -> dict[Level, Written]:
    return {level: company[1](DailyReports(level=level, months_per_kind=1, old_excel=True)) for level in LEVELS}


def test_the_same_seed_writes_the_same_bytes(company, by_level):
    simulated, write = company
    again = write(DailyReports(level="usual", months_per_kind=1, old_excel=True))
    assert again.digest() == by_level["usual"].digest()
    for name, digest in again.digest().items():
        place = "truth" if name.endswith(".parquet") else "inbox"
        assert hashlib.sha256((simulated.folder / place / name).read_bytes()).hexdigest() == digest, name
    assert by_level["messy"].digest() != by_level["usual"].digest()


def test_the_clerk_writes_only_for_other_offices(company):
    simulated, _ = company
    assert not list((simulated.folder / "inbox").glob("日报汇总*"))
    assert list((simulated.folder / "inbox").glob("拜访记录*"))


@pytest.mark.parametrize("level", LEVELS)
def test_each_kind_occurs_at_each_level(by_level, level):
    kinds = dict(by_level[level].told["kind_of_source"].value_counts().iter_rows())
    assert set(kinds) == set(KINDS)
    assert len(KINDS) == 30
    assert min(kinds.values()) >= 3


@pytest.mark.parametrize("level", LEVELS)
def test_every_told_fact_stands_in_its_file(by_level, level):
    """Its words in the very cell, line or message that the truth names; its customer's name beside it."""
    written = by_level[level]
    for (file,), told in written.told.partition_by("file", as_dict=True).items():
        path = written.folder / str(file)
        find = _workbook(path) if path.suffix.startswith(".xls") else _text(path)
        for row in told.iter_rows(named=True):
            content = find(row)
            if row["told_in"] in ("text", "note"):
                assert _plain(row["text"]) in content, (file, row["row"], row["text"], content)
            if row["told_in"] == "columns":
                assert row["customer"] in content or "同上" in content, (file, row["row"], content)


def _workbook(path: Path) -> Callable[[dict], str]:
    book = CalamineWorkbook.from_path(str(path))
    sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}

    def find(row: dict) -> str:
        sheet = sheets[row["sheet"] or book.sheet_names[0]]
        return _plain(" ".join(str(cell) for cell in sheet[row["row"] - 1]))

    return find


def _text(path: Path) -> Callable[[dict], str]:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("gb18030")
    if path.suffix in (".json", ".jsonl"):  # texts as JSON writes them
        text = text.replace("\\n", "\n").replace('\\"', '"')
        return lambda row: _plain(text)
    if path.suffix == ".txt":
        lines = text.split("\n")
        return lambda row: _plain("\n".join(lines[row["row"] - 1 : row["row"] + 60]))
    whole = _plain(text.replace('""', '"').replace("\\n", "\n"))
    return lambda row: whole


def _plain(text: str) -> str:
    wide = str.maketrans("０１２３４５６７８９．，", "0123456789.,")
    return "".join(text.translate(wide).split())


def test_a_correction_stands_later_in_the_file_than_what_it_corrects(by_level):
    corrected = by_level["messy"].told.filter(pl.col("corrected_by").is_not_null())
    assert len(corrected) >= 3
    assert set(corrected["status"]) == {"rescheduled"}
    by_line = corrected.filter(pl.col("message_id").is_null())
    assert (by_line["corrected_by"].cast(pl.Int64) > by_line["row"]).all()


def test_rates_are_as_given(by_level, company):
    """Each level is dirtier than the one before, and the share of lost facts is the one asked for."""
    lengths = [len(by_level[level].told) for level in ("clean", "usual", "messy")]
    assert lengths[2] < lengths[1] <= lengths[0] * 1.06
    half = company[1](
        DailyReports(rates=LEVELS["clean"].model_copy(update={"reported": 0.5}), months_per_kind=1, old_excel=True)
    )
    share = len(half.told) / lengths[0]
    assert 0.45 < share < 0.55
    for what in ("customer", "rep"):
        forms = [
            by_level[level].names.filter(pl.col("what") == what).group_by("true_id").len()["len"].mean()
            for level in ("clean", "usual", "messy")
        ]
        assert forms[0] < forms[1] < forms[2]


def test_what_is_told_is_the_true_opportunity_of_the_customer(by_level, company):
    simulated, _ = company
    told = by_level["usual"].told
    true = pl.read_parquet(simulated.folder / "truth" / "opportunities.parquet")
    assert set(told["opportunity_id"].drop_nulls()) <= set(true["opportunity_id"])
    routine = told.filter(pl.col("opportunity_id").is_null())
    assert routine["customer_id"].str.starts_with("KL").all()
    done = told.filter(pl.col("status") == "done")
    assert (done["date"] == done["happened_on"]).all()


def test_a_json_export_is_json(by_level):
    exports = [json.loads(p.read_text(encoding="utf-8")) for p in sorted(by_level["messy"].folder.glob("*.json"))]
    assert exports and all(exports)


@pytest.mark.parametrize(
    ("text", "ahead", "day"),
    [("后天", True, date(2025, 3, 7)), ("上周五", False, date(2025, 2, 28)), ("月底", True, date(2025, 3, 31))],
)
def test_days_are_said_as_the_rules_read_them(text, ahead, day):
    rng = np.random.default_rng(3)
    said = {say_day(day, date(2025, 3, 5), rng, ahead=ahead, spoken=True) for _ in range(200)}
    assert text in said


def test_a_spoken_amount_says_what_is_returned():
    rng = np.random.default_rng(5)
    said = {say_amount(86_000.0, rng, spoken=True, multiplied=False) for _ in range(200)}
    assert ("8.6万", 86_000.0) in said and ("八万六千", 86_000.0) in said
    assert {amount for _, amount in said} == {86_000.0}
    text, amount = say_amount(86_000.0, rng, spoken=False, multiplied=True)
    assert amount == 86_000 and any(mark in text for mark in ("箱", "件", "提"))


def test_customers_are_shortened_and_turned():
    forms = short_names("杭州鑫源超市有限公司", "杭州")
    assert {"杭州鑫源超市", "鑫源超市(杭州)", "杭州鑫源", "鑫源", "鑫源集团"} <= set(forms)


def test_phrases_leave_no_sign_of_how_they_were_made(by_level):
    told = by_level["messy"].told.filter(pl.col("told_in").is_in(["text", "note"]))
    assert not told["text"].str.contains(r"[{}|]").any()
    assert told["text"].n_unique() > 0.93 * len(told)


def test_where_nothing_is_lost_the_reports_tell_the_clerks_funnel(by_level, tiny_company):
    """Both tell how far each opportunity came, but for rows that the clerk spoilt."""
    stages = ["初次接触", "需求确认", "方案演示", "报价", "合同签订", "赢单"]
    codes = ["first_contact", "needs_confirmed", "solution_demo", "quotation", "contract_signed", "won"]
    clerk = tiny_company.rows("日报汇总").with_columns(
        reached=pl.when(pl.col("签约金额").is_not_null())
        .then(5)
        .otherwise(pl.col("阶段").replace_strict(stages, range(6), default=None, return_dtype=pl.Int64))
    )
    clerks = dict(clerk.group_by("商机编号").agg(pl.col("reached").max()).drop_nulls().iter_rows())
    told = by_level["clean"].told.with_columns(
        reached=pl.when((pl.col("event") == "won") | pl.col("actions_done").list.contains("合同"))
        .then(5)
        .otherwise(pl.col("stage").replace_strict(codes, range(6), default=None, return_dtype=pl.Int64))
    )
    reports = dict(told.group_by("opportunity_id").agg(pl.col("reached").max()).drop_nulls().iter_rows())
    differ = {opp for opp in clerks.keys() | reports.keys() if clerks.get(opp) != reports.get(opp)}
    assert len(clerks) > 90
    assert len(differ) <= 0.03 * len(clerks), {opp: (clerks.get(opp), reports.get(opp)) for opp in differ}


def test_what_is_said_reads_back_to_what_was_meant():
    """Days and amounts against the reader of cells and messages, which was written apart from this."""
    rng = np.random.default_rng(1)
    for _ in range(1500):
        sent = date(2024, 12, 1) + timedelta(int(rng.integers(0, 400)))
        ahead = bool(rng.random() < 0.5)
        day = sent + timedelta(int(rng.integers(0, 20) if ahead else -rng.integers(0, 13)))
        text = say_day(day, sent, rng, ahead=ahead, spoken=bool(rng.random() < 0.8))
        assert spoken_day(text, sent, "plan" if ahead else "happened") == day, (text, sent)
        text, amount = say_amount(float(rng.integers(5, 5000) * 100), rng, spoken=True, multiplied=False)
        assert spoken_amount(text.replace("个w", "w")) == amount, text
