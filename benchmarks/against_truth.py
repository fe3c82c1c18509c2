"""A demo's alerts, ranking and recovered value held against the simulated company's truth.

    python -m benchmarks.against_truth DIR      # DIR: a workspace that `stagewatch demo DIR` made

Four tables: how well the truth itself, knowing the hidden state, tells who fails; of the opportunities alerted in the
replayed weeks, how many failed, against all that were open then; what a supervisor's weekly budget saves by several
ways of ranking, an answer's worth being the amount times the true gain in the odds of signing; and the recovered value
claimed, against the same opportunities' lives without any answer.
Nothing is asserted; what is printed is what was measured.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb

from data_contracts.sql_names import quote_literal
from queries.snapshot import current_snapshot

BUDGET = 10
RANKINGS = {
    "p_fail": "p_fail",
    "amount": "amount",
    "amount x p_fail": "amount * p_fail",
    "amount x p_fail x p_sign": "amount * p_fail * p_sign",
    "best possible: amount x true gain": "amount * gain",
}
# What both later tables ask: the backtest's scores (by models that had not seen the future) beside the truth.
SCORED = """
create temp table scored as
select
  b.p_fail, b.p_sign, b.landmark_at, o.supervisor_id, o.amount, t.failed,
  t.p_sign_if_answered - t.p_sign as gain, t.silence_days is not null as is_silent
from w.ml.backtest_scores b
join w.marts.opportunity_state o using (opportunity_key)
join landmarks t on t.opportunity_id = o.opportunity_id and t.landmark_at = b.landmark_at::timestamp
where b.landmark_at >= (select min(opened_at) from w.marts.alert_outcomes)
qualify row_number() over (partition by b.opportunity_key, b.landmark_at order by b.fold desc, b.model) = 1
"""
# The area under the ROC curve by ranks, equal scores sharing theirs.
ORACLE = """
with ranked as (
  select failed, avg(place) over (partition by p_fail) as place
  from (select failed, p_fail, row_number() over (order by p_fail) as place from landmarks)),
counted as (
  select sum(place) filter (failed) as places, count(*) filter (failed) as bad, count(*) filter (not failed) as good
  from ranked)
select bad + good as landmarks, round(bad / (bad + good), 3) as failed,
  round((places - bad * (bad + 1) / 2) / (bad::double * good), 3) as roc_auc
from counted
"""
ALERTS = """
with alerted as (
  select a.rule, t.*
  from w.marts.alert_outcomes a
  join landmarks t on t.opportunity_id = a.opportunity_id and t.landmark_at = a.opened_at::timestamp
  where a.is_replayed)
select rule, count(*) as alerts, round(avg(failed::int), 3) as failed_90_days, round(avg(signed::int), 3) as signed,
  round(avg((silence_days is not null)::int), 3) as already_silent,
  round(avg(p_sign_if_answered - p_sign), 4) as gain_by_an_answer
from alerted group by rule
union all
select 'all open on those Mondays', count(*), round(avg(failed::int), 3), round(avg(signed::int), 3),
  round(avg((silence_days is not null)::int), 3), round(avg(p_sign_if_answered - p_sign), 4)
from landmarks where landmark_at in (select landmark_at from alerted)
order by failed_90_days desc
"""
RANKED = """
select {name} as ranked_by, count(*) as alerts, round(avg(failed::int), 3) as failed_90_days,
  round(avg(is_silent::int), 3) as already_silent, round(avg(amount * gain)) as worth_of_an_answer
from (
  select *, row_number() over (partition by supervisor_id, landmark_at order by {by} desc nulls last) as place
  from scored)
where place <= {budget}
"""
RECOVERED = """
with lived as (
  select a.opportunity_id, a.amount_at_open, a.answered_at,
    t.outcome_without_answers = 'won' and t.closed_on_without_answers <= getvariable('as_of')::date as is_won_anyway
  from w.marts.alert_outcomes a
  join read_parquet({opportunities}) t using (opportunity_id)
  where a.answered_at is not null
  qualify row_number() over (partition by a.opportunity_id order by a.answered_at, a.opened_at, a.alert_key) = 1)
select
  r.intervened_opportunities as intervened, r.gross, r.expected_anyway,
  l.truly_anyway, r.incremental, r.gross - l.truly_anyway as truly_incremental
from w.marts.recovered_value r
cross join (select sum(amount_at_open) filter (is_won_anyway) as truly_anyway from lived) l
where r.period_type = 'all' and r.scope = 'company'
"""


def main() -> None:
    """Print the four tables of the workspace named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    snapshot = current_snapshot(folder / "published")
    if snapshot is None:
        parser.error(f"{folder}: no published snapshot")
    truth = folder / "truth"
    with duckdb.connect(config={"threads": 2}) as con:
        con.execute("set timezone = 'Asia/Shanghai'")
        con.execute(f"attach {quote_literal(str(snapshot))} as w (read_only)")
        landmarks = quote_literal(str(truth / "landmarks.parquet"))
        con.execute(f"create temp view landmarks as from read_parquet({landmarks})")
        con.execute("set variable as_of = (select max(span_to) from w.marts.recovered_value)")
        con.execute(SCORED)
        ranked = " union all ".join(
            RANKED.format(name=quote_literal(name), by=by, budget=BUDGET) for name, by in RANKINGS.items()
        )
        opportunities = quote_literal(str(truth / "opportunities.parquet"))
        tables = {
            "the oracle on every landmark": ORACLE,
            "alerts replayed": ALERTS,
            f"the first {BUDGET} of each supervisor and week": ranked,
            "recovered value": RECOVERED.format(opportunities=opportunities),
        }
        for title, sql in tables.items():
            print(title)
            con.sql(sql).show(max_width=200)


if __name__ == "__main__":
    main()
