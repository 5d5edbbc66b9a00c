//! Conversations with their turns as JSONL, compared with `psql` on the same query and with `JSON.stringify`.

use decant_tests::browser;
use decant_tests::server::Server;
use serde_json::Value;
use sqlx::{Connection as _, Executor as _, PgConnection};
use wasm_export::options::Format;

use crate::bed::Bed;
use crate::client;
use crate::formats;
use crate::in_browser::{FLAGS, IN_A_ROUND, files, outcome, understand};
use crate::line::Line;
use crate::outcome::Outcome;
use crate::paths::bench_folder;
use crate::psql::Psql;
use crate::quantity::{megabytes, seconds};
use crate::report::Section;
use crate::samples::Samples;
use crate::site::{File, Site};

const DATASET: &str = "conversation-training";
const CONVERSATIONS: u64 = 50_000;

/// Conversations for the comparison in Chromium, which holds them as objects.
const IN_CHROMIUM: u64 = 5_000;

/// After one round as a warm-up.
const ROUNDS: usize = 5;

/// Replaces the demo's conversations by [`CONVERSATIONS`] of 20 turns, whose contents are those of the demo's turns. The few
/// that are longer than 10,000 characters are left out.
const FILL: &str = "
    create temporary table texts as
      select role, content, token_count, row_number() over (partition by role order by id) as at,
             count(*) over (partition by role) as count
      from conversation_turns where role in ('user', 'assistant') and length(content) <= 10000;
    create index on texts (role, at);
    analyze texts;
    truncate conversations, conversation_turns;
    insert into conversations
        (id, title, persona, topic, tier, status, category, quality_score, total_turns, created_by, created_at)
      select md5(n::text)::uuid, 'Conversation ' || n, 'engineer', 'export', 'scenario', 'approved', '{code}', 7.5, 20, 1,
             timestamptz '2026-01-01 00:00:00+00' + n * interval '1 minute'
      from generate_series(1, 50000) n;
    insert into conversation_turns (conversation_id, turn_number, role, content, token_count)
      select md5(n::text)::uuid, turn, texts.role, texts.content, texts.token_count
      from generate_series(1, 50000) n
      cross join generate_series(1, 20) turn
      cross join lateral (select case turn % 2 when 1 then 'user' else 'assistant' end as role) speaker
      cross join lateral (select max(count) as count from texts where texts.role = speaker.role) known
      join texts on texts.role = speaker.role and texts.at = 1 + (n * 20 + turn) % known.count;
    analyze conversations, conversation_turns;";

pub async fn measure(bed: &Bed, server: &Server) -> Outcome<Section> {
    let mut connection = PgConnection::connect(&bed.dsn).await?;
    connection.execute(FILL).await?;
    connection.execute("checkpoint").await?;
    connection.close().await?;

    let select = bed.select_of(DATASET).await?;
    let psql = Psql {
        select: &select,
        ..bed.psql()
    };
    let target = format!("/api/datasets/{DATASET}/export?format=jsonl");
    psql.to_nowhere()?;
    client::read(server, &target, "identity")?;
    let (mut theirs, mut ours, mut bytes) = (Samples::default(), Samples::default(), 0);
    for _ in 0..ROUNDS {
        theirs.add(psql.to_nowhere()?);
        let answer = client::read(server, &target, "identity")?;
        ours.add(answer.took);
        bytes = answer.bytes;
    }
    let mut lines = vec![
        Line::new("time", seconds(ours.median()))
            .beside("psql", seconds(theirs.median()))
            .ratio_at_most(1.15),
        Line::new("bytes", megabytes(bytes)),
    ];
    let stream = client::keep(server, DATASET, Some(IN_CHROMIUM)).await;
    lines.extend(in_chromium(stream).await?);
    Ok(Section {
        title: "Conversations with their turns as JSONL",
        how: format!(
            "{CONVERSATIONS} conversations of 20 turns each. `GET {target}`, read from a TCP connection on loopback and thrown \
             away, beside `psql -c \"copy (the same query) to stdout (format csv)\" > /dev/null`. Median of {ROUNDS} rounds of one \
             after the other, after one that does not count. Below it the rows of {IN_CHROMIUM} conversations from memory, natively and in \
             Chromium, as described for every format; the JavaScript has each conversation as an object with its messages. \
             {IN_A_ROUND}"
        ),
        lines,
    })
}

/// Returns the lines of the formatter alone.
async fn in_chromium(stream: Vec<u8>) -> Outcome<Vec<Line>> {
    let mut files = files()?;
    files.push(File::read(&bench_folder().join("page/formats.js"))?);
    files.push(File::of("conversations", stream.clone()));
    let site = Site::of(files)?;
    let mut told = Value::Null;
    browser::in_browser_with(FLAGS, &site.address, "bench-conversations", async |browser| {
        told = outcome(
            browser,
            &format!("compareFormat('jsonl', 'conversations', {ROUNDS})"),
        )
        .await;
    })
    .await;
    formats::compared(Format::Jsonl, &stream, &understand(told)?)
}
