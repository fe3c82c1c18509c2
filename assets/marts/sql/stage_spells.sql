-- stage_spells: every maximal stay of one opportunity in one stage, [entered_at, left_at).
-- Grain: one row per spell. Keys: opportunity_key, spell_no.
-- Meaning: a spell starts and ends as `ordered_events` says; spells of no length are kept. left_at is null
--   while open, and dwell then runs to the as-of time (is_censored). A lapse in force ends the spell at
--   lapsed_at; one that was returned from left it unbroken. next_stage only where the exit is a move. Dwell
--   is exact, in days of 86,400 s; business days count working days of the calendar. is_overrun is dwell
--   greater than the SLA, on the SLA's own clock. is_rework: entered from a later stage; is_skip: entered
--   over a stage; both also by reopening. is_tied: entered in an instant in which another event stands.
--   Owner, place and the other attributes are those in force at entry.
create or replace table marts.stage_spells as
with bounds as (
  select
    opportunity_key, occurred_at, event, is_start, is_close, spell_stage_no, stage_before, is_tied,
    sum(is_start::int) over following as spell_no,
    lead(occurred_at) over following as next_at,
    lead(event) over following as next_event,
    lead(spell_stage_no) over following as next_stage_no
  from marts.ordered_events
  where is_start or is_close
  window following as (partition by opportunity_key order by seq)
),
spells as (
  select
    b.opportunity_key,
    b.spell_no,
    b.spell_stage_no as stage_no,
    b.occurred_at as entered_at,
    case when b.is_close then b.occurred_at else coalesce(b.next_at, l.lapsed_at) end as left_at,
    case
      when b.is_close then b.event
      when b.next_event in ('won', 'lost') then b.next_event
      when b.next_stage_no = b.spell_stage_no + 1 then 'advanced'
      when b.next_stage_no > b.spell_stage_no then 'skipped_ahead'
      when b.next_stage_no < b.spell_stage_no then 'returned'
      when l.lapsed_at is not null then 'lapsed'
      else 'open'
    end as exit,
    case when not b.is_close and b.next_event not in ('won', 'lost') then b.next_stage_no end as next_stage_no,
    coalesce(b.spell_stage_no < b.stage_before, false) as is_rework,
    coalesce(b.spell_stage_no > b.stage_before + 1, false) as is_skip,
    b.is_tied
  from bounds b
  left join marts.lapses l
    on l.opportunity_key = b.opportunity_key and l.returned_at is null and b.next_at is null and not b.is_close
  where b.is_start
),
-- The working calendar in whole microseconds, so that a dwell of exactly the SLA is never above it.
working_days as (
  select
    day,
    epoch_us(day::timestamptz) as midnight,
    case when is_working_day then 86400000000 else 0 end as length,
    working_days_before::bigint * 86400000000 as worked_before
  from ref.calendar
),
lengths as (
  select
    s.*,
    epoch_us(coalesce(s.left_at, getvariable('as_of'))) - epoch_us(s.entered_at) as dwell,
    (o.worked_before + least(o.length, epoch_us(coalesce(s.left_at, getvariable('as_of'))) - o.midnight))
      - (i.worked_before + least(i.length, epoch_us(s.entered_at) - i.midnight)) as business_dwell
  from spells s
  left join working_days i on i.day = s.entered_at::date
  left join working_days o on o.day = coalesce(s.left_at, getvariable('as_of'))::date
)
select
  d.opportunity_key,
  n.opportunity_id,
  d.spell_no::integer as spell_no,
  s.stage,
  s.stage_no,
  d.entered_at,
  d.left_at,
  d.exit,
  t.stage as next_stage,
  d.dwell / 86400e6 as dwell_days,
  d.business_dwell / 86400e6 as dwell_business_days,
  d.exit = 'open' as is_censored,
  s.sla_days,
  s.sla_clock,
  coalesce(case s.sla_clock when 'business' then d.business_dwell else d.dwell end > round(s.sla_days * 86400e6)::bigint, false)
    as is_overrun,
  d.is_rework,
  d.is_skip,
  d.is_tied,
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
  v.lead_source
from lengths d
join marts.opportunity_lives n on n.opportunity_key = d.opportunity_key
join ref.stages s on s.stage_no = d.stage_no
left join ref.stages t on t.stage_no = d.next_stage_no
left join marts.opportunity_versions v
  on v.opportunity_key = d.opportunity_key and v.from_at <= d.entered_at and v.to_at > d.entered_at
