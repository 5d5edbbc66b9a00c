//! A chart with its heading, and the same numbers as a table.

use super::{Caption, escape};

/// The numbers of a chart as a table.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// The headings of the columns: of the labels, and of each number.
    pub headings: &'a [&'a str],
    /// The label and the numbers of each row.
    pub rows: &'a [(&'a str, Vec<u64>)],
}

/// Returns the element `figure` with the heading, a chart, and its table for readers who unfold it.
#[must_use]
pub fn figure(caption: Caption<'_>, chart: &str, table: Table<'_>) -> String {
    let texts = caption.texts();
    let mut html = format!(
        "<figure class=\"chart\">\n<figcaption>{}</figcaption>\n",
        escape(caption.heading)
    );
    if table
        .rows
        .iter()
        .flat_map(|(_, numbers)| numbers)
        .all(|number| *number == 0)
    {
        return html + &format!("<p class=\"nothing\">{}</p>\n</figure>\n", texts.nothing);
    }
    html += &format!(
        "{chart}\n<details>\n<summary>{}</summary>\n<table>\n<thead><tr>",
        texts.show_as_table
    );
    for (at, heading) in table.headings.iter().enumerate() {
        let class = if at > 0 { " class=\"number\"" } else { "" };
        html += &format!("<th scope=\"col\"{class}>{}</th>", escape(heading));
    }
    html += "</tr></thead>\n<tbody>\n";
    for (label, numbers) in table.rows {
        html += &format!("<tr><th scope=\"row\">{}</th>", escape(label));
        for number in numbers {
            html += &format!("<td class=\"number\">{}</td>", caption.number(*number));
        }
        html += "</tr>\n";
    }
    html + "</tbody>\n</table>\n</details>\n</figure>\n"
}
