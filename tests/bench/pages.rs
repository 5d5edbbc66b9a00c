//! Pages of datasets, as a browser asks for them: first rows, the options of filters, figures.

use decant_tests::actors::Actor;
use decant_tests::server::ADMIN_TOKEN;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};

use crate::bed::Bed;
use crate::client;
use crate::line::Line;
use crate::outcome::Outcome;
use crate::psql::Psql;
use crate::quantity::{milliseconds, seconds};
use crate::report::Section;
use crate::samples::Samples;

const ROUNDS: usize = 5;

/// Bounds, in milliseconds.
const ROWS_MAX: f64 = 100.0;
const SESSIONS_MAX: f64 = 500.0;
const OPTIONS_MAX: f64 = 300.0;

/// Bound for the time of figures, in multiples of psql's.
const FIGURES_RATIO_MAX: f64 = 1.5;

/// The datasets that are measured, with the bounds of their first rows.
const DATASETS: [(&str, f64); 3] = [
    ("usage-logs", ROWS_MAX),
    ("probe-logs", ROWS_MAX),
    ("sessions", SESSIONS_MAX),
];

/// The tokens of a request, as the hub counts them.
macro_rules! tokens {
    () => {
        "coalesce(m.input_tokens, 0) + coalesce(m.output_tokens, 0) + coalesce(m.cache_read_input_tokens, 0) \
         + greatest(coalesce(m.cache_creation_input_tokens, 0), \
           coalesce(m.cache_creation_5m_input_tokens, 0) + coalesce(m.cache_creation_1h_input_tokens, 0))"
    };
}

/// Figures of datasets, in SQL of the bench's own.
const FIGURES: [(&str, &str); 2] = [
    (
        "usage-logs",
        concat!(
            "select count(*), sum(m.cost_usd), sum(",
            tokens!(),
            "), count(*) filter (where m.status_code is distinct from 200) \
             from message_request m join users u on u.id = m.user_id \
             where m.deleted_at is null and exists (select from keys k where k.key = m.key)"
        ),
    ),
    (
        "sessions",
        concat!(
            "select count(*), sum(s.cost), sum(s.tokens) from ( \
               select m.session_id, m.user_id, sum(m.cost_usd) as cost, sum(",
            tokens!(),
            ") as tokens from message_request m \
               where m.deleted_at is null and m.session_id is not null and m.created_at >= now() - interval '7 days' \
               group by 1, 2) s join users u on u.id = s.user_id"
        ),
    ),
];

/// A request and the times of its answers.
struct Measured {
    what: String,
    target: String,
    token: String,
    times: Samples,
    max: f64,
}

impl Measured {
    fn line(&self) -> Line {
        Line::new(self.what.clone(), milliseconds(self.milliseconds())).at_most(milliseconds(self.max))
    }

    fn milliseconds(&self) -> f64 {
        self.times.median() * 1000.0
    }
}

pub async fn measure(bed: &Bed) -> Outcome<Section> {
    let key = key_of_busiest_user(bed).await?;
    let callers = [("", ADMIN_TOKEN), (", a user", &key)];
    let server = bed.server().await;
    let (mut pages, mut options) = (Vec::new(), Vec::new());
    for (caller, token) in callers {
        let listed = Actor::new(&server.address).with_token(token).datasets();
        let listed: Value = listed.answer().await.good().json();
        for (name, max) in DATASETS {
            let Some(dataset) = named(&listed["datasets"], name) else {
                continue;
            };
            let measured = |what: String, target: String, max: f64| Measured {
                what,
                target,
                token: token.to_owned(),
                times: Samples::default(),
                max,
            };
            pages.push(measured(
                format!("{name}{caller}: first rows"),
                format!("/api/datasets/{name}/page"),
                max,
            ));
            let with_options = each(&dataset["filters"]).filter(|filter| filter["options"] == true);
            let of_dataset = with_options
                .filter_map(|filter| filter["name"].as_str())
                .map(|filter| {
                    measured(
                        format!("{name}{caller}: options of `{filter}`"),
                        format!("/api/datasets/{name}/options/{filter}"),
                        OPTIONS_MAX,
                    )
                });
            options.push(of_dataset.collect::<Vec<_>>());
        }
    }
    let mut figures = FIGURES.map(|(name, sql)| (name, sql, Samples::default(), Samples::default()));
    for _ in 0..ROUNDS {
        // A server keeps options for a minute.
        let server = bed.server().await;
        for (_, token) in callers {
            client::read_as(
                &server.address,
                token,
                "/api/datasets/usage-logs/page?limit=1",
                "identity",
            )?;
        }
        for measured in pages.iter_mut().chain(options.iter_mut().flatten()) {
            let answer = client::read_as(&server.address, &measured.token, &measured.target, "identity")?;
            measured.times.add(answer.took);
        }
        for (name, sql, ours, psql) in &mut figures {
            let select = Psql {
                select: sql,
                ..bed.psql()
            };
            psql.add(select.to_nowhere()?);
            let target = format!("/api/datasets/{name}/summary");
            ours.add(client::read(&server, &target, "identity")?.took);
        }
    }
    let slowest = |of_dataset: &Vec<Measured>| {
        let slowest = of_dataset
            .iter()
            .max_by(|a, b| a.milliseconds().total_cmp(&b.milliseconds()));
        slowest.map(Measured::line)
    };
    let of_figures = figures.iter().map(|(name, _, ours, psql)| {
        Line::new(format!("{name}: figures"), seconds(ours.median()))
            .beside("psql", seconds(psql.median()))
            .ratio_at_most(FIGURES_RATIO_MAX)
    });
    Ok(Section {
        title: "Pages of datasets",
        how: format!(
            "What the page asks for when a dataset is opened, each on a connection of its own, from the request to the last \
             byte: the first 50 rows (`/page`), the options of each filter, of which the line names the slowest, and the \
             figures (`/summary`). Sessions are those of seven days. An administrator sees all rows; the user is the one \
             with the most. A server keeps options for a minute, so that each round has a server just started. Beside the \
             figures `psql -c \"copy (the same aggregates) to stdout (format csv)\" > /dev/null`, in SQL of the bench's \
             own. Median of {ROUNDS} rounds."
        ),
        lines: pages
            .iter()
            .map(Measured::line)
            .chain(options.iter().filter_map(slowest))
            .chain(of_figures)
            .collect(),
    })
}

fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn named<'a>(datasets: &'a Value, name: &str) -> Option<&'a Value> {
    each(datasets).find(|dataset| dataset["name"] == name)
}

/// Gives a new key to the user with the most requests.
async fn key_of_busiest_user(bed: &Bed) -> Outcome<String> {
    let key = "sk-bench-0123456789abcdef";
    let mut connection = PgConnection::connect(&bed.dsn).await?;
    sqlx::query(
        "insert into keys (user_id, key, name, is_enabled, can_login_web_ui) \
         select m.user_id, $1, 'bench', true, true from message_request m join users u on u.id = m.user_id \
         where m.deleted_at is null and u.deleted_at is null and u.is_enabled \
         group by 1 order by count(*) desc limit 1",
    )
    .bind(key)
    .execute(&mut connection)
    .await?;
    connection.close().await?;
    Ok(key.to_owned())
}
