-- work_wins: what has been signed, when, where and for how much, by all that is known at the as-of time.
-- Grain: one row per signing, and one per won opportunity without any signing record.
-- Meaning: is_first marks the opportunity's first: signings are counted once an opportunity, money always. The amount of
--   a win without a signing is the amount expected of it (is_recorded false). The place is the one in force when it
--   was signed. visible_at: from when it could be known.
create or replace table ml.work_wins as
with wins as (
  select opportunity_key, occurred_at as signed_at, amount, greatest(occurred_at, recorded_at) as visible_at, true as is_recorded
  from known.signings
  union all
  select o.opportunity_key, o.occurred_at, v.expected_amount, o.visible_at, false
  from (
    select opportunity_key, min(occurred_at) as occurred_at, arg_min(visible_at, occurred_at) as visible_at
    from ml.work_events
    where kind = 'won' and opportunity_key not in (select opportunity_key from known.signings)
    group by opportunity_key) o
  left join marts.opportunity_versions v
    on v.opportunity_key = o.opportunity_key and v.from_at <= o.occurred_at and o.occurred_at < v.to_at
)
select
  w.opportunity_key, w.signed_at, w.visible_at, w.amount::double as amount, w.is_recorded, v.region, v.city,
  v.expected_amount::double as expected_amount,
  row_number() over (partition by w.opportunity_key order by w.signed_at, w.visible_at, w.amount) = 1 as is_first
from wins w
left join marts.opportunity_versions v
  on v.opportunity_key = w.opportunity_key and v.from_at <= w.signed_at and w.signed_at < v.to_at
order by w.opportunity_key, w.signed_at;
