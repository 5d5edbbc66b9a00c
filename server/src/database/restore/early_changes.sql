-- Returns a description of each object that cannot be the result of the definitions before the rows alone, so code of the dump
-- has changed it: functions and views that are newer than a later object, privileges, and objects that only later entries make.
with members as (
    select classid, objid from pg_catalog.pg_depend where deptype operator(pg_catalog.=) 'e'
), made as (
    select 'pg_catalog.pg_proc'::pg_catalog.regclass as catalog, oid, xmin as version from pg_catalog.pg_proc
    union all select 'pg_catalog.pg_rewrite'::pg_catalog.regclass, oid, xmin from pg_catalog.pg_rewrite
    union all select 'pg_catalog.pg_type'::pg_catalog.regclass, oid, xmin from pg_catalog.pg_type
), in_order as (
    -- Ids grow, and so do the transactions that create the objects.
    select catalog, oid, version, pg_catalog.max(pg_catalog.age(version)) over (
            order by oid desc rows unbounded preceding exclude current row) as age_of_later
    from made m
    where oid operator(pg_catalog.>=) 16384::pg_catalog.oid
        and not exists (select from members e
            where e.classid operator(pg_catalog.=) m.catalog and e.objid operator(pg_catalog.=) m.oid)
        and not exists (select from pg_catalog.pg_rewrite r
            join members e on e.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
                and e.objid operator(pg_catalog.=) r.ev_class
            where m.catalog operator(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass
                and r.oid operator(pg_catalog.=) m.oid)
), wrong as (
    select catalog, oid from in_order
    where pg_catalog.age(version) operator(pg_catalog.<) age_of_later
        and catalog operator(pg_catalog.<>) 'pg_catalog.pg_type'::pg_catalog.regclass
    union all
    -- An aggregate reads its first value with code of the dump, in the transaction that creates it.
    select 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid from pg_catalog.pg_proc p
        join pg_catalog.pg_proc a on a.xmin operator(pg_catalog.=) p.xmin
    where a.prokind operator(pg_catalog.=) 'a' and a.oid operator(pg_catalog.<>) p.oid
    union all
    select 'pg_catalog.pg_proc'::pg_catalog.regclass, oid from pg_catalog.pg_proc where proacl is not null
    union all
    select 'pg_catalog.pg_class'::pg_catalog.regclass, oid from pg_catalog.pg_class where relacl is not null
    union all
    select 'pg_catalog.pg_class'::pg_catalog.regclass, attrelid from pg_catalog.pg_attribute where attacl is not null
    union all
    select 'pg_catalog.pg_type'::pg_catalog.regclass, oid from pg_catalog.pg_type where typacl is not null
    union all
    select 'pg_catalog.pg_namespace'::pg_catalog.regclass, oid from pg_catalog.pg_namespace where nspacl is not null
    union all
    select 'pg_catalog.pg_default_acl'::pg_catalog.regclass, oid from pg_catalog.pg_default_acl
    union all
    select 'pg_catalog.pg_event_trigger'::pg_catalog.regclass, oid from pg_catalog.pg_event_trigger
    union all
    select 'pg_catalog.pg_policy'::pg_catalog.regclass, oid from pg_catalog.pg_policy
    union all
    select 'pg_catalog.pg_trigger'::pg_catalog.regclass, g.oid from pg_catalog.pg_trigger g
    where not tgisinternal and not exists (select from members e
        where e.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
            and e.objid operator(pg_catalog.=) tgrelid)
)
select distinct pg_catalog.pg_describe_object(w.catalog, w.oid, 0) as description
from wrong w
where w.oid operator(pg_catalog.>=) 16384::pg_catalog.oid
    and not exists (select from members e
        where e.classid operator(pg_catalog.=) w.catalog and e.objid operator(pg_catalog.=) w.oid)
order by description;
