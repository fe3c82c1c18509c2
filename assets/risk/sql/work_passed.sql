-- work_passed: from when to when each required action of the playbook was known to be passed or waived.
-- Grain: opportunity x required action x end (hidden_at, as in work_events).
-- Meaning: passed is carried out with the evidence that the playbook asks for (a file of one of its extensions, any
--   where it names none, nothing where it asks for none), by an action record or by a done visit of the kind.
create or replace table ml.work_passed as
with required as (
  select
    action_code, visit_kind, is_evidence_required,
    [ltrim(lower(extension), '.') for extension in evidence_extensions] as extensions
  from ref.required_actions
)
select opportunity_key, action_code, hidden_at, min(visible_at) as visible_at
from (
  select
    a.opportunity_key, r.action_code, greatest(a.occurred_at, a.recorded_at) as visible_at,
    coalesce(a.overruled_at, 'infinity'::timestamptz) as hidden_at
  from staging.actions a
  join required r using (action_code)
  where a.recorded_at <= getvariable('as_of') and a.occurred_at <= getvariable('as_of')
    and (a.waived_by is not null or not r.is_evidence_required
      or (coalesce(trim(a.evidence), '') <> ''
        and (len(r.extensions) = 0
             or list_has_any(
               regexp_extract_all(lower(a.evidence), '\.([a-z0-9]+)\s*(?:$|[;,|，；、\s])', 1), r.extensions))))
  union all
  select v.opportunity_key, r.action_code, v.visible_at, v.hidden_at
  from ml.work_visits v
  join required r on r.visit_kind = v.kind
  where v.status = 'done'
    and (not r.is_evidence_required
         or (coalesce(len(v.attachments), 0) > 0
             and (len(r.extensions) = 0
                  or list_has_any(
                    [regexp_extract(lower(trim(name)), '\.([a-z0-9]+)$', 1) for name in v.attachments],
                    r.extensions)))))
group by opportunity_key, action_code, hidden_at
order by opportunity_key, action_code;
