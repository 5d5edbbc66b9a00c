//! Reads the JSON of a bundle behind its member `exportMetadata`: a member for each part, `generatedAt` of a report, and the
//! totals. It counts rows, and keeps none.

use super::{Refusal, Rows};
use crate::json::{Piece, decode};

/// The longest name of a part or number of rows, in bytes. `metadata` is not kept.
const KEPT_BYTES_MAX: usize = 1024;

/// The most parts.
const PARTS_MAX: usize = 1000;

#[derive(Default)]
pub(super) struct BundleReader {
    section: Section,
    /// The key or the number that is being read.
    text: Vec<u8>,
    /// The parts that have ended, with their rows.
    parts: Vec<(String, u64)>,
    /// What `totals` announces.
    totals: Vec<(String, u64)>,
    part: String,
    total: String,
    part_rows: u64,
    is_list: bool,
    has_totals: bool,
}

/// The current member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Section {
    /// `exportMetadata`, `metadata` or `generatedAt`.
    #[default]
    Metadata,
    Part,
    Totals,
}

impl BundleReader {
    /// Returns the rows of all parts together.
    pub(super) fn rows(&self) -> u64 {
        self.parts.iter().map(|(_, rows)| rows).sum()
    }

    pub(super) fn open(&mut self, is_object: bool, depth: usize) -> Result<(), Refusal> {
        match (self.section, depth) {
            (Section::Part, 2) => {
                self.is_list = !is_object;
                self.part_rows = u64::from(is_object);
                Ok(())
            }
            (Section::Part, 3) if self.is_list => {
                if !is_object {
                    return Err("a row must be an object".to_owned());
                }
                self.part_rows += 1;
                Ok(())
            }
            (Section::Totals, 2) if is_object => Ok(()),
            (Section::Totals, _) => Err("`totals` must be an object of numbers".to_owned()),
            _ => Ok(()),
        }
    }

    pub(super) fn close(&mut self, depth: usize, rows: &mut impl Rows) -> Result<(), Refusal> {
        match (self.section, depth) {
            (Section::Part, 2) => {
                self.end_part(rows);
                Ok(())
            }
            (_, 1) if !self.has_totals => Err("the object has no `totals`: it is incomplete".to_owned()),
            (_, 1) if self.totals != self.parts => {
                let said = |parts: &[(String, u64)]| {
                    let parts = parts.iter().map(|(name, rows)| format!("{name}: {rows}"));
                    parts.collect::<Vec<_>>().join(", ")
                };
                Err(format!(
                    "`totals` announces the rows {{{}}}, but there are {{{}}}",
                    said(&self.totals),
                    said(&self.parts)
                ))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn scalar(
        &mut self,
        piece: Piece<'_>,
        depth: usize,
        rows: &mut impl Rows,
    ) -> Result<(), Refusal> {
        let is_kept = depth == 1 || depth == 2 && self.section == Section::Totals;
        if !is_kept {
            let is_row = self.section == Section::Part && self.is_list && depth == 2;
            return match is_row {
                true => Err("a row must be an object".to_owned()),
                false => Ok(()),
            };
        }
        if piece.begins {
            self.text.clear();
        }
        let bytes = piece.rest.get(..piece.length).unwrap_or_default();
        if self.text.len() + bytes.len() > KEPT_BYTES_MAX {
            return Err("the name of a part or its number of rows is too long".to_owned());
        }
        self.text.extend_from_slice(bytes);
        match (piece.ends, piece.is_key, depth) {
            (false, ..) => Ok(()),
            (true, true, 1) => self.begin_member(rows),
            (true, true, _) => {
                self.total = self.name()?;
                Ok(())
            }
            (true, false, 1) => self.end_scalar(rows),
            (true, false, _) => {
                let number = std::str::from_utf8(&self.text)
                    .ok()
                    .and_then(|text| text.parse().ok());
                let number = number.ok_or("the number of rows is not a whole number")?;
                self.totals.push((std::mem::take(&mut self.total), number));
                Ok(())
            }
        }
    }

    fn begin_member(&mut self, rows: &mut impl Rows) -> Result<(), Refusal> {
        let name = self.name()?;
        if self.has_totals {
            return Err(format!(
                "`{name}` stands behind `totals`, which is the last member"
            ));
        }
        self.section = match name.as_str() {
            "metadata" | "generatedAt" => Section::Metadata,
            "totals" => {
                self.has_totals = true;
                Section::Totals
            }
            _ if self.parts.len() == PARTS_MAX => {
                return Err(format!("the bundle has more than {PARTS_MAX} parts"));
            }
            _ => {
                rows.part(&name)?;
                self.part = name;
                Section::Part
            }
        };
        Ok(())
    }

    /// Ends a member that is a scalar: a part without its only row, or a description.
    fn end_scalar(&mut self, rows: &mut impl Rows) -> Result<(), Refusal> {
        if self.section == Section::Metadata {
            return Ok(());
        }
        if self.section != Section::Part || self.text != b"null" {
            return Err(
                "the value that ends here is neither an array of rows, an object nor null".to_owned(),
            );
        }
        self.part_rows = 0;
        self.end_part(rows);
        Ok(())
    }

    fn end_part(&mut self, rows: &mut impl Rows) {
        rows.end_part(self.part_rows);
        self.parts.push((std::mem::take(&mut self.part), self.part_rows));
    }

    fn name(&self) -> Result<String, Refusal> {
        let mut name = Vec::new();
        match decode(&self.text, &mut name) {
            true => Ok(String::from_utf8_lossy(&name).into_owned()),
            false => Err("the key holds half of a surrogate pair".to_owned()),
        }
    }
}
