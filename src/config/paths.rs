//! The directories the program uses: the platform's own (XDG on Linux), unless the configuration or a flag says
//! otherwise. Nothing is created here.

use directories::ProjectDirs;
use std::path::{Path, PathBuf};

/// Where things are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Holds `config.toml`, `themes/`, `keymaps/`, `playbooks/`.
    pub config_dir: PathBuf,
    /// The configuration file looked at.
    pub config_file: PathBuf,
    /// The archive and everything else that is stored.
    pub data_dir: PathBuf,
}

impl Paths {
    /// The platform's directories; `config` (from `--config`) moves the file and its directory, `data_dir` (from
    /// `--data-dir` or `archive.data_dir`) the data when it is not empty. `None` when there is no home directory and
    /// something is left unsaid.
    pub fn resolve(config: Option<&Path>, data_dir: Option<&Path>) -> Option<Self> {
        let dirs = project();
        let config_file = match config {
            Some(file) => file.to_owned(),
            None => Self::platform_config_file()?,
        };
        let config_dir = match config {
            Some(file) => Self::dir_of(file).to_owned(),
            None => dirs.as_ref()?.config_dir().to_owned(),
        };
        let data_dir = match data_dir.filter(|d| !d.as_os_str().is_empty()) {
            Some(dir) => expand_home(dir),
            None => dirs.as_ref()?.data_dir().to_owned(),
        };
        Some(Self { config_dir, config_file, data_dir })
    }

    /// The directory a configuration file lies in.
    pub(crate) fn dir_of(file: &Path) -> &Path {
        file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// `config.toml` in the platform's directory.
    pub fn platform_config_file() -> Option<PathBuf> {
        project().map(|d| d.config_dir().join("config.toml"))
    }

    /// The user's own themes.
    pub fn themes(&self) -> PathBuf {
        self.config_dir.join("themes")
    }

    /// The user's own keymaps.
    pub fn keymaps(&self) -> PathBuf {
        self.config_dir.join("keymaps")
    }

    /// The user's own prompts.
    pub fn prompts(&self) -> PathBuf {
        self.config_dir.join("prompts")
    }

    /// The user's own playbooks.
    pub fn playbooks(&self) -> PathBuf {
        self.config_dir.join("playbooks")
    }
}

fn project() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "aiobs")
}

/// `~` and `~/...` in the home directory; everything else as it is.
pub fn expand_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), directories::BaseDirs::new()) {
        (Ok(rest), Some(base)) => base.home_dir().join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Paths, expand_home};
    use std::path::{Path, PathBuf};

    #[test]
    fn flags_win_over_the_platform() {
        let paths = Paths::resolve(Some(Path::new("/etc/aiobs/site.toml")), Some(Path::new("/srv/aiobs")));
        let paths = paths.expect("both are said");
        assert_eq!(paths.config_file, PathBuf::from("/etc/aiobs/site.toml"));
        assert_eq!(paths.themes(), PathBuf::from("/etc/aiobs/themes"));
        assert_eq!(paths.data_dir, PathBuf::from("/srv/aiobs"));
        let here = Paths::resolve(Some(Path::new("site.toml")), Some(Path::new("/srv"))).expect("both are said");
        assert_eq!(here.config_dir, PathBuf::from("."));
    }

    #[test]
    fn home_is_expanded_only_at_the_start() {
        assert!(!expand_home(Path::new("~/logs")).starts_with("~"));
        assert_eq!(expand_home(Path::new("/a/~/b")), PathBuf::from("/a/~/b"));
    }
}
