-- Rule reporting_latency: a region whose visits were reported late, at the median, over the last days.
-- Grain: one row per region. Reads staging.visits (late is late, also where a form
-- overrules the report), alert_people.
-- Parameters: $median_hours, $last_days, $minimum_records.
-- A recording time that a rule filled says nothing; a date alone counts from that day's midnight.
with recent as (
  select
    p.region,
    p.superior_name as team,
    v.source_kind,
    (epoch_us(v.recorded_at) - epoch_us(v.occurred_at)) / 3600e6 as hours
  from staging.visits v
  join alert_people p on p.rep_id = v.rep_id
  where not v.is_recorded_at_filled
    and p.region is not null
    and v.recorded_at <= getvariable('as_of')
    and epoch_us(getvariable('as_of')) - epoch_us(v.recorded_at) <= $last_days * 86400e6),
teams as (
  select region, team, median(hours) as team_hours
  from recent
  where team is not null
  group by region, team),
slowest as (
  select region, list(team order by team_hours desc, team)[1:3] as teams
  from teams
  group by region)
select
  'region' as subject_type,
  r.region as subject_id,
  null::integer as opportunity_key,
  null::varchar as city,
  r.region,
  null::decimal(18, 2) as amount,
  null::varchar as severity,
  null::timestamptz as since,
  'late' as state,
  json_object(
    'median_hours', round(median(r.hours), 1), 'p90_hours', round(quantile_cont(r.hours, 0.9), 1),
    'records', count(*), 'source_kind', mode(r.source_kind order by r.source_kind),
    'slowest_teams', to_json(coalesce(any_value(s.teams), []))) as facts
from recent r
left join slowest s on s.region = r.region
group by r.region
having count(*) >= $minimum_records and median(r.hours) > $median_hours
