-- Drops the objects of the database, of each kind that pg_dump writes, because a dump cannot create what is already there.
-- Extensions and their objects stay, because Decant's role may be unable to create them again. Schemas that contain such
-- objects stay with them, as does the schema `public`.
do $clear$
declare
    command pg_catalog.text;
begin
    -- All commands are collected first, because PostgreSQL cannot name an object that an earlier command has dropped. Objects
    -- that belong to another one (array types, sequences of identity columns) are dropped with it.
    foreach command in array array(
        with objects (place, class, oid) as (
            -- Event triggers first: they would run for each command below.
            select 1, 'pg_catalog.pg_event_trigger'::pg_catalog.regclass, oid from pg_catalog.pg_event_trigger
            union all select 2, 'pg_catalog.pg_publication', oid from pg_catalog.pg_publication
            union all select 4, 'pg_catalog.pg_namespace', n.oid from pg_catalog.pg_namespace n
                where n.nspname operator(pg_catalog.!~) '^pg_'
                    and n.nspname operator(pg_catalog.<>) all ('{information_schema,public}')
                    and not exists (select from pg_catalog.pg_extension x where x.extnamespace operator(pg_catalog.=) n.oid)
                    and not exists (select from pg_catalog.pg_depend d join pg_catalog.pg_depend e
                        on e.classid operator(pg_catalog.=) d.classid and e.objid operator(pg_catalog.=) d.objid
                        where d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass
                            and d.refobjid operator(pg_catalog.=) n.oid and e.deptype operator(pg_catalog.=) 'e')
            union all select 5, 'pg_catalog.pg_class', oid from pg_catalog.pg_class
                where relkind operator(pg_catalog.=) any ('{r,p,v,m,S,f}')
            union all select 6, 'pg_catalog.pg_proc', oid from pg_catalog.pg_proc
            union all select 7, 'pg_catalog.pg_type', oid from pg_catalog.pg_type
            union all select 8, 'pg_catalog.pg_cast', oid from pg_catalog.pg_cast
            union all select 8, 'pg_catalog.pg_operator', oid from pg_catalog.pg_operator
            union all select 8, 'pg_catalog.pg_opclass', oid from pg_catalog.pg_opclass
            union all select 8, 'pg_catalog.pg_opfamily', oid from pg_catalog.pg_opfamily
            union all select 8, 'pg_catalog.pg_am', oid from pg_catalog.pg_am
            union all select 8, 'pg_catalog.pg_collation', oid from pg_catalog.pg_collation
            union all select 8, 'pg_catalog.pg_conversion', oid from pg_catalog.pg_conversion
            union all select 8, 'pg_catalog.pg_language', oid from pg_catalog.pg_language
            union all select 8, 'pg_catalog.pg_statistic_ext', oid from pg_catalog.pg_statistic_ext
            union all select 8, 'pg_catalog.pg_ts_config', oid from pg_catalog.pg_ts_config
            union all select 8, 'pg_catalog.pg_ts_dict', oid from pg_catalog.pg_ts_dict
            union all select 8, 'pg_catalog.pg_ts_parser', oid from pg_catalog.pg_ts_parser
            union all select 8, 'pg_catalog.pg_ts_template', oid from pg_catalog.pg_ts_template
            union all select 8, 'pg_catalog.pg_foreign_server', oid from pg_catalog.pg_foreign_server
            union all select 8, 'pg_catalog.pg_foreign_data_wrapper', oid from pg_catalog.pg_foreign_data_wrapper),
        commands (place, command) as (
            select o.place, pg_catalog.format('drop %s if exists %s cascade',
                case when i.type operator(pg_catalog.=) any ('{function,procedure,aggregate}') then 'routine'
                    when i.type operator(pg_catalog.=) 'foreign-data wrapper' then 'foreign data wrapper'
                    when i.type operator(pg_catalog.=) 'statistics object' then 'statistics' else i.type end,
                i.identity)
            from objects o, pg_catalog.pg_identify_object(o.class, o.oid, 0) i
            -- Objects below this number were made by initdb (FirstNormalObjectId in PostgreSQL's transam.h).
            where o.oid operator(pg_catalog.>=) 16384::pg_catalog.oid
                and coalesce(i.schema, '') operator(pg_catalog.!~) '^(pg_.*|information_schema)$'
                and not exists (select from pg_catalog.pg_depend d where d.classid operator(pg_catalog.=) o.class
                    and d.objid operator(pg_catalog.=) o.oid and d.objsubid operator(pg_catalog.=) 0
                    and d.deptype operator(pg_catalog.=) any ('{e,i}'))
            -- A subscription with a slot cannot be dropped in a transaction. The slot stays on the publisher, and the
            -- subscription of the dump uses it again.
            union all select 3, pg_catalog.format(template, s.subname)
            from pg_catalog.pg_subscription s join pg_catalog.pg_database d on d.oid operator(pg_catalog.=) s.subdbid,
                pg_catalog.unnest('{alter subscription %I disable,alter subscription %I set (slot_name = none),
                    drop subscription %I}'::pg_catalog.text[]) template
            where d.datname operator(pg_catalog.=) pg_catalog.current_database()
            union all select 8, pg_catalog.format('drop user mapping if exists for %s server %I',
                case when m.umuser operator(pg_catalog.=) 0::pg_catalog.oid then 'public'
                    else pg_catalog.quote_ident(m.usename) end, m.srvname)
            from pg_catalog.pg_user_mappings m
            union all select 8, pg_catalog.format('drop transform if exists for %s language %I',
                a.object_names[1], a.object_args[1])
            from pg_catalog.pg_transform t, pg_catalog.pg_identify_object_as_address(
                'pg_catalog.pg_transform'::pg_catalog.regclass, t.oid, 0) a
            where t.oid operator(pg_catalog.>=) 16384::pg_catalog.oid
                and not exists (select from pg_catalog.pg_depend d
                    where d.classid operator(pg_catalog.=) 'pg_catalog.pg_transform'::pg_catalog.regclass
                    and d.objid operator(pg_catalog.=) t.oid and d.deptype operator(pg_catalog.=) 'e'))
        -- The commands for one subscription are in the order of the alphabet.
        select c.command from commands c order by c.place, c.command)
    loop
        execute command;
    end loop;

    -- Default privileges cannot be dropped. Those that PostgreSQL has itself are granted instead.
    foreach command in array array(
        with changed as (
            select pg_catalog.format('alter default privileges for role %I%s', pg_catalog.pg_get_userbyid(a.defaclrole),
                    case when n.oid is not null then pg_catalog.format(' in schema %I', n.nspname) end) as change,
                k.name as kind, a.defaclacl as present,
                case when n.oid is null then pg_catalog.acldefault(k.letter, a.defaclrole) end as builtin
            from pg_catalog.pg_default_acl a
                join (values ('r', 'r'::pg_catalog."char", 'tables'), ('S', 's', 'sequences'), ('f', 'f', 'functions'),
                        ('T', 'T', 'types'), ('n', 'n', 'schemas'), ('L', 'L', 'large objects'))
                    k (kind, letter, name) on k.kind::pg_catalog."char" operator(pg_catalog.=) a.defaclobjtype
                left join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) a.defaclnamespace
            where pg_catalog.pg_has_role(a.defaclrole, 'member'))
        select pg_catalog.format(step.template, c.change, e.privilege_type, c.kind,
            case when e.grantee operator(pg_catalog.=) 0::pg_catalog.oid then 'public'
                else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(e.grantee)) end)
        from changed c, (values (1, '%s revoke %s on %s from %s'), (2, '%s grant %s on %s to %s')) step (place, template),
            pg_catalog.aclexplode(case when step.place operator(pg_catalog.=) 1 then c.present else c.builtin end) e
        order by step.place)
    loop
        execute command;
    end loop;

    -- The rows of an extension's tables that pg_dump writes (pg_extension_config_dump).
    foreach command in array array(
        select pg_catalog.format('delete from only %I.%I %s', n.nspname, c.relname, t.condition)
        from pg_catalog.pg_extension x, rows from (pg_catalog.unnest(x.extconfig), pg_catalog.unnest(x.extcondition))
            t (class, condition)
            join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) t.class
            join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
        where c.relkind operator(pg_catalog.=) 'r')
    loop
        execute command;
    end loop;

    perform pg_catalog.lo_unlink(oid) from pg_catalog.pg_largeobject_metadata;
end
$clear$;
