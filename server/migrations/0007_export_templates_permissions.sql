-- What people and roles may do with exports.
create table decant.export_permissions (
    id bigint generated always as identity primary key,
    -- A person, as records write them, or a role: `admin`, `user`, or one in a workspace.
    subject text,
    role text check (role in ('admin', 'user', 'OWNER', 'ADMIN', 'MEMBER')),
    -- `*` is any.
    export_type text not null default '*'
        check (export_type in ('*', 'dataset', 'user_data', 'bulk_data', 'conversations', 'report')),
    dataset text not null default '*',
    format text not null default '*',
    -- Null decides nothing.
    can_create boolean,
    can_download boolean,
    can_view_logs boolean,
    can_manage boolean,
    can_schedule boolean,
    can_deliver boolean,
    rows_max bigint check (rows_max >= 0),
    granted_by text not null,
    granted_at timestamptz not null default now(),
    expires_at timestamptz,
    check (num_nonnulls(subject, role) = 1)
);
create unique index export_permissions_once on decant.export_permissions
    ((coalesce(subject, '')), (coalesce(role, '')), export_type, dataset, format);
-- A request reads the rows of its person and those of all roles.
create index export_permissions_of_subject on decant.export_permissions (subject) where subject is not null;
create index export_permissions_of_roles on decant.export_permissions (role) where role is not null;

-- Values for requests. The built-in templates are not among them.
create table decant.export_templates (
    id bigint generated always as identity primary key,
    name text not null,
    description text,
    export_type text not null check (export_type in ('dataset', 'user_data', 'bulk_data', 'report')),
    dataset text not null,
    format text not null,
    parameters jsonb not null default '{}',
    shared boolean not null default false,
    created_by text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (created_by, name)
);
create index export_templates_shared on decant.export_templates (name) where shared;
