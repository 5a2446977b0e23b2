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
    from: Value,
}

/// Where the value of a column comes from.
#[derive(Clone, Copy, Debug)]
enum Value {
    /// The column of that name of the stored row, or of the virtual table.
    Column,
    /// The member of that name of the row's body.
    Body,
    /// This expression over the stored row.
    Sql(&'static str),
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

const fn own(name: &'static str, kind: &'static str, about: &'static str) -> SqlColumn {
    SqlColumn { name, kind, about, from: Value::Column }
}

const fn body(name: &'static str, kind: &'static str, about: &'static str) -> SqlColumn {
    SqlColumn { name, kind, about, from: Value::Body }
}

const fn c(name: &'static str, kind: &'static str, about: &'static str, from: &'static str) -> SqlColumn {
    SqlColumn { name, kind, about, from: Value::Sql(from) }
}

const INT: &str = "INTEGER";
const REAL: &str = "REAL";
const TEXT: &str = "TEXT";
const JSON: &str = "JSON";

/// An expression over the newest verdict on the incident of a diagnosis.
macro_rules! verdict {
    ($what:literal) => {
        concat!("(SELECT ", $what, " FROM verdict v WHERE v.incident = s.incident ORDER BY v.rowid DESC LIMIT 1)")
    };
}

/// Name of the table of records.
pub(super) const LOGS: &str = "logs";

/// All tables. The columns of `logs` are in the order of [`super::logs::Column`].
pub const SQL_TABLES: &[SqlTable] = &[
    SqlTable {
        name: LOGS,
        about: "one row per record of the archive",
        stored: "",
        columns: &[
            own("id", INT, "number in the archive, in the order of arrival"),
            own("time", TEXT, "event time, RFC 3339 in UTC"),
            own("time_ns", INT, "event time in nanoseconds since 1970"),
            own("observed", TEXT, "when it was read, RFC 3339 in UTC"),
            own("severity", INT, "OpenTelemetry severity number, 0 to 24"),
            own("level", TEXT, "unset, trace, debug, info, warn, error or fatal"),
            own("source", TEXT, "name of the source"),
            own("component", TEXT, "logger, service or program; empty when unknown"),
            own("template", INT, "number of its template"),
            own("template_text", TEXT, "text of its template"),
            own("message", TEXT, "the text after time, level and component"),
            own("text", TEXT, "the whole text"),
            own("trace_id", TEXT, "its trace, when a field names one"),
            own("fields", JSON, "the named values in it: fields ->> 'status'"),
        ],
    },
    SqlTable {
        name: "templates",
        about: "one row per message template",
        stored: "template",
        columns: &[
            own("id", INT, "number"),
            own("text", TEXT, "constant part, with placeholders"),
            own("count", INT, "records so far"),
            own("severity", INT, "worst severity"),
            c("level", TEXT, "worst level", "level(severity)"),
            c("first_seen", TEXT, "event time of the first record", "rfc3339(first_seen)"),
            c("first_seen_ns", INT, "the same in nanoseconds", "first_seen"),
            c("last_seen", TEXT, "event time of the last record", "rfc3339(last_seen)"),
            c("last_seen_ns", INT, "the same in nanoseconds", "last_seen"),
            own("example", INT, "id of a record"),
            own("life", TEXT, "new, rising, surging, falling, vanished, periodic or steady; empty when unknown"),
        ],
    },
    SqlTable {
        name: "incidents",
        about: "one row per incident",
        stored: "incident",
        columns: &[
            own("id", INT, "number"),
            body("title", TEXT, "what is wrong"),
            own("state", TEXT, "open, acknowledged, resolved or muted"),
            body("reason", TEXT, "why it was opened"),
            body("severity", INT, "worst severity"),
            c("level", TEXT, "worst level", "level(body ->> 'severity')"),
            body("criticality", INT, "1 to 5, by the diagnosis"),
            body("count", INT, "times it struck"),
            c("first_seen", TEXT, "when it began", "rfc3339(body ->> 'first_seen')"),
            c("first_seen_ns", INT, "the same in nanoseconds", "body ->> 'first_seen'"),
            c("last_seen", TEXT, "when it struck last", "rfc3339(last_seen)"),
            c("last_seen_ns", INT, "the same in nanoseconds", "last_seen"),
            c("caused_by", INT, "number of the incident that is its likeliest cause", "caused_by"),
            body("components", JSON, "components that it struck"),
            body("template", INT, "template of its records"),
            body("evidence", JSON, "ids of records that prove it"),
            body("timeline", JSON, "what happened to it"),
        ],
    },
    SqlTable {
        name: "markers",
        about: "one row per change that the logs tell of: deployments, restarts, configuration changes, versions",
        stored: "marker",
        columns: &[
            c("time", TEXT, "when", "rfc3339(time)"),
            c("time_ns", INT, "the same in nanoseconds", "time"),
            own("kind", TEXT, "deploy, rollback, restart, config, version, scale, migration or failover"),
            own("text", TEXT, "few words"),
            own("component", TEXT, "logger, service or program; empty when unknown"),
            own("record", INT, "id of the record that tells of it"),
        ],
    },
    SqlTable {
        name: "diagnoses",
        about: "one row per diagnosis; the newest of an incident has the highest id",
        stored: "diagnosis",
        columns: &[
            own("id", INT, "number"),
            own("incident", INT, "the incident it is about"),
            c("created", TEXT, "when it was made", "rfc3339(created)"),
            c("created_ns", INT, "the same in nanoseconds", "created"),
            c("author", TEXT, "model, playbook or facts", "body ->> '$.author.kind'"),
            c(
                "author_name",
                TEXT,
                "which model or playbook",
                "coalesce(body ->> '$.author.model', body ->> '$.author.id')",
            ),
            body("title", TEXT, "the fault in a few words"),
            body("cause", TEXT, "why it happens"),
            body("error_class", TEXT, "kind of error"),
            body("criticality", INT, "1 to 5"),
            body("confidence", TEXT, "low, medium or high"),
            body("summary", TEXT, "for people"),
            body("claims", JSON, "what it says, and the records that each rests on"),
            body("fix", JSON, "what to do now and for good, commands, verification, way back"),
            c("verdict", INT, "1 right, 0 not, as a person said of the incident", verdict!("v.correct")),
            c(
                "judgement",
                TEXT,
                "right, partly or wrong, as a person said of the incident",
                verdict!("iif(v.judgement = '', iif(v.correct, 'right', 'wrong'), v.judgement)"),
            ),
            c("judgement_note", TEXT, "what that person wrote beside it", verdict!("v.note")),
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
            body("name", TEXT, "what was done"),
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
            body("provider", TEXT, "who serves the model"),
            body("endpoint", TEXT, "where it went"),
            body("model", TEXT, "model asked for"),
            body("stage", TEXT, "what it was for"),
            body("bytes", INT, "bytes of the request"),
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
            own("name", TEXT, "what was measured"),
            c("time", TEXT, "when", "rfc3339(time)"),
            c("time_ns", INT, "the same in nanoseconds", "time"),
            own("value", REAL, "the value"),
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
            own("name", TEXT, "its name, as in logs.source"),
            body("format", TEXT, "format of its lines"),
            body("records", INT, "records read from its current file"),
            body("offset", INT, "bytes stored of its current file"),
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

impl SqlColumn {
    /// As a view selects it.
    fn selected(&self) -> String {
        let name = self.name;
        match self.from {
            Value::Column => format!("\"{name}\""),
            Value::Body if self.kind == JSON => format!("body -> '{name}' AS \"{name}\""),
            Value::Body => format!("body ->> '{name}' AS \"{name}\""),
            Value::Sql(from) => format!("{from} AS \"{name}\""),
        }
    }
}

/// Tables of which a view shows only some rows.
const ONLY: &[(&str, &str)] = &[("model_calls", "WHERE kind = 'model'")];

/// `CREATE TEMP VIEW` of each stored table.
pub(super) fn views() -> String {
    let mut sql = String::new();
    for table in SQL_TABLES.iter().filter(|t| !t.stored.is_empty()) {
        let columns: Vec<String> = table.columns.iter().map(SqlColumn::selected).collect();
        let columns = columns.join(", ");
        let only = ONLY.iter().find(|(name, _)| *name == table.name).map_or("", |(_, only)| only);
        let SqlTable { name, stored, .. } = table;
        let _ = writeln!(sql, "CREATE TEMP VIEW \"{name}\" AS SELECT {columns} FROM main.\"{stored}\" s {only};");
    }
    sql
}
