//! Finds the end of a string, 64 bytes at a time.

use wide::u8x16;

/// The result of a scan.
pub(super) struct Scanned {
    /// Index behind the last byte that was read.
    pub(super) at: usize,
    pub(super) stop: Stop,
    /// Whether the bytes may contain characters other than ASCII.
    pub(super) has_wide: bool,
}

/// Why a scan stopped.
#[derive(Clone, Copy)]
pub(super) enum Stop {
    /// Behind the closing quote.
    Closed,
    /// At the end of the bytes, in this state.
    More(Escape),
    /// At a control character.
    Control,
    /// At a byte that is not an escape.
    Escape,
    /// At a byte that is not a hexadecimal digit.
    HexDigit,
}

/// The position of the scan in an escape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    Outside,
    /// Behind the backslash, before its letter.
    Begun,
    /// In the digits of `\u`, with the number of digits to come.
    Digits(u8),
}

/// Scans a string up to its end or the end of the bytes.
#[inline]
pub(super) fn scan(bytes: &[u8], mut at: usize, escape: Escape) -> Scanned {
    if escape == Escape::Outside
        && let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<16>())
    {
        // Most strings are short and have no special byte, so that one block of 16 bytes decides.
        let block = u8x16::new(*block);
        let found = special(block).to_bitmask();
        let length = found.trailing_zeros() as usize;
        if found != 0 && bytes.get(at + length) == Some(&b'"') {
            return Scanned {
                at: at + length + 1,
                stop: Stop::Closed,
                has_wide: block.to_bitmask() != 0,
            };
        }
        if found == 0 {
            at += 16;
            let mut scanned = scan_long(bytes, at, escape);
            scanned.has_wide |= block.to_bitmask() != 0;
            return scanned;
        }
    }
    scan_long(bytes, at, escape)
}

fn scan_long(bytes: &[u8], mut at: usize, mut escape: Escape) -> Scanned {
    let mut wide_bytes = u8x16::splat(0);
    let mut wide_byte = 0;
    let stop = loop {
        if escape != Escape::Outside
            && let Err(stop) = rest_of_escape(bytes, &mut at, escape)
        {
            break stop;
        }
        let mut found = None;
        while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<64>()) {
            let masks = Masks::from_block(block, &mut wide_bytes);
            let escaped = escaped(masks.backslashes);
            let mut ends = masks.quotes & !escaped | masks.controls;
            if escaped != 0 {
                ends |= escaped & !simple_escapes(block);
            }
            if ends != 0 {
                let end = ends.trailing_zeros();
                at += end as usize;
                found = Some(escaped >> end & 1 == 1);
                break;
            }
            // An escape that begins with the last byte belongs to the next block.
            at += if (masks.backslashes & !escaped) >> 63 == 1 {
                63
            } else {
                64
            };
        }
        // The byte here is special, or near the end, where it may have been checked before.
        if found == Some(true) {
            escape = Escape::Begun;
            continue;
        }
        let special = loop {
            match bytes.get(at) {
                Some(&byte) if byte >= b' ' && byte != b'"' && byte != b'\\' => wide_byte |= byte,
                other => break other,
            }
            at += 1;
        };
        match special {
            None => break Stop::More(Escape::Outside),
            Some(b'"') => {
                at += 1;
                break Stop::Closed;
            }
            Some(b'\\') => {
                at += 1;
                escape = Escape::Begun;
            }
            Some(_) => break Stop::Control,
        }
    };
    Scanned {
        at,
        stop,
        has_wide: wide_byte >= 0x80 || wide_bytes.to_bitmask() != 0,
    }
}

/// One bit for each byte of a block.
struct Masks {
    quotes: u64,
    backslashes: u64,
    controls: u64,
}

impl Masks {
    #[inline]
    fn from_block(block: &[u8; 64], wide_bytes: &mut u8x16) -> Self {
        let mut masks = Self {
            quotes: 0,
            backslashes: 0,
            controls: 0,
        };
        let (parts, _) = block.as_chunks::<16>();
        let parts: [u8x16; 4] = std::array::from_fn(|index| u8x16::new(parts[index]));
        *wide_bytes |= parts[0] | parts[1] | parts[2] | parts[3];
        let special = parts.map(special);
        if (special[0] | special[1] | special[2] | special[3]).to_bitmask() == 0 {
            return masks;
        }
        for (index, bytes) in parts.into_iter().enumerate() {
            let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
            let place = 16 * index;
            masks.quotes |= u64::from(is(b'"').to_bitmask()) << place;
            masks.backslashes |= u64::from(is(b'\\').to_bitmask()) << place;
            masks.controls |= u64::from(is_control(bytes).to_bitmask()) << place;
        }
        masks
    }
}

/// Returns the bytes behind an unescaped backslash. As in simdjson, subtracting the backslashes from the bits at odd
/// positions carries through each run of them.
#[inline]
fn escaped(backslashes: u64) -> u64 {
    const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;
    if backslashes == 0 {
        return 0;
    }
    let with_odd = backslashes << 1 | ODD;
    (with_odd.wrapping_sub(backslashes) ^ ODD) ^ backslashes
}

/// Returns whether the byte is one of the letters that a backslash escapes alone.
#[inline(never)]
fn simple_escapes(block: &[u8; 64]) -> u64 {
    let (parts, _) = block.as_chunks::<16>();
    let mut letters = 0;
    for (index, part) in parts.iter().enumerate() {
        let bytes = u8x16::new(*part);
        let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
        let found = is(b'n') | is(b'"') | is(b'\\') | is(b't') | is(b'r') | is(b'/') | is(b'b') | is(b'f');
        letters |= u64::from(found.to_bitmask()) << (16 * index);
    }
    letters
}

/// Returns the bytes that a string must escape.
#[inline]
fn special(bytes: u8x16) -> u8x16 {
    let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
    is(b'"') | is(b'\\') | is_control(bytes)
}

#[inline]
fn is_control(bytes: u8x16) -> u8x16 {
    bytes.min(u8x16::splat(0x1f)).simd_eq(bytes)
}

/// The bytes that may follow a backslash.
const ESCAPES: [bool; 256] = {
    let mut escapes = [false; 256];
    let letters = b"\"\\/bfnrtu";
    let mut index = 0;
    while index < letters.len() {
        escapes[letters[index] as usize] = true;
        index += 1;
    }
    escapes
};

#[inline]
fn rest_of_escape(bytes: &[u8], at: &mut usize, escape: Escape) -> Result<(), Stop> {
    let mut digits = match escape {
        Escape::Outside => return Ok(()),
        Escape::Digits(count) => count,
        Escape::Begun => {
            let Some(&letter) = bytes.get(*at) else {
                return Err(Stop::More(Escape::Begun));
            };
            if !ESCAPES[usize::from(letter)] {
                return Err(Stop::Escape);
            }
            *at += 1;
            if letter != b'u' {
                return Ok(());
            }
            4
        }
    };
    while digits > 0 {
        match bytes.get(*at) {
            None => return Err(Stop::More(Escape::Digits(digits))),
            Some(byte) if byte.is_ascii_hexdigit() => *at += 1,
            Some(_) => return Err(Stop::HexDigit),
        }
        digits -= 1;
    }
    Ok(())
}
