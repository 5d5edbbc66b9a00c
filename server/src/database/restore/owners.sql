-- Returns the objects of the role $1 in this database that have an entry of their own in a dump: the kind and the name as
-- in a table of contents, the catalog and the id, and the statement that changes the owner, without the new owner's name.
with holder as (
    select oid from pg_catalog.pg_roles where rolname operator(pg_catalog.=) $1
), members as (
    -- Objects of extensions, and objects that follow the owner of another one. A partitioned table depends on itself.
    select classid, objid from pg_catalog.pg_depend
    where deptype operator(pg_catalog.=) any ('{e,i}') and refobjid operator(pg_catalog.<>) objid
    union all
    select d.classid, d.objid from pg_catalog.pg_depend d
        join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) d.objid and c.relkind operator(pg_catalog.=) 'S'
    where d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.deptype operator(pg_catalog.=) 'a'
), objects as (
    -- The schemas come first: the owner of a schema may create in it, as the new owner of an object there must.
    select 'SCHEMA' as kind, null::pg_catalog.oid as namespace, nspname::pg_catalog.text as name,
        'pg_namespace' as catalog, n.oid, 'schema' as type, pg_catalog.quote_ident(nspname) as quoted, '' as signature
    from pg_catalog.pg_namespace n, holder h
    where nspowner operator(pg_catalog.=) h.oid
    union all
    select 'RELATION', relnamespace, relname::pg_catalog.text, 'pg_class', c.oid,
        case when relkind operator(pg_catalog.=) 'v' then 'view'
            when relkind operator(pg_catalog.=) 'm' then 'materialized view'
            when relkind operator(pg_catalog.=) 'S' then 'sequence'
            when relkind operator(pg_catalog.=) 'f' then 'foreign table' else 'table' end,
        pg_catalog.quote_ident(relname), ''
    from pg_catalog.pg_class c, holder h
    where relowner operator(pg_catalog.=) h.oid and relkind operator(pg_catalog.=) any ('{r,p,v,m,S,f}')
    union all
    select 'TYPE', typnamespace, typname::pg_catalog.text, 'pg_type', t.oid,
        'type', pg_catalog.quote_ident(typname), ''
    from pg_catalog.pg_type t, holder h
    where typowner operator(pg_catalog.=) h.oid
    union all
    select 'ROUTINE', pronamespace,
        pg_catalog.format('%s(%s)', proname,
            case when prokind operator(pg_catalog.=) 'a' and pronargs operator(pg_catalog.=) 0 then '*' else
                (select pg_catalog.string_agg(
                    case when a.type operator(pg_catalog.=) 0 then 'opaque' else pg_catalog.format_type(a.type, null) end,
                    ', ' order by a.place)
                from pg_catalog.unnest(proargtypes::pg_catalog.oid[]) with ordinality as a (type, place)) end),
        'pg_proc', p.oid,
        'routine', pg_catalog.quote_ident(proname), pg_catalog.format('(%s)', pg_catalog.oidvectortypes(proargtypes))
    from pg_catalog.pg_proc p, holder h
    where proowner operator(pg_catalog.=) h.oid
    union all
    select 'OPERATOR', oprnamespace, oprname::pg_catalog.text, 'pg_operator', o.oid,
        'operator', oprname::pg_catalog.text, pg_catalog.format(' (%s, %s)',
            case when oprleft operator(pg_catalog.=) 0 then 'none' else pg_catalog.format_type(oprleft, null) end,
            case when oprright operator(pg_catalog.=) 0 then 'none' else pg_catalog.format_type(oprright, null) end)
    from pg_catalog.pg_operator o, holder h
    where oprowner operator(pg_catalog.=) h.oid
    union all
    select 'OPERATOR CLASS', opcnamespace, opcname::pg_catalog.text, 'pg_opclass', o.oid,
        'operator class', pg_catalog.quote_ident(opcname),
        (select pg_catalog.format(' using %I', m.amname) from pg_catalog.pg_am m where m.oid operator(pg_catalog.=) opcmethod)
    from pg_catalog.pg_opclass o, holder h
    where opcowner operator(pg_catalog.=) h.oid
    union all
    select 'OPERATOR FAMILY', opfnamespace, opfname::pg_catalog.text, 'pg_opfamily', o.oid,
        'operator family', pg_catalog.quote_ident(opfname),
        (select pg_catalog.format(' using %I', m.amname) from pg_catalog.pg_am m where m.oid operator(pg_catalog.=) opfmethod)
    from pg_catalog.pg_opfamily o, holder h
    where opfowner operator(pg_catalog.=) h.oid
    union all
    select 'COLLATION', collnamespace, collname::pg_catalog.text, 'pg_collation', c.oid,
        'collation', pg_catalog.quote_ident(collname), ''
    from pg_catalog.pg_collation c, holder h
    where collowner operator(pg_catalog.=) h.oid
    union all
    select 'CONVERSION', connamespace, conname::pg_catalog.text, 'pg_conversion', c.oid,
        'conversion', pg_catalog.quote_ident(conname), ''
    from pg_catalog.pg_conversion c, holder h
    where conowner operator(pg_catalog.=) h.oid
    union all
    select 'TEXT SEARCH CONFIGURATION', cfgnamespace, cfgname::pg_catalog.text, 'pg_ts_config', c.oid,
        'text search configuration', pg_catalog.quote_ident(cfgname), ''
    from pg_catalog.pg_ts_config c, holder h
    where cfgowner operator(pg_catalog.=) h.oid
    union all
    select 'TEXT SEARCH DICTIONARY', dictnamespace, dictname::pg_catalog.text, 'pg_ts_dict', d.oid,
        'text search dictionary', pg_catalog.quote_ident(dictname), ''
    from pg_catalog.pg_ts_dict d, holder h
    where dictowner operator(pg_catalog.=) h.oid
    union all
    select 'STATISTICS', stxnamespace, stxname::pg_catalog.text, 'pg_statistic_ext', s.oid,
        'statistics', pg_catalog.quote_ident(stxname), ''
    from pg_catalog.pg_statistic_ext s, holder h
    where stxowner operator(pg_catalog.=) h.oid
    union all
    select 'FOREIGN DATA WRAPPER', null, fdwname::pg_catalog.text, 'pg_foreign_data_wrapper', f.oid,
        'foreign data wrapper', pg_catalog.quote_ident(fdwname), ''
    from pg_catalog.pg_foreign_data_wrapper f, holder h
    where fdwowner operator(pg_catalog.=) h.oid
    union all
    select 'SERVER', null, srvname::pg_catalog.text, 'pg_foreign_server', s.oid,
        'server', pg_catalog.quote_ident(srvname), ''
    from pg_catalog.pg_foreign_server s, holder h
    where srvowner operator(pg_catalog.=) h.oid
    union all
    select 'PUBLICATION', null, pubname::pg_catalog.text, 'pg_publication', p.oid,
        'publication', pg_catalog.quote_ident(pubname), ''
    from pg_catalog.pg_publication p, holder h
    where pubowner operator(pg_catalog.=) h.oid
    union all
    select 'EVENT TRIGGER', null, evtname::pg_catalog.text, 'pg_event_trigger', e.oid,
        'event trigger', pg_catalog.quote_ident(evtname), ''
    from pg_catalog.pg_event_trigger e, holder h
    where evtowner operator(pg_catalog.=) h.oid
    union all
    select 'PROCEDURAL LANGUAGE', null, lanname::pg_catalog.text, 'pg_language', l.oid,
        'language', pg_catalog.quote_ident(lanname), ''
    from pg_catalog.pg_language l, holder h
    where lanowner operator(pg_catalog.=) h.oid
    union all
    select 'LARGE OBJECT', null, l.oid::pg_catalog.text, 'pg_largeobject', l.oid,
        'large object', l.oid::pg_catalog.text, ''
    from pg_catalog.pg_largeobject_metadata l, holder h
    where lomowner operator(pg_catalog.=) h.oid
)
select o.kind, n.nspname::pg_catalog.text as schema, o.name, o.catalog, o.oid::pg_catalog.int8 as oid,
    pg_catalog.concat('alter ', o.type, ' ', pg_catalog.quote_ident(n.nspname) operator(pg_catalog.||) '.', o.quoted, o.signature, ' owner to')
        as alter_owner
from objects o left join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) o.namespace
where (n.nspname is null
        or (n.nspname operator(pg_catalog.!~) '^pg_' and n.nspname operator(pg_catalog.<>) 'information_schema'))
    and (o.kind operator(pg_catalog.<>) 'SCHEMA'
        or (o.name operator(pg_catalog.!~) '^pg_' and o.name operator(pg_catalog.<>) 'information_schema'))
    and (o.kind operator(pg_catalog.<>) 'PROCEDURAL LANGUAGE'
        or o.name operator(pg_catalog.<>) all ('{internal,c,sql,plpgsql}'))
    and not exists (
        select from members m
        where m.classid operator(pg_catalog.=) ('pg_catalog.' operator(pg_catalog.||) o.catalog)::pg_catalog.regclass
            and m.objid operator(pg_catalog.=) o.oid)
order by o.kind operator(pg_catalog.<>) 'SCHEMA', o.oid;
