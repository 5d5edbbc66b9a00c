-- The keys and indexes of the workspaces and their brands, apart because a first load is quicker without them.

alter table public.workspaces add primary key (id), add unique (slug);

alter table public.workspace_members add primary key (workspace_id, user_id);
alter table public.workspace_members add foreign key (workspace_id) references public.workspaces on delete cascade;
alter table public.workspace_members add check (
    role operator(pg_catalog.=) any ('{OWNER,ADMIN,MEMBER}'::pg_catalog.text[]));
create index workspace_members_user on public.workspace_members (user_id);

alter table public.brands add primary key (id), add unique (workspace_id, name);
alter table public.brands add foreign key (workspace_id) references public.workspaces on delete cascade;

alter table public.brand_monitors add primary key (id);
alter table public.brand_monitors add foreign key (workspace_id) references public.workspaces on delete cascade;
alter table public.brand_monitors add foreign key (brand_id) references public.brands on delete cascade;
alter table public.brand_monitors add check (
    status operator(pg_catalog.=) any ('{active,paused,error}'::pg_catalog.text[]));

alter table public.brand_infringements add primary key (id);
alter table public.brand_infringements add foreign key (workspace_id) references public.workspaces on delete cascade;
alter table public.brand_infringements add foreign key (brand_id) references public.brands on delete cascade;
alter table public.brand_infringements add check (
    severity operator(pg_catalog.=) any ('{low,medium,high,critical}'::pg_catalog.text[]));
alter table public.brand_infringements add check (
    status operator(pg_catalog.=) any ('{open,investigating,in_progress,resolved,dismissed}'::pg_catalog.text[]));
create index brand_infringements_order on public.brand_infringements (workspace_id, detected_at desc, id desc);

alter table public.brand_alerts add primary key (id);
alter table public.brand_alerts add foreign key (workspace_id) references public.workspaces on delete cascade;
alter table public.brand_alerts add foreign key (brand_id) references public.brands on delete cascade;
alter table public.brand_alerts add foreign key (monitor_id) references public.brand_monitors on delete set null;
alter table public.brand_alerts add foreign key (infringement_id) references public.brand_infringements on delete set null;
alter table public.brand_alerts add check (
    severity operator(pg_catalog.=) any ('{low,medium,high,critical}'::pg_catalog.text[]));
alter table public.brand_alerts add check (
    status operator(pg_catalog.=) any ('{new,acknowledged,dismissed,escalated}'::pg_catalog.text[]));
create index brand_alerts_order on public.brand_alerts (workspace_id, created_at desc, id desc);

alter table public.infringement_actions add primary key (id);
alter table public.infringement_actions add foreign key (workspace_id) references public.workspaces on delete cascade;
alter table public.infringement_actions
    add foreign key (infringement_id) references public.brand_infringements on delete cascade;
alter table public.infringement_actions add check (
    status operator(pg_catalog.=) any ('{pending,in_progress,completed,failed,cancelled}'::pg_catalog.text[]));
create index infringement_actions_order on public.infringement_actions (workspace_id, created_at desc, id desc);
create index infringement_actions_of on public.infringement_actions (infringement_id);
