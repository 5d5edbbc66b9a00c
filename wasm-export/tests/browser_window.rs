//! Tests of the classes for pages, in the window of a real browser.

#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sample;

use js_sys::WebAssembly::Memory;
use js_sys::{Array, Function, JSON, Object, Reflect, Uint8Array, global};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use wasm_export::browser::dump::DumpReader;
use wasm_export::browser::js_api::RowExport;
use wasm_export::browser::pretty::PrettyJson;
use wasm_export::browser::protocol::{Destination, Start, ToWorker, decode, encode};
use wasm_export::browser::sink::{BlobSink, Sink, SinkError};
use wasm_export::browser::writer::FileWriter;
use wasm_export::{Export, Options};
use web_sys::{Blob, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetFileOptions, window};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn any_chunking_gives_the_bytes_that_native_code_gives() {
    let stream = sample::stream();
    for chunk_bytes in 1..stream.len() {
        let mut export = Export::new(Options::default());
        let mut file = Vec::new();
        for chunk in stream.chunks(chunk_bytes) {
            export.push(chunk, &mut file).unwrap();
        }
        assert_eq!(export.finish(&mut file).unwrap().rows, 3);
        assert_eq!(
            String::from_utf8(file).unwrap(),
            sample::FILE,
            "chunks of {chunk_bytes} bytes"
        );
    }
}

#[wasm_bindgen_test]
fn the_class_for_other_pages_makes_the_same_file() {
    let pieces = Array::new();
    let mut export = RowExport::new("{}", keeping(&pieces)).ok().unwrap();
    for chunk in sample::stream().chunks(11) {
        export.push(chunk).unwrap();
    }
    let summary = export.finish().unwrap();
    assert_eq!(text(&pieces), sample::FILE);
    assert!(summary.contains("\"rows\":3"), "{summary}");
}

#[wasm_bindgen_test]
fn a_writer_that_copies_gets_the_same_bytes_as_a_view() {
    let pieces = Array::new();
    let copy = Function::new_with_args(
        "bytes",
        "this.pieces.push(bytes.slice()); this.shared = bytes.buffer",
    );
    let copying = writer(&copy, &pieces);
    Reflect::set(&copying, &"copies".into(), &true.into()).unwrap();
    let object = JsValue::from(&copying);
    let mut export = RowExport::new("{}", copying).ok().unwrap();
    export.push(&sample::stream()).unwrap();
    export.finish().unwrap();
    assert_eq!(text(&pieces), sample::FILE);
    let shared = Reflect::get(&object, &"shared".into()).unwrap();
    let memory = wasm_bindgen::memory().unchecked_into::<Memory>().buffer();
    assert!(Object::is(&shared, &memory), "nothing is copied on the way");
}

#[wasm_bindgen_test]
fn the_class_says_when_not_all_could_be_written() {
    for body in ["return bytes.length - 1", "throw new Error('gone')"] {
        let write = Function::new_with_args("bytes", body);
        let mut export = RowExport::new("{}", writer(&write, &Array::new())).ok().unwrap();
        assert!(export.push(&sample::stream()).is_err(), "{body}");
    }
}

/// Returns a writer that appends its bytes to `pieces`.
fn keeping(pieces: &Array) -> FileWriter {
    let keep = Function::new_with_args("bytes", "this.pieces.push(bytes); return bytes.length");
    writer(&keep, pieces)
}

fn text(pieces: &Array) -> String {
    let bytes = pieces.iter().flat_map(|piece| Uint8Array::new(&piece).to_vec());
    String::from_utf8(bytes.collect()).unwrap()
}

fn message(error: &JsValue) -> String {
    let message = Reflect::get(error, &"message".into());
    message.unwrap().as_string().unwrap()
}

/// Returns an object with this method `write`, and with these `pieces`.
fn writer(write: &Function, pieces: &Array) -> FileWriter {
    let object = Object::new();
    Reflect::set(&object, &"write".into(), write).unwrap();
    Reflect::set(&object, &"pieces".into(), pieces).unwrap();
    object.unchecked_into()
}

#[wasm_bindgen_test]
fn the_class_refuses_an_unknown_option_and_half_a_stream() {
    let nowhere = || writer(&Function::new_no_args(""), &Array::new());
    assert!(RowExport::new(r#"{"delimiter":"colon"}"#, nowhere()).is_err());
    let mut export = RowExport::new("{}", nowhere()).ok().unwrap();
    let stream = sample::stream();
    assert!(export.push(&stream[..stream.len() - 1]).is_ok());
    assert!(export.finish().is_err());
}

#[wasm_bindgen_test]
fn a_page_lays_out_json_as_the_browser_does_but_for_what_that_loses() {
    let kept = r#"{"b":[1,{}],"a":"\u00e9 \"x\"","digits":12345678901234567890.10}"#;
    let pieces = Array::new();
    let mut pretty = PrettyJson::new(keeping(&pieces));
    for chunk in kept.as_bytes().chunks(7) {
        pretty.push(chunk).unwrap();
    }
    pretty.finish().unwrap();
    let browsers = JSON::stringify_with_replacer_and_space(
        &JSON::parse(kept).unwrap(),
        &JsValue::NULL,
        &JsValue::from_f64(2.0),
    );
    let browsers = String::from(browsers.unwrap())
        .replace("\u{e9}", r"\u00e9")
        .replace("12345678901234567000", "12345678901234567890.10");
    assert_eq!(text(&pieces), browsers);
}

#[wasm_bindgen_test]
fn a_page_is_told_where_json_is_wrong_and_that_it_is_not_whole() {
    let nowhere = || writer(&Function::new_no_args(""), &Array::new());
    let mut pretty = PrettyJson::new(nowhere());
    let message = message(&pretty.push(b"{\"a\":\n 1;}").unwrap_err());
    assert!(message.contains("line 2, column 3"), "{message}");
    let mut pretty = PrettyJson::new(nowhere());
    pretty.push(b"[1").unwrap();
    assert!(pretty.finish().is_err());
}

#[wasm_bindgen_test]
fn a_page_sees_what_is_in_a_dump_and_whether_it_is_whole() {
    let file = include_bytes!("dumps/pg17-zstd.dump");
    let mut dump = DumpReader::new();
    assert!(dump.push(&file[..100]).is_ok());
    assert!(dump.toc_json().is_none());
    assert!(dump.push(&file[100..file.len() - 1]).is_ok());
    let contents = dump.toc_json().unwrap();
    assert!(contents.contains(r#""database":"shop""#), "{contents}");
    assert!(dump.finish().is_err());

    assert!(dump.push(&file[file.len() - 1..]).is_ok());
    let summary = dump.finish().ok().unwrap();
    assert!(summary.contains(r#""large_objects":{"count":3,"#), "{summary}");
}

#[wasm_bindgen_test]
fn a_page_is_told_what_is_no_dump() {
    let mut dump = DumpReader::new();
    let message = message(&dump.push(&[b'<'; 300]).unwrap_err().into());
    assert!(message.contains("it is a web page"), "{message}");
}

#[wasm_bindgen_test]
async fn a_blob_holds_what_was_written_over_many_parts() {
    let mut sink = Sink::Blob(BlobSink::default());
    let mut written = Vec::new();
    for piece in 0..10_u8 {
        let bytes = vec![piece; 1_000_003];
        sink.write(&bytes).await.unwrap();
        written.extend(bytes);
    }
    let blob = sink.finish(10_000_030).await.unwrap();
    assert!(read(&blob.expect("a blob is for the downloads")).await == written);
}

#[wasm_bindgen_test]
async fn a_file_of_another_size_than_was_written_is_refused() {
    let mut sink = Sink::Blob(BlobSink::default());
    sink.write(b"half").await.unwrap();
    assert!(matches!(sink.finish(8).await, Err(SinkError::Short)));
}

#[wasm_bindgen_test]
async fn a_picked_file_appears_only_when_it_is_whole() {
    let picked = picked_file("whole.csv").await;
    let mut sink = Sink::for_picked(picked.clone()).await.unwrap();
    sink.write(b"first,").await.unwrap();
    assert_eq!(content(&picked).await, b"");
    sink.write(b"second").await.unwrap();
    assert!(sink.finish(12).await.unwrap().is_none());
    assert_eq!(content(&picked).await, b"first,second");
}

#[wasm_bindgen_test]
async fn of_a_discarded_export_no_picked_file_is_left() {
    let picked = picked_file("discarded.csv").await;
    let mut sink = Sink::for_picked(picked.clone()).await.unwrap();
    sink.write(b"half").await.unwrap();
    sink.discard().await;
    assert!(JsFuture::from(picked.get_file()).await.is_err());
}

#[wasm_bindgen_test]
async fn a_message_and_its_file_arrive_as_they_were_sent() {
    let options = Options {
        zone: "Asia/Shanghai".parse().unwrap(),
        ..Options::default()
    };
    let start = Start {
        url: "/api/datasets/usage-logs/rows?model=a%26b".to_owned(),
        body: None,
        kept: None,
        options: options.clone(),
        file_name: "usage-logs-2026-01-28-123456.csv".to_owned(),
        destination: Destination::PickedFile,
    };
    let picked = picked_file("sent.csv").await;
    let message = encode(&ToWorker::Start(start), Some(&picked));
    let clone: Function = Reflect::get(&global(), &"structuredClone".into())
        .unwrap()
        .unchecked_into();
    let cloned = clone.call1(&JsValue::UNDEFINED, &message).unwrap();
    let (message, attachment) = decode::<ToWorker>(&cloned).unwrap();
    let ToWorker::Start(start) = message else {
        panic!("{message:?}")
    };
    assert_eq!(
        (start.options, start.destination),
        (options, Destination::PickedFile)
    );
    assert_eq!(
        attachment
            .unwrap()
            .unchecked_into::<FileSystemFileHandle>()
            .name(),
        "sent.csv"
    );
    assert!(decode::<ToWorker>(&JsValue::from_str("hello")).is_err());
}

/// Returns a file handle like that of the "Save as…" dialog.
async fn picked_file(name: &str) -> FileSystemFileHandle {
    let root = window().unwrap().navigator().storage().get_directory();
    let root: FileSystemDirectoryHandle = JsFuture::from(root).await.unwrap().unchecked_into();
    let options = FileSystemGetFileOptions::new();
    options.set_create(true);
    let file = root.get_file_handle_with_options(name, &options);
    JsFuture::from(file).await.unwrap().unchecked_into()
}

async fn content(file: &FileSystemFileHandle) -> Vec<u8> {
    read(&JsFuture::from(file.get_file()).await.unwrap().unchecked_into()).await
}

async fn read(blob: &Blob) -> Vec<u8> {
    Uint8Array::new(&JsFuture::from(blob.array_buffer()).await.unwrap()).to_vec()
}
