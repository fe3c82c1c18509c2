-- The opportunities behind one count of a funnel: as many rows as the count.
with {{ units }}
select
  u.opportunity_id, s.customer_name, make_timestamptz(u.entry_us) as cohort_at, s.status, s.stage,
  s.entered_at as stage_entered_at, s.closed_at, s.lost_reason, s.amount, s.signed_amount,
  s.owner_name, s.supervisor_name, s.city, s.region,
  {{ times }}
from unit u
left join marts.opportunity_state s on s.opportunity_key = u.opportunity_key
where {{ where }}
order by u.entry_us, u.opportunity_id
