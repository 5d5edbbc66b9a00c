//! A file compared with its signed receipt.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use api::receipts::SignedReceipt;

use crate::commands::input::InputError;
use crate::exports::receipt::ReceiptKey;
use crate::storage::hashing::HashingStream;

/// Checks the signature of the receipt, and that the file is the one of the receipt. Returns a sentence about it.
///
/// # Errors
/// A file that cannot be read; what is wrong with the key, the receipt or the file.
pub(super) fn checked(file: &Path, receipt: &Path, key: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let text = fs::read_to_string(key).map_err(InputError::at(key))?;
    let key = ReceiptKey::from_pem(&text)?;
    let text = fs::read_to_string(receipt).map_err(InputError::at(receipt))?;
    let signed: SignedReceipt = serde_json::from_str(&text)
        .map_err(|error| format!("{} is no receipt of Decant: {error}", receipt.display()))?;
    key.check(&signed)?;
    let receipt = signed.receipt;
    let mut content = HashingStream::new(File::open(file).map_err(InputError::at(file))?);
    let bytes = io::copy(&mut content, &mut io::sink()).map_err(InputError::at(file))?;
    let (_, sha256) = content.finish();
    if bytes != receipt.bytes || sha256 != receipt.sha256 {
        return Err(format!(
            "{} is not the file of the receipt: it has {bytes} bytes and the SHA-256 {sha256}, and the receipt {} bytes and {}",
            file.display(),
            receipt.bytes,
            receipt.sha256
        )
        .into());
    }
    Ok(format!(
        "{}: the file of the receipt, exported by {} ({}) at {}: {}, {} rows",
        file.display(),
        receipt.caller,
        receipt.subject,
        receipt.completed_at,
        receipt.dataset,
        receipt.rows
    ))
}
