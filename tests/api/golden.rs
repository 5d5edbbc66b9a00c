//! The golden corpus: native code, server and command line give the same bytes.

use std::collections::HashMap;

use decant_tests::app::App;
use decant_tests::definitions::Definitions;
use decant_tests::golden::{AS_OF, Case, DATASETS, folder, is_written};
use decant_tests::program;
use wasm_export::{Export, Options};

#[tokio::test]
async fn native_code_server_and_command_line_give_the_golden_files() {
    let definitions = Definitions::of(&DATASETS.map(|(_, definition, _)| definition));
    let app = App::start_with(&[definitions.setting()]).await;
    let query = [("as_of", AS_OF)];
    let mut rows_of = HashMap::new();
    for (dataset, _, file) in DATASETS {
        let rows = app.admin().rows(dataset).queries(&query);
        let rows = rows.answer().await.good().body;
        let file = folder().join(file);
        if is_written() {
            std::fs::write(&file, &rows).unwrap();
        }
        assert_eq!(
            String::from_utf8_lossy(&rows),
            std::fs::read_to_string(file).unwrap(),
            "the rows are not those of {dataset}"
        );
        rows_of.insert(dataset, rows);
    }
    for case in Case::all() {
        let (dataset, rows) = (case.dataset.as_str(), &rows_of[case.dataset.as_str()]);
        let options: Options = serde_json::from_value(case.options.clone().into()).unwrap();
        let mut export = Export::new(options);
        let mut file = Vec::new();
        for chunk in rows.chunks(100) {
            export.push(chunk, &mut file).unwrap();
        }
        export.finish(&mut file).unwrap();
        if is_written() {
            std::fs::write(folder().join("expected").join(&case.file), &file).unwrap();
        }
        case.check(&file, "native code");

        let words = case.words();
        let query: Vec<_> = words
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let answer = app.admin().export(dataset).queries(&query).answer().await.good();
        case.check(&answer.body, "the server");

        let flags = words
            .iter()
            .map(|(name, value)| format!("--{}={value}", name.replace('_', "-")));
        let flags: Vec<_> = flags.collect();
        let mut arguments = vec!["export", dataset, "-o", "-"];
        arguments.extend(flags.iter().map(String::as_str));
        let settings = [("DSN", app.database.dsn.as_str()), definitions.setting()];
        case.check(
            &program::run(&arguments, &settings).await.good().stdout,
            "the command line",
        );
    }
}
