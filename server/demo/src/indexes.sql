-- The indexes of message_request, apart because a first load is several times quicker without them.

alter table public.message_request add constraint message_request_pkey primary key (id);
create index idx_message_request_created_at_id
    on public.message_request (created_at desc, id desc) where deleted_at is null;
create index idx_message_request_user_created_at_id
    on public.message_request (user_id, created_at desc, id desc) where deleted_at is null;
create index idx_message_request_session_id
    on public.message_request (session_id) where deleted_at is null;
create index idx_message_request_key
    on public.message_request (key, created_at desc, id desc) where deleted_at is null;
create index idx_message_request_provider_id
    on public.message_request (provider_id, created_at desc, id desc) where deleted_at is null;
