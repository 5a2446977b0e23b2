//! Where the program's own log goes: to standard error, and to a file in the data directory while the screen is up,
//! because a line written over the screen would garble it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The file is begun anew when it has grown beyond this, bytes.
const MAX_FILE: u64 = 4 << 20;

static FILE: Mutex<Option<File>> = Mutex::new(None);

/// Writes to the file if there is one, else to standard error.
pub(super) struct Talk;

/// For the subscriber.
pub(super) fn writer() -> Talk {
    Talk
}

impl Write for Talk {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match FILE.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(file) => file.write(buf),
            None => io::stderr().write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Turns the log to `aiobs.log` in `dir` until it is dropped.
pub(super) struct ToFile;

impl ToFile {
    pub(super) fn begin(dir: &Path) -> io::Result<Self> {
        let path = dir.join("aiobs.log");
        let large = std::fs::metadata(&path).is_ok_and(|m| m.len() > MAX_FILE);
        let file = OpenOptions::new().create(true).write(true).append(!large).truncate(large).open(path)?;
        *FILE.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
        Ok(Self)
    }
}

impl Drop for ToFile {
    fn drop(&mut self) {
        *FILE.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
