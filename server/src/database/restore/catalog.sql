-- Returns the objects of the current database that code of a dump could change while it is loaded: the kind, the
-- schema and the name of a table or a type, a description, and a text that changes with the object.
with tables as (
    select c.*, n.nspname from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
    where c.relkind operator(pg_catalog.=) any ('{r,p,v,m,S,f,c}')
        and c.relpersistence operator(pg_catalog.<>) 't'
        and n.nspname operator(pg_catalog.!~) '^pg_' and n.nspname operator(pg_catalog.<>) 'information_schema'
), types as (
    -- Those with a definition of their own: no row types of tables, and no arrays.
    select t.*, t.xmin as version, n.nspname from pg_catalog.pg_type t
        join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) t.typnamespace
        left join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) t.typrelid
    where t.oid operator(pg_catalog.>=) 16384::pg_catalog.oid
        and n.nspname operator(pg_catalog.!~) '^pg_'
        and (t.typrelid operator(pg_catalog.=) 0::pg_catalog.oid or c.relkind operator(pg_catalog.=) 'c')
        and t.typcategory operator(pg_catalog.<>) 'A'
), others as (
    select 'pg_proc' as catalog, oid, xmin as version from pg_catalog.pg_proc
    union all select 'pg_namespace', oid, xmin from pg_catalog.pg_namespace
        where nspname operator(pg_catalog.!~) '^pg_(toast_)?temp_'
    union all select 'pg_language', oid, xmin from pg_catalog.pg_language
    union all select 'pg_cast', oid, xmin from pg_catalog.pg_cast
    union all select 'pg_operator', oid, xmin from pg_catalog.pg_operator
    union all select 'pg_opclass', oid, xmin from pg_catalog.pg_opclass
    union all select 'pg_opfamily', oid, xmin from pg_catalog.pg_opfamily
    union all select 'pg_amop', oid, xmin from pg_catalog.pg_amop
    union all select 'pg_amproc', oid, xmin from pg_catalog.pg_amproc
    union all select 'pg_am', oid, xmin from pg_catalog.pg_am
    union all select 'pg_collation', oid, xmin from pg_catalog.pg_collation
    union all select 'pg_conversion', oid, xmin from pg_catalog.pg_conversion
    union all select 'pg_transform', oid, xmin from pg_catalog.pg_transform
    union all select 'pg_ts_config', oid, xmin from pg_catalog.pg_ts_config
    union all select 'pg_ts_dict', oid, xmin from pg_catalog.pg_ts_dict
    union all select 'pg_ts_parser', oid, xmin from pg_catalog.pg_ts_parser
    union all select 'pg_ts_template', oid, xmin from pg_catalog.pg_ts_template
    union all select 'pg_foreign_data_wrapper', oid, xmin from pg_catalog.pg_foreign_data_wrapper
    union all select 'pg_foreign_server', oid, xmin from pg_catalog.pg_foreign_server
    union all select 'pg_extension', oid, xmin from pg_catalog.pg_extension
    union all select 'pg_event_trigger', oid, xmin from pg_catalog.pg_event_trigger
    union all select 'pg_publication', oid, xmin from pg_catalog.pg_publication
    union all select 'pg_default_acl', oid, xmin from pg_catalog.pg_default_acl
)
select 'RELATION' as kind, c.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as name,
    pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, c.oid, 0) as description,
    pg_catalog.md5(pg_catalog.concat_ws('|', c.oid, c.relkind, c.relowner, c.relacl, c.reloptions, c.relpersistence,
        c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.relispartition, c.relpartbound, c.reltablespace,
        (select pg_catalog.string_agg(pg_catalog.concat_ws(',', a.attnum, a.attname, a.atttypid, a.atttypmod,
                a.attcollation, a.attidentity, a.attgenerated, a.attisdropped, a.attacl, a.attoptions, a.attfdwoptions),
                ';' order by a.attnum)
            from pg_catalog.pg_attribute a
            where a.attrelid operator(pg_catalog.=) c.oid and a.attnum operator(pg_catalog.>) 0),
        (select pg_catalog.string_agg(pg_catalog.concat_ws(',', d.oid, d.xmin), ';' order by d.oid)
            from pg_catalog.pg_attrdef d where d.adrelid operator(pg_catalog.=) c.oid),
        (select pg_catalog.string_agg(pg_catalog.concat_ws(',', k.oid, k.xmin), ';' order by k.oid)
            from pg_catalog.pg_constraint k where k.conrelid operator(pg_catalog.=) c.oid),
        (select pg_catalog.string_agg(pg_catalog.concat_ws(',', i.indexrelid, i.indkey, i.indclass, i.indisunique,
                pg_catalog.md5(i.indexprs::pg_catalog.text), pg_catalog.md5(i.indpred::pg_catalog.text)),
                ';' order by i.indexrelid)
            from pg_catalog.pg_index i where i.indrelid operator(pg_catalog.=) c.oid),
        (select pg_catalog.string_agg(pg_catalog.concat_ws(',', g.oid, g.xmin), ';' order by g.oid)
            from pg_catalog.pg_trigger g where g.tgrelid operator(pg_catalog.=) c.oid and not g.tgisinternal),
        (select pg_catalog.string_agg(pg_catalog.concat_ws(',', r.oid, r.xmin), ';' order by r.oid)
            from pg_catalog.pg_rewrite r where r.ev_class operator(pg_catalog.=) c.oid),
        (select pg_catalog.string_agg(pg_catalog.concat_ws(',', p.oid, p.xmin), ';' order by p.oid)
            from pg_catalog.pg_policy p where p.polrelid operator(pg_catalog.=) c.oid),
        (select pg_catalog.string_agg(h.inhparent::pg_catalog.text, ';' order by h.inhseqno)
            from pg_catalog.pg_inherits h where h.inhrelid operator(pg_catalog.=) c.oid))) as version
from tables c
union all
select 'TYPE', t.nspname::pg_catalog.text, t.typname::pg_catalog.text,
    pg_catalog.pg_describe_object('pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 0),
    pg_catalog.md5(pg_catalog.concat_ws('|', t.oid, t.version,
        (select pg_catalog.string_agg(pg_catalog.concat_ws(',', e.oid, e.xmin), ';' order by e.oid)
            from pg_catalog.pg_enum e where e.enumtypid operator(pg_catalog.=) t.oid),
        (select pg_catalog.string_agg(pg_catalog.concat_ws(',', k.oid, k.xmin), ';' order by k.oid)
            from pg_catalog.pg_constraint k where k.contypid operator(pg_catalog.=) t.oid)))
from types t
union all
select '', null, null, pg_catalog.pg_describe_object(
        ('pg_catalog.' operator(pg_catalog.||) o.catalog)::pg_catalog.regclass, o.oid, 0),
    pg_catalog.concat_ws('|', o.oid, o.version)
from others o
where o.oid operator(pg_catalog.>=) 16384::pg_catalog.oid
    or o.catalog operator(pg_catalog.=) any ('{pg_namespace,pg_language}');
