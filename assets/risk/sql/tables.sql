-- The tables that the risk step keeps from run to run, besides those of core.sql.

-- Which model scores, on what data, or why there is none. One row.
-- shock_*: log standard deviation of the good or bad luck that all, or a region, share in the forecast.
create table if not exists ml.model_status (
  as_of timestamptz not null, method varchar not null, model_id varchar not null, reason_zh varchar not null,
  reason_en varchar not null, horizon_days integer not null, known_at timestamptz not null, landmarks bigint not null,
  opportunities bigint not null, signed bigint not null, failed bigint not null, minimum_signed bigint not null,
  minimum_failed bigint not null, folds integer not null, model_sha256 varchar, shock_company double not null,
  shock_region double not null);
-- Measures of the rolling-origin backtest. Grain: fold (0: all folds together) x model x measure.
-- n: landmarks, opportunities (measures named per_opportunity), flags or failures, whatever the measure counts.
create table if not exists ml.backtest (
  fold integer not null, model varchar not null, measure varchar not null, value double, n bigint not null);
-- When each fold was trained and on which landmarks it was tested.
create table if not exists ml.backtest_folds (
  fold integer not null, origin timestamptz not null, until timestamptz not null, tested_landmarks bigint not null,
  judged_landmarks bigint not null);
-- Every group's effect on a score: reference + effects = p_fail. Grain: opportunity x feature group.
create table if not exists ml.score_effects (
  opportunity_key integer not null, opportunity_id varchar not null, as_of timestamptz not null,
  feature_group varchar not null, feature varchar, value double, usual double, effect double not null);
-- How forecasts of the past did. Grain: method x measure x scope; n: forecasts compared.
create table if not exists ml.forecast_backtest (
  method varchar not null, measure varchar not null, scope varchar not null, value double, n bigint not null);
-- Of each week of ml.forecast, how many of its days are forecast: the first week is the running one, of which only
-- the rest is. Grain: week_start.
create table if not exists ml.forecast_weeks (week_start date not null, days double not null);
