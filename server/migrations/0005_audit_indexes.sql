-- The dataset `audit-log` reads its rows in the order (at, id): all, those of a workspace, and those of a filter.
create index audit_by_time on decant.audit (at, id);
drop index if exists decant.decant_audit_at;
create index audit_by_action on decant.audit (action, at, id);
create index audit_by_caller on decant.audit (caller, at, id);
create index audit_by_workspace on decant.audit ((details ->> 'workspace'), at, id)
    where (details ->> 'workspace') is not null;
create index audit_by_export on decant.audit ((details ->> 'export'), at, id)
    where (details ->> 'export') is not null;
