//! The address of a link.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::link_signature::LinkSigner;
use super::links::Link;

/// The name of the file in the address of a link.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// Returns the address of a link below the address of Decant. `file_name` is the name of the download.
#[must_use]
pub fn link_address(signer: &LinkSigner, link: &Link, file_name: &str, own_address: &str) -> String {
    let signature = signer.sign(link.id);
    let name = utf8_percent_encode(file_name, IN_PATH);
    format!("{own_address}/d/{}/{name}?s={signature}", link.id)
}
