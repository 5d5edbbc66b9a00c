//! The address of a PostgreSQL database, for our own connections and for PostgreSQL's programs.
//!
//! sqlx parses the address, but its `PgConnectOptions` does not return the password and the certificates. PostgreSQL's
//! programs need them, so this module reads them from the address itself. It gives all of it to the programs in their
//! environment, because the address as an argument would show the password to every user of the machine.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

#[derive(Clone, Debug)]
pub struct Dsn {
    options: PgConnectOptions,
    /// Variables of libpq with the password and the certificates.
    from_text: Vec<(&'static str, SecretString)>,
}

/// Why an address cannot be used. It quotes no part of the address, which may hold a password.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DsnError(String);

/// Parameters of an address with their variables of libpq (PostgreSQL manual, "Environment Variables").
const PARAMETERS: &[(&str, &str)] = &[
    ("password", "PGPASSWORD"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
];

impl Dsn {
    pub fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// Returns the name of the database. As in libpq, the default is the name of the user.
    pub fn database(&self) -> &str {
        self.options.get_database().unwrap_or(self.options.get_username())
    }

    /// Returns the name of the host, or the folder of its socket.
    pub fn host(&self) -> String {
        match self.options.get_socket() {
            Some(folder) => folder.display().to_string(),
            None => self.options.get_host().to_owned(),
        }
    }

    /// Returns the port, which is also a part of a socket's name.
    pub fn port(&self) -> u16 {
        self.options.get_port()
    }

    /// Returns the address of another database on the same server.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        Self {
            options: self.options.clone().database(name),
            from_text: self.from_text.clone(),
        }
    }

    /// Returns the address of this database for another role. Without a password, the server must trust that role.
    #[must_use]
    pub fn with_role(&self, name: &str, password: Option<&SecretString>) -> Self {
        let mut options = self.options.clone().username(name);
        let mut from_text = self.from_text.clone();
        from_text.retain(|(variable, _)| *variable != "PGPASSWORD");
        if let Some(password) = password {
            options = options.password(password.expose_secret());
            from_text.push(("PGPASSWORD", password.clone()));
        }
        Self { options, from_text }
    }

    /// Returns the variables by which PostgreSQL's programs connect to this database.
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
    /// Makes the address of a database that requires no password.
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
            // Only the parser's messages about the form are shown, because the others quote a part of the address.
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
