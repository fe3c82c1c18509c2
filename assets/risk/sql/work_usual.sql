-- work_usual: how long a stage usually takes, as known at each of the times asked for.
-- Grain: known_at x stage. Key: known_at, stage_no.
-- Meaning: the median of the completed stays, left for another stage, a win or a loss, over what was known by then;
--   the reference against which a reason says "12 days, usually 5".
create or replace table ml.work_usual as
with instants as (
  select
    c.known_at, e.opportunity_key, e.occurred_at,
    max(e.stage_no) filter (e.kind = 'enter') as stage_no,
    bool_or(e.kind in ('won', 'lost')) as is_closing
  from ml.work_cuts c
  join ml.work_events e on e.visible_at <= c.known_at and c.known_at < e.hidden_at
  where e.kind in ('enter', 'won', 'lost')
  group by c.known_at, e.opportunity_key, e.occurred_at
),
moves as (
  select
    *, lag(case when is_closing then 0 else stage_no end) over (
      partition by known_at, opportunity_key order by occurred_at) as came_from
  from instants
),
stays as (
  select
    known_at, stage_no, is_closing, occurred_at,
    lead(occurred_at) over (partition by known_at, opportunity_key order by occurred_at) as left_at
  from moves
  where is_closing or stage_no is distinct from came_from
)
select
  known_at, stage_no,
  median((epoch_us(left_at) - epoch_us(occurred_at)) / 86400e6) as usual_days
from stays
where left_at is not null and not is_closing and stage_no is not null
group by known_at, stage_no
order by known_at, stage_no;
