//! Reads the grammar, strings aside, byte by byte. It holds its position in the document, and nothing of its
//! contents.

use super::error::{Expected, Fault, Found, JsonError, Refusal};
use super::limits::DEPTH_MAX;
use super::string::{self, Escape, Stop};

/// Receives the tokens of a document in order. A refusal ends the document with the place of the token: the begin or
/// end of an array or object, or the end of a piece. A handler refuses a scalar best at its last piece, because the
/// place then does not depend on the pieces.
pub(crate) trait Handler {
    /// An array or object begins. The outermost has depth 1.
    fn open(&mut self, is_object: bool, depth: usize) -> Result<(), Refusal>;
    /// The array or object of this depth ends.
    fn close(&mut self, is_object: bool, depth: usize, is_empty: bool) -> Result<(), Refusal>;
    /// An item or a key follows in the array or object of this depth.
    fn member(&mut self, is_first: bool, depth: usize) -> Result<(), Refusal>;
    /// A colon; the value of the key follows.
    fn colon(&mut self) -> Result<(), Refusal>;
    /// The next bytes of a string, with quotes and escapes, of a number, or of a literal. `depth` is that of its
    /// array or object.
    fn scalar(&mut self, piece: Piece<'_>, depth: usize) -> Result<(), Refusal>;
}

/// A piece of a string, number or literal, as written in the document.
#[derive(Clone, Copy)]
pub(crate) struct Piece<'a> {
    /// The bytes from the piece on. Behind the piece they are other tokens, so that a handler can copy a block of
    /// fixed length.
    pub(crate) rest: &'a [u8],
    pub(crate) length: usize,
    pub(crate) is_key: bool,
    pub(crate) begins: bool,
    /// Whether the token ends here. The last piece of a number may be empty.
    pub(crate) ends: bool,
}

/// The number of values in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Exactly one value, with white space around it.
    One,
    /// Any number of values, each on a line of its own.
    Lines,
}

pub(crate) struct Tokenizer {
    shape: Shape,
    expect: Expect,
    token: Token,
    /// One bit for each open container, 1 for an object. The first bit is that of the outermost.
    containers: [u64; DEPTH_MAX / 64],
    depth: usize,
    /// Bytes of the document before the current piece.
    before: u64,
    line: u64,
    /// Offset of the line's first byte.
    line_start: u64,
    /// Bytes of the line that continue a character, because columns count characters.
    continuations: u64,
    /// The beginning of a character whose rest has not come yet.
    partial: Partial,
    failed: Option<JsonError>,
}

/// The tokens that the grammar allows next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Value,
    FirstItem,
    FirstKey,
    Key,
    Colon,
    /// A comma, or the end of the container.
    Comma,
    /// White space only, and between lines a newline.
    End,
    /// The beginning of a line: a value, or nothing.
    Line,
}

/// The token that the last piece ended in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    None,
    String { is_key: bool, escape: Escape },
    Number(Number),
    Literal { word: &'static [u8], matched: usize },
}

/// A position in the grammar of numbers (RFC 8259, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Sign,
    Zero,
    Whole,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    Power,
}

#[derive(Default)]
struct Partial {
    bytes: [u8; 4],
    length: usize,
}

/// A fault and its offset in the document.
struct Halt {
    offset: u64,
    fault: Fault,
}

impl Tokenizer {
    pub(crate) fn new(shape: Shape) -> Self {
        Self {
            shape,
            expect: match shape {
                Shape::One => Expect::Value,
                Shape::Lines => Expect::Line,
            },
            token: Token::None,
            containers: [0; DEPTH_MAX / 64],
            depth: 0,
            before: 0,
            line: 1,
            line_start: 0,
            continuations: 0,
            partial: Partial::default(),
            failed: None,
        }
    }

    /// Returns a tokenizer of text that follows so many bytes of a line, such as a byte order mark. Columns do not
    /// count them.
    pub(crate) fn after(mut self, bytes: u64) -> Self {
        self.before = bytes;
        self.line_start = bytes;
        self
    }

    /// Reads the next bytes.
    ///
    /// # Errors
    /// When they cannot continue the document. Every later call returns the same error.
    pub(crate) fn push(&mut self, bytes: &[u8], handler: &mut impl Handler) -> Result<(), JsonError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.walk(bytes, handler).map_err(|halt| self.fail(halt))?;
        self.before += bytes.len() as u64;
        Ok(())
    }

    /// Ends the document, and passes the last piece of a number.
    ///
    /// # Errors
    /// When the document is incomplete.
    pub(crate) fn finish(&mut self, handler: &mut impl Handler) -> Result<(), JsonError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.end(handler).map_err(|halt| self.fail(halt))
    }

    fn end(&mut self, handler: &mut impl Handler) -> Result<(), Halt> {
        let expected = match self.token {
            Token::None => None,
            Token::String { escape, .. } => Some(match escape {
                Escape::Outside => Expected::QUOTE,
                Escape::Begun => Expected::ESCAPE,
                Escape::Digits(_) => Expected::HEX_DIGIT,
            }),
            Token::Number(number) => {
                if number.may_end() {
                    self.number_piece(&[], 0, 0, true, handler)?;
                    self.end_value();
                    None
                } else {
                    Some(Expected::DIGIT)
                }
            }
            Token::Literal { .. } => Some(Expected::LITERAL),
        };
        match expected.or_else(|| (!self.may_end()).then(|| self.expected())) {
            None => Ok(()),
            Some(_) if self.partial.length > 0 => Err(Halt {
                offset: self.before - self.partial.length as u64,
                fault: Fault::NotUtf8,
            }),
            Some(expected) => Err(Halt {
                offset: self.before,
                fault: Fault::Unexpected {
                    expected,
                    found: Found::End,
                },
            }),
        }
    }

    fn may_end(&self) -> bool {
        matches!(self.expect, Expect::End | Expect::Line)
    }

    /// Returns an error at the current place.
    pub(crate) fn refuse(&mut self, refusal: Refusal) -> JsonError {
        let halt = self.refused(0, refusal);
        self.fail(halt)
    }

    fn fail(&mut self, halt: Halt) -> JsonError {
        let error = JsonError {
            part: None,
            line: self.line,
            column: (halt.offset + 1).saturating_sub(self.line_start + self.continuations),
            offset: halt.offset,
            fault: halt.fault,
        };
        self.failed = Some(error.clone());
        error
    }

    fn walk(&mut self, bytes: &[u8], handler: &mut impl Handler) -> Result<(), Halt> {
        let mut at = match self.token {
            Token::None => 0,
            Token::String { is_key, escape } => self.string(bytes, 0, 0, is_key, escape, handler)?,
            Token::Number(number) => self.number(bytes, 0, 0, number, handler)?,
            Token::Literal { word, matched } => self.literal(bytes, 0, word, matched, handler)?,
        };
        while let Some(&byte) = bytes.get(at) {
            if byte <= b' ' {
                at = self.white_space(bytes, at)?;
                continue;
            }
            at = match self.expect {
                Expect::Colon if byte == b':' => {
                    handler.colon().map_err(|refusal| self.refused(at, refusal))?;
                    self.expect = Expect::Value;
                    at + 1
                }
                Expect::Comma => self.after_member(byte, at, handler)?,
                Expect::Value | Expect::Line => self.value(bytes, byte, at, handler)?,
                Expect::FirstItem if byte == b']' => self.close(false, true, at, handler)?,
                Expect::FirstItem => {
                    self.member(true, at, handler)?;
                    self.value(bytes, byte, at, handler)?
                }
                Expect::Key if byte == b'"' => {
                    self.string(bytes, at, at + 1, true, Escape::Outside, handler)?
                }
                Expect::FirstKey if byte == b'"' => {
                    self.member(true, at, handler)?;
                    self.string(bytes, at, at + 1, true, Escape::Outside, handler)?
                }
                Expect::FirstKey if byte == b'}' => self.close(true, true, at, handler)?,
                _ => return Err(self.unexpected(at, byte)),
            };
        }
        Ok(())
    }

    #[inline]
    fn after_member(&mut self, byte: u8, at: usize, handler: &mut impl Handler) -> Result<usize, Halt> {
        let is_object = self.is_in_object();
        match byte {
            b',' => {
                self.expect = if is_object { Expect::Key } else { Expect::Value };
                self.member(false, at, handler)?;
                Ok(at + 1)
            }
            b'}' if is_object => self.close(true, false, at, handler),
            b']' if !is_object => self.close(false, false, at, handler),
            _ => Err(self.unexpected(at, byte)),
        }
    }

    #[inline]
    fn member(&self, is_first: bool, at: usize, handler: &mut impl Handler) -> Result<(), Halt> {
        handler
            .member(is_first, self.depth)
            .map_err(|refusal| self.refused(at, refusal))
    }

    #[inline]
    fn value(
        &mut self,
        bytes: &[u8],
        byte: u8,
        at: usize,
        handler: &mut impl Handler,
    ) -> Result<usize, Halt> {
        match byte {
            b'"' => self.string(bytes, at, at + 1, false, Escape::Outside, handler),
            b'{' => self.open(true, at, handler),
            b'[' => self.open(false, at, handler),
            b'-' => self.number(bytes, at, at + 1, Number::Sign, handler),
            b'0' => self.number(bytes, at, at + 1, Number::Zero, handler),
            b'1'..=b'9' => self.number(bytes, at, at + 1, Number::Whole, handler),
            b't' => self.literal(bytes, at, b"true", 0, handler),
            b'f' => self.literal(bytes, at, b"false", 0, handler),
            b'n' => self.literal(bytes, at, b"null", 0, handler),
            _ => Err(self.unexpected(at, byte)),
        }
    }

    fn open(&mut self, is_object: bool, at: usize, handler: &mut impl Handler) -> Result<usize, Halt> {
        let Some(word) = self.containers.get_mut(self.depth / 64) else {
            return Err(self.halt(at, Fault::TooDeep));
        };
        let bit = 1 << (self.depth % 64);
        if is_object {
            *word |= bit;
        } else {
            *word &= !bit;
        }
        self.depth += 1;
        self.expect = if is_object {
            Expect::FirstKey
        } else {
            Expect::FirstItem
        };
        handler
            .open(is_object, self.depth)
            .map_err(|refusal| self.refused(at, refusal))?;
        Ok(at + 1)
    }

    fn close(
        &mut self,
        is_object: bool,
        is_empty: bool,
        at: usize,
        handler: &mut impl Handler,
    ) -> Result<usize, Halt> {
        handler
            .close(is_object, self.depth, is_empty)
            .map_err(|refusal| self.refused(at, refusal))?;
        self.depth -= 1;
        self.end_value();
        Ok(at + 1)
    }

    #[inline]
    fn end_value(&mut self) {
        self.token = Token::None;
        self.expect = if self.depth == 0 {
            Expect::End
        } else {
            Expect::Comma
        };
    }

    #[inline]
    fn is_in_object(&self) -> bool {
        let Some(index) = self.depth.checked_sub(1) else {
            return false;
        };
        self.containers
            .get(index / 64)
            .is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    fn white_space(&mut self, bytes: &[u8], mut at: usize) -> Result<usize, Halt> {
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b' ' | b'\t' | b'\r' => {}
                b'\n' => {
                    if self.shape == Shape::Lines {
                        if !matches!(self.expect, Expect::End | Expect::Line) {
                            return Err(self.expected_another(Expected::SAME_LINE, at, byte));
                        }
                        self.expect = Expect::Line;
                    }
                    self.line += 1;
                    self.line_start = self.before + at as u64 + 1;
                    self.continuations = 0;
                }
                0..=b' ' => return Err(self.unexpected(at, byte)),
                _ => break,
            }
            at += 1;
        }
        Ok(at)
    }

    /// Reads a string or the rest of one. Its piece begins at `start`.
    #[inline]
    fn string(
        &mut self,
        bytes: &[u8],
        start: usize,
        content: usize,
        is_key: bool,
        escape: Escape,
        handler: &mut impl Handler,
    ) -> Result<usize, Halt> {
        let scanned = string::scan(bytes, content, escape);
        let at = scanned.at;
        let is_closed = matches!(scanned.stop, Stop::Closed);
        if scanned.has_wide || self.partial.length > 0 {
            let is_whole = !matches!(scanned.stop, Stop::More(_));
            self.check_characters(bytes, start, at, is_whole)?;
        }
        match scanned.stop {
            Stop::Closed | Stop::More(_) => {}
            Stop::Control => return Err(self.halt(at, Fault::Control(bytes[at]))),
            Stop::Escape => return Err(self.expected_another(Expected::ESCAPE, at, bytes[at])),
            Stop::HexDigit => return Err(self.expected_another(Expected::HEX_DIGIT, at, bytes[at])),
        }
        let piece = Piece {
            rest: &bytes[start..],
            length: at - start,
            is_key,
            begins: content > start,
            ends: is_closed,
        };
        handler
            .scalar(piece, self.depth)
            .map_err(|refusal| self.refused(at, refusal))?;
        if let Stop::More(escape) = scanned.stop {
            self.token = Token::String { is_key, escape };
        } else if is_key {
            self.token = Token::None;
            self.expect = Expect::Colon;
        } else {
            self.end_value();
        }
        Ok(at)
    }

    /// Checks that the bytes of a string are UTF-8, and counts its characters for the columns of errors.
    #[inline(never)]
    fn check_characters(
        &mut self,
        bytes: &[u8],
        mut start: usize,
        end: usize,
        is_whole: bool,
    ) -> Result<(), Halt> {
        while self.partial.length > 0 && start < end {
            let begun = self.partial.length;
            // A character has at most four bytes, so that the fourth byte completes it or makes it invalid.
            self.partial.bytes[begun % 4] = bytes[start];
            match std::str::from_utf8(&self.partial.bytes[..=begun]) {
                Ok(_) => {
                    self.continuations += begun as u64;
                    self.partial.length = 0;
                }
                Err(error) if error.error_len().is_none() => self.partial.length += 1,
                Err(_) => return Err(self.not_utf8(self.before + start as u64 - begun as u64)),
            }
            start += 1;
        }
        let text = &bytes[start..end];
        let (valid, rest, is_wrong) = match simdutf8::compat::from_utf8(text) {
            Ok(_) => (text, &[][..], false),
            Err(error) => {
                let (valid, rest) = text.split_at(error.valid_up_to());
                (valid, rest, error.error_len().is_some())
            }
        };
        // As signed numbers, the continuation bytes of UTF-8 are the lowest.
        self.continuations += valid.iter().filter(|&&byte| (byte as i8) < -64).count() as u64;
        if is_wrong || (is_whole && !rest.is_empty()) {
            return Err(self.not_utf8(self.before + (start + valid.len()) as u64));
        }
        if let Some(begun) = self.partial.bytes.get_mut(..rest.len())
            && !rest.is_empty()
        {
            begun.copy_from_slice(rest);
            self.partial.length = rest.len();
        }
        if is_whole && self.partial.length > 0 {
            return Err(self.not_utf8(self.before + end as u64 - self.partial.length as u64));
        }
        Ok(())
    }

    /// Reads a number or the rest of one. Its piece begins at `start`.
    #[inline]
    fn number(
        &mut self,
        bytes: &[u8],
        start: usize,
        mut at: usize,
        mut number: Number,
        handler: &mut impl Handler,
    ) -> Result<usize, Halt> {
        while let Some(&byte) = bytes.get(at) {
            match number.then(byte) {
                Some(next) => number = next,
                None if !number.may_end() => return Err(self.expected_another(number.expected(), at, byte)),
                // `01`, `1.2.3` and `1e5x` are faults. Any other byte that cannot continue a number ends it.
                None if number.is_run_into(byte) => {
                    return Err(self.expected_another(number.expected(), at, byte));
                }
                None => {
                    self.number_piece(bytes, start, at, true, handler)?;
                    self.end_value();
                    return Ok(at);
                }
            }
            at += 1;
        }
        self.number_piece(bytes, start, at, false, handler)?;
        self.token = Token::Number(number);
        Ok(at)
    }

    /// Passes the piece of a number from `start` to `at` to the handler.
    #[inline]
    fn number_piece(
        &self,
        bytes: &[u8],
        start: usize,
        at: usize,
        ends: bool,
        handler: &mut impl Handler,
    ) -> Result<(), Halt> {
        let piece = Piece {
            rest: &bytes[start..],
            length: at - start,
            is_key: false,
            begins: self.token == Token::None,
            ends,
        };
        handler
            .scalar(piece, self.depth)
            .map_err(|refusal| self.refused(at, refusal))
    }

    /// Reads the rest of `true`, `false` or `null`, of which `matched` bytes have come.
    fn literal(
        &mut self,
        bytes: &[u8],
        start: usize,
        word: &'static [u8],
        matched: usize,
        handler: &mut impl Handler,
    ) -> Result<usize, Halt> {
        let wanted = &word[matched..];
        let rest = &bytes[start..];
        let length = wanted
            .iter()
            .zip(rest)
            .take_while(|(left, right)| left == right)
            .count();
        if length < wanted.len()
            && let Some(&byte) = rest.get(length)
        {
            return Err(self.expected_another(Expected::LITERAL, start + length, byte));
        }
        let piece = Piece {
            rest,
            length,
            is_key: false,
            begins: matched == 0,
            ends: length == wanted.len(),
        };
        handler
            .scalar(piece, self.depth)
            .map_err(|refusal| self.refused(start + length, refusal))?;
        if piece.ends {
            self.end_value();
        } else {
            self.token = Token::Literal {
                word,
                matched: matched + length,
            };
        }
        Ok(start + length)
    }

    fn expected(&self) -> &'static str {
        match self.expect {
            Expect::Value | Expect::Line => Expected::VALUE,
            Expect::FirstItem => Expected::ITEM_OR_END,
            Expect::FirstKey => Expected::KEY_OR_END,
            Expect::Key => Expected::KEY,
            Expect::Colon => Expected::COLON,
            Expect::Comma if self.is_in_object() => Expected::COMMA_OR_OBJECT_END,
            Expect::Comma => Expected::COMMA_OR_ARRAY_END,
            Expect::End if self.shape == Shape::Lines => Expected::NEW_LINE,
            Expect::End => Expected::NOTHING,
        }
    }

    #[cold]
    fn unexpected(&self, at: usize, byte: u8) -> Halt {
        self.expected_another(self.expected(), at, byte)
    }

    #[cold]
    fn expected_another(&self, expected: &'static str, at: usize, byte: u8) -> Halt {
        let found = Found::Byte(byte);
        self.halt(at, Fault::Unexpected { expected, found })
    }

    #[cold]
    fn refused(&self, at: usize, refusal: Refusal) -> Halt {
        self.halt(at, Fault::Refused(refusal))
    }

    #[cold]
    fn halt(&self, at: usize, fault: Fault) -> Halt {
        let offset = self.before + at as u64;
        Halt { offset, fault }
    }

    #[cold]
    fn not_utf8(&self, offset: u64) -> Halt {
        let fault = Fault::NotUtf8;
        Halt { offset, fault }
    }
}

impl Number {
    #[inline]
    fn then(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Whole, b'0'..=b'9') => Self::Whole,
            (Self::Sign, b'0') => Self::Zero,
            (Self::Sign, b'1'..=b'9') => Self::Whole,
            (Self::Zero | Self::Whole, b'.') => Self::Point,
            (Self::Point | Self::Fraction, b'0'..=b'9') => Self::Fraction,
            (Self::Zero | Self::Whole | Self::Fraction, b'e' | b'E') => Self::Exponent,
            (Self::Exponent, b'+' | b'-') => Self::ExponentSign,
            (Self::Exponent | Self::ExponentSign | Self::Power, b'0'..=b'9') => Self::Power,
            _ => return None,
        })
    }

    #[inline]
    fn may_end(self) -> bool {
        matches!(self, Self::Zero | Self::Whole | Self::Fraction | Self::Power)
    }

    /// Returns whether the byte behind a number can neither continue it nor follow it.
    #[inline]
    fn is_run_into(self, byte: u8) -> bool {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-')
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Zero | Self::Whole => Expected::FRACTION,
            _ => Expected::DIGIT,
        }
    }
}
