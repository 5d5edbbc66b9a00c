//! Conversations with a language model, in every status and tier.

use sqlx::PgConnection;

use super::conversation_texts::{CATEGORIES, COMMENTS, EMOTIONS, PARAMETERS, PERSONAS, TITLES, TOPICS};
use super::rows::{copy, scaled, time_of};
use super::turns::{self, Turn};
use crate::copy_text::CopyText;
use crate::dice::Dice;
use crate::error::DemoError;
use crate::people::{ADMIN_ID, USER_ID};
use crate::plan::Plan;
use crate::uuid::Uuid;

/// The conversations of a full demo, and of the smallest one: three of each status.
const COUNT: u64 = 2000;
const COUNT_MIN: u64 = 24;

/// The bytes of the longest message in a full demo, and in the smallest one.
const LONGEST: u64 = 5_000_000;
const LONGEST_MIN: u64 = 40_000;
/// The position of the conversation with the longest message. It belongs to the ordinary user and is approved.
const LONGEST_AT: u64 = 3;

const TIERS: [&str; 3] = ["template", "scenario", "edge_case"];
const STATUSES: [&str; 8] = [
    "draft",
    "generated",
    "pending_review",
    "approved",
    "rejected",
    "needs_revision",
    "none",
    "failed",
];
/// The users of conversations: the ordinary user most often.
const OWNERS: [i32; 10] = [USER_ID, USER_ID, USER_ID, USER_ID, ADMIN_ID, 3, 4, 5, 10, 44];

const COLUMNS: &str = "id, title, persona, emotion, topic, tier, status, category, quality_score, total_turns, total_tokens, \
     parent_id, parent_type, parameters, review_history, created_by, approved_by, approved_at, created_at, updated_at";
const TURN_COLUMNS: &str = "conversation_id, turn_number, role, content, token_count, created_at";

/// One conversation with its turns.
struct Conversation {
    id: Uuid,
    tier: &'static str,
    status: &'static str,
    owner: i32,
    created: i64,
    turns: Vec<Turn>,
    /// For the columns that nothing else depends on.
    dice: Dice,
}

pub(super) async fn fill(connection: &mut PgConnection, plan: &Plan) -> Result<u64, DemoError> {
    let mut ids = Vec::new();
    let added = copy(
        connection,
        "conversations",
        COLUMNS,
        conversations(plan),
        |rows, mut conversation| {
            conversation.write(rows, plan, &ids);
            ids.push(conversation.id);
        },
    )
    .await?;
    let turns = conversations(plan).flat_map(|conversation| {
        let Conversation {
            id, created, turns, ..
        } = conversation;
        (1..)
            .zip(turns)
            .map(move |(number, turn)| (id, created, number, turn))
    });
    let end = plan.period.end();
    copy(
        connection,
        "conversation_turns",
        TURN_COLUMNS,
        turns,
        |rows, (id, created, number, turn)| {
            rows.written(format_args!("{id}"))
                .number(number)
                .plain(turn.role)
                .text(&turn.content);
            rows.number(turn.tokens())
                .time(time_of_turn(created, number, end))
                .end_row();
        },
    )
    .await?;
    Ok(added)
}

/// Returns the conversations, the oldest first. Two calls return the same ones, so that no list of all turns is kept.
fn conversations(plan: &Plan) -> impl Iterator<Item = Conversation> {
    let count = scaled(plan, COUNT, COUNT_MIN);
    let longest = scaled(plan, LONGEST, LONGEST_MIN) as usize;
    let mut seeds = Dice::new(plan.seed.wrapping_add(15_001));
    (0..count).map(move |at| {
        let mut dice = Dice::new(seeds.number());
        let has_each = (at as usize) < STATUSES.len() * TIERS.len();
        let (status, tier, owner) = match has_each {
            true => (
                STATUSES[at as usize % STATUSES.len()],
                TIERS[at as usize / STATUSES.len()],
                USER_ID,
            ),
            false => (
                match dice.once_in(2) {
                    true => "approved",
                    false => dice.pick(&STATUSES),
                },
                dice.pick(&TIERS),
                dice.pick(&OWNERS),
            ),
        };
        let mut turns = turns::make(&mut dice);
        if at == LONGEST_AT {
            turns::lengthen(&mut turns, longest);
        }
        Conversation {
            id: Uuid::new(&mut dice),
            tier,
            status,
            owner,
            created: time_of(plan, at, count, &mut dice),
            turns,
            dice,
        }
    })
}

/// Returns the time of a turn: half a minute after the one before, but not after the end of the demo.
fn time_of_turn(created: i64, number: i64, end: i64) -> i64 {
    (created + (number - 1) * 30_000_000).min(end)
}

impl Conversation {
    /// Writes its row. `earlier` are the ids of those before it, of which it may be a copy.
    fn write(&mut self, rows: &mut CopyText, plan: &Plan, earlier: &[Uuid]) {
        let end = plan.period.end();
        let dice = &mut self.dice;
        let updated = time_of_turn(self.created, self.turns.len() as i64, end);
        rows.written(format_args!("{}", self.id))
            .text(dice.pick(&TITLES))
            .or_null(dice.pick(&PERSONAS), CopyText::text)
            .or_null(dice.pick(&EMOTIONS), CopyText::text)
            .or_null(dice.pick(&TOPICS), CopyText::text)
            .plain(self.tier)
            .plain(self.status)
            .text(dice.pick(&CATEGORIES));
        let is_scored = !matches!(self.status, "draft" | "none" | "failed");
        match is_scored && !dice.once_in(12) {
            true => rows.written(format_args!("{}.{:02}", dice.below(10), dice.below(100))),
            false => rows.null(),
        };
        rows.number(self.turns.len() as i64)
            .number(self.turns.iter().map(Turn::tokens).sum());
        match !earlier.is_empty() && dice.once_in(10) {
            true => rows
                .written(format_args!("{}", earlier[dice.place(earlier.len())]))
                .plain(dice.pick(&["template", "scenario", "conversation"])),
            false => rows.nulls(2),
        };
        rows.text(dice.pick(&PARAMETERS));
        let reviewed = (updated + 3_600_000_000).min(end);
        rows.text(&review_history(self.status, reviewed, dice))
            .number(self.owner.into());
        match self.status {
            "approved" => rows.number(ADMIN_ID.into()).time(reviewed),
            _ => rows.nulls(2),
        };
        rows.time(self.created).time(reviewed).end_row();
    }
}

/// Returns the reviews as JSON. What was returned for revision has two of them.
fn review_history(status: &str, at: i64, dice: &mut Dice) -> String {
    let actions: &[&str] = match status {
        "approved" => &["approved"],
        "rejected" => &["rejected"],
        "needs_revision" => &["submitted", "revision_requested"],
        _ => &[],
    };
    let at = jiff::Timestamp::from_microsecond(at).expect("demo times are within four digits of years");
    let mut review = |action: &&str| {
        let comment = dice.pick(&COMMENTS);
        format!(r#"{{"at":"{at}","by":{ADMIN_ID},"action":"{action}","comment":{comment}}}"#)
    };
    let reviews: Vec<_> = actions.iter().map(&mut review).collect();
    format!("[{}]", reviews.join(","))
}
