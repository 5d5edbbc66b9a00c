//! Generates options, those of every format.

use arbitrary::{Arbitrary, Result, Unstructured};
use wasm_export::options::{
    Bom, Compression, DecimalMark, Delimiter, Format, Guard, HeaderStyle, Layout, Metadata, Newline, Options,
    TimestampStyle,
};

/// Zones behind and ahead of UTC, by whole hours and by parts of one, with different changes or none.
const ZONES: [&str; 5] = [
    "UTC",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Australia/Lord_Howe",
];

/// Options, of which any combination is valid.
#[derive(Clone, Debug)]
pub struct Choices(pub Options);

impl<'a> Arbitrary<'a> for Choices {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self(Options {
            format: *u.choose(Format::ALL)?,
            compression: *u.choose(Compression::ALL)?,
            guard: *u.choose(Guard::ALL)?,
            delimiter: *u.choose(Delimiter::ALL)?,
            decimal: *u.choose(DecimalMark::ALL)?,
            zone: u.choose(&ZONES)?.parse().expect("the zone is in the database"),
            timestamps: *u.choose(TimestampStyle::ALL)?,
            header: *u.choose(HeaderStyle::ALL)?,
            bom: *u.choose(Bom::ALL)?,
            newline: *u.choose(Newline::ALL)?,
            metadata: *u.choose(Metadata::ALL)?,
            layout: *u.choose(Layout::ALL)?,
            ..Options::default()
        }))
    }
}
