-- Conversion to the last stage by cohort month, the last months up to the week's end; young months have no rate.
-- Grain: one row per month. Reads marts.funnel. Parameters: $week_start, $months.
select period_start as month, cohort, cohort_mature, reached_mature, rate_overall, rate_overall_low, rate_overall_high
from marts.funnel
where period_type = 'month' and dimension = 'all' and stage_no = (select max(stage_no) from ref.stages)
  and period_start <= $week_start::date + 6
  and period_start > $week_start::date + 6 - to_months($months::integer)
order by period_start
