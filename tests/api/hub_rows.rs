//! Rows as the hub writes them, and the values that the hub shows for them.

use decant_tests::app::App;

/// Chains of providers, with the retries that the hub counts in them.
const CHAINS: &[(&str, u64)] = &[
    // A plain success.
    (
        r#"[{"id":1,"reason":"initial_selection"},{"id":1,"reason":"request_success","statusCode":200}]"#,
        0,
    ),
    (
        r#"[{"id":1,"reason":"session_reuse"},{"id":1,"reason":"retry_failed"}]"#,
        0,
    ),
    (
        r#"[{"reason":"initial_selection"},{"reason":"retry_failed"},{"reason":"retry_success","statusCode":200}]"#,
        1,
    ),
    (
        r#"[{"reason":"initial_selection"},{"reason":"retry_failed"},{"reason":"system_error"},{"reason":"http2_fallback"},
            {"reason":"retry_success","statusCode":200}]"#,
        3,
    ),
    // A success without a status is a selection.
    (
        r#"[{"reason":"retry_failed"},{"reason":"retry_success"},{"reason":"retry_success","statusCode":null},
            {"reason":"request_success","statusCode":200}]"#,
        1,
    ),
    // Attempts that raced each other.
    (
        r#"[{"reason":"initial_selection"},{"reason":"retry_failed"},{"reason":"hedge_triggered"},
            {"reason":"hedge_winner","statusCode":200},{"reason":"hedge_loser_cancelled"}]"#,
        0,
    ),
    (
        r#"[{"reason":"concurrent_limit_failed"},{"reason":"client_abort"},{"reason":"resource_not_found"},
            {"reason":"client_error_non_retryable"},{"reason":"endpoint_pool_exhausted"},{"reason":"vendor_type_all_timeout"}]"#,
        5,
    ),
    // An older hub gives no reasons.
    (r#"[{"id":1},{"id":2},{"id":3}]"#, 2),
    (r#"[1, 2, null]"#, 2),
    (r#"[{"reason":null},{"reason":7}]"#, 1),
    (
        r#"[{"reason":"initial_selection"},{"reason":"circuit_open"},{"reason":"session_reuse"}]"#,
        0,
    ),
    ("[]", 0),
    ("null", 0),
    (r#"{"reason":"retry_failed"}"#, 0),
    ("7", 0),
];

#[tokio::test]
async fn retries_are_counted_as_the_hub_counts_them() {
    let app = App::start().await;
    app.database.execute("delete from message_request").await;
    for (id, (chain, _)) in CHAINS.iter().enumerate() {
        app.database
            .execute(format!(
                "insert into message_request (id, provider_id, user_id, key, provider_chain) \
                 values ({id}, 1, 1, (select key from keys where id = 1), '{chain}')"
            ))
            .await;
    }
    let admin = app.admin();
    let rows = admin.usage_rows(&[]).await.whole();
    let mut counted: Vec<(u64, u64)> = std::iter::zip(rows.column("id"), rows.column("retry_count"))
        .map(|(id, retries)| {
            let number = |cell: Option<String>| cell.and_then(|cell| cell.parse().ok()).unwrap();
            (number(id), number(retries))
        })
        .collect();
    counted.sort_unstable();
    for ((_, retries), (chain, expected)) in counted.iter().zip(CHAINS) {
        assert_eq!(retries, expected, "{chain}");
    }
    assert_eq!(counted.len(), CHAINS.len());
    for at_least in 0..=6 {
        let expected = CHAINS.iter().filter(|(_, retries)| *retries >= at_least).count();
        let found = admin
            .usage_count(&[("min_retry_count", &at_least.to_string())])
            .await;
        assert_eq!(found, expected as u64, "{at_least}");
    }
}

#[tokio::test]
async fn tokens_written_to_the_cache_count_with_and_without_a_split() {
    let app = App::start().await;
    let without_split = "m.cache_creation_input_tokens > 0 and m.cache_creation_5m_input_tokens is null \
                         and m.cache_creation_1h_input_tokens is null";
    assert!(app.database.usage_rows(without_split).await > 0);
    app.database.execute("delete from message_request").await;
    for (id, (whole, short, long), total) in [
        (1, ("5000", "null", "null"), 5060),
        (2, ("5000", "2000", "3000"), 5060),
        (3, ("null", "2000", "3000"), 5060),
        (4, ("4000", "2000", "3000"), 5060),
        (5, ("null", "null", "null"), 60),
    ] {
        app.database
            .execute(format!(
                "insert into message_request (id, provider_id, user_id, key, input_tokens, output_tokens, \
                 cache_read_input_tokens, cache_creation_input_tokens, cache_creation_5m_input_tokens, \
                 cache_creation_1h_input_tokens) \
                 values ({id}, 1, 1, (select key from keys where id = 1), 10, 20, 30, {whole}, {short}, {long})"
            ))
            .await;
        let rows = app.admin().usage_rows(&[("limit", "1")]).await.whole();
        assert_eq!(rows.column("total_tokens"), [Some(total.to_string())], "row {id}");
    }
}
