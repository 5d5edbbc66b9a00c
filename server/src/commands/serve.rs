//! `decant serve`.

use secrecy::ExposeSecret;

use super::interrupt::cancelled_by_stop_signal;
use super::outcome::Outcome;
use super::standard_streams::{StdoutError, print};
use crate::config::Settings;
use crate::startup::Application;
use crate::telemetry;

/// Serves until SIGINT or SIGTERM.
pub async fn run(settings: Settings) -> Outcome {
    telemetry::start_log(&settings.log)?;
    // Before anything is started, so that a signal during the start is not lost.
    let stop = cancelled_by_stop_signal()?;
    let application = tokio::select! {
        application = Application::build(settings) => application?,
        () = stop.cancelled() => return Ok(()),
    };
    if let Err(error) = announce(&application) {
        tracing::warn!(%error, address = application.address().to_string(), "Decant is ready");
    }
    application.run_until_stopped(stop.cancelled()).await?;
    Ok(())
}

/// Prints how to reach Decant, and how to sign in to the private PostgreSQL.
fn announce(application: &Application) -> Result<(), StdoutError> {
    print(format_args!(
        "Decant is ready at http://{}",
        application.address()
    ))?;
    if let Some(demo) = application.demo() {
        print("")?;
        print(format_args!(
            "It exports from a private PostgreSQL{}; set DSN to export from a database of yours.",
            if demo.accounts.is_some() {
                " with made-up data"
            } else {
                ""
            }
        ))?;
        print(format_args!(
            "Sign in as administrator with   {}",
            demo.admin_token.expose_secret()
        ))?;
        if let Some(accounts) = &demo.accounts {
            print(format_args!(
                "or as {}, an ordinary user, with   {}",
                accounts.user_name,
                accounts.user_key.expose_secret()
            ))?;
        }
    }
    Ok(())
}
