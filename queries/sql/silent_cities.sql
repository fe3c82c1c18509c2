-- Cities without a new customer for two complete weeks or more, the most surprising first.
select c.region, c.city, c.weeks_silent, c.expected_per_week, c.p_silence
from marts.city_signings c
where c.is_complete and {{ where }}
qualify c.week_start = max(c.week_start) over () and c.weeks_silent >= 2
order by c.p_silence nulls last, c.weeks_silent desc, c.city
