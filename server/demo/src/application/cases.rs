//! Infringements, alerts and actions of the workspaces' brands.

use sqlx::PgConnection;

use super::brand_texts::{
    ACTION_STATUSES, ACTION_TYPES, ALERT_STATUSES, DESCRIPTIONS, DOMAINS, INFRINGEMENT_STATUSES,
    INFRINGEMENT_TYPES, RESULTS, SEVERITIES, TITLES,
};
use super::rows::{copy, scaled, time_of};
use super::workspaces::{BRAND_COLUMNS, Brand, MEMBER_COLUMNS, MONITOR_COLUMNS, Owners, WORKSPACE_COLUMNS};
use crate::copy_text::CopyText;
use crate::dice::Dice;
use crate::error::DemoError;
use crate::plan::Plan;
use crate::uuid::Uuid;

/// The rows of a full demo, and those of the smallest one.
const ALERTS: (u64, u64) = (50_000, 60);
const INFRINGEMENTS: (u64, u64) = (5_000, 40);
const ACTIONS: (u64, u64) = (8_000, 40);

const HOUR: i64 = 3_600_000_000;

const INFRINGEMENT_COLUMNS: &str = "id, workspace_id, brand_id, title, description, type, url, domain, severity, status, \
     detected_at, resolved_at, created_at";
const ALERT_COLUMNS: &str = "id, workspace_id, brand_id, monitor_id, infringement_id, title, description, url, severity, status, \
     confidence, created_at";
const ACTION_COLUMNS: &str = "id, workspace_id, infringement_id, action_type, title, status, priority, assigned_to, result, \
     created_at, completed_at";

/// Writes every row of a small table.
type WriteRows = fn(&Owners, &mut CopyText);

/// What alerts and actions refer to.
struct Infringement {
    id: Uuid,
    /// The position of its brand.
    brand: usize,
    detected: i64,
}

/// Fills the tables of this part. Returns the number of alerts.
pub(super) async fn fill(connection: &mut PgConnection, plan: &Plan) -> Result<u64, DemoError> {
    let count = |(full, least)| scaled(plan, full, least);
    if count(ALERTS) == 0 {
        return Ok(0);
    }
    let owners = Owners::new(plan);
    let small: [(&str, &str, WriteRows); 4] = [
        ("workspaces", WORKSPACE_COLUMNS, Owners::write_workspaces),
        ("workspace_members", MEMBER_COLUMNS, Owners::write_members),
        ("brands", BRAND_COLUMNS, Owners::write_brands),
        ("brand_monitors", MONITOR_COLUMNS, Owners::write_monitors),
    ];
    for (table, columns, write) in small {
        copy(connection, table, columns, [()].into_iter(), |rows, ()| {
            write(&owners, rows);
        })
        .await?;
    }
    let mut cases = Cases {
        plan,
        brands: &owners.brands,
        infringements: Vec::new(),
        dice: Dice::new(plan.seed.wrapping_add(16_002)),
    };
    let all = count(INFRINGEMENTS);
    copy(
        connection,
        "brand_infringements",
        INFRINGEMENT_COLUMNS,
        0..all,
        |rows, at| {
            cases.write_infringement(rows, at, all);
        },
    )
    .await?;
    let all = count(ALERTS);
    copy(connection, "brand_alerts", ALERT_COLUMNS, 0..all, |rows, at| {
        cases.write_alert(rows, at, all);
    })
    .await?;
    let actions = 0..count(ACTIONS);
    copy(
        connection,
        "infringement_actions",
        ACTION_COLUMNS,
        actions,
        |rows, at| {
            cases.write_action(rows, at);
        },
    )
    .await?;
    Ok(all)
}

struct Cases<'a> {
    plan: &'a Plan,
    brands: &'a [Brand],
    infringements: Vec<Infringement>,
    dice: Dice,
}

impl Cases<'_> {
    fn write_infringement(&mut self, rows: &mut CopyText, at: u64, count: u64) {
        let (dice, end) = (&mut self.dice, self.plan.period.end());
        let (id, brand) = (Uuid::new(dice), dice.place(self.brands.len()));
        let detected = time_of(self.plan, at, count, dice);
        // The first rows have each word.
        let status = INFRINGEMENT_STATUSES[word(at, INFRINGEMENT_STATUSES.len(), dice)];
        let domain = dice.pick(&DOMAINS);
        self.brands[brand].write_ids(id, rows);
        rows.text(dice.pick(&TITLES))
            .or_null(dice.pick(&DESCRIPTIONS), CopyText::text)
            .plain(INFRINGEMENT_TYPES[word(at, INFRINGEMENT_TYPES.len(), dice)])
            .written(format_args!("https://{domain}/item?id={at}&ref=\"x\""))
            .plain(domain)
            .plain(SEVERITIES[word(at, SEVERITIES.len(), dice)])
            .plain(status)
            .time(detected);
        match status {
            "resolved" | "dismissed" => {
                let resolved = detected + HOUR * dice.skewed(1, 700).cast_signed();
                rows.time(resolved.min(end))
            }
            _ => rows.null(),
        };
        rows.time(detected).end_row();
        self.infringements.push(Infringement { id, brand, detected });
    }

    fn write_alert(&mut self, rows: &mut CopyText, at: u64, count: u64) {
        let dice = &mut self.dice;
        let id = Uuid::new(dice);
        // One in six is of an infringement, and so of its brand.
        let of = dice
            .once_in(6)
            .then(|| &self.infringements[dice.place(self.infringements.len())]);
        let brand = &self.brands[of.map_or_else(|| dice.place(self.brands.len()), |of| of.brand)];
        brand.write_ids(id, rows);
        match dice.once_in(20) {
            true => rows.null(),
            false => rows.written(format_args!("{}", dice.pick(&brand.monitors))),
        };
        match of {
            Some(of) => rows.written(format_args!("{}", of.id)),
            None => rows.null(),
        };
        rows.text(dice.pick(&TITLES))
            .or_null(dice.pick(&DESCRIPTIONS), CopyText::text)
            .written(format_args!("https://{}/{at}", dice.pick(&DOMAINS)))
            .plain(SEVERITIES[word(at, SEVERITIES.len(), dice)])
            .plain(ALERT_STATUSES[word(at, ALERT_STATUSES.len(), dice)]);
        match dice.once_in(9) {
            true => rows.null(),
            false => rows.number(dice.below(101).cast_signed()),
        };
        rows.time(time_of(self.plan, at, count, dice)).end_row();
    }

    fn write_action(&mut self, rows: &mut CopyText, at: u64) {
        let (dice, end) = (&mut self.dice, self.plan.period.end());
        let of = &self.infringements[dice.place(self.infringements.len())];
        let status = ACTION_STATUSES[word(at, ACTION_STATUSES.len(), dice)];
        let created = (of.detected + HOUR * dice.skewed(1, 500).cast_signed()).min(end);
        rows.written(format_args!("{}", Uuid::new(dice)))
            .written(format_args!("{}", self.brands[of.brand].workspace))
            .written(format_args!("{}", of.id))
            .plain(ACTION_TYPES[word(at, ACTION_TYPES.len(), dice)]);
        match dice.once_in(5) {
            true => rows.null(),
            false => rows.text(dice.pick(&TITLES)),
        };
        rows.plain(status).number(1 + dice.below(5).cast_signed());
        match dice.once_in(3) {
            true => rows.null(),
            false => rows.number(2 + dice.below(9).cast_signed()),
        };
        let is_over = matches!(status, "completed" | "failed");
        match is_over {
            true => rows.text(dice.pick(&RESULTS)),
            false => rows.null(),
        };
        rows.time(created);
        match is_over {
            true => rows.time((created + HOUR * dice.skewed(1, 300).cast_signed()).min(end)),
            false => rows.null(),
        };
        rows.end_row();
    }
}

impl Brand {
    /// Writes an id, and those of the workspace and the brand.
    fn write_ids(&self, id: Uuid, rows: &mut CopyText) {
        rows.written(format_args!("{id}"))
            .written(format_args!("{}", self.workspace))
            .written(format_args!("{}", self.id));
    }
}

/// Returns the position of a word for this row. The first rows have each of them.
fn word(at: u64, words: usize, dice: &mut Dice) -> usize {
    match usize::try_from(at) {
        Ok(at) if at < words => at,
        _ => dice.place(words),
    }
}
