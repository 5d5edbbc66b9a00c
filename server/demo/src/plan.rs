//! The input of a demo: how many rows, of which period, users, providers and models, from which seed and secret.

use jiff::Timestamp;

use super::choice::Choice;
use super::keys::KeyMaker;
use super::part::Part;
use super::period::Period;
use super::share::Share;
use super::usd::Usd;

/// The input of a demo. The same plan gives the same rows on every machine.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Rows to add to `message_request`.
    pub rows: u64,
    /// Whether probe logs are made, where there are none.
    pub probes: bool,
    /// Tables of an application that are made and filled, where they are empty.
    pub parts: Vec<Part>,
    /// The usage rows of the demo that these parts are as large as. They have their full size from 100,000 on.
    pub scale: u64,
    /// Another seed gives other rows.
    pub seed: u64,
    /// The time that the rows cover.
    pub period: Period,
    pub keys: KeyMaker,
    /// The users, providers and models of the usage rows.
    pub choice: Choice,
    /// The part of the usage rows that fail or are blocked. `None`: about a tenth, with each case among the first rows.
    pub errors: Option<Share>,
    /// The exact sum of the costs of the added rows. `None`: the costs that the prices give.
    pub total_cost: Option<Usd>,
}

impl Plan {
    /// Plans this many rows of all users, providers and models, and all parts, up to the current hour, with the default seed.
    #[must_use]
    pub fn new(rows: u64, keys: KeyMaker) -> Self {
        Self {
            rows,
            probes: true,
            parts: Part::ALL.to_vec(),
            scale: rows,
            seed: 1,
            period: Period::before(Timestamp::now()),
            keys,
            choice: Choice::default(),
            errors: None,
            total_cost: None,
        }
    }
}
