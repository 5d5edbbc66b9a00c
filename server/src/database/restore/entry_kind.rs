//! Kinds of objects in a dump's table of contents.

use wasm_export::dump::Entry;

/// Returns the kind in which `owners.sql` has the objects of a kind of a table of contents; empty if they have no owner.
pub(super) fn owned(kind: &str) -> &'static str {
    match kind {
        "RELATION" | "TABLE" | "VIEW" | "MATERIALIZED VIEW" | "SEQUENCE" | "FOREIGN TABLE" => "RELATION",
        "TYPE" | "DOMAIN" | "SHELL TYPE" => "TYPE",
        "ROUTINE" | "FUNCTION" | "PROCEDURE" | "AGGREGATE" => "ROUTINE",
        "LARGE OBJECT" | "BLOB" | "BLOB METADATA" => "LARGE OBJECT",
        "SCHEMA" => "SCHEMA",
        "OPERATOR" => "OPERATOR",
        "OPERATOR CLASS" => "OPERATOR CLASS",
        "OPERATOR FAMILY" => "OPERATOR FAMILY",
        "COLLATION" => "COLLATION",
        "CONVERSION" => "CONVERSION",
        "TEXT SEARCH CONFIGURATION" => "TEXT SEARCH CONFIGURATION",
        "TEXT SEARCH DICTIONARY" => "TEXT SEARCH DICTIONARY",
        "STATISTICS" => "STATISTICS",
        "FOREIGN DATA WRAPPER" => "FOREIGN DATA WRAPPER",
        "SERVER" => "SERVER",
        "PUBLICATION" => "PUBLICATION",
        "EVENT TRIGGER" => "EVENT TRIGGER",
        "PROCEDURAL LANGUAGE" => "PROCEDURAL LANGUAGE",
        _ => "",
    }
}

/// Returns whether an entry of a table of contents holds privileges.
pub(super) fn is_privilege(entry: &Entry) -> bool {
    entry.kind == "ACL" || entry.kind == "DEFAULT ACL"
}
