//! The address of a PostgreSQL database, for our own connections and for PostgreSQL's programs.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

/// The address of a database.
#[derive(Clone, Debug)]
pub struct Dsn {
    options: PgConnectOptions,
    /// What only the address's text tells: `PgConnectOptions` gives neither password nor certificates away.
    from_text: Vec<(&'static str, SecretString)>,
}

/// An address that cannot be used. It quotes no part of it: there is a password in it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DsnError(String);

/// The parameters of an address that libpq takes from variables of its environment (PostgreSQL manual,
/// "Environment Variables").
const PARAMETERS: &[(&str, &str)] = &[
    ("password", "PGPASSWORD"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
];

impl Dsn {
    /// How to connect.
    #[must_use]
    pub fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// The database's name.
    #[must_use]
    pub fn database(&self) -> &str {
        // As libpq does.
        self.options.get_database().unwrap_or(self.options.get_username())
    }

    /// The host's name, or the folder of its socket.
    #[must_use]
    pub fn host(&self) -> String {
        match self.options.get_socket() {
            Some(folder) => folder.display().to_string(),
            None => self.options.get_host().to_owned(),
        }
    }

    /// The port; a socket's name has it, too.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.options.get_port()
    }

    /// The same server's database of another name.
    #[must_use]
    pub fn of_database(&self, name: &str) -> Self {
        Self {
            options: self.options.clone().database(name),
            from_text: self.from_text.clone(),
        }
    }

    /// What PostgreSQL's programs need in their environment to connect to it. Arguments can be read by everybody on the
    /// machine; an environment only by the same user.
    pub fn environment(&self) -> impl Iterator<Item = (&'static str, SecretString)> {
        let plain = [
            ("PGHOST", self.host()),
            ("PGPORT", self.port().to_string()),
            ("PGUSER", self.options.get_username().to_owned()),
            ("PGDATABASE", self.database().to_owned()),
            ("PGSSLMODE", ssl_mode(self.options.get_ssl_mode()).to_owned()),
        ];
        let plain = plain.map(|(name, value)| (name, SecretString::from(value)));
        let from_text = self.from_text.iter();
        plain
            .into_iter()
            .chain(from_text.map(|(name, value)| (*name, SecretString::from(value.expose_secret()))))
    }
}

impl From<PgConnectOptions> for Dsn {
    /// Of a database that asks for no password.
    fn from(options: PgConnectOptions) -> Self {
        Self {
            options,
            from_text: Vec::new(),
        }
    }
}

impl FromStr for Dsn {
    type Err = DsnError;

    fn from_str(text: &str) -> Result<Self, DsnError> {
        let text = text.trim();
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(DsnError(
                "must begin with postgres:// or postgresql://".to_owned(),
            ));
        }
        let malformed = |error: &dyn fmt::Display| DsnError(format!("is not a PostgreSQL address: {error}"));
        let options = text.parse().map_err(|error: sqlx::Error| {
            // Of the parser's words only those about the form are shown: others quote a part of the address.
            let form = match &error {
                sqlx::Error::Configuration(cause) => cause.downcast_ref::<url::ParseError>(),
                _ => None,
            };
            form.map_or_else(
                || {
                    DsnError(
                        "has a parameter that PostgreSQL does not know; sslmode is one of disable, allow, prefer, \
                         require, verify-ca, verify-full"
                            .to_owned(),
                    )
                },
                |form| malformed(form),
            )
        })?;
        let url = Url::parse(text).map_err(|error| malformed(&error))?;
        let mut from_text = Vec::new();
        if let Some(password) = url.password() {
            let password = percent_decode_str(password).decode_utf8_lossy();
            from_text.push(("PGPASSWORD", SecretString::from(password.into_owned())));
        }
        for (name, value) in url.query_pairs() {
            if let Some((_, variable)) = PARAMETERS.iter().find(|(parameter, _)| name == *parameter) {
                from_text.push((variable, SecretString::from(value.into_owned())));
            }
        }
        Ok(Self { options, from_text })
    }
}

fn ssl_mode(mode: PgSslMode) -> &'static str {
    match mode {
        PgSslMode::Disable => "disable",
        PgSslMode::Allow => "allow",
        PgSslMode::Prefer => "prefer",
        PgSslMode::Require => "require",
        PgSslMode::VerifyCa => "verify-ca",
        PgSslMode::VerifyFull => "verify-full",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(dsn: &str) -> Vec<String> {
        let dsn: Dsn = dsn.parse().unwrap();
        let pairs = dsn.environment();
        pairs
            .map(|(name, value)| format!("{name}={}", value.expose_secret()))
            .collect()
    }

    #[test]
    fn the_programs_get_what_the_address_says() {
        assert_eq!(
            environment(
                "postgres://u:p%40ss%2Fw@db.example:5433/hub?sslmode=verify-full&sslrootcert=/ca.pem"
            ),
            [
                "PGHOST=db.example",
                "PGPORT=5433",
                "PGUSER=u",
                "PGDATABASE=hub",
                "PGSSLMODE=verify-full",
                "PGPASSWORD=p@ss/w",
                "PGSSLROOTCERT=/ca.pem"
            ]
        );
        let socket = environment("postgres:///hub?host=/run/pg&user=u&password=p");
        assert_eq!(socket[0], "PGHOST=/run/pg");
        assert!(socket.contains(&"PGPASSWORD=p".to_owned()));
    }

    #[test]
    fn a_password_is_not_shown_by_debug() {
        let dsn: Dsn = "postgres://u:hunter2@db/x".parse().unwrap();
        assert!(!format!("{:?}", dsn.from_text).contains("hunter2"));
    }
}
