-- variants: the ways opportunities went: their stages in order, with each win, loss and lapse where it fell.
-- Grain: one row per distinct way. Key: variant_no, by falling number of opportunities.
-- Meaning: steps are the stages of the spells in order, and after a spell that ended so (won), (lost) or
--   (lapsed): the lapse in force alone. Those still open are kept apart: share and coverage (the share of this
--   and all more frequent ones) are among the equally open or closed. Days run from the first entry to the
--   last exit, and are null while open. Opportunities that never entered a stage have no variant.
create or replace table marts.variants as
with ways as (
  select
    opportunity_key,
    -- position and step hashed together: the sum does not depend on the order of adding up
    sum(hash(spell_no, stage_no, case when exit in ('won', 'lost', 'lapsed', 'open') then exit end)::hugeint) as way,
    count(*) as spells,
    bool_or(is_censored) as is_open,
    (epoch_us(max(left_at)) - epoch_us(min(entered_at))) / 86400e6 as days
  from marts.stage_spells
  group by opportunity_key
),
variants as (
  select
    way, any_value(spells) as spells, any_value(is_open) as is_open, count(*) as opportunities,
    quantile_cont(days, [0.5, 0.9]) filter (not is_open) as quantiles,
    min(opportunity_key) as example_key
  from ways
  group by way
),
spelled as (
  select
    v.way,
    any_value(s.opportunity_id) as example_opportunity_id,
    flatten(list(
      case when s.exit in ('won', 'lost', 'lapsed') then [s.stage, '(' || s.exit || ')'] else [s.stage] end
      order by s.spell_no)) as steps
  from variants v
  join marts.stage_spells s on s.opportunity_key = v.example_key
  group by v.way
)
select
  row_number() over (order by v.opportunities desc, p.steps)::integer as variant_no,
  p.steps,
  v.spells::integer as spells,
  v.is_open,
  v.opportunities,
  v.opportunities / sum(v.opportunities) over (partition by v.is_open) as share,
  sum(v.opportunities) over (partition by v.is_open order by v.opportunities desc, p.steps)
    / sum(v.opportunities) over (partition by v.is_open) as coverage,
  v.quantiles[1] as median_days,
  v.quantiles[2] as p90_days,
  p.example_opportunity_id
from variants v
join spelled p on p.way = v.way
order by variant_no
