-- Values of one dimension at entry, with how many opportunities have each; most frequent first.
select {{ value }} as value, max({{ label }}) as label, count(*) as units
from marts.funnel_paths p
where {{ where }}
group by {{ value }}
order by units desc, value nulls last
