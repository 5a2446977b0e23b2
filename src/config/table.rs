//! The one table of configuration: every section and key with its type, default, unit and meaning. The checker, the
//! text of `config init`, the reference in `docs/`, the environment names and the "did you mean" hints are derived
//! from it. It knows nothing of the engine or the screen.

mod alerts;

pub use super::key::{Default, Key, Kind, Section};
use super::key::{key, optional, repeated, required, section};
use super::models::{PROVIDERS, STAGES};
use aiobs_logs::detect::DETECTORS;

/// What a marker tells of.
pub(crate) const MARKERS: &[&str] =
    &["deploy", "rollback", "restart", "config", "version", "scale", "migration", "failover", "job"];
/// The panes the screen can start with.
pub(crate) const PANES: &[&str] = &["overview", "logs", "incidents", "charts", "topology", "chat"];

const PROVIDER: &str = "Who serves the model; openai is every server that speaks OpenAI's interface.";
const URL: &str = "Address of the provider; empty is its usual one.";
const KEY_ENV: &str = "Name of the environment variable that holds the key; at openai's and anthropic's usual addresses \
                       OPENAI_API_KEY and ANTHROPIC_API_KEY when empty.";
const KEY_FILE: &str = "File whose first line is the key.";
const HEADERS: &str = "Headers that go with every request; a value env:NAME is taken from a variable.";
const ALLOW: &str = "Kinds of secrets and personal data that may leave this machine as they are; others are replaced.";

/// Every section, in the order of the file.
pub const SECTIONS: &[Section] = &[
    section("sources", "What is read when no path is given on the command line, and how."),
    repeated("formats", "Log formats of your own, as regular expressions with named groups."),
    section("detect", "What counts as an anomaly, and how long an incident lives."),
    repeated("detect.patterns", "Error patterns of your own, beside the built-in ones."),
    repeated("detect.thresholds", "Limits on numbers in the records, or on how many records come."),
    repeated("detect.markers", "Lines that tell of a change, beside the built-in ones; they stand on time axes."),
    section("model", "The language model. Without one, playbooks answer."),
    repeated(
        "models",
        "Other models, asked in the order of model.fallbacks when the one before does not answer (docs/models.md).",
    ),
    section("chain", "How long the stages of a diagnosis may take."),
    section("archive", "Where records are kept, and for how long."),
    section(
        "knowledge",
        "What is found by meaning: your runbooks beside incidents, diagnoses and fixes (docs/knowledge.md).",
    ),
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
    required("detect.thresholds.name", Kind::Text, "Name, unique among your limits: the title of its incidents."),
    required(
        "detect.thresholds.condition",
        Kind::Condition,
        "FIELD [min, max, median or p1 to p99.9] > NUMBER [for TIME], over a minute of event time, such as latency_ms p95 > 500 for 5m; \
         or records, warnings or errors per minute or hour, such as errors per minute > 10.",
    ),
    key("detect.thresholds.component", Kind::Text, "\"\"", "", "Only records of this component; empty for all."),
    key("detect.thresholds.level", Kind::Level, "\"error\"", "", "How bad it is: warn, error or fatal."),
    required(
        "detect.markers.name",
        Kind::Text,
        "Name, unique among your markers; that of a built-in one takes its place.",
    ),
    required(
        "detect.markers.regex",
        Kind::Regex,
        "What to look for in the message; the groups what and version name the thing.",
    ),
    key("detect.markers.kind", Kind::Choice(MARKERS), "\"deploy\"", "", "What it tells of."),
    key("model.enabled", Kind::Bool, "true", "", "Whether a model is asked at all."),
    key("model.provider", Kind::Choice(PROVIDERS), "\"ollama\"", "", PROVIDER),
    key("model.url", Kind::Endpoint, "\"\"", "", URL),
    key("model.name", Kind::Text, "\"\"", "", "Model to use; empty takes the first fitting one that the server has."),
    key("model.key_env", Kind::Variable, "\"\"", "", KEY_ENV),
    key("model.key_file", Kind::Path, "\"\"", "", KEY_FILE),
    key("model.headers", Kind::HeaderMap, "{}", "", HEADERS),
    key("model.allow", Kind::Choices(aiobs_llm::KINDS), "[]", "", ALLOW),
    key(
        "model.fallbacks",
        Kind::Texts,
        "[]",
        "",
        "Names of [[models]] to ask, in this order, when this model does not answer.",
    ),
    key("model.num_ctx", Kind::Int(1024, 1_048_576), "8192", "tokens", "Context window asked for."),
    key(
        "model.connect_timeout",
        Kind::Duration,
        "\"3s\"",
        "ms",
        "How long to wait for the provider to accept a connection.",
    ),
    key(
        "model.first_token_timeout",
        Kind::Duration,
        "\"60s\"",
        "ms",
        "How long to wait for the first piece of an answer; a large model may have to be loaded first.",
    ),
    key("model.answer_timeout", Kind::Duration, "\"180s\"", "ms", "How long a whole answer may take."),
    key(
        "model.daily_cents",
        Kind::Int(0, 10_000_000),
        "0",
        "US cents",
        "Most that models may cost a day, by the list of prices; then only local ones are asked. 0 is no limit.",
    ),
    key(
        "model.cache_ttl",
        Kind::Duration,
        "\"24h\"",
        "ms",
        "How long an answer is kept, so that the same question need not be asked again; 0s keeps none.",
    ),
    key(
        "model.cache_size",
        Kind::Size,
        "\"32MiB\"",
        "bytes",
        "Most answers kept in the archive; the least used go first.",
    ),
    required("models.name", Kind::Text, "Name to refer to it by, unique among your models."),
    key("models.provider", Kind::Choice(PROVIDERS), "\"ollama\"", "", PROVIDER),
    key("models.url", Kind::Endpoint, "\"\"", "", URL),
    key("models.model", Kind::Text, "\"\"", "", "Model to use; empty takes the first fitting one that the server has."),
    key("models.key_env", Kind::Variable, "\"\"", "", KEY_ENV),
    key("models.key_file", Kind::Path, "\"\"", "", KEY_FILE),
    key("models.headers", Kind::HeaderMap, "{}", "", HEADERS),
    key("models.allow", Kind::Choices(aiobs_llm::KINDS), "[]", "", ALLOW),
    key("models.stages", Kind::Choices(STAGES), "[]", "", "What it is asked for; empty is everything."),
    key("chain.context_timeout", Kind::Duration, "\"30s\"", "ms", "Limit of the Context stage."),
    key("chain.diagnosis_timeout", Kind::Duration, "\"60s\"", "ms", "Limit of the Diagnosis stage."),
    key("chain.fixer_timeout", Kind::Duration, "\"90s\"", "ms", "Limit of the Fixer stage."),
    key("chain.reporter_timeout", Kind::Duration, "\"30s\"", "ms", "Limit of the Reporter stage."),
    key("chain.total_timeout", Kind::Duration, "\"300s\"", "ms", "Limit of a whole diagnosis."),
    key("chain.tries", Kind::Int(1, 10), "3", "", "Tries per model call before a playbook answers."),
    key(
        "chain.tools",
        Kind::Choice(&["auto", "always", "never"]),
        "\"auto\"",
        "",
        "Whether a model may look things up by itself, read-only; auto when the provider says that it can.",
    ),
    key(
        "chain.read_dirs",
        Kind::Texts,
        "[]",
        "",
        "Directories whose text files (configuration, source) a diagnosis may quote; files that usually hold secrets are \
         left out.",
    ),
    key(
        "chain.runbooks",
        Kind::Texts,
        "[]",
        "",
        "Directories of runbooks in Markdown, beside `runbooks` in the directory of this file; notes on applications are \
         in `apps` there (orders.md about the component orders, all.md about all).",
    ),
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
        "knowledge.paths",
        Kind::Texts,
        "[]",
        "",
        "Files and folders with runbooks, post-mortems, decision records: Markdown and text. They are watched.",
    ),
    key(
        "knowledge.embedding_model",
        Kind::Text,
        "\"\"",
        "",
        "Embedding model, such as nomic-embed-text; empty compares texts by their words.",
    ),
    key(
        "knowledge.embedding_server",
        Kind::Text,
        "\"\"",
        "",
        "Whose server has it: the name of one of [[models]]; empty is the server of [model].",
    ),
    key(
        "knowledge.store",
        Kind::Choice(&["sqlite", "pgvector", "qdrant", "pinecone"]),
        "\"sqlite\"",
        "",
        "Where the vectors are kept: in the archive, in PostgreSQL (pgvector), or in a vector store. Texts stay in the \
         archive.",
    ),
    key(
        "knowledge.store_url",
        Kind::Store,
        "\"\"",
        "",
        "Address of the vector store, such as http://127.0.0.1:6333 or postgres://aiobs@db.example.com/aiobs; empty with \
         sqlite.",
    ),
    key(
        "knowledge.store_key_env",
        Kind::Variable,
        "\"\"",
        "",
        "Name of the environment variable that holds the key of the vector store (with pgvector the password).",
    ),
    key("knowledge.store_key_file", Kind::Path, "\"\"", "", "File that holds that key, instead."),
    key(
        "knowledge.collection",
        Kind::Text,
        "\"aiobs\"",
        "",
        "Beginning of the name of the collection (namespace, table); that of the model follows.",
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
