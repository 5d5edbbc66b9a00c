//! What is known of users' saved files.

use sqlx::PgConnection;

use super::rows::{copy, scaled, time_of};
use crate::dice::Dice;
use crate::error::DemoError;
use crate::people::{ADMIN_ID, USER_ID};
use crate::plan::Plan;
use crate::uuid::Uuid;

const COUNT: u64 = 500;
const COUNT_MIN: u64 = 20;

const OWNERS: [i32; 6] = [USER_ID, USER_ID, USER_ID, ADMIN_ID, 3, 4];

/// Name and media type.
const FILES: [(&str, Option<&str>); 9] = [
    ("report.pdf", Some("application/pdf")),
    (
        "budget 2026.xlsx",
        Some("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ),
    ("=cmd|' /C calc'!A0.csv", Some("text/csv")),
    ("照片 (最终版).jpg", Some("image/jpeg")),
    (
        "تقرير.docx",
        Some("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ),
    ("quote\" and, comma.txt", Some("text/plain")),
    ("../../etc/passwd", None),
    ("two\nlines.log", Some("text/plain")),
    ("archive.tar.gz", Some("application/gzip")),
];

const SYSTEM_TAGS: [&str; 4] = [
    "[]",
    r#"["scanned"]"#,
    r#"["scanned","virus-free"]"#,
    r#"["export"]"#,
];
const USER_TAGS: [&str; 4] = [
    "[]",
    r#"["invoice"]"#,
    r#"["项目","=1+1"]"#,
    r#"["to \"read\"","later"]"#,
];
const METADATA: [&str; 3] = [
    "{}",
    r#"{"pages":12}"#,
    r#"{"camera":{"model":"X100","iso":200},"note":"line\nbreak"}"#,
];

const COLUMNS: &str = "file_id, user_id, file_name, file_path, file_size, content_type, system_tags, user_tags, metadata, uploaded_at";

pub(super) async fn fill(connection: &mut PgConnection, plan: &Plan) -> Result<u64, DemoError> {
    let count = scaled(plan, COUNT, COUNT_MIN);
    let mut dice = Dice::new(plan.seed.wrapping_add(17_001));
    copy(connection, "saved_files", COLUMNS, 0..count, |rows, at| {
        let (id, owner) = (Uuid::new(&mut dice), dice.pick(&OWNERS));
        let (name, media_type) = dice.pick(&FILES);
        rows.written(format_args!("{id}"))
            .number(owner.into())
            .text(name)
            .written(format_args!("users/{owner}/{id}"))
            .number(dice.skewed(0, 5 << 30) as i64)
            .or_null(media_type, crate::copy_text::CopyText::text);
        rows.text(dice.pick(&SYSTEM_TAGS))
            .text(dice.pick(&USER_TAGS))
            .text(dice.pick(&METADATA))
            .time(time_of(plan, at, count, &mut dice))
            .end_row();
    })
    .await
}
