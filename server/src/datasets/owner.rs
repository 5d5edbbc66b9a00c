//! The owner of a row, compared with the subject of a caller.

use sqlx::{PgConnection, query_scalar};

use super::id_type::IdType;
use crate::auth::Subject;

/// PostgreSQL's type of an SQL expression for the owner of a row.
#[derive(Clone, Debug)]
pub struct OwnerType {
    id: IdType,
    /// The database is a hub's, so a whole number is the id of a user of the hub.
    is_of_hub: bool,
}

impl OwnerType {
    pub(super) fn new(id: IdType, is_of_hub: bool) -> Self {
        Self { id, is_of_hub }
    }

    /// Returns the type for a cast of [`Self::value`].
    pub(super) fn pg_type(&self) -> &str {
        self.id.pg_type()
    }

    /// Returns the subject as a text that PostgreSQL reads as a value of this type, or `None` if the subject owns no row.
    ///
    /// In a hub's database, a token's subject that is a whole number owns no row. It names a user of the token's issuer, not
    /// the hub's user with this id. With JWT_HUB_USERS the subject is a [`Subject::HubUser`].
    pub(super) fn value(&self, subject: &Subject) -> Option<String> {
        let text = match subject {
            Subject::HubUser(id) => id.to_string(),
            Subject::Jwt(text) if self.is_of_hub && text.parse::<i64>().is_ok() => return None,
            Subject::Jwt(text) => text.clone(),
            Subject::AdminToken | Subject::Operator => return None,
        };
        self.id.value(&text)
    }
}

/// Returns whether the database is a hub's, by a table that only a hub has.
///
/// # Errors
/// The database's error.
pub(super) async fn is_hub(connection: &mut PgConnection) -> sqlx::Result<bool> {
    query_scalar(
        "select exists (select from pg_catalog.pg_class c join pg_catalog.pg_attribute a \
         on a.attrelid operator(pg_catalog.=) c.oid where c.relname operator(pg_catalog.=) 'keys' \
         and a.attname operator(pg_catalog.=) 'can_login_web_ui')",
    )
    .fetch_one(connection)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "6f9619ff-8b86-d011-b42d-00c04fc964ff";

    fn owner(name: &str, is_of_hub: bool) -> OwnerType {
        let id = IdType::new(name, format!("pg_catalog.{name}")).unwrap();
        OwnerType::new(id, is_of_hub)
    }

    #[test]
    fn a_subject_is_a_value_of_the_owners_type_or_owns_nothing() {
        let jwt = |text: &str| Subject::Jwt(text.to_owned());
        for (pg_type, is_of_hub, subject, value) in [
            ("int4", true, Subject::HubUser(7), Some("7")),
            ("int4", true, jwt("7"), None),
            ("int4", true, jwt(ID), None),
            ("int4", false, jwt("7"), Some("7")),
            ("int8", false, jwt("007"), None),
            ("int8", false, jwt("+7"), None),
            ("int8", false, jwt("99999999999999999999"), None),
            ("int8", false, jwt("ada"), None),
            ("int8", false, Subject::AdminToken, None),
            ("uuid", true, jwt(ID), Some(ID)),
            ("uuid", false, jwt("6f9619ff8b86d011b42d00c04fc964ff"), None),
            ("uuid", false, jwt("7"), None),
            ("uuid", true, Subject::HubUser(7), None),
            ("text", true, jwt("ada"), Some("ada")),
            ("text", true, jwt("7"), None),
            ("text", false, jwt("7"), Some("7")),
            ("varchar", true, Subject::HubUser(7), Some("7")),
            ("text", false, Subject::Operator, None),
        ] {
            let found = owner(pg_type, is_of_hub).value(&subject);
            assert_eq!(found.as_deref(), value, "{pg_type} {is_of_hub} {subject}");
        }
    }
}
