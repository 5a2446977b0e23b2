//! The table of tools: what a model may call. Names, schemas and checks come from here. It performs nothing.

use aiobs_llm::Tool;
use serde_json::{Map, Value, json};

/// One argument: name, JSON type, what it is.
pub(super) struct Argument {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) about: &'static str,
    pub(super) needed: bool,
}

/// One tool.
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) arguments: &'static [Argument],
}

const fn a(name: &'static str, kind: &'static str, about: &'static str) -> Argument {
    Argument { name, kind, about, needed: false }
}

const fn needed(name: &'static str, kind: &'static str, about: &'static str) -> Argument {
    Argument { name, kind, about, needed: true }
}

const fn tool(name: &'static str, about: &'static str, arguments: &'static [Argument]) -> Entry {
    Entry { name, about, arguments }
}

/// All tools.
pub(super) const TOOLS: [Entry; 8] = [
    tool(
        "search_logs",
        "Log lines around the incident that contain a text, oldest first.",
        &[
            a("text", "string", "literal text that the lines contain; empty for all"),
            a("level", "string", "least level: debug, info, warn, error or fatal"),
            a("component", "string", "only of this component"),
            a("minutes_before", "integer", "how far before the first strike, at most 1440; 10 when left out"),
            a("minutes_after", "integer", "how far after the first strike, at most 1440; 10 when left out"),
            a("limit", "integer", "lines at most, up to 40; 20 when left out"),
        ],
    ),
    tool(
        "template_rate",
        "How often a kind of line occurred per minute before and during the incident.",
        &[
            needed("record", "string", "a line of that kind, such as R123"),
            a("minutes", "integer", "minutes before and after the first strike, at most 120; 15 when left out"),
        ],
    ),
    tool(
        "placeholder_values",
        "Which values stood at the changing places of a kind of line during the incident, with counts.",
        &[needed("record", "string", "a line of that kind, such as R123")],
    ),
    tool(
        "incident_history",
        "Earlier incidents like this one, what was found about them and what a person said of that.",
        &[],
    ),
    tool(
        "read_marker",
        "Deployments, restarts and configuration changes before and during the incident.",
        &[a("minutes_before", "integer", "how far back, at most 1440; 60 when left out")],
    ),
    tool(
        "read_runbook",
        "A section of a runbook of the operators.",
        &[
            needed("file", "string", "file name, such as database.md"),
            a("heading", "string", "words of the section's heading; empty for the first"),
        ],
    ),
    tool("host_state", "Load, memory, disks and processes of this machine now.", &[]),
    tool(
        "read_file",
        "A piece of a configuration or source file, if its directory may be read.",
        &[
            needed("path", "string", "absolute path"),
            a("line", "integer", "around this line"),
            a("find", "string", "around the first line with this text"),
        ],
    ),
];

/// Names for people and models.
pub(super) fn names() -> String {
    TOOLS.map(|t| t.name).join(", ")
}

impl Entry {
    /// As a model is told.
    pub(super) fn tool(&self) -> Tool {
        let mut properties = Map::new();
        for argument in self.arguments {
            properties.insert(argument.name.into(), json!({"type": argument.kind, "description": argument.about}));
        }
        let required: Vec<Value> = self.arguments.iter().filter(|a| a.needed).map(|a| a.name.into()).collect();
        Tool {
            name: self.name.to_owned(),
            description: self.about.to_owned(),
            parameters: json!({"type": "object", "properties": properties, "required": required,
                "additionalProperties": false}),
        }
    }
}
