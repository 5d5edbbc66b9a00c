//! Cuts bytes into pieces, like a network.

use arbitrary::Arbitrary;

/// The lengths of the pieces, used in turn.
#[derive(Arbitrary, Clone, Debug)]
pub struct Cuts(Vec<u8>);

impl Cuts {
    /// Returns the length of all pieces, which is the last byte, and the bytes before it. Therefore an input can
    /// begin with any file as it is.
    pub fn at_the_end_of(input: &[u8]) -> (Self, &[u8]) {
        match input.split_last() {
            Some((&length, bytes)) => (Self(vec![length]), bytes),
            None => (Self(Vec::new()), input),
        }
    }

    /// Returns the bytes in pieces, none of them empty.
    pub fn cut<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let lengths = self.0.iter().map(|&length| usize::from(length).max(1));
        let mut lengths = lengths.cycle();
        let mut rest = bytes;
        std::iter::from_fn(move || {
            let length = lengths.next().unwrap_or(rest.len()).min(rest.len());
            let (piece, after) = rest.split_at(length);
            rest = after;
            (!piece.is_empty()).then_some(piece)
        })
    }

    /// Returns the length of the first piece, which a reader uses as the size of its buffer.
    pub fn first(&self) -> usize {
        self.0.first().map_or(1, |&length| usize::from(length).max(1))
    }
}
