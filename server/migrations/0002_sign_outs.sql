-- Sessions that ended before their time. A row is removed once all sessions that it ends would have expired by themselves.
create table decant.ended_sessions (
    session pg_catalog.text primary key,
    forget_at pg_catalog.timestamptz not null
);
-- All sessions of a subject that began before a time; the subject `*` is everybody.
create table decant.ended_subjects (
    subject pg_catalog.text primary key,
    began_before pg_catalog.timestamptz not null,
    forget_at pg_catalog.timestamptz not null
);
