-- Conversations with a language model. Keys and indexes are in conversations_keys.sql.

create table public.conversations (
    id pg_catalog.uuid not null default pg_catalog.gen_random_uuid(),
    title pg_catalog.text not null,
    persona pg_catalog.text,
    emotion pg_catalog.text,
    topic pg_catalog.text,
    tier pg_catalog.text not null default 'template',
    status pg_catalog.text not null default 'draft',
    category pg_catalog.text[] not null default '{}',
    quality_score numeric(5, 2),
    total_turns integer not null default 0,
    total_tokens integer,
    parent_id pg_catalog.uuid,
    parent_type pg_catalog.text,
    parameters pg_catalog.jsonb not null default '{}',
    -- [{"at": …, "by": …, "action": …, "comment": …}]
    review_history pg_catalog.jsonb not null default '[]',
    -- A user of the hub.
    created_by integer not null,
    approved_by integer,
    approved_at pg_catalog.timestamptz,
    created_at pg_catalog.timestamptz not null default pg_catalog.now(),
    updated_at pg_catalog.timestamptz not null default pg_catalog.now()
);

create table public.conversation_turns (
    id bigint generated always as identity,
    conversation_id pg_catalog.uuid not null,
    turn_number integer not null,
    role pg_catalog.text not null,
    content pg_catalog.text not null,
    token_count integer,
    created_at pg_catalog.timestamptz not null default pg_catalog.now()
);

comment on table public.conversations is 'decant demo';
comment on table public.conversation_turns is 'decant demo';
