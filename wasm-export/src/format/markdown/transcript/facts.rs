//! The facts of a conversation: a list below its heading, and a list for each column of entries, such as reviews.

use super::cells::Cells;
use super::entries::{self, Entries, Member};
use crate::format::ColumnRef;
use crate::format::columns::heading;
use crate::format::markdown::inline::Inline;
use crate::format::markup::Markup;
use crate::options::Options;
use crate::rows::{Header, Kind};
use crate::value::{CellText, Written};

/// Columns of a turn, and the title, which is the heading.
const NO_FACTS: [&str; 6] = ["role", "content", "turn_number", "token_count", "model", "title"];

pub(super) struct Facts(Vec<Fact>);

struct Fact {
    /// The heading of the column as Markdown.
    label: Vec<u8>,
    column: ColumnRef,
}

impl Facts {
    /// Returns those of the columns that describe the conversation, in the order of the file.
    pub(super) fn new(header: &Header, positions: &[usize], options: &Options) -> Self {
        let is_fact = |position: &&usize| !NO_FACTS.contains(&header.columns[**position].name.as_str());
        let fact = |&position: &usize| {
            let column = &header.columns[position];
            let mut label = Vec::new();
            Inline::write(heading(column, options).as_bytes(), &mut label);
            Fact {
                label,
                column: (position, column.kind),
            }
        };
        Self(positions.iter().filter(is_fact).map(fact).collect())
    }

    /// Appends the facts of the conversation that begins with this row. One without a value is left out.
    pub(super) fn write(&self, cells: Cells<'_>, text: &mut CellText, out: &mut Vec<u8>) {
        let start = out.len();
        for fact in &self.0 {
            match fact.read(cells, text) {
                Some(Read::Value(value)) => fact.write(value, out, start),
                Some(Read::Entries(Entries::Texts(texts))) => {
                    fact.write(texts.join(", ").as_bytes(), out, start)
                }
                Some(Read::Entries(Entries::Objects(_))) | None => {}
            }
        }
        for fact in &self.0 {
            if let Some(Read::Entries(Entries::Objects(objects))) = fact.read(cells, text) {
                fact.write_objects(&objects, out);
            }
        }
    }
}

/// The value of a fact.
enum Read<'a> {
    Value(&'a [u8]),
    Entries(Entries),
}

impl Fact {
    /// Returns the value, or `None` if there is none.
    fn read<'a>(&self, cells: Cells<'a>, text: &'a mut CellText) -> Option<Read<'a>> {
        let (Written::Plain(value) | Written::Text(value)) =
            text.write(cells.get(self.column), self.column.1)
        else {
            return None;
        };
        let entries = match self.column.1 {
            Kind::Json => entries::read(value),
            _ => None,
        };
        match entries {
            Some(Entries::Texts(texts)) if texts.is_empty() => None,
            Some(entries) => Some(Read::Entries(entries)),
            None if value.is_empty() => None,
            None => Some(Read::Value(value)),
        }
    }

    /// Appends the fact to the list that begins at `start`.
    fn write(&self, value: &[u8], out: &mut Vec<u8>, start: usize) {
        if out.len() == start {
            out.push(b'\n');
        }
        out.extend_from_slice(b"- **");
        out.extend_from_slice(&self.label);
        out.extend_from_slice(b":** ");
        Inline::write(value, out);
        out.push(b'\n');
    }

    fn write_objects(&self, objects: &[Vec<Member>], out: &mut Vec<u8>) {
        out.extend_from_slice(b"\n**");
        out.extend_from_slice(&self.label);
        out.extend_from_slice(b"**\n\n");
        for object in objects {
            out.extend_from_slice(b"- ");
            for (at, (name, value)) in object.iter().enumerate() {
                if at > 0 {
                    out.extend_from_slice(" · ".as_bytes());
                }
                // With a sign of its own at the beginning, the item is no heading and no list.
                out.extend_from_slice(b"**");
                Inline::write(name.as_bytes(), out);
                out.extend_from_slice(b":** ");
                Inline::write(value.as_bytes(), out);
            }
            out.push(b'\n');
        }
    }
}
