-- Recovered value of all time and of the quarter that the week ends in, company and regions.
-- Grain: one row per period and scope. Reads marts.recovered_value. Parameters: $week_start.
select *
from marts.recovered_value
where period_type = 'all'
   or (period_type = 'quarter' and period_start = date_trunc('quarter', $week_start::date + 6)::date)
order by period_type, scope, scope_id
