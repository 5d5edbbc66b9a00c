//! Dumps that are completed in a temporary file before they are sent.

use std::path::PathBuf;

use decant_tests::actors::{Actor, Request};
use decant_tests::app::App;
use decant_tests::cluster::folder;
use decant_tests::dumps::restored;
use decant_tests::server::data_dir;
use decant_tests::tokens::{seconds_from_now, signed_with_secret};
use reqwest::Method;
use serde_json::{Value, json};

fn spooled(admin: &Actor) -> Request {
    admin.dump().query("spool", "true")
}

fn head(admin: &Actor) -> Request {
    admin
        .request(Method::HEAD, "/api/admin/database/export")
        .query("spool", "true")
}

fn files(app: &App) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(app.server.data_dir().join("scratch"));
    let files = folder.into_iter().flatten().flatten().map(|entry| entry.path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "spool"))
        .collect()
}

#[tokio::test]
async fn a_broken_download_of_a_spooled_dump_goes_on_where_it_ended() {
    let app = App::start().await;
    let admin = app.admin();
    let nothing = head(&admin).answer().await.good();
    assert!(nothing.header("etag").is_empty() && files(&app).is_empty());

    let whole = spooled(&admin).answer().await.good();
    let (tag, name) = (
        whole.header("etag").to_owned(),
        whole.header("content-disposition").to_owned(),
    );
    assert_eq!(whole.header("content-length"), whole.body.len().to_string());
    assert_eq!(whole.header("accept-ranges"), "bytes");
    assert_eq!(files(&app).len(), 1);
    assert_eq!(
        restored(&whole.body).await.contents().await,
        app.database.contents().await
    );
    let status: Value = admin.database_status().answer().await.good().json();
    assert_eq!(status["lastDump"]["ending"]["state"], "complete");
    assert_eq!(status["lock"], Value::Null);

    let whole = whole.body;
    let half = whole.len() / 2;
    let rest = || spooled(&admin).header("range", &format!("bytes={half}-"));
    // Without the tag, the beginning may be that of another dump.
    rest().answer().await.problem(412, "no_ranges");
    let part = rest().header("if-range", &tag).answer().await.good();
    assert_eq!((part.status, part.header("etag")), (206, &*tag));
    let range = format!("bytes {half}-{}/{}", whole.len() - 1, whole.len());
    assert_eq!(part.header("content-range"), range);
    assert_eq!(part.header("content-disposition"), name);
    assert_eq!([&whole[..half], &part.body].concat(), whole);
    let kept = head(&admin).answer().await.good();
    assert_eq!(kept.header("content-length"), whole.len().to_string());
    let behind = spooled(&admin).header("range", &format!("bytes={}-", whole.len()));
    let behind = behind.header("if-range", &tag);
    behind.answer().await.problem(416, "range_not_satisfiable");

    // Another file, or all of it: a new dump takes the place of the first.
    let other = rest()
        .header("if-range", "\"of another file\"")
        .answer()
        .await
        .good();
    assert_eq!(other.status, 200);
    assert_ne!(other.header("etag"), tag);
    let again = spooled(&admin).answer().await.good();
    assert_ne!(again.header("etag"), other.header("etag"));
    assert_eq!(files(&app).len(), 1);
    assert!(app.server.log().contains("database_export_download"));
}

#[tokio::test]
async fn a_spooled_dump_is_for_its_caller_and_mode_only() {
    let secret = "a secret of at least thirty-two characters";
    let app = App::start_with(&[("JWT_SECRET", secret)]).await;
    let admin = app.admin();
    let first = spooled(&admin).answer().await.good();
    let claims = json!({ "sub": "other", "role": "admin", "exp": seconds_from_now(600) });
    let other = app.anonymous().with_token(&signed_with_secret(secret, &claims));
    let tag = first.header("etag").to_owned();
    let part = |request: Request| request.header("range", "bytes=10-").header("if-range", &tag);
    let of_other = part(spooled(&other)).answer().await.good();
    assert_eq!(of_other.status, 200);
    assert_ne!(of_other.header("etag"), first.header("etag"));
    let of_mode = part(spooled(&admin).query("mode", "excludeLogs"))
        .answer()
        .await
        .good();
    assert_eq!(of_mode.status, 200);
    assert!(of_mode.header("content-disposition").ends_with("_no-logs.dump\""));
    assert_eq!(files(&app).len(), 3);
    // Each is still there.
    let own = part(spooled(&admin)).answer().await.good();
    assert_eq!((own.status, own.header("etag")), (206, first.header("etag")));

    // A dump that is streamed is made anew for each request.
    let streamed = admin.dump().header("range", "bytes=10-").answer().await;
    streamed.problem(412, "no_ranges");
    let refused = admin.dump().query("spool", "1").answer().await;
    assert_eq!(
        refused.problem(400, "invalid_parameter").field.as_deref(),
        Some("spool")
    );
    let (user, _) = app.user().await;
    spooled(&user).answer().await.problem(403, "forbidden");
}

#[tokio::test]
async fn spooled_dumps_of_an_earlier_process_are_removed_at_the_start() {
    let data = folder();
    let scratch = data.path().join("scratch");
    std::fs::create_dir(&scratch).unwrap();
    std::fs::write(scratch.join("left.spool"), "half of a dump").unwrap();
    let mut app = App::start_with(&[data_dir(&data)]).await;
    assert!(!scratch.join("left.spool").exists());
    spooled(&app.admin()).answer().await.good();
    let spools = || std::fs::read_dir(&scratch).unwrap().count();
    assert_eq!(spools(), 1);
    app.server.ask_to_stop();
    assert_eq!(app.server.ended().await, Some(0));
    assert_eq!(spools(), 0);
}
