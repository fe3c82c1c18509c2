-- How soon alerts were answered, by how the region reported, over the weeks up to the week's end: the answers given in
-- them. Grain: one row per reporting route. Reads marts.alert_outcomes. Parameters: $week_start, $weeks.
with outcomes as (
  select
    *,
    opened_at >= ($week_start::date + 7 - 7 * $weeks::integer)::timestamptz
      and opened_at < ($week_start::date + 7)::timestamptz as is_opened,
    coalesce(
      responded_at >= ($week_start::date + 7 - 7 * $weeks::integer)::timestamptz
      and responded_at < ($week_start::date + 7)::timestamptz, false) as is_answered
  from marts.alert_outcomes
  where reporting_source_kind is not null)
select
  reporting_source_kind,
  count(*) filter (is_opened) as opened,
  count(*) filter (is_answered) as responded,
  median(response_hours) filter (is_answered) as median_response_hours
from outcomes
where is_opened or is_answered
group by reporting_source_kind
order by median_response_hours nulls last, reporting_source_kind
