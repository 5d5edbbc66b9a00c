//! The page is embedded by a macro, and cargo does not know what a macro reads. Without this a program that was built
//! before the page would stay without it.

fn main() {
    println!("cargo::rerun-if-changed=../web/dist");
}
