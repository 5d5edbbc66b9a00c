-- Files of exports that leave by e-mail, and webhooks that hear of them. Each row has one recipient.
create table decant.export_deliveries (
    id uuid primary key,
    export_id uuid references decant.data_exports on delete cascade,
    -- A schedule that has stopped, for its owner.
    schedule_id bigint references decant.export_schedules on delete cascade,
    kind text not null check (kind in ('email', 'webhook')),
    -- An address of e-mail, or the whole address of a webhook.
    target text not null,
    -- Signs the requests to the webhook; null: the secret of the server.
    secret text,
    -- Whether the recipient hears of a failure, too.
    on_failure boolean not null,
    -- Null until the export has ended.
    event text check (event in ('export.completed', 'export.failed', 'schedule.stopped')),
    status text not null check (status in ('waiting', 'queued', 'sending', 'delivered', 'failed', 'cancelled')),
    attempts smallint not null default 0,
    not_before timestamptz not null default now(),
    lease_until timestamptz,
    lease_fence bigint not null default 0,
    last_error text,
    created_at timestamptz not null default now(),
    ended_at timestamptz,
    check (num_nonnulls(export_id, schedule_id) = 1),
    check ((status in ('queued', 'sending', 'delivered', 'failed')) <= (event is not null))
);
create index export_deliveries_due on decant.export_deliveries (not_before, id) where status = 'queued';
create index export_deliveries_leases on decant.export_deliveries (lease_until) where status = 'sending';
create index export_deliveries_of on decant.export_deliveries (export_id, id) where export_id is not null;
create index export_deliveries_of_schedules on decant.export_deliveries (schedule_id) where schedule_id is not null;

-- The recipients of each run, with the webhook's secret; null: none.
alter table decant.export_schedules add column delivery jsonb;
