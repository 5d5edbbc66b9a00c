//! Sessions, each of one key, one client and one model. Many are open at a time.

use super::choice::Choice;
use super::dice::Dice;
use super::people::{Key, USER_ID};
use super::providers::{Family, Model};
use super::texts::USER_AGENTS;

/// The number of open sessions, which bounds the memory.
const OPEN_SESSIONS: usize = 96;

/// A conversation of one client with one model.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// A UUID; `None` for clients that send no id.
    pub(crate) id: Option<String>,
    pub(crate) user_id: i32,
    pub(crate) key: String,
    pub(crate) model: &'static Model,
    pub(crate) endpoint: String,
    pub(crate) user_agent: Option<&'static str>,
    pub(crate) client_ip: String,
    /// The number of requests so far.
    pub(crate) requests: i64,
}

/// Generates the sessions of requests.
#[derive(Debug)]
pub(crate) struct Traffic {
    /// Each key, repeated in proportion to its use.
    keys: Vec<Key>,
    choice: Choice,
    open: Vec<Session>,
}

impl Traffic {
    /// Generates the traffic of these keys, which are in the order of their ids.
    pub(crate) fn new(dice: &mut Dice, keys: Vec<Key>, choice: Choice) -> Self {
        let keys: Vec<Key> = keys
            .into_iter()
            .enumerate()
            .filter(|(_, key)| choice.has_user(key.user_id))
            .flat_map(|(place, key)| {
                let often = match () {
                    () if place == USER_ID as usize - 1 => 30,
                    () if key.is_ordinary() => 5 + 3 * (place % 7),
                    () => 1 + place % 2,
                };
                std::iter::repeat_n(key, often)
            })
            .collect();
        let open = (0..OPEN_SESSIONS)
            .map(|_| session(dice, &keys, &choice))
            .collect();
        Self { keys, choice, open }
    }

    /// Returns the session of the next request.
    pub(crate) fn next(&mut self, dice: &mut Dice) -> &Session {
        let place = dice.place(OPEN_SESSIONS);
        if dice.once_in(9) {
            self.open[place] = session(dice, &self.keys, &self.choice);
        }
        let next = &mut self.open[place];
        next.requests += 1;
        next
    }
}

fn session(dice: &mut Dice, keys: &[Key], choice: &Choice) -> Session {
    let key = &keys[dice.place(keys.len())];
    let model = choice.model(dice);
    // In a hub some requests outlive their key or their user.
    let (user_id, key) = match dice.below(800) {
        0 if choice.has_orphans() => (key.user_id, "sk-decant-gone".to_owned()),
        1 if choice.has_orphans() => (9999, key.key.clone()),
        _ => (key.user_id, key.key.clone()),
    };
    Session {
        id: (!dice.once_in(40)).then(|| uuid(dice)),
        user_id,
        key,
        model,
        endpoint: endpoint(dice, model),
        user_agent: (!dice.once_in(50)).then(|| dice.pick(&USER_AGENTS)),
        client_ip: client_ip(dice),
        requests: 0,
    }
}

fn endpoint(dice: &mut Dice, model: &Model) -> String {
    match model.family {
        Family::Claude => "/v1/messages".to_owned(),
        Family::Gpt => dice
            .pick(&["/v1/responses", "/v1/responses", "/v1/chat/completions"])
            .to_string(),
        Family::Gemini => {
            let verb = dice.pick(&["generateContent", "streamGenerateContent"]);
            format!("/v1beta/models/{}:{verb}", model.name)
        }
    }
}

fn uuid(dice: &mut Dice) -> String {
    let (high, low) = (dice.number(), dice.number());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 48 & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff,
    )
}

/// Returns an address of the ranges for documentation (RFC 5737, RFC 3849).
fn client_ip(dice: &mut Dice) -> String {
    let number = dice.number();
    match number % 5 {
        0 => format!(
            "2001:db8:{:x}:{:x}::{:x}",
            number >> 48,
            number >> 32 & 0xffff,
            number >> 16 & 0xffff
        ),
        _ => format!(
            "{}.{}",
            dice.pick(&["192.0.2", "198.51.100", "203.0.113"]),
            number >> 32 & 0xff
        ),
    }
}
