-- The alerts that somebody should know of: opened, and neither resolved nor silenced.
-- Grain: one row per alert. Key: alert_key. Reads ops.alerts.
select *
from ops.alerts
where status in ('open', 'acknowledged', 'answered', 'snoozed')
order by
  case status when 'open' then 1 when 'acknowledged' then 2 when 'answered' then 3 else 4 end,
  case severity when 'high' then 1 when 'medium' then 2 else 3 end,
  case when rule = 'failure_risk' then (facts ->> 'rank')::integer end nulls last,
  amount desc nulls last,
  opened_at,
  alert_key
