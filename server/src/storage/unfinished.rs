//! Uploads that a process began and did not end. They take space, and no list of files shows them.

use std::io;
use std::time::Duration;

use jiff::Timestamp;
use object_store::aws::AmazonS3;
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::signer::{Method, SignedUrlOptions, Signer};
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;

use super::{Location, Storage, StorageError, folder};

/// Time limit of one request for a list of uploads, and the time for which its signature is good.
const REQUEST_MAX: Duration = Duration::from_secs(60);

/// A multipart upload to a bucket that was neither completed nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfinishedUpload {
    /// The name that the file would get.
    pub name: String,
    pub began: Timestamp,
    id: String,
}

/// One answer to `ListMultipartUploads`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Page {
    /// Key, upload id and time of each upload.
    uploads: Vec<(String, String, Timestamp)>,
    /// Key and upload id after which the next page begins; `None` on the last page.
    next: Option<(String, String)>,
}

impl Storage {
    /// Removes unfinished uploads from a folder, and from those below it, if no process writes them and their last write is older
    /// than `age`. Returns their number. A process that was killed leaves them. In a bucket they are invisible; see
    /// [`unfinished_uploads`](Self::unfinished_uploads).
    ///
    /// # Errors
    /// The first error of the file system.
    pub fn sweep(&self, folder: &str, age: Duration) -> io::Result<usize> {
        match self.location() {
            Location::Folder(root) => folder::sweep(&root.join(folder), age),
            Location::Bucket { .. } => Ok(0),
        }
    }

    /// Returns the unfinished multipart uploads to a folder of a bucket. A folder of the disk has none; [`sweep`](Self::sweep)
    /// removes what is left there.
    ///
    /// # Errors
    /// [`StorageError`], also where the service cannot list uploads.
    pub async fn unfinished_uploads(&self, folder: &str) -> Result<Vec<UnfinishedUpload>, StorageError> {
        let Some(bucket) = &self.opened()?.bucket else {
            return Ok(Vec::new());
        };
        let prefix = format!("{}/", self.path(folder));
        let (mut uploads, mut next) = (Vec::new(), None);
        loop {
            let page = list_page(bucket, &prefix, next.as_ref()).await?;
            let found = page.uploads.into_iter();
            uploads.extend(found.map(|(key, id, began)| UnfinishedUpload {
                name: self.name_of(&key),
                began,
                id,
            }));
            // A service that returns the same place again would be asked without end.
            if page.next.is_none() || page.next == next {
                return Ok(uploads);
            }
            next = page.next;
        }
    }

    /// Removes the parts of an unfinished upload. One that has ended by now is no error.
    ///
    /// # Errors
    /// [`StorageError`], except [`StorageError::Missing`].
    pub async fn abort_upload(&self, upload: &UnfinishedUpload) -> Result<(), StorageError> {
        let Some(bucket) = &self.opened()?.bucket else {
            return Ok(());
        };
        let (path, id) = (self.path(&upload.name), &upload.id);
        match bucket.abort_multipart(&path, id).await {
            Err(object_store::Error::NotFound { .. }) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Sends one request `ListMultipartUploads`, which `object_store` does not have, with the store's own signature.
async fn list_page(
    bucket: &AmazonS3,
    prefix: &str,
    after: Option<&(String, String)>,
) -> Result<Page, StorageError> {
    let mut query = vec![
        ("uploads".to_owned(), String::new()),
        ("prefix".to_owned(), prefix.to_owned()),
    ];
    if let Some((key, id)) = after {
        query.push(("key-marker".to_owned(), key.clone()));
        query.push(("upload-id-marker".to_owned(), id.clone()));
    }
    let options = SignedUrlOptions::default().with_query(query);
    let url = bucket
        .signed_url_opts(Method::GET, &Path::ROOT, REQUEST_MAX, &options)
        .await?;
    let client = reqwest::Client::builder().timeout(REQUEST_MAX).build();
    let answer = async {
        let answer = client?.get(url).send().await?.error_for_status()?;
        answer.text().await
    };
    // The error's own text has the signed address.
    let text = answer
        .await
        .map_err(|error| StorageError::List(error.without_url().to_string()))?;
    parse(&text).map_err(StorageError::List)
}

/// Parses an answer to `ListMultipartUploads`.
fn parse(text: &str) -> Result<Page, String> {
    let mut xml = Reader::from_str(text);
    let mut page = Page::default();
    let (mut key, mut id, mut began) = (String::new(), String::new(), String::new());
    let (mut next_key, mut next_id, mut is_truncated) = (String::new(), String::new(), false);
    let (mut path, mut content) = (Vec::new(), String::new());
    loop {
        match xml.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => {
                path.push(start.local_name().as_ref().to_owned());
                content.clear();
            }
            Event::Text(text) => content += &text,
            Event::GeneralRef(reference) => {
                let escaped = format!("&{};", &*reference);
                content += &unescape(&escaped).map_err(|error| error.to_string())?;
            }
            Event::End(_) => {
                let element = path.pop().unwrap_or_default();
                let parent = path.last().map_or("", String::as_str);
                let text = content.trim();
                match (parent, element.as_str()) {
                    ("Upload", "Key") => key = content.clone(),
                    ("Upload", "UploadId") => id = text.to_owned(),
                    ("Upload", "Initiated") => began = text.to_owned(),
                    (_, "Upload") => {
                        let at = began.parse().map_err(|_| format!("{began:?} is not a time"))?;
                        page.uploads
                            .push((std::mem::take(&mut key), std::mem::take(&mut id), at));
                    }
                    (_, "NextKeyMarker") => next_key = content.clone(),
                    (_, "NextUploadIdMarker") => next_id = text.to_owned(),
                    (_, "IsTruncated") => is_truncated = text == "true",
                    _ => {}
                }
                content.clear();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    page.next = is_truncated.then_some((next_key, next_id));
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_uploads_is_read_with_the_place_of_the_next_page() {
        let text = "<?xml version=\"1.0\"?>\n<ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                    <Bucket>b</Bucket><KeyMarker></KeyMarker><NextKeyMarker>a&amp;b</NextKeyMarker>\
                    <NextUploadIdMarker>2</NextUploadIdMarker><IsTruncated>true</IsTruncated>\
                    <Upload><Key>users/hub%3A7/a &amp; b</Key><UploadId>1</UploadId><Initiator><ID>x</ID></Initiator>\
                    <Initiated>2026-01-28T03:00:00.000Z</Initiated></Upload>\
                    <Upload><Key>é</Key><UploadId>2</UploadId><Initiated>2026-01-28T03:00:01Z</Initiated></Upload>\
                    <CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes></ListMultipartUploadsResult>";
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let expected = Page {
            uploads: vec![
                (
                    "users/hub%3A7/a & b".to_owned(),
                    "1".to_owned(),
                    at("2026-01-28T03:00:00Z"),
                ),
                ("é".to_owned(), "2".to_owned(), at("2026-01-28T03:00:01Z")),
            ],
            next: Some(("a&b".to_owned(), "2".to_owned())),
        };
        assert_eq!(parse(text).unwrap(), expected);
        let last =
            "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>";
        assert_eq!(parse(last).unwrap(), Page::default());
        for damaged in ["<a><b></a>", "<r><Upload><Initiated>x</Initiated></Upload></r>"] {
            assert!(parse(damaged).is_err(), "{damaged}");
        }
    }
}
