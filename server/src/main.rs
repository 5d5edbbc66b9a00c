//! `decant`: see `decant --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    decant::commands::run()
}
