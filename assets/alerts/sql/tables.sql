-- The alerts' own tables: they keep state from run to run, and come back from the last snapshot when the
-- warehouse is rebuilt. No constraint is declared: keys hold by how rows are written (see life_cycle.py).

-- ops.alerts. Grain: one episode of one rule's condition on one subject. Key: alert_key = rule|subject_id|episode.
-- status: pending (condition holds, hold time not passed), open (nobody answered), acknowledged, answered
-- (an intervention was recorded), snoozed, inhibited (silenced: subject closed, or another rule), resolved.
-- unanswered_since: when the escalation clock began (opening, or the end of a snooze).
-- due_at: when it escalates (or did) unless somebody answers; null where its rule never escalates, while it is not
-- open or its condition is gone, and in a replay. The clock does not run before the first live evaluation: of what a
-- replay raised nobody was told.
-- escalated_to_*: who is told from escalation level 1 on; recipient_* stays who was told first.
-- amount_at_open, p_*_at_open: what was known when it opened; amount, facts and texts are as last seen.
create table if not exists ops.alerts (
  alert_key varchar not null, rule varchar not null, subject_type varchar not null, subject_id varchar not null,
  episode integer not null, status varchar not null, severity varchar not null,
  pending_since timestamptz not null, opened_at timestamptz, updated_at timestamptz not null,
  last_seen_at timestamptz not null, resolved_at timestamptz, acknowledged_at timestamptz, answered_at timestamptz,
  snoozed_until timestamptz, escalation_level integer not null, escalated_at timestamptz,
  recipient_id varchar, recipient_name varchar, opportunity_key integer, opportunity_id varchar,
  customer_name varchar, city varchar, region varchar, amount decimal(18, 2),
  p_fail_at_open double, p_sign_at_open double, facts json not null,
  title_zh varchar not null, title_en varchar not null, body_zh varchar not null, body_en varchar not null,
  is_replayed boolean not null,
  cleared_since timestamptz, unanswered_since timestamptz, state varchar,
  snoozed_at timestamptz, snoozed_state varchar, snooze_ended_at timestamptz, is_inhibited boolean not null,
  escalated_to_id varchar, escalated_to_name varchar, amount_at_open decimal(18, 2), answers integer not null,
  due_at timestamptz);
alter table ops.alerts add column if not exists due_at timestamptz;

-- ops.alert_events. Grain: one transition. evaluated_at: the evaluation that saw it; effective_at: when it
-- happened (an intervention may be recorded days later). reason is one of the named reasons in life_cycle.py.
create table if not exists ops.alert_events (
  alert_key varchar not null, rule varchar not null, seq integer not null, evaluated_at timestamptz not null,
  effective_at timestamptz not null, event varchar not null, reason varchar not null,
  from_status varchar, to_status varchar, is_replayed boolean not null);

-- ops.evaluations. Grain: one evaluation time; the latest says what may be evaluated next.
create table if not exists ops.evaluations (
  evaluated_at timestamptz not null, is_replayed boolean not null, rules varchar not null,
  rules_version varchar not null, conditions bigint not null, live bigint not null);

-- ops.deliveries. Grain: one message or file handed to one channel; idempotency_key = channel, target and content.
create table if not exists ops.deliveries (
  idempotency_key varchar not null, channel varchar not null, target varchar not null, recipient_id varchar,
  rule varchar, alerts bigint not null, content_sha256 varchar not null, bytes bigint not null,
  status varchar not null, attempts integer not null, evaluated_at timestamptz not null,
  delivered_at timestamptz, last_error varchar);
