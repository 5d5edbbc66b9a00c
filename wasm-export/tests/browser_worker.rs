//! Tests of the code that only a worker can run, in a worker of a real browser.

#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sample;

use js_sys::{AsyncIterator, IteratorNext, Uint8Array, global};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use wasm_export::browser::disk::{remove, remove_all_rows, sweep};
use wasm_export::browser::protocol::CachedRows;
use wasm_export::browser::row_cache::{CachedStream, RowCacheWriter};
use wasm_export::browser::sink::Sink;
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

#[wasm_bindgen_test]
async fn kept_rows_give_the_same_file_again_also_where_a_stream_broke_off() {
    let whole = sample::stream();
    let second_row = whole.windows(4).position(|bytes| bytes == b"=1+1").unwrap();
    // The first stream breaks off within a row, which is no part of the file and comes again.
    let kept = keep(&[&whole[..second_row], &sample::stream_after(1)]).await;
    for _ in 0..2 {
        let mut export = Export::new(Options::default());
        let mut file = Vec::new();
        for mut stream in kept.streams().await.unwrap() {
            export.resume();
            export.push(&read(&mut stream).await, &mut file).unwrap();
        }
        assert_eq!(export.finish(&mut file).unwrap().rows, 3);
        assert_eq!(String::from_utf8(file).unwrap(), sample::FILE);
    }
    remove(&kept.file).await;
}

#[wasm_bindgen_test]
async fn more_rows_than_one_piece_come_back_byte_for_byte() {
    let megabytes: Vec<u8> = (0..3_500_000_u32).map(|byte| (byte % 251) as u8).collect();
    let kept = keep(&[&megabytes]).await;
    let mut streams = kept.streams().await.unwrap();
    assert!(read(&mut streams[0]).await == megabytes);
    remove(&kept.file).await;
}

#[wasm_bindgen_test]
async fn kept_rows_that_are_gone_or_shorter_are_refused() {
    let mut kept = keep(&[b"some rows"]).await;
    kept.streams_bytes = vec![10];
    assert!(kept.streams().await.is_err());
    kept.streams_bytes = vec![9];
    let mut streams = kept.streams().await.unwrap();
    remove(&kept.file).await;
    assert!(streams[0].next().await.is_err());
    assert!(kept.streams().await.is_err());
}

#[wasm_bindgen_test]
async fn all_kept_rows_go_at_once_and_nothing_else() {
    let before = files().await;
    let mut sink = Sink::for_downloads().await;
    sink.write(b"a file").await.unwrap();
    let file = whole(sink, 6).await;
    let kept = [keep(&[b"a"]).await, keep(&[b"b"]).await];
    sweep().await;
    assert_eq!(files().await, before + 3, "they are not old");
    remove_all_rows().await;
    assert_eq!(files().await, before + 1);
    assert!(kept[0].streams().await.is_err() && kept[1].streams().await.is_err());
    assert_eq!(content(&file).await, b"a file");
}

#[wasm_bindgen_test]
async fn of_rows_that_are_not_kept_any_longer_nothing_is_left() {
    let before = files().await;
    let mut keeper = RowCacheWriter::create().await.unwrap();
    keeper.begin_stream();
    keeper.keep(b"rows").unwrap();
    assert_eq!(files().await, before + 1);
    keeper.discard().await;
    assert_eq!(files().await, before);
}

/// Caches streams as an export does.
async fn keep(streams: &[&[u8]]) -> CachedRows {
    let mut keeper = RowCacheWriter::create().await.unwrap();
    for stream in streams {
        keeper.begin_stream();
        for chunk in stream.chunks(70_001) {
            keeper.keep(chunk).unwrap();
        }
    }
    keeper.finish(Vec::new()).await.unwrap()
}

async fn read(stream: &mut CachedStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(piece) = stream.next().await.unwrap() {
        bytes.extend(piece.to_vec());
    }
    bytes
}

async fn whole(sink: Sink, file_bytes: u64) -> Blob {
    let file = sink.finish(file_bytes).await.unwrap();
    file.expect("a file of the browser's disk is for the downloads")
}

async fn content(file: &Blob) -> Vec<u8> {
    Uint8Array::new(&JsFuture::from(file.array_buffer()).await.unwrap()).to_vec()
}

/// Returns the number of export files in the browser.
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
