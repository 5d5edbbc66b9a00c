use proptest::prelude::*;

use super::*;
use crate::sample::awkward_text;

const LANGUAGES: [Language; 3] = [Language::English, Language::Chinese, Language::Portuguese];

/// `u64::MAX` in groups of three digits.
const MOST: &str = "18,446,744,073,709,551,615";

fn caption(heading: &str, language: Language) -> Caption<'_> {
    Caption {
        heading,
        period: "2026-01-01 – 2026-01-31",
        language,
        unit: Unit::Count,
    }
}

fn bar(label: &str, number: u64) -> Bar {
    Bar {
        label: label.to_owned(),
        number,
        tone: None,
    }
}

fn point(label: &str, number: u64) -> Point {
    Point {
        label: label.to_owned(),
        number,
    }
}

/// Returns the text of an element's children, by the element's name.
fn texts(svg: &str, name: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(svg).expect("SVG is XML");
    let elements = document
        .descendants()
        .filter(|node| node.tag_name().name() == name);
    elements
        .map(|node| {
            let texts = node.descendants().filter(roxmltree::Node::is_text);
            texts.filter_map(|text| text.text()).collect()
        })
        .collect()
}

/// Returns the values of an attribute, of all elements with this name.
fn attributes(svg: &str, name: &str, attribute: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(svg).expect("SVG is XML");
    let elements = document
        .descendants()
        .filter(|node| node.tag_name().name() == name);
    elements
        .filter_map(|node| node.attribute(attribute).map(str::to_owned))
        .collect()
}

#[test]
fn bars_have_labels_numbers_and_shares() {
    let bars_ = [bar("Critical", 1500), bar("High", 500), bar("Low", 0)];
    let svg = bars(&bars_, caption("Alerts by severity", Language::English));
    assert_eq!(
        texts(&svg, "title"),
        ["Alerts by severity. Total: 2,000. Highest: 1,500 (Critical). Period: 2026-01-01 – 2026-01-31"]
    );
    assert_eq!(
        texts(&svg, "text"),
        ["Critical", "1,500 · 75%", "High", "500 · 25%", "Low", "0 · 0%"]
    );
    let widths = attributes(&svg, "rect", "width");
    assert_eq!(widths, ["100%", "100.00%", "100%", "33.33%", "100%", "0.00%"]);
    assert_eq!(attributes(&svg, "svg", "role"), ["img"]);
    let portuguese = bars(&bars_, caption("Alertas", Language::Portuguese));
    assert_eq!(texts(&portuguese, "text")[1], "1.500 · 75%");
}

#[test]
fn bars_of_the_greatest_numbers_are_drawn() {
    let many: Vec<_> = (0..366).map(|at| bar(&at.to_string(), u64::MAX)).collect();
    let svg = bars(&many, caption("A", Language::English));
    let title = format!("A. Total: {MOST}. Highest: {MOST} (365). Period: 2026-01-01 – 2026-01-31");
    assert_eq!(texts(&svg, "title"), [title]);
    assert_eq!(
        texts(&svg, "text")[..2],
        ["0".to_owned(), format!("{MOST} · 100%")]
    );
    // Each bar has its ground.
    assert_eq!(attributes(&svg, "rect", "width").len(), 2 * 366);
    assert_eq!(attributes(&svg, "rect", "width").last().unwrap(), "100.00%");
}

#[test]
fn tones_have_colours_of_the_page() {
    let of = |tone| {
        let bar = Bar { tone, ..bar("a", 1) };
        attributes(&bars(&[bar], caption("", Language::English)), "rect", "fill")
    };
    assert_eq!(of(None), ["var(--s1)"]);
    assert_eq!(of(Some(Tone::Bad)), ["var(--s2)"]);
    assert_eq!(of(Some(Tone::Neutral)), ["var(--s5)"]);
}

#[test]
fn a_line_names_its_highest_point_its_ends_and_its_middle() {
    let days: Vec<_> = [3, 0, 14, 2, 1]
        .iter()
        .zip(1..)
        .map(|(number, day)| point(&format!("2026-01-0{day}"), *number))
        .collect();
    let svg = line(&days, caption("Alerts", Language::English));
    assert_eq!(
        texts(&svg, "title"),
        [
            "Alerts. Total: 20. Highest: 14 (2026-01-03). Period: 2026-01-01 – 2026-01-31",
            "2026-01-01: 3",
            "2026-01-02: 0",
            "2026-01-03: 14",
            "2026-01-04: 2",
            "2026-01-05: 1",
        ]
    );
    // The grid, the highest point, the axis.
    assert_eq!(
        texts(&svg, "text"),
        ["10", "20", "14", "2026-01-01", "2026-01-03", "2026-01-05"]
    );
    assert_eq!(
        attributes(&svg, "circle", "cx"),
        ["1.50%", "25.75%", "50.00%", "74.25%", "98.50%"]
    );
    assert_eq!(attributes(&svg, "circle", "cy")[1..3], ["158.0", "71.2"]);
}

#[test]
fn a_line_of_one_day_of_none_and_of_many_is_drawn() {
    let one = line(&[point("2026-01-01", 5)], caption("A", Language::Chinese));
    assert_eq!(attributes(&one, "circle", "cx"), ["50.00%"]);
    let none = line(&[], caption("A", Language::Chinese));
    assert_eq!(
        texts(&none, "title"),
        ["A. 合计: 0. 期间: 2026-01-01 – 2026-01-31"]
    );
    let many: Vec<_> = (0..366).map(|day| point(&day.to_string(), u64::MAX)).collect();
    let svg = line(&many, caption("A", Language::English));
    // The total is as great as it can be, not more.
    assert_eq!(
        texts(&svg, "title"),
        [format!(
            "A. Total: {MOST}. Highest: {MOST} (365). Period: 2026-01-01 – 2026-01-31"
        )]
    );
    // Two lines are the grid. All points are at the top.
    assert_eq!(attributes(&svg, "line", "y2")[..3], ["158.0", "34.0", "34.0"]);
    assert_eq!(attributes(&svg, "line", "y2").len(), 2 + 365);
    let few: Vec<_> = (0..366).map(|day| point(&day.to_string(), day)).collect();
    let svg = line(&few, caption("A", Language::English));
    assert!(attributes(&svg, "circle", "cx").is_empty());
    assert_eq!(texts(&svg, "text").last().unwrap(), "365");
}

/// Completed, failed and cancelled exports.
const SERIES: [Series<'_>; 3] = [
    Series {
        label: "Completed",
        tone: Tone::Good,
    },
    Series {
        label: "Failed",
        tone: Tone::Bad,
    },
    Series {
        label: "Cancelled",
        tone: Tone::Neutral,
    },
];

fn stack(label: &str, numbers: [u64; 3]) -> Stack {
    Stack {
        label: label.to_owned(),
        numbers: numbers.to_vec(),
    }
}

#[test]
fn stacked_bars_have_a_part_for_each_series_and_the_bad_one_has_stripes() {
    let days = [
        stack("2026-01-01", [6, 2, 0]),
        stack("2026-01-02", [0, 0, 0]),
        stack("2026-01-03", [1, 0, 1]),
    ];
    let svg = stacks(&days, &SERIES, caption("Exports a day", Language::English));
    assert_eq!(
        texts(&svg, "title"),
        [
            "Exports a day. Total: 10. Highest: 8 (2026-01-01). Period: 2026-01-01 – 2026-01-31",
            "2026-01-01 · Completed 6 · Failed 2",
            "2026-01-03 · Completed 1 · Cancelled 1",
        ]
    );
    // The grid, the highest bar, the legend, the axis.
    let legend = "■ Completed 7\u{a0} ▨ Failed 2\u{a0} ■ Cancelled 1";
    assert_eq!(
        texts(&svg, "text"),
        ["5", "10", "8", legend, "2026-01-01", "2026-01-03"]
    );
    // The first two are the pattern.
    assert_eq!(
        attributes(&svg, "rect", "fill")[2..],
        ["var(--s1)", "url(#hatch) var(--s2)", "var(--s1)", "var(--s5)"]
    );
    assert_eq!(
        attributes(&svg, "rect", "height")[2..],
        ["74.4", "24.8", "12.4", "12.4"]
    );
    // A part stands on the one below it.
    assert_eq!(attributes(&svg, "rect", "y"), ["83.6", "58.8", "145.6", "133.2"]);
}

#[test]
fn stacked_bars_of_no_day_of_many_and_of_the_greatest_numbers_are_drawn() {
    let none = stacks(&[], &SERIES, caption("A", Language::Chinese));
    assert_eq!(
        texts(&none, "title"),
        ["A. 合计: 0. 期间: 2026-01-01 – 2026-01-31"]
    );
    let days: Vec<_> = (0..90)
        .map(|day| stack(&day.to_string(), [u64::MAX, 1, 0]))
        .collect();
    let svg = stacks(&days, &SERIES, caption("A", Language::English));
    let title = format!("A. Total: {MOST}. Highest: {MOST} (89). Period: 2026-01-01 – 2026-01-31");
    assert_eq!(texts(&svg, "title")[0], title);
    // A part that is too small to be seen has one pixel.
    assert_eq!(attributes(&svg, "rect", "height")[2..4], ["124.0", "1.0"]);
    assert_eq!(attributes(&svg, "rect", "width")[2], "0.75%");
}

#[test]
fn the_numbers_of_the_grid_are_where_the_highest_point_is_not() {
    for (numbers, places) in [([9, 1, 1], 2), ([1, 1, 9], 0)] {
        let days: Vec<_> = numbers.map(|number| stack("a", [number, 0, 0])).to_vec();
        let svg = stacks(&days, &SERIES, caption("A", Language::English));
        assert_eq!(
            svg.matches("<text x=\"100%\" text-anchor=\"end\"").count(),
            places
        );
        let points = numbers.map(|number| point("a", number));
        let svg = line(&points, caption("A", Language::English));
        assert_eq!(
            svg.matches("<text x=\"100%\" text-anchor=\"end\"").count(),
            places
        );
    }
}

#[test]
fn sizes_have_units() {
    let caption = Caption {
        unit: Unit::Bytes,
        ..caption("Size a day", Language::English)
    };
    let svg = line(&[point("2026-01-01", 3_400_000)], caption);
    assert_eq!(texts(&svg, "text"), ["2.0 MB", "4.0 MB", "3.4 MB", "2026-01-01"]);
    assert!(texts(&svg, "title")[0].contains("Total: 3.4 MB. Highest: 3.4 MB (2026-01-01)"));
}

#[test]
fn a_table_has_a_column_for_each_series() {
    let table = Table {
        headings: &["Day", "Completed", "Failed"],
        rows: &[("2026-01-01", vec![0, 1])],
    };
    let html = figure(caption("A", Language::English), "", table);
    let row =
        "<tr><th scope=\"row\">2026-01-01</th><td class=\"number\">0</td><td class=\"number\">1</td></tr>";
    assert!(html.contains(row), "{html}");
}

#[test]
fn a_figure_has_its_numbers_as_a_table() {
    let caption = caption("Alerts <b>", Language::Portuguese);
    let table = Table {
        headings: &["Dia", "Quantidade"],
        rows: &[("01/01/2026", vec![1234]), ("<i>", vec![0])],
    };
    let html = figure(caption, "<svg></svg>", table);
    assert_eq!(
        html,
        "<figure class=\"chart\">\n<figcaption>Alerts &lt;b&gt;</figcaption>\n<svg></svg>\n<details>\n\
         <summary>Mostrar como tabela</summary>\n<table>\n<thead><tr><th scope=\"col\">Dia</th>\
         <th scope=\"col\" class=\"number\">Quantidade</th></tr></thead>\n<tbody>\n\
         <tr><th scope=\"row\">01/01/2026</th><td class=\"number\">1.234</td></tr>\n\
         <tr><th scope=\"row\">&lt;i&gt;</th><td class=\"number\">0</td></tr>\n\
         </tbody>\n</table>\n</details>\n</figure>\n"
    );
    let empty = Table {
        rows: &[("a", vec![0])],
        ..table
    };
    assert!(figure(caption, "<svg></svg>", empty).contains("<p class=\"nothing\">Nada neste período</p>"));
}

proptest! {
    #[test]
    fn no_text_breaks_out_of_a_chart(label in awkward_text(), heading in awkward_text(), number in any::<u64>()) {
        for language in LANGUAGES {
            let caption = caption(&heading, language);
            let half = number / 2;
            let charts = [
                bars(&[bar(&label, half), bar("b", 1)], caption),
                line(&[point(&label, half), point("b", 1)], caption),
                stacks(
                    &[stack(&label, [half, 1, 0])],
                    &SERIES.map(|series| Series { label: &heading, ..series }),
                    caption,
                ),
            ];
            for svg in charts {
                let document = roxmltree::Document::parse(&svg).expect("SVG is XML");
                let known = ["svg", "title", "text", "tspan", "rect", "line", "circle", "g", "defs", "pattern"];
                for node in document.descendants().filter(roxmltree::Node::is_element) {
                    prop_assert!(known.contains(&node.tag_name().name()), "{svg}");
                    prop_assert!(node.attributes().all(|attribute| !attribute.name().starts_with("on")), "{svg}");
                }
            }
        }
    }
}
