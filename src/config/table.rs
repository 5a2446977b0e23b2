//! The one table of configuration: every section and key with its type, default, unit and meaning. The checker, the
//! text of `config init`, the reference in `docs/`, the environment names and the "did you mean" hints are derived
//! from it. It knows nothing of the engine or the screen.

mod alerts;

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number within limits, both included.
    Int(i64, i64),
    /// Any text.
    Text,
    /// A path; `~/` is the home directory, relative paths are relative to the working directory.
    Path,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A severity level.
    Level,
    /// A length of time such as `500ms`, `30s`, `5m`, `2h`, `30d`; kept as milliseconds.
    Duration,
    /// A size such as `500MB` or `10GiB`; kept as bytes.
    Size,
    /// An `http` or `https` address.
    Url,
    /// An `http` or `https` address without user and password, or empty.
    Endpoint,
    /// The name of an environment variable, or empty.
    Variable,
    /// Hours of the week such as `mon-fri 08:00-18:00`, or empty.
    Hours,
    /// `local`, `utc`, an IANA name or a fixed offset such as `+02:00`.
    Zone,
    /// A regular expression in the syntax of the `regex` crate.
    Regex,
    /// A file glob.
    Glob,
    /// The name of a theme, shipped or the user's own.
    Theme,
    /// The name of a keymap, shipped or the user's own.
    Keymap,
    /// The name of a log format, shipped or declared in `[[formats]]`.
    Format,
    /// A list of texts.
    Texts,
    /// A list of file globs.
    Globs,
    /// A list of regular expressions.
    Regexes,
    /// A list of some of these words.
    Choices(&'static [&'static str]),
    /// A table from file glob to format name.
    FormatMap,
    /// A table from the word a log uses to the severity level it means.
    LevelMap,
}

/// What holds when a key is not set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Default {
    /// This value, written as in the file.
    Is(&'static str),
    /// Nothing; the key may be left out.
    Unset,
    /// The key must be there.
    Required,
}

/// One section of the file.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Name, dotted when it lies in another.
    pub name: &'static str,
    /// Whether it is written `[[name]]`, any number of times.
    pub repeated: bool,
    /// What it is for, one sentence.
    pub doc: &'static str,
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Section, a dot, and the name.
    pub path: &'static str,
    /// What its value may be.
    pub kind: Kind,
    /// What holds when it is not set.
    pub default: Default,
    /// Unit of a bare number, or empty.
    pub unit: &'static str,
    /// What it does, one sentence.
    pub doc: &'static str,
}

impl Key {
    /// The section it belongs to.
    pub fn section(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(s, _)| s)
    }

    /// The name without the section.
    pub fn name(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, n)| n)
    }

    /// Its environment variable: `AIOBS_`, the section and the key in capitals.
    pub fn env(&self) -> String {
        format!("AIOBS_{}", self.path.replace('.', "_").to_ascii_uppercase())
    }

    /// The second, short variable of a key that has a flag of its own, named as the flag.
    pub fn short_env(&self) -> Option<&'static str> {
        SHORT_VARIABLES.iter().find(|(_, path)| *path == self.path).map(|(name, _)| *name)
    }
}

const fn section(name: &'static str, doc: &'static str) -> Section {
    Section { name, repeated: false, doc }
}

const fn repeated(name: &'static str, doc: &'static str) -> Section {
    Section { name, repeated: true, doc }
}

const fn key(path: &'static str, kind: Kind, default: &'static str, unit: &'static str, doc: &'static str) -> Key {
    Key { path, kind, default: Default::Is(default), unit, doc }
}

const fn required(path: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { path, kind, default: Default::Required, unit: "", doc }
}

const fn optional(path: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { path, kind, default: Default::Unset, unit: "", doc }
}

/// Variables named as a flag, and the key each stands for: `AIOBS_DATA_DIR` is what `--data-dir` suggests.
pub(crate) const SHORT_VARIABLES: [(&str, &str); 1] = [("AIOBS_DATA_DIR", "archive.data_dir")];

/// The detectors that can be switched off.
pub(crate) const DETECTORS: &[&str] = &["severity", "pattern", "new_template"];
/// The panes the screen can start with.
pub(crate) const PANES: &[&str] = &["overview", "logs", "incidents", "charts", "topology", "chat"];

/// Every section, in the order of the file.
pub const SECTIONS: &[Section] = &[
    section("sources", "What is read when no path is given on the command line, and how."),
    repeated("formats", "Log formats of your own, as regular expressions with named groups."),
    section("detect", "What counts as an anomaly, and how long an incident lives."),
    repeated("detect.patterns", "Error patterns of your own, beside the built-in ones."),
    section("model", "The language model. Without one, playbooks answer."),
    section("chain", "How long the stages of a diagnosis may take."),
    section("archive", "Where records are kept, and for how long."),
    section(
        "remotes.otlp",
        "An OpenTelemetry collector that is sent the spans of diagnoses and chat: times, tokens, cost and outcome, \
         never text of logs, prompts or answers.",
    ),
    section("ui", "The screen."),
    section("alerts", "Who is told of incidents (docs/alerts.md). Without a rule nobody is."),
    repeated(
        "alerts.rules",
        "Which incidents are told, to whom and when; the first rule that tells one on a channel keeps it there.",
    ),
    section("alerts.smtp", "Mail."),
    section("alerts.slack", "An incoming webhook of Slack; its address is a secret."),
    section("alerts.mattermost", "An incoming webhook of Mattermost; its address is a secret."),
    section("alerts.teams", "A workflow of Teams that posts what its webhook gets; its address is a secret."),
    section("alerts.pagerduty", "PagerDuty's Events API v2."),
    section("alerts.webhook", "A web address of your own that is sent JSON, signed."),
    section("alerts.desktop", "The terminal that shows the screen."),
];

/// Every key, grouped by section in the order of [`SECTIONS`].
pub const KEYS: &[Key] = &joined::<{ GENERAL.len() + alerts::KEYS.len() }>(GENERAL, alerts::KEYS);

/// One list of two.
const fn joined<const N: usize>(first: &[Key], second: &[Key]) -> [Key; N] {
    let mut all = [first[0]; N];
    let mut n = 1;
    while n < N {
        all[n] = if n < first.len() { first[n] } else { second[n - first.len()] };
        n += 1;
    }
    all
}

const GENERAL: &[Key] = &[
    key(
        "sources.paths",
        Kind::Texts,
        "[]",
        "",
        "Files, directories, globs, journald:, docker:NAME, k8s:NAMESPACE/POD and cmd:COMMAND to watch.",
    ),
    key(
        "sources.exclude",
        Kind::Globs,
        "[]",
        "",
        "Files and directories under those paths that are left out, as globs: of the whole path, or of the name when there is no slash.",
    ),
    key(
        "sources.formats",
        Kind::FormatMap,
        "{}",
        "",
        "Format forced for files that match a glob, such as { \"/var/log/shop/*.log\" = \"json\" }; others are detected.",
    ),
    key(
        "sources.time_zone",
        Kind::Zone,
        "\"local\"",
        "",
        "Zone of times that name none: local, utc, an IANA name or an offset.",
    ),
    key(
        "sources.poll",
        Kind::Duration,
        "\"250ms\"",
        "ms",
        "How often a file is looked at where the system sends no change notices (network file systems).",
    ),
    key(
        "sources.lookback",
        Kind::Duration,
        "\"24h\"",
        "ms",
        "How far back the first reading of the journal, of containers and pods goes; 0s is everything there is.",
    ),
    required("formats.name", Kind::Text, "Name to refer to it by."),
    required(
        "formats.pattern",
        Kind::Regex,
        "Expression with named groups: time, level, component, message; every other group becomes a field.",
    ),
    optional(
        "formats.time_format",
        Kind::Text,
        "Layout of the time group in strptime notation; detected when left out.",
    ),
    optional("formats.zone", Kind::Zone, "Zone of times that name none."),
    optional("formats.levels", Kind::LevelMap, "What the log's own level words mean, such as { SEVERE = \"error\" }."),
    key("detect.min_level", Kind::Level, "\"error\"", "", "Records from this level on are anomalies by themselves."),
    key("detect.exclusions", Kind::Regexes, "[]", "", "Records that match one of these are never anomalies."),
    key("detect.disabled", Kind::Choices(DETECTORS), "[]", "", "Detectors that are switched off."),
    key(
        "detect.quiet_minutes",
        Kind::Int(1, 100_000),
        "30",
        "minutes",
        "An open incident that does not strike for this long is resolved.",
    ),
    required("detect.patterns.name", Kind::Text, "Name, unique among your patterns."),
    required("detect.patterns.regex", Kind::Regex, "What to look for in the text of a record."),
    key("detect.patterns.level", Kind::Level, "\"error\"", "", "How bad a match is: warn, error or fatal."),
    optional("detect.patterns.title", Kind::Text, "Few words for the list of incidents; the name when left out."),
    key("model.enabled", Kind::Bool, "true", "", "Whether a model is asked at all."),
    key("model.provider", Kind::Choice(&["ollama"]), "\"ollama\"", "", "Who serves the model."),
    key("model.url", Kind::Url, "\"http://127.0.0.1:11434\"", "", "Address of the provider."),
    key("model.name", Kind::Text, "\"\"", "", "Model to use; empty takes the first fitting one that is installed."),
    key("model.num_ctx", Kind::Int(1024, 1_048_576), "8192", "tokens", "Context window asked for."),
    key(
        "model.connect_timeout",
        Kind::Duration,
        "\"3s\"",
        "ms",
        "How long to wait for the provider to accept a connection.",
    ),
    key("chain.context_timeout", Kind::Duration, "\"30s\"", "ms", "Limit of the Context stage."),
    key("chain.diagnosis_timeout", Kind::Duration, "\"60s\"", "ms", "Limit of the Diagnosis stage."),
    key("chain.fixer_timeout", Kind::Duration, "\"90s\"", "ms", "Limit of the Fixer stage."),
    key("chain.reporter_timeout", Kind::Duration, "\"30s\"", "ms", "Limit of the Reporter stage."),
    key("chain.total_timeout", Kind::Duration, "\"300s\"", "ms", "Limit of a whole diagnosis."),
    key("chain.tries", Kind::Int(1, 10), "3", "", "Tries per model call before a playbook answers."),
    key("archive.data_dir", Kind::Path, "\"\"", "", "Data directory; empty is the platform's usual place."),
    key(
        "archive.retention_days",
        Kind::Int(0, 36_500),
        "30",
        "days",
        "Records older than this are dropped; 0 keeps them.",
    ),
    key(
        "archive.max_size",
        Kind::Size,
        "\"10GiB\"",
        "bytes",
        "The oldest records are dropped beyond this size; 0 is no limit.",
    ),
    key(
        "remotes.otlp.endpoint",
        Kind::Endpoint,
        "\"\"",
        "",
        "Address that /v1/traces is added to, such as http://127.0.0.1:4318; empty sends nothing, as does --offline.",
    ),
    key(
        "remotes.otlp.token_env",
        Kind::Variable,
        "\"\"",
        "",
        "Name of the environment variable that holds the bearer token; empty sends none.",
    ),
    key("ui.theme", Kind::Theme, "\"dark\"", "", "Theme: a shipped one, or a file in the themes directory."),
    key("ui.keymap", Kind::Keymap, "\"default\"", "", "Keymap: a shipped one, or a file in the keymaps directory."),
    key(
        "ui.ascii",
        Kind::Choice(&["auto", "always", "never"]),
        "\"auto\"",
        "",
        "Whether only ASCII is drawn; auto goes by the locale.",
    ),
    key(
        "ui.fps",
        Kind::Int(0, 120),
        "0",
        "frames per second",
        "Most frames drawn per second; 0 is 60 on this machine and 20 over SSH.",
    ),
    key(
        "ui.mouse",
        Kind::Bool,
        "false",
        "",
        "Whether the program takes the mouse: the wheel scrolls, a click selects, a second one opens, names in the header \
         are buttons (the terminal's own selection then needs Shift).",
    ),
    key(
        "ui.copy",
        Kind::Bool,
        "true",
        "",
        "Whether copying may set the terminal's clipboard (OSC 52), which works over SSH too.",
    ),
    key(
        "ui.highlight",
        Kind::Texts,
        "[]",
        "",
        "Words or /expressions/ that stand out in Logs, each with a role before it if it likes (error, warn, ok, match, \
         strong, accent): \"warn: retry\".",
    ),
    key(
        "ui.restore",
        Kind::Bool,
        "true",
        "",
        "Whether the screen opens as it was closed: the sources, when none is named here or on the command line; pane, \
         theme, the filter of Logs and the line it was paused at. A pane or theme set here wins; --fresh starts clean once.",
    ),
    key("ui.start_pane", Kind::Choice(PANES), "\"overview\"", "", "Pane shown first."),
];

/// The section of this name.
pub fn find_section(name: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|s| s.name == name)
}

/// The part before the dot, when there are sections within it but it is none itself, such as `remotes`.
pub(crate) fn group(name: &str) -> Option<&'static str> {
    let mut groups =
        SECTIONS.iter().filter(|s| !s.repeated).filter_map(|s| s.name.split_once('.')).map(|(group, _)| group);
    groups.find(|g| *g == name && find_section(g).is_none())
}

/// The key of this path.
pub fn find_key(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|k| k.path == path)
}

/// The keys of a section, in order.
pub fn keys_of(section: &str) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |k| k.section() == section)
}

/// Whether the key lies in a `[[...]]` section, and so can only be set in the file.
pub fn is_in_repeated(key: &Key) -> bool {
    find_section(key.section()).is_some_and(|s| s.repeated)
}
