//! Where the storage is: a folder or a bucket of an S3 service.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, RetryConfig};
use percent_encoding::percent_decode_str;
use url::Url;

use super::StorageError;
use crate::private_folder;

/// Requests to a bucket are retried for this long. Longer is of no use: a person waits for the page, or a dump holds the
/// lock of the database.
const RETRIES_MAX: usize = 1000;
const RETRY_MAX: Duration = Duration::from_secs(20);

/// The value of STORAGE_URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    Folder(PathBuf),
    Bucket {
        name: String,
        /// All object names start with it: `backups/hub`. It may be empty.
        prefix: String,
    },
}

impl FromStr for Location {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with('/') {
            return Ok(Self::Folder(text.into()));
        }
        let url = Url::parse(text).map_err(|_| "it is neither a URL nor the absolute path of a folder")?;
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(
                "it must not hold keys or parameters; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and \
                 AWS_ENDPOINT_URL for another service than Amazon's",
            );
        }
        match (url.scheme(), url.host_str()) {
            ("file", None | Some("")) => url
                .to_file_path()
                .map(Self::Folder)
                .map_err(|()| "it names no folder"),
            ("s3", Some(bucket)) => {
                // A URL has blanks and letters beyond ASCII percent-encoded; the names of objects have them as they are.
                let prefix = percent_decode_str(url.path().trim_matches('/'));
                let prefix = prefix
                    .decode_utf8()
                    .map_err(|_| "its prefix is not UTF-8")?
                    .into_owned();
                Path::parse(&prefix)
                    .map_err(|_| "its prefix has an empty part, `.`, `..` or a control character")?;
                Ok(Self::Bucket {
                    name: bucket.to_owned(),
                    prefix,
                })
            }
            _ => Err("it is not file:///folder, the path of a folder, or s3://bucket/prefix"),
        }
    }
}

impl Location {
    /// Returns the path or URL of a file of this storage, for people.
    #[must_use]
    pub fn describe_file(&self, name: &str) -> String {
        match self {
            Self::Folder(folder) => folder.join(name).display().to_string(),
            Self::Bucket { name: bucket, prefix } if prefix.is_empty() => format!("s3://{bucket}/{name}"),
            Self::Bucket { name: bucket, prefix } => format!("s3://{bucket}/{prefix}/{name}"),
        }
    }

    pub(super) fn open(&self) -> Result<Opened, StorageError> {
        match self {
            Self::Folder(folder) => {
                private_folder::create(folder)?;
                let files = LocalFileSystem::new_with_prefix(folder).map_err(StorageError::Open)?;
                Ok(Opened {
                    store: Arc::new(files),
                    bucket: None,
                })
            }
            Self::Bucket { name, .. } => {
                // The other TLS connections of this process use ring, too. An error means that it is installed already.
                let _ = rustls::crypto::ring::default_provider().install_default();
                let plain = std::env::var("AWS_ENDPOINT_URL").is_ok_and(|url| url.starts_with("http://"));
                let bucket = AmazonS3Builder::from_env()
                    .with_bucket_name(name)
                    .with_allow_http(plain)
                    .with_retry(RetryConfig {
                        // The time bounds them: ten of them take two seconds.
                        max_retries: RETRIES_MAX,
                        retry_timeout: RETRY_MAX,
                        ..RetryConfig::default()
                    })
                    .build()
                    .map_err(StorageError::Open)?;
                let bucket = Arc::new(bucket);
                Ok(Opened {
                    store: Arc::clone(&bucket) as Arc<dyn ObjectStore>,
                    bucket: Some(bucket),
                })
            }
        }
    }
}

/// A storage that was opened.
#[derive(Debug)]
pub(super) struct Opened {
    pub store: Arc<dyn ObjectStore>,
    /// The same store, for requests that only S3 has.
    pub bucket: Option<Arc<AmazonS3>>,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "the folder {}", folder.display()),
            Self::Bucket { name, prefix } => write!(f, "s3://{name}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_folder_or_a_bucket() {
        assert_eq!("/srv/decant".parse(), Ok(Location::Folder("/srv/decant".into())));
        assert_eq!(
            "file:///srv/de%20cant".parse(),
            Ok(Location::Folder("/srv/de cant".into()))
        );
        let bucket = |name: &str, prefix: &str| {
            Ok(Location::Bucket {
                name: name.to_owned(),
                prefix: prefix.to_owned(),
            })
        };
        assert_eq!("s3://kept".parse(), bucket("kept", ""));
        assert_eq!("s3://kept/a/b/".parse(), bucket("kept", "a/b"));
        for url in ["s3://kept/hub backups/é/", "s3://kept/hub%20backups/%C3%A9"] {
            assert_eq!(url.parse(), bucket("kept", "hub backups/é"), "{url}");
        }
        for text in [
            "",
            "kept",
            "ftp://kept",
            "s3://",
            "s3://key:secret@kept",
            "s3://kept?region=x",
            "file://host/x",
            "s3://kept/a//b",
            "s3://kept/%FF",
            "s3://kept/a%0Ab",
        ] {
            assert!(text.parse::<Location>().is_err(), "{text}");
        }
    }
}
