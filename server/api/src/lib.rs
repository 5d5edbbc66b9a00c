//! The types that cross HTTP, declared once: the server writes them, the page and the tests read them.
//!
//! | module | operations |
//! |---|---|
//! | [`health`] | whether Decant can work |
//! | [`login`] | signing in, the current caller |
//! | [`datasets`] | datasets, row counts, filter values |
//! | [`bundles`] | several datasets in one file |
//! | [`probes`] | probes of the hub's endpoints, as they happen |
//! | [`session_requests`] | the requests of a session that the hub stores |
//! | [`database`] | dumps and the state of the database |
//! | [`restore`] | restores and the databases beside the live one |
//! | [`cleanup`] | clean-ups of the hub's log |
//! | [`backups`] | dumps in the storage |
//! | [`export_files`] | the files of background exports: links, checks, removal |
//! | [`workspaces`] | the workspaces of the caller |
//! | [`webhooks`] | webhooks of a hub, moved to its targets |
//! | [`exports`] | files that the server makes and stores |
//! | [`deliveries`] | files that leave by e-mail, and webhooks |
//! | [`webhook_events`] | the requests that webhooks get |
//! | [`export_permissions`] | permissions of people and roles for exports |
//! | [`export_templates`] | values for requests that create exports |
//! | [`data_exports`] | files of everything about one person and of all users, the figures of exports |
//! | [`conversation_exports`] | files of conversations |
//! | [`schedules`] | exports that are made again and again, or once at a later time |
//! | [`workspace_exports`] | a workspace's exports and stored files |
//! | [`events`] | server-sent events, written and read |
//! | [`flags`] | the flags of `decant export` |
//!
//! Errors are [`Problem`]s. A raw-row stream begins with a [`Header`] and ends with an [`End`].
//! All times are RFC 3339 in UTC.

pub mod alerts;
pub mod backups;
pub mod bundles;
pub mod cleanup;
pub mod conversation_exports;
pub mod data_exports;
pub mod database;
pub mod datasets;
pub mod deliveries;
pub mod events;
pub mod export_files;
pub mod export_permissions;
pub mod export_templates;
pub mod exports;
pub mod flags;
pub mod health;
pub mod login;
pub mod probes;
pub mod receipts;
pub mod restore;
pub mod schedules;
pub mod session_requests;
pub mod webhook_events;
pub mod webhooks;
pub mod workspace_exports;
pub mod workspaces;

pub use jiff::Timestamp;
pub use wasm_export::rows::{End, Header, Problem};

/// A type with an example of its JSON, in the field order of a real answer.
#[cfg(any(test, feature = "openapi"))]
pub trait Example {
    /// Indented by two spaces.
    const JSON: &'static str;
}

/// Implements [`Example`] with files of the folder `examples`.
macro_rules! examples {
    ($($name:ty = $file:literal),+ $(,)?) => {
        $(
            #[cfg(any(test, feature = "openapi"))]
            impl crate::Example for $name {
                const JSON: &'static str = include_str!(concat!("../examples/", $file, ".json"));
            }
        )+

        #[test]
        fn examples_keep_every_byte() {
            $(crate::tests::check_round_trip::<$name>();)+
        }
    };
}
use examples;

examples! {
    Problem = "problem",
    Header = "header",
    End = "end",
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::Example;

    pub fn check_round_trip<T: Example + Serialize + DeserializeOwned>() {
        let value: T = serde_json::from_str(T::JSON).unwrap_or_else(|error| panic!("{error}: {}", T::JSON));
        let written = serde_json::to_string_pretty(&value).unwrap();
        assert_eq!(written, T::JSON.trim_end());
    }
}
