//! No bytes make the unpackers panic, and it does not matter how they come.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wasm_export::options::Compression;
use wasm_export_fuzz::pieces::Cuts;
use wasm_export_fuzz::reading::unpack;

fuzz_target!(|input: &[u8]| {
    let (cuts, bytes) = Cuts::at_the_end_of(input);
    for compression in [Compression::Gzip, Compression::Zstd, Compression::Zip] {
        // Bytes at random are hardly ever a packed file.
        let _ = unpack(bytes, compression, &cuts);
    }
});
