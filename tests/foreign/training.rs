//! Lines for fine-tuning, read by Python with the rules of the usual trainers.

use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::program;
use serde::Deserialize;

use crate::programs::read_by;

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Checked {
    lines: u64,
    messages: u64,
}

#[tokio::test]
async fn a_trainer_takes_each_line() {
    let (database, folder) = (Database::with_conversations().await, folder());
    let expected = Checked {
        lines: database.number("select count(*) from conversations").await,
        messages: database.number("select count(*) from conversation_turns").await,
    };
    let path = folder.path().join("training.jsonl");
    let output = path.to_str().expect("the folder's name is plain");
    for (shape, switch) in [("metadata", "true"), ("plain", "false")] {
        let switch = format!("--include-metadata={switch}");
        let arguments = ["export", "conversation-training", "--output", output, &switch];
        program::run(&arguments, &[("DSN", database.dsn.as_str())])
            .await
            .good();
        let checked: Checked = read_by("training_lines.py", &path, &[shape]);
        assert_eq!(checked, expected, "{shape}");
        std::fs::remove_file(&path).expect("the file can be removed");
    }
}
