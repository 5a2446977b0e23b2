//! The table of the chat's tools: what a model may call to answer a question. It performs nothing.

use super::table::{Entry, a, needed};
use aiobs_types::Area;

/// What a period is.
const PERIOD: &str = "stretch of time such as `since:1h` or `since:2025-01-07T14:20 until:2025-01-07T14:30` (UTC)";
/// What a query is.
const QUERY: &str = "in the filter language: words and \"quoted texts\" that lines contain, -word for those without, \
    level>=error, component=orders, field>5, /regex/, since:... until:..., `or` with parentheses; empty for all";

/// All tools of the chat.
pub(super) const TOOLS: [Entry; 9] = [
    Entry {
        name: "search_logs",
        did: "searched logs",
        area: Some(Area::Logs),
        about: "Log lines that match, the newest, and how many match in all.",
        arguments: &[
            a("query", "string", QUERY),
            a("limit", "integer", "lines at most, up to 40; 15 when left out"),
            a("order", "string", "newest (when left out) or oldest: which end the lines are from"),
        ],
    },
    Entry {
        name: "count_logs",
        did: "counted logs",
        area: Some(Area::Rates),
        about: "Exact counts of the lines that match: in all, by level, by component, and over time.",
        arguments: &[a("query", "string", QUERY)],
    },
    Entry {
        name: "list_templates",
        did: "looked at kinds of lines",
        area: Some(Area::Templates),
        about: "Kinds of log lines in a stretch of time with their counts there and in the stretch before, new ones first.",
        arguments: &[
            a("period", "string", PERIOD),
            a("contains", "string", "only kinds whose constant text contains this"),
        ],
    },
    Entry {
        name: "incidents",
        did: "looked at incidents",
        area: Some(Area::Incidents),
        about: "Incidents of a stretch of time, worst first; or one in full: cause, what to do, its lines, earlier ones like it.",
        arguments: &[a("number", "integer", "the incident to tell in full"), a("period", "string", PERIOD)],
    },
    Entry {
        name: "list_changes",
        did: "looked for changes",
        area: Some(Area::Changes),
        about: "Deployments, restarts, configuration changes and versions that the logs tell of.",
        arguments: &[a("period", "string", PERIOD)],
    },
    Entry {
        name: "search_knowledge",
        did: "searched knowledge",
        area: Some(Area::Knowledge),
        about: "Sections of runbooks, notes of people, and causes and fixes found before, by meaning.",
        arguments: &[needed("question", "string", "what to look for, in plain words")],
    },
    Entry {
        name: "spans_and_costs",
        did: "looked at spans and costs",
        area: Some(Area::Spans),
        about: "What models and agents did: calls, failures, tokens, US dollars and mean time, by model and by step.",
        arguments: &[a("period", "string", PERIOD)],
    },
    Entry {
        name: "run_sql",
        did: "ran SQL",
        area: Some(Area::Sql),
        about: "One SELECT in SQLite's SQL over the archive; it only reads. Times are RFC 3339 texts in UTC. Tables:",
        arguments: &[needed("statement", "string", "the statement; aggregate or LIMIT it, 40 rows are given at most")],
    },
    Entry {
        name: "host_state",
        did: "looked at this machine",
        area: Some(Area::Host),
        about: "Load, memory, disks and processes of the machine that this program runs on, now.",
        arguments: &[],
    },
];
