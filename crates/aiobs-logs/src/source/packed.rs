//! Compressed logs: which compression a file has (by its first bytes, whatever its name) and its text from the beginning.
//!
//! Offsets are of the text. Used by the fingerprints and by the open files of the tails; it knows no names and no lines.

use std::{
    borrow::Borrow,
    fmt,
    fs::File,
    io::{self, BufReader, Read},
    os::unix::fs::FileExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Most memory that unpacking one file may ask for, KiB: what `xz -9` needs, and some more.
const XZ_MEMORY: u32 = 128 * 1024;
/// Bytes read from the file at once.
const CHUNK: usize = 64 * 1024;
/// Bytes of text asked for at once.
const PIECE: usize = 4 * 1024;
/// Ends of the names of compressed files.
const ENDINGS: [&str; 4] = [".gz", ".zst", ".bz2", ".xz"];

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Zstd,
    Bzip2,
    Xz,
}

impl Packing {
    /// By the first bytes of the file; ten are enough.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        /// What follows the four bytes of the head: a block, or the end of an empty one.
        const BZIP2: [[u8; 6]; 2] = [[0x31, 0x41, 0x59, 0x26, 0x53, 0x59], [0x17, 0x72, 0x45, 0x38, 0x50, 0x90]];
        match head {
            [0x1F, 0x8B, 8, ..] => Some(Self::Gzip),
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Some(Self::Zstd),
            [0xFD, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..] if BZIP2.iter().any(|b| rest.starts_with(b)) => {
                Some(Self::Bzip2)
            }
            _ => None,
        }
    }
}

/// The name without the ending of a compressed file; `None` when it has none.
pub(super) fn bare_name(name: &str) -> Option<&str> {
    ENDINGS.iter().find_map(|end| name.strip_suffix(end)).filter(|bare| !bare.is_empty())
}

/// Whether the name says that the file is compressed.
pub(super) fn by_name(path: &Path) -> bool {
    path.file_name().is_some_and(|name| bare_name(&name.to_string_lossy()).is_some())
}

/// Reads a file by offset, so that the file may be read otherwise meanwhile.
struct Feed<F> {
    file: F,
    at: u64,
    taken: Arc<AtomicU64>,
}

impl<F: Borrow<File>> Read for Feed<F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let got = self.file.borrow().read_at(buf, self.at)?;
        self.at += got as u64;
        self.taken.store(self.at, Ordering::Relaxed);
        Ok(got)
    }
}

fn decoder<'a, F: Borrow<File> + Send + 'a>(feed: Feed<F>, packing: Packing) -> io::Result<Box<dyn Read + Send + 'a>> {
    let input = BufReader::with_capacity(CHUNK, feed);
    Ok(match packing {
        Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(input)),
        Packing::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(input)?),
        Packing::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(input)),
        Packing::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(input, true, XZ_MEMORY)),
    })
}

/// The text of a compressed file, from its beginning.
pub(super) struct Unpacker {
    decoder: Box<dyn Read + Send>,
    taken: Arc<AtomicU64>,
    offset: u64,
    /// Told once what came before it has been handed out.
    error: Option<io::Error>,
}

impl fmt::Debug for Unpacker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unpacker").field("offset", &self.offset).finish_non_exhaustive()
    }
}

impl Unpacker {
    pub(super) fn new(file: Arc<File>, packing: Packing) -> io::Result<Self> {
        let taken = Arc::new(AtomicU64::new(0));
        let decoder = decoder(Feed { file, at: 0, taken: Arc::clone(&taken) }, packing)?;
        Ok(Self { decoder, taken, offset: 0, error: None })
    }

    /// The next bytes of text, 0 at a proper end. `UnexpectedEof` when the file ends in the middle, any other error when
    /// it is damaged.
    pub(super) fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut got = 0;
        while got < buf.len() && self.error.is_none() {
            // A decoder that fails forgets what it had of this call: ask for little at a time.
            let end = buf.len().min(got + PIECE);
            match self.decoder.read(&mut buf[got..end]) {
                Ok(0) => break,
                Ok(n) => got += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => self.error = Some(e),
            }
        }
        self.offset += got as u64;
        match &self.error {
            Some(e) if got == 0 => Err(io::Error::new(e.kind(), e.to_string())),
            _ => Ok(got),
        }
    }

    /// Offset of the text that comes next.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Size of the whole text as far as it can be told: what is read so far, with the rest of the file in proportion.
    pub(super) fn estimate(&self, file_size: u64) -> u64 {
        let taken = self.taken.load(Ordering::Relaxed).min(file_size);
        if taken == 0 {
            return file_size;
        }
        (u128::from(self.offset) * u128::from(file_size) / u128::from(taken)) as u64
    }
}

/// Fills `buf` with the beginning of the text as far as there is any. Tells how much that is, and whether the file ends
/// in the middle of it.
pub(super) fn head(file: &File, packing: Packing, buf: &mut [u8]) -> (usize, bool) {
    let Ok(mut input) = decoder(Feed { file, at: 0, taken: Arc::default() }, packing) else { return (0, false) };
    let mut got = 0;
    while got < buf.len() {
        let end = buf.len().min(got + 64);
        match input.read(&mut buf[got..end]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return (got, e.kind() == io::ErrorKind::UnexpectedEof),
        }
    }
    (got, false)
}
