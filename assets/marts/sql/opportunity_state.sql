-- opportunity_state: where each opportunity stands at the as-of time.
-- Grain: one row per opportunity that any record names. Key: opportunity_key.
-- Meaning: status, closings and lapses are opportunity_lives'; stage and entered_at those of the current
--   or last spell (null without any). Two clocks, never mixed: dwell_days and overrun run from the entry
--   into the stage and are null (false) unless it is open; silent_days runs from the last activity. A
--   visit planned for later than the as-of time resets neither and stands in next_planned_at, unless it was
--   done or cancelled meanwhile; so does one that was missed and given a new time. age_days runs from creation to the closing in force, else to the
--   as-of time; null where creation is unknown. Reschedules are counted over all visits of its whole life.
--   technical_meetings: visits of that kind done, and the days on which the required action alone was
--   done with its evidence. next_required_actions: the open stage's required actions, in the playbook's
--   order, that are neither proved nor waived; null unless open in a stage. amount, owner and place are
--   those in force at the as-of time; signed_amount is the sum of all signings. The risk fields are
--   null unless the opportunity was scored as of this time.
create or replace table marts.opportunity_state as
with spells as (
  select
    opportunity_key,
    max(spell_no) as last_spell_no,
    max(stage_no) as furthest_stage_no,
    count(*) filter (is_rework)::integer as reworks
  from marts.stage_spells
  group by opportunity_key
),
visited as (
  select
    opportunity_key,
    sum(reschedules)::integer as reschedules,
    count(*) filter (status = 'done')::integer as visits_done,
    count(*) filter (status = 'done' and kind = 'technical_meeting')::integer as technical_meetings,
    min(planned_at) filter (status in ('planned', 'rescheduled', 'no_show') and planned_at > getvariable('as_of'))
      as next_planned_at
  from marts.visits
  where opportunity_key is not null
  group by opportunity_key
),
technical_actions as (
  select d.opportunity_key, sum(d.days_by_record_alone)::integer as technical_meetings
  from marts.actions_done d
  join ref.required_actions r on r.action_code = d.action_code
  where r.action_code = 'technical_meeting' or r.visit_kind = 'technical_meeting'
  group by d.opportunity_key
),
signed as (
  select opportunity_key, sum(amount)::decimal(18, 2) as signed_amount
  from known.signings
  group by opportunity_key
),
placed as (
  select
    l.*,
    s.stage, s.stage_no, s.entered_at, s.sla_days, s.sla_clock, s.is_overrun,
    case when l.status = 'open' then s.dwell_days end as dwell_days,
    case when l.status = 'open' then s.dwell_business_days end as dwell_business_days,
    c.furthest_stage_no, c.reworks
  from marts.opportunity_lives l
  left join spells c on c.opportunity_key = l.opportunity_key
  left join marts.stage_spells s on s.opportunity_key = l.opportunity_key and s.spell_no = c.last_spell_no
),
outstanding as (
  select
    p.opportunity_key,
    coalesce(
      list(r.action_code order by r.position)
        filter (r.action_code is not null and d.first_proved_at is null and d.waived_by is null),
      []) as next_required_actions
  from placed p
  left join ref.required_actions r on r.stage = p.stage
  left join marts.actions_done d on d.opportunity_key = p.opportunity_key and d.action_code = r.action_code
  where p.status = 'open' and p.stage is not null
  group by p.opportunity_key
),
scores as (
  select * from ml.scores where as_of = getvariable('as_of')
)
select
  p.opportunity_key,
  p.opportunity_id,
  v.customer_id,
  v.customer_name,
  p.status,
  p.stage,
  p.stage_no,
  coalesce(f.furthest_stage_no, p.furthest_stage_no) as furthest_stage_no,
  p.entered_at,
  p.created_at,
  p.closed_at,
  p.won_at,
  p.lost_at,
  p.lapsed_at,
  p.lost_reason,
  (epoch_us(coalesce(p.closed_at, getvariable('as_of'))) - epoch_us(p.created_at)) / 86400e6 as age_days,
  p.dwell_days,
  p.dwell_business_days,
  p.sla_days,
  p.status = 'open' and coalesce(p.is_overrun, false) as is_overrun,
  case when p.status = 'open' and p.is_overrun
    then case p.sla_clock when 'business' then p.dwell_business_days else p.dwell_days end - p.sla_days
  end as overrun_days,
  (epoch_us(getvariable('as_of')) - epoch_us(p.last_activity_at)) / 86400e6 as silent_days,
  p.lapses,
  coalesce(p.reworks, 0) as reworks,
  coalesce(w.reschedules, 0) as reschedules,
  coalesce(w.technical_meetings, 0) + coalesce(t.technical_meetings, 0) as technical_meetings,
  coalesce(w.visits_done, 0) as visits_done,
  p.last_activity_at,
  w.next_planned_at,
  o.next_required_actions,
  v.expected_amount as amount,
  g.signed_amount,
  v.owner_id,
  v.owner_name,
  v.supervisor_id,
  v.supervisor_name,
  v.office,
  v.city,
  v.province,
  v.region,
  v.product_line,
  v.channel,
  v.lead_source,
  r.p_fail,
  r.p_sign,
  r.risk_band,
  r.reasons as risk_reasons,
  r.next_action as risk_next_action,
  r.method as risk_method,
  r.model_id
from placed p
left join marts.opportunity_versions v
  on v.opportunity_key = p.opportunity_key and v.from_at <= getvariable('as_of') and v.to_at > getvariable('as_of')
left join visited w on w.opportunity_key = p.opportunity_key
left join technical_actions t on t.opportunity_key = p.opportunity_key
left join signed g on g.opportunity_key = p.opportunity_key
left join outstanding o on o.opportunity_key = p.opportunity_key
left join marts.funnel_paths f on f.opportunity_key = p.opportunity_key
left join scores r on r.opportunity_key = p.opportunity_key
