//! Prometheus' text format of version 0.0.4, read strictly: what a lint of Prometheus would report is an error here.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::actors::Actor;
use crate::patience::wait_for;

/// The metrics count an export after its record has its end. Figures of the state database are at most some seconds old.
const SOON: Duration = Duration::from_secs(20);

/// The metrics of one answer.
#[derive(Debug, Default)]
pub struct Metrics(BTreeMap<String, Family>);

/// The series of one metric.
#[derive(Debug)]
struct Family {
    kind: String,
    /// By the name and the labels, as they are written.
    series: Vec<Series>,
}

#[derive(Clone, Debug, PartialEq)]
struct Series {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Metrics {
    /// Returns what `GET /metrics` answers.
    pub async fn of(actor: &Actor) -> Self {
        let answer = actor.metrics().answer().await.good();
        assert_eq!(
            answer.header("content-type"),
            "text/plain; version=0.0.4; charset=utf-8"
        );
        Self::parse(&answer.text())
    }

    /// Waits until the metrics have reached something, and returns them.
    pub async fn until(actor: &Actor, what: &str, reached: impl Fn(&Self) -> bool) -> Self {
        wait_for(what, SOON, async || {
            let metrics = Self::of(actor).await;
            reached(&metrics).then_some(metrics)
        })
        .await
    }

    /// Returns the metrics of a text that ends with a line break.
    ///
    /// # Panics
    /// With the reason and the line, if the text is not as Prometheus wants it.
    pub fn parse(text: &str) -> Self {
        Self::read(text).unwrap_or_else(|problem| panic!("{problem}\n{text}"))
    }

    fn read(text: &str) -> Result<Self, String> {
        let Some(lines) = text.strip_suffix('\n') else {
            return Err("the last line has no end".to_owned());
        };
        let mut metrics = Self::default();
        let mut lines = lines.split('\n').peekable();
        while let Some(line) = lines.next() {
            let wrong = |why: &str| format!("{why}: {line}");
            let (name, help) = comment(line, "# HELP ").ok_or(wrong("a family begins with HELP"))?;
            if help.trim().is_empty() {
                return Err(wrong("the help is empty"));
            }
            let (of, kind) = lines
                .next()
                .and_then(|line| comment(line, "# TYPE "))
                .ok_or(wrong("no TYPE follows"))?;
            if of != name || !is_name(name) {
                return Err(wrong("the names are wrong"));
            }
            let mut family = Family {
                kind: kind.to_owned(),
                series: Vec::new(),
            };
            while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
                family.series.push(Series::read(line)?);
            }
            family.check(name)?;
            if metrics.0.insert(name.to_owned(), family).is_some() {
                return Err(wrong("this family is there twice"));
            }
        }
        Ok(metrics)
    }

    /// Returns the names of all families.
    pub fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// Returns the value of the series with this name and exactly these labels.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels: BTreeMap<_, _> = labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let mut all = self.0.values().flat_map(|family| &family.series);
        let found = all.find(|series| series.name == name && series.labels == labels);
        found.map(|series| series.value)
    }

    /// Returns the value of a series without labels.
    ///
    /// # Panics
    /// If there is none.
    pub fn number(&self, name: &str) -> f64 {
        self.value(name, &[])
            .unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }
}

fn comment<'a>(line: &'a str, start: &str) -> Option<(&'a str, &'a str)> {
    line.strip_prefix(start)?.split_once(' ')
}

/// Returns whether a text is the name of a metric; those of labels have no colon.
fn is_name(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(is_letter) && text.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

impl Family {
    fn check(&self, name: &str) -> Result<(), String> {
        let suffixes: &[&str] = match self.kind.as_str() {
            "counter" | "gauge" => &[""],
            "histogram" => &["_bucket", "_sum", "_count"],
            other => return Err(format!("{name} has the type {other}")),
        };
        if (self.kind == "counter") != name.ends_with("_total") {
            return Err(format!("{name} is a {}, which its name does not show", self.kind));
        }
        for (position, series) in self.series.iter().enumerate() {
            let is_of_family = suffixes
                .iter()
                .any(|suffix| series.name == format!("{name}{suffix}"));
            let is_new = self.series[..position]
                .iter()
                .all(|other| (&other.name, &other.labels) != (&series.name, &series.labels));
            if !is_of_family || !is_new || (self.kind == "counter" && series.value < 0.0) {
                return Err(format!("{name} has a wrong series: {series:?}"));
            }
        }
        match self.kind.as_str() {
            "histogram" => self.check_buckets(name),
            _ if self.series.is_empty() => Err(format!("{name} has no series")),
            _ => Ok(()),
        }
    }

    /// The histograms here have no other label than `le`.
    fn check_buckets(&self, name: &str) -> Result<(), String> {
        let of = |suffix: &str| {
            let name = format!("{name}{suffix}");
            self.series.iter().filter(move |series| series.name == name)
        };
        let bound = |series: &Series| number(series.labels.get("le").map_or("", String::as_str));
        let buckets: Vec<_> = of("_bucket")
            .map(|series| (bound(series), series.value))
            .collect();
        let rises = buckets
            .windows(2)
            .all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
        let count = of("_count").map(|series| series.value).next();
        let last = buckets.last().copied();
        match rises && of("_sum").count() == 1 && last == count.map(|count| (Some(f64::INFINITY), count)) {
            true => Ok(()),
            false => Err(format!("the buckets of {name} are wrong: {buckets:?}")),
        }
    }
}

impl Series {
    fn read(line: &str) -> Result<Self, String> {
        let wrong = || format!("this is no series: {line}");
        let (start, value) = line.rsplit_once(' ').ok_or_else(wrong)?;
        let (name, labels) = match start.split_once('{') {
            None => (start, ""),
            Some((name, labels)) => (name, labels.strip_suffix('}').ok_or_else(wrong)?),
        };
        let mut found = BTreeMap::new();
        let mut rest = labels;
        while !rest.is_empty() {
            let (label, after) = rest.split_once("=\"").ok_or_else(wrong)?;
            // No value here has a quotation mark or a backslash.
            let (value, after) = after.split_once('"').ok_or_else(wrong)?;
            rest = match after {
                "" => "",
                after => after.strip_prefix(',').ok_or_else(wrong)?,
            };
            if !is_name(label)
                || value.contains('\\')
                || found.insert(label.to_owned(), value.to_owned()).is_some()
            {
                return Err(wrong());
            }
        }
        if !is_name(name) {
            return Err(wrong());
        }
        Ok(Self {
            name: name.to_owned(),
            labels: found,
            value: number(value).ok_or_else(wrong)?,
        })
    }
}

fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" => Some(f64::INFINITY),
        text => text.parse().ok().filter(|number: &f64| number.is_finite()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# HELP a_total An a.\n# TYPE a_total counter\na_total{x=\"1\",y=\"2\"} 3\na_total{x=\"2\",y=\"2\"} 0\n\
        # HELP h A histogram.\n# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 7.5\nh_count 2\n";

    #[test]
    fn a_good_text_is_read() {
        let metrics = Metrics::parse(GOOD);
        assert_eq!(metrics.names(), ["a_total", "h"]);
        assert_eq!(metrics.value("a_total", &[("y", "2"), ("x", "1")]), Some(3.0));
        assert_eq!(metrics.value("a_total", &[("x", "1")]), None);
        assert_eq!(metrics.number("h_sum"), 7.5);
    }

    #[test]
    fn what_a_lint_would_report_is_an_error() {
        for (from, to) in [
            ("h_count 2\n", "h_count 2"),
            ("# HELP a_total An a.\n", ""),
            ("# HELP a_total An a.", "# HELP a_total  "),
            ("counter", "gauge"),
            ("counter", "number"),
            ("a_total{x=\"2\"", "a_total{x=\"1\""),
            ("a_total{x=\"2\"", "b_total{x=\"2\""),
            ("} 3", "} -3"),
            ("} 3", "} three"),
            ("{x=\"1\",", "{x=\"1\""),
            ("{x=\"1\"", "{1=\"1\""),
            ("h_bucket{le=\"0.5\"} 1", "h_bucket{le=\"0.5\"} 3"),
            ("h_count 2", "h_count 3"),
            ("h_sum 7.5\n", ""),
            ("# HELP h A", "# HELP a_total A"),
        ] {
            let changed = GOOD.replacen(from, to, 1);
            assert_ne!(changed, GOOD);
            assert!(Metrics::read(&changed).is_err(), "{changed}");
        }
    }
}
