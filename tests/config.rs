//! Configuration as a user meets it: each bad file in `tests/invalid_configs` is told with exactly the text beside
//! it, and good ones are layered as documented. A line `# env: NAME=VALUE`, `# set: KEY=VALUE` or `# file: NAME` in a
//! bad file adds a variable, a flag, or names another file. With `UPDATE_EXPECTED=1` in the environment the
//! texts are written anew, to be read before they are committed.
#![allow(clippy::unwrap_used)]

use aiobs::config::{self, Config, Load, MistakeKind, Mistakes, Names, Origin};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn names(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

fn load_with(file: Option<&Path>, env: &[(&str, &str)], set: &[&str]) -> Result<Config, Mistakes> {
    let (themes, keymaps, formats) =
        (names(&["dark", "light"]), names(&["default", "emacs"]), names(&["json", "logfmt", "plain"]));
    config::load(&Load {
        file: file.map(Path::to_owned),
        default_file: None,
        env: env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        set: names(set),
        names: Names { themes: &themes, keymaps: &keymaps, formats: &formats },
    })
}

fn directives<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let prefix = format!("# {name}: ");
    text.lines().filter_map(|l| l.strip_prefix(prefix.as_str())).collect()
}

fn bad_files() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/invalid_configs");
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "toml"));
    files.sort();
    files
}

fn mistakes_of(path: &Path) -> Mistakes {
    let text = std::fs::read_to_string(path).unwrap();
    let env: Vec<_> = directives(&text, "env").into_iter().map(|l| l.split_once('=').unwrap()).collect();
    let other = directives(&text, "file").first().map(|name| path.with_file_name(name));
    let loaded = load_with(Some(other.as_deref().unwrap_or(path)), &env, &directives(&text, "set"));
    loaded.expect_err(&format!("{} was taken", path.display()))
}

#[test]
fn every_bad_file_is_told_exactly() {
    let mut wrong = String::new();
    for path in bad_files() {
        let dir = format!("{}/", path.parent().unwrap().display());
        let told = format!("{}\n", mistakes_of(&path).to_string().replace(&dir, ""));
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            std::fs::write(path.with_extension("txt"), &told).unwrap();
        }
        let expected = std::fs::read_to_string(path.with_extension("txt")).unwrap_or_default();
        if told != expected {
            wrong.extend([format!("--- {}\nexpected:\n{expected}told:\n{told}\n", path.display())]);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_kind_of_mistake_has_a_bad_file() {
    let seen: HashSet<MistakeKind> = bad_files().iter().flat_map(|p| mistakes_of(p).0).map(|m| m.kind).collect();
    let missing: Vec<_> = MistakeKind::ALL.into_iter().filter(|k| !seen.contains(k)).collect();
    assert!(missing.is_empty(), "no bad file for {missing:?}");
}

#[test]
fn defaults_load_and_are_sane() {
    let config = config::defaults().unwrap();
    assert_eq!(config.archive.retention_days, 30);
    assert_eq!(config.archive.max_size, 10 << 30);
    assert_eq!(config.chain.total_timeout, Duration::from_mins(5));
    assert!(config.effective.iter().all(|e| e.origin == Origin::Default));
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    std::fs::write(&file, "[model]\nname = \"from-file\"\nnum_ctx = 4096\n[ui]\nfps = 30\n").unwrap();
    let env = [("AIOBS_MODEL_NAME", "from-env"), ("AIOBS_MODEL_NUM_CTX", "2048"), ("AIOBS_CONFIG", "ignored here")];
    let config = load_with(Some(&file), &env, &["model.name=from-flag", "sources.paths=a.log, b.log"]).unwrap();
    assert_eq!(config.model.name, "from-flag");
    assert_eq!(config.model.num_ctx, 2048);
    assert_eq!(config.ui.fps, 30);
    assert_eq!(config.sources.paths, ["a.log", "b.log"]);
    let shown = config::show(&config);
    assert!(shown.contains("environment variable AIOBS_MODEL_NUM_CTX"), "{shown}");
    assert!(shown.contains("config.toml:5:7"), "{shown}");
}

#[test]
fn the_data_directory_has_a_variable_named_as_its_flag() {
    for env in
        [&[("AIOBS_DATA_DIR", "/srv/a")][..], &[("AIOBS_ARCHIVE_DATA_DIR", "/srv/a"), ("AIOBS_DATA_DIR", "/srv/a")]]
    {
        let config = load_with(None, env, &[]).unwrap();
        assert_eq!(config.archive.data_dir, Path::new("/srv/a"));
        assert!(config::show(&config).contains("# environment variable AIOBS_"));
    }
    assert!(config::reference().contains("`AIOBS_ARCHIVE_DATA_DIR`, `AIOBS_DATA_DIR`"));
}

#[test]
fn own_formats_and_patterns_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    let text = "[[formats]]\nname = \"shop\"\npattern = '(?<message>.*)'\nlevels = { SEVERE = \"err\" }\n\
                [sources]\nformats = { \"*.log\" = \"shop\" }\n\
                [[detect.patterns]]\nname = \"disk\"\nregex = \"full\"\n";
    std::fs::write(&file, text).unwrap();
    let config = load_with(Some(&file), &[("AIOBS_SOURCES_FORMATS", "{ \"x\" = \"shop\" }")], &[]).unwrap();
    assert_eq!(config.formats[0]["levels"]["SEVERE"].as_str(), Some("error"));
    assert_eq!(config.sources.formats["x"], "shop");
    assert_eq!(config.detect.patterns[0].level, aiobs_types::Level::Error);
    assert_eq!(config.detect.patterns[0].title, None);
}

#[test]
fn the_file_that_init_writes_is_valid_with_everything_switched_on() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    let is_code = |l: &str| {
        l.starts_with("# [[")
            || l.strip_prefix("# ").is_some_and(|l| l.contains(" = ") && l.as_bytes()[0].is_ascii_lowercase())
    };
    let on: Vec<String> =
        config::init_text().lines().map(|l| if is_code(l) { l[2..].to_owned() } else { l.to_owned() }).collect();
    std::fs::write(&file, on.join("\n")).unwrap();
    let config = load_with(Some(&file), &[], &[]).unwrap_or_else(|m| panic!("{m}"));
    assert_eq!((config.formats.len(), config.detect.patterns.len()), (1, 1));
    let as_shipped = dir.path().join("shipped.toml");
    std::fs::write(&as_shipped, config::init_text()).unwrap();
    let shipped = load_with(Some(&as_shipped), &[], &[]).unwrap();
    assert_eq!(shipped, Config { dir: shipped.dir.clone(), ..config::defaults().unwrap() });
}

#[test]
fn a_missing_default_file_is_no_mistake() {
    let load = Load { default_file: Some("/nowhere/config.toml".into()), ..Load::default() };
    assert_eq!(config::check(&load).unwrap(), "ok: no file, defaults only (0 keys set)\n");
}

#[test]
fn every_key_has_its_own_variable_and_section() {
    let mut seen = HashSet::new();
    for key in config::KEYS {
        assert!(config::find_section(key.section()).is_some(), "{} is in no section", key.path);
        assert!(seen.insert(key.env()), "{} shares its variable", key.path);
        assert!(key.doc.ends_with('.'), "{} is not explained in a sentence", key.path);
    }
}

#[test]
fn what_lies_beside_the_named_file_is_used_and_told() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("themes")).unwrap();
    std::fs::write(dir.path().join("themes/mine.toml"), "inherits = \"dark\"\n").unwrap();
    let file = dir.path().join("site.toml");
    std::fs::write(&file, "[ui]\ntheme = \"mine\"\n[archive]\ndata_dir = \"/srv/logs\"\n").unwrap();
    let run = |action: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_aiobs"));
        command.args(["config", action, "--config"]).arg(&file).env_remove("AIOBS_DATA_DIR");
        let out = command.output().unwrap();
        String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
    };
    assert!(run("check").starts_with("ok: "), "{}", run("check"));
    let paths = run("path");
    let themes = format!("themes    {}/themes\n", dir.path().display());
    assert!(paths.contains(&themes) && paths.contains("data      /srv/logs\n"), "{paths}");
}
