-- opportunity_versions: what was in force for each opportunity, and from when to when: customer, owner,
--   supervisor, place, product, channel, source, expected amount.
-- Grain: one row per opportunity and stretch of time; the rows of an opportunity cover all time without gap
--   or overlap, so `at >= from_at and at < to_at` finds exactly one. Opportunities without a record have none.
-- Keys: opportunity_key, from_at. from_at is inclusive, to_at exclusive; open ends are -infinity and infinity.
-- Meaning: a record holds from its occurred_at to the next one's. The first holds before it too: the record
--   often comes minutes after the first event. What a later record leaves out, the earlier one has said.
--   Of two records of one instant the later recorded holds. The owner's place is the organisation's on that
--   day; what the owner's record does not say of the place (or there is none), the office's other people
--   do: the city, province and region that most of them had then. The office is the opportunity's own,
--   else the owner's.
create or replace table marts.opportunity_versions as
with said as (
  select
    opportunity_key,
    coalesce(occurred_at, '-infinity') as moment,
    row_number() over versions as version_no,
    opportunity_id, customer_id, customer_name, office, owner_id, product_line, channel, lead_source,
    expected_amount, created_at,
    count(*) over (partition by opportunity_key) as versions
  from known.opportunities
  window versions as (
    partition by opportunity_key
    order by occurred_at nulls first, recorded_at, source_rank desc, content_hash, file_id, source_row)
),
filled as (
  select
    opportunity_key, opportunity_id, version_no,
    last_value(customer_id ignore nulls) over so_far as customer_id,
    last_value(customer_name ignore nulls) over so_far as customer_name,
    last_value(office ignore nulls) over so_far as office,
    last_value(owner_id ignore nulls) over so_far as owner_id,
    last_value(product_line ignore nulls) over so_far as product_line,
    last_value(channel ignore nulls) over so_far as channel,
    last_value(lead_source ignore nulls) over so_far as lead_source,
    last_value(expected_amount ignore nulls) over so_far as expected_amount,
    last_value(created_at ignore nulls) over so_far as created_at,
    case when version_no = 1 then '-infinity'::timestamptz else moment end as from_at,
    coalesce(lead(moment) over (partition by opportunity_key order by version_no), 'infinity') as to_at
  from said
  where versions > 1
  window so_far as (
    partition by opportunity_key order by version_no rows between unbounded preceding and current row)
),
versions as (
  select * from filled where from_at < to_at
  union all by name
  select
    * exclude (moment, versions), '-infinity'::timestamptz as from_at, 'infinity'::timestamptz as to_at
  from said where versions = 1
),
owned as (
  select
    v.* exclude (from_at, to_at, office),
    coalesce(v.office, s.office) as office,
    s.rep_name as owner_name, s.supervisor_id, s.supervisor_name, s.city, s.province, s.region,
    greatest(v.from_at, coalesce(s.from_at, '-infinity')) as from_at,
    least(v.to_at, coalesce(s.to_at, 'infinity')) as to_at
  from versions v
  left join marts.organisation_segments s
    on s.rep_id = v.owner_id and s.from_at < v.to_at and s.to_at > v.from_at
),
-- Where each office was, as most of its people say, in stretches that cover all time.
office_cuts as (
  select distinct office, unnest(['-infinity'::timestamptz, from_at, to_at, 'infinity']) as moment
  from marts.organisation_segments where office is not null
),
office_stretches as (
  select office, moment as from_at, lead(moment) over (partition by office order by moment) as to_at
  from office_cuts
  qualify to_at is not null
),
office_votes as (
  select o.office, o.from_at, o.to_at, s.city, s.province, s.region, count(*) as people
  from office_stretches o
  join marts.organisation_segments s
    on s.office = o.office and s.from_at <= o.from_at and s.to_at >= o.to_at
  where coalesce(s.city, s.province, s.region) is not null
  group by all
),
office_places as (
  select o.office, o.from_at, o.to_at, v.city, v.province, v.region
  from office_stretches o
  left join (
    from office_votes
    qualify row_number() over (
      partition by office, from_at order by people desc, region nulls last, province nulls last, city nulls last) = 1
  ) v on v.office = o.office and v.from_at = o.from_at
)
select
  w.opportunity_key,
  w.opportunity_id,
  greatest(w.from_at, coalesce(p.from_at, '-infinity')) as from_at,
  least(w.to_at, coalesce(p.to_at, 'infinity')) as to_at,
  w.customer_id,
  w.customer_name,
  w.owner_id,
  w.owner_name,
  w.supervisor_id,
  w.supervisor_name,
  w.office,
  coalesce(w.city, p.city) as city,
  coalesce(w.province, p.province) as province,
  coalesce(w.region, p.region) as region,
  w.product_line,
  w.channel,
  w.lead_source,
  w.expected_amount,
  w.created_at
from owned w
left join office_places p
  on p.office = w.office and p.from_at < w.to_at and p.to_at > w.from_at
  and (w.city is null or w.province is null or w.region is null)
