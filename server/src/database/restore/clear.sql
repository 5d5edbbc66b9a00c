-- Empties the database, as far as its owner may: what a dump brings must not be there yet. What belongs to an extension
-- stays with it.
do $clear$
declare
    command text;
begin
    for command in
        select format('drop schema %I cascade', n.nspname)
        from pg_namespace n
        where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'public')
            and not exists (select from pg_depend d where d.refclassid = 'pg_namespace'::regclass and d.refobjid = n.oid
                and exists (select from pg_depend e where e.classid = d.classid and e.objid = d.objid and e.deptype = 'e'))
            and not exists (select from pg_depend d where d.classid = 'pg_namespace'::regclass and d.objid = n.oid
                and d.deptype = 'e')
            and not exists (select from pg_extension x where x.extnamespace = n.oid)
    loop
        execute command;
    end loop;

    -- Sequences of columns and partitions go with their tables.
    for command in
        select format('drop %s if exists %I.%I cascade',
            case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
                when 'f' then 'foreign table' else 'table' end, n.nspname, c.relname)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
            and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                and d.deptype in ('a', 'e', 'i'))
    loop
        execute command;
    end loop;

    for command in
        select format('drop routine if exists %s cascade', p.oid::regprocedure)
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
            and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid
                and d.deptype in ('e', 'i'))
    loop
        execute command;
    end loop;

    for command in
        select format('drop type if exists %I.%I cascade', n.nspname, t.typname)
        from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
        where (t.typtype in ('d', 'e', 'r') or c.relkind = 'c')
            and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
            and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid
                and d.deptype in ('e', 'i'))
    loop
        execute command;
    end loop;

    perform lo_unlink(oid) from pg_largeobject_metadata;
end
$clear$;
