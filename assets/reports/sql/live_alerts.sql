-- How many alerts are live now, and how many of them nobody has answered. Grain: one row. Reads ops.alerts.
select
  count(*) filter (status in ('open', 'acknowledged', 'answered', 'snoozed')) as live,
  count(*) filter (status = 'open') as unanswered
from ops.alerts
