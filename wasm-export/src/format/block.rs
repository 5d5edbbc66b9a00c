//! Copies short pieces of bytes in one block of fixed size. A call of `memcpy` for each piece costs far more, in
//! WebAssembly above all.

/// The size of a block, in bytes.
pub(crate) const BLOCK: usize = 64;

/// Appends the first `length` bytes of `from`. This is fast where `from` has a whole block more than `length`.
#[inline]
pub(crate) fn append(from: &[u8], length: usize, out: &mut Vec<u8>) {
    match from.first_chunk::<BLOCK>() {
        Some(block) if length <= BLOCK => append_begin(block, length, out),
        _ => out.extend_from_slice(&from[..length]),
    }
}

/// Appends the first `length` bytes of a block, or the whole block if `length` is greater. The block may have any
/// size; a smaller one is faster.
#[inline]
pub(crate) fn append_begin<const SIZE: usize>(block: &[u8; SIZE], length: usize, out: &mut Vec<u8>) {
    let end = out.len() + length;
    out.extend_from_slice(block);
    out.truncate(end);
}

/// Returns a block that begins with fewer bytes than it has.
#[cold]
pub(crate) fn filled_up(short: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..short.len()].copy_from_slice(short);
    block
}
