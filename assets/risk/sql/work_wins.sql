-- work_wins: what has been signed, when, where and for how much, by all that is known at the as-of time.
-- Grain: one row per signing, and one per win without any signing record.
-- Meaning: is_first marks the opportunity's first: signings are counted once an opportunity, money always. The amount of a
--   win without a signing is the amount expected of it. The place is the one in force when it was signed.
create or replace table ml.work_wins as
with wins as (
  select opportunity_key, occurred_at as signed_at, amount, true as is_recorded
  from known.signings
  union all
  select o.opportunity_key, o.won_at, v.expected_amount, false
  from (
    select opportunity_key, min(occurred_at) as won_at
    from known.stage_events
    where event = 'won' and opportunity_key not in (select opportunity_key from known.signings)
    group by opportunity_key) o
  left join marts.opportunity_versions v
    on v.opportunity_key = o.opportunity_key and v.from_at <= o.won_at and o.won_at < v.to_at
)
select
  w.opportunity_key, w.signed_at, w.amount::double as amount, w.is_recorded, v.region, v.city,
  v.expected_amount::double as expected_amount,
  row_number() over (partition by w.opportunity_key order by w.signed_at, w.amount) = 1 as is_first
from wins w
left join marts.opportunity_versions v
  on v.opportunity_key = w.opportunity_key and v.from_at <= w.signed_at and w.signed_at < v.to_at
order by w.opportunity_key, w.signed_at;
