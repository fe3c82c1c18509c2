-- landmark_features: everything the model may know of an opportunity at a landmark.
-- Grain: opportunity x landmark. Key: opportunity_key, landmark_at.
-- Meaning: every figure is computed from records with recorded_at <= landmark_at and occurred_at <= landmark_at,
--   whatever was learned later. Days are of 86,400 s. Null is not known, or does not apply.
--   Shares of failures are shrunk: (failed + 20 x share above) / (closed + 20), where above is the company for an
--   office, and the office (else the company) for an owner; the company's own share is shrunk to one half. A lift is
--   such a share over the company's: shares themselves drift with the company and would only tell the date.
--   models/features.py says which columns the model reads and in which words.
create or replace table ml.landmark_features as
with days as (
  select distinct landmark_at from ml.landmarks
),
seasons as (
  select
    d.landmark_at,
    (select c2.working_days_before - c1.working_days_before from ref.calendar c1, ref.calendar c2
     where c1.day = d.landmark_at::date and c2.day = d.landmark_at::date + 28) as working_days_ahead,
    date_diff('day', d.landmark_at::date, (date_trunc('quarter', d.landmark_at::date) + interval 3 months)::date)
      as days_to_quarter_end
  from days d
),
actions as (
  select l.opportunity_key, l.landmark_at, list(distinct p.action_code order by p.action_code) as actions_passed
  from ml.landmarks l
  join ml.work_passed p on p.opportunity_key = l.opportunity_key
    and p.visible_at <= l.landmark_at and l.landmark_at < p.hidden_at
  group by l.opportunity_key, l.landmark_at
),
required as (
  select
    s.stage_no,
    coalesce(list(r.action_code) filter (r.stage_no = s.stage_no), []) as here,
    coalesce(list(r.action_code) filter (r.stage_no < s.stage_no), []) as before
  from ref.stages s
  left join ref.required_actions r on r.stage_no <= s.stage_no
  group by s.stage_no
),
technical as (
  select coalesce(list(action_code) filter (visit_kind = 'technical_meeting'), []) as codes from ref.required_actions
),
helped as (
  select
    l.opportunity_key, l.landmark_at, count(*)::integer as interventions, max(i.occurred_at) as last_intervention_at
  from ml.landmarks l
  join staging.interventions i
    on i.opportunity_key = l.opportunity_key and i.action not in ('acknowledged', 'snoozed')
    and greatest(i.occurred_at, i.recorded_at) <= l.landmark_at
    and coalesce(l.landmark_at < i.overruled_at, true)
  group by l.opportunity_key, l.landmark_at
),
told as (
  select
    l.opportunity_key, l.landmark_at,
    sum(greatest(a.delay_seconds, 0)) as delay_seconds,
    count(a.delay_seconds) as delays,
    count(*) filter (a.delay_seconds > 86400) as late,
    count(*) filter (a.source_kind = 'form') as by_form,
    count(*) as records
  from ml.landmarks l
  join ml.work_activity a on a.opportunity_key = l.opportunity_key
    and a.visible_at <= l.landmark_at and l.landmark_at < a.hidden_at
  group by l.opportunity_key, l.landmark_at
),
changed as (
  select
    l.opportunity_key, l.landmark_at,
    arg_min(v.expected_amount, v.version_no) as first_amount,
    count(distinct v.owner_id)::integer - 1 as owner_changes
  from ml.landmarks l
  join ml.work_versions v on v.opportunity_key = l.opportunity_key and v.visible_at <= l.landmark_at
  group by l.opportunity_key, l.landmark_at
  having count(*) > 1
),
loads as (
  select owner_id, landmark_at, count(*)::integer as owner_open
  from ml.landmarks
  group by owner_id, landmark_at
),
joined as (
  select
    l.*, s.entered_at, s.began_at, s.last_activity_at, s.furthest_stage_no, s.reworks, s.skips, s.reopenings,
    s.activities, s.activities_14d, s.activities_28d,
    v.expected_amount, v.product_line, v.channel, v.lead_source, v.customer_id
  from ml.landmarks l
  join ml.work_states s using (opportunity_key, landmark_at)
  left join ml.work_versions v on v.opportunity_key = s.opportunity_key and v.version_no = s.version_no
),
recorded as (
  select
    j.*,
    (coalesce(rc.failed, 0) + 10.0) / (coalesce(rc.failed + rc.signed, 0) + 20.0) as company_share,
    coalesce(rf.failed, 0) as office_failed, coalesce(rf.failed + rf.signed, 0) as office_closed,
    coalesce(ro.failed, 0) as owner_failed, coalesce(ro.failed + ro.signed, 0) as owner_closed,
    coalesce(ru.failed, 0) as customer_failed, coalesce(ru.signed, 0) as customer_signed
  from joined j
  asof left join (from ml.work_records where dimension = 'company') rc on rc.landmark_at <= j.landmark_at
  asof left join (from ml.work_records where dimension = 'office') rf
    on rf.value = j.office and rf.landmark_at <= j.landmark_at
  asof left join (from ml.work_records where dimension = 'owner') ro
    on ro.value = j.owner_id and ro.landmark_at <= j.landmark_at
  asof left join (from ml.work_records where dimension = 'customer') ru
    on ru.value = j.customer_id and ru.landmark_at <= j.landmark_at
),
shrunk as (
  select
    *,
    case when office is not null then (office_failed + 20 * company_share) / (office_closed + 20.0) end as office_share,
    case when owner_id is not null then
      (owner_failed + 20 * coalesce(office_share, company_share)) / (owner_closed + 20.0) end as owner_share
  from recorded
)
select
  j.opportunity_key, j.opportunity_id, j.landmark_at, j.is_scoring, j.team, j.city, j.region,
  -- the stage and how long
  j.stage, j.stage_no,
  (epoch_us(j.landmark_at) - epoch_us(j.entered_at)) / 86400e6 as stage_days,
  case st.sla_clock
    when 'business' then working_clock(j.landmark_at) - working_clock(j.entered_at)
    else (epoch_us(j.landmark_at) - epoch_us(j.entered_at)) / 86400e6
  end / st.sla_days as sla_ratio,
  coalesce(st.is_quotation, false) as is_quotation,
  -- the way so far
  (epoch_us(j.landmark_at) - epoch_us(j.began_at)) / 86400e6 as age_days,
  j.furthest_stage_no, j.reworks, j.skips, j.reopenings,
  -- silence and rhythm
  (epoch_us(j.landmark_at) - epoch_us(j.last_activity_at)) / 86400e6 as silent_days,
  j.activities, j.activities_14d, j.activities_28d,
  case when j.activities > 0 then
    (epoch_us(j.landmark_at) - epoch_us(j.began_at)) / 86400e6 / j.activities end as days_per_activity,
  -- visits
  coalesce(vf.visits_done, 0) as visits_done,
  coalesce(vf.visits_28d, 0) as visits_28d,
  coalesce(vf.calls_done, 0) as calls_done,
  coalesce(vf.demos_done, 0) as demos_done,
  coalesce(vf.samples_done, 0) as samples_done,
  coalesce(vf.negotiations_done, 0) as negotiations_done,
  (epoch_us(j.landmark_at) - epoch_us(vf.last_visit_at)) / 86400e6 as days_since_visit,
  coalesce(vf.no_shows, 0) as no_shows,
  coalesce(vf.cancellations, 0) as cancellations,
  coalesce(vf.missed_streak, 0) as missed_streak,
  coalesce(vf.planned_ahead, 0) as planned_ahead,
  (epoch_us(vf.next_planned_at) - epoch_us(j.landmark_at)) / 86400e6 as days_to_planned,
  coalesce(vf.planned_untold, 0) as planned_untold,
  -- reschedules
  coalesce(vf.reschedules, 0) as reschedules,
  coalesce(vf.reschedule_streak, 0) as reschedule_streak,
  (epoch_us(j.landmark_at) - epoch_us(vf.last_reschedule_at)) / 86400e6 as days_since_reschedule,
  coalesce(vf.reschedules, 0) / nullif(coalesce(vf.reschedules, 0) + coalesce(vf.visits_done, 0), 0)::double
    as reschedule_share,
  -- the technical meeting, and required actions
  greatest(
    coalesce(vf.technical_visits, 0),
    list_has_any(coalesce(a.actions_passed, []), te.codes)::int) as technical_meetings,
  len(list_filter(rq.here, lambda x: not list_contains(coalesce(a.actions_passed, []), x)))::integer as actions_missing,
  len(list_filter(rq.before, lambda x: not list_contains(coalesce(a.actions_passed, []), x)))::integer
    as actions_missed_before,
  coalesce(a.actions_passed, []) as actions_passed,
  -- how it is reported
  t.delay_seconds / 3600.0 / nullif(t.delays, 0) as delay_hours,
  t.late / nullif(t.delays, 0)::double as late_share,
  t.by_form / nullif(t.records, 0)::double as form_share,
  -- the deal
  j.expected_amount::double as amount,
  (j.expected_amount / nullif(c.first_amount, 0))::double as amount_change,
  coalesce(c.owner_changes, 0) as owner_changes,
  j.product_line, j.channel, j.lead_source,
  -- the record of those around it
  j.company_share, j.office_share, j.owner_share,
  j.office_share / j.company_share as office_lift,
  j.owner_share / j.company_share as owner_lift,
  j.owner_closed,
  case when j.owner_id is not null then lo.owner_open end as owner_open,
  j.customer_failed, j.customer_signed,
  -- help and season
  coalesce(h.interventions, 0) as interventions,
  (epoch_us(j.landmark_at) - epoch_us(h.last_intervention_at)) / 86400e6 as days_since_intervention,
  sn.working_days_ahead, sn.days_to_quarter_end
from shrunk j
left join ref.stages st on st.stage_no = j.stage_no
cross join technical te
left join ml.work_visit_features vf using (opportunity_key, landmark_at)
left join actions a using (opportunity_key, landmark_at)
left join required rq on rq.stage_no = j.stage_no
left join helped h using (opportunity_key, landmark_at)
left join told t using (opportunity_key, landmark_at)
left join changed c using (opportunity_key, landmark_at)
left join loads lo on lo.owner_id = j.owner_id and lo.landmark_at = j.landmark_at
left join seasons sn on sn.landmark_at = j.landmark_at
order by j.opportunity_key, j.landmark_at;
