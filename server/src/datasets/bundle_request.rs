//! What a caller asks of a bundle: the person, the times, the zone.

use api::datasets::FilterKind;
use jiff::Timestamp;
use wasm_export::zone::Zone;

use super::bundle::{BundleAccess, Part, has_period_parameters};
use super::bundle_parts::BundleParts;
use super::definition::Usage;
use super::query::{AccessError, Query};
use super::selection::{Selection, TimeRange};
use super::{period, value, words};
use crate::auth::{Caller, Subject};
use crate::parameter::{ParameterError, check_given_once};
use crate::permissions::ExportRight;

/// The parameter that names the person.
const PERSON: &str = "userId";
const START: &str = "start";
const END: &str = "end";

/// The parameters of a bundle that do not describe the file, each with its help.
pub const PARAMETERS: &[(&str, &str)] = &[
    (
        PERSON,
        "The person whose data it is; only administrators may name one",
    ),
    (words::WORKSPACE, "The id of the workspace whose data it is"),
    (
        START,
        "Only rows from this time on, in the parts that have times [default: that of the bundle's period]",
    ),
    (END, "Only rows before this time, or until the end of this day"),
    ("zone", "Time zone of the file, and of times without a zone"),
    (
        words::SYSTEM_FIELDS,
        "Do not leave out the columns that describe the system",
    ),
];

/// Parameters of a dataset's stream that a bundle cannot have.
const RESUMING: [&str; 2] = ["after", "as_of"];

/// The greatest number of characters of a person's id.
const PERSON_MAX: usize = 255;

/// A checked request for all parts of a bundle.
#[derive(Debug)]
pub struct BundleRequest {
    /// The caller whose scope limits the rows: who asks, or the person whom they named.
    pub caller: Caller,
    pub zone: Zone,
    /// In the order of the parts.
    selections: Vec<Selection>,
}

/// The rows of a part for a caller.
pub struct PartQuery<'a> {
    pub part: &'a Part,
    pub query: Query<'a>,
    pub selection: &'a Selection,
}

/// Why a request for a bundle is refused.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    Parameter(#[from] ParameterError),
}

impl BundleRequest {
    /// Parses the parameters, without the workspace that the caller is within. A blank value counts as absent. The
    /// caller's rights are checked for every part before the parameters.
    ///
    /// # Errors
    /// [`RequestError::Access`] first, then the first parameter that is unknown, cannot be parsed, or is given twice.
    pub fn parse(
        bundle: &BundleParts,
        caller: &Caller,
        pairs: &[(String, String)],
    ) -> Result<Self, RequestError> {
        let value = |name: &str| {
            let mut given = pairs.iter().filter(|(given, _)| given == name);
            given
                .find(|(_, value)| !value.trim().is_empty())
                .map(|(_, value)| value.as_str())
        };
        let access = bundle.bundle.definition.access;
        let is_of_person = access == BundleAccess::Owner;
        bundle.bundle.check_access(caller)?;
        if is_of_person && value(PERSON).is_some() && !caller.is_administrator() {
            return Err(AccessError::Person.into());
        }
        for (_, dataset) in &bundle.parts {
            dataset.check_access(caller, Usage::Export)?;
        }
        check_given_once(pairs)?;
        let has_period = bundle.parts.iter().any(|(part, _)| part.range);
        for (name, _) in pairs {
            check_known(name, access, has_period)?;
        }
        let caller = match is_of_person {
            true => caller.on_behalf_of(person(caller, value(PERSON))?),
            false => caller.clone(),
        };
        let zone = match value("zone") {
            None => Zone::default(),
            Some(zone) => zone
                .parse()
                .map_err(|error| ParameterError::invalid("zone", format!("is wrong: {error}")))?,
        };
        let range = TimeRange::parse((START, value(START)), (END, value(END)), &zone)?;
        if range != TimeRange::default() && !has_period {
            let given = if range.start.is_some() { START } else { END };
            return Err(
                ParameterError::invalid(given, "cannot be used: no part of this bundle has times").into(),
            );
        }
        let range = match bundle.bundle.definition.period_days {
            Some(days) => period::completed(range, days, zone.time_zone(), Timestamp::now())?,
            None => range,
        };
        let has_system_fields = match value(words::SYSTEM_FIELDS) {
            None => false,
            Some(text) => value::parse(words::SYSTEM_FIELDS, FilterKind::Boolean, text, &zone)? == "true",
        };
        let mut selections = Vec::with_capacity(bundle.parts.len());
        for (part, dataset) in &bundle.parts {
            let mut pairs = part.filters.clone();
            pairs.push((words::SYSTEM_FIELDS.to_owned(), has_system_fields.to_string()));
            pairs.push(("zone".to_owned(), zone.to_string()));
            let is_by_parameters = part.range && dataset.definition.range.is_none();
            if is_by_parameters && has_period_parameters(&dataset.definition) {
                let time = |name: &str, time: Option<Timestamp>| Some((name.to_owned(), time?.to_string()));
                pairs.extend(time(START, range.start));
                pairs.extend(time(END, range.end));
            }
            let mut selection = Selection::parse(&dataset.definition, &pairs)?;
            if part.range && !is_by_parameters {
                selection.range = range;
            }
            selections.push(selection);
        }
        Ok(Self {
            caller,
            zone,
            selections,
        })
    }

    /// Returns the query of each part. The right is the one to export the bundle.
    ///
    /// # Errors
    /// [`AccessError`] when the caller may not see a part.
    pub fn queries<'a>(
        &'a self,
        bundle: &'a BundleParts,
        right: &ExportRight,
    ) -> Result<Vec<PartQuery<'a>>, AccessError> {
        let parts = bundle.parts.iter().zip(&self.selections);
        parts
            .map(|((part, dataset), selection)| {
                let query = Query::to_export(dataset, &self.caller, right, selection)?;
                Ok(PartQuery {
                    part,
                    query,
                    selection,
                })
            })
            .collect()
    }
}

fn check_known(name: &str, access: BundleAccess, has_period: bool) -> Result<(), ParameterError> {
    if RESUMING.contains(&name) {
        return Err(ParameterError::invalid(
            name,
            "cannot be used here: a bundle is one snapshot, which ends with the connection. Export it again",
        ));
    }
    let known = || {
        let words = PARAMETERS.iter().map(|(word, _)| *word);
        words.filter(|word| match *word {
            PERSON => access == BundleAccess::Owner,
            words::WORKSPACE => access == BundleAccess::Workspace,
            START | END => has_period,
            _ => true,
        })
    };
    // Times that no part has are refused by their own error, once they are parsed.
    match known().any(|known| known == name) || matches!(name, START | END) {
        true => Ok(()),
        false => Err(ParameterError::Unknown {
            field: name.to_owned(),
            known: known().collect::<Vec<_>>().join(", "),
        }),
    }
}

/// Returns the person whose data the bundle has: the one that is named, or the caller.
fn person(caller: &Caller, named: Option<&str>) -> Result<Subject, ParameterError> {
    match (named.map(str::trim), &caller.subject) {
        (None, Subject::AdminToken | Subject::Operator) => Err(ParameterError::invalid(
            PERSON,
            "is missing: you are no user, so name the person whose data it is",
        )),
        (None, subject) => Ok(subject.clone()),
        (Some(id), _) if id.chars().count() > PERSON_MAX || id.contains('\0') => {
            Err(ParameterError::invalid(
                PERSON,
                format!("is no id of a person: it has at most {PERSON_MAX} characters, and no NUL"),
            ))
        }
        (Some(id), _) => Ok(Subject::from_user_id(id)),
    }
}
