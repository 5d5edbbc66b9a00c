create table if not exists decant_audit (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    action text not null,
    level text not null,
    caller text,
    request text,
    details jsonb not null
);
create index if not exists decant_audit_at on decant_audit (at);
