//! A chart with its heading, and the same numbers as a table.

use super::{Caption, escape};

/// The numbers of a chart as a table of two columns.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// The headings of the columns.
    pub headings: [&'a str; 2],
    /// The label and the number of each row.
    pub rows: &'a [(&'a str, u64)],
}

/// Returns the element `figure` with the heading, a chart, and its table for readers who unfold it.
#[must_use]
pub fn figure(caption: Caption<'_>, chart: &str, table: Table<'_>) -> String {
    let texts = caption.texts();
    let mut html = format!(
        "<figure class=\"chart\">\n<figcaption>{}</figcaption>\n",
        escape(caption.heading)
    );
    if table.rows.iter().all(|(_, number)| *number == 0) {
        return html + &format!("<p class=\"nothing\">{}</p>\n</figure>\n", texts.nothing);
    }
    let [label, number] = table.headings.map(escape);
    html += &format!(
        "{chart}\n<details>\n<summary>{}</summary>\n<table>\n<thead><tr><th scope=\"col\">{label}</th>\
         <th scope=\"col\" class=\"number\">{number}</th></tr></thead>\n<tbody>\n",
        texts.show_as_table
    );
    for (label, number) in table.rows {
        html += &format!(
            "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td></tr>\n",
            escape(label),
            caption.language.integer(*number)
        );
    }
    html + "</tbody>\n</table>\n</details>\n</figure>\n"
}
