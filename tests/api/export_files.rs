//! The file of a background export: who gets it, in parts, shown, counted, or not at all.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use decant_tests::database::Database;
use decant_tests::patience::wait_for;
use decant_tests::stored_exports::{Bed, Made, TWO_ROWS};
use decant_tests::workspaces::{self, ACME, ADMIN, MEMBER, NOBODY, OWNER_OF_BETA, user};
use reqwest::Method;
use serde_json::json;
use sha2::{Digest as _, Sha256};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_file_is_sent_whole_in_parts_and_not_again() {
    let bed = Bed::start(&[]).await;
    let admin = bed.app.admin();
    let export = bed.make(&Made::by_admin(), TWO_ROWS).await;
    let whole = admin.download_export(&export.id).answer().await.good();
    assert_eq!(whole.body, TWO_ROWS);
    let (tag, length) = (format!("\"{}\"", export.sha256), TWO_ROWS.len().to_string());
    let digest = format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(TWO_ROWS)));
    for (name, value) in [
        ("content-type", "text/csv; charset=utf-8"),
        ("content-length", length.as_str()),
        (
            "content-disposition",
            "attachment; filename=\"usage-logs-2026-01-28.csv\"",
        ),
        ("etag", tag.as_str()),
        ("repr-digest", digest.as_str()),
        ("accept-ranges", "bytes"),
        ("cache-control", "private, no-cache"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(whole.header(name), value, "{name}");
    }

    let path = format!("/api/exports/{}/download", export.id);
    let head = admin.request(Method::HEAD, &path).answer().await.good();
    assert_eq!(head.header("content-length"), TWO_ROWS.len().to_string());
    assert_eq!(head.header("etag"), tag);

    let part = |range: &str| admin.download_export(&export.id).header("range", range);
    let middle = part("bytes=3-5").header("if-range", &tag).answer().await.good();
    assert_eq!((middle.status, middle.body.as_slice()), (206, &TWO_ROWS[3..6]));
    let range = format!("bytes 3-5/{}", TWO_ROWS.len());
    assert_eq!(middle.header("content-range"), range);
    for (range, if_range) in [
        ("bytes=3-5", Some("\"other\"")),
        ("bytes=0-1,3-4", None),
        ("rows=1-2", None),
    ] {
        let request = part(range);
        let request = match if_range {
            Some(tag) => request.header("if-range", tag),
            None => request,
        };
        let answer = request.answer().await.good();
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (200, TWO_ROWS),
            "{range}"
        );
    }
    let behind = part(&format!("bytes={}-", TWO_ROWS.len())).answer().await;
    behind.problem(416, "range_not_satisfiable");
    assert_eq!(
        behind.header("content-range"),
        format!("bytes */{}", TWO_ROWS.len())
    );

    let known = admin.download_export(&export.id).header("if-none-match", &tag);
    let known = known.answer().await;
    assert_eq!(
        (known.status, known.body.len(), known.header("etag")),
        (304, 0, &*tag)
    );
}

#[tokio::test]
async fn downloads_are_counted_when_the_last_byte_has_left() {
    let bed = Bed::start(&[]).await;
    let admin = bed.app.admin();
    let content = vec![b'x'; 8_000_000];
    let made = Made {
        format: "text",
        options: json!({ "format": "text" }),
        ..Made::by_admin()
    };
    let export = bed.make(&made, &content).await;
    let download = || admin.download_export(&export.id);
    let path = format!("/api/exports/{}/download", export.id);
    admin.request(Method::HEAD, &path).answer().await.good();
    download().header("range", "bytes=5-9").answer().await.good();
    // The rest of it is never read.
    let mut begun = download().open().await;
    begun.chunk().await.expect("the file begins");
    drop(begun);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(bed.column(&export, "download_count").await.as_deref(), Some("0"));

    download().answer().await.good();
    let counted = async || (bed.column(&export, "download_count").await? == "1").then_some(());
    wait_for("the download is counted", SOON, counted).await;
    assert!(bed.column(&export, "last_downloaded_at").await.is_some());
    let logged = "select message from decant.export_logs where event_type = 'download'";
    let logged = bed.state.texts(logged).await;
    assert_eq!(logged, [Some("Downloaded by Administrator".to_owned())]);
    // The reader of a part, or of a download that broke off, has its bytes, too.
    let recorded = async || {
        let records = "select (details->>'first_byte') || ' ' || (details->>'subject') from decant.audit \
                       where action = 'export_downloaded' and (details->>'bytes')::int in (5, 8000000) order by id";
        let of_whole_and_part = bed
            .state
            .texts(records)
            .await
            .into_iter()
            .flatten()
            .collect::<Vec<_>>();
        let all = "select count(*) from decant.audit where action = 'export_downloaded'";
        let all = bed.state.number(all).await;
        (of_whole_and_part == ["5 token:admin", "0 token:admin"] && all == 3).then_some(())
    };
    wait_for("the records of the downloads", SOON, recorded).await;
}

#[tokio::test]
async fn a_file_that_was_changed_in_the_storage_never_arrives_whole() {
    let bed = Bed::start(&[]).await;
    // So large that its first bytes arrive: a connection may break off a small file before the head.
    let mut changed = vec![b'x'; 8_000_000];
    let export = bed.make(&Made::by_admin(), &changed).await;
    changed[8] = b'7';
    std::fs::write(bed.path(&export.key), &changed).unwrap();
    let answer = bed.app.admin().download_export(&export.id).answer().await;
    assert!(
        answer.broken && answer.body.len() < changed.len(),
        "{}",
        answer.body.len()
    );
    // The way in which programs ask that may continue a download.
    let from_first = bed.app.admin().download_export(&export.id);
    let answer = from_first.header("range", "bytes=0-").answer().await;
    assert!(
        answer.broken && answer.body.len() < changed.len(),
        "{}",
        answer.body.len()
    );
    bed.app
        .server
        .wait_for_log("the stored file has changed", SOON)
        .await;
    assert_eq!(bed.column(&export, "download_count").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn a_file_that_a_browser_shows_runs_nothing() {
    let bed = Bed::start(&[]).await;
    let made = Made {
        format: "html",
        options: json!({ "format": "html" }),
        file_name: "report.html",
        ..Made::by_admin()
    };
    let page = b"<!DOCTYPE html>\n<script>fetch('/api/me')</script></html>\n";
    let export = bed.make(&made, page).await;
    let shown = bed
        .app
        .admin()
        .download_export(&export.id)
        .query("disposition", "inline");
    let shown = shown.answer().await.good();
    assert_eq!(
        shown.header("content-disposition"),
        "inline; filename=\"report.html\""
    );
    let policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:";
    assert_eq!(shown.header("content-security-policy"), policy);
    assert_eq!(shown.header("x-content-type-options"), "nosniff");
    for wrong in ["show", "inline,attachment"] {
        let refused = bed
            .app
            .admin()
            .download_export(&export.id)
            .query("disposition", wrong);
        refused.answer().await.problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn an_export_without_a_file_says_why() {
    let bed = Bed::start(&[]).await;
    let admin = bed.app.admin();
    for (status, code, reason) in [
        ("scheduled", 425, "export_not_ready"),
        ("queued", 425, "export_not_ready"),
        ("processing", 425, "export_not_ready"),
        ("cancelled", 409, "export_cancelled"),
        ("failed", 500, "export_failed"),
        ("expired", 410, "export_expired"),
    ] {
        let made = Made {
            status,
            ..Made::by_admin()
        };
        let export = bed.record(&made, TWO_ROWS).await;
        let refused = admin.download_export(&export.id).answer().await;
        let problem = refused.problem(code, reason);
        match status {
            "failed" => assert!(
                problem.detail.contains("The database went away"),
                "{}",
                problem.detail
            ),
            "processing" => {
                assert!(problem.detail.contains("processing"), "{}", problem.detail);
                assert_eq!(refused.header("retry-after"), "2");
            }
            _ => {}
        }
    }
    // Its time is over, and nobody has marked it.
    let over = Made {
        expires_in: "-1 second",
        ..Made::by_admin()
    };
    let over = bed.make(&over, TWO_ROWS).await;
    admin
        .download_export(&over.id)
        .answer()
        .await
        .problem(410, "export_expired");
    let missing = bed.record(&Made::by_admin(), TWO_ROWS).await;
    admin
        .download_export(&missing.id)
        .answer()
        .await
        .problem(410, "file_missing");
    for id in [
        "0199c1a2-7a4b-4d10-8f6e-2c5b9d3e1f00",
        "x",
        "..%2F..%2Fadmin.token",
    ] {
        admin
            .download_export(id)
            .answer()
            .await
            .problem(404, "unknown_export");
    }
}

#[tokio::test]
async fn a_file_is_for_who_asked_for_it_with_the_same_rights() {
    let bed = Bed::start(&[]).await;
    let (user, hub_user) = bed.app.user().await;
    let other = bed.app.database.new_user("other").await;
    let other = bed.app.anonymous().with_token(&other.key);
    let subject = format!("hub:{}", hub_user.id);
    let of_user = Made {
        subject: &subject,
        role: "user",
        scope: json!({ "owner": subject }),
        ..Made::by_admin()
    };
    let own = bed.make(&of_user, TWO_ROWS).await;
    for actor in [&user, &bed.app.admin()] {
        assert_eq!(
            actor.download_export(&own.id).answer().await.good().body,
            TWO_ROWS
        );
    }
    other
        .download_export(&own.id)
        .answer()
        .await
        .problem(403, "forbidden");
    bed.app
        .anonymous()
        .download_export(&own.id)
        .answer()
        .await
        .problem(401, "unauthenticated");

    // The same person asked for everybody's rows with a key of an administrator.
    let of_all = Made {
        role: "admin",
        scope: json!({ "all": true }),
        ..of_user.clone()
    };
    let of_all = bed.make(&of_all, TWO_ROWS).await;
    user.download_export(&of_all.id)
        .answer()
        .await
        .problem(403, "forbidden");
}

#[tokio::test]
async fn a_file_of_a_workspace_is_for_its_members() {
    let database: Database = workspaces::database().await;
    let bed = Bed::start_on(database, &[("DECANT_MEMBERSHIP_SECONDS", "0")]).await;
    let subject = format!("jwt:{MEMBER}");
    let made = Made {
        subject: &subject,
        role: "user",
        scope: json!({ "workspace": ACME, "role": "MEMBER" }),
        workspace: Some(ACME),
        dataset: "alerts",
        ..Made::by_admin()
    };
    let export = bed.make(&made, TWO_ROWS).await;
    let download = |id| user(&bed.app, id).download_export(&export.id);
    for allowed in [MEMBER, ADMIN] {
        assert_eq!(
            download(allowed).answer().await.good().body,
            TWO_ROWS,
            "{allowed}"
        );
    }
    for stranger in [NOBODY, OWNER_OF_BETA] {
        download(stranger).answer().await.problem(403, "forbidden");
    }
    // Another member's, who is no administrator of the workspace.
    let of_admin = format!("jwt:{ADMIN}");
    let of_admin = Made {
        subject: &of_admin,
        ..made.clone()
    };
    let of_admin = bed.make(&of_admin, TWO_ROWS).await;
    let refused = user(&bed.app, MEMBER)
        .download_export(&of_admin.id)
        .answer()
        .await;
    refused.problem(403, "forbidden");

    let gone = format!("delete from workspace_members where user_id = {MEMBER} and workspace_id = '{ACME}'");
    bed.app.database.execute(gone).await;
    download(MEMBER).answer().await.problem(403, "not_a_member");
}
