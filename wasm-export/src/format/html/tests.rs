use html5gum::{Error, Token, Tokenizer};
use proptest::prelude::*;

use crate::options::Options;
use crate::rows::Kind;
use crate::sample::{awkward_text, export, export_chunks, header, row, stream};

fn options(json: &str) -> Options {
    let mut members: serde_json::Value = serde_json::from_str(json).unwrap();
    members["format"] = "html".into();
    serde_json::from_value(members).unwrap()
}

fn page(columns: &[(&str, Kind)], rows: &[u8], json: &str) -> String {
    let (file, result) = export(&stream(&header(columns), rows), &options(json));
    assert_eq!(result, Ok(()), "{json}");
    String::from_utf8(file).unwrap()
}

/// Returns a page without the parts that are equal in all pages.
fn content(page: &str) -> &str {
    &page[page.find("<header>").unwrap()..]
}

/// Returns the tokens of a page: names of tags, and text.
fn tokens(page: &str) -> Vec<Result<String, String>> {
    let mut tokens = Vec::new();
    for Ok(token) in Tokenizer::new(page) {
        match token {
            Token::StartTag(tag) => tokens.push(Err(String::from_utf8(tag.name.to_vec()).unwrap())),
            Token::EndTag(tag) => tokens.push(Err(format!("/{}", std::str::from_utf8(&tag.name).unwrap()))),
            Token::String(text) => tokens.push(Ok(String::from_utf8(text.to_vec()).unwrap())),
            Token::Doctype(_) => {}
            // Parse errors that every browser ignores: C1 controls, noncharacters, and `&#13;`.
            Token::Error(error)
                if matches!(
                    *error,
                    Error::ControlCharacterInInputStream
                        | Error::NoncharacterInInputStream
                        | Error::ControlCharacterReference
                ) => {}
            Token::Comment(_) | Token::Error(_) => panic!("{token:?}"),
        }
    }
    tokens
}

/// Returns the cells of the table.
fn cells(page: &str) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut is_in_cell = false;
    let table = &page[page.find("<tbody>").unwrap()..page.find("</tbody>").unwrap()];
    for token in tokens(table) {
        match token {
            Err(tag) if tag == "tr" => rows.push(Vec::new()),
            Err(tag) if tag == "td" => {
                rows.last_mut().unwrap().push(String::new());
                is_in_cell = true;
            }
            Err(tag) if tag == "/td" => is_in_cell = false,
            Err(tag) => assert!(["tbody", "/tr"].contains(&&*tag), "{tag}"),
            Ok(text) if is_in_cell => *rows.last_mut().unwrap().last_mut().unwrap() += &text,
            Ok(text) => assert!(text.trim().is_empty(), "{text}"),
        }
    }
    rows
}

/// Returns the text that a browser shows for a cell.
fn seen(text: &str) -> String {
    let picture = |letter: char| match letter {
        '\t' | '\n' | '\r' => letter,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(letter)).unwrap(),
        '\u{7f}' => '\u{2421}',
        other => other,
    };
    text.chars().map(picture).collect()
}

#[test]
fn a_usage_log_looks_like_this() {
    let columns = [
        ("created_at", Kind::Timestamp),
        ("model", Kind::Text),
        ("status_code", Kind::Integer),
        ("tokens", Kind::Integer),
        ("cost_usd", Kind::Decimal),
        ("user_id", Kind::Integer),
    ];
    let rows = "2026-01-28 12:34:56.789123+00\t<opus> & \"co\"\t200\t5\t0.000000000000001\t1\n\
                2026-01-28 12:34:55+00\thaiku\t200\t\\N\t1.50\t2\n\
                infinity\thaiku\t\\N\t-7\tNone\t3\n";
    let page = page(
        &columns,
        rows.as_bytes(),
        r#"{"metadata":"true","zone":"Asia/Shanghai","timestamps":"local","decimal":"comma"}"#,
    );
    assert!(page.starts_with(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    ));
    assert!(page.contains(
        "main th:nth-child(3), main td:nth-child(3), main th:nth-child(4), main td:nth-child(4), \
         main th:nth-child(5), main td:nth-child(5), main th:nth-child(6), main td:nth-child(6) { text-align: right;"
    ));
    assert_eq!(
        content(&page),
        "<header>\n<h1>Samples</h1>\n<dl>\n\
         <dt>Dataset</dt><dd>samples</dd>\n\
         <dt>Exported at</dt><dd>2026-01-28T12:00:00Z</dd>\n\
         <dt>Time zone</dt><dd>Asia/Shanghai</dd>\n\
         </dl>\n</header>\n\
         <main tabindex=\"0\">\n<table>\n<thead>\n\
         <tr><th scope=\"col\">created_at (Asia/Shanghai)</th><th scope=\"col\">model</th><th scope=\"col\">status_code</th>\
         <th scope=\"col\">tokens</th><th scope=\"col\">cost_usd</th><th scope=\"col\">user_id</th></tr>\n\
         </thead>\n<tbody>\n\
         <tr><td>2026-01-28 20:34:56</td><td>&lt;opus&gt; &amp; &quot;co&quot;</td><td>200</td><td>5</td>\
         <td>0,000000000000001</td><td>1</td></tr>\n\
         <tr><td>2026-01-28 20:34:55</td><td>haiku</td><td>200</td><td class=\"null\"></td><td>1,50</td><td>2</td></tr>\n\
         <tr><td>infinity</td><td>haiku</td><td class=\"null\"></td><td>-7</td><td>None</td><td>3</td></tr>\n\
         </tbody>\n</table>\n</main>\n\
         <section class=\"summary\" aria-labelledby=\"summary\">\n<h2 id=\"summary\">Summary</h2>\n<dl>\n\
         <dt>Rows</dt><dd>3</dd>\n\
         <dt>created_at (Asia/Shanghai), first</dt><dd>2026-01-28 20:34:55</dd>\n\
         <dt>created_at (Asia/Shanghai), last</dt><dd>2026-01-28 20:34:56</dd>\n\
         <dt>tokens, total</dt><dd>-2</dd>\n\
         <dt>cost_usd, total</dt><dd>1,500000000000001</dd>\n\
         </dl>\n<div class=\"counts\">\n\
         <div>\n<h3>model</h3>\n<dl>\n<dt>haiku</dt><dd>2</dd>\n<dt>&lt;opus&gt; &amp; &quot;co&quot;</dt><dd>1</dd>\n</dl>\n</div>\n\
         <div>\n<h3>status_code</h3>\n<dl>\n<dt>200</dt><dd>2</dd>\n<dt>–</dt><dd>1</dd>\n</dl>\n</div>\n\
         </div>\n</section>\n</body>\n</html>\n"
    );
}

const ALERTS: [(&str, Kind); 5] = [
    ("id", Kind::Integer),
    ("title", Kind::Text),
    ("url", Kind::Text),
    ("severity", Kind::Text),
    ("status", Kind::Text),
];

/// Returns a report of alerts whose dataset declares highlights, as JSON.
fn report(highlights: &str, rows: &str, json: &str) -> String {
    let mut header = header(&ALERTS);
    header.highlights = serde_json::from_str(highlights).unwrap();
    let (file, result) = export(&stream(&header, rows.as_bytes()), &options(json));
    assert_eq!(result, Ok(()));
    let page = String::from_utf8(file).unwrap();
    page[page.find("<section").unwrap()..].to_owned()
}

const CRITICAL: &str = r#"[
    {"heading": "Critical <alerts>", "where": {"severity": ["critical", "a\\b"], "status": ["open", "new"]},
     "columns": ["title", "status", "url", "nothing"]},
    {"heading": "Open", "where": {"status": ["open"]}, "columns": ["severity"]}]"#;

#[test]
fn declared_rows_come_before_the_table() {
    let long = "é".repeat(400);
    let rows = format!(
        "1\t<b>fake</b> shop\thttp://a.b/\tcritical\topen\n\
         2\tsold out\t\\N\tcritical\tresolved\n\
         3\t{long}\t\ta\\\\b\tnew\n\
         4\tx\ty\tlow\topen\n\
         5\tx\ty\t\\N\t\\N\n"
    );
    let summary = report(CRITICAL, &rows, "{}");
    let expected = format!(
        "<h3 class=\"alarm\">Critical &lt;alerts&gt;: 2</h3>\n<ul>\n\
         <li>&lt;b&gt;fake&lt;/b&gt; shop · open · http://a.b/</li>\n<li>{}… · new</li>\n</ul>\n\
         <h3 class=\"alarm\">Open: 2</h3>\n<ul>\n<li>critical</li>\n<li>low</li>\n</ul>\n",
        "é".repeat(150)
    );
    assert!(summary.contains(&expected), "{summary}");
}

#[test]
fn a_highlight_shows_columns_of_the_file_only() {
    let rows = "1\tshop\thttp://a.b/\tcritical\topen\n";
    let summary = report(CRITICAL, rows, r#"{"columns": ["title"]}"#);
    assert!(
        summary.contains("alerts&gt;: 1</h3>\n<ul>\n<li>shop</li>\n</ul>\n"),
        "{summary}"
    );
    assert!(!summary.contains("Open"), "{summary}");
    let of_a_missing_column = r#"[{"heading": "H", "where": {"nothing": ["x"]}, "columns": ["title"]}]"#;
    for highlights in [of_a_missing_column, "[]"] {
        assert!(!report(highlights, rows, "{}").contains("</ul>"));
    }
}

#[test]
fn a_boolean_of_a_condition_is_true_or_false() {
    let mut header = header(&[("ok", Kind::Boolean), ("name", Kind::Text)]);
    header.highlights =
        serde_json::from_str(r#"[{"heading": "Failed", "where": {"ok": ["false"]}, "columns": ["name"]}]"#)
            .unwrap();
    let (file, _) = export(&stream(&header, b"t\tgood\nf\tbad\n"), &options("{}"));
    let page = String::from_utf8(file).unwrap();
    assert!(
        page.contains("Failed: 1</h3>\n<ul>\n<li>bad</li>\n</ul>"),
        "{page}"
    );
}

#[test]
fn the_summary_has_a_bound() {
    let rows: String = (0..3000)
        .map(|index| format!("{index}\tt{index}\t\\N\tcritical\t{}\n", index % 1500))
        .collect();
    let highlights = r#"[
        {"heading": "Critical", "where": {"severity": ["critical"]}, "columns": ["title"]},
        {"heading": "Open", "where": {"status": ["open"]}, "columns": ["title"]}]"#;
    let summary = report(highlights, &rows, "{}");
    assert!(summary.contains("Critical: 3000</h3>"));
    assert!(summary.contains("<li>t0</li>") && summary.contains("<li>and 2980 more</li>"));
    assert!(summary.contains("<h3>Open: 0</h3>\n<div class"));
    assert!(
        summary.contains("<dt><i>others</i></dt><dd>2960</dd>"),
        "{summary}"
    );
    assert_eq!(summary.matches("<li>").count(), 21);
}

#[test]
fn nothing_that_is_data_is_markup() {
    let awkward = "</title></style><script>alert(1)</script>&lt;\"'\0";
    let mut header = header(&[(awkward, Kind::Text)]);
    header.title = awkward.to_owned();
    header.filters.insert("model".to_owned(), awkward.to_owned());
    header.filters.insert(awkward.to_owned(), "x".to_owned());
    let rows = row([Some(awkward.as_bytes())]);
    let (file, _) = export(&stream(&header, &rows), &options(r#"{"metadata":"true"}"#));
    let page = String::from_utf8(file).unwrap();
    // A search in the whole page would have to skip the style sheet.
    let (before, after) = (page.find("<style>").unwrap(), page.find("</style>").unwrap());
    let page = format!("{}{}", &page[..before], &page[after + 8..]);
    let tokens = tokens(&page);
    assert!(!tokens.contains(&Err("script".to_owned())));
    assert!(!tokens.contains(&Err("/style".to_owned())));
    let shown = tokens.iter().filter(|token| **token == Ok(seen(awkward))).count();
    // Title, heading, name and value of a filter, column, cell.
    assert_eq!(shown, 6);
}

proptest! {
    #[test]
    fn cells_are_read_back(texts in proptest::collection::vec(any_text(), 0..20), cut in 1usize..200) {
        let columns = [("a", Kind::Text), ("status", Kind::Text), ("severity", Kind::Json), ("n", Kind::Decimal)];
        let rows: Vec<u8> = texts
            .iter()
            .flat_map(|text| row([Some(text.as_bytes()), Some(text.as_bytes()), None, Some(text.as_bytes())]))
            .collect();
        let mut header = header(&columns);
        header.highlights = serde_json::from_str(
            r#"[{"heading": "<b>", "where": {"status": ["open", "critical", ""]}, "columns": ["a", "n"]}]"#,
        )
        .unwrap();
        let stream = stream(&header, &rows);
        let page = String::from_utf8(export(&stream, &options("{}")).0).unwrap();
        let expected: Vec<_> = texts
            .iter()
            .map(|text| vec![seen(text), seen(text), String::new(), seen(text)])
            .collect();
        prop_assert_eq!(cells(&page), expected);
        let chunks = export_chunks(stream.chunks(cut), &options("{}")).0;
        prop_assert_eq!(String::from_utf8(chunks).unwrap(), page.clone());
        tokens(&page[page.find("</style>").unwrap()..]);
    }

    #[test]
    fn any_bytes_make_a_page(bytes in proptest::collection::vec(any::<u8>(), 0..90)) {
        let columns = [("created_at", Kind::Timestamp), ("status", Kind::Text), ("n", Kind::Integer)];
        let page = page(&columns, &row([&bytes[..]; 3].map(Some)), "{}");
        let text = seen(&String::from_utf8_lossy(&bytes));
        prop_assert_eq!(cells(&page), vec![vec![text; 3]]);
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        awkward_text(),
        "(<|>|&|\"|'|/|!--|-->|script|td|</td>|</table>|&lt;|&#0;|&#x3c|a| |=|\n|\0|open|critical|<!\\[CDATA\\[){0,10}",
    ]
}
