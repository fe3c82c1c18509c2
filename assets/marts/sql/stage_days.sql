-- stage_days: how long each opportunity was in each stage, all its spells there together.
-- Grain: one row per opportunity and stage it was ever in. Keys: opportunity_key, stage_no.
-- Meaning: stage_days is the sum of `dwell_days` of its spells in the stage, and so is stage_business_days;
--   is_censored while one of them is open. Never mixed with dwell_days of a single spell.
create or replace table marts.stage_days as
select
  opportunity_key,
  any_value(opportunity_id) as opportunity_id,
  stage,
  stage_no,
  count(*) as spells,
  min(entered_at) as first_entered_at,
  sum(epoch_us(coalesce(left_at, getvariable('as_of'))) - epoch_us(entered_at))::bigint / 86400e6 as stage_days,
  sum((dwell_business_days * 86400e6)::bigint)::bigint / 86400e6 as stage_business_days,
  bool_or(is_censored) as is_censored
from marts.stage_spells
group by opportunity_key, stage, stage_no
