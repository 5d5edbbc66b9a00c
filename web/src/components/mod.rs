//! Parts of the pages.

pub mod backup_list;
pub mod cleanup_run;
pub mod columns;
pub mod confirm;
pub mod drop_zone;
pub mod dump_contents;
pub mod dump_run;
pub mod export_bar;
pub mod export_options;
pub mod export_preview;
pub mod export_run;
pub mod filter_field;
pub mod filters;
pub mod focus;
pub mod notice;
pub mod pager;
pub mod restore_form;
pub mod restore_options;
pub mod restore_result;
pub mod restore_run;
pub mod side_databases;
pub mod sign_in_dialog;
pub mod sign_in_form;
pub mod table;
pub mod toast_list;
pub mod zone_select;
