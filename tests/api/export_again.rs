//! Exports that are made again, and requests for exports that are sent again.

use decant_tests::actors::Actor;
use decant_tests::database::Database;
use decant_tests::exports::{Exports, create, export, wait_until};
use decant_tests::stored_exports::{Bed, Made, TWO_ROWS};
use serde_json::{Value, json};

/// Makes an export again, and returns the new one.
async fn again(actor: &Actor, id: &str) -> Value {
    let answer = actor.retry_export(id).answer().await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json::<Value>()["export"].clone()
}

/// Returns a name with a hash sign for each digit.
fn shape(name: &Value) -> String {
    let name = name.as_str().expect("an export has the name of its file");
    name.replace(|letter: char| letter.is_ascii_digit(), "#")
}

#[tokio::test]
async fn an_export_that_is_made_again_has_the_name_of_its_own_time() {
    let exports = Exports::start_on(Database::with_conversations().await, &[]).await;
    let admin = exports.app.admin();
    let user = exports.app.database.busy_user().await;
    let of_dataset = create(&admin, &json!({ "dataset": "usage-logs", "format": "csv" })).await;
    let of_bundle =
        json!({ "dataset": "user-data", "format": "json", "filters": { "userId": user.id.to_string() } });
    let of_bundle = create(&admin, &of_bundle).await;
    for id in [of_dataset, of_bundle] {
        let first = wait_until(&admin, &id, "completed").await;
        // As if it had been made long ago.
        let aged = "update decant.data_exports set file_name = \
                    regexp_replace(file_name, '\\d{4}-\\d{2}-\\d{2}', '2001-02-03')";
        exports.state.execute(aged).await;
        let old = export(&admin, &id).await["fileName"].clone();
        assert!(old.as_str().unwrap().contains("2001-02-03"), "{old}");
        let mut id = id;
        // The second one repeats a repetition.
        for _ in 0..2 {
            let new = again(&admin, &id).await;
            id = new["id"].as_str().unwrap().to_owned();
            let completed = wait_until(&admin, &id, "completed").await;
            assert_eq!(completed["fileName"], new["fileName"]);
            assert_eq!(shape(&new["fileName"]), shape(&first["fileName"]));
            assert!(!new["fileName"].as_str().unwrap().contains("2001-02-03"), "{new}");
        }
    }
    // The conversations of a repetition are not counted.
    let body = json!({ "config": { "scope": "all", "format": "jsonl" } });
    let answer = admin.export_conversations(&body).answer().await;
    let answer: Value = answer.json();
    let id = answer["export_id"].as_str().unwrap();
    wait_until(&admin, id, "completed").await;
    let new = again(&admin, id).await;
    assert_eq!(
        shape(&new["fileName"]),
        "training-data-all-####-##-##-######.jsonl",
        "{answer}"
    );
}

#[tokio::test]
async fn an_export_from_before_the_names_were_kept_is_made_again_with_the_name_of_its_dataset() {
    let bed = Bed::start(&[]).await;
    let admin = bed.app.admin();
    let made = bed.make(&Made::by_admin(), TWO_ROWS).await;
    let new = again(&admin, &made.id).await;
    assert_eq!(
        shape(&new["fileName"]),
        "usage-logs-####-##-##-######.csv",
        "{new}"
    );
}

#[tokio::test]
async fn a_request_whose_export_was_deleted_gets_its_answer_again_and_creates_nothing() {
    let exports = Exports::start(&[]).await;
    let (user, _) = exports.app.user().await;
    let body = json!({ "dataset": "usage-logs", "format": "csv", "limit": 1 });
    let send = || user.create_export(&body).header("idempotency-key", "k1");
    let first = send().answer().await;
    assert_eq!(first.status, 202, "{}", first.text());
    let id = first.json::<Value>()["export"]["id"].as_str().unwrap().to_owned();
    wait_until(&user, &id, "completed").await;
    let retry = || user.retry_export(&id).header("idempotency-key", "k2");
    let repeated = retry().answer().await;
    let of_retry = repeated.json::<Value>()["export"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    wait_until(&user, &of_retry, "completed").await;
    for id in [&of_retry, &id] {
        assert_eq!(user.delete_export(id).answer().await.status, 204);
        let (first, replayed) = match id == &of_retry {
            true => (&repeated, retry().answer().await),
            false => (&first, send().answer().await),
        };
        assert_eq!(
            (replayed.status, replayed.header("idempotency-replayed")),
            (202, "true")
        );
        assert!(replayed.body == first.body);
        assert_eq!(replayed.header("location"), first.header("location"));
        user.show_export(id).answer().await.problem(404, "unknown_export");
    }
    let records = exports.state.number("select count(*) from decant.data_exports");
    assert_eq!((records.await, exports.files()), (0, 0));
}
