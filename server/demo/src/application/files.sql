-- What is known of a user's files. Their bytes are in a storage. Keys and indexes are in files_keys.sql.

create table public.saved_files (
    file_id pg_catalog.uuid not null default pg_catalog.gen_random_uuid(),
    -- A user of the hub.
    user_id integer not null,
    file_name pg_catalog.text not null,
    -- The key in the storage.
    file_path pg_catalog.text not null,
    file_size bigint not null,
    content_type pg_catalog.text,
    system_tags pg_catalog.jsonb not null default '[]',
    user_tags pg_catalog.jsonb not null default '[]',
    metadata pg_catalog.jsonb not null default '{}',
    uploaded_at pg_catalog.timestamptz not null default pg_catalog.now()
);

comment on table public.saved_files is 'decant demo';
