//! `decant serve`.

use secrecy::ExposeSecret;

use super::interrupt::cancelled_by_signal;
use super::outcome::Outcome;
use crate::config::Settings;
use crate::startup::Application;
use crate::telemetry;

/// Serves until SIGINT or SIGTERM.
pub async fn run(settings: Settings) -> Outcome {
    telemetry::start_log(&settings.log)?;
    // Before anything is started, so that a signal during the start is not lost.
    let stop = cancelled_by_signal()?;
    let application = tokio::select! {
        application = Application::build(settings) => application?,
        () = stop.cancelled() => return Ok(()),
    };
    println!("Decant is ready at http://{}", application.address());
    if let Some(demo) = application.demo() {
        println!();
        println!(
            "It exports from a private PostgreSQL{}; set DSN to export from a database of yours.",
            if demo.accounts.is_some() {
                " with made-up data"
            } else {
                ""
            }
        );
        println!(
            "Sign in as administrator with   {}",
            demo.admin_token.expose_secret()
        );
        if let Some(accounts) = &demo.accounts {
            println!(
                "or as {}, an ordinary user, with   {}",
                accounts.user_name,
                accounts.user_key.expose_secret()
            );
        }
    }
    application.run_until_stopped(stop.cancelled()).await?;
    Ok(())
}
