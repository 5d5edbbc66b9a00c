-- Overloads of everything that PostgreSQL has in pg_catalog, made in public by a role that may do no more than that. Each
-- raises an error and leaves a trace in a sequence, which no rollback takes back.

create sequence public.taken;
grant all on public.taken to public;

create function public.hers() returns boolean language plpgsql as $$ begin
    perform pg_catalog.nextval('public.taken'::pg_catalog.regclass);
    raise exception 'another role''s function ran';
end $$;

-- The same arguments as PostgreSQL's own: these run where the search path has public before pg_catalog.
do $do$
declare
    f record;
    body constant text := $body$ language plpgsql as $f$ begin
        perform pg_catalog.nextval('public.taken'::pg_catalog.regclass);
        raise exception 'another role''s function ran';
    end $f$ $body$;
begin
    for f in
        select p.proname, pg_get_function_arguments(p.oid) as arguments, pg_get_function_result(p.oid) as result
        from pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace and p.prokind = 'f'
    loop
        begin
            execute format('create function public.%I(%s) returns %s', f.proname, f.arguments, f.result) || body;
        exception when others then null; -- One of internal types.
        end;
    end loop;
    for f in
        select o.oprname, p.proname, o.oprleft, o.oprright
        from pg_operator o join pg_proc p on p.oid = o.oprcode where o.oprnamespace = 'pg_catalog'::regnamespace
    loop
        begin
            execute format('create operator public.%s (%s rightarg = %s, function = public.%I)', f.oprname,
                case when f.oprleft <> 0 then format('leftarg = %s,', f.oprleft::regtype) else '' end,
                f.oprright::regtype, f.proname);
        exception when others then null;
        end;
    end loop;
    -- Arguments that fit better than PostgreSQL's own: these run wherever public is in the search path.
    for f in
        select unnest(array[
            'format(text) returns text', 'format(text, text) returns text', 'format(text, variadic text[]) returns text',
            'quote_ident(name) returns text', 'quote_ident(varchar) returns text', 'quote_literal(varchar) returns text',
            'lower(varchar) returns text', 'btrim(varchar) returns text', 'strpos(varchar, varchar) returns integer',
            'concat_ws(text, text, varchar, integer) returns text', 'concat(text, text) returns text',
            'setval(text, bigint) returns bigint', 'to_regclass(varchar) returns regclass',
            'pg_get_serial_sequence(text, name) returns text', 'split_part(varchar, text, integer) returns text',
            'starts_with(varchar, text) returns boolean', 'to_jsonb(pg_database) returns jsonb',
            'unnest(oidvector) returns setof oid', 'unnest(name[]) returns setof name',
            'equal(varchar, varchar) returns boolean', 'less(varchar, varchar) returns boolean',
            'equal(name, varchar) returns boolean', 'concatenate(name, text) returns text'
        ]) as head
    loop
        execute 'create or replace function public.' || f.head || body;
    end loop;
end $do$;

create operator public.= (leftarg = varchar, rightarg = varchar, function = public.equal);
create operator public.<> (leftarg = varchar, rightarg = varchar, function = public.equal);
create operator public.= (leftarg = name, rightarg = varchar, function = public.equal);
create operator public.< (leftarg = varchar, rightarg = varchar, function = public.less);
create operator public.> (leftarg = varchar, rightarg = varchar, function = public.less);
create operator public.~~ (leftarg = varchar, rightarg = varchar, function = public.equal);
create operator public.|| (leftarg = name, rightarg = text, function = public.concatenate);

create function public.hers_of(bigint) returns bigint language plpgsql as $$ begin
    perform public.hers(); return 0; end $$;
create function public.hers_of(bigint, integer) returns bigint language plpgsql as $$ begin
    perform public.hers(); return 0; end $$;
create function public.hers_of(bigint, bigint) returns bigint language plpgsql as $$ begin
    perform public.hers(); return 0; end $$;
create function public.hers_of(text, text, text) returns text language plpgsql as $$ begin
    perform public.hers(); return ''; end $$;
create function public.hers_of(timestamptz, timestamptz) returns timestamptz language plpgsql as $$ begin
    perform public.hers(); return null; end $$;
create function public.hers_of(name[], name) returns name[] language plpgsql as $$ begin
    perform public.hers(); return null; end $$;
create aggregate public.count(*) (sfunc = public.hers_of, stype = bigint, initcond = '0');
create aggregate public.max(integer) (sfunc = public.hers_of, stype = bigint, initcond = '0');
create aggregate public.max(bigint) (sfunc = public.hers_of, stype = bigint, initcond = '0');
create aggregate public.min(timestamptz) (sfunc = public.hers_of, stype = timestamptz, initcond = 'epoch');
create aggregate public.max(timestamptz) (sfunc = public.hers_of, stype = timestamptz, initcond = 'epoch');
create aggregate public.string_agg(text, text) (sfunc = public.hers_of, stype = text, initcond = '');
create aggregate public.array_agg(name) (sfunc = public.hers_of, stype = name[], initcond = '{}');

-- Catalogues and types.
do $do$
declare
    name pg_catalog.text;
begin
    foreach name in array array['pg_class', 'pg_database', 'pg_settings', 'pg_stat_activity', 'pg_roles', 'pg_locks',
        'pg_namespace', 'pg_index', 'pg_constraint', 'pg_depend']
    loop
        execute pg_catalog.format('create view public.%I as select * from pg_catalog.%I where public.hers()', name, name);
        execute pg_catalog.format('grant select on public.%I to public', name);
    end loop;
    foreach name in array array['text', 'timestamptz', 'regclass', 'oid', 'jsonb']
    loop
        execute pg_catalog.format('create domain public.%I as pg_catalog.%I check (public.hers())', name, name);
    end loop;
end $do$;
