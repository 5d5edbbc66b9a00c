//! Measures how fast a core indents the body of a request to a language model.
//!
//!     cargo run --release -p wasm-export --example pretty_speed [MEGABYTES [FOLDER]]
//!
//! With a folder, the bodies are written there, so that other programs can be measured on the same files.

use std::time::{Duration, Instant};

use wasm_export::pretty::Pretty;

/// Runs of each measurement, the fastest of which counts.
const TURNS: usize = 9;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let megabytes: usize = std::env::args().nth(1).map_or(Ok(20), |number| number.parse())?;
    for (name, text) in [
        ("prose and code", PROSE),
        ("Chinese", CHINESE),
        ("JSON in strings", JSON_IN_STRING),
    ] {
        let body = body(megabytes * 1_000_000, text);
        let mut out = Vec::with_capacity(2 * body.len());
        for (way, chunk) in [("", body.len()), (", by 64 KiB", 64 * 1024)] {
            let time = (0..TURNS).map(|_| pretty(&body, chunk, &mut out)).min();
            report(&format!("{name}{way}"), time.unwrap_or_default(), &body);
        }
        if let Some(folder) = std::env::args().nth(2) {
            std::fs::write(std::path::Path::new(&folder).join(format!("{name}.json")), &body)?;
        }
    }
    Ok(())
}

fn pretty(body: &[u8], chunk: usize, out: &mut Vec<u8>) -> Duration {
    let start = Instant::now();
    let mut pretty = Pretty::new();
    let mut bytes = 0;
    for piece in body.chunks(chunk) {
        out.clear();
        pretty.push(piece, out).expect("the body is JSON");
        bytes += out.len();
    }
    pretty.finish(out).expect("the body is JSON");
    let time = start.elapsed();
    assert!(bytes > body.len());
    time
}

fn report(name: &str, time: Duration, body: &[u8]) {
    let rate = body.len() as f64 / time.as_secs_f64() / 1e6;
    println!(
        "{name:30} {:7.1} ms  {rate:6.0} MB/s of input",
        time.as_secs_f64() * 1e3
    );
}

const PROSE: &str = "Here is the function you asked for. It reads the whole file first, which is simple and good enough \
    below a few megabytes:\\n\\n```rust\\nfn main() -> Result<(), Error> {\\n    let text = \
    std::fs::read_to_string(\\\"notes.txt\\\")?;\\n    println!(\\\"{}\\\", text.len());\\n    Ok(())\\n}\\n```\\n\\n\
    Tell me whether it should stream \u{2014} then it is a few lines more.\\n";

const CHINESE: &str = "請把這段程式改成串流的方式,不要一次把整個檔案讀進記憶體。\\n謝謝!🎉 ";

const JSON_IN_STRING: &str =
    r#"{\"type\":\"tool_result\",\"path\":\"src\\\\main.rs\",\"line\":17,\"ok\":true},"#;

/// Returns a body of about this length, with long messages, deep content and tools.
fn body(bytes: usize, text: &str) -> Vec<u8> {
    let mut body =
        br#"{"model":"claude-sonnet-4","max_tokens":32000,"temperature":0.7,"stream":true,"system":["#
            .to_vec();
    body.extend_from_slice(
        br#"{"type":"text","text":"You are careful.","cache_control":{"type":"ephemeral"}}],"messages":["#,
    );
    let mut turn = 0;
    while body.len() < bytes {
        if turn > 0 {
            body.push(b',');
        }
        let long = text.repeat(4 + turn * 7 % 60);
        let message = match turn % 3 {
            0 => format!(r#"{{"role":"user","content":"{long}"}}"#),
            1 => format!(
                r#"{{"role":"assistant","content":[{{"type":"text","text":"{long}"}},{{"type":"tool_use","id":"toolu_{turn:08}","name":"read_file","input":{{"path":"src/main.rs","range":[1,{turn}],"options":{{"follow":false,"encoding":null}}}}}}]}}"#
            ),
            _ => format!(
                r#"{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"toolu_{turn:08}","is_error":false,"content":[{{"type":"text","text":"{long}"}},{{"type":"text","text":"{text}","cache_control":{{"type":"ephemeral"}}}}]}}]}}"#
            ),
        };
        body.extend_from_slice(message.as_bytes());
        turn += 1;
    }
    body.extend_from_slice(b"]}");
    body
}
