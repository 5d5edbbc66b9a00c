-- Workspaces and what they watch: brands, monitors, infringements, alerts, actions. Keys and indexes are in brands_keys.sql.

create table public.workspaces (
    id pg_catalog.uuid not null default pg_catalog.gen_random_uuid(),
    name pg_catalog.text not null,
    slug pg_catalog.text not null,
    owner_id integer not null,
    -- Bytes. Null: the setting.
    storage_quota bigint,
    is_active boolean not null default true,
    archived_at pg_catalog.timestamptz,
    deleted_at pg_catalog.timestamptz,
    created_at pg_catalog.timestamptz not null default pg_catalog.now(),
    updated_at pg_catalog.timestamptz not null default pg_catalog.now()
);

create table public.workspace_members (
    workspace_id pg_catalog.uuid not null,
    -- A user of the hub.
    user_id integer not null,
    role pg_catalog.text not null,
    created_at pg_catalog.timestamptz not null default pg_catalog.now()
);

create table public.brands (
    id pg_catalog.uuid not null default pg_catalog.gen_random_uuid(),
    workspace_id pg_catalog.uuid not null,
    name pg_catalog.text not null,
    description pg_catalog.text,
    website pg_catalog.text,
    priority integer not null default 3,
    status pg_catalog.text not null default 'active',
    created_at pg_catalog.timestamptz not null default pg_catalog.now()
);

create table public.brand_monitors (
    id pg_catalog.uuid not null default pg_catalog.gen_random_uuid(),
    workspace_id pg_catalog.uuid not null,
    brand_id pg_catalog.uuid not null,
    source pg_catalog.text not null,
    status pg_catalog.text not null default 'active',
    created_at pg_catalog.timestamptz not null default pg_catalog.now()
);

create table public.brand_infringements (
    id pg_catalog.uuid not null default pg_catalog.gen_random_uuid(),
    workspace_id pg_catalog.uuid not null,
    brand_id pg_catalog.uuid not null,
    title pg_catalog.text not null,
    description pg_catalog.text,
    type pg_catalog.text not null,
    url pg_catalog.text,
    domain pg_catalog.text,
    severity pg_catalog.text not null,
    status pg_catalog.text not null default 'open',
    detected_at pg_catalog.timestamptz not null default pg_catalog.now(),
    resolved_at pg_catalog.timestamptz,
    created_at pg_catalog.timestamptz not null default pg_catalog.now()
);

create table public.brand_alerts (
    id pg_catalog.uuid not null default pg_catalog.gen_random_uuid(),
    workspace_id pg_catalog.uuid not null,
    brand_id pg_catalog.uuid not null,
    monitor_id pg_catalog.uuid,
    infringement_id pg_catalog.uuid,
    title pg_catalog.text not null,
    description pg_catalog.text,
    url pg_catalog.text,
    severity pg_catalog.text not null,
    status pg_catalog.text not null default 'new',
    confidence integer,
    created_at pg_catalog.timestamptz not null default pg_catalog.now()
);

create table public.infringement_actions (
    id pg_catalog.uuid not null default pg_catalog.gen_random_uuid(),
    workspace_id pg_catalog.uuid not null,
    infringement_id pg_catalog.uuid not null,
    action_type pg_catalog.text not null,
    title pg_catalog.text,
    status pg_catalog.text not null default 'pending',
    priority integer not null default 3,
    assigned_to integer,
    result pg_catalog.text,
    created_at pg_catalog.timestamptz not null default pg_catalog.now(),
    completed_at pg_catalog.timestamptz
);

comment on table public.workspaces is 'decant demo';
comment on table public.workspace_members is 'decant demo';
comment on table public.brands is 'decant demo';
comment on table public.brand_monitors is 'decant demo';
comment on table public.brand_infringements is 'decant demo';
comment on table public.brand_alerts is 'decant demo';
comment on table public.infringement_actions is 'decant demo';
