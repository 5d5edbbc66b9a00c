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
create index idx_message_request_endpoint
    on public.message_request (endpoint) where deleted_at is null;
create index idx_message_request_model_active
    on public.message_request (model) where deleted_at is null and model is not null;
create index idx_message_request_status_code_active
    on public.message_request (status_code) where deleted_at is null and status_code is not null;
