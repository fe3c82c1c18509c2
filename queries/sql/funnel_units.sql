-- Grain: one row per unit of the cohort. Instants are epoch microseconds, so a window is a plain comparison.
-- t_<k>: when stage k came about in the requested meaning; depth: the last stage that counted within the window.
{{ before }}path as (
  select
    {{ columns }}
  from marts.funnel_paths p
  {{ joins }}
  where {{ where }}
),
measured as (
  select path.*,{{ period }}
    {{ depth }} as depth,
    {{ mature }} as is_mature
  from path{{ join_period }}
),
unit as (
  from measured{{ one_per_unit }}
)
