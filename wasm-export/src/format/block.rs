//! Short pieces of bytes, copied in one block of fixed size: far cheaper than a call of `memcpy` each, in WebAssembly
//! above all.

/// The size of a block, in bytes.
pub(crate) const BLOCK: usize = 64;

/// Appends the first `length` bytes of `from`. It is quick where `from` has a whole block more than that.
#[inline]
pub(crate) fn append(from: &[u8], length: usize, out: &mut Vec<u8>) {
    match from.first_chunk::<BLOCK>() {
        Some(block) if length <= BLOCK => append_begin(block, length, out),
        _ => out.extend_from_slice(&from[..length]),
    }
}

/// Appends the first `length` bytes of a block, or the whole block if that is less: of any size, the smaller the
/// cheaper.
#[inline]
pub(crate) fn append_begin<const SIZE: usize>(block: &[u8; SIZE], length: usize, out: &mut Vec<u8>) {
    let end = out.len() + length;
    out.extend_from_slice(block);
    out.truncate(end);
}
