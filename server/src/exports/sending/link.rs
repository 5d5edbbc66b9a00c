//! Makes the address of a file for a recipient.

use std::time::Duration;

use jiff::Timestamp;

use super::attempt::Sender;
use crate::audit::Action;
use crate::auth::Caller;
use crate::exports::failure::Failure;
use crate::exports::files::StoredExport;
use crate::exports::link_address::link_address;
use crate::exports::links::LinkMaker;
use crate::exports::record::ExportRecord;

impl Sender {
    /// Makes a link to a file with the right of `caller`, good for `lifetime` or as long as the file is kept. `None`: the server
    /// does not know its own address.
    ///
    /// # Errors
    /// [`Failure`] of the state database or the storage.
    pub(super) async fn link(
        &self,
        record: &ExportRecord,
        stored: &StoredExport,
        caller: &Caller,
        lifetime: Duration,
    ) -> Result<Option<String>, Failure> {
        let Some(own) = &self.options.public_url else {
            return Ok(None);
        };
        let left = record
            .expires_at
            .map(|expires| Duration::try_from(expires.duration_since(Timestamp::now())).unwrap_or_default());
        let lifetime = left.map_or(lifetime, |left| left.min(lifetime));
        let link = self
            .links
            .make(record.id, &LinkMaker::new(caller), lifetime, false)
            .await?;
        tracing::info!(
            action = Action::ExportLinkMade.name(),
            caller = caller.name,
            subject = %caller.subject,
            export = %record.id,
            workspace = record.workspace_id,
            link = %link.id,
            once = false,
            expires = %link.expires_at
        );
        let name = record.download_name(self.files.stays_encrypted(stored));
        Ok(Some(link_address(&self.signer, &link, &name, &own.to_string())))
    }
}
