//! The environment of PostgreSQL's programs.

use std::ffi::OsString;

/// Variables that any program needs. No setting of Decant is among them: code in a dump could read the environment of the
/// PostgreSQL that runs it.
const KEPT: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "TZ",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "KRB5_CONFIG",
    "KRB5CCNAME",
    "KRB5_CLIENT_KTNAME",
];

/// Returns the variables of this process that PostgreSQL's programs need.
pub fn program_environment() -> impl Iterator<Item = (OsString, OsString)> {
    KEPT.iter()
        .filter_map(|name| Some(((*name).into(), std::env::var_os(name)?)))
}
