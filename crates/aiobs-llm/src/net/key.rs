//! The key of a model server: where it is kept, and how it is held while a request is made. It is read anew for each
//! request (keys are rotated), never printed, and never part of an error.

use crate::LlmError;
use std::fmt;
use std::path::PathBuf;

/// Longest key file that is read, bytes.
const LONGEST: u64 = 64 << 10;

/// Where a key is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeySource {
    /// The server wants none.
    #[default]
    None,
    /// In the environment variable of this name.
    Env(String),
    /// In the first line of this file.
    File(PathBuf),
}

/// A key. Its text shows up in no output of the program.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(...)")
    }
}

impl Secret {
    /// For a header, and for taking it out of what a server says.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl KeySource {
    /// The key as it is now.
    pub(crate) fn read(&self) -> Result<Option<Secret>, LlmError> {
        let missing = |reason: String| LlmError::NoKey { reason };
        let text = match self {
            Self::None => return Ok(None),
            Self::Env(name) => match std::env::var(name) {
                Ok(text) => text,
                Err(std::env::VarError::NotPresent) => {
                    return Err(missing(format!("the environment variable {name} is not set; export the key in it")));
                }
                Err(std::env::VarError::NotUnicode(_)) => {
                    return Err(missing(format!("the environment variable {name} holds no text")));
                }
            },
            Self::File(path) => {
                let told =
                    |e: &dyn fmt::Display| missing(format!("the key file {} cannot be read: {e}", path.display()));
                let size = std::fs::metadata(path).map_err(|e| told(&e))?.len();
                if size > LONGEST {
                    return Err(missing(format!("the key file {} holds more than a key", path.display())));
                }
                let text = std::fs::read_to_string(path).map_err(|e| told(&e))?;
                text.lines().next().unwrap_or_default().to_owned()
            }
        };
        let text = text.trim();
        let place = || match self {
            Self::File(path) => format!("the key file {}", path.display()),
            Self::Env(name) => format!("the environment variable {name}"),
            Self::None => String::new(),
        };
        if text.is_empty() {
            return Err(missing(format!("{} is empty", place())));
        }
        if text.contains(|c: char| c.is_control() || !c.is_ascii()) {
            return Err(missing(format!("{} holds characters that no key has", place())));
        }
        Ok(Some(Secret(text.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_key_is_read_and_not_shown() {
        let dir = std::env::temp_dir().join(format!("aiobs-key-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let file = dir.join("key");
        std::fs::write(&file, "sk-very-secret\n").unwrap();
        let secret = KeySource::File(file.clone()).read().unwrap().unwrap();
        assert_eq!(secret.expose(), "sk-very-secret");
        assert_eq!(format!("{secret:?}"), "Secret(...)");
        for (bytes, told) in [(&b"\n\n"[..], "is empty"), (b"sk\xc3\xbc", "no key has"), (b"a\x1b[0m", "no key has")] {
            std::fs::write(&file, bytes).unwrap();
            let error = KeySource::File(file.clone()).read().unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
        std::fs::remove_dir_all(&dir).unwrap();
        let error = KeySource::File(file).read().unwrap_err().to_string();
        assert!(error.contains("cannot be read"), "{error}");
        let error = KeySource::Env("AIOBS_TEST_NO_SUCH_KEY".into()).read().unwrap_err();
        assert_eq!(error.kind(), "no_key");
        assert!(error.to_string().contains("AIOBS_TEST_NO_SUCH_KEY is not set"), "{error}");
    }
}
