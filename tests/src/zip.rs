//! A reader of zip archives that shares no code with the crate under test.

use std::io::Read;

use flate2::read::DeflateDecoder;

/// Returns the names and contents of all files, by the central directory (PKWARE APPNOTE 6.3.10, sections 4.3.7 and 4.3.12).
/// It knows no archive beyond 4 GiB.
pub fn entries(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let end = archive
        .windows(4)
        .rposition(|window| window == b"PK\x05\x06")
        .expect("an archive has an end record");
    let count = two(archive, end + 10);
    let mut at = four(archive, end + 16);
    let mut entries = Vec::new();
    for _ in 0..count {
        assert_eq!(&archive[at..at + 4], b"PK\x01\x02");
        let packed = four(archive, at + 20);
        let size = four(archive, at + 24);
        let lengths = [28, 30, 32].map(|offset| two(archive, at + offset));
        let name = &archive[at + 46..at + 46 + lengths[0]];
        let local = four(archive, at + 42);
        let start = local + 30 + two(archive, local + 26) + two(archive, local + 28);
        let mut content = Vec::new();
        DeflateDecoder::new(&archive[start..start + packed])
            .read_to_end(&mut content)
            .expect("the file is deflated");
        assert_eq!(content.len(), size);
        entries.push((String::from_utf8_lossy(name).into_owned(), content));
        at += 46 + lengths.iter().sum::<usize>();
    }
    entries
}

fn two(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
}

fn four(bytes: &[u8], at: usize) -> usize {
    two(bytes, at) | two(bytes, at + 2) << 16
}
