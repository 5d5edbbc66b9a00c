//! What only a worker may do, in a real browser's worker.

#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sample;

use js_sys::{AsyncIterator, IteratorNext, Uint8Array, global};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use wasm_export::browser::sink::{Sink, sweep};
use wasm_export::{Export, Options};
use web_sys::{Blob, DedicatedWorkerGlobalScope, FileSystemDirectoryHandle};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[wasm_bindgen_test]
async fn a_whole_export_goes_through_the_browsers_disk() {
    let mut sink = Sink::for_downloads().await;
    assert!(matches!(sink, Sink::Opfs(_)));
    let mut export = Export::new(Options::default());
    let mut out = Vec::new();
    for chunk in sample::stream().chunks(13) {
        export.push(chunk, &mut out).unwrap();
        sink.write(&out).await.unwrap();
        out.clear();
    }
    let summary = export.finish(&mut out).unwrap();
    sink.write(&out).await.unwrap();
    let file = whole(sink, summary.file_bytes).await;
    assert_eq!(String::from_utf8(content(&file).await).unwrap(), sample::FILE);
}

#[wasm_bindgen_test]
async fn of_a_discarded_export_nothing_is_left() {
    let before = files().await;
    let mut sink = Sink::for_downloads().await;
    sink.write(b"half a file").await.unwrap();
    assert_eq!(files().await, before + 1);
    sink.discard().await;
    assert_eq!(files().await, before);
}

#[wasm_bindgen_test]
async fn sweeping_spares_a_file_that_is_still_wanted() {
    let mut sink = Sink::for_downloads().await;
    sink.write(b"first,").await.unwrap();
    sweep().await;
    sink.write(b"second").await.unwrap();
    let file = whole(sink, 12).await;
    sweep().await;
    assert_eq!(content(&file).await, b"first,second");
}

async fn whole(sink: Sink, file_bytes: u64) -> Blob {
    let file = sink.finish(file_bytes).await.unwrap();
    file.expect("a file of the browser's disk is for the downloads")
}

async fn content(file: &Blob) -> Vec<u8> {
    Uint8Array::new(&JsFuture::from(file.array_buffer()).await.unwrap()).to_vec()
}

/// How many files of exports the browser keeps.
async fn files() -> usize {
    let scope: DedicatedWorkerGlobalScope = global().unchecked_into();
    let root = scope.navigator().storage().get_directory();
    let root: FileSystemDirectoryHandle = JsFuture::from(root).await.unwrap().unchecked_into();
    let Ok(folder) = JsFuture::from(root.get_directory_handle("decant-exports")).await else {
        return 0;
    };
    let names: AsyncIterator = folder.unchecked_into::<FileSystemDirectoryHandle>().keys();
    let mut count = 0;
    loop {
        let next: IteratorNext = JsFuture::from(names.next().unwrap())
            .await
            .unwrap()
            .unchecked_into();
        if next.done() {
            return count;
        }
        count += 1;
    }
}
