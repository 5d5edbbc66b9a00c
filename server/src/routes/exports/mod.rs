//! Background exports.
//!
//! | file | contents |
//! |---|---|
//! | `access` | who may see and change an export |
//! | `order` | a request becomes an export that can be recorded |
//! | `answer` | answers that are kept for repeated requests |
//! | `create` | exports are created, one or many, and made again |
//! | `read` | one export, the list, the limits |
//! | `change` | cancelled, deleted |
//! | `events` | the progress of an export while it runs |
//! | `download` | the file of an export |
//! | `links` | links to the file |
//! | `receipt` | the signed receipt |
//! | `delivery` | the answer with a file |
//! | `destinations` | the recipients of a file |
//! | `words` | the words of lists |
//! | `data` | files of everything about one person, and of all users |
//! | `conversations`, `conversation_request` | files of conversations |
//! | `workspace` | exports and stored files of a workspace |
//! | `templates` | values for requests |
//! | `permissions` | permissions of people and roles for exports |
//! | `schedules`, `schedule_request`, `schedule_change` | exports that are made again and again, or once at a later time |
//! | `schedule_increments` | whether a schedule can have runs with new rows only |
//! | `statistics` | the figures of exports |
//! | `maintenance` | the check of a stored file, and the clean-up |

pub mod access;
pub mod answer;
pub mod change;
mod conversation_request;
pub mod conversations;
pub mod create;
pub mod data;
mod delivery;
mod destinations;
pub mod download;
pub mod events;
pub mod links;
pub mod maintenance;
pub mod order;
pub mod permissions;
pub mod read;
pub mod receipt;
mod schedule_change;
mod schedule_increments;
mod schedule_request;
pub mod schedules;
pub mod statistics;
pub mod templates;
mod words;
pub mod workspace;
