-- work_states: how an opportunity stood at each moment of the grid, by what was known at that moment.
-- Grain: opportunity x moment. Key: opportunity_key, landmark_at.
-- Meaning: design section 4 at T = landmark_at, over events with visible_at <= T < hidden_at: within one instant stages
--   follow in playbook order, then lost, then won; a reopening beside a closing leaves it as it was. A signing is
--   a win where no won event is known. Lapsed when the last activity known is lapse days ago, to the second.
--   entered_at is the start of the unbroken stay in the current stage.
create or replace table ml.work_states as
with instants as (
  select
    g.opportunity_key, g.landmark_at, e.occurred_at,
    max(e.stage_no) filter (e.kind = 'enter') as highest,
    min(e.stage_no) filter (e.kind = 'enter') as lowest,
    count(distinct e.stage_no) filter (e.kind = 'enter') as entered,
    max(e.stage_no) filter (e.kind = 'reopened') as reopened_no,
    bool_or(e.kind = 'reopened') as has_reopened,
    bool_or(e.kind = 'lost') as has_lost,
    bool_or(e.kind = 'won') as has_won,
    bool_or(e.kind = 'signing') as has_signing
  from ml.work_grid g
  join ml.work_events e on e.opportunity_key = g.opportunity_key
    and e.visible_at <= g.landmark_at and g.landmark_at < e.hidden_at
  group by g.opportunity_key, g.landmark_at, e.occurred_at
),
turned as (
  select
    *,
    has_won or (has_signing and not bool_or(has_won) over look) as is_won
  from instants
  window look as (partition by opportunity_key, landmark_at)
),
stood as (
  select
    *,
    coalesce(
      last_value(
        case
          when has_reopened and (is_won or has_lost) then null
          when is_won then 'won'
          when has_lost then 'lost'
          when highest is not null or has_reopened then 'open'
        end ignore nulls) over so_far,
      'open') as status
  from turned
  window so_far as (
    partition by opportunity_key, landmark_at order by occurred_at rows between unbounded preceding and current row)
),
staged as (
  select
    *,
    coalesce(lag(status) over steps, 'open') as status_before,
    coalesce(
      highest, case when has_reopened and coalesce(lag(status) over steps, 'open') <> 'open' then reopened_no end
    ) as stage_named
  from stood
  window steps as (partition by opportunity_key, landmark_at order by occurred_at)
),
placed as (
  select
    *,
    last_value(stage_named ignore nulls) over (
      partition by opportunity_key, landmark_at order by occurred_at
      rows between unbounded preceding and current row) as stage_no,
    last_value(stage_named ignore nulls) over (
      partition by opportunity_key, landmark_at order by occurred_at
      rows between unbounded preceding and 1 preceding) as stage_before
  from staged
),
stages as (
  select
    opportunity_key, landmark_at,
    arg_max(status, occurred_at) as status,
    arg_max(stage_no, occurred_at) as stage_no,
    max(occurred_at) filter (status = 'open' and (status_before <> 'open' or stage_before is distinct from stage_no))
      as entered_at,
    min(occurred_at) as first_event_at,
    max(stage_no) as furthest_stage_no,
    count(*) filter (stage_named < stage_before or lowest < stage_before)::integer as reworks,
    count(*) filter (highest > stage_before + entered)::integer as skips,
    count(*) filter (status = 'open' and status_before <> 'open')::integer as reopenings
  from placed
  group by opportunity_key, landmark_at
),
activity as (
  select
    g.opportunity_key, g.landmark_at,
    max(a.occurred_at) as last_activity_at,
    count(*)::integer as activities,
    count(*) filter (a.occurred_at > g.landmark_at - interval 14 days)::integer as activities_14d,
    count(*) filter (a.occurred_at > g.landmark_at - interval 28 days)::integer as activities_28d
  from ml.work_grid g
  join ml.work_activity a on a.opportunity_key = g.opportunity_key
    and a.visible_at <= g.landmark_at and g.landmark_at < a.hidden_at
  group by g.opportunity_key, g.landmark_at
)
select
  g.opportunity_key, g.landmark_at, v.version_no,
  case
    when coalesce(s.status, 'open') <> 'open' then s.status
    when epoch_us(g.landmark_at)
      - epoch_us(coalesce(a.last_activity_at, v.created_at, v.visible_at)) >= p.lapse_days * 86400e6 then 'lapsed'
    else 'open'
  end as status,
  s.stage_no, s.entered_at, s.furthest_stage_no,
  least(s.first_event_at, v.created_at) as began_at,
  coalesce(s.reworks, 0) as reworks, coalesce(s.skips, 0) as skips, coalesce(s.reopenings, 0) as reopenings,
  a.last_activity_at,
  coalesce(a.activities, 0) as activities, coalesce(a.activities_14d, 0) as activities_14d, coalesce(a.activities_28d, 0) as activities_28d
from ml.work_grid g
left join stages s using (opportunity_key, landmark_at)
left join activity a using (opportunity_key, landmark_at)
left join ml.work_versions v
  on v.opportunity_key = g.opportunity_key and v.visible_at <= g.landmark_at and g.landmark_at < v.superseded_at
cross join ref.playbook p
order by g.opportunity_key, g.landmark_at;
