//! The configuration: one validated [`Config`] from the file, the environment and flags, in that order. Called by the
//! command line before anything starts, and again when the file changes. It must not know the engine's wiring or the
//! screen; names that live there (themes, keymaps, formats) are passed in.

mod alerts;
mod key;
mod knowledge;
mod layers;
mod mistake;
mod models;
mod paths;
mod show;
mod table;
mod value;

pub use alerts::{
    AlertRule, Alerts, ChatAlerts, DesktopAlerts, PagerDutyAlerts, Security, Signal, SmtpAlerts, WebhookAlerts,
};
pub use mistake::{Mistake, MistakeKind, Mistakes, Origin};
pub use models::{Model, OtherModel};
pub use paths::{Paths, expand_home};
pub use show::{check, init_text, reference, show, show_paths};
pub use table::{
    Default as KeyDefault, KEYS, Key, Kind, SECTIONS, Section, find_key, find_section, is_in_repeated, keys_of,
};
pub use value::Names;

use aiobs_types::Level;
use layers::Layers;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Everything that can be configured, checked.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What is read, and how.
    pub sources: Sources,
    /// The user's own log formats: name, pattern and optionally time_format, zone, levels; regexes are checked.
    pub formats: Vec<toml::Table>,
    /// What counts as an anomaly.
    pub detect: Detect,
    /// The language model.
    pub model: Model,
    /// Other models, asked when that one does not answer.
    pub models: Vec<OtherModel>,
    /// Limits of a diagnosis.
    pub chain: Chain,
    /// Where records are kept.
    pub archive: Archive,
    /// What is found by meaning.
    pub knowledge: Knowledge,
    /// Who else is sent something.
    pub remotes: Remotes,
    /// Who is told of incidents.
    pub alerts: Alerts,
    /// The screen.
    pub ui: Ui,
    /// Every key with its value as written and where it came from, for `config show`.
    #[serde(skip)]
    pub effective: Vec<Effective>,
    /// The directory of the configuration file, which also holds the user's themes, keymaps and playbooks; `None` when
    /// there is no home directory and no file was named.
    #[serde(skip)]
    pub dir: Option<PathBuf>,
}

/// One key in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Effective {
    /// Full name of the key.
    pub path: &'static str,
    /// Value in its plain form, as TOML.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

/// `[sources]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sources {
    /// Files, directories, globs.
    pub paths: Vec<String>,
    /// Globs that are left out.
    pub exclude: Vec<String>,
    /// Format forced per glob.
    pub formats: BTreeMap<String, String>,
    /// `local`, `utc`, an IANA name or an offset `+HH:MM`.
    pub time_zone: String,
    /// Polling interval where no change notices come.
    #[serde(deserialize_with = "millis")]
    pub poll: Duration,
    /// How far back the first reading of streams goes; zero is everything.
    #[serde(deserialize_with = "millis")]
    pub lookback: Duration,
}

/// `[detect]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detect {
    /// Records from this level on are anomalies.
    pub min_level: Level,
    /// Regexes of records that never are.
    pub exclusions: Vec<String>,
    /// Names of detectors switched off: `severity`, `pattern`, `new_template`, `rates`, `silence`.
    pub disabled: Vec<String>,
    /// Minutes of quiet after which an incident is resolved.
    pub quiet_minutes: u32,
    /// The user's own error patterns.
    pub patterns: Vec<Pattern>,
    /// The user's limits.
    pub thresholds: Vec<Threshold>,
    /// The user's own markers.
    pub markers: Vec<Marker>,
}

/// `[[detect.thresholds]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// Unique name.
    pub name: String,
    /// When it is broken, as written; checked.
    pub condition: String,
    /// Only records of this component; empty for all.
    pub component: String,
    /// How bad it is.
    pub level: Level,
}

/// `[[detect.markers]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marker {
    /// Unique name.
    pub name: String,
    /// What to look for.
    pub regex: String,
    /// What it tells of, in a word.
    pub kind: String,
}

/// `[[detect.patterns]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// Unique name.
    pub name: String,
    /// What to look for.
    pub regex: String,
    /// How bad a match is.
    pub level: Level,
    /// Words for the list of incidents.
    #[serde(default)]
    pub title: Option<String>,
}

/// `[chain]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// Limit of the Context stage.
    #[serde(deserialize_with = "millis")]
    pub context_timeout: Duration,
    /// Limit of the Diagnosis stage.
    #[serde(deserialize_with = "millis")]
    pub diagnosis_timeout: Duration,
    /// Limit of the Fixer stage.
    #[serde(deserialize_with = "millis")]
    pub fixer_timeout: Duration,
    /// Limit of the Reporter stage.
    #[serde(deserialize_with = "millis")]
    pub reporter_timeout: Duration,
    /// Limit of a whole run.
    #[serde(deserialize_with = "millis")]
    pub total_timeout: Duration,
    /// Tries per model call.
    pub tries: u32,
    /// `auto`, `always` or `never`.
    pub tools: String,
    /// Directories whose files the agents may read.
    pub read_dirs: Vec<String>,
    /// Directories of runbooks beside the one in the configuration's directory.
    pub runbooks: Vec<String>,
}

/// `[archive]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// Data directory; empty is the platform's. See [`Paths`].
    pub data_dir: PathBuf,
    /// Days to keep records, 0 for ever.
    pub retention_days: u32,
    /// Bytes to keep, 0 without limit.
    pub max_size: u64,
}

/// `[knowledge]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knowledge {
    /// Files and folders with texts written by people.
    pub paths: Vec<String>,
    /// Embedding model; empty is none.
    pub embedding_model: String,
    /// Name of the `[[models]]` whose server has it; empty is `[model]`.
    pub embedding_server: String,
    /// `sqlite`, `pgvector`, `qdrant` or `pinecone`.
    pub store: String,
    /// Address of the vector store; empty with `sqlite`.
    pub store_url: String,
    /// Environment variable with its key or password; empty is none.
    pub store_key_env: String,
    /// File with it, instead.
    pub store_key_file: PathBuf,
    /// Beginning of the name of the collection.
    pub collection: String,
}

/// `[remotes.*]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remotes {
    /// An OpenTelemetry collector.
    pub otlp: OtlpRemote,
}

/// `[remotes.otlp]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtlpRemote {
    /// Address; empty is off.
    pub endpoint: String,
    /// Environment variable with the bearer token; empty is none.
    pub token_env: String,
}

/// `[ui]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ui {
    /// Theme name.
    pub theme: String,
    /// Keymap name.
    pub keymap: String,
    /// Whether only ASCII is drawn.
    pub ascii: Ascii,
    /// Most frames per second, 0 by the kind of terminal.
    pub fps: u32,
    /// Whether the mouse is taken.
    pub mouse: bool,
    /// Whether copying may set the terminal's clipboard.
    pub copy: bool,
    /// Words that stand out in Logs.
    pub highlight: Vec<String>,
    /// Whether the screen opens as it was closed.
    pub restore: bool,
    /// Pane shown first: one of `overview`, `logs`, `incidents`, `charts`, `topology`, `chat`.
    pub start_pane: String,
}

/// Whether only ASCII is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ascii {
    /// By the locale.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

fn millis<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
    u64::deserialize(d).map(Duration::from_millis)
}

/// What to load from.
#[derive(Clone, Debug, Default)]
pub struct Load<'a> {
    /// The file named by `--config` or `AIOBS_CONFIG`; it must exist.
    pub file: Option<PathBuf>,
    /// The file in the platform's directory; it need not exist. Looked at when `file` is `None`.
    pub default_file: Option<PathBuf>,
    /// Environment variables; those that don't begin with `AIOBS_` are passed over.
    pub env: Vec<(String, String)>,
    /// `--set` flags as written: `KEY=VALUE`.
    pub set: Vec<String>,
    /// Names that may be referred to.
    pub names: Names<'a>,
}

impl<'a> Load<'a> {
    /// From the process's environment and the platform's directories.
    pub fn from_process(config: Option<PathBuf>, set: Vec<String>, names: Names<'a>) -> Self {
        let env: Vec<_> = std::env::vars_os()
            .filter_map(|(k, v)| Some((k.into_string().ok()?, v.to_string_lossy().into_owned())))
            .filter(|(k, _)| k.starts_with("AIOBS_"))
            .collect();
        let from_env = || env.iter().find(|(k, v)| k == "AIOBS_CONFIG" && !v.is_empty()).map(|(_, v)| v.into());
        let file = config.or_else(from_env);
        Self { file, default_file: Paths::platform_config_file(), env, set, names }
    }
}

impl Load<'_> {
    /// The directory of the file, or where it would be.
    pub fn dir(&self) -> Option<PathBuf> {
        let file = self.file.as_ref().or(self.default_file.as_ref())?;
        Some(Paths::dir_of(file).to_owned())
    }
}

/// Loads and checks everything.
///
/// # Errors
/// All mistakes at once.
pub fn load(load: &Load<'_>) -> Result<Config, Mistakes> {
    let mut layers = Layers::defaults();
    if let Some(path) = load.file.as_ref().or(load.default_file.as_ref()) {
        match std::fs::read(path) {
            Ok(bytes) => layers.file(&path.display().to_string(), &String::from_utf8_lossy(&bytes), load.names),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && load.file.is_none() => {}
            Err(e) => layers.mistakes.push(Mistake {
                origin: Origin::File { path: path.display().to_string(), line: 0, column: 0 },
                kind: MistakeKind::Unreadable,
                text: format!("can't be read: {}", reason(&e)),
                nearest: None,
            }),
        }
    }
    layers.environment(&load.env, load.names);
    layers.flags(&load.set, load.names);
    layers.check_models();
    layers.check_knowledge();
    Ok(Config { dir: load.dir(), ..finish(layers)? })
}

/// The built-in defaults.
///
/// # Errors
/// None in practice: a test loads them.
pub fn defaults() -> Result<Config, Mistakes> {
    finish(Layers::defaults())
}

fn reason(e: &std::io::Error) -> String {
    match e.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        std::io::ErrorKind::IsADirectory => "it is a directory".into(),
        _ => e.to_string(),
    }
}

fn finish(layers: Layers) -> Result<Config, Mistakes> {
    if !layers.mistakes.is_empty() {
        return Err(Mistakes(layers.mistakes));
    }
    let mut root = toml::Table::new();
    for (path, (value, _)) in &layers.values {
        insert(&mut root, path, value.clone());
    }
    for (section, rows) in layers.rows {
        insert(&mut root, section, rows.into());
    }
    let effective = KEYS.iter().filter_map(|k| {
        let (value, origin) = layers.values.get(k.path)?;
        Some(Effective { path: k.path, value: value.to_string(), origin: origin.clone() })
    });
    let effective = effective.collect();
    match Config::deserialize(root) {
        Ok(config) => Ok(Config { effective, ..config }),
        Err(e) => Err(Mistakes(vec![Mistake {
            origin: Origin::Default,
            kind: MistakeKind::WrongType,
            text: e.message().to_owned(),
            nearest: None,
        }])),
    }
}

fn insert(root: &mut toml::Table, path: &str, value: toml::Value) {
    match path.split_once('.') {
        None => {
            root.insert(path.to_owned(), value);
        }
        Some((section, rest)) => {
            let inner = root.entry(section).or_insert_with(|| toml::Table::new().into());
            if let toml::Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}
