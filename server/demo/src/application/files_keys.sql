-- The keys and indexes of the files, apart because a first load is quicker without them.

alter table public.saved_files add primary key (file_id);
create index saved_files_order on public.saved_files (uploaded_at desc, file_id desc);
create index saved_files_owner on public.saved_files (user_id, uploaded_at desc, file_id desc);
