-- Values of every type that PostgreSQL has, among them the ends of their ranges. Row 3 is null.
create type mood as enum ('good', 'so, so', 'b"ad');
create domain cents as numeric(12, 2) check (value >= 0);
create type place as (name text, at point);
create table every_type (
  n integer primary key,
  small_number smallint, number integer, large_number bigint, short_float real, long_float double precision,
  exact numeric, price money, flag boolean, one_byte "char", internal_name name, padded character(5),
  varied character varying(20), text text, bytes bytea, bits bit(3), more_bits bit varying,
  day date, clock time, clock_in_zone time with time zone, moment timestamp, moment_in_zone timestamptz, lasting interval,
  id uuid, document json, binary_document jsonb, markup xml, json_path jsonpath,
  words tsvector, search tsquery, address inet, network cidr, hardware macaddr, long_hardware macaddr8,
  dot point, straight line, segment lseg, frame box, way path, area polygon, round circle,
  numbers integer[], texts text[], grid numeric[], moments timestamptz[], moods mood[],
  between_numbers int4range, between_large int8range, between_exact numrange, between_days daterange,
  between_moments tstzrange, several_ranges int4multirange,
  chosen mood, amount cents, where_it_is place, object oid, relation regclass, position_in_log pg_lsn, seen pg_snapshot
);
insert into every_type values
(1, -32768, -2147483648, -9223372036854775808, '1e-37', '2.2250738585072014e-308',
  '-123456789012345678901234567890.123456789012345678901234567890', '-1234.50', true, 'x', 'ünïcode', 'ab',
  E'=1+1\t,;"''\\', E'line\nfeed\r\n\u4e2d\U0001f600', '\x00ff0a22', '101', '',
  '4713-01-01 BC', '00:00:00.000001', '23:59:59.999999-15:59', '4713-01-01 00:00:00 BC', '4714-11-24 00:00:00+00 BC',
  '-178000000 years -1 mon 2 days -00:00:00.000001',
  '00000000-0000-0000-0000-000000000000', '{"a": 1.0, "a": [ ]}', '{"b": 12345678901234567890.10, "a": null}',
  '<a b="1">&lt;</a>', '$.a[*] ? (@ > 1)',
  $$'a b':1A 'c''d':2$$, $$'a b' & !c:*$$, '::ffff:1.2.3.4/128', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05',
  '(-0,1e300)', '{1,-1,0}', '[(0,0),(1,1)]', '(1,1),(0,0)', '[(0,0),(1,1),(2,0)]', '((0,0),(1,1),(2,0))', '<(0,0),1>',
  '{{1,null},{3,4}}', '{"a,b","c\"d\\",NULL,"NULL",""," "}', '{NaN,0.10}', '{"2026-01-28 12:00:00+08",infinity}', '{"so, so",good}',
  '[1,5)', '(,9)', '(1.50,2]', '[2026-01-01,2026-02-01)', '["2026-01-28 12:00:00+00",)', '{[1,3),[5,7)}',
  'b"ad', 10.50, ROW('a, "b"', '(1,2)'), 4294967295, 'every_type', '16/B374D848', '10:20:10,14,15');
insert into every_type values
(2, 32767, 2147483647, 9223372036854775807, 'NaN', 'Infinity', 'NaN', '92233720368547758.07', false, ' ', '', '',
  '', '', '', '000', '1011', 'infinity', '24:00:00', '00:00:00+15:59', 'infinity', '-infinity', '1 day 02:03:04.5',
  'ffffffff-ffff-ffff-ffff-ffffffffffff', 'null', 'null', '', '$', '', '', '0.0.0.0/0', '::/0', 'ff:ff:ff:ff:ff:ff',
  'ff:ff:ff:ff:ff:ff:ff:ff', '(NaN,Infinity)', '{1e10,1,0}', '[(1e-7,0),(1,1)]', '(0,0),(0,0)', '((0,0),(1,1))', '((0,0))',
  '<(0,0),0>', '{}', '{}', '{}', '{}', '{}', 'empty', 'empty', 'empty', 'empty', 'empty', '{}', 'good', 0, ROW(null, null), 0,
  'pg_class', '0/0', '1:1:');
insert into every_type (n) values (3);
insert into every_type values
(4, 0, 0, 0, '3.4028235e+38', '-1.7976931348623157e+308', '-Infinity', '0', true, 'z', repeat('n', 63), 'abcde',
  '-1', '007', '\x5c', '111', repeat('01', 40)::varbit, '5874897-12-31', '12:34:56.789', '12:34:56.789+05:30',
  '294276-12-31 23:59:59.999999', '294276-12-30 23:59:59.999999+00', '178000000 years',
  'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '[1,2,{"x":"\u0041"}]', '"text"', 'text', 'strict $."a b"', 'x:1,2,3', 'a <-> b',
  'fe80::1', '2001:db8::/32', '00:00:00:00:00:00', '00:00:00:00:00:00:00:00', '(1.5,2.5)', '{0,1,-1}', '[(0,0),(1,1)]',
  '(3,4),(1,2)', '[(0,0)]', '((0,0),(0,1),(1,1))', '<(1,2),3.5>', '[2:3]={1,2}', '{" a ",b}', '{1.10,-Infinity}',
  '{"10000-01-01 00:00:00+00"}', '{good,"b\"ad"}', '[5,6)', '[-9223372036854775808,9223372036854775807)', '[0.10,)',
  '(-infinity,infinity)', '(,)', '{(,)}', 'so, so', 9999999999.99, ROW('x', null), 1, 'every_type', 'FFFFFFFF/FFFFFFFF',
  '5:9:5,7');
