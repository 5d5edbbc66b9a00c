//! Links to the file of a background export.

use std::time::Duration;

use decant_tests::actors::Request;
use decant_tests::app::App;
use decant_tests::patience::wait_for;
use decant_tests::stored_exports::{Bed, Made, MadeExport, TWO_ROWS};
use reqwest::Method;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(10);

/// Makes a link, and returns its path with the signature.
async fn link(request: Request) -> String {
    let link: Value = request.answer().await.good().json();
    let url = link["url"].as_str().expect("a link has an address");
    let (_, path) = url.split_once("/d/").expect("it is a link");
    format!("/d/{path}")
}

fn id_of(path: &str) -> &str {
    path.split('/').nth(2).expect("a link has an id")
}

fn follow(app: &App, path: &str) -> Request {
    app.anonymous().get(path)
}

async fn export(bed: &Bed) -> MadeExport {
    bed.make(&Made::by_admin(), TWO_ROWS).await
}

#[tokio::test]
async fn a_link_gives_the_file_without_a_credential_until_its_end() {
    let bed = Bed::start(&[]).await;
    let (app, admin) = (&bed.app, bed.app.admin());
    let export = export(&bed).await;
    let made: Value = admin.link_export(&export.id).answer().await.good().json();
    let url = made["url"].as_str().unwrap();
    assert!(
        url.starts_with(&format!("http://{}/d/", app.server.address)),
        "{url}"
    );
    assert_eq!(made["once"], false);
    let path = link(admin.link_export(&export.id).query("expiresIn", "60")).await;
    let file = follow(app, &path).answer().await.good();
    assert_eq!(file.body, TWO_ROWS);
    for (name, value) in [
        (
            "content-disposition",
            "attachment; filename=\"usage-logs-2026-01-28.csv\"",
        ),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("set-cookie", ""),
    ] {
        assert_eq!(file.header(name), value, "{name}");
    }
    let part = follow(app, &path)
        .header("range", "bytes=3-5")
        .answer()
        .await
        .good();
    assert_eq!((part.status, part.body.as_slice()), (206, &TWO_ROWS[3..6]));

    let (address, signature) = path.split_once("?s=").unwrap();
    let other = link(admin.link_export(&export.id)).await;
    let (_, signature_of_other) = other.split_once("?s=").unwrap();
    for wrong in [
        address.to_owned(),
        format!("{address}?s={signature_of_other}"),
        format!("{address}?s={}", &signature[1..]),
        format!("{address}?t={signature}"),
    ] {
        follow(app, &wrong).answer().await.problem(403, "bad_link");
    }
    // The signature is not logged.
    assert!(app.server.log().contains("export_link_made") && !app.server.log().contains(signature));

    let end =
        "update decant.export_links set expires_at = now() where id = '".to_owned() + id_of(&path) + "'";
    bed.state.execute(end).await;
    follow(app, &path).answer().await.problem(410, "link_expired");
    follow(app, &other).answer().await.good();
}

#[tokio::test]
async fn a_link_is_withdrawn_by_its_owner() {
    let bed = Bed::start(&[]).await;
    let (app, admin) = (&bed.app, bed.app.admin());
    let export = export(&bed).await;
    let path = link(admin.link_export(&export.id)).await;
    let links: Value = admin.export_links(&export.id).answer().await.good().json();
    assert_eq!(links["links"][0]["id"], id_of(&path));
    assert!(!links.to_string().contains("?s="));
    let (user, _) = app.user().await;
    let refused = user.revoke_link(&export.id, id_of(&path)).answer().await;
    refused.problem(403, "forbidden");
    let gone = admin.revoke_link(&export.id, id_of(&path)).answer().await;
    assert_eq!(gone.status, 204);
    follow(app, &path).answer().await.problem(410, "link_revoked");
    for link in [id_of(&path), "x"] {
        let again = admin.revoke_link(&export.id, link).answer().await;
        again.problem(403, "bad_link");
    }
}

#[tokio::test]
async fn a_link_ends_with_the_file_and_with_the_right_of_who_made_it() {
    let bed = Bed::start(&[]).await;
    let app = &bed.app;
    let (user, hub_user) = app.user().await;
    let subject = format!("hub:{}", hub_user.id);
    let made = Made {
        subject: &subject,
        role: "user",
        scope: json!({ "owner": subject }),
        ..Made::by_admin()
    };
    let export = bed.make(&made, TWO_ROWS).await;
    let path = link(user.link_export(&export.id)).await;
    follow(app, &path).answer().await.good();
    let keys = |enabled| {
        format!(
            "update keys set is_enabled = {enabled} where user_id = {}",
            hub_user.id
        )
    };
    app.database.execute(keys(false)).await;
    follow(app, &path).answer().await.problem(403, "forbidden");
    app.database.execute(keys(true)).await;
    follow(app, &path).answer().await.good();

    let over = format!(
        "update decant.data_exports set status = 'cancelled' where id = '{}'",
        export.id
    );
    bed.state.execute(over).await;
    follow(app, &path).answer().await.problem(409, "export_cancelled");
    bed.state
        .execute(format!(
            "delete from decant.data_exports where id = '{}'",
            export.id
        ))
        .await;
    follow(app, &path).answer().await.problem(410, "link_expired");
}

#[tokio::test]
async fn a_link_that_is_good_once_gives_one_whole_file() {
    let bed = Bed::start(&[]).await;
    let (app, admin) = (&bed.app, bed.app.admin());
    let content = vec![b'x'; 16_000_000];
    let made = Made {
        format: "text",
        options: json!({ "format": "text" }),
        ..Made::by_admin()
    };
    let export = bed.make(&made, &content).await;
    let path = link(admin.link_export(&export.id).query("once", "true")).await;
    app.anonymous().request(Method::HEAD, &path).answer().await.good();

    // A download that breaks off gives the link back.
    let broken = follow(app, &path).open().await;
    assert_eq!(broken.status(), 200);
    follow(app, &path).answer().await.problem(410, "link_used");
    drop(broken);
    let is_free = "select count(*) from decant.export_links where used_at is null";
    let free = async || (bed.state.number(is_free).await == 1).then_some(());
    wait_for("the link is free again", SOON, free).await;

    let (one, two) = tokio::join!(
        follow(app, &path).header("range", "bytes=5-9").answer(),
        follow(app, &path).header("range", "bytes=5-9").answer()
    );
    let (good, refused) = match one.status {
        200 => (one, two),
        _ => (two, one),
    };
    // A part would leave the rest to nobody.
    assert_eq!((good.status, good.body.len()), (200, content.len()));
    assert_eq!(good.header("accept-ranges"), "none");
    refused.problem(410, "link_used");
    follow(app, &path).answer().await.problem(410, "link_used");
}

#[tokio::test]
async fn a_link_lives_no_longer_than_asked_or_than_the_file() {
    let bed = Bed::start(&[]).await;
    let admin = bed.app.admin();
    let export = export(&bed).await;
    let file_ends = bed
        .column(&export, "(to_json(expires_at) #>> '{}')")
        .await
        .unwrap();
    let file_ends: jiff::Timestamp = file_ends.parse().unwrap();
    let link = admin.link_export(&export.id).query("expiresIn", "604800");
    let link: Value = link.answer().await.good().json();
    let ends: jiff::Timestamp = link["expiresAt"].as_str().unwrap().parse().unwrap();
    assert!(
        ends.duration_since(file_ends).as_secs().abs() <= 1,
        "{ends} {file_ends}"
    );
    for (name, value) in [("expiresIn", "59"), ("expiresIn", "604801"), ("once", "yes")] {
        let refused = admin.link_export(&export.id).query(name, value).answer().await;
        refused.problem(400, "invalid_parameter");
    }
    let waiting = Made {
        status: "queued",
        ..Made::by_admin()
    };
    let waiting = bed.record(&waiting, TWO_ROWS).await;
    admin
        .link_export(&waiting.id)
        .answer()
        .await
        .problem(425, "export_not_ready");
}

#[tokio::test]
async fn servers_with_one_secret_share_their_links() {
    let secret = ("DECANT_LINK_SECRET", "one secret of all servers of this test");
    let bed = Bed::start(&[secret]).await;
    let export = export(&bed).await;
    let path = link(bed.app.admin().link_export(&export.id)).await;
    let storage = bed.storage.path().to_str().unwrap();
    let settings = |secret| {
        [
            ("DSN", bed.app.database.dsn.as_str()),
            ("STATE_DSN", bed.state.dsn.as_str()),
            ("STORAGE_URL", storage),
            ("DECANT_WORKERS", "0"),
            secret,
        ]
    };
    for (secret, status) in [
        (secret, 200),
        (("DECANT_LINK_SECRET", "another secret, of no other server"), 403),
    ] {
        let server = decant_tests::server::Server::start(&settings(secret)).await;
        let other = decant_tests::actors::Actor::new(&server.address);
        assert_eq!(other.get(&path).answer().await.status, status);
    }
}
