//! Long storms, which `make soak` runs.

mod exports;
mod workspaces;
