-- visits: how each visit went over all its changes, and the opportunity it belongs to.
-- Grain: one row per visit. Key: visit_id.
-- Meaning: the records of a visit stand in the order of (occurred_at, recorded_at, status: planned,
--   rescheduled, no-show, cancelled, done; source precedence, content hash); what a later one does not say,
--   the earlier one has said. Every record with a rescheduled_to is one reschedule, whatever its status; a
--   visit with a done record is done, whatever came before or after. done_at is the first done record's.
--   `link`: stated, or else inferred: the one opportunity of the same customer that the visit's rep owned
--   and that was open then. Then is when the visit took place, else when its last record occurred; a time
--   known by its day alone is the whole day. Customers are compared by identifier, by name where either
--   side has none. Open is created (or first heard of) and neither won nor lost; silence does not close
--   it here, for the visit may be the very return. Several such opportunities: ambiguous. None: none.
create or replace table marts.visits as
with records as (
  select
    visit_id, rep_id, customer_id, customer_name, opportunity_key, opportunity_id, kind, status,
    planned_at, rescheduled_to, occurred_at, recorded_at, occurred_precision,
    latitude is not null and longitude is not null as has_position,
    coalesce(len(attachments), 0) > 0 as has_attachment,
    row_number() over (
      partition by visit_id
      order by occurred_at, recorded_at,
        list_position(['planned', 'rescheduled', 'no_show', 'cancelled', 'done'], status),
        source_rank desc, content_hash) as n
  from known.visits
),
summed as (
  select
    visit_id,
    arg_max(opportunity_key, n) filter (opportunity_key is not null) as stated_key,
    arg_max(opportunity_id, n) filter (opportunity_key is not null) as stated_id,
    arg_max(rep_id, n) filter (rep_id is not null) as rep_id,
    arg_max(customer_id, n) filter (customer_id is not null) as customer_id,
    arg_max(customer_name, n) filter (customer_name is not null) as customer_name,
    arg_max(kind, n) filter (kind is not null and status = 'done') as done_kind,
    arg_max(kind, n) filter (kind is not null) as last_kind,
    case when bool_or(status = 'done') then 'done' else arg_max(status, n) end as status,
    arg_min(planned_at, n) filter (planned_at is not null) as first_planned_at,
    -- Exports often repeat the first planned time on every record: a new time is only one that a plan or a
    -- reschedule states.
    arg_max(coalesce(rescheduled_to, planned_at), n)
      filter (rescheduled_to is not null or (status = 'planned' and planned_at is not null)) as arranged_for,
    arg_max(planned_at, n) filter (planned_at is not null) as last_planned_at,
    min(occurred_at) filter (status = 'done') as done_at,
    arg_min(recorded_at, n) filter (status = 'done') as done_recorded_at,
    count(rescheduled_to)::integer as reschedules,
    bool_or(status = 'done' and has_position) as is_checked_in,
    bool_or(status = 'done' and has_attachment) as has_evidence,
    max(occurred_at) as last_at,
    arg_min(occurred_precision, n) filter (status = 'done') as done_precision,
    arg_max(occurred_precision, n) as last_precision
  from records
  group by visit_id
),
-- Visits that name no opportunity, and the instants between which they stood: the same instant twice, or
-- the first and last of a day.
unlinked as (
  select
    visit_id, rep_id, customer_id, customer_name,
    case when then_precision = 'day' then then_at::date::timestamptz else then_at end as since,
    case when then_precision = 'day' then (then_at::date + 1)::timestamptz - interval 1 microsecond else then_at end
      as until
  from (
    select
      visit_id, rep_id, customer_id, customer_name,
      coalesce(done_at, last_at) as then_at, coalesce(done_precision, last_precision) as then_precision
    from summed
    where stated_key is null and rep_id is not null and coalesce(customer_id, customer_name) is not null)
),
candidates as (
  select distinct visit_id, opportunity_key, since, until
  from (
    select u.visit_id, u.since, u.until, o.opportunity_key, o.from_at, o.to_at
    from unlinked u
    join marts.opportunity_versions o on o.owner_id = u.rep_id and o.customer_id = u.customer_id
    union all
    select u.visit_id, u.since, u.until, o.opportunity_key, o.from_at, o.to_at
    from unlinked u
    join marts.opportunity_versions o on o.owner_id = u.rep_id and o.customer_name = u.customer_name
    where u.customer_id is null or o.customer_id is null)
  where from_at <= until and to_at > since
),
-- What opened or closed those opportunities, instant by instant.
turns as (
  select
    opportunity_key, occurred_at,
    bool_or(event in ('won', 'lost')) as is_closing,
    bool_or(event in ('enter', 'reopened')) as is_opening,
    bool_or(event = 'reopened') as is_reopening,
    bool_or(event in ('won', 'lost') and occurred_precision = 'day') as is_closing_by_day
  from (
    select opportunity_key, occurred_at, event, occurred_precision from known.stage_events
    where event <> 'enter' or stage in (select stage from ref.stages)
    union all
    select s.opportunity_key, s.occurred_at, 'won', s.occurred_precision
    from known.signings s
    join marts.signing_wins w
      on w.opportunity_key = s.opportunity_key and w.file_id = s.file_id and w.source_row = s.source_row
      and w.content_hash = s.content_hash)
  where opportunity_key in (select opportunity_key from candidates)
  group by opportunity_key, occurred_at
),
-- How an instant leaves the opportunity: a reopening beside a closing leaves it as it was (see the order
-- of events within one instant), which is what the instants before it say.
stances as (
  select
    *,
    coalesce(last_value(case when not is_closing then true when not is_reopening then false end ignore nulls)
      over so_far, true) as is_open_after
  from turns
  window so_far as (
    partition by opportunity_key order by occurred_at rows between unbounded preceding and current row)
),
-- While it was open, ends included, in pieces that may touch: before its first event, and from each event
-- to the next. A closing known by its day alone may have come after everything else of that day.
open_pieces as (
  select
    opportunity_key,
    occurred_at as opened_at,
    case
      when is_open_after then coalesce(lead(occurred_at) over steps, 'infinity'::timestamptz)
      when not (is_opening or coalesce(lag(is_open_after) over steps, true)) then null
      when is_closing_by_day then (occurred_at::date + 1)::timestamptz - interval 1 microsecond
      else occurred_at
    end as open_until
  from stances
  window steps as (partition by opportunity_key order by occurred_at)
  union all
  select
    opportunity_key,
    coalesce(least(created_at, first_event_at), '-infinity'::timestamptz),
    coalesce(first_event_at, 'infinity'::timestamptz)
  from (
    select opportunity_key, arg_max(created_at, from_at) as created_at
    from marts.opportunity_versions
    group by opportunity_key)
  left join (select opportunity_key, min(occurred_at) as first_event_at from turns group by opportunity_key)
    using (opportunity_key)
  where opportunity_key in (select opportunity_key from candidates)
),
linked as (
  select visit_id, any_value(opportunity_key) as inferred_key, count(distinct opportunity_key) as fitting
  from candidates c
  join open_pieces p using (opportunity_key)
  where p.opened_at <= c.until and p.open_until >= c.since
  group by visit_id
),
opportunities as (
  select opportunity_key, any_value(opportunity_id) as opportunity_id
  from marts.opportunity_versions
  group by opportunity_key
)
select
  s.visit_id,
  coalesce(s.stated_key, o.opportunity_key) as opportunity_key,
  coalesce(s.stated_id, o.opportunity_id) as opportunity_id,
  case
    when s.stated_key is not null then 'stated'
    when l.fitting = 1 then 'inferred'
    when l.fitting > 1 then 'ambiguous'
    else 'none'
  end as link,
  s.rep_id,
  s.customer_id,
  s.customer_name,
  coalesce(s.done_kind, s.last_kind) as kind,
  s.status,
  s.first_planned_at,
  coalesce(s.arranged_for, s.last_planned_at) as planned_at,
  s.done_at,
  s.done_recorded_at,
  s.reschedules,
  s.is_checked_in,
  s.has_evidence
from summed s
left join linked l on l.visit_id = s.visit_id
left join opportunities o on o.opportunity_key = l.inferred_key and l.fitting = 1
