//! Prepares what the program embeds: the page, and the two files of Swagger UI that `/docs` needs.

use std::env;
use std::error::Error;
use std::fs::File;
use std::io::{self, Cursor};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

const SWAGGER_UI: [&str; 2] = ["swagger-ui-bundle.js", "swagger-ui.css"];

fn main() -> Result<(), Box<dyn Error>> {
    // A macro embeds the page, and cargo does not know what a macro reads. Without this line a program that was built
    // before the page would stay without it.
    println!("cargo::rerun-if-changed=../web/dist");
    println!("cargo::rerun-if-changed=build.rs");
    let out = env::var("OUT_DIR")?;
    // The whole of Swagger UI's repository: three quarters of its distribution are other forms of the same program.
    let mut release = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    for name in SWAGGER_UI {
        let path = path_in(&release, &format!("/dist/{name}")).ok_or("Swagger UI has no such file")?;
        let packed = File::create(Path::new(&out).join(format!("{name}.gz")))?;
        let mut packed = GzEncoder::new(packed, Compression::best());
        io::copy(&mut release.by_name(&path)?, &mut packed)?;
        packed.finish()?;
    }
    Ok(())
}

fn path_in(release: &ZipArchive<impl io::Read + io::Seek>, ending: &str) -> Option<String> {
    let mut paths = release.file_names().filter_map(Result::ok);
    let path = paths.find(|path| path.ends_with(ending))?;
    Some(path.into_owned())
}
