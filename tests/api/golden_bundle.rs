//! The golden files of bundles: native code, server and command line give the same bytes.

use decant::datasets::bundle::BundleDefinition;
use decant_tests::app::App;
use decant_tests::definitions::Definitions;
use decant_tests::golden::{AS_OF, BUNDLES, Case, GoldenBundle, folder, is_written};
use decant_tests::program;
use decant_tests::raw_rows::RawRows;
use decant_tests::zip::entries;
use wasm_export::bundle::{Contents, Part};
use wasm_export::{Bundle, Options};

/// Returns the file that native code makes of the stream.
fn native(golden: &GoldenBundle, case: &Case, stream: &str) -> Vec<u8> {
    let options: Options = serde_json::from_value(case.options.clone().into()).expect("a case has options");
    let mut bundle = Bundle::new(
        options,
        serde_json::from_str(golden.contents).expect("these are contents"),
    )
    .expect("the bundle has parts");
    let mut file = Vec::new();
    for chunk in stream.as_bytes().chunks(100) {
        bundle.push(chunk, &mut file).expect("the stream is good");
    }
    bundle.finish(&mut file).expect("the stream is whole");
    file
}

/// Returns the time of the rows, if the file contains it.
fn time_in(case: &Case, file: &[u8]) -> Option<String> {
    let text = match case.file.ends_with(".zip") {
        true => entries(file).pop().expect("an archive has a manifest").1,
        false => file.to_vec(),
    };
    let text = String::from_utf8_lossy(&text);
    let marks = [
        "\"exportDate\":\"",
        "\"exportDate\": \"",
        "Exported at</dt><dd>",
        "<exported_at>",
        "<time datetime=\"",
    ];
    marks.iter().find_map(|mark| {
        let (_, rest) = text.split_once(mark)?;
        Some(rest.split(['"', '<']).next()?.to_owned())
    })
}

/// Returns what the files of a bundle contain, as its definition declares it.
fn contents_of(golden: &GoldenBundle) -> Contents {
    let definition = BundleDefinition::parse(golden.definition).expect("the definition is good");
    let part = |part: &decant::datasets::bundle::Part| Part {
        name: part.name.clone(),
        single: part.single,
    };
    Contents {
        name: definition.name,
        title: definition.title,
        export_type: definition.export_type,
        export_id: None,
        parts: definition.parts.iter().map(part).collect(),
        report: definition.report,
    }
}

#[test]
fn the_browser_has_the_contents_of_the_definitions() {
    for golden in BUNDLES {
        let contents: Contents = serde_json::from_str(golden.contents).expect("these are contents");
        assert_eq!(contents, contents_of(&golden), "{}", golden.name);
    }
}

#[tokio::test]
async fn native_code_server_and_command_line_give_the_golden_files_of_bundles() {
    for golden in &BUNDLES {
        check(golden).await;
    }
}

async fn check(golden: &GoldenBundle) {
    let definitions = Definitions::of(golden.datasets);
    definitions.write_bundle(golden.definition);
    let app = App::start_with(&[definitions.setting()]).await;
    let stream = app.admin().bundle_rows(golden.name).answer().await.good().body;
    // A bundle is never resumed, so its time cannot be chosen.
    let at = |as_of: &str| {
        let made = &RawRows::parts(&stream)[0].header.as_of;
        String::from_utf8(stream.clone())
            .expect("rows are UTF-8")
            .replace(made, as_of)
    };
    if is_written() {
        std::fs::write(folder().join(golden.rows), at(AS_OF)).expect("the folder is ours");
    }
    let rows = std::fs::read_to_string(folder().join(golden.rows)).expect("the golden rows are there");
    assert_eq!(at(AS_OF), rows, "the rows are not those of the corpus");

    for case in golden.all_cases() {
        let file = native(golden, &case, &rows);
        if is_written() {
            case.write(&file);
        }
        case.check(&file, "native code");

        let same_at_its_time = |file: &[u8], by: &str| {
            let expected = match time_in(&case, file) {
                Some(time) => native(golden, &case, &at(&time)),
                None => native(golden, &case, &rows),
            };
            assert!(file == expected, "{} by {by} differs from native code", case.file);
        };
        let words = case.words_of_file();
        let query: Vec<_> = words
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let answer = app
            .admin()
            .bundle_export(golden.name)
            .queries(&query)
            .answer()
            .await
            .good();
        same_at_its_time(&answer.body, "the server");

        let flags = words
            .iter()
            .map(|(name, value)| format!("--{}={value}", name.replace('_', "-")));
        let flags: Vec<_> = flags.collect();
        let mut arguments = vec!["export", golden.name, "-o", "-"];
        arguments.extend(flags.iter().map(String::as_str));
        let settings = [("DSN", app.database.dsn.as_str()), definitions.setting()];
        let written = program::run(&arguments, &settings).await.good();
        same_at_its_time(&written.stdout, "the command line");
    }
}
