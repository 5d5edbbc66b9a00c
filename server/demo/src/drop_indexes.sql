-- What indexes.sql makes.

alter table public.message_request drop constraint message_request_pkey;
drop index public.idx_message_request_created_at_id;
drop index public.idx_message_request_user_created_at_id;
drop index public.idx_message_request_session_id;
drop index public.idx_message_request_key;
drop index public.idx_message_request_provider_id;
drop index public.idx_message_request_endpoint;
drop index public.idx_message_request_model_active;
drop index public.idx_message_request_status_code_active;
