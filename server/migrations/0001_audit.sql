-- Missing only where no older version's `decant_audit` became this table.
create table if not exists decant.audit (
    id bigint generated always as identity primary key,
    at pg_catalog.timestamptz not null,
    action pg_catalog.text not null,
    level pg_catalog.text not null,
    caller pg_catalog.text,
    request pg_catalog.text,
    details pg_catalog.jsonb not null
);
create index if not exists decant_audit_at on decant.audit (at);
