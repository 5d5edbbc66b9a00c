//! Tags of HTML and XML as Decant writes them: each `<` and `>` of a text is a reference, so every `<` begins a tag.

use std::io::{self, BufRead};

use memchr::memchr;

use super::row_count::RowCount;

/// More of a tag is never compared.
const TAG_BYTES_MAX: usize = 512;

/// Calls `take` with each tag, from `<` to `>`. Of a longer one only the beginning is kept.
pub(super) fn each_tag(
    mut input: impl BufRead,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let (mut tag, mut is_open) = (Vec::with_capacity(TAG_BYTES_MAX), false);
    loop {
        let chunk = input.fill_buf()?;
        if chunk.is_empty() {
            return match is_open {
                true => Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "it ends within a tag",
                )),
                false => Ok(()),
            };
        }
        let (length, mut rest) = (chunk.len(), chunk);
        while !rest.is_empty() {
            let wanted = if is_open { b'>' } else { b'<' };
            let found = memchr(wanted, rest);
            let end = found.map_or(rest.len(), |at| at + 1);
            if is_open {
                let free = TAG_BYTES_MAX - tag.len();
                tag.extend_from_slice(&rest[..end.min(free)]);
            }
            match (found, is_open) {
                (Some(_), true) => {
                    take(&tag)?;
                    is_open = false;
                }
                (Some(_), false) => {
                    tag.clear();
                    tag.push(b'<');
                    is_open = true;
                }
                (None, _) => {}
            }
            rest = &rest[end..];
        }
        input.consume(length);
    }
}

/// Counts the rows of a page: those of the tables that stand at the beginning of a region of rows.
pub(super) fn count_page(input: impl BufRead) -> io::Result<RowCount> {
    let (mut rows, mut regions) = (0, 0);
    let (mut is_region, mut is_within, mut is_ended) = (false, false, false);
    each_tag(input, |tag| {
        is_ended = tag == b"</html>";
        match tag {
            b"<main tabindex=\"0\">" => (is_region, regions) = (true, regions + 1),
            b"<tbody>" => is_within = is_region,
            b"</tbody>" => (is_region, is_within) = (false, false),
            b"<tr>" => rows += u64::from(is_within),
            region if region.starts_with(b"<div class=\"rows\" role=\"region\"") => {
                (is_region, regions) = (true, regions + 1);
            }
            _ => {}
        }
        Ok(())
    })?;
    match (is_ended, regions) {
        (false, _) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "its end is missing")),
        (true, 0) => Ok(RowCount::Unknown("a report shows only some of its rows")),
        (true, _) => Ok(RowCount::Rows(rows)),
    }
}
