//! No bytes make an export panic, whether they are all of a stream or the rows in one, in any format and packing.
#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use wasm_export_fuzz::choices::Choices;
use wasm_export_fuzz::exporting::{export, stream};
use wasm_export_fuzz::pieces::Cuts;
use wasm_export_fuzz::table::{header, kinds};

/// A stream that no server would send.
#[derive(Debug)]
struct Stream(Vec<u8>);

impl<'a> Arbitrary<'a> for Stream {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let has_header = u.ratio(7, 8)?;
        if !has_header {
            return Ok(Self(u.arbitrary::<&[u8]>()?.to_vec()));
        }
        let header = header(&kinds(u)?, u.arbitrary()?);
        Ok(Self(stream(&header, u.arbitrary()?)))
    }
}

fuzz_target!(|input: (Choices, Cuts, Stream)| {
    let (Choices(options), cuts, Stream(stream)) = input;
    // Hardly any of them is a file, and it is no matter which.
    let _ = export(&stream, &options, &cuts);
});
