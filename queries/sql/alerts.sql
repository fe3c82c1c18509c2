-- Alerts, the gravest first. Grain: one episode of one rule's condition on one subject.
select a.*
from ops.alerts a
where {{ where }}
order by case a.severity when 'high' then 1 when 'medium' then 2 else 3 end, a.opened_at desc nulls last, a.alert_key
