//! Decides whether a spreadsheet keeps all digits of a number.

/// Significant digits that a spreadsheet keeps.
pub(super) const DIGITS_MAX: usize = 15;

/// The greatest distance of the first significant digit from the point, a little less than in a double.
const EXPONENT_MAX: i64 = 300;

const POWERS_OF_TEN: [u64; 20] = {
    let mut powers = [1; 20];
    let mut index = 1;
    while index < 20 {
        powers[index] = powers[index - 1] * 10;
        index += 1;
    }
    powers
};

/// The parts of a number without an exponent.
pub(super) struct Number<'a> {
    /// The digits before the point, without leading zeros.
    pub(super) whole: &'a [u8],
    pub(super) fraction: &'a [u8],
    /// All digits as one integer, if it does not overflow.
    pub(super) units: Option<u64>,
    /// Length of the text without the zeros at the end of the fraction.
    pub(super) length: usize,
    /// Number of these zeros.
    zeros: usize,
}

impl<'a> Number<'a> {
    /// Reads an integer or a `numeric` as PostgreSQL writes it. Returns `None` for other text.
    #[inline]
    pub(super) fn read(text: &'a [u8]) -> Option<Self> {
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        let mut units = 0_u64;
        let mut point = digits.len();
        for (at, &byte) in digits.iter().enumerate() {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                if byte != b'.' || point != digits.len() {
                    return None;
                }
                point = at;
            } else {
                units = units.wrapping_mul(10).wrapping_add(u64::from(digit));
            }
        }
        let (whole, fraction) = match digits.get(point + 1..) {
            Some([]) => return None,
            Some(fraction) => (&digits[..point], fraction),
            None => (digits, &[][..]),
        };
        if !matches!(whole, [b'0'] | [b'1'..=b'9', ..]) {
            return None;
        }
        let zeros = fraction.iter().rev().take_while(|&&digit| digit == b'0').count();
        let without_point = usize::from(zeros > 0 && zeros == fraction.len());
        Some(Self {
            whole,
            fraction,
            // Any number of so many digits fits.
            units: (whole.len() + fraction.len() < POWERS_OF_TEN.len()).then_some(units),
            length: text.len() - zeros - without_point,
            zeros,
        })
    }

    /// Returns whether a spreadsheet keeps all its digits.
    #[inline]
    pub(super) fn is_kept(&self) -> bool {
        match self.units {
            Some(units) => match POWERS_OF_TEN.get(DIGITS_MAX + self.zeros) {
                Some(&limit) => units < limit,
                None => true,
            },
            None => self.significant() <= DIGITS_MAX && self.exponent().abs() <= EXPONENT_MAX,
        }
    }

    /// Returns whether 15 of its digits represent it well: it has a fraction, and a spreadsheet has numbers of its size.
    pub(super) fn can_be_rounded(&self) -> bool {
        self.fraction.len() > self.zeros && self.exponent().abs() <= EXPONENT_MAX
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        let kept = self.fraction.len() - self.zeros;
        self.whole.iter().chain(&self.fraction[..kept]).copied()
    }

    fn leading_zeros(&self) -> usize {
        self.digits().take_while(|&digit| digit == b'0').count()
    }

    /// Returns the number of digits from the first that is not zero to the last that counts.
    fn significant(&self) -> usize {
        self.digits().count() - self.leading_zeros()
    }

    /// Returns the power of ten of the first digit that is not zero.
    fn exponent(&self) -> i64 {
        self.whole.len() as i64 - 1 - self.leading_zeros() as i64
    }
}

/// Returns whether a spreadsheet keeps all digits of a `real` or `double precision`.
pub(super) fn is_kept_float(text: &[u8]) -> bool {
    let mut parts = text.splitn(2, |&byte| byte == b'e');
    let Some(number) = parts.next().and_then(Number::read) else {
        return false;
    };
    let power = match parts.next() {
        None => Some(0),
        Some(power) => std::str::from_utf8(power)
            .ok()
            .and_then(|power| power.parse::<i16>().ok()),
    };
    let Some(power) = power else { return false };
    number.significant() <= DIGITS_MAX && (number.exponent() + i64::from(power)).abs() <= EXPONENT_MAX
}
