//! Files of background exports in a bucket of an S3 service.

use decant_tests::database::Database;
use decant_tests::http;
use decant_tests::s3::S3;
use decant_tests::stored_exports::{Bed, Made, MadeExport, TWO_ROWS};
use object_store::multipart::MultipartStore;
use object_store::{ObjectStoreExt as _, PutPayload};
use serde_json::{Value, json};

/// Starts a server with an S3 service.
async fn start(s3: &S3, settings: &[(&str, &str)]) -> Bed {
    Bed::start_on(Database::new().await, &[&s3.settings(), settings].concat()).await
}

/// Makes an export whose file is in the bucket.
async fn make(bed: &Bed, s3: &S3, made: &Made<'_>, content: &[u8]) -> MadeExport {
    let export = bed.record(made, content).await;
    let put = s3
        .client()
        .put(&S3::path(&export.key), PutPayload::from(content.to_vec()))
        .await;
    put.expect("the bucket takes a file");
    export
}

#[tokio::test]
async fn a_file_in_a_bucket_is_sent_in_parts_linked_and_removed() {
    let s3 = S3::start().await;
    let bed = start(&s3, &[("DECANT_STORAGE_LINKS", "direct")]).await;
    let admin = bed.app.admin();
    let export = make(&bed, &s3, &Made::by_admin(), TWO_ROWS).await;
    let whole = admin.download_export(&export.id).answer().await.good();
    assert_eq!(whole.body, TWO_ROWS);
    let part = admin.download_export(&export.id).header("range", "bytes=3-5");
    let part = part.answer().await.good();
    assert_eq!((part.status, part.body.as_slice()), (206, &TWO_ROWS[3..6]));
    let report: Value = admin.verify_export(&export.id).answer().await.good().json();
    assert_eq!(report["verification"]["success"], true, "{report}");

    // The bucket itself gives the file, under the name of the download.
    let link: Value = admin.link_export(&export.id).answer().await.good().json();
    let url = link["url"].as_str().unwrap();
    let direct = http::client().build().unwrap().get(url).send().await.unwrap();
    assert_eq!(direct.status(), 200, "{url}");
    let disposition = direct.headers()["content-disposition"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(disposition.contains("usage"), "{disposition}");
    assert_eq!(direct.bytes().await.unwrap(), TWO_ROWS);
    // A link that is good once leads to Decant.
    let once = admin.link_export(&export.id).query("once", "true");
    let once: Value = once.answer().await.good().json();
    assert!(once["url"].as_str().unwrap().contains("/d/"), "{once}");

    let end = format!(
        "update decant.data_exports set expires_at = now() where id = '{}'",
        export.id
    );
    bed.state.execute(end).await;
    let result: Value = admin.clean_up_exports(&json!({})).answer().await.good().json();
    assert_eq!(
        (&result["success"], &result["deletedFiles"]),
        (&json!(true), &json!(1)),
        "{result}"
    );
    let gone = s3.client().head(&S3::path(&export.key)).await;
    assert!(matches!(gone, Err(object_store::Error::NotFound { .. })));
}

#[tokio::test]
async fn unfinished_uploads_are_aborted_unless_a_claim_holds() {
    let s3 = S3::start().await;
    let bed = start(&s3, &[]).await;
    let processing = |fence_of_file| Made {
        status: "processing",
        fence: 2,
        fence_of_file,
        ..Made::by_admin()
    };
    let (held, lost) = (
        bed.record(&processing(2), TWO_ROWS).await,
        bed.record(&processing(1), TWO_ROWS).await,
    );
    let strange = bed.record(&Made::by_admin(), TWO_ROWS).await;
    let forget = format!("delete from decant.data_exports where id = '{}'", strange.id);
    bed.state.execute(forget).await;
    let client = s3.client();
    let mut ids = Vec::new();
    for key in [&held.key, &lost.key, &strange.key] {
        let path = S3::path(key);
        let id = client.create_multipart(&path).await.unwrap();
        client
            .put_part(&path, &id, 0, PutPayload::from(vec![b'x'; 5 << 20]))
            .await
            .unwrap();
        ids.push((path, id));
    }
    let result: Value = bed
        .app
        .admin()
        .clean_up_exports(&json!({}))
        .answer()
        .await
        .good()
        .json();
    assert_eq!(
        (&result["success"], &result["orphanFiles"]),
        (&json!(true), &json!(1)),
        "{result}"
    );
    let mut is_open = Vec::new();
    for (path, id) in &ids {
        let part = client
            .put_part(path, id, 1, PutPayload::from(vec![b'y'; 5 << 20]))
            .await;
        is_open.push(part.is_ok());
    }
    // The third may be of another Decant, and is left for a day.
    assert_eq!(is_open, [true, false, true]);
}
