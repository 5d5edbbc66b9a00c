//! The export worker. The page starts it once for each file.

#[cfg(target_arch = "wasm32")]
fn main() {
    wasm_export::browser::worker::run();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("This program runs in a browser's worker. `trunk build --release` builds it into web/dist.");
}
