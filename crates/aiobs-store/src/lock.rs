//! One writer per data directory: an exclusive `flock` on a file that holds the writer's process id. The lock dies
//! with the process, so a killed program leaves nothing to clean up.

use crate::error::{Doing, Result, StoreError};
use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Held as long as the store is open.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    pub(crate) fn take(dir: &Path) -> Result<Self> {
        const DOING: &str = "locking the data directory";
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(dir.join("aiobs.lock"))
            .doing(DOING)?;
        if let Err(e) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
            if e != rustix::io::Errno::WOULDBLOCK {
                return Err(StoreError::io(DOING, &e.into()));
            }
            let mut pid = String::new();
            // Only for the message; the lock itself says enough.
            let _ = file.read_to_string(&mut pid);
            return Err(StoreError::InUse { pid: pid.trim().parse().ok(), dir: dir.to_owned() });
        }
        file.set_len(0).doing(DOING)?;
        file.rewind().doing(DOING)?;
        writeln!(file, "{}", std::process::id()).doing(DOING)?;
        Ok(Self { _file: file })
    }
}
