//! The lines on show as a text file, made by the formatter of all exports.

use api::Timestamp;
use api::probes::Probe;
use wasm_export::export::{Export, ExportError};
use wasm_export::options::{Format, Options};
use wasm_export::rows::{
    Column, Digest, End, Header, Kind, NULL, VERSION, end_line, escape_into, header_line,
};
use wasm_export::zone::Zone;

/// The dataset of an export of all probes.
pub const DATASET: &str = "probe-logs";

const COLUMNS: [(&str, Kind); 5] = [
    ("created_at", Kind::Timestamp),
    ("ok", Kind::Boolean),
    ("status_code", Kind::Integer),
    ("latency_ms", Kind::Integer),
    ("error_message", Kind::Text),
];

/// Returns the options of the file.
pub fn file_options(zone: Zone) -> Options {
    Options {
        format: Format::Text,
        zone,
        ..Options::default()
    }
}

/// Returns the bytes of the file.
///
/// # Errors
/// Those of the formatter; there is none for rows of this module.
pub fn text_file<'a>(
    probes: impl Iterator<Item = &'a Probe>,
    options: Options,
) -> Result<Vec<u8>, ExportError> {
    let mut rows = Vec::new();
    let mut count = 0;
    for probe in probes {
        write_row(probe, &mut rows);
        count += 1;
    }
    let mut digest = Digest::new();
    digest.update(&rows);
    let end = End {
        rows: count,
        bytes: rows.len() as u64,
        digest: digest.hex(),
        cursor: None,
    };
    let mut export = Export::new(options);
    let mut file = Vec::new();
    for part in [header_line(&header()), rows, end_line(&end)] {
        export.push(&part, &mut file)?;
    }
    export.finish(&mut file)?;
    Ok(file)
}

fn header() -> Header {
    let column = |(name, kind): (&str, Kind)| Column {
        name: name.to_owned(),
        label: name.to_owned(),
        labels: Default::default(),
        kind,
        pg_type: String::new(),
        hidden: false,
    };
    Header {
        decant: VERSION,
        part: None,
        dataset: DATASET.to_owned(),
        title: DATASET.to_owned(),
        columns: COLUMNS.map(column).into(),
        order: Vec::new(),
        reversed: false,
        as_of: Timestamp::UNIX_EPOCH.to_string(),
        zone: "UTC".to_owned(),
        fraction: None,
        highlights: Vec::new(),
        filters: Default::default(),
        estimated_rows: None,
    }
}

/// Writes a row as PostgreSQL's `COPY` does.
fn write_row(probe: &Probe, rows: &mut Vec<u8>) {
    let time = probe.created_at.map(|time| {
        let time = time.to_string();
        time.replace('T', " ").replace('Z', "+00")
    });
    let ok = if probe.ok { "t" } else { "f" };
    let cells = [
        time,
        Some(ok.to_owned()),
        probe.status_code.map(|status| status.to_string()),
        probe.latency_ms.map(|latency| latency.to_string()),
        probe.error_message.clone(),
    ];
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            rows.push(b'\t');
        }
        match cell {
            Some(text) => escape_into(text.as_bytes(), rows),
            None => rows.extend_from_slice(NULL),
        }
    }
    rows.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::line::sample;

    #[test]
    fn the_file_is_that_of_an_export() {
        let failed = Probe {
            ok: false,
            status_code: None,
            latency_ms: None,
            error_message: Some("two\nlines\tand \\ 北京".to_owned()),
            created_at: None,
            ..sample(2)
        };
        let slow = Probe {
            latency_ms: Some(1125),
            ..sample(3)
        };
        let zone: Zone = "Asia/Shanghai".parse().unwrap();
        let file = text_file([sample(1), failed, slow].iter(), file_options(zone.clone())).unwrap();
        assert_eq!(
            String::from_utf8(file).unwrap(),
            "[04:34:56] OK 200 123ms \n[--:--:--] FAIL - - two⏎lines\tand \\ 北京\n[04:34:56] OK 200 1.13s "
        );
        assert_eq!(text_file([].iter(), file_options(zone)).unwrap(), b"");
    }
}
