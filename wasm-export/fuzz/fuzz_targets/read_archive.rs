//! No bytes make the reader of dumps panic or hold more than it was given, and it does not matter how they come.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wasm_export::dump::Archive;
use wasm_export_fuzz::pieces::Cuts;

fuzz_target!(|input: &[u8]| {
    let (cuts, bytes) = Cuts::at_the_end_of(input);
    let mut whole = Archive::new();
    let pushed = whole.push(bytes);
    let mut cut = Archive::new();
    let pushed_cut = cuts.cut(bytes).try_for_each(|piece| cut.push(piece));
    assert_eq!(pushed.is_ok(), pushed_cut.is_ok());
    let summary = |archive: &Archive| archive.finish().map(|summary| format!("{summary:?}"));
    match (summary(&whole), summary(&cut)) {
        (Ok(whole), Ok(cut)) => assert_eq!(whole, cut),
        (Err(whole), Err(cut)) => assert_eq!(whole.to_string(), cut.to_string()),
        (whole, cut) => panic!("{whole:?} and {cut:?}"),
    }
});
