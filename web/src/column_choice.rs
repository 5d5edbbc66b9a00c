//! The columns to show and export, and their order.

/// All columns of a dataset in the visitor's order, hidden ones included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnChoice {
    columns: Vec<ColumnEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnEntry {
    pub name: String,
    pub shown: bool,
}

impl ColumnChoice {
    /// Puts the columns of a URL first, in its order, and hides all others. Ignores unknown and repeated names; without a known
    /// name the `default` columns are shown.
    pub fn new<'a>(
        all: impl IntoIterator<Item = &'a str>,
        default: &[String],
        chosen: Option<&[String]>,
    ) -> Self {
        let all = all.into_iter().collect::<Vec<_>>();
        let known = |names: &[String]| {
            let place = |name: &&str| names.iter().position(|one| one == name);
            let mut known: Vec<&str> = all.iter().copied().filter(|name| place(name).is_some()).collect();
            known.sort_by_key(place);
            known
        };
        let mut chosen = known(chosen.unwrap_or_default());
        if chosen.is_empty() {
            chosen = known(default);
        }
        let shown = chosen.iter().map(|name| ColumnEntry {
            name: (*name).to_owned(),
            shown: true,
        });
        let hidden = all.iter().filter(|name| !chosen.contains(name));
        let hidden = hidden.map(|name| ColumnEntry {
            name: (*name).to_owned(),
            shown: false,
        });
        Self {
            columns: shown.chain(hidden).collect(),
        }
    }

    pub fn columns(&self) -> &[ColumnEntry] {
        &self.columns
    }

    pub fn shown(&self) -> impl Iterator<Item = &str> {
        self.columns
            .iter()
            .filter(|column| column.shown)
            .map(|column| column.name.as_str())
    }

    /// Does not hide the last column: a table needs one.
    pub fn set_shown(&mut self, name: &str, shown: bool) {
        if !shown && self.shown().count() == 1 {
            return;
        }
        if let Some(column) = self.columns.iter_mut().find(|column| column.name == name) {
            column.shown = shown;
        }
    }

    pub fn move_up(&mut self, name: &str) {
        if let Some(index @ 1..) = self.position(name) {
            self.columns.swap(index - 1, index);
        }
    }

    pub fn move_down(&mut self, name: &str) {
        if let Some(index) = self.position(name).filter(|index| index + 1 < self.columns.len()) {
            self.columns.swap(index, index + 1);
        }
    }

    /// Returns the columns for the URL, or `None` for the default ones in their order.
    pub fn for_address(&self, default: &[String]) -> Option<Vec<String>> {
        let shown: Vec<_> = self.shown().map(str::to_owned).collect();
        (shown != default).then_some(shown)
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&str; 4] = ["time", "user", "model", "cost"];

    fn choice(chosen: &[&str]) -> ColumnChoice {
        let chosen = chosen.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        ColumnChoice::new(ALL, &default(), Some(&chosen))
    }

    fn default() -> Vec<String> {
        ["time", "cost"].map(str::to_owned).to_vec()
    }

    fn all() -> ColumnChoice {
        choice(&ALL)
    }

    fn shown(choice: &ColumnChoice) -> Vec<&str> {
        choice.shown().collect()
    }

    #[test]
    fn without_a_choice_the_default_columns_are_shown_and_the_address_has_none() {
        let choice = ColumnChoice::new(ALL, &default(), None);
        assert_eq!(shown(&choice), ["time", "cost"]);
        assert_eq!(choice.columns().len(), ALL.len());
        assert_eq!(choice.for_address(&default()), None);
        assert_eq!(all().for_address(&default()).unwrap(), ALL);
    }

    #[test]
    fn the_choice_of_an_address_is_kept_and_said_again() {
        let choice = choice(&["cost", "time"]);
        assert_eq!(shown(&choice), ["cost", "time"]);
        assert_eq!(choice.columns().len(), ALL.len());
        assert_eq!(
            choice.for_address(&default()),
            Some(vec!["cost".to_owned(), "time".to_owned()])
        );
    }

    #[test]
    fn unknown_and_repeated_names_are_left_out() {
        assert_eq!(shown(&choice(&["cost", "no_such", "cost"])), ["cost"]);
        assert_eq!(shown(&choice(&["no_such"])), ["time", "cost"]);
    }

    #[test]
    fn the_last_column_cannot_be_hidden() {
        let mut choice = choice(&["cost"]);
        choice.set_shown("cost", false);
        assert_eq!(shown(&choice), ["cost"]);
        choice.set_shown("user", true);
        choice.set_shown("cost", false);
        assert_eq!(shown(&choice), ["user"]);
    }

    #[test]
    fn a_column_moves_one_place_and_not_past_the_ends() {
        let mut choice = all();
        choice.move_up("time");
        choice.move_down("cost");
        assert_eq!(shown(&choice), ALL);
        choice.move_up("user");
        choice.move_down("model");
        assert_eq!(shown(&choice), ["user", "time", "cost", "model"]);
    }
}
