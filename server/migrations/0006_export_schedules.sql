-- Exports that are made again and again, or once at a later time.
create table decant.export_schedules (
    id bigint generated always as identity primary key,
    name text not null,
    -- Who asked, and with which credential, as in data_exports. The runs have no more rights than these have then.
    subject text not null,
    caller text not null,
    credential text not null,
    role text not null check (role in ('admin', 'user')),
    authorized_at timestamptz not null default now(),
    -- The export, as in data_exports.
    scope jsonb not null,
    workspace_id text,
    export_type text not null check (export_type in ('dataset', 'user_data', 'bulk_data', 'conversations', 'report')),
    dataset text not null,
    format text not null,
    options jsonb not null,
    parameters jsonb not null,
    selection jsonb not null,
    retention_hours integer not null check (retention_hours > 0),
    -- A name of files with {date} and {time}, or null: that of a dataset without one.
    file_name_pattern text,
    -- The request, as it was sent and changed.
    request jsonb not null,
    -- `once`, `daily`, `weekly`, `monthly`, a time of day, or a pattern of cron.
    schedule_pattern text not null,
    zone text not null,
    starts_at timestamptz not null,
    missed text not null check (missed in ('once', 'skip')),
    next_run_time timestamptz,
    last_run_time timestamptz,
    last_export_id uuid references decant.data_exports on delete set null,
    status text not null default 'active' check (status in ('active', 'paused', 'ended', 'error')),
    -- In a row, until now.
    failure_count integer not null default 0,
    max_failures integer not null check (max_failures > 0),
    last_error text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index export_schedules_due on decant.export_schedules (next_run_time, id) where status = 'active';
create index export_schedules_stopped on decant.export_schedules (id) where status = 'error';
create index export_schedules_mine on decant.export_schedules (subject, id desc);
create index export_schedules_last on decant.export_schedules (last_export_id) where last_export_id is not null;

alter table decant.data_exports
    add column schedule_id bigint references decant.export_schedules on delete set null,
    -- The time of the schedule that this run is for; null for one that a person started.
    add column due timestamptz,
    -- When the credential was shown, where that was before the export was created.
    add column authorized_at timestamptz;
-- One run for each time of a schedule, on any number of servers.
create unique index data_exports_one_run on decant.data_exports (schedule_id, due) where schedule_id is not null;
