//! What a client asks a stream of probes for.

use api::probes::Probe;

use crate::parameter::{ParameterError, check_given_once};

/// Probes from before the stream, if the client names no number.
const BACKLOG: u32 = 100;

/// The most probes from before the stream.
pub const BACKLOG_MAX: u32 = 1000;

/// What a client asks a stream for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamRequest {
    pub filter: ProbeFilter,
    pub backlog: u32,
}

/// Which probes a stream has. `None`: all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbeFilter {
    pub endpoint: Option<i64>,
    pub source: Option<String>,
    /// A text in the message, the type or the status of a failure. It is in lower case.
    pub search: Option<String>,
    pub status_code: Option<i32>,
}

impl StreamRequest {
    /// Parses the parameters of the address. A blank value is none.
    ///
    /// # Errors
    /// The first parameter that is unknown, given twice or cannot be parsed.
    pub fn parse(pairs: &[(String, String)]) -> Result<Self, ParameterError> {
        check_given_once(pairs)?;
        let mut request = Self {
            filter: ProbeFilter::default(),
            backlog: BACKLOG,
        };
        let filter = &mut request.filter;
        for (name, value) in pairs {
            let value = value.trim();
            match name.as_str() {
                "endpoint" if !value.is_empty() => filter.endpoint = Some(number(name, value)?),
                "source" => filter.source = text(name, value)?,
                "search" => filter.search = text(name, value)?.map(|text| text.to_lowercase()),
                "status_code" if !value.is_empty() => filter.status_code = Some(number(name, value)?),
                "backlog" if !value.is_empty() => request.backlog = backlog(value)?,
                "endpoint" | "status_code" | "backlog" => {}
                _ => {
                    return Err(ParameterError::Unknown {
                        field: name.clone(),
                        known: "endpoint, source, search, status_code, backlog".to_owned(),
                    });
                }
            }
        }
        Ok(request)
    }
}

impl ProbeFilter {
    /// Compares as the SQL of the log does. Only `lower` differs, for letters that the database's locale lacks.
    pub fn matches(&self, row: &SearchableProbe) -> bool {
        let probe = &row.probe;
        let is_of = |wanted: &Option<String>, text: &Option<String>| wanted.is_none() || wanted == text;
        self.endpoint.is_none_or(|endpoint| endpoint == probe.endpoint_id)
            && is_of(&self.source, &probe.source)
            && (self.status_code.is_none() || self.status_code == probe.status_code)
            && self.search.as_deref().is_none_or(|text| row.text.contains(text))
    }
}

/// A probe with the text that a search looks at, in lower case. All streams share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchableProbe {
    pub probe: Probe,
    text: String,
}

impl From<Probe> for SearchableProbe {
    fn from(probe: Probe) -> Self {
        let status = probe.status_code.map(|status| status.to_string());
        let fields = [&probe.error_message, &probe.error_type, &status];
        let fields: Vec<_> = fields.into_iter().flatten().map(String::as_str).collect();
        let text = fields.join("\n").to_lowercase();
        Self { probe, text }
    }
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, ParameterError> {
    let wrong = |_| ParameterError::invalid(name, "must be a whole number");
    value.parse().map_err(wrong)
}

fn text(name: &str, value: &str) -> Result<Option<String>, ParameterError> {
    match value.contains('\0') {
        true => Err(ParameterError::invalid(
            name,
            "holds a NUL character, which PostgreSQL's text cannot",
        )),
        false => Ok(Some(value.to_owned()).filter(|value| !value.is_empty())),
    }
}

fn backlog(value: &str) -> Result<u32, ParameterError> {
    let number = value.parse().ok().filter(|number| *number <= BACKLOG_MAX);
    number.ok_or_else(|| {
        ParameterError::invalid("backlog", format!("must be a number from 0 to {BACKLOG_MAX}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<StreamRequest, ParameterError> {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        StreamRequest::parse(&pairs)
    }

    fn probe() -> Probe {
        Probe {
            id: 1,
            created_at: None,
            endpoint_id: 3,
            endpoint: "main".to_owned(),
            vendor: None,
            source: Some("manual".to_owned()),
            ok: false,
            status_code: Some(503),
            latency_ms: None,
            error_type: Some("http_5xx".to_owned()),
            error_message: Some("Überlastet".to_owned()),
        }
    }

    #[test]
    fn parameters_are_parsed_and_blank_ones_are_none() {
        let nothing = parse(&[("endpoint", " "), ("search", ""), ("backlog", "")]).unwrap();
        assert_eq!(
            (nothing.filter, nothing.backlog),
            (ProbeFilter::default(), BACKLOG)
        );
        let all = parse(&[
            ("endpoint", "3"),
            ("source", "manual"),
            ("search", "time out"),
            ("status_code", "503"),
            ("backlog", "1000"),
        ]);
        let all = all.unwrap();
        assert_eq!(
            (all.backlog, all.filter.endpoint, all.filter.status_code),
            (1000, Some(3), Some(503))
        );
        for (name, value) in [
            ("endpoint", "main"),
            ("status_code", "5xx"),
            ("backlog", "1001"),
            ("backlog", "-1"),
            ("search", "a\0b"),
            ("limit", "3"),
        ] {
            assert_eq!(parse(&[(name, value)]).unwrap_err().field(), name);
        }
        assert!(parse(&[("backlog", "1"), ("backlog", "2")]).is_err());
    }

    #[test]
    fn a_search_looks_at_message_type_and_status_in_any_case() {
        let matches = |pairs: &[(&str, &str)]| parse(pairs).unwrap().filter.matches(&probe().into());
        for text in ["überLAST", "HTTP_5", "503", "xx"] {
            assert!(matches(&[("search", text)]), "{text}");
        }
        for text in ["manual", "main", "%", "t503"] {
            assert!(!matches(&[("search", text)]), "{text}");
        }
        assert!(matches(&[
            ("endpoint", "3"),
            ("source", "manual"),
            ("status_code", "503")
        ]));
        for (name, value) in [("endpoint", "4"), ("source", "man"), ("status_code", "50")] {
            assert!(!matches(&[(name, value)]), "{name}");
        }
    }
}
