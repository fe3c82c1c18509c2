-- The cohort period of each quarter of an hour (no zone's midnight falls inside one), and its last instant.
period as materialized (
  select bucket, period_start, (period_start + {{ length }})::date as period_end,
    least(epoch_us((period_start + {{ length }})::timestamptz), {{ cut }}) - 1 as last_us
  from (
    select bucket, date_trunc({{ unit }}, make_timestamptz(bucket * 900000000))::date as period_start
    from (select distinct epoch_us(p.reached_at[{{ entry }}]) // 900000000 as bucket from marts.funnel_paths p)
    where bucket is not null
  )
)
