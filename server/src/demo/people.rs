//! The users and their keys: ordinary ones, and one of each kind that breaks an export or a sign-in.

use super::calendar::DAY_MICROSECONDS;
use super::copy_text::CopyText;
use super::dice::Dice;
use super::texts::is_ordinary;

/// The ready-made accounts of a demo database, for people and tests to sign in with.
///
/// The keys are the same everywhere and published in Decant's source, so no demo database should be open to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// The hub key of a user with role `admin`.
    pub admin_hub_key: &'static str,
    /// That user's name.
    pub admin_name: &'static str,
    /// That user's id.
    pub admin_id: i32,
    /// The hub key of an ordinary user, allowed to use the web page.
    pub user_key: &'static str,
    /// That user's name.
    pub user_name: &'static str,
    /// That user's id.
    pub user_id: i32,
}

/// The ready-made accounts.
pub const SIGN_IN: SignIn = SignIn {
    admin_hub_key: "sk-demo-admin-9c2e7b10d4f85a63",
    admin_name: "Administrator",
    admin_id: 1,
    user_key: "sk-demo-alice-4f1d8a6c2b9e7035",
    user_name: "Alice Example",
    user_id: 2,
};

/// Keys that must not sign anybody in, with the reason.
pub const REFUSED_KEYS: [(&str, &str); 6] = [
    (DISABLED_USER_KEY, "the user is disabled"),
    (EXPIRED_USER_KEY, "the user has expired"),
    (DELETED_USER_KEY, "the user is deleted"),
    ("sk-demo-disabled-key-5b0a94", "the key is disabled"),
    ("sk-demo-expired-key-c713fe", "the key has expired"),
    ("sk-demo-deleted-key-08d6b2", "the key is deleted"),
];

/// A good key whose owner may not use the web page (`can_login_web_ui` is false).
pub const NO_WEB_UI_KEY: &str = "sk-demo-no-web-ui-77e1c5";
/// A key string in two rows of one user, the older of them soft-deleted.
pub const ROTATED_KEY: &str = "sk-demo-rotated-1e52d8";
/// A key string in two live rows of one user.
pub const DOUBLE_KEY: &str = "sk-demo-double-b3f609";
/// A key string in live rows of two users.
pub const SHARED_KEY: &str = "sk-demo-shared-64ac3d";

const DISABLED_USER_KEY: &str = "sk-demo-disabled-user-2d91e7";
const EXPIRED_USER_KEY: &str = "sk-demo-expired-user-f4680c";
const DELETED_USER_KEY: &str = "sk-demo-deleted-user-a95d3b";

/// Whether a user or key is of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Live,
    Disabled,
    Expired,
    Deleted,
}

/// By id, from 1.
const USERS: &[(&str, State)] = &[
    (SIGN_IN.admin_name, State::Live),
    (SIGN_IN.user_name, State::Live),
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
pub(super) struct Key {
    pub(super) user_id: i32,
    pub(super) key: String,
    name: String,
    state: State,
    may_use_page: bool,
}

impl Key {
    fn live(user_id: i32, key: &str, name: &str) -> Self {
        Self {
            user_id,
            key: key.to_owned(),
            name: name.to_owned(),
            state: State::Live,
            may_use_page: true,
        }
    }

    /// Whether neither its name nor its owner's is awkward.
    pub(super) fn is_ordinary(&self) -> bool {
        is_ordinary(USERS[self.user_id as usize - 1].0) && is_ordinary(&self.name)
    }

    fn in_state(self, state: State) -> Self {
        Self { state, ..self }
    }
}

/// Every row of `keys`; their ids are their places, from 1.
pub(super) fn keys() -> Vec<Key> {
    let id_of = |name: &str| {
        1 + USERS
            .iter()
            .position(|user| user.0 == name)
            .expect("the name is listed") as i32
    };
    let [.., (disabled, _), (expired, _), (deleted, _)] = REFUSED_KEYS;
    let (bob, carol) = (id_of("Bob O'Brien"), id_of("Carol \"CJ\" Jones"));
    let mut keys = vec![
        Key::live(SIGN_IN.admin_id, SIGN_IN.admin_hub_key, "admin"),
        Key::live(SIGN_IN.user_id, SIGN_IN.user_key, "laptop"),
        Key::live(bob, ROTATED_KEY, "before rotation").in_state(State::Deleted),
        Key::live(bob, ROTATED_KEY, "after rotation"),
        Key::live(carol, DOUBLE_KEY, "first of two"),
        Key::live(carol, DOUBLE_KEY, "second of two"),
        Key::live(id_of("Dana Demir"), SHARED_KEY, "Dana's"),
        Key::live(id_of("Erik Lindqvist"), SHARED_KEY, "Erik's"),
        Key {
            may_use_page: false,
            ..Key::live(id_of("Farah Haddad"), NO_WEB_UI_KEY, "API only")
        },
        Key::live(bob, disabled, "disabled").in_state(State::Disabled),
        Key::live(bob, expired, "expired").in_state(State::Expired),
        Key::live(bob, deleted, "deleted").in_state(State::Deleted),
        Key::live(id_of("Disabled Dora"), DISABLED_USER_KEY, "default"),
        Key::live(id_of("Expired Emil"), EXPIRED_USER_KEY, "default"),
        Key::live(id_of("Deleted Dieter"), DELETED_USER_KEY, "default"),
    ];
    let mut dice = Dice::new(40);
    for user_id in SIGN_IN.user_id..=USERS.len() as i32 {
        for _ in 0..1 + user_id % 2 {
            let name = KEY_NAMES[keys.len() % KEY_NAMES.len()];
            keys.push(Key::live(
                user_id,
                &format!("sk-demo-{user_id}-{:016x}", dice.number()),
                name,
            ));
        }
    }
    keys
}

/// The columns that [`write_users`] writes.
pub(super) const USER_COLUMNS: &str = "id, name, description, role, rpm_limit, daily_limit_usd, tags, is_enabled, expires_at, created_at, updated_at, deleted_at";

/// Writes every row of `users`; `until` is the demo's end in microseconds since 1970. Returns how many.
pub(super) fn write_users(rows: &mut CopyText, until: i64) -> u64 {
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
pub(super) const KEY_COLUMNS: &str =
    "id, user_id, key, name, is_enabled, expires_at, can_login_web_ui, created_at, updated_at, deleted_at";

/// Writes every row of `keys`, as [`write_users`] does. Returns how many.
pub(super) fn write_keys(rows: &mut CopyText, until: i64) -> u64 {
    let keys = keys();
    let created = until - 150 * DAY_MICROSECONDS;
    for (place, key) in keys.iter().enumerate() {
        let place = place as i64;
        rows.number(place + 1)
            .number(key.user_id.into())
            .plain(&key.key)
            .text(&key.name);
        rows.boolean(key.state != State::Disabled);
        // The far end is there so that an expiry yet to come is seen to let in.
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
