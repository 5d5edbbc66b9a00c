//! Receipts of exports: who took what, signed with Ed25519 (RFC 8032), so that anybody who has the public key can check them.

use api::receipts::{Receipt, SignedReceipt, VERSION};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use secrecy::SecretString;

use super::file_access::NoFile;
use super::record::ExportRecord;
use crate::auth::derive_key;

/// Separates this use of the secret from others.
const PURPOSE: &[u8] = b"decant export receipts 1";

/// Stands before the receipt in the signed bytes, so that no other text is taken for one.
const PREFIX: &[u8] = b"decant receipt 1\n";

/// The begin of each public key of Ed25519 in DER (RFC 8410, section 4). 32 bytes follow.
const DER_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

const PEM_BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const PEM_END: &str = "-----END PUBLIC KEY-----";

/// Signs receipts. Servers with the same secret have the same key.
pub struct ReceiptSigner(SigningKey);

/// The key by which receipts are checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptKey(VerifyingKey);

/// Why a receipt proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadReceipt {
    #[error(
        "the file with the key is no public key of Ed25519 in PEM; fetch /.well-known/decant-receipt-key from the server"
    )]
    Key,
    #[error("the receipt is of a newer version of Decant; check it with that version")]
    Version,
    #[error(
        "the signature is not that of this receipt and this key: the receipt was changed, or another server made it"
    )]
    Signature,
}

impl ReceiptSigner {
    #[must_use]
    pub fn new(secret: &SecretString) -> Self {
        Self(SigningKey::from_bytes(&derive_key(secret, PURPOSE)))
    }

    #[must_use]
    pub fn sign(&self, receipt: Receipt) -> SignedReceipt {
        let signature = self.0.sign(&signed_bytes(&receipt));
        SignedReceipt {
            signature: STANDARD.encode(signature.to_bytes()),
            receipt,
        }
    }

    #[must_use]
    pub fn key(&self) -> ReceiptKey {
        ReceiptKey(self.0.verifying_key())
    }
}

impl ReceiptKey {
    /// Returns the key as PEM (RFC 7468).
    #[must_use]
    pub fn to_pem(&self) -> String {
        let der = [DER_PREFIX.as_slice(), self.0.as_bytes()].concat();
        format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", STANDARD.encode(der))
    }

    /// Reads a key as PEM.
    ///
    /// # Errors
    /// [`BadReceipt::Key`]
    pub fn from_pem(text: &str) -> Result<Self, BadReceipt> {
        let inner = text.trim().strip_prefix(PEM_BEGIN);
        let inner = inner
            .and_then(|inner| inner.strip_suffix(PEM_END))
            .ok_or(BadReceipt::Key)?;
        let digits: String = inner.split_whitespace().collect();
        let der = STANDARD.decode(digits).map_err(|_| BadReceipt::Key)?;
        let key = der.strip_prefix(DER_PREFIX.as_slice()).ok_or(BadReceipt::Key)?;
        let key = key.try_into().map_err(|_| BadReceipt::Key)?;
        Ok(Self(VerifyingKey::from_bytes(key).map_err(|_| BadReceipt::Key)?))
    }

    /// Checks the signature of a receipt.
    ///
    /// # Errors
    /// [`BadReceipt::Version`], [`BadReceipt::Signature`]
    pub fn check(&self, signed: &SignedReceipt) -> Result<(), BadReceipt> {
        if signed.receipt.version != VERSION {
            return Err(BadReceipt::Version);
        }
        let bytes = STANDARD
            .decode(&signed.signature)
            .map_err(|_| BadReceipt::Signature)?;
        let signature = Signature::from_slice(&bytes).map_err(|_| BadReceipt::Signature)?;
        let checked = self.0.verify_strict(&signed_bytes(&signed.receipt), &signature);
        checked.map_err(|_| BadReceipt::Signature)
    }
}

impl ExportRecord {
    /// Returns the receipt of the file, also after that was removed.
    ///
    /// # Errors
    /// [`NoFile`], if the export never had a file.
    pub fn receipt(&self) -> Result<Receipt, NoFile> {
        let (Some(sha256), Some(bytes), Some(completed_at)) =
            (&self.sha256, self.file_bytes, self.completed_at)
        else {
            return Err(self.stored_file().err().unwrap_or(NoFile::Missing));
        };
        Ok(Receipt {
            version: VERSION,
            export: self.id.to_string(),
            dataset: self.dataset.clone(),
            format: self.format.clone(),
            file_name: self.file_name.clone().unwrap_or_default(),
            caller: self.caller.clone(),
            subject: self.subject.clone(),
            workspace: self.workspace_id.clone(),
            selection: self.selection.clone(),
            rows: self.record_count.unwrap_or_default(),
            bytes,
            sha256: sha256.clone(),
            snapshot_at: self.snapshot_at,
            completed_at,
            decant: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }
}

fn signed_bytes(receipt: &Receipt) -> Vec<u8> {
    let mut bytes = PREFIX.to_vec();
    serde_json::to_writer(&mut bytes, receipt).expect("a receipt has only texts and numbers");
    bytes
}

#[cfg(test)]
mod tests {
    use api::Example;

    use super::*;

    fn receipt() -> Receipt {
        let example: SignedReceipt = serde_json::from_str(SignedReceipt::JSON).unwrap();
        example.receipt
    }

    #[test]
    fn only_the_unchanged_receipt_of_this_key_is_good() {
        let signer = ReceiptSigner::new(&"a secret of these tests".into());
        let key = signer.key();
        let signed = signer.sign(receipt());
        assert_eq!(key.check(&signed), Ok(()));
        assert_eq!(
            signer.sign(receipt()),
            signed,
            "the same receipt has the same signature"
        );
        // A program may lay it out again.
        let pretty = serde_json::to_string_pretty(&signed).unwrap();
        assert_eq!(key.check(&serde_json::from_str(&pretty).unwrap()), Ok(()));

        let mut changed = signed.clone();
        changed.receipt.rows += 1;
        assert_eq!(key.check(&changed), Err(BadReceipt::Signature));
        for signature in ["", "?", &signed.signature[4..]] {
            let signature = signature.to_owned();
            let changed = SignedReceipt {
                signature,
                ..signed.clone()
            };
            assert_eq!(key.check(&changed), Err(BadReceipt::Signature));
        }
        let other = ReceiptSigner::new(&"another secret of the tests".into());
        assert_eq!(other.key().check(&signed), Err(BadReceipt::Signature));
        let mut newer = signed;
        newer.receipt.version = 2;
        assert_eq!(key.check(&newer), Err(BadReceipt::Version));
    }

    #[test]
    fn the_public_key_is_read_back() {
        let key = ReceiptSigner::new(&"a secret of these tests".into()).key();
        let pem = key.to_pem();
        assert_eq!(ReceiptKey::from_pem(&pem), Ok(key.clone()));
        assert_eq!(ReceiptKey::from_pem(&pem.replace('\n', "\r\n")), Ok(key));
        for wrong in ["", "x", PEM_BEGIN, &pem[..60], &pem.replace("MCow", "MCoX")] {
            assert_eq!(ReceiptKey::from_pem(wrong), Err(BadReceipt::Key), "{wrong}");
        }
    }
}
