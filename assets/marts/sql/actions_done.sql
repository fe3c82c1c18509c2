-- actions_done: when each required action was done, done with the evidence that proves it, and waived.
-- Grain: one row per opportunity and required action of the playbook that was done or waived at all.
-- Keys: opportunity_key, action_code.
-- Meaning: an action is done by its own record, or by a done visit of the action's kind. It is proved when
--   the playbook asks no evidence; when its record names evidence, or the visit has an attachment, with one
--   of the extensions the playbook lists; or, where the playbook lists none, with any. A record that
--   somebody waived is a waiver and not the action; the first waiver names who. days_by_record_alone:
--   the days on which a record proved it and no such visit was done.
create or replace table marts.actions_done as
with required as (
  select
    action_code, visit_kind, is_evidence_required,
    [ltrim(lower(extension), '.') for extension in evidence_extensions] as extensions
  from ref.required_actions
),
done as (
  select
    a.opportunity_key, r.action_code, a.occurred_at, a.waived_by, false as is_visit,
    -- One cell may name several files: minutes.pdf; photo.jpg
    not r.is_evidence_required
      or (coalesce(trim(a.evidence), '') <> ''
          and (len(r.extensions) = 0
               or list_has_any(regexp_extract_all(lower(a.evidence), '\.([a-z0-9]+)\s*(?:$|[;,|，；、\s])', 1),
                               r.extensions))) as is_proved
  from known.actions a
  join required r on r.action_code = a.action_code
  union all
  select
    s.opportunity_key, r.action_code, v.occurred_at, null, true,
    not r.is_evidence_required
      or (coalesce(len(v.attachments), 0) > 0
          and (len(r.extensions) = 0
               or list_has_any([regexp_extract(lower(trim(name)), '\.([a-z0-9]+)$', 1) for name in v.attachments],
                               r.extensions)))
  from known.visits v
  join marts.visits s on s.visit_id = v.visit_id
  join required r on r.visit_kind = s.kind
  where v.status = 'done' and s.opportunity_key is not null
),
days as (
  select
    opportunity_key,
    action_code,
    min(occurred_at) filter (waived_by is null) as first_done_at,
    min(occurred_at) filter (waived_by is null and is_proved) as first_proved_at,
    min(occurred_at) filter (waived_by is not null) as waived_at,
    arg_min(waived_by, row(occurred_at, waived_by)) filter (waived_by is not null) as waived_by,
    coalesce(bool_or(is_proved and not is_visit) filter (waived_by is null), false) and not bool_or(is_visit)
      as is_record_alone
  from done
  group by opportunity_key, action_code, occurred_at::date
)
select
  opportunity_key,
  action_code,
  min(first_done_at) as first_done_at,
  min(first_proved_at) as first_proved_at,
  arg_min(waived_by, waived_at) as waived_by,
  count(*) filter (is_record_alone)::integer as days_by_record_alone
from days
group by opportunity_key, action_code
