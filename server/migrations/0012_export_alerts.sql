-- What operators should hear of, while it lasts.
create table decant.export_alerts (
    kind text primary key check (kind in ('failures', 'waiting', 'storage')),
    message text not null,
    since timestamptz not null default now()
);

-- The exports of the last minutes that ended with a file or without one.
create index data_exports_ended on decant.data_exports (completed_at) where status in ('completed', 'failed');

-- An alert, as a webhook gets it.
alter table decant.export_deliveries
    add column alert jsonb,
    drop constraint export_deliveries_event_check,
    add constraint export_deliveries_event_check
        check (event in ('export.completed', 'export.failed', 'schedule.stopped', 'export.alert')),
    drop constraint export_deliveries_check,
    add constraint export_deliveries_of_one check (num_nonnulls(export_id, schedule_id, alert) = 1);
create index export_deliveries_of_alerts on decant.export_deliveries (ended_at) where alert is not null;
