//! Dataset definitions for tests that need special rows.

use tempfile::TempDir;

use crate::cluster::folder;

/// 5 million rows, 560 MB, from no table: more than all buffers hold. The order column is constant, so PostgreSQL
/// sorts nothing and starts at once.
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

/// A dataset for administrators whose only row fails, in each attempt.
pub const BROKEN: &str = r#"
name = "broken"
title = "Broken"
access = "admin"
order = ["n desc"]
from = "(select n from generate_series(0, 0) n) numbers"

[[column]]
name = "n"
label = "Number"
sql = "n"

[[column]]
name = "inverse"
label = "Inverse"
sql = "1 / n"
"#;

/// 20,000 rows in 8 s, so that a test can stop PostgreSQL before it has finished.
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

/// One row, after this many seconds without any.
pub fn silent_for(seconds: f32) -> String {
    let from = format!("(select 1 as n from pg_sleep({seconds})) slow");
    format!(
        "name = \"silent\"\ntitle = \"Silent\"\naccess = \"admin\"\norder = [\"n desc\"]\nfrom = \"{from}\"\n\
         [[column]]\nname = \"n\"\nlabel = \"N\"\nsql = \"n\"\n"
    )
}

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

/// A million rows, of which the last fails: by then the others have been sent.
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

/// A folder of definitions, one file per dataset.
#[derive(Debug)]
pub struct Definitions(TempDir);

impl Definitions {
    pub fn of(texts: &[&str]) -> Self {
        let definitions = Self(folder());
        for text in texts {
            definitions.write(text);
        }
        definitions
    }

    /// Writes the file of a dataset, in the place of the one with its name.
    pub fn write(&self, text: &str) {
        let name = text.split('"').nth(1).expect("a definition begins with its name");
        std::fs::write(self.0.path().join(format!("{name}.toml")), text).expect("the folder is ours");
    }

    /// Writes the file of a bundle, in the place of the one with its name.
    pub fn write_bundle(&self, text: &str) {
        let name = text.split('"').nth(1).expect("a definition begins with its name");
        let folder = self.0.path().join("bundles");
        std::fs::create_dir_all(&folder).expect("the folder is ours");
        std::fs::write(folder.join(format!("{name}.toml")), text).expect("the folder is ours");
    }

    pub fn setting(&self) -> (&'static str, &str) {
        (
            "DECANT_DATASETS_DIR",
            self.0.path().to_str().expect("the folder's name is plain"),
        )
    }
}
