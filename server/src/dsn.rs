//! The address of a PostgreSQL database, for our own connections and for PostgreSQL's programs.
//!
//! The address is parsed as libpq parses a connection URI. Each parameter must be understood by both sides: by sqlx, which
//! makes our own connections, and by libpq, which connects PostgreSQL's programs. sqlx ignores the parameters that it does
//! not know, so a parameter such as `channel_binding=require` would be lost. `PARAMETERS` is therefore a closed list.
//!
//! The programs get the address in their environment, because an argument would show the password to every user of the
//! machine.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::form_urlencoded;

#[derive(Clone)]
pub struct Dsn {
    options: PgConnectOptions,
    /// Variables of libpq that `options` does not return: the password, the certificates.
    variables: Vec<(&'static str, SecretString)>,
    connect_timeout: Option<Duration>,
}

/// Leaves `options` out, whose own form shows the password.
impl fmt::Debug for Dsn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Dsn")
    }
}

/// Why an address cannot be used. It quotes no value of the address, which may be a password.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DsnError(String);

/// How a parameter of libpq is treated.
enum Rule {
    /// sqlx understands it under the same name.
    Driver,
    /// sqlx has no such parameter, and with these values it does the same as libpq. `*` stands for any value.
    Accepted(&'static [&'static str]),
    /// sqlx cannot do it. The text is the advice in the error.
    Refused(&'static str),
}

use Rule::{Accepted, Driver, Refused};

const GSS: &str = "Decant does not sign in with Kerberos; use a password or a certificate";
const KEEPALIVES: &str = "Decant cannot set the TCP keepalive of a connection; leave it out, and set \
     tcp_keepalives_idle on the server";
const CRL: &str = "Decant does not check revocation lists; leave it out";

/// The parameters of libpq 17 with their environment variables (PostgreSQL manual, "Parameter Key Words").
const PARAMETERS: &[(&str, &str, Rule)] = &[
    ("host", "", Driver),
    (
        "hostaddr",
        "PGHOSTADDR",
        Refused("write the IP address as the host"),
    ),
    ("port", "", Driver),
    ("dbname", "", Driver),
    ("user", "", Driver),
    ("password", "PGPASSWORD", Driver),
    ("sslmode", "", Driver),
    ("sslrootcert", "PGSSLROOTCERT", Driver),
    ("sslcert", "PGSSLCERT", Driver),
    ("sslkey", "PGSSLKEY", Driver),
    ("options", "", Driver),
    // Decant names its sessions itself, because the lock reads their names.
    ("application_name", "", Accepted(&["*"])),
    ("fallback_application_name", "", Accepted(&["*"])),
    ("connect_timeout", "PGCONNECT_TIMEOUT", Accepted(&["*"])),
    (
        "client_encoding",
        "PGCLIENTENCODING",
        Accepted(&["UTF8", "utf8", "UTF-8", "utf-8"]),
    ),
    ("passfile", "", Refused("set the environment variable PGPASSFILE")),
    (
        "service",
        "PGSERVICE",
        Refused("write host, port, user and database of the service into the address"),
    ),
    (
        "target_session_attrs",
        "PGTARGETSESSIONATTRS",
        Accepted(&["any", "prefer-standby"]),
    ),
    ("load_balance_hosts", "PGLOADBALANCEHOSTS", Accepted(&["disable"])),
    (
        "channel_binding",
        "PGCHANNELBINDING",
        Accepted(&["disable", "prefer"]),
    ),
    (
        "require_auth",
        "PGREQUIREAUTH",
        Refused("Decant accepts each method that the server asks for; use sslmode=verify-full"),
    ),
    (
        "requirepeer",
        "PGREQUIREPEER",
        Refused(
            "Decant does not check the owner of the server's process; let only PostgreSQL write to the folder of its \
             socket",
        ),
    ),
    ("requiressl", "PGREQUIRESSL", Refused("write sslmode=require")),
    ("sslnegotiation", "PGSSLNEGOTIATION", Accepted(&["postgres"])),
    ("sslcompression", "PGSSLCOMPRESSION", Accepted(&["0"])),
    ("sslcertmode", "PGSSLCERTMODE", Accepted(&["allow"])),
    (
        "sslpassword",
        "",
        Refused("Decant cannot read an encrypted key; use a key without a passphrase"),
    ),
    ("sslcrl", "PGSSLCRL", Refused(CRL)),
    ("sslcrldir", "PGSSLCRLDIR", Refused(CRL)),
    ("sslsni", "PGSSLSNI", Accepted(&["1"])),
    (
        "ssl_min_protocol_version",
        "PGSSLMINPROTOCOLVERSION",
        Accepted(&["TLSv1", "TLSv1.1", "TLSv1.2"]),
    ),
    (
        "ssl_max_protocol_version",
        "PGSSLMAXPROTOCOLVERSION",
        Accepted(&["TLSv1.3"]),
    ),
    ("gssencmode", "PGGSSENCMODE", Accepted(&["disable", "prefer"])),
    ("krbsrvname", "PGKRBSRVNAME", Refused(GSS)),
    ("gsslib", "PGGSSLIB", Refused(GSS)),
    ("gssdelegation", "PGGSSDELEGATION", Accepted(&["0"])),
    ("replication", "", Refused("Decant needs an ordinary connection")),
    ("keepalives", "", Accepted(&["1"])),
    ("keepalives_idle", "", Refused(KEEPALIVES)),
    ("keepalives_interval", "", Refused(KEEPALIVES)),
    ("keepalives_count", "", Refused(KEEPALIVES)),
    ("tcp_user_timeout", "", Refused(KEEPALIVES)),
];

/// Advice in the error about a value that is not accepted, for parameters that need more than the accepted values.
const ADVICE: &[(&str, &str)] = &[
    (
        "channel_binding",
        "; Decant cannot bind the channel: write sslmode=verify-full with sslrootcert, which stops a server in the middle, \
         too",
    ),
    (
        "target_session_attrs",
        "; Decant does not choose among servers: name the one to use",
    ),
    (
        "gssencmode",
        "; Decant does not encrypt with Kerberos: use sslmode",
    ),
];

const SSL_MODES: &[&str] = &[
    "disable",
    "allow",
    "prefer",
    "require",
    "verify-ca",
    "verify-full",
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

    /// Returns how long a connection may take to open; `None` if the address has no limit.
    pub fn connect_timeout(&self) -> Option<Duration> {
        self.connect_timeout
    }

    /// Returns the address of another database on the same server.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        Self {
            options: self.options.clone().database(name),
            variables: self.variables.clone(),
            connect_timeout: self.connect_timeout,
        }
    }

    /// Returns the address of this database for another role. Without a password, the server must trust that role.
    #[must_use]
    pub fn with_role(&self, name: &str, password: Option<&SecretString>) -> Self {
        let mut options = self.options.clone().username(name);
        let mut variables = self.variables.clone();
        variables.retain(|(variable, _)| *variable != "PGPASSWORD");
        if let Some(password) = password {
            options = options.password(password.expose_secret());
            variables.push(("PGPASSWORD", password.clone()));
        }
        Self {
            options,
            variables,
            connect_timeout: self.connect_timeout,
        }
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
        let variables = self.variables.iter();
        plain
            .into_iter()
            .chain(variables.map(|(name, value)| (*name, SecretString::from(value.expose_secret()))))
    }

    /// Returns the variables of libpq that would lead a program to another server than our own connections. The
    /// environment of Decant may contain them, and libpq prefers some of them, such as `PGHOSTADDR`, to `PGHOST`.
    pub fn foreign_variables() -> impl Iterator<Item = &'static str> {
        let without_driver = PARAMETERS
            .iter()
            .filter(|(_, variable, rule)| !variable.is_empty() && !matches!(rule, Driver));
        without_driver
            .map(|(_, variable, _)| *variable)
            .chain(["PGSERVICEFILE", "PGOPTIONS"])
    }
}

impl From<PgConnectOptions> for Dsn {
    /// Makes the address of a database that requires no password.
    fn from(options: PgConnectOptions) -> Self {
        Self {
            options,
            variables: Vec::new(),
            connect_timeout: None,
        }
    }
}

impl FromStr for Dsn {
    type Err = DsnError;

    fn from_str(text: &str) -> Result<Self, DsnError> {
        check_environment()?;
        let prefix = "postgres:///?";
        let mut for_driver = form_urlencoded::Serializer::for_suffix(prefix.to_owned(), prefix.len());
        let mut variables = Vec::new();
        let mut connect_timeout = None;
        for (name, value) in parameters(text.trim())? {
            // An empty value is the default.
            if value.is_empty() {
                continue;
            }
            let (_, variable, rule) = PARAMETERS
                .iter()
                .find(|(known, ..)| *known == name)
                .ok_or_else(|| unknown(text, &name))?;
            check(&name, &value, rule)?;
            if matches!(rule, Driver) {
                for_driver.append_pair(&name, &value);
            }
            if name == "connect_timeout" {
                let seconds: u64 = value
                    .parse()
                    .map_err(|_| DsnError("has a connect_timeout that is no number of seconds".to_owned()))?;
                // As in libpq, zero is no limit.
                connect_timeout = (seconds > 0).then(|| Duration::from_secs(seconds));
            }
            if !variable.is_empty() {
                variables.push((*variable, SecretString::from(value)));
            }
        }
        let for_driver = for_driver.finish();
        let options: PgConnectOptions = for_driver
            .parse()
            // The parser's messages quote a part of the address.
            .map_err(|_| DsnError("is not a PostgreSQL address".to_owned()))?;
        Ok(Self {
            // A pooler refuses parameters of the start that it does not know. Sessions set it themselves where it matters.
            options: options.extra_float_digits(None::<i8>),
            variables,
            connect_timeout,
        })
    }
}

/// Checks the variables of libpq in Decant's own environment, which `psql` would follow.
fn check_environment() -> Result<(), DsnError> {
    for (name, variable, rule) in PARAMETERS {
        let value = std::env::var(variable).unwrap_or_default();
        if !matches!(rule, Driver) && !value.is_empty() && check(name, &value, rule).is_err() {
            return Err(DsnError(format!(
                "cannot be used together with the environment variable {variable}, which Decant cannot follow; unset it"
            )));
        }
    }
    Ok(())
}

/// Splits an address into its parameters, as `conninfo_uri_parse_options` of libpq does. User, password, host, port and
/// database before the `?` are parameters, too.
fn parameters(text: &str) -> Result<Vec<(String, String)>, DsnError> {
    let rest = text
        .strip_prefix("postgres://")
        .or_else(|| text.strip_prefix("postgresql://"))
        .ok_or_else(|| DsnError("must begin with postgres:// or postgresql://".to_owned()))?;
    let mut found = Vec::new();
    let mut add = |name: &str, value: &str| -> Result<(), DsnError> {
        found.push((name.to_owned(), decode(value)?));
        Ok(())
    };
    let rest = match rest.find(['@', '/']) {
        Some(end) if rest[end..].starts_with('@') => {
            let (user, password) = rest[..end].split_once(':').unwrap_or((&rest[..end], ""));
            add("user", user)?;
            add("password", password)?;
            &rest[end + 1..]
        }
        _ => rest,
    };
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (server, database) = before.split_once('/').unwrap_or((before, ""));
    let (host, port) = match server.strip_prefix('[') {
        Some(address) => {
            let (address, port) = address
                .split_once(']')
                .ok_or_else(|| DsnError("has a `[` without a `]` around an IPv6 address".to_owned()))?;
            (address, port.strip_prefix(':').unwrap_or(port))
        }
        None => server.split_once(':').unwrap_or((server, "")),
    };
    add("host", host)?;
    add("port", port)?;
    add("dbname", database)?;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair
            .split_once('=')
            .filter(|(_, value)| !value.contains('='))
            .ok_or_else(|| {
                DsnError(
                    "has a parameter that is not of the form name=value; within a value, write `=` as %3D and `&` as %26"
                        .to_owned(),
                )
            })?;
        match (name, value) {
            // libpq accepts this parameter of JDBC.
            ("ssl", "true") => add("sslmode", "require")?,
            _ => add(name, value)?,
        }
    }
    Ok(found)
}

/// Decodes `%40`. Unlike in a form, `+` is itself.
fn decode(text: &str) -> Result<String, DsnError> {
    percent_decode_str(text)
        .decode_utf8()
        .ok()
        .filter(|text| !text.contains('\0'))
        .map(|text| text.into_owned())
        .ok_or_else(|| DsnError("has a percent-encoded byte that is not UTF-8".to_owned()))
}

/// Checks the value of a known parameter.
fn check(name: &str, value: &str, rule: &Rule) -> Result<(), DsnError> {
    let refused = |text: &str| Err(DsnError(text.to_owned()));
    match rule {
        Accepted(values) if !values.contains(&"*") && !values.contains(&value) => {
            let values = values.join(", ");
            let advice = ADVICE.iter().find(|(known, _)| *known == name);
            let advice = advice.map_or("", |(_, advice)| *advice);
            Err(DsnError(format!(
                "has a value of {name} that Decant cannot follow (accepted: {values}){advice}"
            )))
        }
        Accepted(_) => Ok(()),
        Refused(advice) => Err(DsnError(format!(
            "has the parameter {name}, which Decant cannot follow: {advice}"
        ))),
        Driver => match name {
            "host" if value.contains(',') => {
                refused("has several hosts; Decant's locks need one server, so name the one to use")
            }
            "port" if value.parse::<u16>().is_err() => refused(
                "has a port that is no number; in a user's name or a password, `:` is written %3A, `/` %2F and `@` %40",
            ),
            "sslmode" if !SSL_MODES.contains(&value) => Err(DsnError(format!(
                "has an unknown sslmode; it is one of {}",
                SSL_MODES.join(", ")
            ))),
            "sslrootcert" if value == "system" => refused(
                "has sslrootcert=system, which Decant cannot follow; name the file of the certificates, for example \
                 /etc/ssl/certs/ca-certificates.crt",
            ),
            _ => Ok(()),
        },
    }
}

/// The error about a parameter that libpq does not have. It contains the name, unless that may be a part of a password.
fn unknown(address: &str, name: &str) -> DsnError {
    let is_plain = name.len() <= 32
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || b"_-".contains(&byte));
    let query_has_at = address
        .split_once('?')
        .is_some_and(|(_, query)| query.contains('@'));
    DsnError(match is_plain && !query_has_at {
        true => format!(
            "has the parameter {name}, which PostgreSQL does not know; leave it out, or correct its name"
        ),
        false => {
            "has a parameter that PostgreSQL does not know; in a password, `?` is written %3F and `&` %26"
                .to_owned()
        }
    })
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
    fn addresses_are_split_as_libpq_splits_them() {
        for (dsn, host, user, database) in [
            ("postgres://u@/hub?host=/run/pg", "/run/pg", "u", "hub"),
            ("postgresql://u:p+q@%2Frun%2Fpg/a%2Fb", "/run/pg", "u", "a/b"),
            ("postgres://u@[::1]:5433/hub", "::1", "u", "hub"),
            ("postgres://u@db?dbname=hub&ssl=true", "db", "u", "hub"),
            ("postgres://db/hub?user=u+v", "db", "u+v", "hub"),
            ("postgres://u@db", "db", "u", "u"),
        ] {
            let parsed: Dsn = dsn.parse().unwrap();
            let parts = (parsed.host(), parsed.options().get_username().to_owned());
            assert_eq!(parts, (host.to_owned(), user.to_owned()), "{dsn}");
            assert_eq!(parsed.database(), database, "{dsn}");
        }
        assert!(environment("postgres://u:p+q@h/d").contains(&"PGPASSWORD=p+q".to_owned()));
        let ssl: Dsn = "postgres://h/d?ssl=true".parse().unwrap();
        assert!(matches!(ssl.options().get_ssl_mode(), PgSslMode::Require));
    }

    #[test]
    fn what_the_driver_cannot_do_is_refused_by_name() {
        for (parameter, named) in [
            ("service=hub", "service"),
            ("channel_binding=require", "channel_binding"),
            ("requirepeer=postgres", "requirepeer"),
            ("target_session_attrs=standby", "target_session_attrs"),
            ("sslmod=verify-full", "sslmod"),
            ("sslmode=verify_full", "sslmode"),
            ("ssl-mode=require", "ssl-mode"),
            ("sslrootcert=system", "sslrootcert"),
            ("hostaddr=127.0.0.1", "hostaddr"),
            ("host=a,b", "hosts"),
            ("sslcrl=/crl", "sslcrl"),
            ("gssencmode=require", "gssencmode"),
            ("pgbouncer=true", "pgbouncer"),
        ] {
            let refused = format!("postgres://u@h/d?{parameter}").parse::<Dsn>();
            let DsnError(why) = refused.expect_err(parameter);
            assert!(why.contains(named), "{parameter}: {why}");
        }
        for parameter in [
            "channel_binding=prefer",
            "connect_timeout=5",
            "application_name=x",
            "password=",
        ] {
            format!("postgres://u@h/d?{parameter}").parse::<Dsn>().unwrap();
        }
    }

    #[test]
    fn errors_show_no_part_of_a_password() {
        for dsn in [
            "postgres://u:hunter2/tiger@h/d",
            "postgres://u:p@h/d?password=a&tiger=b@c",
            "http://u:hunter2@h",
        ] {
            let DsnError(why) = dsn.parse::<Dsn>().expect_err(dsn);
            assert!(!why.contains("tiger") && !why.contains("hunter2"), "{dsn}: {why}");
        }
    }

    #[test]
    fn a_password_is_not_shown_by_debug() {
        let dsn: Dsn = "postgres://u:hunter2@db/x".parse().unwrap();
        assert!(!format!("{dsn:?} {:?}", dsn.variables).contains("hunter2"));
    }
}
