-- work_closings: when each opportunity was failed or signed, as known at each of the times asked for.
-- Grain: known_at x opportunity x unbroken closed time. Key: known_at, opportunity_key, closed_at.
-- Meaning: design section 4, over what was recorded and had happened by known_at (ml.work_cuts): won is signed;
--   lost, and lapse_days without activity while open, are failed; a loss that follows a lapse without a return
--   between is one failure, from the lapse on. undone_at: when it was open again; null is still closed.
create or replace table ml.work_closings as
with instants as (
  select
    c.known_at, a.opportunity_key, a.occurred_at,
    bool_or(a.kind in ('enter', 'reopened')) as is_opening,
    bool_or(a.kind = 'reopened') as is_reopening,
    bool_or(a.kind = 'lost') as has_lost,
    bool_or(a.kind = 'won') as has_won,
    bool_or(a.kind = 'signing') as has_signing
  from ml.work_cuts c
  join (
    select opportunity_key, kind, occurred_at, visible_at, hidden_at from ml.work_events
    union all
    select opportunity_key, 'activity', occurred_at, visible_at, hidden_at from ml.work_activity
    union all
    select
      opportunity_key, 'created', coalesce(created_at, visible_at), visible_at, 'infinity'::timestamptz
    from ml.work_versions
    where opportunity_key not in (select opportunity_key from ml.work_events)
  ) a on a.visible_at <= c.known_at and c.known_at < a.hidden_at
  group by c.known_at, a.opportunity_key, a.occurred_at
),
won as (
  select
    *, has_won or (has_signing and not bool_or(has_won) over (partition by known_at, opportunity_key)) as is_won
  from instants
),
stood as (
  select
    known_at, opportunity_key, occurred_at,
    coalesce(
      last_value(
        case
          when is_reopening and (is_won or has_lost) then null
          when is_won then 'signed'
          when has_lost then 'failed'
          when is_opening then 'open'
        end ignore nulls) over so_far,
      'open') as status,
    lead(occurred_at) over steps as next_at
  from won
  window
    steps as (partition by known_at, opportunity_key order by occurred_at),
    so_far as (
      partition by known_at, opportunity_key order by occurred_at
      rows between unbounded preceding and current row)
),
closed as (
  select known_at, opportunity_key, status as outcome, occurred_at as closed_at, next_at as undone_at
  from stood
  where status <> 'open'
  union all
  select known_at, opportunity_key, 'failed', lapsed_at, next_at
  from (
    select s.*, to_timestamp((epoch_us(s.occurred_at) + p.lapse_days * 86400e6) / 1e6) as lapsed_at
    from stood s
    cross join ref.playbook p
    where s.status = 'open' and p.lapse_days is not null)
  where lapsed_at < coalesce(next_at, 'infinity'::timestamptz) and lapsed_at <= known_at
),
begun as (
  select
    *,
    lag(undone_at) over steps is distinct from closed_at or lag(outcome) over steps is distinct from outcome as is_new
  from closed
  window steps as (partition by known_at, opportunity_key order by closed_at)
),
numbered as (
  select
    *, count(*) filter (is_new) over (partition by known_at, opportunity_key order by closed_at) as episode
  from begun
)
select
  known_at, opportunity_key, any_value(outcome) as outcome, min(closed_at) as closed_at,
  case when bool_or(undone_at is null) then null else max(undone_at) end as undone_at
from numbered
group by known_at, opportunity_key, episode
order by known_at, opportunity_key, closed_at;
