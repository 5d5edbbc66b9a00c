use proptest::prelude::*;
use pulldown_cmark::{CodeBlockKind, Event, Options as Extensions, Parser, Tag, TagEnd};

use crate::options::Options;
use crate::rows::Kind;
use crate::sample::{awkward_text, export, export_chunks, header, row, stream};

fn options(json: &str) -> Options {
    let mut members: serde_json::Value = serde_json::from_str(json).unwrap();
    members["format"] = "markdown".into();
    serde_json::from_value(members).unwrap()
}

fn check(columns: &[(&str, Kind)], rows: &str, json: &str, expected: &str) {
    let (file, result) = export(&stream(&header(columns), rows.as_bytes()), &options(json));
    assert_eq!(result, Ok(()), "{json}");
    assert_eq!(String::from_utf8(file).unwrap(), expected, "{rows} with {json}");
}

/// Returns the text of every cell of a file that is one table. A cell that contains anything but text fails.
fn table(file: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for event in Parser::new_ext(file, Extensions::all() - Extensions::ENABLE_SMART_PUNCTUATION) {
        match event {
            Event::Start(Tag::TableHead | Tag::TableRow) => rows.push(Vec::new()),
            Event::Start(Tag::TableCell) => rows.last_mut().unwrap().push(String::new()),
            Event::Text(text) => *rows.last_mut().unwrap().last_mut().unwrap() += &text,
            Event::InlineHtml(html) if &*html == "<br>" => {
                rows.last_mut().unwrap().last_mut().unwrap().push('\n');
            }
            Event::Start(Tag::Table(_)) | Event::End(_) => {}
            other => panic!("{other:?} in {file}"),
        }
    }
    rows
}

/// Returns the text that a reader shows for a cell.
fn seen(text: &str) -> String {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    let picture = |letter: char| match letter {
        '\t' | '\n' => letter,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(letter)).unwrap(),
        '\u{7f}' => '\u{2421}',
        other => other,
    };
    lines.chars().map(picture).collect()
}

#[test]
fn a_usage_log_looks_like_this() {
    let columns = [
        ("created_at", Kind::Timestamp),
        ("User", Kind::Text),
        ("Cost (USD)", Kind::Decimal),
        ("Replay", Kind::Boolean),
    ];
    let rows = "2026-01-28 12:34:56.789123+00\tMüller | Söhne\t0.000000000000001\tt\n\
                2026-01-28 12:34:55+00\t<b>a\\r\\nb</b> *c*\t-5\tf\n\
                \\N\t\t\\N\t\\N\n";
    check(
        &columns,
        rows,
        "{}",
        "| created\\_at | User | Cost (USD) | Replay |\n\
         | --- | --- | ---: | --- |\n\
         | 2026-01-28T12:34:56.789Z | Müller \\| Söhne | 0.000000000000001 | true |\n\
         | 2026-01-28T12:34:55.000Z | &lt;b>a<br>b&lt;/b> \\*c\\* | -5 | false |\n\
         |  |  |  |  |\n",
    );
    check(
        &columns[..3],
        "2026-01-28 12:34:56+00\tx\t1.50\n",
        r#"{"zone":"Asia/Shanghai","timestamps":"local","decimal":"comma","header":"none","metadata":"true"}"#,
        "# Samples\n\n- Dataset: samples\n- Exported at: 2026-01-28T12:00:00Z\n- Time zone: Asia/Shanghai\n\n\
         |  |  |  |\n\
         | --- | --- | ---: |\n\
         | 2026-01-28 20:34:56 | x | 1,50 |\n\
         \nRows: 1\n",
    );
}

#[test]
fn a_table_of_one_empty_cell_is_a_table() {
    let file = export(&stream(&header(&[("", Kind::Text)]), b"\\N\n\n"), &options("{}")).0;
    assert_eq!(table(&String::from_utf8(file).unwrap()), [[""], [""], [""]]);
}

#[test]
fn nothing_in_a_cell_is_markup() {
    for text in [
        "a|b",
        r"a\|b",
        r"a\\|b",
        "\\",
        "`a|b`",
        "a\nb",
        "a\r\n\r\n# b",
        "<script>alert(1)</script>",
        "<!-- ",
        "&lt;&amp;&#0;",
        "**a** __b__ ~~c~~ $d$",
        "![a](http://b)",
        "[a]: b",
        "http://evil.example",
        "www.evil.example",
        "WWW.a",
        " a ",
        "   ",
        "---",
        "| --- |",
        "\0\u{1b}[31m\u{7f}",
        "\t",
        "a\u{2028}b",
        "<http://a.b>",
        "[^1]",
        ":smile:",
        "- [ ] a",
        "#",
        "&nbsp;",
    ] {
        let rows = row([Some(text.as_bytes()), Some(b"|"), Some(text.as_bytes())]);
        let columns = [("x#", Kind::Text), ("y", Kind::Integer), ("z", Kind::Json)];
        let (file, _) = export(&stream(&header(&columns), &rows), &options("{}"));
        let text = seen(text);
        assert_eq!(
            table(&String::from_utf8(file).unwrap()),
            [["x#", "y", "z"], [&text, "|", &text]]
        );
    }
}

#[test]
fn links_are_none_as_far_as_escapes_reach() {
    check(
        &[("a", Kind::Text)],
        "http://a.b\nsee WWW.a.b\nwww.a.b/w\n",
        r#"{"header":"none"}"#,
        "|  |\n| --- |\n| http\\://a.b |\n| see WWW\\.a.b |\n| www\\.a.b/w |\n",
    );
}

const MESSAGES: [(&str, Kind); 7] = [
    ("id", Kind::Integer),
    ("conversation_id", Kind::Integer),
    ("title", Kind::Text),
    ("role", Kind::Text),
    ("content", Kind::Text),
    ("created_at", Kind::Timestamp),
    ("model", Kind::Text),
];

#[test]
fn a_conversation_looks_like_this() {
    check(
        &MESSAGES,
        "1\t7\tBoiling <eggs> #\tuser\tHow long?\\n\t2026-01-28 12:34:56+00\t\\N\n\
         2\t7\tBoiling <eggs> #\tassistant\tSo:\\r\\n```rust\\nsleep(300);\\n````\t2026-01-28 12:34:57+00\tclaude-*\n\
         3\t8\t\\N\ttool\t\\N\t\\N\t\\N\n\
         4\t9\t\t\\N\t\t\\N\t\\N\n",
        r#"{"layout":"transcript","metadata":"true"}"#,
        "# Samples\n\n- Dataset: samples\n- Exported at: 2026-01-28T12:00:00Z\n- Time zone: UTC\n\n\
         ## Boiling &lt;eggs> \\#\n\n\
         **User** · 2026-01-28T12:34:56.000Z\n\n\
         ```\nHow long?\n\n```\n\n\
         **Assistant** · 2026-01-28T12:34:57.000Z · claude-\\*\n\n\
         `````\nSo:\n```rust\nsleep(300);\n````\n`````\n\n\
         ## 8\n\n\
         **Tool**\n\n\
         *No content*\n\n\
         ## 9\n\n\
         **Unknown**\n\n\
         ```\n\n```\n\n\
         Messages: 4\n",
    );
    check(
        &MESSAGES[3..5],
        "user\ta\nassistant\tb\n",
        r#"{"layout":"transcript"}"#,
        "## Samples\n\n**User**\n\n```\na\n```\n\n**Assistant**\n\n```\nb\n```\n",
    );
}

#[test]
fn rows_that_are_no_messages_make_no_transcript() {
    for (columns, json, message) in [
        (
            &MESSAGES[..3],
            r#"{"layout":"transcript"}"#,
            "a transcript is made of messages; missing columns: `role`, `content`",
        ),
        (
            &MESSAGES,
            r#"{"layout":"transcript","columns":["role"]}"#,
            "a transcript is made of messages; missing columns: `content`",
        ),
    ] {
        let (file, result) = export(&stream(&header(columns), b""), &options(json));
        assert_eq!(result.unwrap_err().to_string(), message);
        assert_eq!(file, b"");
    }
    let csv: Options = serde_json::from_str(r#"{"layout":"transcript"}"#).unwrap();
    let (_, result) = export(&stream(&header(&MESSAGES), b""), &csv);
    assert_eq!(
        result.unwrap_err().to_string(),
        "a csv file has no layout `transcript`; only markdown has layouts"
    );
}

/// Returns the fenced blocks of a file that has no other code.
fn fenced(file: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut is_in_block = false;
    for event in Parser::new_ext(file, Extensions::all() - Extensions::ENABLE_SMART_PUNCTUATION) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => {
                blocks.push(String::new());
                is_in_block = true;
            }
            Event::End(TagEnd::CodeBlock) => is_in_block = false,
            Event::Text(text) if is_in_block => *blocks.last_mut().unwrap() += &text,
            Event::Text(_) | Event::End(_) => {}
            Event::InlineHtml(html) if &*html == "<br>" => {}
            Event::Start(
                Tag::Heading { .. } | Tag::Paragraph | Tag::Strong | Tag::List(None) | Tag::Item,
            ) => {}
            other => panic!("{other:?} in {file}"),
        }
    }
    blocks
}

proptest! {
    #[test]
    fn a_table_has_exactly_the_cells_of_the_rows(texts in proptest::collection::vec(proptest::option::of(any_text()), 0..20), cut in 1usize..200) {
        let header = header(&[("a", Kind::Text), ("b", Kind::Text), ("c", Kind::Text)]);
        let rows: Vec<u8> = texts
            .iter()
            .flat_map(|text| row([text.as_ref().map(|text| text.as_bytes()), Some(b"|"), text.as_ref().map(|text| text.as_bytes())]))
            .collect();
        let stream = stream(&header, &rows);
        let (file, result) = export(&stream, &options("{}"));
        prop_assert_eq!(result, Ok(()));
        let mut expected = vec![["a", "b", "c"].map(str::to_owned).to_vec()];
        expected.extend(texts.iter().map(|text| {
            let text = seen(text.as_deref().unwrap_or_default());
            vec![text.clone(), "|".to_owned(), text]
        }));
        prop_assert_eq!(table(std::str::from_utf8(&file).unwrap()), expected);
        prop_assert_eq!(export_chunks(stream.chunks(cut), &options("{}")).0, file);
    }

    #[test]
    fn what_was_said_stays_in_its_fence(texts in proptest::collection::vec(any_text(), 1..20), cut in 1usize..200) {
        let header = header(&[("role", Kind::Text), ("content", Kind::Text)]);
        let rows: Vec<u8> = texts.iter().flat_map(|text| row([Some(&b"user"[..]), Some(text.as_bytes())])).collect();
        let options = options(r#"{"layout":"transcript"}"#);
        let stream = stream(&header, &rows);
        let (file, _) = export(&stream, &options);
        let expected: Vec<String> = texts.iter().map(|text| seen(text) + "\n").collect();
        prop_assert_eq!(fenced(std::str::from_utf8(&file).unwrap()), expected);
        prop_assert_eq!(export_chunks(stream.chunks(cut), &options).0, file);
    }

    #[test]
    fn facts_of_a_conversation_are_no_markup(texts in proptest::collection::vec(any_text(), 4)) {
        let columns = ["title", "note", "tags", "reviews", "turn_number", "role", "content"];
        let kinds = [Kind::Text, Kind::Text, Kind::Json, Kind::Json, Kind::Integer, Kind::Text, Kind::Text];
        let columns: Vec<_> = columns.into_iter().zip(kinds).collect();
        let tags = serde_json::json!([texts[1], texts[2]]).to_string();
        let reviews = serde_json::json!([{"a": texts[0], "b": texts[3]}, {"c": texts[2]}]).to_string();
        let cells = [&texts[0], &texts[1], &tags, &reviews, "1", "user", &texts[3]];
        let rows = row(cells.map(|cell| Some(cell.as_bytes())));
        let (file, result) = export(&stream(&header(&columns), &rows), &options(r#"{"layout":"transcript"}"#));
        prop_assert_eq!(result, Ok(()));
        prop_assert_eq!(fenced(std::str::from_utf8(&file).unwrap()), [seen(&texts[3]) + "\n"]);
    }

    #[test]
    fn any_bytes_make_a_table(bytes in proptest::collection::vec(any::<u8>(), 0..90)) {
        let rows = row([Some(&bytes[..]), Some(b"")]);
        for kind in [Kind::Text, Kind::Timestamp, Kind::Decimal, Kind::Json] {
            let (file, _) = export(&stream(&header(&[("a", kind), ("b", kind)]), &rows), &options("{}"));
            let file = String::from_utf8(file).unwrap();
            prop_assert_eq!(&table(&file)[1], &[seen(&String::from_utf8_lossy(&bytes)), String::new()]);
        }
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        awkward_text(),
        "[|\\\\`*_^<>&\\[\\]()!~$:/#=w. \r\n-]{0,12}",
        "(```|````|~~~|\n|a|>|    |- |<br>|</|\\||\\\\){0,8}",
    ]
}

const TURNS: [(&str, Kind); 10] = [
    ("conversation_id", Kind::Uuid),
    ("title", Kind::Text),
    ("status", Kind::Text),
    ("turn_number", Kind::Integer),
    ("role", Kind::Text),
    ("content", Kind::Text),
    ("quality score", Kind::Decimal),
    ("created_at", Kind::Timestamp),
    ("token_count", Kind::Integer),
    ("reviews", Kind::Json),
];

#[test]
fn turns_have_headings_and_the_facts_of_their_conversation_come_first() {
    let reviews = r#"[{"at": "2026-01-28", "by": 1, "comment": "two\\nlines, *fine*"}, {"by": 2}]"#;
    check(
        &TURNS,
        &format!(
            "7\tEggs\tapproved\t1\tsystem\tBe brief.\t9.50\t2026-01-28 12:34:56+00\t3\t{reviews}\n\
             7\tEggs\tapproved\t2\tuser\tHow long?\t9.50\t2026-01-28 12:34:56+00\t3\t{reviews}\n\
             8\tEggs\t\\N\t1\tuser\t# no heading\t\\N\t\\N\t\\N\t[]\n\
             9\t\t\t\\N\ttool\t\\N\t\\N\t\\N\t\\N\t[\"a\", \"b_c\"]\n"
        ),
        r#"{"layout":"transcript"}"#,
        "## Eggs\n\n\
         - **conversation\\_id:** 7\n- **status:** approved\n- **quality score:** 9.50\n\
         - **created\\_at:** 2026-01-28T12:34:56.000Z\n\n\
         **reviews**\n\n- **at:** 2026-01-28 · **by:** 1 · **comment:** two<br>lines, \\*fine\\*\n- **by:** 2\n\n\
         ### 1 · System\n\n```\nBe brief.\n```\n\n\
         ### 2 · User\n\n```\nHow long?\n```\n\n\
         ## Eggs\n\n- **conversation\\_id:** 8\n\n\
         ### 1 · User\n\n```\n# no heading\n```\n\n\
         ## 9\n\n- **conversation\\_id:** 9\n- **reviews:** a, b\\_c\n\n\
         ### Tool\n\n*No content*\n",
    );
}

#[test]
fn conversations_with_one_title_are_told_apart_by_a_hidden_id() {
    let mut header = header(&TURNS);
    header.columns[0].hidden = true;
    let rows = "7\tEggs\t\\N\t1\tuser\ta\t\\N\t\\N\t\\N\t\\N\n8\tEggs\t\\N\t1\tuser\tb\t\\N\t\\N\t\\N\t\\N\n";
    let (file, result) = export(
        &stream(&header, rows.as_bytes()),
        &options(r#"{"layout":"transcript"}"#),
    );
    assert_eq!(result, Ok(()));
    let file = String::from_utf8(file).unwrap();
    assert_eq!(file.matches("## Eggs\n").count(), 2, "{file}");
    assert!(!file.contains('7'), "{file}");
}
