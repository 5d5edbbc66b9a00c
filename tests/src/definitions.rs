//! Datasets of a site's own, for tests that need rows of a special kind.

use tempfile::TempDir;

use crate::cluster::folder;

/// Larger than any buffer on its way: 5 million rows, 560 MB, from no table. It is ordered by what is the same
/// everywhere, so that PostgreSQL has nothing to sort and begins at once.
pub const ENDLESS: &str = r#"
name = "endless"
title = "Endless"
access = "admin"
order = ["same desc"]
from = """
(select 1 as same, a * 1000 + b as n, repeat('x', 100) as filler
 from generate_series(0, 4999) a, generate_series(0, 999) b) numbers"""

[[column]]
name = "same"
label = "Same"
sql = "same"

[[column]]
name = "n"
label = "Number"
sql = "n"

[[column]]
name = "filler"
label = "Filler"
sql = "filler"
"#;

/// Rows that PostgreSQL takes its time for, so that it can be stopped before it is done: 20,000 in 8 s.
pub const SLOWLY: &str = r#"
name = "slowly"
title = "Slowly"
access = "admin"
order = ["n desc"]
from = "(select -n as n, md5(n::text) as word from generate_series(1, 20000) as n) numbers"

[[column]]
name = "n"
label = "Number"
sql = "n"

[[column]]
name = "word"
label = "Word"
sql = "word"

[[column]]
name = "pause"
label = "Pause"
sql = "case when n % 50 = 0 then pg_sleep(0.02)::text end"
"#;

/// One row, after so many seconds of silence.
#[must_use]
pub fn silent_for(seconds: f32) -> String {
    let from = format!("(select 1 as n from pg_sleep({seconds})) slow");
    format!(
        "name = \"silent\"\ntitle = \"Silent\"\naccess = \"admin\"\norder = [\"n desc\"]\nfrom = \"{from}\"\n\
         [[column]]\nname = \"n\"\nlabel = \"N\"\nsql = \"n\"\n"
    )
}

/// Three rows from no table.
pub const NUMBERS: &str = r#"
name = "numbers"
title = "Numbers"
access = "admin"
order = ["n desc"]
from = "(values (1, 'one'), (2, 'two'), (3, 'three')) as numbers(n, word)"

[[column]]
name = "n"
label = "Number"
sql = "n"

[[column]]
name = "word"
label = "Word"
sql = "word"
"#;

/// A million rows, of which the last cannot be computed: by then the others have been sent.
pub const FAILING: &str = r#"
name = "failing"
title = "Failing"
access = "admin"
order = ["same desc"]
from = "(select 1 as same, 1000000 - n as left_over from generate_series(0, 1000000) n) numbers"

[[column]]
name = "same"
label = "Same"
sql = "same"

[[column]]
name = "inverse"
label = "Inverse"
sql = "1 / left_over"
"#;

/// A folder of definitions, each in a file called after its dataset.
#[derive(Debug)]
pub struct Definitions(TempDir);

impl Definitions {
    /// A folder with these.
    ///
    /// # Panics
    /// If a text does not begin with the dataset's name.
    #[must_use]
    pub fn of(texts: &[&str]) -> Self {
        let folder = folder();
        for text in texts {
            let name = text.split('"').nth(1).expect("a definition begins with its name");
            std::fs::write(folder.path().join(format!("{name}.toml")), text).expect("the folder is ours");
        }
        Self(folder)
    }

    /// The setting that names the folder.
    ///
    /// # Panics
    /// Never: the folder's name is ours.
    #[must_use]
    pub fn setting(&self) -> (&'static str, &str) {
        (
            "DECANT_DATASETS_DIR",
            self.0.path().to_str().expect("the folder's name is plain"),
        )
    }
}
