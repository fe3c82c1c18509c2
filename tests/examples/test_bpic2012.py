"""BPI Challenge 2012 by mapping and playbook alone: the facts that a correct reader reproduces."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from assets.marts.build import build_marts
from assets.warehouse import scratch_as_of
from example_workspace import built_example

pytestmark = pytest.mark.slow
CENT = 5e-5  # the facts are quoted to four decimals


@pytest.fixture(scope="module")
def con(real_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    file = real_data("bpic2012/bpic2012_events.csv.gz")
    return built_example("bpic2012", tmp_path_factory.mktemp("bpic") / "ws", [file])


def one(con: duckdb.DuckDBPyConnection, sql: str) -> tuple:
    row = con.execute(sql).fetchone()
    assert row is not None
    return row


def test_every_row_is_accounted_for(con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute("select rows_read, accepted, quarantined, duplicates from staging.ledger").fetchall() == [
        (262_200, 262_200, 0, 0)
    ]


EVENTS = "landing.bpic2012__events"
LOG = f"""
    create or replace temp view log as
    select *, source_row::bigint as n, "at"::timestamptz as t,
           lag("at"::timestamptz) over (partition by "case" order by source_row) as before
    from {EVENTS}"""
ACTIVITIES = {
    "A_SUBMITTED": 13_087, "A_PARTLYSUBMITTED": 13_087, "A_DECLINED": 7_635, "A_PREACCEPTED": 7_367,
    "A_ACCEPTED": 5_113, "A_FINALIZED": 5_015, "A_CANCELLED": 2_807, "A_REGISTERED": 2_246, "A_APPROVED": 2_246,
    "A_ACTIVATED": 2_246, "O_SELECTED": 7_030, "O_CREATED": 7_030, "O_SENT": 7_030, "O_CANCELLED": 3_655,
    "O_SENT_BACK": 3_454, "O_ACCEPTED": 2_243, "O_DECLINED": 802, "W_Completeren aanvraag": 54_850,
    "W_Nabellen offertes": 52_016, "W_Nabellen incomplete dossiers": 25_190, "W_Valideren aanvraag": 20_809,
    "W_Afhandelen leads": 16_566, "W_Beoordelen fraude": 664, "W_Wijzigen contractgegevens": 12,
}  # fmt: skip
LAST = {
    "A_DECLINED": 3_429, "W_Valideren aanvraag": 2_747, "W_Afhandelen leads": 2_234, "W_Completeren aanvraag": 1_939,
    "W_Nabellen offertes": 1_290, "A_CANCELLED": 655, "W_Nabellen incomplete dossiers": 452, "O_CANCELLED": 279,
    "W_Beoordelen fraude": 57, "W_Wijzigen contractgegevens": 4, "A_REGISTERED": 1,
}  # fmt: skip


def test_the_log_is_landed_whole(con: duckdb.DuckDBPyConnection) -> None:
    assert dict(con.execute(f"select activity, count(*) from {EVENTS} group by 1").fetchall()) == ACTIVITIES
    assert dict(con.execute(f"select lifecycle, count(*) from {EVENTS} group by 1").fetchall()) == {
        "COMPLETE": 164_506, "START": 71_376, "SCHEDULE": 26_318,
    }  # fmt: skip
    assert dict(con.execute(f"select activity[1], count(*) from {EVENTS} group by 1").fetchall()) == {
        "W": 170_107, "A": 60_849, "O": 31_244,
    }  # fmt: skip
    assert one(
        con,
        f"select count(distinct (activity, lifecycle)), count(distinct resource), count(*) filter (resource is null),"
        f" count(*) filter (resource is null and activity[1] <> 'W') from {EVENTS}",
    ) == (36, 68, 18_010, 0)
    assert one(con, 'select max(n) from (select count(*) as n from landing.bpic2012__events'
                    " where activity[1] = 'A' group by activity, \"case\")") == (1,)  # fmt: skip


def test_the_log_keeps_its_own_order(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(LOG)
    assert one(con, "select count(*) filter (t < before), count(*) filter (t = before) from log") == (0, 13_995)
    rows = con.execute(
        'select last, count(*) from (select arg_max(activity, n) as last from log group by "case") group by 1'
    ).fetchall()
    assert dict(rows) == LAST
    assert con.execute(
        'select first, count(*) from (select arg_min(activity, n) as first from log group by "case") group by 1'
    ).fetchall() == [("A_SUBMITTED", 13_087)]
    assert one(
        con,
        'select min(c), median(c), round(avg(c), 3), max(c) from (select count(*) as c from log group by "case")',
    ) == (3, 11, 20.035, 175)
    durations = 'select (epoch_us(max(t)) - epoch_us(min(t))) / 86400e6 as d from log group by "case"'
    assert one(con, f"select avg(d), median(d), quantile_cont(d, 0.75), max(d) from ({durations})") == tuple(
        pytest.approx(v, abs=CENT) for v in (8.6238, 0.8085, 14.1974, 137.2215)
    )
    variants = """
        select count(distinct v), count(distinct c), count(distinct a) from (
          select string_agg(activity, '>' order by n) as v,
                 string_agg(activity, '>' order by n) filter (lifecycle = 'COMPLETE') as c,
                 string_agg(activity, '>' order by n) filter (activity[1] = 'A') as a
          from log group by "case")"""
    assert one(con, variants) == (4_366, 4_336, 17)


def test_offsets_are_read_and_the_hour_that_came_twice_is_the_second_one(con: duckdb.DuckDBPyConnection) -> None:
    assert dict(con.execute(f'select "at"[-6:], count(*) from {EVENTS} group by 1').fetchall()) == {
        "+01:00": 226_450, "+02:00": 35_750,
    }  # fmt: skip
    # 02:00 to 03:00 came twice on 2011-10-30; all four events carry +01:00, so they are after 01:00 UTC.
    rows = con.execute(
        f'select "at"[-6:], "at"::timestamptz from {EVENTS} where "at" like \'2011-10-30T02:%\''
    ).fetchall()
    assert [offset for offset, _ in rows] == ["+01:00"] * 4
    assert all(t.astimezone(UTC).hour == 1 for _, t in rows)


def test_the_registration_date_is_kept_beside_the_first_event_and_not_used(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        f'select ms > 0, count(*), min(ms), max(ms) from (select epoch_ms(min("at"::timestamptz))'
        f' - epoch_ms(any_value(registered)::timestamptz) as ms from {EVENTS} group by "case") group by 1 order by 1'
    ).fetchall()
    assert rows == [(False, 10_054, 0, 0), (True, 3_033, 1, 72)]
    assert one(con, "select count(*) from marts.opportunity_state o join marts.funnel_paths p using (opportunity_key)"
                    " where o.created_at <> p.cohort_at") == (0,)  # fmt: skip


def test_offers_and_papers_back(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(LOG)
    assert one(
        con,
        "select count(distinct \"case\") filter (activity = 'O_SENT'),"
        " count(distinct \"case\") filter (activity = 'O_SENT_BACK') from log",
    ) == (5_015, 3_254)
    rows = con.execute(
        "select last, count(*) from (select arg_max(activity, n) filter (activity[1] = 'O') as last"
        ' from log group by "case") where last is not null group by 1'
    ).fetchall()
    assert dict(rows) == {
        "O_ACCEPTED": 2_243, "O_CANCELLED": 1_640, "O_DECLINED": 802, "O_SENT": 241, "O_SENT_BACK": 89,
    }  # fmt: skip


def test_approved_registered_and_activated_are_one_moment_so_one_is_read(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(LOG)
    ends = "select \"case\", string_agg(activity, '>' order by n) as v from log where activity in ('A_APPROVED',"
    ends += " 'A_REGISTERED', 'A_ACTIVATED') group by 1"
    assert one(con, f"select count(*), count(distinct v), min(len(string_split(v, '>'))) from ({ends})") == (
        2_246,
        6,
        3,
    )
    assert one(con, "select count(*) filter (not exists (select 1 from log l where l.\"case\" = o.opportunity_id"
                    " and l.activity = 'O_ACCEPTED')) from marts.opportunity_state o where status = 'won'"
               ) == (3,)  # fmt: skip


def test_no_recording_time_is_invented_silently(con: duckdb.DuckDBPyConnection) -> None:
    for record in ("opportunities", "stage_events", "visits"):
        assert one(con, f"select count(*) filter (recorded_at <> occurred_at or not is_recorded_at_filled)"
                        f" from staging.{record}") == (0,)  # fmt: skip


def test_the_last_event_is_an_instant_not_a_local_text(con: duckdb.DuckDBPyConnection) -> None:
    assert one(con, "select getvariable('as_of')")[0].astimezone(UTC) == datetime(
        2012, 3, 14, 15, 4, 54, 681_000, tzinfo=UTC
    )
    first = one(con, "select min(occurred_at) from known.stage_events")[0]
    assert first.astimezone(UTC) == datetime(2011, 9, 30, 22, 38, 44, 546_000, tzinfo=UTC)


def test_cases_amounts_and_owners(con: duckdb.DuckDBPyConnection) -> None:
    assert one(con, "select count(*), sum(amount), count(*) filter (amount = 0) from marts.opportunity_state") == (
        13_087, 177_634_511, 1,
    )  # fmt: skip
    assert one(con, "select round(avg(amount), 2), median(amount), max(amount), count(distinct amount)"
                    " from marts.opportunity_state") == (13_573.36, 10_000, 99_999, 631)  # fmt: skip
    assert one(con, "select count(owner_id), count(distinct owner_id), count(*) filter (owner_id = '112')"
                    " from marts.opportunity_state") == (5_113, 53, 0)  # fmt: skip


def test_outcomes_are_not_read_off_the_last_event(con: duckdb.DuckDBPyConnection) -> None:
    assert one(con, "select count(*) filter (stage = 'offer'), count(*) filter (stage = 'preaccepted'),"
                    " count(*) filter (stage = 'accepted') from marts.opportunity_state where status = 'open'"
               ) == (327, 69, 3)  # fmt: skip
    rows = con.execute(
        "select status, lost_reason, count(*), sum(amount) filter (status = 'won')::bigint"
        " from marts.opportunity_state group by all order by all"
    ).fetchall()
    assert rows == [
        ("lost", "cancelled", 2_807, None),
        ("lost", "declined", 7_635, None),
        ("open", None, 399, None),
        ("won", None, 2_246, 35_290_338),
    ]


def test_spells_by_stage_and_exit(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        """select s.stage, count(*), count(*) filter (exit = 'won'),
                  count(*) filter (exit = 'lost' and o.lost_reason = 'declined'),
                  count(*) filter (exit = 'lost' and o.lost_reason = 'cancelled'),
                  count(*) filter (exit = 'advanced'), count(*) filter (exit = 'open')
           from marts.stage_spells s join marts.opportunity_state o using (opportunity_key)
           group by s.stage, s.stage_no order by s.stage_no"""
    ).fetchall()
    assert rows == [
        ("submitted", 13_087, 0, 5_719, 1, 7_367, 0),
        ("preaccepted", 7_367, 0, 1_085, 1_100, 5_113, 69),
        ("accepted", 5_113, 0, 29, 66, 5_015, 3),
        ("offer", 5_015, 2_246, 802, 1_640, 0, 327),
    ]
    assert one(con, "select count(*), count(*) filter (is_rework), count(*) filter (exit = 'skipped_ahead')"
                    " from marts.stage_spells") == (30_582, 0, 0)  # fmt: skip
    assert one(con, "select count(*), count(*) filter (is_censored) from marts.stage_spells"
                    " where stage = 'offer' and dwell_days > 7") == (4_679, 320)  # fmt: skip


def test_dwell_completed_and_kaplan_meier(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "select stage, mean_days, median_days, p90_days, km_median_days from marts.dwell"
        " where dimension = 'all' order by stage_no"
    ).fetchall()
    expected = {
        "submitted": (0.1012, 0.0005, 0.4199, 0.0005),
        "preaccepted": (2.8259, 0.2818, 5.2044, 0.2953),
        "accepted": (0.0331, 0.0021, 0.0049, 0.0021),
        "offer": (17.8383, 14.5606, 30.8738, 15.1305),
    }
    assert {row[0]: row[1:] for row in rows} == {k: pytest.approx(v, abs=CENT) for k, v in expected.items()}


FIRST_OCCURRENCES = [
    # from, to: cases, median, mean, p90 in days
    ("reached_at[1]", "reached_at[2]", 7_367, 43.963 / 86_400, 0.0867, 0.3997),
    ("reached_at[2]", "reached_at[3]", 5_113, 14_832.5 / 86_400, 0.7786, 1.8174),
    ("reached_at[3]", "reached_at[4]", 5_015, 184.0 / 86_400, 0.0065, 0.0049),
    ("reached_at[4]", "won_at", 2_246, 13.8266, 15.9977, 27.7947),
    ("reached_at[4]", "cancelled_at", 1_640, 19.2950, 21.5183, 30.9794),
    ("reached_at[4]", "declined_at", 802, 13.1317, 15.4677, 27.0174),
    ("reached_at[1]", "won_at", 2_246, 14.4366, 16.6589, 28.6837),
    ("reached_at[1]", "declined_at", 7_635, 673.2 / 86_400, 2.0481, 7.8712),
    ("reached_at[1]", "cancelled_at", 2_807, 16.8461, 18.5960, 31.8023),
]


@pytest.mark.parametrize(
    ("origin", "goal", "cases", "median", "mean", "p90"),
    FIRST_OCCURRENCES,
    ids=[f"{r[0]}-{r[1]}" for r in FIRST_OCCURRENCES],
)
def test_time_between_first_occurrences(
    con: duckdb.DuckDBPyConnection, origin: str, goal: str, cases: int, median: float, mean: float, p90: float
) -> None:
    found = one(
        con,
        f"""
        select count(*), median(d), avg(d), quantile_cont(d, 0.9) from (
          select (epoch_us({goal}) - epoch_us({origin})) / 86400e6 as d
          from (select p.*, case o.lost_reason when 'cancelled' then o.closed_at end as cancelled_at,
                       case o.lost_reason when 'declined' then o.closed_at end as declined_at
                from marts.funnel_paths p join marts.opportunity_state o using (opportunity_key))
          where {origin} is not null and {goal} is not null)""",
    )
    assert found == (cases, *(pytest.approx(v, abs=CENT) for v in (median, mean, p90)))


def test_cohorts_by_month_of_entry(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        """select strftime(p.cohort_at, '%Y-%m') as month, count(*),
                  count(reached_at[2]), count(reached_at[3]), count(reached_at[4]), count(p.won_at),
                  count(*) filter (o.lost_reason = 'declined'), count(*) filter (o.lost_reason = 'cancelled'),
                  count(*) filter (outcome = 'open')
           from marts.funnel_paths p join marts.opportunity_state o using (opportunity_key)
           group by all order by all"""
    ).fetchall()
    assert rows == [
        ("2011-10", 2_393, 1_427, 1_024, 1_004, 500, 1_335, 558, 0),
        ("2011-11", 2_940, 1_490, 1_011, 993, 460, 1_860, 620, 0),
        ("2011-12", 2_122, 1_226, 851, 839, 376, 1_206, 540, 0),
        ("2012-01", 2_747, 1_582, 1_094, 1_072, 487, 1_599, 641, 20),
        ("2012-02", 2_885, 1_642, 1_133, 1_107, 423, 1_635, 448, 379),
    ]


def test_february_is_young_not_bad(con: duckdb.DuckDBPyConnection) -> None:
    # Its last instant + 30 days is after the data's end: it is left out of the rate, and counted.
    rows = con.execute(
        "select period_start::varchar, cohort, cohort_mature, cohort_immature, rate_overall is null"
        " from marts.funnel where period_type = 'month' and dimension = 'all' and stage_no = 4 order by 1"
    ).fetchall()
    assert rows[-1] == ("2012-02-01", 2_885, 0, 2_885, True)
    assert rows[0] == ("2011-10-01", 2_393, 2_393, 0, False)


def test_state_as_of_new_year(con: duckdb.DuckDBPyConnection) -> None:
    with scratch_as_of(con, datetime.fromisoformat("2012-01-01T00:00:00+01:00")):
        build_marts(con)
        rows = con.execute(
            "select coalesce(lost_reason, case status when 'won' then 'won' else stage end), count(*)"
            " from marts.opportunity_state group by all"
        ).fetchall()
    assert dict(rows) == {
        "declined": 4_334, "cancelled": 1_346, "won": 1_130, "offer": 509, "preaccepted": 130, "submitted": 5,
        "accepted": 1,
    }  # fmt: skip


def test_work_items_are_paired_and_none_is_dropped(con: duckdb.DuckDBPyConnection) -> None:
    # 71,371 pairs and 1,042 completions without a start.
    assert one(con, "select count(*), count(planned_at), count(distinct visit_id) from known.visits") == (
        72_413, 71_371, 72_413,
    )  # fmt: skip
    # Four of the 5,015 cases with an offer to call about never had such a call finished.
    assert one(con, "select count(*), count(distinct opportunity_id) from known.visits"
                    " where note = 'W_Nabellen offertes'") == (22_976, 5_011)  # fmt: skip
    called = f"select count(distinct \"case\") from {EVENTS} where activity = 'W_Nabellen offertes'"
    assert one(con, called) == (5_015,)
    pairs = (
        "select count(*) filter (is_paired), count(*) filter (start_at is null), count(*) filter (complete_at is null)"
    )
    assert one(con, f'{pairs} from "_derived_bpic2012__work"') == (71_371, 1_042, 5)
