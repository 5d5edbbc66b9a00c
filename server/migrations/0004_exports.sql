-- Background exports, their files and what happened to them.
create table decant.data_exports (
    id uuid primary key,
    -- Who asked, as records write it: `hub:7`, `jwt:6f96…`, `token:admin`, `operator`.
    subject text not null,
    caller text not null,
    -- The credential that asked: `key:12`, `token:` and a hash, `jwt`, `operator`. The export has no more rights than it has then.
    credential text not null,
    role text not null check (role in ('admin', 'user')),
    -- The rows of the file: {"all":true}, {"owner":"hub:7"} or {"workspace":"…","role":"MEMBER"}.
    scope jsonb not null,
    workspace_id text,
    export_type text not null check (export_type in ('dataset', 'user_data', 'bulk_data', 'conversations', 'report')),
    -- A dataset, or a bundle.
    dataset text not null,
    format text not null,
    -- Of the file.
    options jsonb not null default '{}',
    -- As they were sent.
    parameters jsonb not null default '{}',
    -- Words of the address of a direct export with the same rows: [["start","2026-01-01"], …].
    selection jsonb not null default '[]',
    snapshot_at timestamptz,
    parent_id uuid references decant.data_exports on delete set null,
    status text not null
        check (status in ('scheduled', 'queued', 'processing', 'completed', 'failed', 'cancelled', 'expired')),
    priority smallint not null default 0 check (priority between -10 and 10),
    not_before timestamptz not null default now(),
    attempts smallint not null default 0,
    attempts_max smallint not null default 3,
    lease_holder text,
    lease_until timestamptz,
    lease_fence bigint not null default 0,
    cancel_asked boolean not null default false,
    progress smallint not null default 0 check (progress between 0 and 100),
    rows_done bigint not null default 0,
    rows_expected bigint,
    bytes_done bigint not null default 0,
    -- Conversations, where those are counted.
    total_items bigint,
    -- Of its owner's storage, in advance while the file is written.
    reserved_bytes bigint not null default 0,
    -- In the storage; null once the file was removed.
    file_key text,
    file_name text,
    file_bytes bigint,
    raw_bytes bigint,
    record_count bigint,
    sha256 text,
    encrypted boolean not null default false,
    error_code text,
    error_message text,
    retention_hours integer not null check (retention_hours > 0),
    created_at timestamptz not null default now(),
    started_at timestamptz,
    completed_at timestamptz,
    expires_at timestamptz,
    download_count bigint not null default 0,
    last_downloaded_at timestamptz,
    verified_at timestamptz,
    verification jsonb,
    check ((status = 'completed') <= (file_bytes is not null and sha256 is not null and completed_at is not null))
);
-- A person's queue within each workspace, for the claim.
create index data_exports_lanes on decant.data_exports
    (subject, (coalesce(workspace_id, '')), priority desc, not_before, id) where status = 'queued';
create index data_exports_due on decant.data_exports (priority desc, not_before, id) where status = 'queued';
create index data_exports_scheduled on decant.data_exports (not_before) where status = 'scheduled';
create index data_exports_leases on decant.data_exports (lease_until) where status = 'processing';
create index data_exports_mine on decant.data_exports (subject, created_at desc, id desc);
create index data_exports_of_workspace on decant.data_exports (workspace_id, created_at desc, id desc)
    where workspace_id is not null;
create index data_exports_newest on decant.data_exports (created_at desc, id desc);
create index data_exports_of_status on decant.data_exports (status, created_at desc, id desc);
create index data_exports_expiry on decant.data_exports (expires_at) where status = 'completed';
create index data_exports_of_parent on decant.data_exports (parent_id) where parent_id is not null;
-- Files that the clean-up still has to remove.
create index data_exports_files on decant.data_exports (file_key) where file_key is not null;

create table decant.export_logs (
    id bigint generated always as identity primary key,
    export_id uuid not null references decant.data_exports on delete cascade,
    timestamp timestamptz not null default now(),
    event_type text not null check (event_type in ('created', 'start', 'progress', 'complete', 'error', 'retry', 'cancel',
        'download', 'verify', 'deliver', 'expire')),
    level text not null check (level in ('info', 'warn', 'error')),
    message text not null,
    details jsonb
);
create index export_logs_of on decant.export_logs (export_id, id desc);

create table decant.export_links (
    id uuid primary key,
    export_id uuid not null references decant.data_exports on delete cascade,
    -- Subject, name, credential and role of the maker, whose right counts when the link is used.
    made_by text not null,
    maker text not null,
    credential text not null,
    role text not null check (role in ('admin', 'user')),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    once boolean not null default false,
    used_at timestamptz,
    revoked_at timestamptz
);
create index export_links_of on decant.export_links (export_id);

-- Answers to requests with the header `Idempotency-Key`.
create table decant.idempotency_keys (
    subject text not null,
    key text not null,
    request_hash text not null,
    status smallint not null,
    answer text not null,
    location text,
    created_at timestamptz not null default now(),
    primary key (subject, key)
);
create index idempotency_keys_age on decant.idempotency_keys (created_at);

-- When a person's export was last taken by a worker: among equals, who waited longest is next.
create table decant.export_turns (
    subject text primary key,
    claimed_at timestamptz not null
);

-- Creations that the limit of an hour counts. A deleted export still counts.
create table decant.export_creations (
    subject text not null,
    created_at timestamptz not null default clock_timestamp()
);
create index export_creations_of on decant.export_creations (subject, created_at);

-- The settings in force, written at each start for people who look here.
create table decant.export_config (
    config_key text primary key,
    config_value text not null,
    config_type text not null check (config_type in ('STRING', 'NUMBER', 'BOOLEAN', 'JSON')),
    description text not null,
    updated_at timestamptz not null default now()
);

-- Sums that stay when records are removed. The date is that of the end, in UTC.
create table decant.export_analytics (
    date date not null,
    export_type text not null,
    dataset text not null,
    format text not null,
    scope text not null,
    total_exports bigint not null default 0,
    successful_exports bigint not null default 0,
    failed_exports bigint not null default 0,
    total_size_bytes bigint not null default 0,
    total_records bigint not null default 0,
    total_processing_time_ms bigint not null default 0,
    total_downloads bigint not null default 0,
    unique_users bigint not null default 0,
    primary key (date, export_type, dataset, format, scope)
);

-- The owner is a subject, or `workspace:` with an id. Without a quota, the setting applies.
create table decant.storage_usage (
    owner text primary key,
    used_bytes bigint not null default 0 check (used_bytes >= 0),
    quota_bytes bigint,
    updated_at timestamptz not null default now()
);

create view decant.export_requests as
    select id, subject as user_id, export_type as request_type, format, parameters, status, priority,
           not_before as scheduled_at, created_at, started_at as processed_at, completed_at, error_message
    from decant.data_exports where status in ('scheduled', 'queued', 'processing');

create view decant.batch_jobs as
    select id as export_id, status, progress, coalesce(total_items, rows_expected) as total_items
    from decant.data_exports where export_type = 'conversations';

create view decant.export_summary as
    select id, subject as user_id, caller, workspace_id, export_type, dataset, format, status, file_name,
           file_bytes as file_size, record_count, created_at, completed_at, expires_at, download_count, last_downloaded_at,
           (extract(epoch from completed_at - coalesce(started_at, created_at)) * 1000)::bigint as processing_time_ms,
           round(raw_bytes::numeric / nullif(file_bytes, 0), 2) as compression_ratio,
           coalesce(expires_at < now(), false) as is_expired
    from decant.data_exports;

create view decant.export_health_metrics as
    select export_type, format, dataset, count(*) as total_exports,
           count(*) filter (where status in ('completed', 'expired')) as successful_exports,
           count(*) filter (where status = 'failed') as failed_exports,
           count(*) filter (where status = 'processing') as processing_exports,
           count(*) filter (where status in ('queued', 'scheduled')) as waiting_exports,
           round(100.0 * count(*) filter (where status in ('completed', 'expired'))
                 / nullif(count(*) filter (where status in ('completed', 'expired', 'failed')), 0), 2)
               as success_rate_percent,
           max(created_at) as last_export_date,
           coalesce(sum(file_bytes), 0)::bigint as total_export_size,
           avg(record_count)::bigint as avg_records_per_export,
           avg(file_bytes)::bigint as avg_export_size,
           avg(extract(epoch from completed_at - started_at) * 1000)::bigint as avg_processing_time_ms,
           sum(download_count)::bigint as total_downloads
    from decant.data_exports where created_at >= now() - interval '30 days'
    group by export_type, format, dataset;

create view decant.user_export_summary as
    select subject as user_id, max(caller) as username, count(*) as total_exports,
           count(*) filter (where status in ('completed', 'expired')) as completed_exports,
           count(*) filter (where status = 'failed') as failed_exports,
           coalesce(sum(file_bytes), 0)::bigint as total_export_size,
           sum(download_count)::bigint as total_downloads,
           max(created_at) as last_export_date, min(created_at) as first_export_date
    from decant.data_exports group by subject;

create view decant.conversation_export_logs as
    select id, id as export_id, subject as user_id, created_at as timestamp, format, parameters as config,
           total_items as conversation_count, file_bytes as file_size, status,
           case when status = 'completed' then '/api/export/download/' || id end as file_url,
           expires_at, error_message, created_at, coalesce(completed_at, started_at, created_at) as updated_at
    from decant.data_exports where export_type = 'conversations';
