-- work_visit_features: what an opportunity's visits say at a landmark, by what was recorded by then.
-- Grain: opportunity x landmark, where it has a visit record. Key: opportunity_key, landmark_at.
create or replace table ml.work_visit_features as
with told as (
  select
    l.opportunity_key, l.landmark_at,
    count(*) filter (v.counted_at <= l.landmark_at)::integer as visits_done,
    count(*) filter (v.counted_at <= l.landmark_at and v.occurred_at > l.landmark_at - interval 28 days)::integer as visits_28d,
    count(*) filter (v.counted_at <= l.landmark_at and v.kind = 'call')::integer as calls_done,
    count(*) filter (v.counted_at <= l.landmark_at and v.kind = 'technical_meeting')::integer as technical_visits,
    count(*) filter (v.counted_at <= l.landmark_at and v.kind = 'demo')::integer as demos_done,
    count(*) filter (v.counted_at <= l.landmark_at and v.kind = 'sample_trial')::integer as samples_done,
    count(*) filter (v.counted_at <= l.landmark_at and v.kind = 'negotiation')::integer as negotiations_done,
    max(v.occurred_at) filter (v.counted_at <= l.landmark_at) as last_visit_at,
    count(*) filter (v.status = 'no_show')::integer as no_shows,
    count(*) filter (v.status = 'cancelled')::integer as cancellations,
    count(v.rescheduled_to)::integer as reschedules,
    max(v.occurred_at) filter (v.rescheduled_to is not null) as last_reschedule_at,
    count(*) filter (
      l.landmark_at < v.superseded_at and v.status in ('planned', 'rescheduled')
      and coalesce(v.rescheduled_to, v.planned_at) > l.landmark_at)::integer as planned_ahead,
    min(coalesce(v.rescheduled_to, v.planned_at)) filter (
      l.landmark_at < v.superseded_at and v.status in ('planned', 'rescheduled')
      and coalesce(v.rescheduled_to, v.planned_at) > l.landmark_at) as next_planned_at,
    count(*) filter (
      l.landmark_at < v.superseded_at and v.status in ('planned', 'rescheduled')
      and coalesce(v.rescheduled_to, v.planned_at) <= l.landmark_at)::integer as planned_untold
  from ml.landmarks l
  join ml.work_visits v on v.opportunity_key = l.opportunity_key
    and v.visible_at <= l.landmark_at and l.landmark_at < v.hidden_at
  group by l.opportunity_key, l.landmark_at
),
streaks as (
  select
    t.opportunity_key, t.landmark_at,
    count(v.rescheduled_to)::integer as reschedule_streak,
    count(*) filter (v.status in ('no_show', 'cancelled'))::integer as missed_streak
  from told t
  join ml.work_visits v
    on v.opportunity_key = t.opportunity_key and v.visible_at <= t.landmark_at and t.landmark_at < v.hidden_at
    and (v.rescheduled_to is not null or v.status in ('no_show', 'cancelled'))
    and v.occurred_at > coalesce(t.last_visit_at, '-infinity'::timestamptz)
  group by t.opportunity_key, t.landmark_at
)
select t.*, coalesce(s.reschedule_streak, 0) as reschedule_streak, coalesce(s.missed_streak, 0) as missed_streak
from told t
left join streaks s using (opportunity_key, landmark_at)
order by t.opportunity_key, t.landmark_at;
