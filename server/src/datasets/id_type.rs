//! PostgreSQL's type of an id: of the owner of a row, of its workspace.

use uuid::Uuid;

/// A type that ids have.
#[derive(Clone, Debug)]
pub struct IdType {
    kind: IdKind,
    /// The type for a cast.
    pg_type: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IdKind {
    Integer,
    Uuid,
    Text,
}

impl IdType {
    /// Takes the name in `pg_type` of a type in `pg_catalog`, and the same type for a cast. Returns `None` for a type that is
    /// neither a whole number, a UUID nor a text.
    pub(super) fn new(name: &str, cast: String) -> Option<Self> {
        let kind = match name {
            "int2" | "int4" | "int8" | "numeric" => IdKind::Integer,
            "uuid" => IdKind::Uuid,
            "text" | "varchar" | "char" => IdKind::Text,
            _ => return None,
        };
        let pg_type = match kind {
            // An integer that is too large for a smaller type is compared all the same, and equal to none.
            IdKind::Integer => "bigint".to_owned(),
            IdKind::Uuid | IdKind::Text => cast,
        };
        Some(Self { kind, pg_type })
    }

    /// Returns the type for a cast of [`Self::value`].
    pub(super) fn pg_type(&self) -> &str {
        &self.pg_type
    }

    /// Returns the text as PostgreSQL writes this id, or `None` if it is no value of the type.
    ///
    /// Other notations of the same number or UUID are other ids to their issuer.
    pub(super) fn value(&self, text: &str) -> Option<String> {
        let value = match self.kind {
            IdKind::Integer => text.parse::<i64>().ok()?.to_string(),
            IdKind::Uuid => Uuid::try_parse(text).ok()?.to_string(),
            // PostgreSQL has no text with a NUL.
            IdKind::Text => return (!text.contains('\0')).then(|| text.to_owned()),
        };
        value.eq_ignore_ascii_case(text).then_some(value)
    }

    /// Returns some value of the type.
    pub(super) fn sample(&self) -> &'static str {
        match self.kind {
            IdKind::Integer => "0",
            IdKind::Uuid => "00000000-0000-0000-0000-000000000000",
            IdKind::Text => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_notation() {
        const ID: &str = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
        for (pg_type, text, value) in [
            ("int4", "7", Some("7")),
            ("int8", "007", None),
            ("int8", "99999999999999999999", None),
            ("uuid", ID, Some(ID)),
            ("uuid", "6F9619FF-8B86-D011-B42D-00C04FC964FF", Some(ID)),
            ("uuid", "6f9619ff8b86d011b42d00c04fc964ff", None),
            ("text", "a b", Some("a b")),
            ("text", "a\0b", None),
        ] {
            let id = IdType::new(pg_type, format!("pg_catalog.{pg_type}")).unwrap();
            assert_eq!(id.value(text).as_deref(), value, "{pg_type} {text}");
        }
    }

    #[test]
    fn another_type_is_no_ids() {
        for name in ["bytea", "timestamptz", "uuid[]", "name"] {
            assert!(IdType::new(name, name.to_owned()).is_none(), "{name}");
        }
    }
}
