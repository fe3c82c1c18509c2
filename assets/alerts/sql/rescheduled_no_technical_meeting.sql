-- Rule rescheduled_no_technical_meeting: an open opportunity rescheduled more than so often, over its whole
-- life and any kind of visit, and no technical meeting held.
-- Grain: one row per opportunity. Reads marts.opportunity_state. Parameters: $more_than.
select
  'opportunity' as subject_type,
  opportunity_id as subject_id,
  opportunity_key,
  city,
  region,
  amount,
  null::varchar as severity,
  null::timestamptz as since,
  stage as state,
  json_object('reschedules', reschedules) as facts
from marts.opportunity_state
where status = 'open' and reschedules > $more_than and technical_meetings = 0
