-- Schedules whose runs have the rows that have come since the run before.
alter table decant.export_schedules
    add column incremental boolean not null default false,
    -- The rows before this time are in the files of earlier runs. Null: no run has been complete.
    add column watermark timestamptz;

alter table decant.data_exports
    add column incremental boolean not null default false,
    -- The rows of the run are from the first of these times, and before the second one. A repetition of the export has the same.
    add column rows_from timestamptz,
    add column rows_before timestamptz;
-- One run of such a schedule at a time. A second one would begin with the same rows.
create unique index data_exports_one_increment on decant.data_exports (schedule_id)
    where incremental and status in ('scheduled', 'queued', 'processing');
