//! The values that a filter offers, cached for a minute, because PostgreSQL may read all rows to find them.

use std::sync::Arc;
use std::time::Duration;

use api::datasets::{FilterOption, FilterOptions};
use sqlx::PgConnection;

use super::query::{OPTIONS_MAX, Query, RenderError};
use super::template::Template;
use crate::auth::Scope;
use crate::recent_map::SharedRecentMap;

const KEPT_FOR: Duration = Duration::from_secs(60);

/// The greatest number of cached answers. The oldest answer makes room for another.
const ANSWERS_MAX: usize = 1000;

/// The request of an answer, and the database and catalog that gave it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey {
    pub scope: Scope,
    pub dataset: String,
    pub filter: String,
    /// Of the database, which a restore replaces.
    pub generation: u64,
    /// Of the catalog, which has the SQL.
    pub revision: u64,
}

/// The answers of the last minute.
pub type OptionsCache = SharedRecentMap<CacheKey, Arc<FilterOptions>>;

/// Returns an empty cache.
#[must_use]
pub fn cache() -> OptionsCache {
    OptionsCache::new(ANSWERS_MAX, KEPT_FOR)
}

/// Returns the options whose label contains a text, in upper or lower case. The list must have all options.
#[must_use]
pub fn containing(list: &FilterOptions, text: &str) -> FilterOptions {
    let text = text.to_lowercase();
    let found = list
        .options
        .iter()
        .filter(|option| option.label.to_lowercase().contains(&text));
    FilterOptions {
        options: found.cloned().collect(),
        truncated: false,
    }
}

/// Reads the values that the template of [`Query::options`] or [`Query::options_with`] selects.
///
/// # Errors
/// [`RenderError`] for tables of the hub that may not be used, and for the database's errors.
pub async fn fetch(
    connection: &mut PgConnection,
    query: &Query<'_>,
    template: &Template,
) -> Result<FilterOptions, RenderError> {
    let sql = query.render(template, connection).await?.sql;
    let rows: Vec<(Option<String>, Option<String>)> = sqlx::query_as(sql).fetch_all(connection).await?;
    let truncated = rows.len() > OPTIONS_MAX || rows.last().is_some_and(|(value, _)| value.is_none());
    let choice = |(value, label): (Option<String>, Option<String>)| {
        let value = value?;
        Some(FilterOption {
            label: label
                .filter(|label| !label.trim().is_empty())
                .unwrap_or_else(|| value.clone()),
            value,
        })
    };
    Ok(FilterOptions {
        options: rows.into_iter().filter_map(choice).take(OPTIONS_MAX).collect(),
        truncated,
    })
}
