-- A unit of several opportunities enters when the first of them does and is in a stage when the first of them is;
-- it has failed once all are closed. For people it stands by the one that came furthest, of equal ones the first.
{{ members }},
path as (
  select
    {{ columns }}
  from member
  group by member_of
  having {{ having }}
)
