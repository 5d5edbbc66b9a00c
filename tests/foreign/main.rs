//! Files read by programs that are not ours: cell by cell they hold what PostgreSQL holds.
//!
//! `scripts/set-up.sh test` installs these programs, but for LibreOffice: it is huge, so where it is not on the machine
//! its test is left out and says so. The Python scripts are in `readers/`.

mod comma_separated;
mod held;
mod json;
mod libreoffice;
mod packed;
mod programs;
mod workbook;
mod xml;
