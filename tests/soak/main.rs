//! Long storms, which `make soak` runs.

mod workspaces;
