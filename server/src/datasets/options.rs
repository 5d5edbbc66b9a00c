//! The values that a filter offers to choose from, kept for a while: they cost a walk over all rows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use sqlx::PgConnection;

use super::query::OPTIONS_MAX;
use super::template::Template;
use crate::auth::Scope;

/// How long the values are kept.
const KEPT_FOR: Duration = Duration::from_secs(5 * 60);

/// The most answers that are kept; beyond that the oldest go.
const ANSWERS_MAX: usize = 1000;

/// The values of one filter.
#[derive(Clone, Debug, Serialize)]
pub struct Options {
    /// The values, in the order of their labels.
    pub options: Vec<Choice>,
    /// Whether there are more than are listed.
    pub truncated: bool,
}

/// One value to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// What the filter takes.
    pub value: String,
    /// What people read.
    pub label: String,
}

/// Whose answer, of which dataset and filter, in which generation of the database.
pub type Key = (Scope, String, String, u64);

/// The answers of the last minutes.
#[derive(Debug, Default)]
pub struct OptionsCache(Mutex<HashMap<Key, (Instant, Arc<Options>)>>);

impl OptionsCache {
    /// The answer kept under this key, if it is still good.
    pub fn get(&self, key: &Key) -> Option<Arc<Options>> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers
            .get(key)
            .filter(|(since, _)| since.elapsed() < KEPT_FOR)
            .map(|(_, options)| options.clone())
    }

    /// Keeps an answer.
    pub fn keep(&self, key: Key, options: Arc<Options>) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.retain(|_, (since, _)| since.elapsed() < KEPT_FOR);
        if answers.len() >= ANSWERS_MAX {
            let oldest = answers
                .iter()
                .min_by_key(|(_, (since, _))| *since)
                .map(|(key, _)| key.clone());
            oldest.map(|key| answers.remove(&key));
        }
        answers.insert(key, (Instant::now(), options));
    }
}

/// Asks the database.
///
/// # Errors
/// What the database answers.
pub async fn fetch(connection: &mut PgConnection, query: &Template) -> sqlx::Result<Options> {
    let sql = query.render(connection).await?;
    let rows: Vec<(String, Option<String>)> = sqlx::query_as(sql).fetch_all(connection).await?;
    let truncated = rows.len() > OPTIONS_MAX;
    let choice = |(value, label): (String, Option<String>)| Choice {
        label: label.unwrap_or_else(|| value.clone()),
        value,
    };
    Ok(Options {
        options: rows.into_iter().take(OPTIONS_MAX).map(choice).collect(),
        truncated,
    })
}
