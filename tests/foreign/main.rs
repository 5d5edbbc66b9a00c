//! Files and the OpenAPI document read by other programs: every cell equals PostgreSQL's value.
//!
//! `scripts/set-up.sh test` installs these programs except LibreOffice, which is huge. Without it, its test does
//! nothing and prints so. The Python scripts are in `readers/`.

mod comma_separated;
mod held;
mod json;
mod libreoffice;
mod openapi;
mod packed;
mod programs;
mod training;
mod workbook;
mod xml;
