-- How written values are understood: macros from text to time, number and period. Each is null for what it cannot
-- read, so that the row is quarantined with the text, and none can end a run. `zone` is the timezone of a time
-- written without an offset.

-- 2025-03-05, 2025-03-05 09:30, 2025-03-05T09:30:00.123+08:00, ...Z, 2025/3/5 9:30. A written offset counts.
create or replace macro staging.iso_time(t, zone) as (
  case when not t between '0' and ':' then null
       when contains(t, ':') and regexp_matches(t, ':\d\d.*(?:[Zz]|[+-]\d|[A-Za-z]{3})')
       then coalesce(try_cast(t as timestamptz),
                     try_cast(regexp_replace(t, '\s+([+-]\d{2}(?::?\d{2})?)$', '\1') as timestamptz))
       else timezone(zone, try_cast(t as timestamp)) end);

-- Digits and marks as wide as letters are, and no-break blanks as blanks.
create or replace macro staging.half_width(t) as (
  translate(t, concat('０１２３４５６７８９．，－＋（）％￥−／：', chr(160), chr(8239)), '0123456789.,-+()%¥-/:  '));

-- A date cut into pieces, and what is written of a time after it: 9:30, 09:30:15.5, 9:30 PM, nothing.
-- 2025.3.5, 2025/03/05 9:30 PM, ２０２５／３／５, 2025/3/5（周三）; 5.3.2025 9:30; 3/5/25 9:30 PM
create or replace macro staging.ymd_pieces(t) as (
  regexp_extract(staging.half_width(t),
    '^(\d{4})[./-](\d{1,2})[./-](\d{1,2})\s*(?:[(]?(?:星期|周|礼拜)[一二三四五六日天][)]?)?(?:[T ,]+(\d.*))?$',
    ['y', 'm', 'd', 'r']));
create or replace macro staging.dmy_pieces(t) as (
  regexp_extract(t, '^(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})(?:[T ,]+(\d.*))?$', ['d', 'm', 'y', 'r']));
create or replace macro staging.mdy_pieces(t) as (
  regexp_extract(t, '^(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})(?:[T ,]+(\d.*))?$', ['m', 'd', 'y', 'r']));
create or replace macro staging.pieced_date(p) as (concat(if(length(p.y) = 2, '20', ''), p.y, '-', p.m, '-', p.d));
create or replace macro staging.pieced_time(p, zone) as (
  case when p.y is null or p.y = '' then null
       when regexp_matches(p.r, '[AaPp]\.?[Mm]\.?$')
       then timezone(zone, try_strptime(
              concat(staging.pieced_date(p), ' ', regexp_replace(upper(p.r), '\s*([AP])\.?M\.?$', ' \1M')),
              ['%Y-%m-%d %I:%M:%S %p', '%Y-%m-%d %I:%M %p', '%Y-%m-%d %I %p']))
       else staging.iso_time(trim(concat(staging.pieced_date(p), ' ', p.r)), zone) end);

-- 2025年3月5日, 2025年3月5日 星期三 下午3点, 2025年03月05日 9时5分30秒, 2025年3月5日 15:30
create or replace macro staging.chinese_pieces(t) as (
  regexp_extract(staging.half_width(t),
    '^(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]?\s*(?:[（(]?(?:星期|周|礼拜)[一二三四五六日天][）)]?)?\s*'
    '(上午|下午|中午|晚上|傍晚|凌晨|早上|清晨)?\s*(?:(\d{1,2})\s*[:：时点](?:\s*(\d{1,2})\s*[:：分]?(?:\s*(\d{1,2}(?:\.\d+)?)\s*秒?)?)?)?$',
    ['y', 'm', 'd', 'half', 'h', 'mi', 's']));
create or replace macro staging.chinese_hour(half, h) as (
  case when h = '' then 0
       when half in ('下午', '晚上', '傍晚') and h::integer < 12 then h::integer + 12
       when half = '中午' and h::integer < 11 then h::integer + 12
       when half in ('上午', '凌晨', '早上', '清晨') and h::integer = 12 then 0
       else h::integer end);
create or replace macro staging.chinese_time(p, zone) as (
  case when p.y <> '' then timezone(zone, try(make_timestamp(
    p.y::bigint, p.m::bigint, p.d::bigint, staging.chinese_hour(p.half, p.h)::bigint,
    coalesce(try_cast(p.mi as bigint), 0), coalesce(try_cast(p.s as double), 0)))) end);

-- 20250305, 202503050930, 20250305093015, 20250305T093015
create or replace macro staging.compact_pieces(t) as (
  regexp_extract(t, '^(\d{4})(\d{2})(\d{2})(?:[T_ -]?(\d{2})(\d{2})(\d{2})?)?$', ['y', 'm', 'd', 'h', 'mi', 's']));
create or replace macro staging.compact_time(p, zone) as (
  case when p.y <> '' then staging.iso_time(
    concat(p.y, '-', p.m, '-', p.d, if(p.h = '', '', concat(' ', p.h, ':', p.mi, ':', if(p.s = '', '00', p.s)))), zone) end);

-- Excel's days since 1899-12-30, to the millisecond; years 1927 to 2173, so that no other number passes for one.
create or replace macro staging.excel_time(t, zone) as (
  case when try_cast(t as double) between 10000 and 100000
       then timezone(zone, timestamp '1899-12-30'
              + to_milliseconds(round(try_cast(t as double) * 86400000)::bigint)) end);

-- Seconds, milliseconds, microseconds since 1970, each within the years 1973 to 2286: one cannot pass for another.
create or replace macro staging.epoch_time(t, per_second) as (
  case when try_cast(t as double) between 1e8 * per_second and 1e10 * per_second
       then make_timestamptz((try_cast(t as decimal(28, 6)) * 1000000 / per_second)::bigint) end);

-- The local day of an instant, as an instant.
create or replace macro staging.start_of_day(instant, zone) as (
  timezone(zone, date_trunc('day', timezone(zone, instant))));

-- 12300.50 as it is; ¥12,300.50, 1.234,50 €, (1,200), 1,200-, 1.2万, 12.5% by the pattern of the mapping's marks.
create or replace macro staging.plain_number(t) as (
  case when regexp_full_match(t, '[+-]?\d{1,28}(?:\.\d+)?(?:[eE][+-]?\d{1,2})?') then try_cast(t as decimal(38, 8)) end);
-- The day or the month that stands in a text, as 2025-03-05 or 2025-03: of a title, a sheet's or a file's name.
create or replace macro staging.day_or_month_code(p) as (
  case when p.y <> '' then concat(p.y, '-', lpad(p.m, 2, '0'), if(p.d = '', '', concat('-', lpad(p.d, 2, '0')))) end);
create or replace macro staging.day_or_month(t) as (staging.day_or_month_code(regexp_extract(staging.half_width(t),
  '((?:19|20)\d{2})[^0-9]{0,3}(\d{1,2})(?:[^0-9]{0,3}(\d{1,2}))?', ['y', 'm', 'd'])));
-- Currencies before or after a number: a sign, with a country's letters before it or not; a code; 元 and its kin.
create or replace macro staging.currency() as (
  '(?i:(?:US|HK|NT|NZ|CA|AU|SG|MX|A|C|R|S)?\p{Sc}|CNY|RMB|USD|EUR|GBP|JPY|HKD|MOP|TWD|NTD|KRW|INR|SGD|AUD|CAD|NZD|CHF'
  '|SEK|NOK|DKK|PLN|CZK|HUF|RON|BRL|MXN|ZAR|THB|VND|IDR|MYR|PHP|RUB|TRY|AED|SAR|ILS|Rs\.?|RM|Rp\.?|kr\.?|zł|Kč|yuan'
  '|euros?|dollars?|人民币|元整?|圆整?|块)');
create or replace macro staging.number_pieces(t) as (
  regexp_extract(staging.half_width(t),
    concat('^(\()?\s*([+-]?)\s*(?:', staging.currency(), ')?\s*([+-]?)\s*([.,]?\d[\d.,'' ]*?)\s*',
           '([^\d\s.,'')+-][^\d)]*?)?\s*(-)?\s*(\))?$'),
    ['open', 'sign', 'sign2', 'digits', 'suffix', 'sign3', 'close']));
create or replace macro staging.suffix_factor(s) as (
  case s when '' then 1 when 'h' then 1 when 'hr' then 1 when 'hrs' then 1 when 'hour' then 1 when 'hours' then 1
         when '小时' then 1 when '个小时' then 1 when '工时' then 1 when '°' then 1 when '千' then 1e3
         when '千元' then 1e3 when 'k' then 1e3 when '万' then 1e4 when '万元' then 1e4 when 'w' then 1e4
         when '萬' then 1e4 when '百万' then 1e6 when '百万元' then 1e6 when 'm' then 1e6 when 'mn' then 1e6
         when 'mio' then 1e6 when '亿' then 1e8 when '亿元' then 1e8 when '億' then 1e8 when '%' then 0.01
         else case when regexp_full_match(s, staging.currency()) then 1 end end);
create or replace macro staging.pieces_number(p, pattern, thousands, decimal_mark, factor) as (
  case when p.digits <> '' and (p.open = '(') = (p.close = ')') and length(concat(p.open, p.sign, p.sign2, p.sign3)) <= 1
            and regexp_full_match(p.digits, pattern)
       then round(try_cast(replace(replace(p.digits, thousands, ''), decimal_mark, '.') as double)
            * factor * if(p.open = '(' or '-' in (p.sign, p.sign2, p.sign3), -1, 1), 8) end);

-- 2025, 2025-03, 2025-Q1 in the contract's spelling, from 2025年, 2025年3月, 202503, 2025/3, 2025Q1, 2025年第一季度.
create or replace macro staging.period_code(p) as (
  case when p.y = '' then null
       when p.q <> '' then concat(p.y, '-Q', translate(p.q, '一二三四', '1234'))
       when p.m <> '' then concat(p.y, '-', lpad(p.m, 2, '0'))
       else p.y end);
create or replace macro staging.period_of(t) as (staging.period_code(regexp_extract(upper(t),
  '^(\d{4})\s*年?(?:\s*[-/]?\s*(?:Q|第)([1-4一二三四])\s*(?:季度|季)?|[-/.年]?\s*(0?[1-9]|1[0-2])\s*月?)?$', ['y', 'q', 'm'])));
create or replace macro staging.period_start(p) as (
  case when length(p) = 4 then make_date(p::integer, 1, 1)
       when contains(p, 'Q') then make_date(p[1:4]::integer, p[7:7]::integer * 3 - 2, 1)
       else make_date(p[1:4]::integer, p[6:7]::integer, 1) end);
create or replace macro staging.period_end(p) as (
  (staging.period_start(p) + case when length(p) = 4 then interval 1 year
                                  when contains(p, 'Q') then interval 3 month else interval 1 month end)::date);

-- A fact that was read, in a line: what a person accepts or ignores.
create or replace macro staging.note_alias(f) as (
  concat_ws(' ', f.customer, f.kind, f.status, f.date, if(f.rescheduled_to is null, null, concat('-> ', f.rescheduled_to)),
            f.stage, f.amount_yuan, f.actions_done, f.actions_missing, f.next_step, f.next_date));
