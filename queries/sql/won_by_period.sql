-- First wins by the local period in which they fell, with what was signed and how long it had taken.
select date_trunc({{ unit }}, p.won_at::timestamp)::date as period_start, count(*) as won,
  coalesce(sum(coalesce(s.signed_amount, s.amount)), 0)::double as amount,
  median((epoch_us(p.won_at) - epoch_us(p.cohort_at)) / 86400e6) as median_days
from marts.funnel_paths p
join marts.opportunity_state s using (opportunity_key)
where p.won_at is not null and p.won_at >= {{ since }} and {{ where }}
group by all
order by all
