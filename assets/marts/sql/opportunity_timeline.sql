-- opportunity_timeline: everything known of an opportunity in order: the evidence behind its state.
-- Grain: one row per record of an opportunity (each version of it, stage event, change of a visit, action,
--   signing, intervention). Keys: opportunity_key, seq.
-- Meaning: in the order of occurrence; within one instant what is known of it first, then visits,
--   actions, stage events in playbook order, signings, interventions; then by recording. A version without a
--   time of its own stands first (the first version: at the creation, if that is known). `what` is a code:
--   created or changed, the visit's status, the action's code (or waived, the code being the detail), the
--   event, signed, the intervention. A visit stands with the opportunity it was linked to.
create or replace table marts.opportunity_timeline as
with evidence as (
  select
    opportunity_key, opportunity_id,
    coalesce(occurred_at, case when version_no = 1 then created_at end) as occurred_at,
    recorded_at, 'opportunities' as record, 1 as place, null::integer as stage_no,
    case when version_no = 1 then 'created' else 'changed' end as what,
    null::varchar as stage, null::varchar as kind, owner_id as actor_id, expected_amount::varchar as detail,
    source_kind, source_rank, file_id, source_row, content_hash
  from (
    select
      *,
      row_number() over (
        partition by opportunity_key
        order by occurred_at nulls first, recorded_at, source_rank desc, content_hash, file_id, source_row)
        as version_no
    from known.opportunities)
  union all
  select
    s.opportunity_key, s.opportunity_id, v.occurred_at, v.recorded_at, 'visits', 2, null, v.status, null, v.kind,
    v.rep_id,
    nullif(concat_ws(' · ', '→ ' || strftime(v.rescheduled_to, '%Y-%m-%d %H:%M'), v.note,
                     array_to_string(v.attachments, '; ')), ''),
    v.source_kind, v.source_rank, v.file_id, v.source_row, v.content_hash
  from known.visits v
  join marts.visits s on s.visit_id = v.visit_id
  where s.opportunity_key is not null
  union all
  select
    a.opportunity_key, a.opportunity_id, a.occurred_at, a.recorded_at, 'actions', 3, r.stage_no,
    case when a.waived_by is null then a.action_code else 'waived' end,
    r.stage, null, coalesce(a.waived_by, a.actor_id),
    case when a.waived_by is null then a.evidence else a.action_code end,
    a.source_kind, a.source_rank, a.file_id, a.source_row, a.content_hash
  from known.actions a
  left join ref.required_actions r on r.action_code = a.action_code
  union all
  select
    e.opportunity_key, e.opportunity_id, e.occurred_at, e.recorded_at, 'stage_events', 4,
    case e.event when 'lost' then 1000 when 'won' then 1001 when 'reopened' then 1002 else s.stage_no end,
    e.event, e.stage, null, e.actor_id, e.lost_reason,
    e.source_kind, e.source_rank, e.file_id, e.source_row, e.content_hash
  from known.stage_events e
  left join ref.stages s on s.stage = e.stage
  union all
  select
    opportunity_key, opportunity_id, occurred_at, recorded_at, 'signings', 5, null, 'signed', null, null, null,
    concat_ws(' · ', contract_no, amount::varchar),
    source_kind, source_rank, file_id, source_row, content_hash
  from known.signings
  union all
  select
    opportunity_key, opportunity_id, occurred_at, recorded_at, 'interventions', 6, null, action, null, null,
    supervisor_id, note,
    source_kind, source_rank, file_id, source_row, content_hash
  from known.interventions
  where opportunity_key is not null
)
select
  e.opportunity_key,
  e.opportunity_id,
  row_number() over (
    partition by e.opportunity_key
    order by e.occurred_at nulls first, e.place, e.stage_no, e.recorded_at, e.source_rank, e.content_hash,
      e.file_id, e.source_row)::integer as seq,
  e.occurred_at,
  e.recorded_at,
  e.record,
  e.what,
  e.stage,
  e.kind,
  e.actor_id,
  e.detail,
  e.source_kind,
  f.name as source_file,
  e.source_row
from evidence e
left join landing.files f on f.file_id = e.file_id
