-- The tables of brand monitoring, with two workspaces and a deleted one. Users: 1 to 3 are owner, administrator and member of
-- the first workspace, 4 is the owner of the second one, 5 is in none, and 6 is in the deleted one.
create table users (id integer primary key, name text not null);
create table workspaces (
    id uuid primary key, name text not null, slug text not null unique, owner_id integer not null,
    storage_quota bigint, is_active boolean not null default true, archived_at timestamptz, deleted_at timestamptz
);
create table workspace_members (
    workspace_id uuid not null references workspaces on delete cascade, user_id integer not null,
    role text not null check (role in ('OWNER', 'ADMIN', 'MEMBER')), primary key (workspace_id, user_id)
);
create table brands (
    id uuid primary key, workspace_id uuid not null references workspaces on delete cascade, name text not null
);
create table brand_monitors (
    id uuid primary key, workspace_id uuid not null references workspaces on delete cascade,
    brand_id uuid not null references brands on delete cascade, source text not null, status text not null default 'active'
);
create table brand_infringements (
    id uuid primary key default gen_random_uuid(), workspace_id uuid not null references workspaces on delete cascade,
    brand_id uuid not null references brands on delete cascade, title text not null, description text, type text not null,
    url text, domain text, severity text not null, status text not null default 'open',
    detected_at timestamptz not null default now(), resolved_at timestamptz, created_at timestamptz not null default now()
);
create table brand_alerts (
    id uuid primary key default gen_random_uuid(), workspace_id uuid not null references workspaces on delete cascade,
    brand_id uuid not null references brands on delete cascade,
    monitor_id uuid references brand_monitors on delete set null,
    infringement_id uuid references brand_infringements on delete set null, title text not null, description text, url text,
    severity text not null, status text not null default 'new', confidence integer,
    created_at timestamptz not null default now()
);
create table infringement_actions (
    id uuid primary key default gen_random_uuid(), workspace_id uuid not null references workspaces on delete cascade,
    infringement_id uuid not null references brand_infringements on delete cascade, action_type text not null, title text,
    status text not null default 'pending', priority integer not null default 3, assigned_to integer, result text,
    created_at timestamptz not null default now(), completed_at timestamptz
);
create index on brand_alerts (workspace_id, created_at desc, id desc);
create index on brand_infringements (workspace_id, detected_at desc, id desc);
create index on infringement_actions (workspace_id, created_at desc, id desc);
create index on infringement_actions (infringement_id);

insert into users select n, 'User ' || n from generate_series(1, 6) n;
insert into workspaces (id, name, slug, owner_id, deleted_at) values
    ('00000000-0000-4000-8000-00000000000a', 'Acme', 'acme', 1, null),
    ('00000000-0000-4000-8000-00000000000b', 'Beta', 'beta', 4, null),
    ('00000000-0000-4000-8000-00000000000d', 'Gone', 'gone', 6, now());
insert into workspace_members values
    ('00000000-0000-4000-8000-00000000000a', 1, 'OWNER'), ('00000000-0000-4000-8000-00000000000a', 2, 'ADMIN'),
    ('00000000-0000-4000-8000-00000000000a', 3, 'MEMBER'), ('00000000-0000-4000-8000-00000000000b', 4, 'OWNER'),
    ('00000000-0000-4000-8000-00000000000d', 6, 'OWNER');
insert into brands select id, id, name || ' brand' from workspaces;
insert into brand_monitors select id, id, id, lower(name) || '-web' from workspaces;
insert into brand_monitors (id, workspace_id, brand_id, source)
    select ('00000000-0000-4000-8001' || right(id::text, 13))::uuid, id, id, lower(name) || '-shop' from workspaces;
insert into brand_infringements (workspace_id, brand_id, title, type, url, domain, severity, status, detected_at)
    select w.id, w.id, w.name || ' infringement ' || n, lower(w.name) || case when n % 7 = 0 then '-kind' else '-type' end, 'https://example.org/' || n, 'example.org',
        ('{critical,high,medium,low}'::text[])[n % 4 + 1],
        ('{open,investigating,in_progress,resolved,dismissed}'::text[])[n % 5 + 1],
        '2026-01-01 00:00:00+00'::timestamptz + n * interval '1 hour'
    from workspaces w, generate_series(1, 60) n;
insert into brand_alerts (workspace_id, brand_id, monitor_id, title, url, severity, status, confidence, created_at)
    select w.id, w.id, case when n % 6 = 0 then ('00000000-0000-4000-8001' || right(w.id::text, 13))::uuid else w.id end,
        w.name || ' alert ' || n, 'https://example.org/' || n,
        ('{critical,high,medium,low}'::text[])[n % 4 + 1],
        ('{new,acknowledged,dismissed,escalated}'::text[])[n / 4 % 4 + 1], n % 100,
        '2026-01-01 00:00:00+00'::timestamptz + n * interval '1 minute'
    from workspaces w, generate_series(1, 300) n;
insert into infringement_actions (workspace_id, infringement_id, action_type, status, priority, assigned_to, result, created_at)
    select i.workspace_id, i.id, 'takedown', ('{pending,in_progress,completed,failed,cancelled}'::text[])[n % 5 + 1], n,
        case when i.workspace_id = '00000000-0000-4000-8000-00000000000a' then 4 - n else 4 end, i.title || ' result',
        i.detected_at + n * interval '1 minute'
    from brand_infringements i, generate_series(1, 2) n;
