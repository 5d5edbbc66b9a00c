//! A conversation to read. Each row is a message with the columns `role` and `content`.
//!
//! Rows without a column `turn_number` are messages of their own, and may have `conversation_id` or `session_id`, `title`,
//! `created_at` and `model`. Other columns are ignored:
//!
//! ````markdown
//! ## How to boil an egg
//!
//! **User** · 2026-01-28T12:34:56.789Z
//!
//! ```
//! How long?
//! ```
//! ````
//!
//! Rows with a `turn_number` are turns of a conversation, which the other columns describe, `token_count` and `model` aside.
//! Its heading is followed by these facts, and each turn has a heading:
//!
//! ````markdown
//! ## How to boil an egg
//!
//! - **Status:** approved
//!
//! ### 1 · User
//!
//! ```
//! How long?
//! ```
//! ````
//!
//! A message lies in a fence that is longer than any fence in it, so that it cannot end its block, and nothing in it is
//! loaded or run. Messages have the order of the rows. A conversation begins where the id (without one, the title)
//! differs from that of the previous row.

mod cells;
mod entries;
mod facts;

use std::ops::Range;

use self::cells::Cells;
use self::facts::Facts;
use super::inline::{Inline, introduction, write_heading};
use crate::format::markup::{Markup, replace};
use crate::format::visible::{picture, utf8};
use crate::format::{ColumnRef, FileFormat, FormatError, Made};
use crate::options::{self, Options};
use crate::rows::{Header, NULL, ReadError, Row};
use crate::value::{CellText, Written};

pub(super) struct Transcript {
    introduction: Vec<u8>,
    has_metadata: bool,
    /// The heading of a conversation that has neither title nor id.
    title: String,
    role: ColumnRef,
    content: ColumnRef,
    /// Its cell tells conversations apart. It may be hidden.
    key: Option<ColumnRef>,
    /// The columns of the heading: the first that is not empty.
    names: Vec<ColumnRef>,
    speech: Speech,
    text: CellText,
    /// The cells of the current row.
    cells: Vec<Range<usize>>,
    /// The raw cell that identifies the last conversation; `None` before the first.
    last: Option<Vec<u8>>,
    messages: u64,
}

/// What stands above a message, beside its role.
enum Speech {
    Message {
        time: Option<ColumnRef>,
        model: Option<ColumnRef>,
    },
    Turn {
        number: ColumnRef,
        model: Option<ColumnRef>,
        facts: Facts,
    },
}

impl Transcript {
    pub(super) fn new(header: &Header, positions: &[usize], options: &Options) -> Result<Self, FormatError> {
        let made = Made {
            file: "a transcript",
            rows: "messages",
        };
        let [role, content] = made.columns(header, positions, ["role", "content"])?;
        let at = |position: usize| (position, header.columns[position].kind);
        let column = |name: &str| {
            let mut shown = positions.iter().copied();
            shown
                .find(|&position| header.columns[position].name == name)
                .map(at)
        };
        let conversation = column("conversation_id").or_else(|| column("session_id"));
        let hidden = header.position("conversation_id").map(at);
        let title = column("title");
        let model = column("model");
        Ok(Self {
            introduction: introduction(header, positions, options),
            has_metadata: options.metadata == options::Metadata::With,
            title: header.title.clone(),
            role,
            content,
            key: conversation.or(hidden).or(title),
            names: [title, conversation].into_iter().flatten().collect(),
            speech: match column("turn_number") {
                None => Speech::Message {
                    time: column("created_at"),
                    model,
                },
                Some(number) => Speech::Turn {
                    number,
                    model,
                    facts: Facts::new(header, positions, options),
                },
            },
            text: CellText::new(options),
            cells: Vec::new(),
            last: None,
            messages: 0,
        })
    }

    /// Appends a heading and the facts if the row belongs to another conversation than the previous row.
    fn write_conversation(&mut self, cells: Cells<'_>, out: &mut Vec<u8>) {
        let key = self.key.map_or(&b""[..], |column| cells.get(column));
        if self.last.as_deref() == Some(key) {
            return;
        }
        self.last = Some(key.to_vec());
        let is_filled = |&&column: &&ColumnRef| !matches!(cells.get(column), NULL | b"");
        let name = self.names.iter().find(is_filled);
        if self.messages > 0 {
            out.push(b'\n');
        }
        match name.map(|&column| self.text.write(cells.get(column), column.1)) {
            Some(Written::Plain(name) | Written::Text(name)) => write_heading("##", name, out),
            _ => write_heading("##", self.title.as_bytes(), out),
        }
        if let Speech::Turn { facts, .. } = &self.speech {
            facts.write(cells, &mut self.text, out);
        }
    }

    /// Appends the role, and the number or the time and the model of a message.
    fn write_speaker(&mut self, cells: Cells<'_>, out: &mut Vec<u8>) {
        let Self { speech, text, .. } = self;
        match speech {
            Speech::Message { time, model } => {
                out.extend_from_slice(b"\n**");
                write_role(text.write(cells.get(self.role), self.role.1), out);
                out.extend_from_slice(b"**");
                for column in [*time, *model].into_iter().flatten() {
                    write_detail(text.write(cells.get(column), column.1), out);
                }
            }
            Speech::Turn { number, model, .. } => {
                out.extend_from_slice(b"\n### ");
                if let Written::Plain(number) | Written::Text(number) =
                    text.write(cells.get(*number), number.1)
                {
                    Inline::write(number, out);
                    out.extend_from_slice(" · ".as_bytes());
                }
                write_role(text.write(cells.get(self.role), self.role.1), out);
                if let Some(model) = model {
                    write_detail(text.write(cells.get(*model), model.1), out);
                }
            }
        }
        out.push(b'\n');
    }

    fn write_content(&mut self, cells: Cells<'_>, out: &mut Vec<u8>) {
        match self.text.write(cells.get(self.content), self.content.1) {
            Written::Null => out.extend_from_slice(b"\n*No content*\n"),
            Written::Plain(text) | Written::Text(text) => write_fenced(&utf8(text), out),
        }
    }
}

impl FileFormat for Transcript {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.introduction);
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), ReadError> {
        let mut ranges = std::mem::take(&mut self.cells);
        ranges.clear();
        let mut start = 0;
        for cell in row.cells()? {
            ranges.push(start..start + cell.len());
            start += cell.len() + 1;
        }
        let cells = Cells {
            line: row.line(),
            ranges: &ranges,
        };
        self.write_conversation(cells, out);
        self.write_speaker(cells, out);
        self.write_content(cells, out);
        self.messages += 1;
        self.cells = ranges;
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if self.has_metadata {
            let blank = if self.messages > 0 { "\n" } else { "" };
            out.extend_from_slice(format!("{blank}Messages: {}\n", self.messages).as_bytes());
        }
    }
}

/// Appends a role with a capital letter.
fn write_role(role: Written<'_>, out: &mut Vec<u8>) {
    match role {
        Written::Plain(role) | Written::Text(role) if !role.is_empty() => {
            let start = out.len();
            Inline::write(role, out);
            out[start].make_ascii_uppercase();
        }
        _ => out.extend_from_slice(b"Unknown"),
    }
}

fn write_detail(detail: Written<'_>, out: &mut Vec<u8>) {
    if let Written::Plain(text) | Written::Text(text) = detail {
        out.extend_from_slice(" · ".as_bytes());
        Inline::write(text, out);
    }
}

/// Appends text in a fence that is longer than any fence in the text.
fn write_fenced(text: &[u8], out: &mut Vec<u8>) {
    let runs = text.split(|&byte| byte != b'`').map(<[u8]>::len);
    let length = 3.max(runs.max().unwrap_or(0) + 1);
    let fence = |out: &mut Vec<u8>| {
        out.push(b'\n');
        out.resize(out.len() + length, b'`');
        out.push(b'\n');
    };
    fence(out);
    replace(text, out, |at, byte| match byte {
        b'\n' if text[..at].ends_with(b"\r") => Some(""),
        b'\r' => Some("\n"),
        b'\n' | b'\t' => None,
        other => picture(other),
    });
    fence(out);
}
