//! `decant serve`.

use secrecy::ExposeSecret;

use super::Outcome;
use super::interrupt::told_to_stop;
use crate::config::Settings;
use crate::startup::Application;
use crate::telemetry;

/// Serves until SIGINT or SIGTERM.
pub async fn run(settings: Settings) -> Outcome {
    telemetry::begin(settings.log, &settings.log_filter)?;
    // Before anything is started, so that a signal during the start is not lost.
    let stop = told_to_stop()?;
    let application = tokio::select! {
        application = Application::build(settings) => application?,
        () = stop.cancelled() => return Ok(()),
    };
    println!("Decant is ready at http://{}", application.address());
    if let Some(demo) = application.demo() {
        println!();
        println!(
            "It shows made-up data from a private PostgreSQL; set DSN to export from a database of yours."
        );
        println!(
            "Sign in as administrator with   {}",
            demo.admin_token.expose_secret()
        );
        println!(
            "or as {}, an ordinary user, with   {}",
            demo.user_name, demo.user_key
        );
    }
    application.run_until_stopped(stop.cancelled()).await?;
    Ok(())
}
