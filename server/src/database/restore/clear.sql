-- Drops all objects that the owner of the database may drop, because a dump cannot create what is already there. Objects of
-- extensions stay.
do $clear$
declare
    command pg_catalog.text;
begin
    for command in
        select pg_catalog.format('drop schema %I cascade', n.nspname)
        from pg_catalog.pg_namespace n
        where n.nspname operator(pg_catalog.!~) '^pg_'
            and n.nspname operator(pg_catalog.<>) all ('{information_schema,public}')
            and not exists (select from pg_catalog.pg_depend d
                where d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass
                and d.refobjid operator(pg_catalog.=) n.oid
                and exists (select from pg_catalog.pg_depend e where e.classid operator(pg_catalog.=) d.classid
                    and e.objid operator(pg_catalog.=) d.objid and e.deptype operator(pg_catalog.=) 'e'))
            and not exists (select from pg_catalog.pg_depend d
                where d.classid operator(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass
                and d.objid operator(pg_catalog.=) n.oid and d.deptype operator(pg_catalog.=) 'e')
            and not exists (select from pg_catalog.pg_extension x where x.extnamespace operator(pg_catalog.=) n.oid)
    loop
        execute command;
    end loop;

    -- Sequences of columns and partitions go with their tables.
    for command in
        select pg_catalog.format('drop %s if exists %I.%I cascade',
            case when c.relkind operator(pg_catalog.=) 'v' then 'view'
                when c.relkind operator(pg_catalog.=) 'm' then 'materialized view'
                when c.relkind operator(pg_catalog.=) 'S' then 'sequence'
                when c.relkind operator(pg_catalog.=) 'f' then 'foreign table' else 'table' end, n.nspname, c.relname)
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
        where c.relkind operator(pg_catalog.=) any ('{r,p,v,m,S,f}') and n.nspname operator(pg_catalog.!~) '^pg_'
            and n.nspname operator(pg_catalog.<>) 'information_schema'
            and not exists (select from pg_catalog.pg_depend d
                where d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
                and d.objid operator(pg_catalog.=) c.oid and d.deptype operator(pg_catalog.=) any ('{a,e,i}'))
    loop
        execute command;
    end loop;

    for command in
        -- The schema is always named: an earlier command may have dropped the routine, and without it another would be meant.
        select pg_catalog.format('drop routine if exists %I.%I(%s) cascade', n.nspname, p.proname,
            pg_catalog.oidvectortypes(p.proargtypes))
        from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) p.pronamespace
        where n.nspname operator(pg_catalog.!~) '^pg_' and n.nspname operator(pg_catalog.<>) 'information_schema'
            and not exists (select from pg_catalog.pg_depend d
                where d.classid operator(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
                and d.objid operator(pg_catalog.=) p.oid and d.deptype operator(pg_catalog.=) any ('{e,i}'))
    loop
        execute command;
    end loop;

    for command in
        select pg_catalog.format('drop type if exists %I.%I cascade', n.nspname, t.typname)
        from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) t.typnamespace
            left join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) t.typrelid
        where (t.typtype operator(pg_catalog.=) any ('{d,e,r}') or c.relkind operator(pg_catalog.=) 'c')
            and n.nspname operator(pg_catalog.!~) '^pg_' and n.nspname operator(pg_catalog.<>) 'information_schema'
            and not exists (select from pg_catalog.pg_depend d
                where d.classid operator(pg_catalog.=) 'pg_catalog.pg_type'::pg_catalog.regclass
                and d.objid operator(pg_catalog.=) t.oid and d.deptype operator(pg_catalog.=) any ('{e,i}'))
    loop
        execute command;
    end loop;

    perform pg_catalog.lo_unlink(oid) from pg_catalog.pg_largeobject_metadata;
end
$clear$;
