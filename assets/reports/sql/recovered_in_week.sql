-- What was signed in the week by opportunities that had been acted on after an alert, each once, by its first alert
-- that an intervention followed (as in marts.recovered_value).
-- Grain: one row per region with any, and the company's (region null). Reads marts.alert_outcomes, known.signings.
-- Parameters: $week_start.
with intervened as (
  select opportunity_id, region, answered_at
  from marts.alert_outcomes
  where opportunity_id is not null and answered_at is not null
  qualify row_number() over (partition by opportunity_id order by answered_at, opened_at, alert_key) = 1)
select
  i.region,
  count(distinct i.opportunity_id) as signed,
  coalesce(sum(s.amount), 0)::decimal(18, 2) as gross
from intervened i
join known.signings s on s.opportunity_id = i.opportunity_id and s.occurred_at > i.answered_at
where s.occurred_at >= $week_start::date::timestamptz and s.occurred_at < ($week_start::date + 7)::timestamptz
group by grouping sets ((), (i.region))
having grouping(i.region) = 1 or i.region is not null
