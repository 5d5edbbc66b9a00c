//! The fallback endpoint, which formats files on the server.

use decant_tests::app::App;
use wasm_export::{Export, Options};

/// An app with a single usage row whose values are awkward.
async fn app_with_one_row() -> App {
    let app = App::start().await;
    let statements = [
        "delete from message_request",
        "delete from keys",
        "insert into users (id, name) values (9001, 'O''Brien, \"Ann\"')",
        "insert into keys (user_id, key, name) values (9001, 'sk-one', '=cmd|'' /C calc''!A0')",
        "update providers set name = 'Provider; one' where id = (select min(id) from providers)",
        "insert into message_request (user_id, key, provider_id, model, original_model, endpoint, status_code, \
         input_tokens, output_tokens, cache_creation_5m_input_tokens, cache_read_input_tokens, cost_usd, duration_ms, \
         session_id, provider_chain, created_at) \
         select 9001, 'sk-one', min(id), E'two\\nlines', null, '/v1/messages', 200, 12, 34, 5, 9007199254740993, \
         0.000012345678901, 1500, '-5', '[{}, {}, {}]', '2026-01-28 23:59:59.123456+00' from providers",
    ];
    app.database.execute(statements.join("; ")).await;
    app
}

#[tokio::test]
async fn a_known_row_gives_known_bytes() {
    let app = app_with_one_row().await;
    let file = app
        .admin()
        .export("usage-logs")
        .query("format", "csv")
        .answer()
        .await
        .good();
    let heading = "\u{feff}\"Time\",User,Key,Provider,Model,Original Model,Endpoint,Status Code,Input Tokens,\
                   Output Tokens,Cache Write 5m,Cache Write 1h,Cache Read,Total Tokens,Cost (USD),Duration (ms),\
                   Session ID,Retry Count\r\n";
    let row = "2026-01-28T23:59:59.123Z,\"O'Brien, \"\"Ann\"\"\",\"'=cmd|'' /C calc'!A0\",\"Provider; one\",\
               \"two\nlines\",,/v1/messages,200,12,34,5,,9007199254740993,9007199254741044,0.000012345678901,1500,\
               -5,2\r\n";
    assert_eq!(file.text(), format!("{heading}{row}"));
}

#[tokio::test]
async fn export_options_apply_to_the_file() {
    let app = app_with_one_row().await;
    let columns = ("columns", "key_name,created_at,cost_usd");
    for (choice, expected) in [
        (
            vec![("bom", "false")],
            "\"Key\",Time,Cost (USD)\r\n\"'=cmd|'' /C calc'!A0\",2026-01-28T23:59:59.123Z,0.000012345678901\r\n",
        ),
        (
            vec![
                ("bom", "false"),
                ("header", "name"),
                ("delimiter", "semicolon"),
                ("newline", "lf"),
                ("decimal", "comma"),
            ],
            "\"key_name\";created_at;cost_usd\n\"'=cmd|'' /C calc'!A0\";2026-01-28T23:59:59.123Z;0,000012345678901\n",
        ),
        (
            vec![
                ("bom", "false"),
                ("zone", "Asia/Shanghai"),
                ("timestamps", "local"),
                ("guard", "none"),
            ],
            "Key,Time (Asia/Shanghai),Cost (USD)\r\n=cmd|' /C calc'!A0,2026-01-29 07:59:59,0.000012345678901\r\n",
        ),
        (
            vec![
                ("bom", "false"),
                ("header", "none"),
                ("delimiter", "tab"),
                ("guard", "seeds"),
            ],
            "'=cmd|' /C calc'!A0\t2026-01-28T23:59:59.123Z\t0.000012345678901\r\n",
        ),
        (
            vec![
                ("bom", "false"),
                ("language", "zh-CN"),
                ("zone", "Asia/Shanghai"),
                ("delimiter", "pipe"),
                ("limit", "1"),
            ],
            "\"密钥\"|时间|费用 (USD)\r\n\"'=cmd|' /C calc'!A0\"|2026-01-29T07:59:59.123+08:00|0.000012345678901\r\n",
        ),
    ] {
        let file = app
            .admin()
            .export("usage-logs")
            .queries(&[columns])
            .queries(&choice)
            .answer()
            .await
            .good();
        assert_eq!(file.text(), expected, "{choice:?}");
    }
}

#[tokio::test]
async fn the_file_has_a_media_type_and_a_name() {
    let app = App::start().await;
    let answer = app
        .admin()
        .export("usage-logs")
        .query("limit", "1")
        .answer()
        .await
        .good();
    assert!(
        answer.header("content-type").starts_with("text/csv"),
        "{}",
        answer.header("content-type")
    );
    assert!(answer.header("cache-control").contains("no-store"));
    let disposition = answer.header("content-disposition");
    let name = disposition
        .strip_prefix("attachment; filename=\"")
        .and_then(|rest| rest.strip_suffix('"'));
    let name = name.unwrap_or_else(|| panic!("{disposition}"));
    let time = name
        .strip_prefix("usage-logs-")
        .and_then(|rest| rest.strip_suffix(".csv"))
        .unwrap();
    let shape: String = time
        .chars()
        .map(|character| {
            if character.is_ascii_digit() {
                '0'
            } else {
                character
            }
        })
        .collect();
    assert_eq!(shape, "0000-00-00-000000", "{name}");
}

#[tokio::test]
async fn the_crate_makes_the_same_file_of_the_raw_rows() {
    let app = App::start().await;
    let file = app.admin().usage_file(&[]).await;
    let stream = app.admin().rows("usage-logs").answer().await.good().body;
    for chunk in [1, 7, 4096, stream.len()] {
        let mut export = Export::new(Options::default());
        let mut made = Vec::new();
        for piece in stream.chunks(chunk) {
            export.push(piece, &mut made).unwrap();
        }
        export.finish(&mut made).unwrap();
        assert!(made == file, "in pieces of {chunk} bytes");
    }
}

#[tokio::test]
async fn every_cell_reads_back() {
    let app = App::start().await;
    let rows = app.admin().usage_rows(&[]).await;
    let query = [("guard", "none"), ("bom", "false"), ("header", "name")];
    let file = app.admin().usage_file(&query).await;
    let mut reader = csv::Reader::from_reader(file.as_slice());
    let names: Vec<_> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(names.len(), 18);
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len() as u64, rows.count());
    for (position, name) in names.iter().enumerate().filter(|(_, name)| *name != "created_at") {
        for (record, cell) in records.iter().zip(rows.column(name)) {
            assert_eq!(record[position], cell.unwrap_or_default(), "{name}");
        }
    }
}

#[tokio::test]
async fn a_wrong_query_is_refused_before_the_file_begins() {
    let app = App::start().await;
    let answer = app
        .admin()
        .export("usage-logs")
        .query("start", "yesterday")
        .answer()
        .await;
    assert_eq!(
        answer.problem(400, "invalid_parameter").field.as_deref(),
        Some("start")
    );
    assert_eq!(answer.header("content-disposition"), "");
}
