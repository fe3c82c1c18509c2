"""Legacy daily reports held against the truth: what is recovered of them, whom they mean, and how fast they are read.

    python -m benchmarks.daily_reports [--factor 0.1] [--level usual] [--mappings DIR] [--rows 40000]

A company whose offices on paper send Excel daily reports, chats and journals is simulated at each level of dirt, landed
and staged with the templates and mappings that are shipped for them (and those of --mappings), and compared with what
its files tell:

- files taken by kind of source, and visit reports (rep, customer, day, status) recovered: precision and recall;
- stages and contract amounts of opportunities, likewise;
- names alone: customers given the rep, reps given the office, each as often as written; opportunities of found visits;
- rows and messages per second of one core (CPU time of the process and its children), and against a floor read in
  the same run: calamine alone for workbooks, a split into lines alone for chats.

Nothing is asserted; what is printed is what was measured.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from statistics import median

import duckdb
import numpy as np
from python_calamine import CalamineWorkbook

from assets.landing.inbox import take_inbox
from assets.staging.build import build_staging
from assets.staging.identity import find_customers, masters_of
from assets.warehouse import connect
from assets.workspace import Run, Workspace
from data_contracts.identity import load_identity
from data_contracts.sql_names import quote_ident, quote_literal
from models.matching import choose
from pipelines.demo import legacy_mappings
from simulation.company import simulate
from simulation.daily_reports.cells import Sheet
from simulation.daily_reports.chats import Chat, wechatmsg_text
from simulation.daily_reports.diary import Message
from simulation.daily_reports.levels import LEVELS, DailyReports, Level
from simulation.daily_reports.names import Account
from simulation.daily_reports.workbooks import write_sheets
from simulation.parameters import Parameters

NOW = datetime(2026, 1, 5, tzinfo=UTC)
SPEED_RUNS = 5
SPEED_MAPPING = Path(__file__).parent / "daily_workbook.yaml"

FILES = """
select kind_of_source, count(*) as files, count(*) filter (status = 'active') as taken,
  sum(rows_read)::int as rows_read, sum(quarantined)::int as quarantined, string_agg(distinct mapping, ', ') as mappings
from (select distinct kind_of_source, file from told) left join staging.ledger on file_name = file
group by kind_of_source order by all
"""
# A visit report as told and as recovered, of those with a rep and a customer that somebody is; of one that was
# corrected the last. A day is right if it is the visit's or, of one moved, the day it was told.
VISITS = """
create or replace temp table recovered as
with wanted as (
  select distinct kind_of_source, file, rep_id, customer_id, happened_on, date, status from told
  where status is not null),
found as (
  select distinct kind_of_source, file, rep_id, customer_id, day, status
  from (
    select t.kind_of_source, t.file, v.rep_id, v.customer_id, v.occurred_at::date as day, v.status
    from staging.visits v join landing.files f using (file_id)
    join (select distinct kind_of_source, file from told) t on t.file = f.name
    where v.status <> 'planned'
    qualify row_number() over (partition by v.file_id, v.visit_id, v.status order by v.recorded_at desc) = 1)
  where rep_id is not null and customer_id is not null),
hit as (
  select w.*, f.day is not null as is_found
  from wanted w left join found f
    on f.file = w.file and f.rep_id = w.rep_id and f.customer_id = w.customer_id and f.status = w.status
   and f.day in (w.happened_on, w.date)),
right_ones as (
  select f.*, exists (
    from wanted w where f.file = w.file and f.rep_id = w.rep_id and f.customer_id = w.customer_id
     and f.status = w.status and f.day in (w.happened_on, w.date)) as is_right
  from found f)
select coalesce(a.kind_of_source, b.kind_of_source) as kind_of_source, a.told, a.hits, b.found, b.rights
from (select kind_of_source, count(*) as told, count(*) filter (is_found) as hits
      from (select kind_of_source, file, rep_id, customer_id, happened_on, status, bool_or(is_found) as is_found
            from hit group by all) group by 1) a
full join (select kind_of_source, count(*) as found, count(*) filter (is_right) as rights from right_ones group by 1) b
  using (kind_of_source)
"""
# Facts as notes told them and as they were read, message by message: a fact read is matched with the one told of the
# customer (one name within the other) with the same status if there is one. Corrections stand in VISITS alone.
READ = """
create or replace temp table read_facts as
select m.file, m.source_row as row, r.id || '/' || r.fact_no as fact, r.customer, r.kind, r.status, r.date,
  r.rescheduled_to, r.stage, r.amount_yuan::double as amount_yuan, r.next_date,
  list_sort(string_split(nullif(r.actions_done, ''), ';')) as actions_done,
  list_sort(string_split(nullif(r.actions_missing, ''), ';')) as actions_missing
from staging.note_facts r join messages m on m.id = r.id
where r.fact_no is not null and not r.is_review and r.supersedes is null;
create or replace temp table told_notes as
select row_number() over () as fact, kind_of_source, file, row, customer, kind, status, date::varchar as date,
  rescheduled_to::varchar as rescheduled_to, stage, amount_yuan, next_date::varchar as next_date,
  list_sort(if(len(actions_done) = 0, null, actions_done)) as actions_done,
  list_sort(if(len(actions_missing) = 0, null, actions_missing)) as actions_missing
from told
where told_in in ('text', 'note') and corrected_by is null and file in (select file from messages)
  and coalesce(status, stage, next_date::varchar, actions_done[1], actions_missing[1],
    amount_yuan::varchar) is not null;
create or replace temp table matched as
with likely as (
  select t.fact as told_fact, r.fact as read_fact,
    (r.customer is not null)::int * 2 + (r.status is not distinct from t.status)::int as likeness
  from told_notes t join read_facts r
    on r.file = t.file and r.row = t.row
   and (r.customer is null or contains(r.customer, t.customer) or contains(t.customer, r.customer))
  qualify row_number() over (partition by t.fact order by likeness desc, r.fact) = 1)
from likely qualify row_number() over (partition by read_fact order by likeness desc, told_fact) = 1
"""
FIELDS = (
    "status", "kind", "date", "rescheduled_to", "stage", "amount_yuan", "actions_done", "actions_missing", "next_date",
)  # fmt: skip
FIELD = """
select '{{field}}' as field, told, read, round(right_ones / nullif(read, 0), 3) as precision,
  round(right_ones / nullif(told, 0), 3) as recall
from (select count({{field}}) as told from told_notes), (select count({{field}}) as read from read_facts),
  (select count(*) filter (t.{{field}} = r.{{field}}) as right_ones
   from matched m join told_notes t on t.fact = m.told_fact join read_facts r on r.fact = m.read_fact)
"""
MEASURED = """
select {{label}}, sum(told)::int as told, round(sum(rights) / nullif(sum(found), 0), 3) as precision,
  round(coalesce(sum(hits), 0) / sum(told), 3) as recall
from recovered group by all order by all
"""
STAGES = """
with wanted as (select distinct opportunity_id, stage from told where stage is not null and opportunity_id is not null),
found as (
  select distinct e.opportunity_id, e.stage from staging.stage_events e join landing.files f using (file_id)
  where f.name in (select file from told) and e.stage is not null)
select (select count(*) from wanted) as told,
  round((select count(*) from found semi join wanted using (opportunity_id, stage))
    / nullif((select count(*) from found), 0), 3) as precision,
  round((select count(*) from found semi join wanted using (opportunity_id, stage))
    / nullif((select count(*) from wanted), 0), 3) as recall
"""
AMOUNTS = """
with wanted as (
  select distinct opportunity_id, amount_yuan::decimal(18, 2) as amount from told
  where stage = 'contract_signed' and amount_yuan is not null and opportunity_id is not null),
found as (
  select distinct s.opportunity_id, s.amount::decimal(18, 2) as amount from staging.signings s
  join landing.files f using (file_id) where f.name in (select file from told))
select (select count(*) from wanted) as told,
  round((select count(*) from found semi join wanted using (opportunity_id, amount))
    / nullif((select count(*) from found), 0), 3) as precision,
  round((select count(*) from found semi join wanted using (opportunity_id, amount))
    / nullif((select count(*) from wanted), 0), 3) as recall
"""
OPPORTUNITIES = """
with pairs as (
  select distinct v.visit_id, v.opportunity_id as found, t.opportunity_id as wanted
  from staging.visits v join landing.files f using (file_id)
  join told t on t.file = f.name and t.rep_id = v.rep_id and t.customer_id = v.customer_id and t.status = v.status
   and v.occurred_at::date in (t.happened_on, t.date))
select count(*) as told, round(count(*) filter (found = wanted) / nullif(count(found), 0), 3) as precision,
  round(count(*) filter (found = wanted) / nullif(count(wanted), 0), 3) as recall
from pairs
"""


@dataclass(frozen=True)
class Workshop:
    """Where workspaces are made, and which mappings read the legacy files."""

    folder: Path
    mappings: Path | None

    def workspace(self, name: str, inbox: Path | None = None) -> Run:
        """A workspace with the demo's settings and the legacy mappings; `inbox`: files to link into its own."""
        root = self.folder / name
        Workspace(root).make_folders()
        named = legacy_mappings()
        if self.mappings is not None:
            shutil.copytree(self.mappings, root / "mappings", dirs_exist_ok=True)
            named = sorted({*named, *(p.stem for p in self.mappings.glob("*.yaml"))})
        settings = (files("simulation") / "demo.yaml").read_text(encoding="utf-8")
        listed = ", ".join(["company_reference", *named])
        settings = settings.replace("company_reference]", f"{listed}]") + "inbox: {settle_seconds: 0}\n"
        (root / "stagewatch.yaml").write_text(settings, encoding="utf-8")
        for path in [] if inbox is None else inbox.iterdir():
            os.link(path, root / "inbox" / path.name)
        return Run.of(root, run_id=name, now=NOW)


@contextmanager
def cpu(report: Callable[[float], None]) -> Iterator[None]:
    """CPU seconds of this process and its ended children."""
    began = _cpu_seconds()
    yield
    report(_cpu_seconds() - began)


def _cpu_seconds() -> float:
    """Of this process, its ended children, and those that live (the reader of workbooks does; Linux tells of them)."""
    used = [resource.getrusage(whom) for whom in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    ticks = 0
    for listed in Path("/proc/self/task").glob("*/children"):
        for child in listed.read_text().split():
            stat = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            ticks += int(stat[11]) + int(stat[12])
    return sum(one.ru_utime + one.ru_stime for one in used) + ticks / os.sysconf("SC_CLK_TCK")


def show(con: duckdb.DuckDBPyConnection, title: str, sql: str) -> None:
    """A titled table."""
    print(f"\n{title}")
    cursor = con.execute(sql)
    names = [column[0] for column in cursor.description or []]
    rows = [tuple("" if value is None else str(value) for value in row) for row in cursor.fetchall()]
    widths = [max(len(row[k]) for row in [tuple(names), *rows]) for k in range(len(names))]
    for row in [tuple(names), *rows]:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))


def measure_level(shop: Workshop, level: Level, factor: float, *, old_excel: bool) -> None:
    """One level: simulate, land, stage, compare."""
    out = shop.folder / f"company_{level}"
    settings = DailyReports(level=level, months_per_kind=1, old_excel=old_excel)
    summary = simulate(out, Parameters(factor=factor, daily_reports=settings))
    print(f"\n=== {level}: {summary}")
    run = shop.workspace(f"workspace_{level}", out / "inbox")
    spent: list[float] = []
    with connect(run) as con:
        with cpu(spent.append):
            take_inbox(con, run)
        with cpu(spent.append):
            build_staging(con, run)
        con.execute("set timezone = 'Asia/Shanghai'")
        told = quote_literal(str(out / "truth" / "told_facts.parquet"))
        con.execute(f"create temp table told as from read_parquet({told})")
        print(f"CPU seconds: landing {spent[0]:.1f}, staging {spent[1]:.1f}")
        show(con, "files by kind of source", FILES)
        con.execute(VISITS)
        show(con, "visit reports recovered, by kind of source", MEASURED.replace("{{label}}", "kind_of_source"))
        show(con, "visit reports recovered", MEASURED.replace("{{label}}", "'all' as kind_of_source"))
        _read_notes(con)
        show(con, "stages reached, by opportunity", STAGES)
        show(con, "contract amounts, by opportunity", AMOUNTS)
        show(con, "opportunities of the visits found", OPPORTUNITIES)
        _names(con, run, out / "truth" / "told_names.parquet")
        _settle(con, run, out / "truth" / "told_names.parquet")
        con.execute(VISITS)
        show(
            con, "visit reports recovered, once a person has settled the names", MEASURED.replace("{{label}}", "'all'")
        )
        reasons = "select what, reason, count(*) as entries, sum(facts)::int as facts from staging.review group by all"
        show(con, "for review", f"{reasons} order by all")


def _read_notes(con: duckdb.DuckDBPyConnection) -> None:
    """What notes were read as, field by field; of messages, and of rows whose note has no identifier of its own."""
    tables = con.execute("""
        select table_name from information_schema.columns
        where table_schema = 'landing' and column_name = 'message_key'""").fetchall()
    parts = [f"select file_id, source_row, message_key as id from landing.{quote_ident(t)}" for (t,) in tables]
    parts.append("select null::integer, null::bigint, null::varchar where false")
    con.execute(f"""
        create or replace temp table messages as
        select f.name as file, m.source_row, m.id
        from ({" union all ".join(parts)}) m join landing.files f using (file_id)
        union all
        select distinct t.file, t.row, concat_ws('/', t.file, t.sheet, t.row,
          if(t.kind_of_source = 'excel_month_grid', 'd' || strftime(t.happened_on, '%d'), null))
        from told t where t.told_in = 'note'""")
    con.execute(READ)
    show(con, "notes read, by field", " union all ".join(FIELD.replace("{{field}}", name) for name in FIELDS))


def _names(con: duckdb.DuckDBPyConnection, run: Run, told_names: Path) -> None:
    """Whom names mean: customers given the true rep, reps given the office; as often as each was written."""
    masters = masters_of(con, load_identity(run.workspace.root))
    wanted = con.execute("""
        select customer, rep_id, any_value(customer_id), count(*) from told
        where customer is not null group by customer, rep_id, customer_id order by all""").fetchall()
    answers = find_customers(masters, [((name,), rep, "") for name, rep, _, _ in wanted])
    known = set(masters.names)
    for what, rows in (("customers", wanted), ("customers with a master", [w for w in wanted if w[2] in known])):
        found = {(w[0], w[1], w[2]): a for w, a in zip(wanted, answers, strict=True)}
        pairs = [(found[w[0], w[1], w[2]].match, w[2], w[3]) for w in rows]
        _print_identity(what, [(match.id if match else None, true, times) for match, true, times in pairs])
    reps = con.execute(
        """select name, office, true_id, times from read_parquet(?)
           where what = 'rep' and name not like 'wxid%' order by all""",
        [str(told_names)],
    ).fetchall()
    settled = []
    for name, office, true_id, times in reps:
        match = masters.reps.by_key(name)
        if match is None:
            candidates = masters.reps.candidates(name, masters.reps.places_in(office))
            match, _ = choose(candidates, masters.identity.accept, masters.identity.margin)
        settled.append((match.id if match else None, true_id, times))
    _print_identity("reps", settled)


def _settle(con: duckdb.DuckDBPyConnection, run: Run, told_names: Path) -> None:
    """Fill in the review list as a person who knows would, drop it into the inbox, and stage again."""
    rows = con.execute(
        """
        with known as (
          select what, name, any_value(true_id) as true_id from read_parquet(?)
          group by what, name having count(distinct true_id) = 1
          union all
          select 'customer:' || rep_id, customer, any_value(customer_id) from told where customer is not null
          group by rep_id, customer having count(distinct customer_id) = 1)
        select r.what, r.scope, r.alias, any_value(k.true_id order by k.what desc)
        from staging.review r
        join known k on k.name in (r.alias, r.said) and k.what in (r.what, r.what || ':' || r.scope)
        where r.what in ('rep', 'customer') group by all order by all""",
        [str(told_names)],
    ).fetchall()
    path = run.workspace.inbox / "review_settled.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["对象", "范围", "写法", "判定", "判定时间"])
        writer.writerows([*row, "2026-01-04 10:00"] for row in rows)
    take_inbox(con, run)
    build_staging(con, run)
    con.execute("set timezone = 'Asia/Shanghai'")
    print(f"\n{len(rows):,} names settled")


def _print_identity(what: str, pairs: list[tuple[str | None, str, int]]) -> None:
    told = sum(times for _, _, times in pairs)
    taken = sum(times for found, _, times in pairs if found is not None)
    right = sum(times for found, true, times in pairs if found == true)
    precision = right / taken if taken else float("nan")
    print(f"  {what:24} {told:7,} times named, precision {precision:.3f}, recall {right / max(told, 1):.3f}")


def measure_speed(shop: Workshop, rows: int) -> None:
    """Landing of one large workbook and one large chat, and the floors of both; medians of some runs."""
    print(f"\n=== speed, {rows:,} rows and messages, medians of {SPEED_RUNS}")
    sources = {"workbook": (_large_workbook, _calamine), "chat": (_large_chat, _lines)}
    for what, (make, floor) in sources.items():
        path = make(shop.folder, rows)
        landing: list[float] = []
        floors: list[float] = []
        for number in range(SPEED_RUNS):
            run = shop.workspace(f"speed_{what}_{number}")
            own = run.workspace.root / "mappings"
            own.mkdir(exist_ok=True)
            shutil.copy(SPEED_MAPPING, own)
            shutil.copy(path, run.workspace.root / "inbox" / path.name)
            with connect(run) as con:
                with cpu(landing.append):
                    take_inbox(con, run)
                found = con.execute("select rows_read, reason from landing.files").fetchall()
            with cpu(floors.append):
                floor(path)
        read = sum(row[0] for row in found)
        refused = "" if read else f" ({found[0][1] if found else 'not taken'})"
        spent, least = median(landing), median(floors)
        print(
            f"  {what}: {path.stat().st_size / 1e6:.1f} MB, landed {read:,} rows in {spent:.2f} CPU s:"
            f" {read / spent:,.0f} a second; floor {least:.2f} s, ratio {spent / max(least, 1e-3):.1f}{refused}"
        )


def _large_workbook(folder: Path, rows: int) -> Path:
    rng = np.random.default_rng(1)
    sheet = Sheet("日报")
    sheet.add(["成都办事处2025年3月销售日报"])
    sheet.add(["序号", "日期", "业务员", "客户名称", "拜访方式", "拜访结果", "阶段", "金额", "下一步", "备注"])
    first = datetime(2025, 3, 1).date()
    for k in range(rows):
        amount = float(rng.integers(10, 2000) * 100) if k % 5 == 0 else None
        stage, note = "报价" if k % 5 == 0 else None, f"见到采购，库存还有{k % 30}天的量"
        sheet.add([k + 1, first + timedelta(k % 28), f"王敏{k % 20}", f"成都鑫源{k % 900}商贸有限公司", "上门拜访",
                   "完成", stage, amount, "电话沟通", note])  # fmt: skip
    path = folder / "成都办事处日报_2025年03月.xlsx"
    write_sheets(path, [sheet])
    return path


def _large_chat(folder: Path, rows: int) -> Path:
    accounts: dict[int | None, Account] = {k: Account(f"wxid_{k}", f"王敏{k}-成都", f"u{k}") for k in range(20)}
    accounts[None] = Account("wxid_zg", "陈刚-成都主管", "ZG0001")
    start = datetime(2025, 3, 3, 9)
    messages = [
        Message(k % 20, start + timedelta(seconds=37 * k), f"拜访成都鑫源{k % 900}商贸，见到采购，报价{k % 90 + 1}万")
        for k in range(rows)
    ]
    chat = Chat("成都办事处日报群", "1@chatroom", messages, accounts, list(range(rows)))
    path = folder / "成都办事处日报群_2025-03.txt"
    path.write_bytes(wechatmsg_text(chat, np.random.default_rng(1))[0])
    return path


def _calamine(path: Path) -> None:
    book = CalamineWorkbook.from_path(str(path))
    for name in book.sheet_names:
        for _ in book.get_sheet_by_name(name).iter_rows():
            pass


def _lines(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").split("\n"):
        line.strip()


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--factor", type=float, default=0.1)
    parser.add_argument("--level", choices=list(LEVELS), action="append")
    parser.add_argument("--mappings", type=Path, help="a folder of further mappings that read legacy files")
    parser.add_argument("--rows", type=int, default=40_000)
    parser.add_argument("--no-xls", action="store_true", help="write no .xls, which needs xlwt")
    options = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        shop = Workshop(Path(folder), options.mappings)
        for level in options.level or LEVELS:
            measure_level(shop, level, options.factor, old_excel=not options.no_xls)
        if options.rows:
            measure_speed(shop, options.rows)
    print(f"\nin {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
