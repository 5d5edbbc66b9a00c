//! Exact addition of decimal numbers of any length.

/// Digits are kept by so many in a number of their own, which has room for a carry.
const GROUP: usize = 18;
const GROUP_LIMIT: u64 = 1_000_000_000_000_000_000;

/// A sum of numbers that are not negative.
#[derive(Clone, Default)]
pub(super) struct Pile {
    /// The groups before the point, the lowest first.
    whole: Vec<u64>,
    /// The groups behind the point, the highest first; the last one as if zeros followed.
    fraction: Vec<u64>,
}

impl Pile {
    /// Adds a number: its digits before the point and behind it.
    pub(super) fn add(&mut self, whole: &[u8], fraction: &[u8]) {
        let groups = fraction.len().div_ceil(GROUP);
        self.fraction.resize(self.fraction.len().max(groups), 0);
        let mut carry = 0;
        for (index, digits) in fraction.chunks(GROUP).enumerate().rev() {
            let missing = (GROUP - digits.len()) as u32;
            carry = add(
                &mut self.fraction[index],
                number(digits) * 10_u64.pow(missing),
                carry,
            );
        }
        let mut digits = whole.rchunks(GROUP);
        for group in &mut self.whole {
            carry = add(group, digits.next().map_or(0, number), carry);
        }
        for digits in digits {
            let mut group = 0;
            carry = add(&mut group, number(digits), carry);
            self.whole.push(group);
        }
        if carry > 0 {
            self.whole.push(carry);
        }
    }

    pub(super) fn add_pile(&mut self, other: &Self) {
        let (whole, fraction) = other.digits();
        self.add(&whole, &fraction);
    }

    fn digits(&self) -> (Vec<u8>, Vec<u8>) {
        let text = |group: &u64| format!("{group:018}").into_bytes();
        (
            self.whole.iter().rev().flat_map(text).collect(),
            self.fraction.iter().flat_map(text).collect(),
        )
    }

    /// This less another, as PostgreSQL writes numbers, without zeros at the end of the fraction.
    pub(super) fn minus(&self, other: &Self) -> String {
        let (left, right) = (self.aligned(other), other.aligned(self));
        if left < right {
            return format!("-{}", other.minus(self));
        }
        let mut groups = left;
        let mut borrow = 0;
        for (group, less) in groups.iter_mut().zip(right).rev() {
            let less = less + borrow;
            borrow = u64::from(*group < less);
            *group = *group + borrow * GROUP_LIMIT - less;
        }
        let text: String = groups.iter().map(|group| format!("{group:018}")).collect();
        let (whole, fraction) =
            text.split_at(text.len() - self.fraction.len().max(other.fraction.len()) * GROUP);
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let whole = if whole.is_empty() { "0" } else { whole };
        if fraction.is_empty() {
            whole.to_owned()
        } else {
            format!("{whole}.{fraction}")
        }
    }

    /// All groups, the highest first, as many as either of the two needs.
    fn aligned(&self, other: &Self) -> Vec<u64> {
        let missing = |have: &[u64], wanted: &[u64]| vec![0; wanted.len().saturating_sub(have.len())];
        let mut groups = missing(&self.whole, &other.whole);
        groups.extend(self.whole.iter().rev());
        groups.extend(&self.fraction);
        groups.extend(missing(&self.fraction, &other.fraction));
        groups
    }
}

/// Adds to a group and says what is carried to the next.
fn add(group: &mut u64, number: u64, carry: u64) -> u64 {
    let sum = *group + number + carry;
    *group = sum % GROUP_LIMIT;
    sum / GROUP_LIMIT
}

/// The number that at most eighteen digits are.
fn number(digits: &[u8]) -> u64 {
    digits
        .iter()
        .fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}
