//! Makes the address of a file for a recipient.

use super::attempt::Sender;
use crate::auth::Caller;
use crate::exports::failure::Failure;
use crate::exports::files::StoredExport;
use crate::exports::link_address::link_address;
use crate::exports::record::ExportRecord;

impl Sender {
    /// Makes a link to a file with the right of `caller`. `None`: the server does not know its own address.
    ///
    /// # Errors
    /// [`Failure`] of the state database or the storage.
    pub(super) async fn link(
        &self,
        record: &ExportRecord,
        stored: &StoredExport,
        caller: &Caller,
    ) -> Result<Option<String>, Failure> {
        let Some(own) = &self.options.public_url else {
            return Ok(None);
        };
        let lifetime = self.options.link_lifetime;
        let link = self.links.make(record, caller, lifetime, false).await?;
        let name = record.download_name(self.files.stays_encrypted(stored));
        Ok(Some(link_address(&self.signer, &link, &name, &own.to_string())))
    }
}
