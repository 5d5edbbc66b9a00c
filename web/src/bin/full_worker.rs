//! The export worker that can also pack a file as Zstandard and fetch dumps: a program of its own, for Zstandard makes it
//! twice as large.

#[cfg(target_arch = "wasm32")]
fn main() {
    wasm_export::browser::worker::run();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("This program runs in a browser's worker. `trunk build --release` builds it into web/dist.");
}
