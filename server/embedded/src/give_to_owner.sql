-- Gives this database of the private PostgreSQL and each of its objects, if a superuser owns them, to the role decant.
-- Objects of other roles are not trusted, and stay theirs.
do $give$
declare
    command pg_catalog.text;
begin
    for command in
        select pg_catalog.format('alter database %I owner to decant', datname)
        from pg_catalog.pg_database
        where datname operator(pg_catalog.=) pg_catalog.current_database()
            and exists (select from pg_catalog.pg_roles r where r.rolsuper and r.oid operator(pg_catalog.=) datdba)
        union all
        select pg_catalog.format('alter schema %I owner to decant', nspname)
        from pg_catalog.pg_namespace
        where nspname operator(pg_catalog.!~) '^pg_'
            and nspname operator(pg_catalog.<>) all ('{information_schema,public}')
            and exists (select from pg_catalog.pg_roles r where r.rolsuper and r.oid operator(pg_catalog.=) nspowner)
        union all
        select pg_catalog.format('alter %s %I.%I owner to decant',
            case when relkind operator(pg_catalog.=) 'v' then 'view'
                when relkind operator(pg_catalog.=) 'm' then 'materialized view'
                when relkind operator(pg_catalog.=) 'S' then 'sequence'
                when relkind operator(pg_catalog.=) 'f' then 'foreign table' else 'table' end, nspname, relname)
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) relnamespace
        where relkind operator(pg_catalog.=) any ('{r,p,v,m,S,f}') and nspname operator(pg_catalog.!~) '^pg_'
            and nspname operator(pg_catalog.<>) 'information_schema'
            and exists (select from pg_catalog.pg_roles r where r.rolsuper and r.oid operator(pg_catalog.=) relowner)
            and not exists (select from pg_catalog.pg_depend d
                where d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
                and d.objid operator(pg_catalog.=) c.oid and d.refobjid operator(pg_catalog.<>) c.oid
                and (d.deptype operator(pg_catalog.=) any ('{e,i}')
                    or (relkind operator(pg_catalog.=) 'S' and d.deptype operator(pg_catalog.=) 'a')))
        union all
        select pg_catalog.format('alter routine %I.%I(%s) owner to decant', nspname, proname,
            pg_catalog.oidvectortypes(proargtypes))
        from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) pronamespace
        where nspname operator(pg_catalog.!~) '^pg_' and nspname operator(pg_catalog.<>) 'information_schema'
            and exists (select from pg_catalog.pg_roles r where r.rolsuper and r.oid operator(pg_catalog.=) proowner)
            and not exists (select from pg_catalog.pg_depend d
                where d.classid operator(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
                and d.objid operator(pg_catalog.=) p.oid and d.deptype operator(pg_catalog.=) any ('{e,i}'))
        union all
        select pg_catalog.format('alter type %I.%I owner to decant', nspname, typname)
        from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) typnamespace
        where nspname operator(pg_catalog.!~) '^pg_' and nspname operator(pg_catalog.<>) 'information_schema'
            and exists (select from pg_catalog.pg_roles r where r.rolsuper and r.oid operator(pg_catalog.=) typowner)
            and not exists (select from pg_catalog.pg_depend d
                where d.classid operator(pg_catalog.=) 'pg_catalog.pg_type'::pg_catalog.regclass
                and d.objid operator(pg_catalog.=) t.oid and d.deptype operator(pg_catalog.=) any ('{e,i}'))
    loop
        execute command;
    end loop;
end
$give$;
