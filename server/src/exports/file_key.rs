//! Names of stored exports. A name tells the owner, the time, the export and the claim that wrote the file, so that a file
//! without a record can be attributed.

use std::collections::VecDeque;
use std::fmt;

use api::exports::ExportType;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use crate::hex::to_hex;

/// The folder of each owner that has exports.
const EXPORTS: &str = "exports";

/// Ends the name of an encrypted file.
const ENCRYPTED: &str = ".age";

/// Ends the name of a manifest.
const MANIFEST: &str = ".json";

/// All but letters and digits of ASCII, `-`, `_` and `.` is encoded: such names are the same in a folder, in a bucket and in a URL.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// The longest name of an owner's folder in bytes. Longer ones are named by their hash.
const OWNER_BYTES_MAX: usize = 120;

/// The longest part of a key that is the file's own name, in bytes. A file system takes names of 255 bytes, and the rest of the key
/// has 84 at most.
const FILE_NAME_BYTES_MAX: usize = 150;

/// Whose space a file takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FileOwner {
    /// The subject of a caller: `hub:7`.
    Person(String),
    /// The id of a workspace.
    Workspace(String),
    /// The subject of an administrator who exports the data of everybody.
    Bulk(String),
}

/// The name of a stored export: `users/hub%3A7/exports/20260128T103000Z-{export}-{claim}-usage-logs.csv.gz`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileKey {
    text: String,
    export: Uuid,
    fence: i64,
}

impl FileOwner {
    /// The folders of all owners.
    pub const FOLDERS: [&str; 3] = ["users", "workspaces", "bulk"];

    /// Returns the owner of the file of an export: the workspace, or the person who asked.
    #[must_use]
    pub fn new(subject: &str, workspace: Option<&str>, kind: ExportType) -> Self {
        match (workspace, kind) {
            (Some(workspace), _) => Self::Workspace(workspace.to_owned()),
            (None, ExportType::BulkData) => Self::Bulk(subject.to_owned()),
            (None, _) => Self::Person(subject.to_owned()),
        }
    }

    /// Returns the folder of the owner's exports: `workspaces/{id}/exports`.
    #[must_use]
    pub fn folder(&self) -> String {
        let (folder, name) = match self {
            Self::Person(subject) => (Self::FOLDERS[0], subject),
            Self::Workspace(id) => (Self::FOLDERS[1], id),
            Self::Bulk(subject) => (Self::FOLDERS[2], subject),
        };
        format!("{folder}/{}/{EXPORTS}", owner_part(name))
    }
}

/// Writes the owner as the table `storage_usage` has it: `hub:7` or `workspace:` with an id.
impl fmt::Display for FileOwner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(subject) | Self::Bulk(subject) => formatter.write_str(subject),
            Self::Workspace(id) => write!(formatter, "workspace:{id}"),
        }
    }
}

impl FileKey {
    /// Returns the key of a file that the claim with this fence writes. `file_name` is the name under which it is downloaded.
    #[must_use]
    pub fn new(
        owner: &FileOwner,
        at: Timestamp,
        export: Uuid,
        fence: i64,
        file_name: &str,
        is_encrypted: bool,
    ) -> Self {
        let ending = if is_encrypted { ENCRYPTED } else { "" };
        let text = format!(
            "{}/{}-{export}-{fence}-{}{ending}",
            owner.folder(),
            at.strftime("%Y%m%dT%H%M%SZ"),
            shortened(file_name)
        );
        Self { text, export, fence }
    }

    /// Parses the name of a stored file. Returns `None` for a name that no export has, such as that of a manifest.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (folder, name) = text.rsplit_once('/')?;
        let (owners, owner) = folder.strip_suffix(EXPORTS)?.strip_suffix('/')?.split_once('/')?;
        if !FileOwner::FOLDERS.contains(&owners) || owner.contains('/') {
            return None;
        }
        // 20260128T103000Z-0199c1a2-…-3-usage-logs.csv
        let (_, rest) = name.split_once('-')?;
        let (export, rest) = rest.split_at_checked(Hyphenated::LENGTH)?;
        let (fence, file_name) = rest.strip_prefix('-')?.split_once('-')?;
        let is_manifest = file_name
            .strip_suffix(MANIFEST)
            .is_some_and(|of| of.contains('.'));
        if file_name.is_empty() || is_manifest {
            return None;
        }
        Some(Self {
            text: text.to_owned(),
            export: export.parse().ok()?,
            fence: fence.parse().ok()?,
        })
    }

    /// Returns the key of the file beside which this manifest is; `None` for a name that no manifest has.
    #[must_use]
    pub fn of_manifest(manifest: &str) -> Option<Self> {
        let text = manifest.strip_suffix(MANIFEST)?;
        Self::parse(text).filter(|_| Self::parse(manifest).is_none())
    }

    #[must_use]
    pub fn export(&self) -> Uuid {
        self.export
    }

    /// Returns the number of the claim that wrote the file.
    #[must_use]
    pub fn fence(&self) -> i64 {
        self.fence
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the key of the manifest beside the file.
    #[must_use]
    pub fn manifest(&self) -> String {
        format!("{}{MANIFEST}", self.text)
    }
}

impl fmt::Display for FileKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// Returns a name as one part of a path. No part begins with a dot: `..` would lead out of the folder.
fn owner_part(name: &str) -> String {
    let encoded = match name.strip_prefix('.') {
        Some(rest) => format!("%2E{}", utf8_percent_encode(rest, ENCODED)),
        None => utf8_percent_encode(name, ENCODED).to_string(),
    };
    if !encoded.is_empty() && encoded.len() <= OWNER_BYTES_MAX {
        return encoded;
    }
    // No encoded name has `=`.
    format!("sha256={}", to_hex(&Sha256::digest(name)))
}

/// Returns the end of a file name, encoded: its extensions are there. A file in JSON gets no second dot, so that it looks like no
/// manifest.
fn shortened(file_name: &str) -> String {
    let name = match file_name.strip_suffix(MANIFEST) {
        Some(stem) => format!("{}{MANIFEST}", stem.replace('.', "-")),
        None => file_name.to_owned(),
    };
    let mut encoded = VecDeque::new();
    for letter in name.chars().rev() {
        let mut buffer = [0; 4];
        let letter = utf8_percent_encode(letter.encode_utf8(&mut buffer), ENCODED).to_string();
        if encoded.len() + letter.len() > FILE_NAME_BYTES_MAX {
            break;
        }
        letter.bytes().rev().for_each(|byte| encoded.push_front(byte));
    }
    match encoded.is_empty() {
        true => "file".to_owned(),
        false => String::from_utf8_lossy(encoded.make_contiguous()).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: &str = "0199c1a2-0000-7000-8000-000000000001";

    fn key(owner: &FileOwner, file_name: &str) -> FileKey {
        let at = "2026-01-28T10:30:00Z".parse().unwrap();
        FileKey::new(owner, at, EXPORT.parse().unwrap(), 3, file_name, false)
    }

    #[test]
    fn a_key_names_owner_time_export_and_claim() {
        let person = FileOwner::Person("hub:7".to_owned());
        let found = key(&person, "usage-logs-2026-01-28.csv.gz");
        let name = format!("users/hub%3A7/exports/20260128T103000Z-{EXPORT}-3-usage-logs-2026-01-28.csv.gz");
        assert_eq!(found.as_str(), name);
        assert_eq!(found.manifest(), format!("{name}.json"));
        let parsed = FileKey::parse(&name).unwrap();
        assert_eq!((parsed.export(), parsed.fence()), (EXPORT.parse().unwrap(), 3));
        assert_eq!(FileKey::of_manifest(&found.manifest()), Some(found));
        assert_eq!(
            FileOwner::Workspace("w/1".to_owned()).folder(),
            "workspaces/w%2F1/exports"
        );
        assert_eq!(person.to_string(), "hub:7");
        assert_eq!(FileOwner::Workspace("1".to_owned()).to_string(), "workspace:1");
    }

    #[test]
    fn no_owner_and_no_name_leads_out_of_the_folder() {
        for owner in [
            "..",
            ".",
            "",
            "../../backups",
            "a\0b",
            "é",
            &"x".repeat(500),
            "%2E%2E",
        ] {
            for file_name in ["a.csv", "../../x.csv", "", &"é".repeat(200), &"x".repeat(500)] {
                let key = key(&FileOwner::Person(owner.to_owned()), file_name);
                let parts: Vec<_> = key.as_str().split('/').collect();
                assert_eq!(parts.len(), 4, "{key}");
                assert!(
                    parts
                        .iter()
                        .all(|part| !part.starts_with('.') && part.len() <= 245),
                    "{key}"
                );
                assert!(key.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "{key}");
                assert_eq!(FileKey::parse(key.as_str()), Some(key.clone()), "{key}");
            }
        }
        // Different owners have different folders.
        let folder = |owner: &str| FileOwner::Person(owner.to_owned()).folder();
        assert_ne!(folder(".."), folder("%2E%2E"));
    }

    #[test]
    fn a_file_in_json_is_no_manifest() {
        for (file_name, kept) in [
            ("orders.json", "orders.json"),
            ("v1.2.json", "v1-2.json"),
            ("a.json.gz", "a.json.gz"),
        ] {
            let key = key(&FileOwner::Person("hub:7".to_owned()), file_name);
            assert!(key.as_str().ends_with(&format!("-3-{kept}")), "{key}");
            assert_eq!(FileKey::parse(key.as_str()), Some(key.clone()));
            assert_eq!(FileKey::of_manifest(key.as_str()), None);
            assert_eq!(FileKey::parse(&key.manifest()), None);
            assert_eq!(FileKey::of_manifest(&key.manifest()), Some(key));
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        for name in [
            format!("{}.csv.gz", "x".repeat(300)),
            format!("{}.csv.gz", "é".repeat(300)),
        ] {
            let key = key(&FileOwner::Bulk("token:admin".to_owned()), &name);
            assert!(key.as_str().ends_with(".csv.gz"), "{key}");
        }
    }

    #[test]
    fn names_of_other_files_are_no_keys() {
        for text in [
            "backups/hub.dump",
            "users/hub%3A7/exports/x.csv",
            "users/exports/20260128T103000Z-0199c1a2-0000-7000-8000-000000000001-3-a.csv",
            "users/a/b/exports/20260128T103000Z-0199c1a2-0000-7000-8000-000000000001-3-a.csv",
            "users/a/exports/20260128T103000Z-0199c1a2-0000-7000-8000-000000000001-x-a.csv",
            "users/a/exports/20260128T103000Z-0199c1a2-0000-7000-8000-000000000001-3-",
            "logs/a/exports/20260128T103000Z-0199c1a2-0000-7000-8000-000000000001-3-a.csv",
        ] {
            assert_eq!(FileKey::parse(text), None, "{text}");
        }
    }
}
