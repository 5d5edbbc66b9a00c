use html5gum::{Token, Tokenizer};
use proptest::prelude::*;

use crate::bundle::{Contents, Part, Report};
use crate::language::Language;
use crate::options::Format;
use crate::rows::{Header, Kind};
use crate::sample::{awkward_text, header, row, stream};
use crate::{Bundle, Options};

const REPORT: &str = r#"{
    "languages": ["en", "zh-CN", "pt-BR"],
    "titles": {"pt-BR": "Relatório", "zh-CN": "报告"},
    "subject": "facts.name",
    "period": "facts",
    "figures": "summary",
    "chart": [
        {"kind": "line", "of": "events.created_at", "heading": "Events over time"},
        {"kind": "bars", "of": "events.severity", "heading": "By severity", "headings": {"pt-BR": "Por severidade"}},
        {"kind": "bars", "of": "events.missing", "heading": "Missing column"}
    ],
    "table": [
        {"part": "events", "heading": "Critical", "where": {"severity": ["critical", "high"]},
         "columns": ["title", "severity", "created_at", "cost"]},
        {"part": "events", "heading": "Closed", "where": {"severity": ["closed"]}, "columns": ["title"]}
    ],
    "values": [{"of": ["events.severity"], "list": [
        {"value": "critical", "label": "Critical", "labels": {"pt-BR": "Crítica"}, "tone": "bad"},
        {"value": "high", "label": "High <b>"},
        {"value": "low", "label": "Low", "tone": "neutral"}]}]
}"#;

/// A row of events: title, severity, time, cost.
type Event<'a> = [&'a str; 4];

fn contents() -> Contents {
    let part = |name: &str, single| Part {
        name: name.to_owned(),
        single,
    };
    let report: Report = serde_json::from_str(REPORT).unwrap();
    Contents {
        name: "report".to_owned(),
        title: "Report <1>".to_owned(),
        export_type: "report".to_owned(),
        export_id: None,
        parts: vec![part("facts", true), part("summary", true), part("events", false)],
        report: Some(report),
    }
}

fn part(name: &str, columns: &[(&str, Kind)], rows: &[u8]) -> Vec<u8> {
    let header = Header {
        part: Some(name.to_owned()),
        ..header(columns)
    };
    stream(&header, rows)
}

/// Returns the stream of a report about this subject and period.
fn stream_of(subject: &str, period: [&str; 2], events: &[Event<'_>]) -> Vec<u8> {
    stream_with_times(subject, period, events, Kind::Timestamp)
}

/// Returns the same, with times of this kind in the events.
fn stream_with_times(subject: &str, [start, end]: [&str; 2], events: &[Event<'_>], times: Kind) -> Vec<u8> {
    let cells = |cells: &[&str]| row(cells.iter().map(|cell| Some(cell.as_bytes())));
    let events: Vec<u8> = events.iter().flat_map(|event| cells(event)).collect();
    [
        part(
            "facts",
            &[
                ("name", Kind::Text),
                ("start", Kind::Timestamp),
                ("end", Kind::Timestamp),
            ],
            &cells(&[subject, start, end]),
        ),
        part(
            "summary",
            &[
                ("total", Kind::Integer),
                ("average", Kind::Decimal),
                ("nothing", Kind::Text),
            ],
            b"1234567\t1234.5\t\\N\n",
        ),
        part(
            "events",
            &[
                ("title", Kind::Text),
                ("severity", Kind::Text),
                ("created_at", times),
                ("cost", Kind::Decimal),
            ],
            &events,
        ),
    ]
    .concat()
}

fn file(stream: &[u8], options: &str, piece_bytes: usize) -> String {
    let options = Options {
        format: Format::Html,
        ..serde_json::from_str(options).unwrap()
    };
    let mut bundle = Bundle::new(options, contents()).unwrap();
    let mut file = Vec::new();
    for piece in stream.chunks(piece_bytes) {
        bundle.push(piece, &mut file).unwrap();
    }
    bundle.finish(&mut file).unwrap();
    String::from_utf8(file).unwrap()
}

const JANUARY: [&str; 2] = ["2026-01-01 00:00:00+00", "2026-02-01 00:00:00+00"];

fn page(period: [&str; 2], events: &[Event<'_>], options: &str) -> String {
    file(&stream_of("Acme", period, events), options, usize::MAX)
}

/// Returns the labels and numbers of the table of the line.
fn points(page: &str) -> Vec<(&str, &str)> {
    let (_, rest) = page
        .split_once("<figcaption>Events over time</figcaption>")
        .unwrap();
    let (table, _) = rest.split_once("</table>").unwrap();
    let rows = table.split("<tr><th scope=\"row\">").skip(1);
    let row = |row: &'_ str| -> Option<(usize, usize, usize)> {
        let label = row.find("</th>")?;
        let number = row.find("\"number\">")? + 9;
        Some((label, number, row.find("</td>")?))
    };
    rows.map(|text| {
        let (label, number, end) = row(text).unwrap();
        (&text[..label], &text[number..end])
    })
    .collect()
}

#[test]
fn the_page_begins_with_what_it_is_about() {
    let page = page(JANUARY, &[], "{}");
    let (_, body) = page.split_once("<body>\n").unwrap();
    assert!(
        body.starts_with(
            "<header>\n<p class=\"kind\">Report &lt;1&gt;</p>\n<h1>Acme</h1>\n<dl class=\"facts\">\n\
             <div><dt>Period</dt><dd>2026-01-01 – 2026-01-31</dd></div>\n\
             <div><dt>Created</dt><dd><time datetime=\"2026-01-28T12:00:00Z\">2026-01-28 12:00</time></dd></div>\n\
             <div><dt>Time zone</dt><dd>UTC</dd></div>\n</dl>\n</header>\n<main>\n\
             <section aria-labelledby=\"figures\">\n<h2 id=\"figures\">Key figures</h2>\n<dl class=\"figures\">\n\
             <div><dt>total</dt><dd>1,234,567</dd></div>\n<div><dt>average</dt><dd>1,234.5</dd></div>\n\
             <div><dt>nothing</dt><dd>–</dd></div>\n</dl>\n</section>\n"
        ),
        "{body}"
    );
    assert!(page.contains("<title>Acme · Report &lt;1&gt;</title>"));
    assert!(!page.contains("Missing column"));
    assert!(page.contains("<p class=\"nothing\">None in this period.</p>"));
}

#[test]
fn numbers_times_and_texts_are_those_of_the_language() {
    let events = [["A fake shop", "critical", "2026-01-31 23:30:00+00", "-1234.50"]];
    let page = page(
        JANUARY,
        &events,
        r#"{"language": "pt", "zone": "America/Sao_Paulo"}"#,
    );
    for text in [
        "<html lang=\"pt-BR\">",
        "<p class=\"kind\">Relatório</p>",
        // The period's days are not whole in this zone.
        "<dd>31/12/2025 21:00 a 31/01/2026 21:00</dd>",
        ">28/01/2026 09:00</time>",
        "<dd>1.234.567</dd>",
        "Por severidade",
        "<td role=\"cell\" data-label=\"severity\" class=\"short\"><span class=\"badge bad\">Crítica</span></td>\
         <td role=\"cell\" data-label=\"created_at\" class=\"short\">31/01/2026 20:30</td>\
         <td role=\"cell\" data-label=\"cost\" class=\"number\">-1.234,50</td>",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    // A language that the report lacks is its first one.
    assert!(self::page(JANUARY, &[], r#"{"language": "de"}"#).contains("<html lang=\"en\">"));
}

#[test]
fn a_day_without_rows_is_a_point_too() {
    let times = [
        "2026-01-03 10:00:00+00",
        "2026-01-03 11:00:00+00",
        "2026-01-31 00:00:00+00",
        "infinity",
    ];
    let events = times.map(|time| ["a", "low", time, "1"]);
    let page = page(JANUARY, &events, "{}");
    let points = points(&page);
    assert_eq!(points.len(), 31);
    let with_rows: Vec<_> = points.iter().filter(|(_, number)| *number != "0").collect();
    assert_eq!(with_rows, [&("2026-01-03", "2"), &("2026-01-31", "1")]);
    assert_eq!(page.matches("<circle").count(), 31);
}

#[test]
fn the_days_are_those_of_the_zone() {
    let events = [["a", "low", "2026-01-03 20:00:00+00", "1"]];
    let period = ["2026-01-02 16:00:00+00", "2026-01-05 16:00:00+00"];
    let page = page(
        period,
        &events,
        r#"{"language": "zh-CN", "zone": "Asia/Shanghai"}"#,
    );
    assert_eq!(
        points(&page),
        [("2026-01-03", "0"), ("2026-01-04", "1"), ("2026-01-05", "0")]
    );
    assert!(page.contains("<dd>2026年1月3日 至 2026年1月5日</dd>"));
}

#[test]
fn a_date_is_a_time_without_a_clock() {
    let events = ["2026-01-03", "2026-01-31", "2026-02-01", "infinity"].map(|day| ["a", "high", day, "1"]);
    let stream = stream_with_times("Acme", JANUARY, &events, Kind::Date);
    let english = file(&stream, "{}", usize::MAX);
    let points = points(&english);
    assert_eq!(points.len(), 31);
    let with_rows: Vec<_> = points.iter().filter(|(_, number)| *number != "0").collect();
    assert_eq!(with_rows, [&("2026-01-03", "1"), &("2026-01-31", "1")]);
    // A date is the same day in all zones.
    let portuguese = file(
        &stream,
        r#"{"language": "pt-BR", "zone": "America/Sao_Paulo"}"#,
        usize::MAX,
    );
    for text in ["03/01/2026", "infinity"] {
        let cell = format!("<td role=\"cell\" data-label=\"created_at\" class=\"short\">{text}</td>");
        assert!(portuguese.contains(&cell), "{portuguese}");
    }
}

/// Returns the period as the page shows it in Santiago, and the number of points of its line.
fn period_in_santiago(period: [&str; 2]) -> (String, usize) {
    let page = page(
        period,
        &[["a", "low", "2026-09-06 12:00:00+00", "1"]],
        r#"{"zone": "America/Santiago"}"#,
    );
    let (_, rest) = page.split_once("<dt>Period</dt><dd>").unwrap();
    let (text, _) = rest.split_once("</dd>").unwrap();
    let points = match page.contains("<circle") {
        true => points(&page).len(),
        false => 0,
    };
    (text.to_owned(), points)
}

#[test]
fn a_day_begins_at_one_where_clocks_skip_midnight() {
    // On 2026-09-06 the clocks of Santiago go from 00:00 to 01:00, at 04:00 UTC.
    let change = "2026-09-06 04:00:00+00";
    for (period, text, points) in [
        // The row is not within the first one.
        (["2026-09-01 04:00:00+00", change], "2026-09-01 – 2026-09-05", 0),
        ([change, "2026-09-07 03:00:00+00"], "2026-09-06", 1),
        (
            ["2026-09-05 04:00:00+00", "2026-09-08 03:00:00+00"],
            "2026-09-05 – 2026-09-07",
            3,
        ),
        (
            ["2026-09-05 04:00:00+00", "2026-09-06 05:00:00+00"],
            "2026-09-05 00:00 – 2026-09-06 02:00",
            2,
        ),
        (
            ["2026-09-05 04:00:00+00", "2026-09-06 04:00:00.000001+00"],
            "2026-09-05 00:00 – 2026-09-06 01:00",
            2,
        ),
    ] {
        assert_eq!(
            period_in_santiago(period),
            (text.to_owned(), points),
            "{period:?}"
        );
    }
}

#[test]
fn a_named_value_is_counted_after_a_thousand_others() {
    let values: Vec<String> = (0..1000).map(|number| format!("value {number}")).collect();
    let mut events: Vec<Event<'_>> = values.iter().map(|value| ["a", value, JANUARY[0], "1"]).collect();
    events.push(["a", "low", JANUARY[0], "1"]);
    let page = page(JANUARY, &events, "{}");
    let row = |label: &str, number| {
        format!("<tr><th scope=\"row\">{label}</th><td class=\"number\">{number}</td></tr>")
    };
    for row in [row("Critical", 0), row("Low", 1), row("Others", 991)] {
        assert!(page.contains(&row), "{row}: {page}");
    }
}

#[test]
fn a_report_without_languages_is_in_english() {
    let report = Report::default();
    assert_eq!(report.languages(), [Language::English]);
    for (tag, language) in [
        (None, Some(Language::English)),
        (Some("en-GB"), Some(Language::English)),
        (Some("pt-BR"), None),
    ] {
        assert_eq!(report.language(tag), language);
    }
}

#[test]
fn a_long_period_has_a_point_for_each_month() {
    let events = [
        ["a", "low", "2025-11-30 23:59:59+00", "1"],
        ["a", "low", "2026-03-01 00:00:00+00", "1"],
    ];
    let long = ["2020-01-01 00:00:00+00", "2026-07-01 00:00:00+00"];
    let months = [
        ("2025-11", "1"),
        ("2025-12", "0"),
        ("2026-01", "0"),
        ("2026-02", "0"),
        ("2026-03", "1"),
    ];
    for period in [long, ["-infinity", "infinity"]] {
        assert_eq!(points(&page(period, &events, "{}")), months);
    }
}

#[test]
fn the_first_twenty_rows_are_shown_and_the_others_counted() {
    let titles: Vec<String> = (0..1500).map(|number| format!("event {number}")).collect();
    let events: Vec<Event<'_>> = titles
        .iter()
        .map(|title| [title.as_str(), "high", "2026-01-03 10:00:00+00", "1"])
        .collect();
    let page = page(JANUARY, &events, "{}");
    assert!(page.contains("Critical <span class=\"count\">1,500</span>"));
    assert!(page.contains(">event 19<") && !page.contains(">event 20<"));
    assert!(page.contains("<p class=\"more\">and 1,480 more</p>"));
    assert!(page.contains("High &lt;b&gt;</td>"));
    assert!(page.contains("Closed <span class=\"count\">0</span>"));
}

#[test]
fn named_values_come_first_and_rare_ones_together() {
    let values: Vec<String> = (0..20).map(|number| format!("value {number}")).collect();
    let mut events: Vec<Event<'_>> = values.iter().map(|value| ["a", value, JANUARY[0], "1"]).collect();
    events.push(["a", "low", JANUARY[0], "1"]);
    let page = page(JANUARY, &events, "{}");
    let (_, rest) = page.split_once("<figcaption>By severity</figcaption>").unwrap();
    let (svg, _) = rest.split_once("</svg>").unwrap();
    let labels: Vec<_> = svg
        .split("<text y=")
        .skip(1)
        .map(|text| text.split(['>', '<']).nth(1).unwrap())
        .collect();
    assert_eq!(labels[..4], ["Critical", "High &lt;b&gt;", "Low", "value 0"]);
    assert_eq!((labels.len(), labels[12]), (13, "Others"));
    assert!(svg.contains("11 <tspan"), "{svg}");
}

/// Returns the names of the tags, with the attributes that run scripts or load something.
fn tags(page: &str) -> Vec<String> {
    let (_, body) = page.split_once("</style>").unwrap();
    let mut tags = Vec::new();
    for Ok(token) in Tokenizer::new(body) {
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8(tag.name.to_vec()).unwrap();
                let attributes = tag
                    .attributes
                    .keys()
                    .map(|name| String::from_utf8(name.to_vec()).unwrap());
                let unsafe_ones =
                    attributes.filter(|name| name.starts_with("on") || name == "href" || name == "src");
                tags.extend(unsafe_ones);
                tags.push(name);
            }
            Token::Comment(_) | Token::Doctype(_) => panic!("{page}"),
            Token::EndTag(_) | Token::String(_) | Token::Error(_) => {}
        }
    }
    tags.sort();
    tags.dedup();
    tags
}

proptest! {
    #[test]
    fn nothing_that_is_data_is_markup(
        texts in proptest::collection::vec(any_text(), 3), count in 1usize..30, cut in 1usize..300,
    ) {
        let event = [texts[0].as_str(), "critical", "2026-01-03 10:00:00+00", texts[1].as_str()];
        let other = [texts[1].as_str(), texts[2].as_str(), texts[0].as_str(), texts[2].as_str()];
        let events: Vec<_> = [event, other].into_iter().cycle().take(count).collect();
        let stream = stream_of(&texts[2], JANUARY, &events);
        let page = file(&stream, "{}", usize::MAX);
        let known = [
            "body", "circle", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "footer", "g", "h1", "h2", "head",
            "header", "line", "main", "p", "rect", "section", "span", "summary", "svg", "table", "tbody", "td", "text", "th",
            "thead", "time", "title", "tr", "tspan",
        ];
        for tag in tags(&page) {
            prop_assert!(known.contains(&tag.as_str()), "{tag}: {page}");
        }
        prop_assert_eq!(file(&stream, "{}", cut), page);
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        awkward_text(),
        "(<|>|&|\"|'|/|!--|-->|script|svg|title|</td>|</svg>|</title>|&lt;|&#0;| onload=|=|\n|critical|low){1,10}",
    ]
}
