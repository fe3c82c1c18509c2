-- The ways opportunities went: their stages in order, with each win, loss and lapse where it fell; as
-- marts.variants, for the opportunities chosen. Share and coverage are among the equally open or closed.
with chosen as (
  select p.opportunity_key from marts.funnel_paths p where {{ where }}
),
way as (
  select z.opportunity_key,
    -- position and step hashed together: the sum does not depend on the order of adding up
    sum(hash(z.spell_no, z.stage_no, case when z.exit in ('won', 'lost', 'lapsed', 'open') then z.exit end)::hugeint)
      as way,
    bool_or(z.is_censored) as is_open,
    (epoch_us(max(z.left_at)) - epoch_us(min(z.entered_at))) / 86400e6 as days
  from marts.stage_spells z semi join chosen using (opportunity_key)
  group by z.opportunity_key
),
variant as (
  select w.way, any_value(w.is_open) as is_open, count(*) as opportunities,
    count(*) filter (s.status = 'won') as won,
    quantile_cont(w.days, [0.5, 0.9]) filter (not w.is_open) as quantiles,
    min(w.opportunity_key) as example_key
  from way w
  join marts.opportunity_state s using (opportunity_key)
  group by w.way
),
spelled as (
  select v.way, any_value(z.opportunity_id) as example_opportunity_id,
    flatten(list(
      case when z.exit in ('won', 'lost', 'lapsed') then [z.stage, '(' || z.exit || ')'] else [z.stage] end
      order by z.spell_no)) as steps
  from variant v
  join marts.stage_spells z on z.opportunity_key = v.example_key
  group by v.way
)
select p.steps, v.is_open, v.opportunities, v.won,
  v.opportunities / sum(v.opportunities) over (partition by v.is_open) as share,
  sum(v.opportunities) over (partition by v.is_open order by v.opportunities desc, p.steps)
    / sum(v.opportunities) over (partition by v.is_open) as coverage,
  v.quantiles[1] as median_days, v.quantiles[2] as p90_days, p.example_opportunity_id
from variant v
join spelled p on p.way = v.way
order by v.opportunities desc, p.steps
