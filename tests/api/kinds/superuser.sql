-- One object of each kind that pg_dump writes and that only a superuser may create.

create type whole;
create function whole_in(cstring) returns whole language internal immutable strict as 'int4in';
create function whole_out(whole) returns cstring language internal immutable strict as 'int4out';
create type whole (input = whole_in, output = whole_out, like = int4, category = 'N');
create type unfinished;
create function whole_lt(whole, whole) returns boolean language internal immutable strict leakproof as 'int4lt';
create function whole_le(whole, whole) returns boolean language internal immutable strict as 'int4le';
create function whole_eq(whole, whole) returns boolean language internal immutable strict as 'int4eq';
create function whole_ge(whole, whole) returns boolean language internal immutable strict as 'int4ge';
create function whole_gt(whole, whole) returns boolean language internal immutable strict as 'int4gt';
create function whole_cmp(whole, whole) returns int language internal immutable strict as 'btint4cmp';
create function whole_hash(whole) returns int language internal immutable strict as 'hashint4';
create operator < (leftarg = whole, rightarg = whole, function = whole_lt, commutator = >, negator = >=, restrict = scalarltsel, join = scalarltjoinsel);
create operator <= (leftarg = whole, rightarg = whole, function = whole_le, commutator = >=, negator = >);
create operator = (leftarg = whole, rightarg = whole, function = whole_eq, commutator = =, merges, hashes, restrict = eqsel, join = eqjoinsel);
create operator >= (leftarg = whole, rightarg = whole, function = whole_ge, commutator = <=, negator = <);
create operator > (leftarg = whole, rightarg = whole, function = whole_gt, commutator = <, negator = <=);
create operator family wholes using btree;
create operator class whole_ops default for type whole using btree family wholes as
    operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >, function 1 whole_cmp(whole, whole);
create operator class whole_alone for type whole using hash as operator 1 =, function 1 whole_hash(whole);
alter operator family wholes using btree add operator 1 < (int4, int8), function 1 (int4, int8) btint48cmp(int4, int8);
create cast (whole as int) without function as implicit;
create table wholes (w whole primary key);
insert into wholes values ('1'), ('-2');
comment on operator class whole_ops using btree is 'Whole numbers';

create access method heap_again type table handler heap_tableam_handler;
create table in_heap_again (id int) using heap_again;
insert into in_heap_again values (1);
comment on access method heap_again is 'The same heap';

create function call_again() returns language_handler language c as '$libdir/plpgsql', 'plpgsql_call_handler';
create function inline_again(internal) returns void language c strict as '$libdir/plpgsql', 'plpgsql_inline_handler';
create function validate_again(oid) returns void language c strict as '$libdir/plpgsql', 'plpgsql_validator';
create trusted language plpgsql_again handler call_again inline inline_again validator validate_again;
comment on language plpgsql_again is 'The same language';
grant usage on language plpgsql_again to :role;
create function in_it() returns int language plpgsql_again as 'begin return 1; end';
create aggregate percentile(float8 order by anyelement) (sfunc = ordered_set_transition, stype = internal, finalfunc = percentile_disc_final, finalfunc_extra);
create transform for int language plpgsql_again (from sql with function prsd_lextype(internal), to sql with function int4recv(internal));

create text search parser parser_again (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype, headline = prsd_headline);
create text search template template_again (lexize = dsimple_lexize, init = dsimple_init);
create text search dictionary of_template (template = template_again);
create text search configuration of_parser (parser = parser_again);

create extension postgres_fdw;
create extension dblink schema extensions;
create foreign data wrapper nowhere options (debug 'true');
create server away type 'x' version '1' foreign data wrapper postgres_fdw options (host 'localhost', dbname 'it''s');
create server nowhere foreign data wrapper nowhere;
create user mapping for public server away options (user 'x', password 'y');
create user mapping for :role server nowhere;
create foreign table far (id int options (column_name 'i') not null, t text default 'x') server away options (table_name 't');
comment on server away is 'Away';
grant usage on foreign server away to :role;
grant usage on foreign data wrapper nowhere to :role;

create function on_ddl() returns event_trigger language plpgsql as $$ begin null; end $$;
create event trigger "on ""end""" on ddl_command_end when tag in ('CREATE TABLE') execute function on_ddl();
create event trigger asleep on sql_drop execute function on_ddl();
alter event trigger asleep disable;
comment on event trigger asleep is 'Off';

create publication everything for all tables;
create publication a_schema for tables in schema "Odd ""schema""";
create subscription incoming connection 'host=/nowhere dbname=x' publication theirs with (connect = false, slot_name = 'their_slot');
create subscription without_slot connection 'dbname=y' publication theirs with (connect = false, slot_name = none, enabled = false, create_slot = false);
comment on subscription incoming is 'Incoming';

-- Its owner could not dump it.
alter table typed force row level security;
