-- The tables of claude-code-hub that Decant reads, as far as they are public: names, types and nullability.
-- Everything lies in schema public; the comment on each table tells the demo's tables from a real hub's.

do $$ begin
    create type public.daily_reset_mode as enum ('fixed', 'rolling');
exception when duplicate_object then null;
end $$;

create table public.users (
    id serial primary key,
    name varchar not null,
    description pg_catalog.text,
    role varchar default 'user',
    rpm_limit integer,
    daily_limit_usd numeric(10, 2),
    provider_group varchar(200) default 'default',
    tags pg_catalog.jsonb default '[]',
    limit_5h_usd numeric(10, 2),
    limit_weekly_usd numeric(10, 2),
    limit_monthly_usd numeric(10, 2),
    limit_total_usd numeric(10, 2),
    limit_5h_reset_mode public.daily_reset_mode not null default 'rolling',
    daily_reset_mode public.daily_reset_mode not null default 'fixed',
    daily_reset_time varchar(5) not null default '00:00',
    cost_reset_at pg_catalog.timestamptz,
    limit_5h_cost_reset_at pg_catalog.timestamptz,
    limit_concurrent_sessions integer,
    is_enabled boolean not null default true,
    expires_at pg_catalog.timestamptz,
    allowed_clients pg_catalog.jsonb default '[]',
    allowed_models pg_catalog.jsonb default '[]',
    blocked_clients pg_catalog.jsonb default '[]',
    created_at pg_catalog.timestamptz default pg_catalog.now(),
    updated_at pg_catalog.timestamptz default pg_catalog.now(),
    deleted_at pg_catalog.timestamptz
);

create table public.keys (
    id serial primary key,
    user_id integer not null,
    key varchar not null,
    name varchar not null,
    is_enabled boolean default true,
    -- Without a zone, unlike the users' one.
    expires_at pg_catalog.timestamp,
    can_login_web_ui boolean default false,
    limit_5h_usd numeric(10, 2),
    limit_daily_usd numeric(10, 2),
    limit_5h_reset_mode public.daily_reset_mode not null default 'rolling',
    daily_reset_mode public.daily_reset_mode not null default 'fixed',
    daily_reset_time varchar(5) not null default '00:00',
    limit_weekly_usd numeric(10, 2),
    limit_monthly_usd numeric(10, 2),
    limit_total_usd numeric(10, 2),
    cost_reset_at pg_catalog.timestamptz,
    limit_concurrent_sessions integer default 0,
    provider_group varchar(200) default 'default',
    cache_ttl_preference varchar(10),
    created_at pg_catalog.timestamptz default pg_catalog.now(),
    updated_at pg_catalog.timestamptz default pg_catalog.now(),
    deleted_at pg_catalog.timestamptz
);

create table public.provider_vendors (
    id serial primary key,
    website_domain varchar(255) not null unique,
    display_name varchar(200),
    website_url pg_catalog.text,
    favicon_url pg_catalog.text,
    created_at pg_catalog.timestamptz default pg_catalog.now(),
    updated_at pg_catalog.timestamptz default pg_catalog.now()
);

create table public.providers (
    id serial primary key,
    name varchar not null,
    description pg_catalog.text,
    url varchar not null,
    key varchar not null,
    provider_vendor_id integer not null references public.provider_vendors on delete restrict,
    is_enabled boolean not null default true,
    weight integer not null default 1,
    priority integer not null default 0,
    group_priorities pg_catalog.jsonb,
    cost_multiplier numeric(10, 4) default 1.0,
    group_tag varchar(255),
    provider_type varchar(20) not null default 'claude',
    preserve_client_ip boolean not null default false,
    model_redirects pg_catalog.jsonb,
    allowed_models pg_catalog.jsonb,
    allowed_clients pg_catalog.jsonb default '[]',
    blocked_clients pg_catalog.jsonb default '[]',
    limit_5h_usd numeric(10, 2),
    limit_daily_usd numeric(10, 2),
    daily_reset_mode public.daily_reset_mode not null default 'fixed',
    daily_reset_time varchar(5) not null default '00:00',
    limit_weekly_usd numeric(10, 2),
    limit_monthly_usd numeric(10, 2),
    limit_total_usd numeric(10, 2),
    total_cost_reset_at pg_catalog.timestamptz,
    limit_concurrent_sessions integer default 0,
    max_retry_attempts integer,
    circuit_breaker_failure_threshold integer default 5,
    circuit_breaker_open_duration integer default 1800000,
    circuit_breaker_half_open_success_threshold integer default 2,
    proxy_url varchar(512),
    proxy_fallback_to_direct boolean default false,
    custom_headers pg_catalog.jsonb,
    first_byte_timeout_streaming_ms integer not null default 0,
    streaming_idle_timeout_ms integer not null default 0,
    request_timeout_non_streaming_ms integer not null default 0,
    website_url pg_catalog.text,
    favicon_url pg_catalog.text,
    cache_ttl_preference varchar(10),
    context_1m_preference varchar(20),
    codex_reasoning_effort_preference varchar(20),
    codex_reasoning_summary_preference varchar(20),
    codex_text_verbosity_preference varchar(10),
    codex_parallel_tool_calls_preference varchar(10),
    tpm integer default 0,
    rpm integer default 0,
    rpd integer default 0,
    cc integer default 0,
    created_at pg_catalog.timestamptz default pg_catalog.now(),
    updated_at pg_catalog.timestamptz default pg_catalog.now(),
    deleted_at pg_catalog.timestamptz
);

create table public.provider_endpoints (
    id serial primary key,
    vendor_id integer not null references public.provider_vendors on delete cascade,
    provider_type varchar(20) not null default 'claude',
    url pg_catalog.text not null,
    label varchar(200),
    sort_order integer not null default 0,
    is_enabled boolean not null default true,
    last_probed_at pg_catalog.timestamptz,
    last_probe_ok boolean,
    last_probe_status_code integer,
    last_probe_latency_ms integer,
    last_probe_error_type varchar(64),
    last_probe_error_message pg_catalog.text,
    created_at pg_catalog.timestamptz default pg_catalog.now(),
    updated_at pg_catalog.timestamptz default pg_catalog.now(),
    deleted_at pg_catalog.timestamptz
);

create table public.provider_endpoint_probe_logs (
    id serial primary key,
    endpoint_id integer not null references public.provider_endpoints on delete cascade,
    source varchar(20) not null default 'scheduled',
    ok boolean not null,
    status_code integer,
    latency_ms integer,
    error_type varchar(64),
    error_message pg_catalog.text,
    created_at pg_catalog.timestamptz default pg_catalog.now()
);

create table public.message_request (
    id serial,
    -- No foreign keys: a blocked request has provider 0, and rows outlive users, keys and providers.
    provider_id integer not null,
    user_id integer not null,
    key varchar not null,
    model varchar(128),
    duration_ms integer,
    cost_usd numeric(21, 15) default 0,
    cost_multiplier numeric(10, 4),
    group_cost_multiplier numeric(10, 4),
    cost_breakdown pg_catalog.jsonb,
    session_id varchar(64),
    session_identity varchar(64),
    session_identity_kind varchar(20),
    affinity_scope_tag varchar(16),
    affinity_fingerprint varchar(64),
    affinity_fingerprint_chain pg_catalog.jsonb,
    is_replay boolean not null default false,
    replay_source_request_id integer,
    request_sequence integer default 1,
    provider_chain pg_catalog.jsonb,
    routing_trace pg_catalog.jsonb,
    status_code integer,
    api_type varchar(20),
    endpoint varchar(256),
    original_model varchar(128),
    actual_response_model varchar(128),
    input_tokens bigint,
    output_tokens bigint,
    ttfb_ms integer,
    first_byte_ms integer,
    cache_creation_input_tokens bigint,
    cache_read_input_tokens bigint,
    cache_creation_5m_input_tokens bigint,
    cache_creation_1h_input_tokens bigint,
    cache_ttl_applied varchar(10),
    context_1m_applied boolean default false,
    swap_cache_ttl_applied boolean default false,
    special_settings pg_catalog.jsonb,
    hedge_losers pg_catalog.jsonb,
    error_message pg_catalog.text,
    error_stack pg_catalog.text,
    error_cause pg_catalog.text,
    blocked_by varchar(50),
    blocked_reason pg_catalog.text,
    user_agent varchar(512),
    client_ip varchar(45),
    messages_count integer,
    cache_compatibility_key varchar(64),
    cache_score_eligible boolean,
    cache_score_excluded_reason varchar(32),
    theoretical_cache_tokens bigint,
    cache_ttl_bucket varchar(10),
    created_at pg_catalog.timestamptz default pg_catalog.now(),
    updated_at pg_catalog.timestamptz default pg_catalog.now(),
    deleted_at pg_catalog.timestamptz
);

-- Not unique, as in the hub: the same key string may stand in several rows.
create index idx_keys_key on public.keys (key);
create index idx_keys_user_id on public.keys (user_id);
create index idx_users_deleted_at on public.users (deleted_at);
create index idx_providers_deleted_at on public.providers (deleted_at);
create index idx_provider_endpoint_probe_logs_endpoint_created_at
    on public.provider_endpoint_probe_logs (endpoint_id, created_at desc);
create index idx_provider_endpoint_probe_logs_created_at on public.provider_endpoint_probe_logs (created_at);

comment on table public.users is 'decant demo';
comment on table public.keys is 'decant demo';
comment on table public.provider_vendors is 'decant demo';
comment on table public.providers is 'decant demo';
comment on table public.provider_endpoints is 'decant demo';
comment on table public.provider_endpoint_probe_logs is 'decant demo';
comment on table public.message_request is 'decant demo';
