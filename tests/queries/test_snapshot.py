"""The snapshot opener: no statement leads out of the file, nothing runs for ever, readers outlive publishing."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from data_contracts.errors import StagewatchError
from queries.snapshot import CURRENT, Snapshot, current_snapshot, open_snapshot, unused_snapshots


def publish(folder: Path, name: str, value: int = 1, zone: str = "America/New_York") -> Path:
    """A minimal snapshot, as the publisher writes one."""
    folder.mkdir(exist_ok=True)
    path = folder / f"snapshot-{name}.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create schema ref; create schema marts")
        con.execute("create table ref.settings as select 'timezone' as key, ? as value", [zone])
        con.execute("create table marts.numbers as select range as n, ? as value from range(1000)", [value])
    pointer = folder / ".CURRENT.part"
    pointer.write_text(path.name, encoding="utf-8")
    pointer.replace(folder / CURRENT)
    return path


@pytest.fixture
def published(tmp_path: Path) -> Path:
    publish(tmp_path / "published", "1")
    return tmp_path / "published"


@pytest.fixture
def snapshot(published: Path) -> Iterator[Snapshot]:
    with open_snapshot(published) as opened:
        yield opened


# {secret} is a file with a canary, {out} a path that must never come to exist, {other} another database.
ESCAPES = """
    select * from read_csv('{secret}', header = false)
    select * from read_csv_auto('{secret}')
    select * from sniff_csv('{secret}')
    select * from '{secret}'
    select * from read_text('{secret}')
    select * from read_blob('{secret}')
    select * from glob('{folder}/*')
    select * from read_json('{secret}')
    select * from read_json_objects('{secret}')
    select * from read_ndjson('{secret}')
    select * from read_parquet('{secret}')
    select * from parquet_metadata('{secret}')
    select * from parquet_schema('{secret}')
    select * from read_duckdb('{other}')
    select * from range(1), lateral (select * from read_text('{secret}'))
    with t as (select * from read_text('{secret}')) select * from t
    select * from query('from read_text(''{secret}'')')
    select * from query_table('{secret}')
    select * from query('copy marts.numbers to ''{out}''')
    explain analyze copy marts.numbers to '{out}'
    select * from json_execute_serialized_sql(json_serialize_sql('select * from read_text(''{secret}'')'))
    copy marts.numbers to '{out}'
    copy (select 1) to '{out}' (format parquet)
    copy marts.numbers from '{secret}'
    export database '{out}'
    import database '{folder}'
    attach '{other}' as other
    attach '{out}' as written
    attach ':memory:' as scratch
    detach snapshot
    use memory
    create table marts.mine as select 1
    create temp table mine as select 1
    create view marts.mine as select 1
    create macro mine() as 1
    create schema mine
    insert into marts.numbers values (1, 1)
    update marts.numbers set value = 2
    delete from marts.numbers
    drop table marts.numbers
    alter table marts.numbers add column x integer
    with t as (insert into marts.numbers values (1, 1) returning *) select * from t
    set enable_external_access = true
    set lock_configuration = false
    set memory_limit = '100GB'
    set threads = 64
    set temp_directory = '{folder}'
    set TimeZone = 'UTC'
    set log_query_path = '{out}'
    set python_enable_replacements = true
    set enable_logging = true
    call enable_logging(storage = 'file', storage_config = {{'path': '{out}'}})
    select * from enable_logging()
    select * from enable_profiling()
    reset memory_limit
    pragma enable_profiling
    pragma profile_output = '{out}'
    pragma database_list
    install httpfs
    load httpfs
    force install httpfs from 'http://127.0.0.1:1'
    select * from read_csv('http://127.0.0.1:1/x.csv')
    create secret s (type s3, key_id 'a', secret 'b')
    create persistent secret s (type s3, key_id 'a', secret 'b')
    select * from duckdb_secrets()
    select * from duckdb_extensions()
    prepare p as copy marts.numbers to '{out}'
    execute p
    select 1; select 2
    select 1; copy marts.numbers to '{out}'
    from python_frame
    select getenv('HOME')
    select * from pandas_scan(0)
    select * from force_checkpoint()
    checkpoint
    vacuum
    begin transaction
    comment on table marts.numbers is 'x'
    from '{secret}'
    from "{secret}"
    select * from '{folder}/*.csv'
    summarize '{secret}'
    describe select * from read_text('{secret}')
    pivot (select * from read_text('{secret}')) on filename using count(*)
    values ((select content from read_text('{secret}')))
    explain copy (select 1) to '{out}'
    explain analyze select * from read_text('{secret}')
    select * from query('select 1; select 2')
    select * from query('from ''{secret}''')
    select * from read_text(['{secret}'])
    select * from read_json_auto('{secret}')
    select * from parquet_file_metadata('{secret}')
    select * from sql_auto_complete('select * from ''{folder}/')
    select * from sqlite_scan('{other}', 'secret')
    select * from arrow_scan(0, 0, 0)
    select * from python_map_function()
    select * from seq_scan('x')
    set variable x = (select content from read_text('{secret}'))
    set variable x = 1
    set file_search_path = '{folder}'
    set allowed_paths = ['{secret}']
    set http_proxy = 'http://127.0.0.1:1'
    create temp macro f() as table from read_text('{secret}')
    create type t as enum (select content from read_text('{secret}'))
    merge into marts.numbers using (select 1 as n) s on numbers.n = s.n when matched then delete
    truncate marts.numbers
    attach or replace '{other}' as snapshot
    copy from database snapshot to memory
    update extensions

    -- nothing but a comment
"""
# Allowed, and without effect beyond the reader's own statement.
HARMLESS = """
    select * from query_table('marts.numbers') limit 1
    select * from query('select 1')
    select database_name, path from duckdb_databases()
    select * from duckdb_settings() limit 1
    select * from checkpoint()
    explain select * from marts.numbers
    explain analyze create temp table mine as select 1
    show all tables
    describe marts.numbers
    summarize marts.numbers
    select json_serialize_plan('select * from read_text(''/etc/hostname'')')
    select write_log('x')
    from marts.numbers limit 1
    values (1), (2)
"""


@pytest.mark.parametrize("statement", [s.strip() for s in ESCAPES.strip("\n").split("\n")])
def test_no_statement_leads_out(snapshot: Snapshot, tmp_path: Path, statement: str) -> None:
    secret, out = tmp_path / "secret.csv", tmp_path / "out"
    secret.write_text("canary-7731\n1\n", encoding="utf-8")
    other = tmp_path / "other.duckdb"
    with duckdb.connect(str(other)) as con:
        con.execute("create table secret as select 'canary-7731' as word")
    python_frame = pl.DataFrame({"word": ["canary-7731"]})
    before = snapshot.path.read_bytes()
    with pytest.raises(StagewatchError) as caught:
        snapshot.sql_text(statement.format(secret=secret, out=out, other=other, folder=tmp_path))
    assert caught.value.remedy
    assert len(python_frame) == 1
    assert "canary-7731" not in str(caught.value)
    assert not out.exists()
    assert snapshot.path.read_bytes() == before
    assert snapshot.sql_text("select count(*) as n from marts.numbers")["n"].to_list() == [1000]


def test_the_list_is_at_least_as_long_as_the_one_that_was_tried() -> None:
    assert len(ESCAPES.strip().splitlines()) >= 41


@pytest.mark.parametrize("statement", [s.strip() for s in HARMLESS.strip().splitlines()])
def test_what_is_allowed_changes_nothing(snapshot: Snapshot, statement: str) -> None:
    before = snapshot.path.read_bytes()
    snapshot.sql_text(statement)
    assert snapshot.path.read_bytes() == before
    with pytest.raises(StagewatchError):
        snapshot.sql_text("from mine")


def test_a_statement_may_end_and_be_commented_as_people_do(snapshot: Snapshot) -> None:
    answer = snapshot.sql_text("/* first */ select n from marts.numbers order by n desc limit 3; -- done")
    assert answer["n"].to_list() == [999, 998, 997]


def test_what_polars_has_no_type_for_comes_as_text(snapshot: Snapshot) -> None:
    answer = snapshot.sql_text("""
        select interval 1 month as span, [interval 1 day] as spans, {'a': interval 2 day} as record,
               union_value(a := 1) as either, [union_value(a := 'x')] as eithers, 7 as seven""")
    assert answer.rows() == [("1 month", "[1 day]", "{'a': 2 days}", "1", "[x]", 7)]


def test_times_without_end_come_as_text_and_others_as_times(snapshot: Snapshot) -> None:
    answer = snapshot.sql_text("""
        select * from (values
            (1, timestamptz '2025-03-05 09:00:00+00', timestamptz 'infinity', date '-infinity', date '2025-03-05'),
            (2, null, timestamptz '2025-03-06 09:00:00+00', null, null),
            (3, timestamptz '2025-01-05 09:00:00+00', timestamptz '12025-03-05 00:00:00+00', date '2025-03-05', null)
        ) t(no, from_at, to_at, since, day) order by no""")
    assert answer.select("to_at", "since").rows() == [
        ("infinity", "-infinity"), ("2025-03-06T04:00:00-05:00", None), ("12025-03-05T00:00:00.000000", "2025-03-05"),
    ]  # fmt: skip
    assert answer.schema["from_at"] == pl.Datetime("us", "America/New_York") and answer.schema["day"] == pl.Date
    assert answer["from_at"].null_count() == 1


def test_rows_are_limited_and_keep_their_order(snapshot: Snapshot) -> None:
    assert snapshot.sql_text("from marts.numbers order by n desc", limit=2)["n"].to_list() == [999, 998]
    assert snapshot.sql_text("from range(1000000000000)", limit=5).height == 5
    assert snapshot.query("select n from marts.numbers order by n desc", limit=2)["n"].to_list() == [999, 998]


def test_values_are_bound(snapshot: Snapshot) -> None:
    hostile = "'; drop table marts.numbers; --"
    assert snapshot.query("select $a as a", {"a": hostile})["a"].to_list() == [hostile]


@pytest.mark.parametrize("method", ["query", "sql_text"])
def test_a_cross_join_of_a_million_millions_is_interrupted(snapshot: Snapshot, method: str) -> None:
    endless = "select count(*) from range(1000000) a, range(1000000) b where a.range * b.range = 7 - a.range"
    with pytest.raises(StagewatchError, match=r"took longer than 0\.2 s"):
        getattr(snapshot, method)(endless, timeout=0.2)
    assert snapshot.query("select 1 as one")["one"].to_list() == [1]


def test_a_query_larger_than_memory_spills(published: Path) -> None:
    """In a process of its own with 64 MB; without a folder to spill to, the same sort runs out of memory."""
    code = f"""
import queries.snapshot as s
s._CONFIG["memory_limit"] = "64MB"
with s.open_snapshot(s.Path({str(published)!r})) as snapshot:
    answer = snapshot.sql_text('''select count(*) as n, max(rank) as last from (
        select row_number() over (order by md5((i * 7919)::varchar), i) as rank from range(2000000) t(i))''')
    print(answer.row(0))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[0] == "(2000000, 2000000)"


def test_the_time_zone_is_the_companys_on_every_cursor(published: Path) -> None:
    with open_snapshot(published) as one, open_snapshot(published) as two:
        for snapshot in (one, two):
            assert snapshot.query("select current_setting('TimeZone') as z")["z"].to_list() == ["America/New_York"]
            assert snapshot.query("select '2025-01-01 00:00'::timestamptz::varchar as t")["t"][0].endswith("-05")


def test_no_progress_is_drawn_between_the_data_on_stdout(published: Path) -> None:
    """DuckDB draws it there by itself once a query takes two seconds; the second opener meets a locked instance."""
    with open_snapshot(published) as first, open_snapshot(published) as second:
        for opened in (first, second):
            assert opened.query("select current_setting('enable_progress_bar') as is_on")["is_on"].to_list() == [False]


def test_many_threads_open_and_ask_at_once(published: Path) -> None:
    answers: list[int] = []

    def ask() -> None:
        with open_snapshot(published) as snapshot:
            answers.append(snapshot.query("select sum(value)::bigint as s from marts.numbers")["s"][0])

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [1000] * 16


def test_without_a_snapshot_it_says_what_to_run(tmp_path: Path) -> None:
    assert current_snapshot(tmp_path) is None
    with pytest.raises(StagewatchError, match="stagewatch run"):
        open_snapshot(tmp_path)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "/etc/passwd", "warehouse.duckdb", "snapshot-../x.duckdb"])
def test_a_pointer_that_names_no_snapshot_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / CURRENT).write_text(name, encoding="utf-8")
    with pytest.raises(StagewatchError, match="does not name a snapshot"):
        open_snapshot(tmp_path)


def test_a_pointer_to_nothing_and_a_foreign_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / CURRENT).write_text("snapshot-1.duckdb", encoding="utf-8")
    with pytest.raises(StagewatchError, match="not there"):
        open_snapshot(tmp_path)
    with duckdb.connect(str(tmp_path / "snapshot-1.duckdb")) as con:
        con.execute("create table x as select 1")
    with pytest.raises(StagewatchError, match="not a stagewatch snapshot"):
        open_snapshot(tmp_path)


def test_a_held_snapshot_is_kept_until_its_reader_closes(published: Path) -> None:
    old = open_snapshot(published)
    assert unused_snapshots(published) == []
    publish(published, "2", value=2)
    assert unused_snapshots(published) == []
    assert old.query("select value from marts.numbers limit 1")["value"].to_list() == [1]
    old.close()
    assert [p.name for p in unused_snapshots(published)] == ["snapshot-1.duckdb"]
    with open_snapshot(published) as new:
        assert (new.id, new.query("select value from marts.numbers limit 1")["value"].to_list()) == ("2", [2])


def test_a_reader_in_another_process_holds_it_and_its_death_lets_go(published: Path) -> None:
    code = f"""
from pathlib import Path
from queries.snapshot import open_snapshot
open_snapshot(Path({str(published)!r}))
held = open_snapshot(Path({str(published)!r}))
print("open", flush=True)
input()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"open\n"
        publish(published, "2")
        assert unused_snapshots(published) == []
        reader.kill()
        reader.wait()
    assert [p.name for p in unused_snapshots(published)] == ["snapshot-1.duckdb"]


def test_a_reader_never_fails_while_snapshots_are_published_and_dropped(published: Path) -> None:
    stop, failures, seen = threading.Event(), [], set()

    def read() -> None:
        while not stop.is_set():
            try:
                with open_snapshot(published) as snapshot:
                    values = snapshot.query("select distinct value from marts.numbers")["value"].to_list()
                    assert len(values) == 1, "one snapshot, one value"
                    seen.add(values[0])
            except Exception as error:  # whatever it is, it is what this test looks for
                failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for round_ in range(2, 42):
        publish(published, str(round_), value=round_)
        for path in unused_snapshots(published):
            path.unlink()
    stop.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert len(seen) > 1
    assert len(list(published.glob("snapshot-*"))) <= 4


def test_closing_waits_for_the_queries_under_way(published: Path) -> None:
    snapshot = open_snapshot(published)
    with snapshot._cursor(10) as cursor:
        snapshot.close()
        assert cursor.sql("select 1").fetchall() == [(1,)]
    with pytest.raises(StagewatchError, match="closed"):
        snapshot.query("select 1")


def test_a_folder_that_cannot_be_written_can_be_read(published: Path) -> None:
    """As an unprivileged reader would: no lock file, no WAL, nothing is made beside the snapshot."""
    before = sorted(p.name for p in published.iterdir())
    with open_snapshot(published) as snapshot:
        snapshot.query("from marts.numbers")
        assert sorted(p.name for p in published.iterdir()) == before
