//! The users and their keys: ordinary ones, and one of each kind that can break an export or a sign-in.

use super::calendar::DAY_MICROSECONDS;
use super::copy_text::CopyText;
use super::keys::KeyMaker;
use super::texts::is_ordinary;

/// The id of the administrator, and the id of the administrator's key.
pub(crate) const ADMIN_ID: i32 = 1;
pub(crate) const ADMIN_NAME: &str = "Administrator";
/// The id of the ordinary user of [`crate::Accounts`], and the id of that user's key.
pub(crate) const USER_ID: i32 = 2;
pub(crate) const USER_NAME: &str = "Alice Example";

/// A key in two rows of one user, the older of them soft-deleted.
pub(crate) const ROTATED_KEY: &str = "rotated";
/// A key in two live rows of one user.
pub(crate) const DOUBLE_KEY: &str = "double";
/// A key in live rows of two users.
pub(crate) const SHARED_KEY: &str = "shared";
/// A good key whose owner may not use the web page (`can_login_web_ui` is false).
pub(crate) const NO_WEB_KEY: &str = "no web";
/// Keys that may not sign in.
pub(crate) const DISABLED_KEY: &str = "disabled";
pub(crate) const EXPIRED_KEY: &str = "expired";
pub(crate) const DELETED_KEY: &str = "deleted";
pub(crate) const KEY_OF_DISABLED: &str = "of a disabled user";
pub(crate) const KEY_OF_EXPIRED: &str = "of an expired user";
pub(crate) const KEY_OF_DELETED: &str = "of a deleted user";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Live,
    Disabled,
    Expired,
    Deleted,
}

/// The users in the order of their ids, from 1.
const USERS: &[(&str, State)] = &[
    (ADMIN_NAME, State::Live),
    (USER_NAME, State::Live),
    ("Bob O'Brien", State::Live),
    ("Carol \"CJ\" Jones", State::Live),
    ("Smith, John", State::Live),
    ("Dana Demir", State::Live),
    ("Erik Lindqvist", State::Live),
    ("Farah Haddad", State::Live),
    ("Grzegorz Brzęczyszczykiewicz", State::Live),
    ("=HYPERLINK(\"http://x\",\"y\")", State::Live),
    ("+1-555", State::Live),
    ("@handle", State::Live),
    ("-", State::Live),
    ("-5", State::Live),
    ("1e10", State::Live),
    ("0012345678901234567890", State::Live),
    ("2026-01-28", State::Live),
    ("Two\nlines", State::Live),
    ("Return\rhere", State::Live),
    ("Tab\there", State::Live),
    ("\n=1+1", State::Live),
    ("back\\slash \\N \\.", State::Live),
    ("semi;colon;=1+1", State::Live),
    ("  spaces around  ", State::Live),
    ("\u{200b}zero\u{200b}width", State::Live),
    ("\u{200b}=1+1", State::Live),
    ("＝1+1 full-width", State::Live),
    ("'apostrophe", State::Live),
    ("🦀 Ferris 🎉", State::Live),
    ("👩‍👩‍👧‍👦 family", State::Live),
    ("Zoë Ångström e\u{301}", State::Live),
    ("مستخدم، تجريبي", State::Live),
    ("משתמש לדוגמה", State::Live),
    ("\u{202e}overridden", State::Live),
    ("山田 太郎", State::Live),
    ("李小明，测试", State::Live),
    ("NULL", State::Live),
    ("ID", State::Live),
    ("", State::Live),
    ("<script>alert(1)</script>", State::Live),
    ("'; drop table users; --", State::Live),
    ("{\"name\": \"json\"}", State::Live),
    (
        "a name as long as nobody has one, which the page must cut and the file must not, at 120 characters in all, here it ends",
        State::Live,
    ),
    ("Disabled Dora", State::Disabled),
    ("Expired Emil", State::Expired),
    ("Deleted Dieter", State::Deleted),
];

const KEY_NAMES: &[&str] = &[
    "laptop",
    "CI",
    "default",
    "prod-eu-1",
    "staging",
    "batch jobs",
    "work, office",
    "\"quoted\"",
    "=1+1",
    "  padded  ",
    "ключ",
    "键🔑",
    "line\nbreak",
    "-",
];

/// A row of `keys`.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) user_id: i32,
    pub(crate) key: String,
    name: String,
    state: State,
    may_use_page: bool,
}

impl Key {
    fn live(user_id: i32, key: String, name: &str) -> Self {
        Self {
            user_id,
            key,
            name: name.to_owned(),
            state: State::Live,
            may_use_page: true,
        }
    }

    /// Returns whether its name and its owner's are free of awkward characters.
    pub(crate) fn is_ordinary(&self) -> bool {
        is_ordinary(USERS[self.user_id as usize - 1].0) && is_ordinary(&self.name)
    }

    fn in_state(self, state: State) -> Self {
        Self { state, ..self }
    }
}

/// Returns the rows of `keys` in the order of their ids, from 1.
pub(crate) fn keys(maker: &KeyMaker) -> Vec<Key> {
    let id_of = |name: &str| {
        1 + USERS
            .iter()
            .position(|user| user.0 == name)
            .expect("the name is listed") as i32
    };
    let live = |user_id, label: &str, name: &str| Key::live(user_id, maker.key(label), name);
    let (bob, carol) = (id_of("Bob O'Brien"), id_of("Carol \"CJ\" Jones"));
    let mut keys = vec![
        live(ADMIN_ID, "administrator", "admin"),
        live(USER_ID, "user", "laptop"),
        live(bob, ROTATED_KEY, "before rotation").in_state(State::Deleted),
        live(bob, ROTATED_KEY, "after rotation"),
        live(carol, DOUBLE_KEY, "first of two"),
        live(carol, DOUBLE_KEY, "second of two"),
        live(id_of("Dana Demir"), SHARED_KEY, "Dana's"),
        live(id_of("Erik Lindqvist"), SHARED_KEY, "Erik's"),
        Key {
            may_use_page: false,
            ..live(id_of("Farah Haddad"), NO_WEB_KEY, "API only")
        },
        live(bob, DISABLED_KEY, "disabled").in_state(State::Disabled),
        live(bob, EXPIRED_KEY, "expired").in_state(State::Expired),
        live(bob, DELETED_KEY, "deleted").in_state(State::Deleted),
        live(id_of("Disabled Dora"), KEY_OF_DISABLED, "default"),
        live(id_of("Expired Emil"), KEY_OF_EXPIRED, "default"),
        live(id_of("Deleted Dieter"), KEY_OF_DELETED, "default"),
    ];
    for user_id in USER_ID..=USERS.len() as i32 {
        for _ in 0..1 + user_id % 2 {
            let place = keys.len();
            let name = KEY_NAMES[place % KEY_NAMES.len()];
            keys.push(live(user_id, &format!("place {place}"), name));
        }
    }
    keys
}

/// Returns the id of the last user. The ids begin at 1.
pub(crate) const fn users() -> i32 {
    USERS.len() as i32
}

/// The columns that [`write_users`] writes.
pub(crate) const USER_COLUMNS: &str = "id, name, description, role, rpm_limit, daily_limit_usd, tags, is_enabled, expires_at, created_at, updated_at, deleted_at";

/// Writes every row of `users`, of a demo up to `until` in microseconds since 1970, and returns how many.
pub(crate) fn write_users(rows: &mut CopyText, until: i64) -> u64 {
    let joined = until - 200 * DAY_MICROSECONDS;
    for (place, &(name, state)) in USERS.iter().enumerate() {
        let place = place as i64;
        let role = if place == 0 { "admin" } else { "user" };
        rows.number(place + 1).text(name);
        rows.or_null(
            (place % 4 != 0).then_some("A user of the demo,\nwho \"exists\" for a reason"),
            CopyText::text,
        );
        rows.plain(role)
            .or_null((place % 3 == 0).then_some(60), CopyText::number);
        rows.or_null((place % 5 == 0).then_some("25.50"), CopyText::plain);
        rows.plain(if place % 2 == 0 {
            "[]"
        } else {
            r#"["demo", "team b"]"#
        });
        rows.boolean(state != State::Disabled);
        rows.or_null(
            (state == State::Expired).then_some(until - 10 * DAY_MICROSECONDS),
            CopyText::time,
        );
        rows.time(joined + place * 7_654_321_987)
            .time(joined + place * 7_654_321_987);
        rows.or_null(
            (state == State::Deleted).then_some(until - 20 * DAY_MICROSECONDS),
            CopyText::time,
        );
        rows.end_row();
    }
    USERS.len() as u64
}

/// The columns that [`write_keys`] writes.
pub(crate) const KEY_COLUMNS: &str =
    "id, user_id, key, name, is_enabled, expires_at, can_login_web_ui, created_at, updated_at, deleted_at";

/// Writes every row of `keys` and returns how many.
pub(crate) fn write_keys(rows: &mut CopyText, maker: &KeyMaker, until: i64) -> u64 {
    let keys = keys(maker);
    let created = until - 150 * DAY_MICROSECONDS;
    for (place, key) in keys.iter().enumerate() {
        let place = place as i64;
        rows.number(place + 1)
            .number(key.user_id.into())
            .plain(&key.key)
            .text(&key.name);
        rows.boolean(key.state != State::Disabled);
        // Some keys expire in the far future, so that a test notices if such a key is refused.
        let expires = match key.state {
            State::Expired => Some(until - 5 * DAY_MICROSECONDS),
            _ => (place % 8 == 3).then_some(4_070_908_800_000_000),
        };
        rows.or_null(expires, CopyText::time).boolean(key.may_use_page);
        rows.time(created + place * 1_234_567_891)
            .time(created + place * 1_234_567_891);
        rows.or_null(
            (key.state == State::Deleted).then_some(until - 30 * DAY_MICROSECONDS),
            CopyText::time,
        );
        rows.end_row();
    }
    keys.len() as u64
}
