-- The keys and indexes of the conversations, apart because a first load is quicker without them.

alter table public.conversations add primary key (id);
alter table public.conversations add foreign key (parent_id) references public.conversations on delete set null;
alter table public.conversations add check (
    tier operator(pg_catalog.=) any ('{template,scenario,edge_case}'::pg_catalog.text[]));
alter table public.conversations add check (
    status operator(pg_catalog.=) any ('{draft,generated,pending_review,approved,rejected,needs_revision,none,failed}'::pg_catalog.text[]));
create index conversations_order on public.conversations (created_at desc, id desc);
create index conversations_owner on public.conversations (created_by, created_at desc, id desc);
create index conversations_status on public.conversations (status, quality_score);
create index conversations_category on public.conversations using gin (category);

alter table public.conversation_turns add primary key (id);
alter table public.conversation_turns add unique (conversation_id, turn_number);
alter table public.conversation_turns
    add foreign key (conversation_id) references public.conversations on delete cascade;
alter table public.conversation_turns add check (
    role operator(pg_catalog.=) any ('{system,user,assistant,tool}'::pg_catalog.text[]));
