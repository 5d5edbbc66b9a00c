//! Ended sessions stay ended on every server, also while wrong keys arrive and while the state database does not answer.

use std::time::Duration;

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::patience::wait_for;
use decant_tests::server::{ADMIN_TOKEN, Server};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

const SOON: Duration = Duration::from_secs(10);

/// Two servers on the same database, with the same state database.
struct Pair {
    here: App,
    there: Server,
    state: Database,
}

impl Pair {
    async fn start(settings_there: &[(&str, &str)]) -> Self {
        let state = Database::empty().await;
        let shared = [("STATE_DSN", state.dsn.as_str())];
        let here = App::start_with(&shared).await;
        let dsn = [("DSN", here.database.dsn.as_str())];
        let there = Server::start(&[&dsn, &shared, settings_there].concat()).await;
        Self { here, there, state }
    }

    /// Signs in here, and returns clients with the session's cookie here and there.
    async fn session(&self, credential: &str) -> [Actor; 2] {
        let sign_in = self.here.anonymous().login(credential).answer().await.good();
        [&self.here.server, &self.there].map(|server| Actor::new(&server.address).with_session(&sign_in))
    }

    /// Locks a table of the state database until the connection is dropped, so that no statement on it ends.
    async fn locked(&self, table: &str) -> PgConnection {
        let mut lock = PgConnection::connect(&self.state.dsn)
            .await
            .expect("the cluster runs");
        lock.execute("begin").await.expect("a transaction begins");
        let statement = format!("lock table decant.{table} in access exclusive mode");
        lock.execute(AssertSqlSafe(statement))
            .await
            .expect("the table is there");
        lock
    }
}

#[tokio::test]
async fn wrong_keys_do_not_bring_an_ended_session_back() {
    let pair = Pair::start(&[]).await;
    let [here, there] = pair.session(ADMIN_TOKEN).await;
    there.me().answer().await.good();
    here.logout().answer().await.good();
    // No wrong credential can be written, as in a burst of them.
    let _lock = pair.locked("wrong_attempts").await;
    let nobody = Actor::new(&pair.there.address);
    let wrong = nobody.with_token("a wrong key").me().answer().await;
    wrong.problem(401, "invalid_credentials");
    there.me().answer().await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn an_address_causes_no_more_writes_than_it_may_send_wrong_credentials() {
    let pair = Pair::start(&[("DECANT_LOGIN_ATTEMPTS_MAX", "3")]).await;
    let nobody = Actor::new(&pair.there.address);
    for number in 0..8 {
        let wrong = nobody.login(&format!("wrong-{number}")).answer().await;
        assert_eq!(wrong.status, if number < 3 { 401 } else { 429 });
    }
    let counted = "select failures from decant.wrong_attempts";
    assert_eq!(pair.state.number(counted).await, 3);
}

#[tokio::test]
async fn without_an_answer_sessions_of_administrators_are_refused_and_can_be_ended() {
    let pair = Pair::start(&[]).await;
    let [here, there] = pair.session(ADMIN_TOKEN).await;
    let user = pair.here.database.busy_user().await;
    let [users, _] = pair.session(&user.key).await;
    here.me().answer().await.good();
    let lock = pair.locked("ended_sessions").await;
    let refused = here.me().answer().await.problem(503, "sign_outs_unknown");
    assert!(refused.detail.contains("Bearer"), "{}", refused.detail);
    pair.here.admin().me().answer().await.good();
    users.me().answer().await.good();
    users.rows("usage-logs").query("limit", "1").answer().await.good();

    here.logout().answer().await.good();
    here.me().answer().await.problem(401, "unauthenticated");
    drop(lock);
    let heard = async || (there.me().answer().await.status == 401).then_some(());
    wait_for("the other server to hear of it", SOON, heard).await;
}

#[tokio::test]
async fn many_sessions_are_looked_up_at_once() {
    let pair = Pair::start(&[]).await;
    let [here, _] = pair.session(ADMIN_TOKEN).await;
    let [ended, _] = pair.session(ADMIN_TOKEN).await;
    ended.logout().answer().await.good();
    let answers = (0..60).map(|number| if number % 2 == 0 { here.me() } else { ended.me() }.answer());
    let answers = futures_util::future::join_all(answers).await;
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer.status, if number % 2 == 0 { 200 } else { 401 }, "{number}");
    }
}

#[tokio::test]
async fn all_sessions_end_also_on_servers_where_they_last_longer() {
    let pair = Pair::start(&[("DECANT_SESSION_HOURS", "1")]).await;
    let [here, _] = pair.session(ADMIN_TOKEN).await;
    let admin = Actor::new(&pair.there.address).with_token(ADMIN_TOKEN);
    admin.end_sessions(&json!({})).answer().await.good();
    here.me().answer().await.problem(401, "unauthenticated");
    // Here a session lasts for 12 hours.
    let remembered =
        "select count(*) from decant.ended_subjects where forget_at > now() + interval '12 hours'";
    assert_eq!(pair.state.number(remembered).await, 1);
}
