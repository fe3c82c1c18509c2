{{ alias }} as (
  select distinct {{ unit }} as excluded_unit
  from marts.opportunity_timeline x
  {{ joins }}
  where x.record = {{ record }} and x.what = {{ what }}
    and epoch_us(x.occurred_at) > path.{{ after }}
    and coalesce(epoch_us(x.occurred_at) < path.{{ until }}, true){{ window }}
)
