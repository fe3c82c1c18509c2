-- One number of all that a training learns from: every landmark before the cut and what became of it, as known then.
-- Parameter: $known_at. Rows count whatever their order, and not by keys that a run gives out.
select count(*) as landmarks, coalesce(sum(hash(f, l.followed_days, l.outcome, l.event_days)), 0)::varchar as total
from (select * exclude (opportunity_key, is_scoring) from ml.landmark_features) f
join ml.landmarks k on k.opportunity_id = f.opportunity_id and k.landmark_at = f.landmark_at
join ml.work_labels l
  on l.opportunity_key = k.opportunity_key and l.landmark_at = k.landmark_at and l.known_at = $known_at
