//! Columns whose names and types look like those of secrets.

/// Parts of names, also inside a longer word: `passwordhash`.
const PARTS: &[&str] = &[
    "accesskey",
    "apikey",
    "credential",
    "passphrase",
    "passwd",
    "passwort",
    "password",
    "privatekey",
    "secret",
    "token",
    "令牌",
    "口令",
    "密码",
    "密钥",
];

/// Whole words of names: `api_key`, but not `monkey`.
const WORDS: &[&str] = &[
    "cvc",
    "cvv",
    "hash",
    "key",
    "keys",
    "mfa",
    "otp",
    "pin",
    "pwd",
    "salt",
    "signature",
    "ssn",
    "totp",
];

/// Types that hold no secret, by their names in `pg_type`: `input_tokens` is a number.
const HARMLESS: &[&str] = &[
    "bool",
    "date",
    "float4",
    "float8",
    "int2",
    "int4",
    "int8",
    "interval",
    "money",
    "numeric",
    "oid",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
];

/// Returns whether a column with this name and type, as `pg_type` calls it, looks like a secret.
pub fn looks_secret(name: &str, pg_type: &str) -> bool {
    if HARMLESS.contains(&pg_type.trim_end_matches("[]")) {
        return false;
    }
    let words = words(name);
    let joined = words.concat();
    PARTS.iter().any(|part| joined.contains(part)) || words.iter().any(|word| WORDS.contains(&word.as_str()))
}

/// Returns the words of a name in lower case: `apiKey` and `API_KEY` have `api` and `key`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower_case = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (after_lower_case && letter.is_uppercase()) {
            words.push(String::new());
        }
        if let (true, Some(word)) = (letter.is_alphanumeric(), words.last_mut()) {
            word.extend(letter.to_lowercase());
        }
        after_lower_case = letter.is_lowercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_told_by_its_name_unless_its_type_holds_none() {
        for name in [
            "password",
            "passwordHash",
            "api_key",
            "apiKey",
            "APIKEY",
            "API_KEY",
            "refresh token",
            "pin",
            "用户密码",
        ] {
            assert!(looks_secret(name, "text"), "{name}");
        }
        assert!(looks_secret("token", "uuid"));
        assert!(looks_secret("keys", "text[]"));
        for name in ["name", "monkey", "hashtag_count", "opinion", "pinned", "订单"] {
            assert!(!looks_secret(name, "text"), "{name}");
        }
        assert!(!looks_secret("input_tokens", "int8"));
        assert!(!looks_secret("token_expires_at", "timestamptz"));
    }
}
