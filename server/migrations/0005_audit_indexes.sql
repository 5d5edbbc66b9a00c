-- The dataset `audit-log` reads its rows in the order (at, id): all, those of a workspace, and those of a filter.
-- A key of an index has 2,704 bytes at most.
update decant.audit set caller = left(caller, 200) where length(caller) > 200;
update decant.audit set details = details || jsonb_build_object('workspace', left(details ->> 'workspace', 200))
    where length(details ->> 'workspace') > 200;
update decant.audit set details = details || jsonb_build_object('export', left(details ->> 'export', 200))
    where length(details ->> 'export') > 200;
create index audit_by_time on decant.audit (at, id);
drop index if exists decant.decant_audit_at;
create index audit_by_action on decant.audit (action, at, id);
create index audit_by_caller on decant.audit (caller, at, id);
create index audit_by_workspace on decant.audit ((details ->> 'workspace'), at, id)
    where (details ->> 'workspace') is not null;
create index audit_by_export on decant.audit ((details ->> 'export'), at, id)
    where (details ->> 'export') is not null;
