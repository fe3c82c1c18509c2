-- How the company's 13-week forecasts of the past did, beside two that need no model.
-- Grain: one row. Reads ml.forecast_backtest.
select
  max(n) filter (method = 'hazard_forecast' and measure = 'wape_amount') as forecasts,
  any_value(value) filter (method = 'hazard_forecast' and measure = 'wape_amount') as wape,
  any_value(value) filter (method = 'weighted_pipeline' and measure = 'wape_amount') as wape_pipeline,
  any_value(value) filter (method = 'last_quarter' and measure = 'wape_amount') as wape_last_quarter,
  any_value(value) filter (method = 'hazard_forecast' and measure = 'coverage_80_week_amount') as coverage
from ml.forecast_backtest
where scope = 'company'
