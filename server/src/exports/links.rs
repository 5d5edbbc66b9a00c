//! Links to the file of an export, good for a while or once, in the table `export_links`.

use std::time::Duration;

use api::login::Role;
use jiff::Timestamp;
use sqlx::{query, query_as};
use uuid::Uuid;

use super::record::ExportRecord;
use crate::audit::Action;
use crate::auth::Caller;
use crate::state::{Purpose, State, StateError};

/// A link, and what became of it.
#[derive(Clone, Debug)]
pub struct Link {
    pub id: Uuid,
    pub export: Uuid,
    pub maker: LinkMaker,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// Whether it is good for one download.
    pub once: bool,
    pub used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

/// Who made a link. Their right to the file counts when the link is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkMaker {
    pub subject: String,
    /// For records.
    pub name: String,
    pub credential: String,
    pub role: Role,
}

/// Why a link gives no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkRefusal {
    /// There is no such link, or its signature is wrong.
    #[error("this link is not known; ask for a new one where you got it")]
    Bad,
    #[error("this link has expired; ask for a new one where you got it")]
    Expired,
    #[error("this link was good for one download, and was used; ask for a new one where you got it")]
    Used,
    #[error("this link was withdrawn")]
    Revoked,
    /// Their key, membership or role has gone.
    #[error("whoever made this link may not download the file any more")]
    MakerRefused,
}

/// A row as text and microseconds since 1970.
type Row = (
    String,
    String,
    String,
    String,
    String,
    String,
    bool,
    i64,
    i64,
    Option<i64>,
    Option<i64>,
);

/// The columns of a [`Row`].
macro_rules! columns {
    () => {
        "id::text, export_id::text, made_by, maker, credential, role, once, \
         (extract(epoch from created_at) * 1000000)::bigint, (extract(epoch from expires_at) * 1000000)::bigint, \
         (extract(epoch from used_at) * 1000000)::bigint, (extract(epoch from revoked_at) * 1000000)::bigint"
    };
}

impl LinkMaker {
    #[must_use]
    pub fn new(caller: &Caller) -> Self {
        Self {
            subject: caller.subject.to_string(),
            name: caller.name.clone(),
            credential: caller.credential_id.to_string(),
            role: caller.role,
        }
    }
}

impl Link {
    /// Checks that the link is good now.
    ///
    /// # Errors
    /// [`LinkRefusal`]
    pub fn check(&self) -> Result<(), LinkRefusal> {
        if self.revoked_at.is_some() {
            return Err(LinkRefusal::Revoked);
        }
        if self.used_at.is_some() {
            return Err(LinkRefusal::Used);
        }
        match self.expires_at <= Timestamp::now() {
            true => Err(LinkRefusal::Expired),
            false => Ok(()),
        }
    }
}

/// The links of the state database.
#[derive(Clone)]
pub struct Links {
    state: State,
}

impl Links {
    #[must_use]
    pub fn new(state: State) -> Self {
        Self { state }
    }

    /// Makes a link to the file of an export with the right of `caller`, good for `lifetime` or as long as the file is kept. A link
    /// without its file would be a promise that nobody keeps.
    ///
    /// # Errors
    /// [`StateError`], also where the export has gone.
    pub async fn make(
        &self,
        record: &ExportRecord,
        caller: &Caller,
        lifetime: Duration,
        once: bool,
    ) -> Result<Link, StateError> {
        let left = record
            .expires_at
            .map(|expires| Duration::try_from(expires.duration_since(Timestamp::now())).unwrap_or_default());
        let lifetime = left.map_or(lifetime, |left| left.min(lifetime));
        let link = self
            .insert(record.id, &LinkMaker::new(caller), lifetime, once)
            .await?;
        tracing::info!(
            action = Action::ExportLinkMade.name(),
            caller = caller.name,
            subject = %caller.subject,
            export = %record.id,
            workspace = record.workspace_id,
            link = %link.id,
            once,
            expires = %link.expires_at
        );
        Ok(link)
    }

    async fn insert(
        &self,
        export: Uuid,
        maker: &LinkMaker,
        lifetime: Duration,
        once: bool,
    ) -> Result<Link, StateError> {
        let mut connection = self.state.connection(Purpose::Exports).await?;
        let row = query_as(concat!(
            "insert into decant.export_links (id, export_id, made_by, maker, credential, role, once, expires_at) \
             values ($1::uuid, $2::uuid, $3, $4, $5, $6, $7, now() + make_interval(secs => $8)) returning ",
            columns!()
        ))
            .bind(Uuid::new_v4().to_string())
            .bind(export.to_string())
            .bind(&maker.subject)
            .bind(&maker.name)
            .bind(&maker.credential)
            .bind(role_word(maker.role))
            .bind(once)
            .bind(lifetime.as_secs_f64())
            .fetch_one(&mut *connection)
            .await?;
        Ok(link(row))
    }

    /// Returns a link of this maker that is still good for so long, and for any number of downloads.
    ///
    /// # Errors
    /// [`StateError`]
    pub async fn reusable(
        &self,
        export: Uuid,
        maker: &LinkMaker,
        at_least: Duration,
    ) -> Result<Option<Link>, StateError> {
        let mut connection = self.state.connection(Purpose::Exports).await?;
        let row = query_as(concat!(
            "select ",
            columns!(),
            " from decant.export_links where export_id = $1::uuid and made_by = $2 and credential = $3 and role = $4 \
             and not once and revoked_at is null and expires_at > now() + make_interval(secs => $5) \
             order by expires_at desc limit 1"
        ))
        .bind(export.to_string())
        .bind(&maker.subject)
        .bind(&maker.credential)
        .bind(role_word(maker.role))
        .bind(at_least.as_secs_f64())
        .fetch_optional(&mut *connection)
        .await?;
        Ok(row.map(link))
    }

    /// Returns a link; `None` for an id that no link has.
    ///
    /// # Errors
    /// [`StateError`]
    pub async fn find(&self, id: Uuid) -> Result<Option<Link>, StateError> {
        let mut connection = self.state.connection(Purpose::Exports).await?;
        let row = query_as(concat!(
            "select ",
            columns!(),
            " from decant.export_links where id = $1::uuid"
        ))
        .bind(id.to_string())
        .fetch_optional(&mut *connection)
        .await?;
        Ok(row.map(link))
    }

    /// Returns the links to the file of an export, the newest first.
    ///
    /// # Errors
    /// [`StateError`]
    pub async fn of_export(&self, export: Uuid) -> Result<Vec<Link>, StateError> {
        let mut connection = self.state.connection(Purpose::Exports).await?;
        let rows: Vec<Row> = query_as(concat!(
            "select ",
            columns!(),
            " from decant.export_links where export_id = $1::uuid order by created_at desc, id limit 1000"
        ))
        .bind(export.to_string())
        .fetch_all(&mut *connection)
        .await?;
        Ok(rows.into_iter().map(link).collect())
    }

    /// Takes a link that is good once, so that no other download gets it. Returns `false` if another one has taken it, or the link
    /// has ended.
    ///
    /// # Errors
    /// [`StateError`]
    pub async fn take(&self, id: Uuid) -> Result<bool, StateError> {
        self.change(
            "update decant.export_links set used_at = now() \
             where id = $1::uuid and used_at is null and revoked_at is null and expires_at > now()",
            id,
        )
        .await
    }

    /// Gives a link back whose download broke off.
    ///
    /// # Errors
    /// [`StateError`]
    pub async fn give_back(&self, id: Uuid) -> Result<(), StateError> {
        let given = self.change(
            "update decant.export_links set used_at = null where id = $1::uuid",
            id,
        );
        given.await.map(drop)
    }

    /// Ends a link of an export. Returns `false` if the export has no such link, or it was withdrawn before.
    ///
    /// # Errors
    /// [`StateError`]
    pub async fn revoke(&self, export: Uuid, id: Uuid) -> Result<bool, StateError> {
        let mut connection = self.state.connection(Purpose::Exports).await?;
        let revoked = query(
            "update decant.export_links set revoked_at = now() \
             where id = $1::uuid and export_id = $2::uuid and revoked_at is null",
        )
        .bind(id.to_string())
        .bind(export.to_string())
        .execute(&mut *connection)
        .await?;
        Ok(revoked.rows_affected() == 1)
    }

    async fn change(&self, update: &'static str, id: Uuid) -> Result<bool, StateError> {
        let mut connection = self.state.connection(Purpose::Exports).await?;
        let changed = query(update)
            .bind(id.to_string())
            .execute(&mut *connection)
            .await?;
        Ok(changed.rows_affected() == 1)
    }
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::User => "user",
    }
}

fn link(row: Row) -> Link {
    let (id, export, subject, name, credential, role, once, created, expires, used, revoked) = row;
    let time = |microseconds| Timestamp::from_microsecond(microseconds).unwrap_or(Timestamp::MAX);
    // PostgreSQL writes each uuid in one form.
    let uuid = |text: String| text.parse().unwrap_or_default();
    Link {
        id: uuid(id),
        export: uuid(export),
        maker: LinkMaker {
            subject,
            name,
            credential,
            role: match role.as_str() {
                "admin" => Role::Admin,
                _ => Role::User,
            },
        },
        created_at: time(created),
        expires_at: time(expires),
        once,
        used_at: used.map(time),
        revoked_at: revoked.map(time),
    }
}
