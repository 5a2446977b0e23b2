//! What can be wrong with a playbook file, told so that its author finds the place.

use thiserror::Error;

/// One mistake in one file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}{}: {message}", line.map_or_else(String::new, |n| format!(":{n}")))]
pub struct PlaybookError {
    /// Path or built-in name of the file.
    pub file: String,
    /// Line, from 1; `None` when it is about the whole file.
    pub line: Option<usize>,
    /// What is wrong, and the nearest right name where there is one.
    pub message: String,
}

impl PlaybookError {
    pub(super) fn whole(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, message: message.into() }
    }

    /// At the byte offset `at` of `text`.
    pub(super) fn at(file: &str, text: &str, at: usize, message: impl Into<String>) -> Self {
        let line = text.bytes().take(at).filter(|&b| b == b'\n').count() + 1;
        Self { file: file.to_owned(), line: Some(line), message: message.into() }
    }
}

/// `did you mean ...` for a name close to one of `known`, else the empty string.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(name, k), k))
        .min()
        .filter(|(distance, k)| *distance <= (k.len() / 3).max(1))
        .map_or_else(String::new, |(_, k)| format!("; did you mean `{k}`?"))
}
