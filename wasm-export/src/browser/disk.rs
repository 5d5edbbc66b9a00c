//! The origin-private file system, whose files the user does not see
//! (<https://developer.mozilla.org/en-US/docs/Web/API/File_System_API/Origin_private_file_system>).

use std::time::Duration;

use js_sys::{AsyncIterator, Date, IteratorNext, Math, Object, Reflect, global};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    File, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemSyncAccessHandle,
};

use super::method::call;

/// The folder of all export files, finished or not, and of cached raw rows. It contains nothing else.
const FOLDER: &str = "decant-exports";

/// How long an export's file is kept after its last byte. A download reads it only after the export has finished: at
/// 20 MB/s ten minutes are 12 GB.
pub const FILE_KEPT: Duration = Duration::from_secs(10 * 60);

/// How long raw rows are kept. A page that was closed cannot remove them. Therefore they are removed when hardly a
/// page that fetched them is still open.
pub const ROWS_KEPT: Duration = Duration::from_secs(6 * 60 * 60);

/// The prefix of files with raw rows.
const ROWS_PREFIX: &str = "rows-";

/// The contents of a file, which its name begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// An export, finished or not.
    Export,
    /// The raw rows of an export.
    Rows,
}

impl Content {
    fn new_name(self) -> String {
        let prefix = match self {
            Self::Export => "",
            Self::Rows => ROWS_PREFIX,
        };
        format!("{prefix}{:.0}-{:.0}", Date::now(), Math::random() * 1e15)
    }

    fn from_name(name: &str) -> Self {
        match name.starts_with(ROWS_PREFIX) {
            true => Self::Rows,
            false => Self::Export,
        }
    }

    fn kept(self) -> Duration {
        match self {
            Self::Export => FILE_KEPT,
            Self::Rows => ROWS_KEPT,
        }
    }
}

/// A file of the folder.
pub(super) struct DiskFile {
    folder: FileSystemDirectoryHandle,
    handle: FileSystemFileHandle,
}

impl DiskFile {
    /// Creates an empty file.
    pub(super) async fn create(content: Content) -> Result<Self, JsValue> {
        let folder = folder().await?;
        let options = FileSystemGetFileOptions::new();
        options.set_create(true);
        let handle = folder.get_file_handle_with_options(&content.new_name(), &options);
        let handle = JsFuture::from(handle).await?.unchecked_into();
        Ok(Self { folder, handle })
    }

    /// Opens the file with this name.
    pub(super) async fn open(name: &str) -> Result<Self, JsValue> {
        let folder = folder().await?;
        let handle = JsFuture::from(folder.get_file_handle(name))
            .await?
            .unchecked_into();
        Ok(Self { folder, handle })
    }

    pub(super) fn name(&self) -> String {
        self.handle.name()
    }

    /// Opens the file for writing, which only a worker can. The file is locked until the handle is closed.
    pub(super) async fn access(&self) -> Result<FileSystemSyncAccessHandle, JsValue> {
        Ok(call(&self.handle, "createSyncAccessHandle")
            .await?
            .unchecked_into())
    }

    /// Returns a snapshot of the contents.
    pub(super) async fn content(&self) -> Result<File, JsValue> {
        content(&self.handle).await
    }

    pub(super) async fn remove(&self) {
        // A later sweep removes files that cannot be removed now.
        let _ = JsFuture::from(self.folder.remove_entry(&self.name())).await;
    }
}

/// Removes files that are no longer needed: those of closed pages, those downloaded some minutes ago, and raw rows
/// after some hours. A file that still grows is locked, in any window, and stays.
pub async fn sweep() {
    let now_ms = Date::now();
    remove_where(async |file| {
        let kept_ms = Content::from_name(&file.name()).kept().as_secs_f64() * 1_000.0;
        let content = content(file).await;
        content.is_ok_and(|content| content.last_modified() < now_ms - kept_ms)
    })
    .await;
}

/// Removes the file with this name.
pub async fn remove(name: &str) {
    if let Ok(file) = DiskFile::open(name).await {
        file.remove().await;
    }
}

/// Removes all cached rows of all windows, so that the next user of this browser cannot read them.
pub async fn remove_all_rows() {
    remove_where(async |file| Content::from_name(&file.name()) == Content::Rows).await;
}

async fn remove_where(is_over: impl AsyncFn(&FileSystemFileHandle) -> bool) {
    // Without an origin-private file system there is nothing to remove. Other errors are left to the next sweep.
    let _ = try_to_remove_where(is_over).await;
}

async fn try_to_remove_where(is_over: impl AsyncFn(&FileSystemFileHandle) -> bool) -> Result<(), JsValue> {
    let folder = folder().await?;
    let files: AsyncIterator = folder.values();
    loop {
        let next: IteratorNext = JsFuture::from(files.next()?).await?.unchecked_into();
        if next.done() {
            return Ok(());
        }
        let file: FileSystemFileHandle = next.value().unchecked_into();
        if is_over(&file).await {
            let _ = JsFuture::from(folder.remove_entry(&file.name())).await;
        }
    }
}

async fn content(file: &FileSystemFileHandle) -> Result<File, JsValue> {
    Ok(JsFuture::from(file.get_file()).await?.unchecked_into())
}

async fn folder() -> Result<FileSystemDirectoryHandle, JsValue> {
    // By name, because `navigator.storage` is missing without https, and in older releases of Safari and Firefox.
    let navigator = Reflect::get(&global(), &JsValue::from_str("navigator"))?;
    let storage = Reflect::get(&navigator, &JsValue::from_str("storage"))?.dyn_into::<Object>()?;
    let root: FileSystemDirectoryHandle = call(&storage, "getDirectory").await?.unchecked_into();
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    let folder = JsFuture::from(root.get_directory_handle_with_options(FOLDER, &options)).await?;
    Ok(folder.unchecked_into())
}
