//! A real PostgreSQL of a test's own: started in a temporary directory, on a port of its own, gone when dropped. For tests
//! here and in dependents (feature `testkit`). Where the server or pgvector is not installed, tests say so and are skipped;
//! with `TEST_POSTGRES_BIN` (a directory with `initdb` and `postgres`) they must not be.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio_postgres::{Config, NoTls};

/// Where the binaries are said to be.
const VARIABLE: &str = "TEST_POSTGRES_BIN";
/// Longest wait for a server that starts.
const START: Duration = Duration::from_mins(1);
/// Times that a port is tried anew when somebody else took it.
const TRIES: u32 = 3;

/// A running server.
pub struct Postgresql {
    child: Child,
    home: PathBuf,
    /// Where it listens on the loopback.
    pub port: u16,
}

/// Whose files and processes it has: PostgreSQL does not run as root.
#[derive(Clone, Copy)]
struct Owner {
    user: u32,
    group: u32,
}

impl Postgresql {
    /// Starts one with pgvector; `None`, and a word on standard error, where there is none.
    ///
    /// # Panics
    /// When there should be one and it does not start.
    pub fn start() -> Option<Self> {
        let asked = std::env::var_os(VARIABLE).map(PathBuf::from);
        let Some(bin) = asked.clone().or_else(installed) else {
            eprintln!("skipped: no PostgreSQL with pgvector in /usr/lib/postgresql/*/bin, and no {VARIABLE}");
            return None;
        };
        for _ in 0..TRIES {
            match begin(&bin) {
                Ok(server) => return Some(server),
                Err(e) if e.contains("Address already in use") => {}
                Err(e) => panic!("PostgreSQL in {} does not start: {e}", bin.display()),
            }
        }
        panic!("PostgreSQL in {} finds no free port", bin.display());
    }

    /// The directory with its socket.
    pub fn socket(&self) -> &Path {
        &self.home
    }

    /// The address of a database, for a user.
    pub fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs statements as the superuser.
    ///
    /// # Errors
    /// What the server says.
    pub fn run(&self, database: &str, sql: &str) -> Result<(), String> {
        ask(&self.home, self.port, database, sql).map(drop)
    }

    /// The first column of the first row of the last statement, as text.
    ///
    /// # Errors
    /// What the server says, or that it says nothing.
    pub fn value(&self, database: &str, sql: &str) -> Result<String, String> {
        ask(&self.home, self.port, database, sql)?.ok_or_else(|| format!("no value: {sql}"))
    }
}

impl Drop for Postgresql {
    fn drop(&mut self) {
        // The children end with their parent's socket; nothing of the data is needed any more.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = Command::new("kill").arg("-QUIT").arg(self.child.id().to_string()).status();
            let _ = self.child.wait();
        }
        let _ = fs::remove_dir_all(&self.home);
    }
}

/// The newest installed one that has pgvector.
fn installed() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let versions = versions.filter_map(|e| e.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let has = |v: &u32| Path::new(&format!("/usr/share/postgresql/{v}/extension/vector.control")).exists();
    let newest = versions.filter(has).max()?;
    Some(PathBuf::from(format!("/usr/lib/postgresql/{newest}/bin")))
}

/// Somebody who is not root, when we are.
fn owner(of: &Path) -> Option<Owner> {
    if fs::metadata(of).ok()?.uid() != 0 {
        return None;
    }
    let known = fs::read_to_string("/etc/passwd").ok()?;
    let find = |name: &str| {
        let fields: Vec<&str> = known.lines().map(|l| l.split(':')).find(|l| l.clone().next() == Some(name))?.collect();
        Some(Owner { user: fields.get(2)?.parse().ok()?, group: fields.get(3)?.parse().ok()? })
    };
    find("postgres").or_else(|| find("nobody"))
}

fn command(program: &Path, owner: Option<Owner>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("LC_ALL", "C").env("TZ", "UTC").current_dir(home).stdin(Stdio::null());
    if let Some(owner) = owner {
        command.uid(owner.user).gid(owner.group);
    }
    command
}

fn begin(bin: &Path) -> Result<Postgresql, String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let said = |e: std::io::Error| e.to_string();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let home = std::env::temp_dir().join(format!("aiobs-pg-{}-{number}", std::process::id()));
    fs::create_dir(&home).map_err(said)?;
    let owner = owner(&home);
    owner.map_or(Ok(()), |o| chown(&home, Some(o.user), Some(o.group))).map_err(said)?;
    let data = home.join("data");
    let made = command(&bin.join("initdb"), owner, &home)
        .arg("-D")
        .arg(&data)
        .args(["-U", "postgres", "--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8", "--locale=C", "-N"])
        .output()
        .map_err(said)?;
    if !made.status.success() {
        let _ = fs::remove_dir_all(&home);
        return Err(String::from_utf8_lossy(&made.stderr).into_owned());
    }
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).map_err(said)?.port();
    let log = fs::File::create(home.join("log")).map_err(said)?;
    let mut server = command(&bin.join("postgres"), owner, &home);
    server.arg("-D").arg(&data).arg("-k").arg(&home).args(["-h", "127.0.0.1", "-p", &port.to_string()]);
    server.args(["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=32MB"]);
    let child = server.stdout(Stdio::null()).stderr(log).spawn().map_err(said)?;
    let mut server = Postgresql { child, home, port };
    let since = Instant::now();
    loop {
        let Err(mut reason) = server.run("postgres", "SELECT 1") else { return Ok(server) };
        if server.child.try_wait().map_err(said)?.is_some() || since.elapsed() > START {
            let log = fs::read_to_string(server.home.join("log")).unwrap_or_default();
            let _ = write!(reason, "\n{log}");
            return Err(reason);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Over the socket, where the superuser is trusted.
fn ask(socket: &Path, port: u16, database: &str, sql: &str) -> Result<Option<String>, String> {
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    rt.block_on(async {
        let said = |e: tokio_postgres::Error| e.as_db_error().map_or_else(|| e.to_string(), |d| d.message().to_owned());
        let mut config = Config::new();
        config.host_path(socket).port(port).user("postgres").dbname(database);
        let (client, connection) = config.connect(NoTls).await.map_err(said)?;
        tokio::spawn(connection);
        let mut last = None;
        for message in client.simple_query(sql).await.map_err(said)? {
            if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
                last = row.get(0).map(str::to_owned);
            }
        }
        Ok(last)
    })
}
