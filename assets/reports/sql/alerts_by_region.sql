-- How soon alerts were answered, by region and by how the region reported, over the weeks up to the week's end.
-- Grain: one row per region and reporting route. Reads marts.alert_outcomes. Parameters: $week_start, $weeks.
select
  region,
  reporting_source_kind,
  count(*) as opened,
  count(responded_at) as responded,
  median(response_hours) as median_response_hours,
  quantile_cont(response_hours, 0.9) as p90_response_hours
from marts.alert_outcomes
where opened_at >= ($week_start::date + 7 - 7 * $weeks::integer)::timestamptz
  and opened_at < ($week_start::date + 7)::timestamptz
  and region is not null
group by all
order by region, reporting_source_kind nulls last
