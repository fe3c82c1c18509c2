-- The company's signings forecast by week. Grain: one row per week. Reads ml.forecast.
select week_start, signings, signings_low, signings_high, amount, amount_low, amount_high
from ml.forecast
where scope = 'company'
order by week_start
