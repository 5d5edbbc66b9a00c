//! The values that a filter offers, cached for some minutes, because PostgreSQL reads all rows to find them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use api::datasets::{FilterOption, FilterOptions};
use sqlx::PgConnection;

use super::query::{OPTIONS_MAX, Query, RenderError};
use super::template::Template;
use crate::auth::Scope;

const KEPT_FOR: Duration = Duration::from_secs(5 * 60);

/// The greatest number of cached answers. The oldest answer makes room for another.
const ANSWERS_MAX: usize = 1000;

/// The caller's scope, the names of dataset and filter, and the generation of the database.
pub type CacheKey = (Scope, String, String, u64);

/// The answers of the last five minutes.
#[derive(Debug, Default)]
pub struct OptionsCache(Mutex<HashMap<CacheKey, (Instant, Arc<FilterOptions>)>>);

impl OptionsCache {
    /// Returns the answer for this key, unless it is too old.
    pub fn get(&self, key: &CacheKey) -> Option<Arc<FilterOptions>> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers
            .get(key)
            .filter(|(since, _)| since.elapsed() < KEPT_FOR)
            .map(|(_, options)| options.clone())
    }

    pub fn insert(&self, key: CacheKey, options: Arc<FilterOptions>) {
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

/// Reads the values that the template of [`Query::options`] selects.
///
/// # Errors
/// [`RenderError`] for tables of the hub that may not be used, and for the database's errors.
pub async fn fetch(
    connection: &mut PgConnection,
    query: &Query<'_>,
    template: &Template,
) -> Result<FilterOptions, RenderError> {
    let sql = query.render(template, connection).await?;
    let rows: Vec<(String, Option<String>)> = sqlx::query_as(sql).fetch_all(connection).await?;
    let truncated = rows.len() > OPTIONS_MAX;
    let choice = |(value, label): (String, Option<String>)| FilterOption {
        label: label.unwrap_or_else(|| value.clone()),
        value,
    };
    Ok(FilterOptions {
        options: rows.into_iter().take(OPTIONS_MAX).map(choice).collect(),
        truncated,
    })
}
