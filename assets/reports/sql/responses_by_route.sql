-- How soon alerts were answered, by how the region reported, over the weeks up to the week's end.
-- Grain: one row per reporting route. Reads marts.alert_outcomes. Parameters: $week_start, $weeks.
select reporting_source_kind, count(*) as opened, count(responded_at) as responded,
       median(response_hours) as median_response_hours
from marts.alert_outcomes
where opened_at >= ($week_start::date + 7 - 7 * $weeks::integer)::timestamptz
  and opened_at < ($week_start::date + 7)::timestamptz
  and reporting_source_kind is not null
group by reporting_source_kind
order by median_response_hours nulls last, reporting_source_kind
