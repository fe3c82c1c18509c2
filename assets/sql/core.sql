-- What every step may rely on besides the staging tables: reference tables, the `known` views
-- (the one place of the bitemporal rule), and the tables that keep state from run to run.

create table if not exists ref.playbook (
  playbook varchar not null, version varchar not null, name_zh varchar not null, name_en varchar not null,
  lapse_days double, default_window_days double);
create table if not exists ref.stages (
  stage varchar not null, stage_no integer not null, name_zh varchar not null, name_en varchar not null,
  sla_days double, sla_clock varchar, is_quotation boolean not null, is_contract boolean not null);
create table if not exists ref.required_actions (
  stage varchar not null, stage_no integer not null, position integer not null, action_code varchar not null,
  name_zh varchar not null, name_en varchar not null, visit_kind varchar, evidence_extensions varchar[] not null,
  is_evidence_required boolean not null);
create table if not exists ref.settings (key varchar not null, value varchar not null);
create table if not exists ref.calendar (day date not null, is_working_day boolean not null, working_days_before integer not null);

-- What is known at the as-of time: recorded by then, and (where it has a time) happened by then, and not yet
-- overruled by a more structured source: the daily report was known before the form that tells the same.
-- An opportunity whose record has no time of its own is known from its creation on. When it landed with us
-- does not matter. Targets, costs and the organisation are facts about a period, known from when they were
-- recorded.
create or replace macro is_in_force(recorded_at, overruled_at) as
  recorded_at <= getvariable('as_of') and coalesce(overruled_at > getvariable('as_of'), true);
create or replace view known.opportunities as from staging.opportunities
  where is_in_force(recorded_at, overruled_at) and coalesce(occurred_at, created_at, recorded_at) <= getvariable('as_of');
create or replace view known.stage_events as from staging.stage_events
  where is_in_force(recorded_at, overruled_at) and occurred_at <= getvariable('as_of');
create or replace view known.visits as from staging.visits
  where is_in_force(recorded_at, overruled_at) and occurred_at <= getvariable('as_of');
create or replace view known.actions as from staging.actions
  where is_in_force(recorded_at, overruled_at) and occurred_at <= getvariable('as_of');
create or replace view known.signings as from staging.signings
  where is_in_force(recorded_at, overruled_at) and occurred_at <= getvariable('as_of');
create or replace view known.interventions as from staging.interventions
  where is_in_force(recorded_at, overruled_at) and occurred_at <= getvariable('as_of');
create or replace view known.aliases as from staging.aliases
  where is_in_force(recorded_at, overruled_at) and occurred_at <= getvariable('as_of');
create or replace view known.organisation as from staging.organisation
  where is_in_force(recorded_at, overruled_at);
create or replace view known.targets as from staging.targets
  where is_in_force(recorded_at, overruled_at);
create or replace view known.costs as from staging.costs
  where is_in_force(recorded_at, overruled_at);

-- Working-day clock: difference of two of its values is the working days between two instants.
-- A working day is 24 h of its local date; a day off is none.
create or replace macro working_clock(instant) as (
  select c.working_days_before
         + case when c.is_working_day
                then least(1.0, (epoch_us(instant) - epoch_us(c.day::timestamptz)) / 86400e6) else 0.0 end
  from ref.calendar c where c.day = instant::date);

-- Scores of the run's as-of time (one row per open opportunity) and of past landmarks, out of sample.
create table if not exists ml.scores (
  opportunity_key integer not null, opportunity_id varchar not null, as_of timestamptz not null,
  horizon_days integer not null, p_fail double, p_sign double, risk_band varchar not null,
  reasons varchar not null, next_action varchar, method varchar not null, model_id varchar not null);
create table if not exists ml.backtest_scores (
  opportunity_key integer not null, landmark_at timestamptz not null, fold integer not null,
  p_fail double not null, p_sign double not null, outcome varchar, closed_at timestamptz, model varchar not null);
-- Expected signings and amount per week and scope with an 80% interval, and the quarter against its target.
create table if not exists ml.forecast (
  week_start date not null, scope varchar not null, scope_id varchar, signings double not null,
  signings_low double not null, signings_high double not null, amount double not null, amount_low double not null,
  amount_high double not null);
create table if not exists ml.forecast_quarter (
  scope varchar not null, scope_id varchar, period varchar not null, target double, signed double not null,
  forecast double not null, low double not null, high double not null, p_target_met double, gap double);
