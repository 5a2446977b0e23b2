//! Names that the configuration may refer to: themes, keymaps and formats, shipped and the user's own. Collected
//! once, for checking and for shell completion.

use crate::config::Names;
use crate::tui;
use aiobs_logs::format::FormatSet;
use std::path::Path;
use std::sync::OnceLock;

struct All {
    themes: Vec<String>,
    keymaps: Vec<String>,
    formats: Vec<String>,
}

/// All names there are; `dir` is the configuration directory, which one process has one of.
pub fn names(dir: Option<&Path>) -> Names<'static> {
    static ALL: OnceLock<All> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let themes = tui::theme::Library::new(dir.map(|d| d.join("themes"))).names();
        let mut keymaps: Vec<String> = tui::keymap::names().into_iter().map(str::to_owned).collect();
        keymaps.extend(dir.map(|d| stems(&d.join("keymaps"))).unwrap_or_default());
        let formats = FormatSet::builtin().names().map(str::to_owned).collect();
        All { themes, keymaps, formats }
    });
    Names { themes: &all.themes, keymaps: &all.keymaps, formats: &all.formats }
}

/// Names of the TOML files in a directory, without their ending; nothing when it is not there.
fn stems(dir: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let files = entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "toml"));
    let mut names: Vec<String> = files.filter_map(|p| Some(p.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    names
}
