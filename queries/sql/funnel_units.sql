-- Grain: one row per unit of the cohort. Instants are epoch microseconds, so a window is a plain comparison.
-- t_<k>: when stage k came about in the requested meaning; depth: the last stage that counted within the window.
{{ path }},
{{ before }}unit as (
  select path.*,{{ period }}
    {{ excluded }} as is_excluded,
    {{ depth }} as depth,
    {{ mature }} as is_mature
  from path{{ join_period }}
)
