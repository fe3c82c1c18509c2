{{ alias }} as (
  select
    {{ columns }}
  from marts.funnel_paths p
  {{ joins }}
  where {{ where }}
)
