//! What the command line and the configuration decide about the screen.

use super::frame;
use super::model::StartHint;
use super::panes::{PaneId, ParseFilter, ReadFields, SuggestFilter};
use super::session::Session;
use super::theme::Depth;
use crate::config::Signal;
use aiobs_types::{LogQuery, SourceId, TextMatch};
use jiff::tz::TimeZone;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What the command line and the configuration decide about the screen.
#[derive(Clone)]
pub struct TuiOptions {
    /// Name of the theme.
    pub theme: String,
    /// Folder with the user's `NAME.toml` themes.
    pub theme_folder: Option<PathBuf>,
    /// Name of the preset of keys: `default`, `emacs`, `arrows`.
    pub keymap: String,
    /// The user's keymap file, which may not exist (yet).
    pub keymap_file: Option<PathBuf>,
    /// Colours of the terminal.
    pub depth: Depth,
    /// Use ASCII characters only.
    pub ascii: bool,
    /// Most frames per second.
    pub max_fps: u32,
    /// The pane to open with.
    pub start_pane: PaneId,
    /// The filter Logs opens with, in the filter language.
    pub filter: Option<String>,
    /// What comes back of the last time; its pane and theme stand above already.
    pub session: Option<Session>,
    /// Rules for words that always stand out in Logs.
    pub highlight: Vec<String>,
    /// How the terminal calls whoever is near when an alert comes.
    pub signal: Signal,
    /// Whether copying may use the terminal's clipboard (OSC 52).
    pub copy: bool,
    /// Whether the mouse is taken.
    pub mouse: bool,
    /// Set when a signal to leave came before the screen could hear it.
    pub interrupted: Arc<AtomicBool>,
    /// The zone times are written in.
    pub zone: TimeZone,
    /// The filter language.
    pub parse_filter: Arc<ParseFilter>,
    /// What may be typed next in it.
    pub suggest_filter: Arc<SuggestFilter>,
    /// The fields of a record.
    pub read_fields: Arc<ReadFields>,
    /// Names of tables, columns and functions that SQL has, with what they are.
    pub sql_words: Arc<[(String, String)]>,
    /// Where statements of SQL are kept for the next start.
    pub sql_history: Option<PathBuf>,
    /// Lines of the start page.
    pub start: Vec<StartHint>,
    /// What was asked to be watched, for the start page while nothing of it is there.
    pub watching: Vec<String>,
    /// The sources that come back at the next start when none is named.
    pub sources: Vec<String>,
}

impl TuiOptions {
    /// Defaults fitted to the terminal, from environment variables: colours, characters, speed of the line.
    pub fn from_env(var: impl Fn(&str) -> Option<String> + Copy) -> Self {
        Self {
            theme: "dark".into(),
            theme_folder: None,
            keymap: "default".into(),
            keymap_file: None,
            depth: Depth::detect(var),
            ascii: !shows_unicode(var),
            max_fps: frame::default_fps(var),
            start_pane: PaneId::default(),
            filter: None,
            session: None,
            highlight: Vec::new(),
            copy: true,
            signal: Signal::Bell,
            mouse: false,
            interrupted: Arc::default(),
            zone: TimeZone::system(),
            parse_filter: Arc::new(words_filter),
            suggest_filter: Arc::new(|_, _, _, _| Vec::new()),
            read_fields: Arc::new(|_, _| Vec::new()),
            sql_words: Arc::default(),
            sql_history: None,
            start: Vec::new(),
            watching: Vec::new(),
            sources: Vec::new(),
        }
    }
}

/// Whether the locale's character set is UTF-8. With no locale set at all, terminals of today are.
fn shows_unicode(var: impl Fn(&str) -> Option<String>) -> bool {
    if var("TERM").is_some_and(|t| t == "linux" || t == "dumb" || t.starts_with("vt")) {
        return false;
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|v| var(v).filter(|v| !v.is_empty()));
    locale.is_none_or(|l| {
        let l = l.to_ascii_lowercase();
        l.contains("utf-8") || l.contains("utf8")
    })
}

/// The simplest filter language: every word must occur in the text, `-word` must not.
#[expect(clippy::unnecessary_wraps, reason = "the shape of every filter language")]
fn words_filter(text: &str, _sources: &[(SourceId, String)]) -> Result<LogQuery, String> {
    let text = text
        .split_whitespace()
        .map(|w| {
            let (negate, pattern) = w.strip_prefix('-').filter(|p| !p.is_empty()).map_or((false, w), |p| (true, p));
            TextMatch { pattern: pattern.to_owned(), regex: false, case_sensitive: false, negate }
        })
        .collect();
    Ok(LogQuery { text, ..LogQuery::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_follow_the_locale() {
        let with = |name: &'static str, value: &'static str| move |v: &str| (v == name).then(|| value.to_owned());
        assert!(shows_unicode(|_: &str| None));
        assert!(shows_unicode(with("LANG", "en_US.UTF-8")));
        assert!(!shows_unicode(with("LC_ALL", "C")));
        assert!(!shows_unicode(with("LANG", "de_DE.ISO-8859-1")));
        assert!(!shows_unicode(with("TERM", "linux")));
    }
}
