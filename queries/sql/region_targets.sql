-- Signed against target by region, for the quarter (or else the shortest period) that the day falls in.
select t.*
from marts.signing_target t
where t.scope = 'region' and t.period_start <= $day and t.period_end > $day
qualify dense_rank() over (order by t.period like '%-Q%' desc, t.period_end - t.period_start) = 1
order by t.signed / nullif(t.target, 0) desc nulls last, t.scope_id
