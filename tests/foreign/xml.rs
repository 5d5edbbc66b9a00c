//! XML, read by Python's ElementTree and validated by xmllint.

use std::ffi::OsStr;
use std::path::Path;

use crate::held::{Held, View};
use crate::programs::{Found, read_by, run};

async fn check(held: &Held) {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wasm-export/schema/export-1.xsd");
    for metadata in ["false", "true"] {
        let file = held
            .export("rows.xml", &["--format", "xml", "--metadata", metadata])
            .await;
        run(
            "xmllint",
            &["--noout", "--schema"]
                .map(OsStr::new)
                .into_iter()
                .chain([schema.as_os_str(), file.as_os_str()])
                .collect::<Vec<_>>(),
        );
        let found: Found = read_by("xml_cells.py", &file, &[]);
        assert_eq!(found.headings, held.names());
        held.assert_read(&found.rows, View::whole).await;
    }
}

#[tokio::test]
async fn awkward_rows_in_xml_are_valid_and_equal_postgresqls() {
    check(&Held::corpus().await).await;
}

#[tokio::test]
async fn values_of_every_type_in_xml_are_valid_and_equal_postgresqls() {
    check(&Held::types().await).await;
}

#[tokio::test]
async fn usage_logs_in_xml_are_valid_and_equal_postgresqls() {
    check(&Held::usage_logs().await).await;
}
