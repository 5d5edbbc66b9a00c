//! A conversation to read. Each row is a message with the columns `role` and `content`, and optionally `conversation_id` or
//! `session_id`, `title`, `created_at`, `model`. Other columns are ignored.
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
//! A message lies in a fence that is longer than any fence in it, so that it cannot end its block, and nothing in it is
//! loaded or run. Messages have the order of the rows. A conversation begins where the id (without one, the title)
//! differs from that of the previous row.

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
    conversation: Option<ColumnRef>,
    conversation_title: Option<ColumnRef>,
    time: Option<ColumnRef>,
    model: Option<ColumnRef>,
    text: CellText,
    /// The raw cell that identifies the last conversation; `None` before the first.
    last: Option<Vec<u8>>,
    messages: u64,
}

impl Transcript {
    pub(super) fn new(header: &Header, positions: &[usize], options: &Options) -> Result<Self, FormatError> {
        let made = Made {
            file: "a transcript",
            rows: "messages",
        };
        let [role, content] = made.columns(header, positions, ["role", "content"])?;
        let column = |name: &str| {
            let mut columns = positions
                .iter()
                .map(|&position| (position, &header.columns[position]));
            columns
                .find(|(_, column)| column.name == name)
                .map(|(position, column)| (position, column.kind))
        };
        Ok(Self {
            introduction: introduction(header, positions, options),
            has_metadata: options.metadata == options::Metadata::With,
            title: header.title.clone(),
            role,
            content,
            conversation: column("conversation_id").or_else(|| column("session_id")),
            conversation_title: column("title"),
            time: column("created_at"),
            model: column("model"),
            text: CellText::new(options),
            last: None,
            messages: 0,
        })
    }

    /// Appends a heading if the row belongs to another conversation than the previous row.
    fn write_conversation(&mut self, cells: &[&[u8]], out: &mut Vec<u8>) {
        let key = self.conversation.or(self.conversation_title);
        let key = key.map_or(&b""[..], |(position, _)| cells[position]);
        if self.last.as_deref() == Some(key) {
            return;
        }
        self.last = Some(key.to_vec());
        let named = [self.conversation_title, self.conversation];
        let name = named
            .into_iter()
            .flatten()
            .find(|&(position, _)| cells[position] != NULL && !cells[position].is_empty());
        if self.messages > 0 {
            out.push(b'\n');
        }
        match name.map(|(position, kind)| self.text.write(cells[position], kind)) {
            Some(Written::Plain(name) | Written::Text(name)) => write_heading("##", name, out),
            _ => write_heading("##", self.title.as_bytes(), out),
        }
    }

    /// Appends the role, the time and the model of a message.
    fn write_speaker(&mut self, cells: &[&[u8]], out: &mut Vec<u8>) {
        out.extend_from_slice(b"\n**");
        let (position, kind) = self.role;
        match self.text.write(cells[position], kind) {
            Written::Plain(role) | Written::Text(role) if !role.is_empty() => {
                let start = out.len();
                Inline::write(role, out);
                out[start].make_ascii_uppercase();
            }
            _ => out.extend_from_slice(b"Unknown"),
        }
        out.extend_from_slice(b"**");
        for (position, kind) in [self.time, self.model].into_iter().flatten() {
            if let Written::Plain(text) | Written::Text(text) = self.text.write(cells[position], kind) {
                out.extend_from_slice(" · ".as_bytes());
                Inline::write(text, out);
            }
        }
        out.push(b'\n');
    }

    fn write_content(&mut self, cells: &[&[u8]], out: &mut Vec<u8>) {
        let (position, kind) = self.content;
        match self.text.write(cells[position], kind) {
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
        let cells: Vec<&[u8]> = row.cells()?.collect();
        self.write_conversation(&cells, out);
        self.write_speaker(&cells, out);
        self.write_content(&cells, out);
        self.messages += 1;
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if self.has_metadata {
            let blank = if self.messages > 0 { "\n" } else { "" };
            out.extend_from_slice(format!("{blank}Messages: {}\n", self.messages).as_bytes());
        }
    }
}

/// Appends text in a fence that is longer than any fence in the text.
fn write_fenced(text: &[u8], out: &mut Vec<u8>) {
    let runs = text.split(|&byte| byte != b'`').map(<[u8]>::len);
    let fence = "`".repeat(3.max(runs.max().unwrap_or(0) + 1));
    out.extend_from_slice(format!("\n{fence}\n").as_bytes());
    replace(text, out, |at, byte| match byte {
        b'\n' if text[..at].ends_with(b"\r") => Some(""),
        b'\r' => Some("\n"),
        b'\n' | b'\t' => None,
        other => picture(other),
    });
    out.extend_from_slice(format!("\n{fence}\n").as_bytes());
}
