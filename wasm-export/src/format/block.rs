//! Short pieces of bytes, copied in one block of fixed size: far cheaper than a call of `memcpy` each, in WebAssembly
//! above all.

/// The size of a block, in bytes.
pub(crate) const BLOCK: usize = 64;

/// Appends the first `length` bytes of `from`. It is quick where `from` has a whole block more than that.
#[inline]
pub(crate) fn append(from: &[u8], length: usize, out: &mut Vec<u8>) {
    match from.first_chunk::<BLOCK>() {
        Some(block) if length <= BLOCK => {
            let end = out.len() + length;
            out.extend_from_slice(block);
            out.truncate(end);
        }
        _ => out.extend_from_slice(&from[..length]),
    }
}
