//! JWTs: valid, unsigned and forged.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::traits::PublicKeyParts as _;
use serde_json::{Value, json};

/// Returns the Unix time this many seconds from now.
pub fn seconds_from_now(seconds: i64) -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock is right")
        .as_secs();
    now.cast_signed() + seconds
}

/// Returns a token signed with a secret (HS256).
pub fn signed_with_secret(secret: &str, claims: &Value) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).expect("claims can be signed")
}

/// Returns a token signed with a secret (HS256), with more members in its header.
pub fn signed_with_header(secret: &str, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mut all = json!({ "alg": "HS256", "typ": "JWT" });
    for (name, value) in header.as_object().expect("a header has members") {
        all[name] = value.clone();
    }
    let signed = format!("{}.{}", part(&all), part(claims));
    let key = EncodingKey::from_secret(secret.as_bytes());
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256);
    format!("{signed}.{}", signature.expect("a secret signs"))
}

/// Returns a token with the algorithm `none`.
pub fn unsigned(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!(
        "{}.{}.",
        part(&json!({ "alg": "none", "typ": "JWT" })),
        part(claims)
    )
}

/// Returns a token with these claims and the signature of the given one.
pub fn with_other_claims(token: &str, claims: &Value) -> String {
    let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    assert_eq!(parts.len(), 3, "a token has three parts");
    parts[1] = URL_SAFE_NO_PAD.encode(claims.to_string());
    parts.join(".")
}

/// An issuer of tokens with a private key.
#[derive(Debug)]
pub struct Issuer {
    key: RsaPrivateKey,
    name: &'static str,
}

impl Issuer {
    /// Generates an RSA key with this key id.
    pub fn new(name: &'static str) -> Self {
        let key = RsaPrivateKey::new(&mut rand_core::OsRng, 2048).expect("the system gives random numbers");
        Self { key, name }
    }

    /// Returns the public key as a JSON Web Key Set.
    pub fn key_set(&self) -> Value {
        let number = |number: &rsa::BigUint| URL_SAFE_NO_PAD.encode(number.to_bytes_be());
        json!({ "keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.name,
            "n": number(self.key.n()), "e": number(self.key.e()),
        }] })
    }

    /// Returns a token signed with the private key (RS256).
    pub fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.name.to_owned());
        let key = self.key.to_pkcs1_der().expect("an RSA key can be written");
        let key = EncodingKey::from_rsa_der(key.as_bytes());
        jsonwebtoken::encode(&header, claims, &key).expect("claims can be signed")
    }
}
