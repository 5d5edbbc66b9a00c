//! Commands for a terminal that make the file of an export: `curl` and `decant export`. Neither contains a secret.

use std::fmt::Write as _;

use api::flags::long;
use serde_json::Value;
use wasm_export::Options;

use crate::selection::{Selection, with_pairs};

/// Returns a `curl` command that saves the file under the name that the server gives it. `base` is the address of
/// the page, with a slash at its end.
pub fn curl(base: &str, dataset: &str, selection: &Selection, options: &Options) -> String {
    let of_file = of_file(options);
    let of_file: Vec<_> = of_file.iter().map(|(name, value)| (&**name, &**value)).collect();
    let query = with_pairs(&selection.export_query(), &of_file);
    let url = quoted(&format!("{base}api/datasets/{dataset}/export?{query}"));
    format!("curl -f --remote-name --remote-header-name -H \"Authorization: Bearer $DECANT_TOKEN\" {url}")
}

/// Returns a `decant export` command, which reads the database that `DSN` names.
pub fn command_line(dataset: &str, selection: &Selection, options: &Options) -> String {
    let mut command = format!("decant export {}", quoted(dataset));
    let query = selection.export_query();
    let of_rows = form_urlencoded::parse(query.as_bytes()).into_owned();
    for (name, value) in of_file(options).into_iter().chain(of_rows) {
        let (flag, value) = (long(&name), quoted(&value));
        write!(command, " --{flag} {value}").expect("a String takes every text");
    }
    command
}

/// Returns the format, and the options of the file that differ from their defaults. Addresses and the command line
/// use the same names and words. Columns and zone belong to the selection.
pub(crate) fn of_file(options: &Options) -> Vec<(String, String)> {
    let members = |options: &Options| match serde_json::to_value(options) {
        Ok(Value::Object(members)) => members,
        _ => serde_json::Map::new(),
    };
    let defaults = members(&Options::default());
    let is_changed = |name: &str, value: &Value| {
        !matches!(name, "format" | "columns" | "zone") && defaults.get(name) != Some(value)
    };
    let changed = members(options)
        .into_iter()
        .filter(|(name, value)| is_changed(name, value))
        .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
    [("format".to_owned(), options.format.word().to_owned())]
        .into_iter()
        .chain(changed)
        .collect()
}

/// Returns a text as one word of a POSIX shell. A text with control characters has the form `$'…'`, because a
/// terminal could act on them when the command is pasted.
fn quoted(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@%+,".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    if !text.chars().any(char::is_control) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let mut word = "$'".to_owned();
    for letter in text.chars() {
        match letter {
            '\'' | '\\' => word.extend(['\\', letter]),
            '\n' => word.push_str(r"\n"),
            control if control.is_control() => {
                let mut bytes = [0; 4];
                for byte in control.encode_utf8(&mut bytes).bytes() {
                    // Octal, because a hexadecimal escape has no fixed length in every shell.
                    write!(word, "\\{byte:03o}").expect("a String takes every text");
                }
            }
            other => word.push(other),
        }
    }
    word + "'"
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const HOSTILE: &[&str] = &[
        "",
        "plain",
        "it's",
        "'; rm -rf / #",
        "$(id) `id` ${HOME} \\",
        "a\nb",
        "it's\ntwo \\ lines\r\t\u{1b}[201~ \u{85} 7",
        "--help",
        "a=b&c d*?[x]{y}!~",
        "会话 😀",
    ];

    fn options(json: &str) -> Options {
        serde_json::from_str(json).expect("these are options")
    }

    #[test]
    fn a_plain_word_stays_and_others_are_quoted() {
        assert_eq!(quoted("Asia/Shanghai"), "Asia/Shanghai");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("a\nb"), r"$'a\nb'");
        assert_eq!(quoted("it's\u{1b}7"), r"$'it\'s\0337'");
        assert_eq!(quoted("~"), "'~'");
    }

    #[test]
    fn a_shell_reads_the_text_back() {
        for text in HOSTILE {
            let script = format!("printf %s {}", quoted(text));
            let output = Command::new("bash").args(["-c", &script]).output();
            let output = output.expect("bash is there");
            assert_eq!(String::from_utf8_lossy(&output.stdout), *text, "{script}");
        }
    }

    #[test]
    fn no_control_character_is_pasted() {
        for text in HOSTILE {
            assert!(!quoted(text).chars().any(char::is_control), "{text:?}");
        }
    }

    #[test]
    fn curl_asks_for_the_rows_and_the_file_of_the_page() {
        let selection = Selection::parse("model=it's+a%26b&columns=model,cost_usd&zone=Asia/Shanghai");
        let command = curl(
            "https://decant.example/data/",
            "usage-logs",
            &selection,
            &options(r#"{"format":"xlsx","header":"name","zone":"Asia/Shanghai","columns":["model"]}"#),
        );
        assert_eq!(
            command,
            "curl -f --remote-name --remote-header-name -H \"Authorization: Bearer $DECANT_TOKEN\" \
             'https://decant.example/data/api/datasets/usage-logs/export?model=it%27s+a%26b&zone=Asia%2FShanghai\
             &columns=model,cost_usd&format=xlsx&header=name'"
        );
    }

    #[test]
    fn the_command_line_has_the_flags_of_the_selection() {
        let selection = Selection::parse(
            "model=it's&exclude_200=true&userId=3&zone=Asia/Shanghai&columns=model,cost_usd",
        );
        let command = command_line("usage-logs", &selection, &options(r#"{"long_decimals":"text"}"#));
        assert_eq!(
            command,
            r"decant export usage-logs --format csv --long-decimals text --exclude-200 true --model 'it'\''s' --user-id 3 --zone Asia/Shanghai --columns model,cost_usd"
        );
        let all = command_line("usage-logs", &Selection::default(), &Options::default());
        assert_eq!(all, "decant export usage-logs --format csv");
    }
}
