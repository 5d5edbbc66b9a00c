-- What other roles could let this role run: objects of theirs in our place, and triggers and rules on our tables.
with used as (
    select c.oid, c.relowner from pg_catalog.pg_class c
    left join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
    where (n.nspname operator(pg_catalog.=) 'decant'
           -- The table of older versions counts as long as it may be adopted.
           or (c.oid operator(pg_catalog.=) pg_catalog.to_regclass('decant_audit')
               and pg_catalog.to_regclass('decant.audit') is null))
    and c.relkind operator(pg_catalog.<>) 'i'
)
select pg_catalog.concat('the schema decant belongs to the role ', r.rolname)
from pg_catalog.pg_namespace n join pg_catalog.pg_roles r on r.oid operator(pg_catalog.=) n.nspowner
where n.nspname operator(pg_catalog.=) 'decant' and r.rolname operator(pg_catalog.<>) current_user
union all
select pg_catalog.concat(u.oid::pg_catalog.regclass, ' belongs to the role ', r.rolname)
from used u join pg_catalog.pg_roles r on r.oid operator(pg_catalog.=) u.relowner
where r.rolname operator(pg_catalog.<>) current_user
union all
select pg_catalog.concat(u.oid::pg_catalog.regclass, ' has the trigger ', t.tgname)
from used u join pg_catalog.pg_trigger t on t.tgrelid operator(pg_catalog.=) u.oid
where not t.tgisinternal
union all
select pg_catalog.concat(u.oid::pg_catalog.regclass, ' has the rule ', w.rulename)
from used u join pg_catalog.pg_rewrite w on w.ev_class operator(pg_catalog.=) u.oid
-- A view's own.
where w.rulename operator(pg_catalog.<>) '_RETURN'
