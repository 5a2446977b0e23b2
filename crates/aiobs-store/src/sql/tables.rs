//! The tables that SQL sees, each column declared once: the views over the database, the virtual table of records, the
//! messages with the nearest name, completion and `docs/sql.md` follow from here.

use std::fmt::Write as _;

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct SqlColumn {
    /// Its name.
    pub name: &'static str,
    /// `INTEGER`, `REAL`, `TEXT` or `JSON`.
    pub kind: &'static str,
    /// What it holds, in a few words.
    pub about: &'static str,
    /// The expression over the stored row; empty for `logs`.
    pub(super) from: &'static str,
}

/// A table.
#[derive(Clone, Copy, Debug)]
pub struct SqlTable {
    /// Its name.
    pub name: &'static str,
    /// What a row is.
    pub about: &'static str,
    /// Its columns.
    pub columns: &'static [SqlColumn],
    /// The stored table; empty for `logs`.
    pub(super) stored: &'static str,
}

const fn c(name: &'static str, kind: &'static str, about: &'static str, from: &'static str) -> SqlColumn {
    SqlColumn { name, kind, about, from }
}

const INT: &str = "INTEGER";
const REAL: &str = "REAL";
const TEXT: &str = "TEXT";
const JSON: &str = "JSON";

/// Name of the table of records.
pub(super) const LOGS: &str = "logs";

/// All tables. The columns of `logs` are in the order of [`super::logs::Column`].
pub const SQL_TABLES: &[SqlTable] = &[
    SqlTable {
        name: LOGS,
        about: "one row per record of the archive",
        stored: "",
        columns: &[
            c("id", INT, "number in the archive, in the order of arrival", ""),
            c("time", TEXT, "event time, RFC 3339 in UTC", ""),
            c("time_ns", INT, "event time in nanoseconds since 1970", ""),
            c("observed", TEXT, "when it was read, RFC 3339 in UTC", ""),
            c("severity", INT, "OpenTelemetry severity number, 0 to 24", ""),
            c("level", TEXT, "unset, trace, debug, info, warn, error or fatal", ""),
            c("source", TEXT, "name of the source", ""),
            c("component", TEXT, "logger, service or program; empty when unknown", ""),
            c("template", INT, "number of its template", ""),
            c("template_text", TEXT, "text of its template", ""),
            c("message", TEXT, "the text after time, level and component", ""),
            c("text", TEXT, "the whole text", ""),
            c("trace_id", TEXT, "its trace, when a field names one", ""),
            c("fields", JSON, "the named values in it: fields ->> 'status'", ""),
        ],
    },
    SqlTable {
        name: "templates",
        about: "one row per message template",
        stored: "template",
        columns: &[
            c("id", INT, "number", "id"),
            c("text", TEXT, "constant part, with placeholders", "text"),
            c("count", INT, "records so far", "count"),
            c("severity", INT, "worst severity", "severity"),
            c("level", TEXT, "worst level", "level(severity)"),
            c("first_seen", TEXT, "event time of the first record", "rfc3339(first_seen)"),
            c("first_seen_ns", INT, "the same in nanoseconds", "first_seen"),
            c("last_seen", TEXT, "event time of the last record", "rfc3339(last_seen)"),
            c("last_seen_ns", INT, "the same in nanoseconds", "last_seen"),
            c("example", INT, "id of a record", "example"),
            c("life", TEXT, "new, rising, surging, falling, vanished, periodic or steady; empty when unknown", "life"),
        ],
    },
    SqlTable {
        name: "incidents",
        about: "one row per incident",
        stored: "incident",
        columns: &[
            c("id", INT, "number", "id"),
            c("title", TEXT, "what is wrong", "body ->> 'title'"),
            c("state", TEXT, "open, acknowledged, resolved or muted", "state"),
            c("reason", TEXT, "why it was opened", "body ->> 'reason'"),
            c("severity", INT, "worst severity", "body ->> 'severity'"),
            c("level", TEXT, "worst level", "level(body ->> 'severity')"),
            c("criticality", INT, "1 to 5, by the diagnosis", "body ->> 'criticality'"),
            c("count", INT, "times it struck", "body ->> 'count'"),
            c("first_seen", TEXT, "when it began", "rfc3339(body ->> 'first_seen')"),
            c("first_seen_ns", INT, "the same in nanoseconds", "body ->> 'first_seen'"),
            c("last_seen", TEXT, "when it struck last", "rfc3339(last_seen)"),
            c("last_seen_ns", INT, "the same in nanoseconds", "last_seen"),
            c("caused_by", INT, "number of the incident that is its likeliest cause", "caused_by"),
            c("components", JSON, "components that it struck", "body -> 'components'"),
            c("template", INT, "template of its records", "body ->> 'template'"),
            c("evidence", JSON, "ids of records that prove it", "body -> 'evidence'"),
            c("timeline", JSON, "what happened to it", "body -> 'timeline'"),
        ],
    },
    SqlTable {
        name: "markers",
        about: "one row per change that the logs tell of: deployments, restarts, configuration changes, versions",
        stored: "marker",
        columns: &[
            c("time", TEXT, "when", "rfc3339(time)"),
            c("time_ns", INT, "the same in nanoseconds", "time"),
            c("kind", TEXT, "deploy, rollback, restart, config, version, scale, migration or failover", "kind"),
            c("text", TEXT, "few words", "text"),
            c("component", TEXT, "logger, service or program; empty when unknown", "component"),
            c("record", INT, "id of the record that tells of it", "record"),
        ],
    },
    SqlTable {
        name: "diagnoses",
        about: "one row per diagnosis; the newest of an incident has the highest id",
        stored: "diagnosis",
        columns: &[
            c("id", INT, "number", "id"),
            c("incident", INT, "the incident it is about", "incident"),
            c("created", TEXT, "when it was made", "rfc3339(created)"),
            c("created_ns", INT, "the same in nanoseconds", "created"),
            c("author", TEXT, "model, playbook or facts", "body ->> '$.author.kind'"),
            c(
                "author_name",
                TEXT,
                "which model or playbook",
                "coalesce(body ->> '$.author.model', body ->> '$.author.id')",
            ),
            c("title", TEXT, "the fault in a few words", "body ->> 'title'"),
            c("cause", TEXT, "why it happens", "body ->> 'cause'"),
            c("error_class", TEXT, "kind of error", "body ->> 'error_class'"),
            c("criticality", INT, "1 to 5", "body ->> 'criticality'"),
            c("confidence", TEXT, "low, medium or high", "body ->> 'confidence'"),
            c("summary", TEXT, "for people", "body ->> 'summary'"),
            c("claims", JSON, "what it says, and the records that each rests on", "body -> 'claims'"),
            c("fix", JSON, "what to do now and for good, commands, verification, way back", "body -> 'fix'"),
            c(
                "verdict",
                INT,
                "1 right, 0 not, as a person said of the incident",
                "(SELECT v.correct FROM verdict v WHERE v.incident = s.incident ORDER BY v.rowid DESC LIMIT 1)",
            ),
            c(
                "judgement",
                TEXT,
                "right, partly or wrong, as a person said of the incident",
                "(SELECT iif(v.judgement = '', iif(v.correct, 'right', 'wrong'), v.judgement) FROM verdict v \
                 WHERE v.incident = s.incident ORDER BY v.rowid DESC LIMIT 1)",
            ),
            c(
                "judgement_note",
                TEXT,
                "what that person wrote beside it",
                "(SELECT v.note FROM verdict v WHERE v.incident = s.incident ORDER BY v.rowid DESC LIMIT 1)",
            ),
        ],
    },
    SqlTable {
        name: "spans",
        about: "one row per step of the agent chain: runs, stages, model calls",
        stored: "span",
        columns: &[
            c("trace", TEXT, "the run, 32 hexadecimal digits", "lower(hex(trace))"),
            c("id", TEXT, "the step, 16 hexadecimal digits", "printf('%016x', id)"),
            c(
                "parent",
                TEXT,
                "the step around it",
                "CASE WHEN parent IS NULL THEN NULL ELSE printf('%016x', parent) END",
            ),
            c("name", TEXT, "what was done", "body ->> 'name'"),
            c("start", TEXT, "when it began", "rfc3339(start)"),
            c("start_ns", INT, "the same in nanoseconds", "start"),
            c("seconds", REAL, "how long it took; empty while it runs", "((body ->> 'end') - start) / 1e9"),
            c("status", TEXT, "unset, ok or error", "body ->> '$.status.code'"),
            c("error", TEXT, "what went wrong", "body ->> '$.status.message'"),
            c(
                "attributes",
                JSON,
                "named values, OpenTelemetry names: attributes ->> 'gen_ai.request.model'",
                "(SELECT json_group_object(value ->> 0, json(value -> 1)) FROM json_each(body, '$.attributes'))",
            ),
        ],
    },
    SqlTable {
        name: "audit",
        about: "one row per thing that left this machine: calls of models, and alerts",
        stored: "departure",
        columns: &[
            c("time", TEXT, "when it was sent", "rfc3339(time)"),
            c("time_ns", INT, "the same in nanoseconds", "time"),
            c("kind", TEXT, "model or alert", "kind"),
            c("place", TEXT, "where it went", "coalesce(body ->> 'endpoint', body ->> 'place')"),
            c("via", TEXT, "the model's provider, or the channel", "coalesce(body ->> 'provider', body ->> 'channel')"),
            c(
                "what",
                TEXT,
                "what a model was asked for, or what of an incident was told",
                "coalesce(body ->> 'stage', body ->> 'state')",
            ),
            c("incident", INT, "the incident that an alert is about", "incident"),
            c("rule", TEXT, "the rule that told it", "body ->> 'rule'"),
            c("bytes", INT, "bytes of a request to a model", "body ->> 'bytes'"),
            c(
                "outcome",
                TEXT,
                "ok, sent, or what went wrong; empty while it runs",
                "coalesce(body ->> 'outcome', body ->> '$.end.outcome')",
            ),
            c("note", TEXT, "why an alert failed, or went only partly well", "body ->> 'note'"),
            c("cost_usd", REAL, "US dollars, when the price is known", "body ->> '$.end.cost_usd'"),
        ],
    },
    SqlTable {
        name: "model_calls",
        about: "one row per call of a model that left this machine",
        stored: "departure",
        columns: &[
            c("time", TEXT, "when it was sent", "rfc3339(time)"),
            c("time_ns", INT, "the same in nanoseconds", "time"),
            c("provider", TEXT, "who serves the model", "body ->> 'provider'"),
            c("endpoint", TEXT, "where it went", "body ->> 'endpoint'"),
            c("model", TEXT, "model asked for", "body ->> 'model'"),
            c("stage", TEXT, "what it was for", "body ->> 'stage'"),
            c("bytes", INT, "bytes of the request", "body ->> 'bytes'"),
            c(
                "redacted",
                JSON,
                "what was hidden in it: kinds with how often",
                "(SELECT json_group_object(j.value ->> 0, j.value ->> 1) FROM json_each(body, '$.redacted') j)",
            ),
            c("outcome", TEXT, "ok, stopped or the kind of failure; empty while it runs", "body ->> '$.end.outcome'"),
            c("input_tokens", INT, "tokens read", "body ->> '$.end.input_tokens'"),
            c("output_tokens", INT, "tokens written", "body ->> '$.end.output_tokens'"),
            c("cost_usd", REAL, "US dollars, when the price is known", "body ->> '$.end.cost_usd'"),
        ],
    },
    SqlTable {
        name: "metrics",
        about: "one row per measured value",
        stored: "metric",
        columns: &[
            c("name", TEXT, "what was measured", "name"),
            c("time", TEXT, "when", "rfc3339(time)"),
            c("time_ns", INT, "the same in nanoseconds", "time"),
            c("value", REAL, "the value", "value"),
            c(
                "labels",
                JSON,
                "named values that tell series apart",
                "(SELECT json_group_object(j.value ->> 0, json(j.value -> 1)) FROM json_each(labels) j)",
            ),
        ],
    },
    SqlTable {
        name: "sources",
        about: "one row per source that was read",
        stored: "checkpoint",
        columns: &[
            c("id", INT, "number", "source"),
            c("name", TEXT, "its name, as in logs.source", "name"),
            c("format", TEXT, "format of its lines", "body ->> 'format'"),
            c("records", INT, "records read from its current file", "body ->> 'records'"),
            c("offset", INT, "bytes stored of its current file", "body ->> 'offset'"),
            c("last_time", TEXT, "event time of its last record", "rfc3339(body ->> 'last_time')"),
        ],
    },
];

/// Functions beside those of SQLite, with what each gives.
pub const SQL_FUNCTIONS: &[(&str, &str)] = &[
    ("bucket(time_ns, '1m')", "RFC 3339 time of the beginning of the minute; also '30s', '5m', '1h', '1d'"),
    ("since('1h')", "nanoseconds of a time as the filter language writes it: '1h', '14:30', 'yesterday 9am'"),
    ("rfc3339(ns)", "nanoseconds as readable time in UTC"),
    ("level(severity)", "the level's name of a severity number"),
    ("quantity('1.2s')", "a number with a unit as plain number: nanoseconds, bytes, percent, or as written"),
    ("text REGEXP 'a|b'", "whether an expression finds something in a text"),
];

/// Tables of which a view shows only some rows.
const ONLY: &[(&str, &str)] = &[("model_calls", "WHERE kind = 'model'")];

/// `CREATE TEMP VIEW` of each stored table.
pub(super) fn views() -> String {
    let mut sql = String::new();
    for table in SQL_TABLES.iter().filter(|t| !t.stored.is_empty()) {
        let columns: Vec<String> = table.columns.iter().map(|c| format!("{} AS \"{}\"", c.from, c.name)).collect();
        let columns = columns.join(", ");
        let only = ONLY.iter().find(|(name, _)| *name == table.name).map_or("", |(_, only)| only);
        let SqlTable { name, stored, .. } = table;
        let _ = writeln!(sql, "CREATE TEMP VIEW \"{name}\" AS SELECT {columns} FROM main.\"{stored}\" s {only};");
    }
    sql
}
