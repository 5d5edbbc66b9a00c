//! Schedules that are not due, and statistics of many records.

use std::time::Duration;

use decant_tests::actors::Actor;
use decant_tests::server::{ADMIN_TOKEN, Server};
use serde_json::json;
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::bed::Bed;
use crate::client;
use crate::line::Line;
use crate::outcome::Outcome;
use crate::quantity::{milliseconds, percent};
use crate::samples::Samples;

const ASKED: usize = 21;

/// Bounds for the figures of a million records, and for a look at ten thousand schedules.
const STATISTICS_MAX_MILLISECONDS: f64 = 200.0;
const TICK_MAX_MILLISECONDS: f64 = 50.0;

const WATCHED: Duration = Duration::from_secs(20);
const WATCHED_MAX_PERCENT: f64 = 1.0;

/// The sums of the records, as they are counted when exports end.
const SUM: &str = "
    insert into decant.export_analytics
        (date, export_type, dataset, format, scope, total_exports, successful_exports, total_size_bytes, unique_users)
      select (completed_at at time zone 'UTC')::date, export_type, dataset, format, 'user', count(*), count(*), sum(file_bytes),
             count(distinct subject)
      from decant.data_exports group by 1, 2, 3, 4";

/// Ten thousand schedules like the one that there is.
const REPEAT: &str = "
    insert into decant.export_schedules overriding system value
      select (jsonb_populate_record(s, jsonb_build_object('id', s.id + n))).*
      from decant.export_schedules s, generate_series(1, 9999) n";

/// Measures on a state database with the records of a million exports.
pub async fn lines(bed: &Bed, state: &str) -> Outcome<Vec<Line>> {
    let mut connection = PgConnection::connect(state).await?;
    connection.execute(SUM).await?;
    let server = Server::start(&[
        ("DSN", &bed.dsn),
        ("STATE_DSN", state),
        ("DECANT_SCHEDULE_TICK_SECONDS", "1"),
    ])
    .await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let schedule = json!({ "exportType": "dataset", "dataset": "usage-logs", "format": "csv", "recurrence": "daily",
        "scheduledAt": "2099-01-01T00:00:00Z" });
    let created = admin.schedule_export(&schedule).answer().await;
    if created.status != 201 {
        return Err(format!("the schedule is refused: {}", created.text()).into());
    }
    connection.execute(REPEAT).await?;
    connection
        .execute("vacuum analyze decant.export_schedules")
        .await?;
    connection.close().await?;
    let (mut statistics, mut ticks) = (Samples::default(), Samples::default());
    for _ in 0..ASKED {
        let all = "/api/exports/stats?include_system=true&days=90";
        statistics.add(client::read(&server, all, "identity")?.took);
        let begun = std::time::Instant::now();
        admin.process_scheduled().answer().await.good();
        ticks.add(begun.elapsed());
    }
    let before = bed.postgres_processor_time()?;
    tokio::time::sleep(WATCHED).await;
    let spent = bed.postgres_processor_time()? - before;
    let share = spent.as_secs_f64() / WATCHED.as_secs_f64() * 100.0;
    Ok(vec![
        Line::new(
            "1000000 records: statistics of 90 days",
            milliseconds(statistics.median() * 1000.0),
        )
        .at_most(milliseconds(STATISTICS_MAX_MILLISECONDS)),
        Line::new(
            "10000 schedules, none due: one look",
            milliseconds(ticks.median() * 1000.0),
        )
        .at_most(milliseconds(TICK_MAX_MILLISECONDS)),
        Line::new(
            "10000 schedules, a look a second: PostgreSQL's share of a core",
            percent(share),
        )
        .at_most(percent(WATCHED_MAX_PERCENT)),
    ])
}
