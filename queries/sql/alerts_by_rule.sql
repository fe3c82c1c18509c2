-- Live alerts by rule: how many, how many grave, how many that nobody has answered.
select a.rule, count(*) as alerts, count(*) filter (a.severity = 'high') as high,
  count(*) filter (a.status = 'open') as unanswered
from ops.alerts a
where {{ where }}
group by a.rule
order by alerts desc, a.rule
