//! Where a PostgreSQL is and how it is spoken to, read from an address such as
//! `postgres://aiobs@db.example.com:5432/aiobs?sslmode=require`. The password is not part of it. Used by the store and by
//! the check of the configuration; opens nothing.

use percent_encoding::percent_decode_str;
use reqwest::Url;
use std::path::PathBuf;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

const CONNECT: Duration = Duration::from_secs(5);
/// A connection that nobody answers on is given up after about this long.
const SILENCE: Duration = Duration::from_secs(30);
/// What may follow the `?`.
const KNOWN: &str = "sslmode, sslrootcert, host";

/// See the module.
pub(super) struct Address {
    /// For the client; with the password once it is set.
    pub(super) config: Config,
    /// Whether the connection is encrypted and the server's certificate checked.
    pub(super) encrypted: bool,
    /// Certificates that are trusted beside the public ones.
    pub(super) authorities: Option<PathBuf>,
    /// Whether it runs on this machine.
    pub(super) local: bool,
    /// For people: host and database.
    pub(super) place: String,
}

/// What follows the `?`.
#[derive(Default)]
struct Options {
    mode: Option<String>,
    authorities: Option<PathBuf>,
    /// Directory of the Unix socket, or a host.
    host: Option<String>,
}

impl Address {
    /// Reads it; the error says what is wrong, one line, and repeats no password.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text.trim()).map_err(|e| format!("no address such as {EXAMPLE}: {e}"))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(format!("an address of pgvector begins with postgres://, such as {EXAMPLE}"));
        }
        if url.password().is_some() {
            return Err("the password belongs in a variable or a file, not in the address".to_owned());
        }
        let options = options(&url)?;
        let host = options.host.unwrap_or(decoded(url.host_str().unwrap_or_default())?);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let host = if host.is_empty() { "localhost" } else { host };
        let database = decoded(url.path().trim_start_matches('/'))?;
        let socket = host.starts_with('/');
        let local = socket || matches!(host, "localhost" | "127.0.0.1" | "::1");
        let port = url.port().unwrap_or(5432);

        let mut config = Config::new();
        config.application_name("aiobs").connect_timeout(CONNECT).port(port);
        config.keepalives_idle(SILENCE).tcp_user_timeout(SILENCE);
        if socket {
            config.host_path(host);
        } else {
            config.host(host);
        }
        let user = decoded(url.username())?;
        if !user.is_empty() {
            config.user(&user);
        }
        if !database.is_empty() {
            config.dbname(&database);
        }
        let encrypted = encrypted(options.mode.as_deref(), options.authorities.is_some(), local)? && !socket;
        config.ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable });
        let at = if socket { host.to_owned() } else { format!("{host}:{port}") };
        let place = format!("pgvector {at}/{database}").trim_end_matches('/').to_owned();
        Ok(Self { config, encrypted, authorities: options.authorities, local, place })
    }
}

/// An address to show.
pub(super) const EXAMPLE: &str = "postgres://aiobs@db.example.com:5432/aiobs";

fn options(url: &Url) -> Result<Options, String> {
    let mut found = Options::default();
    for (name, value) in url.query_pairs() {
        let value = value.into_owned();
        match &*name {
            "sslmode" => found.mode = Some(value),
            "sslrootcert" => found.authorities = Some(PathBuf::from(value)),
            "host" => found.host = Some(value),
            "password" => return Err("the password belongs in a variable or a file, not in the address".to_owned()),
            other => return Err(format!("`{other}` is not known in an address of pgvector; known: {KNOWN}")),
        }
    }
    Ok(found)
}

/// Without a mode, what leaves this machine is encrypted; an encrypted connection is always checked.
fn encrypted(mode: Option<&str>, authorities: bool, local: bool) -> Result<bool, String> {
    match mode {
        None => Ok(!local || authorities),
        Some("disable") => Ok(false),
        Some("require" | "verify-full") => Ok(true),
        Some(other) => Err(format!(
            "sslmode={other} would leave open whether the connection is safe; \
             use require (encrypted, certificate checked) or disable"
        )),
    }
}

fn decoded(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| "the address is not UTF-8".to_owned())?;
    if decoded.contains('\0') {
        return Err("the address holds a zero character".to_owned());
    }
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use tokio_postgres::config::Host;

    #[test]
    fn an_address_is_read() {
        let a = Address::parse("postgres://me@db.example.com/logs").unwrap();
        assert_eq!(a.config.get_hosts(), [Host::Tcp("db.example.com".into())]);
        assert_eq!((a.config.get_user(), a.config.get_dbname()), (Some("me"), Some("logs")));
        assert_eq!(a.config.get_ports(), [5432]);
        assert_eq!((a.encrypted, a.local, &*a.place), (true, false, "pgvector db.example.com:5432/logs"));

        let a = Address::parse("postgresql://localhost:5433").unwrap();
        assert_eq!((a.encrypted, a.local, &*a.place), (false, true, "pgvector localhost:5433"));
        assert_eq!((a.config.get_user(), a.config.get_dbname()), (None, None));
        let a = Address::parse("postgres://[::1]/x").unwrap();
        assert_eq!((a.local, a.config.get_hosts()), (true, &[Host::Tcp("::1".into())][..]));
        let a = Address::parse("postgres://10.0.0.1/x?sslmode=disable").unwrap();
        assert_eq!((a.encrypted, a.local), (false, false));
        let a = Address::parse("postgres://localhost/x?sslrootcert=/etc/ca.pem").unwrap();
        assert_eq!((a.encrypted, a.authorities), (true, Some("/etc/ca.pem".into())));
    }

    #[test]
    fn a_socket_is_a_directory_in_either_place() {
        for text in ["postgres:///logs?host=/run/postgresql", "postgres://%2Frun%2Fpostgresql/logs?sslmode=require"] {
            let a = Address::parse(text).unwrap();
            assert_eq!(a.config.get_hosts(), [Host::Unix("/run/postgresql".into())]);
            assert_eq!((a.encrypted, a.local, &*a.place), (false, true, "pgvector /run/postgresql/logs"));
        }
    }

    #[test]
    fn what_makes_no_sense_is_told_without_the_password() {
        for (text, told) in [
            ("", "no address such as"),
            ("http://localhost:6333", "begins with postgres://"),
            ("postgres://me:s3cret@db/x", "belongs in a variable"),
            ("postgres://db/x?password=s3cret", "belongs in a variable"),
            ("postgres://db/x?sslmode=prefer", "use require"),
            ("postgres://db/x?target_session_attrs=any", "known: sslmode, sslrootcert, host"),
            ("postgres://db/%ff", "not UTF-8"),
        ] {
            let wrong = Address::parse(text).err().unwrap();
            assert!(wrong.contains(told) && !wrong.contains("s3cret"), "{text}: {wrong}");
        }
    }
}
