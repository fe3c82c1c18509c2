-- work_visits: changes of visits, each with the opportunity it could be put to when it became known.
-- Grain: one row per known record of a visit that has an opportunity.
-- Meaning: a record's opportunity is decided once, when the record becomes visible, by what is visible then:
--   its own; else what earlier visible records of the visit say; else the one opportunity of the same
--   customer that the visit's rep owns and that is neither won nor lost by the time of the visit. Several or
--   none: left out. (marts.visits links by all that is known at the as-of time; a feature may not.)
--   hidden_at: as in work_events. counted_at: from when a record of done is the one that counts, the first of its
--   visit that no better source has overruled; infinity for the others.
--   superseded_at: from when a later change of the same visit is known, so the visit's latest word as known
--   at T is the record with visible_at <= T < superseded_at.
create or replace table ml.work_visits as
with records as (
  select
    row_number() over (order by visit_id, occurred_at, recorded_at, source_rank desc, content_hash, source_row)
      as record_no,
    visit_id, rep_id, coalesce(customer_id, customer_name) as customer, opportunity_key, kind, status, planned_at,
    rescheduled_to, occurred_at, recorded_at, is_recorded_at_filled, source_kind,
    attachments,
    greatest(occurred_at, recorded_at) as visible_at, coalesce(overruled_at, 'infinity'::timestamptz) as hidden_at
  from staging.visits
  where recorded_at <= getvariable('as_of') and occurred_at <= getvariable('as_of')
),
said as (
  select
    *,
    coalesce(
      opportunity_key,
      last_value(opportunity_key ignore nulls) over (
        partition by visit_id order by visible_at, record_no rows between unbounded preceding and current row)
    ) as said_key
  from records
),
candidates as (
  select r.record_no, r.occurred_at, r.visible_at, v.opportunity_key
  from said r
  join ml.work_versions v
    on v.owner_id = r.rep_id and coalesce(v.customer_id, v.customer_name) = r.customer
    and v.visible_at <= r.visible_at and r.visible_at < v.superseded_at
  where r.said_key is null and coalesce(v.created_at::date <= r.occurred_at::date, true)
),
standing as (
  select
    c.record_no, c.opportunity_key,
    coalesce(
      arg_max(e.kind in ('won', 'lost'), e.occurred_at) filter (e.kind <> 'signing'), false) as is_closed
  from candidates c
  left join ml.work_events e
    on e.opportunity_key = c.opportunity_key and e.occurred_at < c.occurred_at and e.visible_at <= c.visible_at
    and c.visible_at < e.hidden_at
  group by c.record_no, c.opportunity_key
),
inferred as (
  select record_no, min(opportunity_key) as inferred_key
  from standing
  where not is_closed
  group by record_no
  having count(*) = 1
)
select
  coalesce(said_key, inferred_key) as opportunity_key, visit_id, kind, status, planned_at, rescheduled_to,
  occurred_at, recorded_at, is_recorded_at_filled, source_kind, attachments, visible_at, hidden_at,
  case when status = 'done' then
    greatest(
      visible_at,
      max(hidden_at) over (
        partition by visit_id, status = 'done' order by visible_at, record_no
        rows between unbounded preceding and 1 preceding))
  end as counted_at,
  least(
    hidden_at,
    coalesce(
      min(visible_at) over (
        partition by visit_id order by record_no rows between 1 following and unbounded following),
      'infinity'::timestamptz)) as superseded_at
from said
left join inferred using (record_no)
where coalesce(said_key, inferred_key) is not null
order by opportunity_key, visible_at;
