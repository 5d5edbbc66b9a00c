-- The database that the dumps in this folder are of: small, and with all that is awkward in a table of contents.
create schema billing;
create schema "odd ""schema"" 名";

create table users (id int primary key, name text not null);
insert into users select n, 'user ' || n from generate_series(1, 20) n;
comment on table users is 'those who pay';

create table empty (id int);

create table billing.invoices (id serial primary key, user_id int references users, total numeric);
insert into billing.invoices (user_id, total) select n, n * 1.5 from generate_series(1, 5) n;
create index on billing.invoices (user_id);
create materialized view billing.totals as select user_id, sum(total) from billing.invoices group by 1;

-- A name with a quote, a tab and a line end in it.
create table "odd ""schema"" 名"."two
lines	""quoted""" ("a;b" text);
insert into "odd ""schema"" 名"."two
lines	""quoted""" values (E'\\.\n'), (null);

create table long (body text);
insert into long select repeat('x', 500) from generate_series(1, 3);

create function one() returns int language sql as 'select 1';
create view both_names as select name from users;

select lo_from_bytea(100001, 'the first large object');
select lo_from_bytea(100002, '');
-- A number that pg_dump writes as a negative one.
select lo_from_bytea(3000000001, convert_to(repeat('y', 500), 'UTF8'));
comment on large object 100001 is 'kept';
