//! Opening a data directory: permissions, the lock, a damaged database moved aside, migrations, and connections.

use crate::damage::Damage;
use crate::error::{Doing, Result, StoreError};
use crate::lock::Lock;
use crate::reader::Reader;
use crate::schema;
use crate::writer::Writer;
use aiobs_types::FieldReader;
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const FILE: &str = "aiobs.db";
/// Bytes per page: a chunk spans few of them, and a small commit still writes little.
const PAGE_SIZE: i64 = 8192;

/// What happened on the way to an open store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// A database that cannot be read was moved here and a fresh one begun.
    pub moved_aside: Option<PathBuf>,
    /// Why it was found damaged; `None` when it is sound and of an older version.
    pub damage: Option<String>,
    /// Whether there was nothing before.
    pub fresh: bool,
}

/// An open data directory. Connections are made from it; it holds the lock until it is dropped, so keep it as long
/// as its writer lives.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    lock: Option<Lock>,
    fields: Option<Arc<dyn FieldReader>>,
    damage: Damage,
}

impl Store {
    /// Opens for writing. Creates the directory (mode 0700) and the database (0600) when missing.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process writes it, [`StoreError::Newer`] when its schema is newer (it is
    /// left untouched), and faults of the disk. A database that is damaged or of a version too old to be read is no
    /// error: it is moved aside.
    pub fn open(dir: &Path) -> Result<(Self, OpenReport)> {
        make_dir(dir)?;
        let lock = Lock::take(dir)?;
        let path = dir.join(FILE);
        let mut report = OpenReport { fresh: !path.exists(), ..OpenReport::default() };
        match prepare(&path) {
            Err(StoreError::Corrupt { what, .. }) => {
                report.moved_aside = Some(move_aside(&path, "corrupt")?);
                report.damage = Some(what);
                prepare(&path)?;
            }
            Err(StoreError::Older { .. }) => {
                report.moved_aside = Some(move_aside(&path, "old")?);
                prepare(&path)?;
            }
            done => done?,
        }
        Ok((Self { dir: dir.to_owned(), lock: Some(lock), fields: None, damage: Damage::default() }, report))
    }

    /// Opens for reading only, also while another process writes.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no database, [`StoreError::Newer`], [`StoreError::Older`],
    /// [`StoreError::Corrupt`], and faults of the disk.
    pub fn open_read_only(dir: &Path) -> Result<Self> {
        let path = dir.join(FILE);
        if !path.exists() {
            return Err(StoreError::Missing { dir: dir.to_owned() });
        }
        let conn = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        match check(&conn, &path)? {
            // A version that only lacks tables is read as it is; the next program that writes adds them.
            schema::OLDEST.. => Ok(Self { dir: dir.to_owned(), lock: None, fields: None, damage: Damage::default() }),
            _ => Err(StoreError::Missing { dir: dir.to_owned() }),
        }
    }

    /// Whether this store may write.
    pub const fn is_writable(&self) -> bool {
        self.lock.is_some()
    }

    /// From here on readers find the fields that queries compare with this. Without it such queries are errors.
    pub fn set_fields(&mut self, reader: Arc<dyn FieldReader>) {
        self.fields = Some(reader);
    }

    /// A connection that can only read.
    pub(crate) fn read_only(&self) -> Result<Connection> {
        read_only(&self.path())
    }

    /// The database file.
    pub(crate) fn path(&self) -> PathBuf {
        self.dir.join(FILE)
    }

    /// From here on `tell` hears, in one sentence, what readers found damaged and left out, whenever it becomes more.
    pub fn on_damage(&self, tell: impl Fn(&str) + Send + Sync + 'static) {
        self.damage.listen(tell);
    }

    /// What readers find damaged.
    pub(crate) fn damage(&self) -> Damage {
        self.damage.clone()
    }

    /// What was set by [`Store::set_fields`].
    pub(crate) fn fields(&self) -> Option<Arc<dyn FieldReader>> {
        self.fields.clone()
    }

    /// The data directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The one writer. There must be at most one at a time: a second one waits for the first one's transactions and
    /// then fails, since both would number records.
    ///
    /// # Errors
    /// [`StoreError::Permission`] on a read-only store, and faults of the disk.
    pub fn writer(&self) -> Result<Writer> {
        if !self.is_writable() {
            return Err(StoreError::Permission {
                doing: "opening for writing",
                what: "this store was opened for reading only".to_owned(),
            });
        }
        Writer::new(connect(&self.dir.join(FILE), OpenFlags::SQLITE_OPEN_READ_WRITE)?)
    }

    /// A reader with its own connection.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn reader(&self) -> Result<Reader> {
        Ok(Reader::new(self.read_only()?, self.fields.clone(), self.damage()))
    }
}

fn make_dir(dir: &Path) -> Result<()> {
    const DOING: &str = "creating the data directory";
    if !dir.is_dir() {
        DirBuilder::new().recursive(true).mode(0o700).create(dir).doing(DOING)?;
    }
    let open = fs::metadata(dir).doing(DOING)?.permissions().mode() & 0o077 != 0;
    // Only what is ours is tightened: a directory with other things in it keeps its mode (the files are 0600 anyway).
    let ours = dir.join(FILE).exists() || fs::read_dir(dir).doing(DOING)?.next().is_none();
    if open
        && ours
        && let Err(e) = fs::set_permissions(dir, Permissions::from_mode(0o700))
    {
        tracing::warn!("{} can be listed by other users: {e}", dir.display());
    }
    Ok(())
}

/// Creates or checks the database and brings its schema up to date.
fn prepare(path: &Path) -> Result<()> {
    const DOING: &str = "opening the database";
    if !path.exists() {
        // Made by hand first, so that its mode (and that of -wal and -shm, which copy it) is right from the start.
        use std::os::unix::fs::OpenOptionsExt;
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).doing(DOING)?;
    }
    let mut conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    if check(&conn, path)? == 0 {
        conn.pragma_update(None, "page_size", PAGE_SIZE).doing(DOING)?;
        conn.pragma_update(None, "auto_vacuum", "INCREMENTAL").doing(DOING)?;
    }
    conn.pragma_update(None, "journal_mode", "WAL").doing(DOING)?;
    schema::migrate(&mut conn)
}

/// Reads header, schema and the edges of the archive; returns the schema version.
fn check(conn: &Connection, path: &Path) -> Result<i64> {
    const DOING: &str = "opening the database";
    let found = schema::version(conn).doing(DOING)?;
    if found > schema::VERSION {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: schema::VERSION });
    }
    if found != 0 && found < schema::OLDEST {
        return Err(StoreError::Older { path: path.to_owned(), found, oldest: schema::OLDEST });
    }
    let tables: Vec<String> = conn
        // A virtual table is looked at through the tables that hold it.
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND rootpage <> 0")
        .doing(DOING)?
        .query_map([], |r| r.get(0))
        .doing(DOING)?
        .collect::<rusqlite::Result<_>>()
        .doing(DOING)?;
    if found > 0 && !tables.iter().any(|t| t == "chunk") {
        return Err(StoreError::corrupt(DOING, "the archive's table is missing"));
    }
    for table in &tables {
        for order in ["ASC", "DESC"] {
            let sql = format!("SELECT * FROM \"{}\" ORDER BY 1 {order} LIMIT 1", table.replace('"', "\"\""));
            let mut statement = conn.prepare(&sql).doing(DOING)?;
            let mut rows = statement.query([]).doing(DOING)?;
            rows.next().doing(DOING)?;
        }
    }
    Ok(found)
}

/// A connection to a database file that can only read.
pub(crate) fn read_only(path: &Path) -> Result<Connection> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// A connection that writes, without the lock of who writes the archive; for what may be written beside it.
pub(crate) fn connect_to(dir: &Path) -> Result<Connection> {
    connect(&dir.join(FILE), OpenFlags::SQLITE_OPEN_READ_WRITE)
}

fn connect(path: &Path, mode: OpenFlags) -> Result<Connection> {
    const DOING: &str = "opening the database";
    let conn = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX).doing(DOING)?;
    conn.busy_timeout(Duration::from_secs(5)).doing(DOING)?;
    conn.pragma_update(None, "synchronous", "NORMAL").doing(DOING)?;
    conn.pragma_update(None, "cache_size", -4096).doing(DOING)?;
    conn.pragma_update(None, "temp_store", "MEMORY").doing(DOING)?;
    // After a burst the write-ahead log is cut back to this.
    conn.pragma_update(None, "journal_size_limit", 32 << 20).doing(DOING)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}

/// Moves a database out of the way, with what belongs to it; its name then says `why`.
fn move_aside(path: &Path, why: &str) -> Result<PathBuf> {
    const DOING: &str = "moving a database aside";
    let secs = aiobs_types::Timestamp::now().secs();
    let name = |n: u32| if n == 0 { format!("{FILE}.{why}-{secs}") } else { format!("{FILE}.{why}-{secs}-{n}") };
    let mut n = 0;
    while path.with_file_name(name(n)).exists() {
        n += 1;
    }
    let aside = path.with_file_name(name(n));
    fs::rename(path, &aside).doing(DOING)?;
    for tail in ["-wal", "-shm"] {
        let from = path.with_file_name(format!("{FILE}{tail}"));
        if from.exists() {
            fs::rename(&from, path.with_file_name(format!("{}{tail}", name(n)))).doing(DOING)?;
        }
    }
    Ok(aside)
}
