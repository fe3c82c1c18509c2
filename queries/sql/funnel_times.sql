-- Time to convert, days, of the units that counted: from the entry (overall) and from the stage before (step).
with {{ units }},
passage as (
  select {{ keys }}unnest({{ stages }}) as stage_no, depth, entry_us,
    unnest({{ times }}) as t_us, unnest({{ previous }}) as previous_us
  from unit
  where {{ where }}
),
lasted as (
  select {{ keys }}stage_no,
    {{ overall }} as overall_days,
    {{ step }} as step_days
  from passage
  {{ calendar }}
  where depth >= stage_no
)
select {{ keys }}stage_no, count(*) as converted,
  quantile_cont(overall_days, [0.25, 0.5, 0.75, 0.9]) as overall_days,
  quantile_cont(step_days, [0.25, 0.5, 0.75, 0.9]) as step_days
from lasted
group by {{ keys }}stage_no
order by all
