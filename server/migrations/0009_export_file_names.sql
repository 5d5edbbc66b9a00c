-- The name of files of an export at any time, with {date} and {time}. Null: that of a dataset without one. A repetition of the export
-- has the name of its own time.
alter table decant.data_exports add column file_name_pattern text;
