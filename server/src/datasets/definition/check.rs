//! The checks of a definition that need no database.

use api::datasets::{FigureFormat, FilterKind};
use wasm_export::zone::Zone;

use super::{Access, Column, Definition, Filter, Highlight, Parameter};
use crate::datasets::value;
use crate::datasets::words::{WORKSPACE, is_reserved};

/// The most highlights of a dataset. A report keeps some rows of each in memory.
const HIGHLIGHTS_MAX: usize = 10;

impl Definition {
    pub(super) fn check(&self) -> Result<(), String> {
        check_name("dataset", &self.name, '-')?;
        if self.access == Access::Owner && self.owner.is_none() {
            return Err(
                "`access = \"owner\"` needs `owner`, the SQL of the id of the user who owns a row".into(),
            );
        }
        self.check_workspace()?;
        if self.columns.iter().all(|column| column.hidden || column.secret) {
            return Err("every `[[column]]` is hidden or secret; at least one must be shown".into());
        }
        if self.order.is_empty() {
            return Err("`order` is empty; name columns that together are unique".into());
        }
        if let Some(range) = &self.range
            && self.column(range).is_none()
        {
            return Err(format!(
                "`range` names the column `{range}`, which is not declared"
            ));
        }
        for (key, is_empty) in [
            ("formats", self.formats.as_ref().is_some_and(Vec::is_empty)),
            ("layouts", self.layouts.as_ref().is_some_and(Vec::is_empty)),
        ] {
            if is_empty {
                return Err(format!("`{key}` is empty; leave it out to allow all"));
            }
        }
        for order in &self.order {
            match self.column(&order.column).map(|position| &self.columns[position]) {
                Some(Column { secret: false, .. }) => {}
                // Each row and each cursor has the values of the order, for every caller.
                Some(_) => {
                    return Err(format!(
                        "`order` names the column `{}`, which is secret; each cursor would show its value",
                        order.column
                    ));
                }
                None => {
                    return Err(format!(
                        "`order` names the column `{}`, which is not declared",
                        order.column
                    ));
                }
            }
        }
        no_name_twice("column", self.columns.iter().map(|column| column.name.as_str()))?;
        no_name_twice("query parameter", self.query_parameters())?;
        self.columns
            .iter()
            .try_for_each(|column| check_column_name(&column.name))?;
        self.columns
            .iter()
            .try_for_each(|column| self.check_when(column))?;
        self.parameters.iter().try_for_each(check_parameter)?;
        self.check_figures()?;
        no_name_twice("quick choice", self.quick.iter().map(|quick| quick.name.as_str()))?;
        for quick in &self.quick {
            check_name("quick choice", &quick.name, '-')?;
            self.check_quick(quick)?;
        }
        self.columns.iter().try_for_each(Column::check_table)?;
        self.check_highlights()?;
        self.filters
            .iter()
            .try_for_each(|filter| self.check_filter(filter))?;
        match &self.incremental {
            Some(incremental) => incremental.check(&self.filters),
            None => Ok(()),
        }
    }

    fn check_workspace(&self) -> Result<(), String> {
        if self.access == Access::Workspace {
            if self.workspace.is_none() {
                return Err(
                    "`access = \"workspace\"` needs `workspace`, the SQL of the id of the workspace whose row it is".into(),
                );
            }
            if self.query_parameters().any(|name| name == WORKSPACE) {
                return Err(format!(
                    "a filter of a dataset with `access = \"workspace\"` cannot be called `{WORKSPACE}`"
                ));
            }
            // Values of another table would be those of all workspaces.
            let from = |filter: &&Filter| {
                filter
                    .options
                    .as_ref()
                    .is_some_and(|options| options.from.is_some())
            };
            return match self.filters.iter().find(from) {
                Some(filter) => Err(format!(
                    "the options of the filter `{}` have `from`; with `access = \"workspace\"` they come from the rows of the \
                     workspace, so leave it out",
                    filter.name
                )),
                None => Ok(()),
            };
        }
        for (key, is_given) in [
            ("workspace", self.workspace.is_some()),
            ("without_workspace", self.without_workspace),
            ("read", self.read.is_some()),
            ("export", self.export.is_some()),
        ] {
            if is_given {
                return Err(format!("`{key}` needs `access = \"workspace\"`"));
            }
        }
        Ok(())
    }

    /// Returns the names that the dataset gives to query parameters.
    fn query_parameters(&self) -> impl Iterator<Item = &str> {
        let of_filters = self
            .filters
            .iter()
            .flat_map(|filter| std::iter::once(&filter.name).chain(&filter.aliases));
        let of_parameters = self.parameters.iter().map(|parameter| &parameter.name);
        of_filters.chain(of_parameters).map(String::as_str)
    }

    fn check_figures(&self) -> Result<(), String> {
        no_name_twice("figure", self.figures.iter().map(|figure| figure.name.as_str()))?;
        for figure in &self.figures {
            check_name("figure", &figure.name, '_')?;
        }
        match self.figures.first() {
            Some(first) if first.format == FigureFormat::Share => Err(format!(
                "the figure `{}` is a `share`, which is a part of the first figure; declare another figure before it",
                first.name
            )),
            Some(_) => Ok(()),
            None => {
                Err("`figure` is an empty list; leave it out, and the number of rows is the only one".into())
            }
        }
    }

    fn check_highlights(&self) -> Result<(), String> {
        if self.highlights.len() > HIGHLIGHTS_MAX {
            return Err(format!(
                "a dataset cannot have more than {HIGHLIGHTS_MAX} `[[highlight]]`"
            ));
        }
        self.highlights
            .iter()
            .try_for_each(|highlight| self.check_highlight(highlight))
    }

    fn check_highlight(&self, highlight: &Highlight) -> Result<(), String> {
        let Highlight {
            heading,
            r#where,
            columns,
        } = highlight;
        if heading.trim().is_empty() {
            return Err("a `[[highlight]]` has a blank `heading`".into());
        }
        for (key, is_empty) in [("where", r#where.is_empty()), ("columns", columns.is_empty())] {
            if is_empty {
                return Err(format!("`{key}` is empty in the highlight `{heading}`"));
            }
        }
        for name in r#where.keys().chain(columns) {
            let problem = match self.column(name).map(|position| &self.columns[position]) {
                None => "is not declared",
                Some(Column { hidden: true, .. }) => "is hidden and never reaches a file",
                Some(Column { secret: true, .. }) => "is secret, and readers of the report would learn of it",
                Some(_) => continue,
            };
            return Err(format!(
                "the highlight `{heading}` names the column `{name}`, which {problem}"
            ));
        }
        match r#where.iter().find(|(_, values)| values.is_empty()) {
            Some((name, _)) => Err(format!(
                "the highlight `{heading}` has no value for the column `{name}`"
            )),
            None => Ok(()),
        }
    }

    fn check_when(&self, column: &Column) -> Result<(), String> {
        let Some(when) = &column.when else {
            return Ok(());
        };
        match self
            .parameter(when)
            .map(|position| self.parameters[position].kind)
        {
            Some(FilterKind::Boolean) => Ok(()),
            _ => Err(format!(
                "the column `{}` names the parameter `{when}`, which is not declared as boolean",
                column.name
            )),
        }
    }

    fn check_ticks(&self, filter: &Filter, column: &str) -> Result<(), String> {
        let problem = match self.column(column).map(|position| &self.columns[position]) {
            _ if !filter.many => "but takes one value; add `many = true`",
            None => "which is not declared",
            Some(Column { hidden: true, .. }) => "which is hidden, so the page does not know its values",
            Some(Column { secret: true, .. }) => "which is secret",
            Some(_) => return Ok(()),
        };
        Err(format!(
            "the filter `{}` has the `ticks` of the column `{column}`, {problem}",
            filter.name
        ))
    }

    fn check_filter(&self, filter: &Filter) -> Result<(), String> {
        let name = &filter.name;
        check_name("filter", name, '_')?;
        filter
            .aliases
            .iter()
            .chain([name])
            .try_for_each(|name| check_query_parameter("filter", name))?;
        if let Some(column) = &filter.ticks {
            self.check_ticks(filter, column)?;
        }
        if filter.many && filter.kind == FilterKind::Boolean {
            return Err(format!("the boolean filter `{name}` cannot be `many`"));
        }
        for value in &filter.values {
            value::parse(name, filter.kind, value, &Zone::default())
                .map_err(|error| format!("the value `{value}` of the filter {error}"))?;
        }
        let takes_value = filter.sql.contains("{}");
        if takes_value == (filter.kind == FilterKind::Boolean) {
            return Err(match takes_value {
                true => {
                    format!("the boolean filter `{name}` takes no value: its `sql` must not contain `{{}}`")
                }
                false => {
                    format!("the `sql` of the filter `{name}` must contain `{{}}`, where the value goes")
                }
            });
        }
        let others = filter
            .later_than
            .iter()
            .chain(filter.contradicts.as_ref().map(|other| &other.filter));
        for other in others {
            if self.filter(other).is_none() {
                return Err(format!(
                    "the filter `{name}` names the filter `{other}`, which is not declared"
                ));
            }
        }
        Ok(())
    }
}

fn check_parameter(parameter: &Parameter) -> Result<(), String> {
    let Parameter {
        name, kind, default, ..
    } = parameter;
    check_query_parameter("parameter", name)?;
    value::parse(name, *kind, default, &Zone::default())
        .map_err(|error| format!("the `default` of the parameter {error}"))?;
    Ok(())
}

/// Checks a name in addresses, which may be in camel case.
fn check_query_parameter(what: &str, name: &str) -> Result<(), String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if !name.chars().all(plain) || !name.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
        return Err(format!(
            "the {what} name `{name}` must be of letters, digits and `_`, beginning with a letter"
        ));
    }
    match is_reserved(name) {
        true => Err(format!(
            "a {what} cannot be called `{name}`: this parameter has a meaning of its own"
        )),
        false => Ok(()),
    }
}

fn check_name(what: &str, name: &str, joiner: char) -> Result<(), String> {
    let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == joiner;
    match name.chars().all(plain) && name.starts_with(|letter: char| letter.is_ascii_lowercase()) {
        true => Ok(()),
        false => Err(format!(
            "the {what} name `{name}` must be of a-z, 0-9 and `{joiner}`, beginning with a letter"
        )),
    }
}

/// Checks the name of a column, which may be in camel case: it is a key in JSON.
fn check_column_name(name: &str) -> Result<(), String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    match name.chars().all(plain) && name.starts_with(|letter: char| letter.is_ascii_lowercase()) {
        true => Ok(()),
        false => Err(format!(
            "the column name `{name}` must be of letters of ASCII, 0-9 and `_`, beginning with a small letter"
        )),
    }
}

fn no_name_twice<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(format!("the {what} `{name}` is declared twice"));
        }
    }
    Ok(())
}
