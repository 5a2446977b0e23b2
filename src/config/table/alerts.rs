//! The keys of `[alerts]` and what is below it.

use super::{Default, Key, Kind};

/// Where alerts can go.
const CHANNELS: &[&str] = &["smtp", "slack", "mattermost", "teams", "pagerduty", "webhook", "desktop"];
/// What can be told of an incident.
const STATES: &[&str] = &["open", "diagnosed", "acknowledged", "resolved"];

const fn key(path: &'static str, kind: Kind, default: &'static str, unit: &'static str, doc: &'static str) -> Key {
    Key { path, kind, default: Default::Is(default), unit, doc }
}

const fn secret(path: &'static str, kind: Kind, doc: &'static str) -> Key {
    key(path, kind, "\"\"", "", doc)
}

const fn required(path: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { path, kind, default: Default::Required, unit: "", doc }
}

/// See the module.
pub(super) const KEYS: &[Key] = &[
    key("alerts.host", Kind::Text, "\"\"", "", "Name of this machine in alerts; empty is its own name."),
    key(
        "alerts.fresh",
        Kind::Duration,
        "\"1h\"",
        "ms",
        "An incident whose last strike is older than this when it is found is history: nobody is told.",
    ),
    key(
        "alerts.max_age",
        Kind::Duration,
        "\"24h\"",
        "ms",
        "An alert that could not be sent for this long is given up.",
    ),
    key(
        "alerts.quiet_hours",
        Kind::Hours,
        "\"\"",
        "",
        "Days and times, as in a rule, in which no rule begins to tell an incident and the screen announces none, unless it is fatal; empty is none.",
    ),
    key(
        "alerts.limit",
        Kind::Int(0, 10_000),
        "0",
        "per hour",
        "Most incidents that all rules together tell per hour, but for fatal ones; 0 is no limit.",
    ),
    key("alerts.timeout", Kind::Duration, "\"15s\"", "ms", "Longest wait for the answer of a receiver."),
    secret(
        "alerts.ca_file",
        Kind::Path,
        "File with certificates (PEM) that receivers may be signed by beside the usual ones; empty is none.",
    ),
    required("alerts.rules.name", Kind::Text, "Name, unique among the rules."),
    required("alerts.rules.channels", Kind::Choices(CHANNELS), "Channels that are told; each needs its section below."),
    key("alerts.rules.min_level", Kind::Level, "\"error\"", "", "Incidents from this level on."),
    key(
        "alerts.rules.min_criticality",
        Kind::Int(0, 5),
        "0",
        "",
        "Incidents that a diagnosis gave at least this criticality; 0 does not wait for a diagnosis.",
    ),
    key(
        "alerts.rules.states",
        Kind::Choices(STATES),
        "[\"open\", \"diagnosed\", \"resolved\"]",
        "",
        "What is told: that it is there, its diagnosis, that somebody took it, that it is over (to those who heard of it).",
    ),
    key(
        "alerts.rules.components",
        Kind::Globs,
        "[]",
        "",
        "Components, one of which must have reported it; empty is any.",
    ),
    key(
        "alerts.rules.hours",
        Kind::Hours,
        "\"\"",
        "",
        "Days and times, in the zone of sources.time_zone, such as mon-fri 08:00-18:00, sat 10:00-14:00; empty is always. An end is told at any time.",
    ),
    key(
        "alerts.rules.limit",
        Kind::Int(0, 10_000),
        "20",
        "per hour",
        "Most incidents told in an hour, but for fatal ones; the next alert says how many were held back. 0 is no limit.",
    ),
    key(
        "alerts.rules.group",
        Kind::Duration,
        "\"30s\"",
        "ms",
        "How long an alert waits for others to share its message; 0s sends each alone.",
    ),
    key("alerts.rules.resolve_message", Kind::Text, "\"\"", "", "Words added when an incident is over."),
    key("alerts.smtp.host", Kind::Text, "\"\"", "", "Name of the mail server; empty is off."),
    key("alerts.smtp.port", Kind::Int(0, 65_535), "0", "", "Its port; 0 is the usual one: 587, 465 or 25."),
    key(
        "alerts.smtp.security",
        Kind::Choice(&["starttls", "tls", "none"]),
        "\"starttls\"",
        "",
        "How the connection is protected; none only without a password, or on this machine.",
    ),
    key("alerts.smtp.user", Kind::Text, "\"\"", "", "Name to log in with; empty does not log in."),
    secret("alerts.smtp.password_env", Kind::Variable, "Name of the environment variable that holds the password."),
    secret("alerts.smtp.password_file", Kind::Path, "File that holds the password, instead."),
    key("alerts.smtp.from", Kind::Text, "\"\"", "", "Sender, such as aiobs <aiobs@example.com>."),
    key("alerts.smtp.to", Kind::Texts, "[]", "", "Receivers."),
    secret(
        "alerts.slack.url_env",
        Kind::Variable,
        "Name of the environment variable that holds the address of the webhook.",
    ),
    secret("alerts.slack.url_file", Kind::Path, "File that holds the address, instead."),
    secret(
        "alerts.mattermost.url_env",
        Kind::Variable,
        "Name of the environment variable that holds the address of the webhook.",
    ),
    secret("alerts.mattermost.url_file", Kind::Path, "File that holds the address, instead."),
    secret(
        "alerts.teams.url_env",
        Kind::Variable,
        "Name of the environment variable that holds the address of the webhook.",
    ),
    secret("alerts.teams.url_file", Kind::Path, "File that holds the address, instead."),
    key(
        "alerts.pagerduty.url",
        Kind::Endpoint,
        "\"https://events.pagerduty.com/v2/enqueue\"",
        "",
        "Address of the Events API; Europe's is https://events.eu.pagerduty.com/v2/enqueue.",
    ),
    secret("alerts.pagerduty.key_env", Kind::Variable, "Name of the environment variable that holds the routing key."),
    secret("alerts.pagerduty.key_file", Kind::Path, "File that holds the routing key, instead."),
    key("alerts.webhook.url", Kind::Endpoint, "\"\"", "", "Address that JSON is posted to; empty is off."),
    secret(
        "alerts.webhook.secret_env",
        Kind::Variable,
        "Name of the environment variable that holds the secret for the signature; none is unsigned.",
    ),
    secret("alerts.webhook.secret_file", Kind::Path, "File that holds the secret, instead."),
    key(
        "alerts.desktop.signal",
        Kind::Choice(&["bell", "osc9", "osc777"]),
        "\"bell\"",
        "",
        "What the terminal is given: the bell, or a desktop notification in the way of iTerm2 and kitty (osc9) or of urxvt and foot (osc777).",
    ),
];
