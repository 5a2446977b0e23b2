//! The table of the chain's tools: what a model may call about an incident. Names, schemas and checks come from here. It
//! performs nothing.

use aiobs_llm::Tool;
use aiobs_types::Area;
use serde_json::{Map, Value, json};

/// One argument: name, JSON type, what it is.
pub(crate) struct Argument {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) about: &'static str,
    pub(super) needed: bool,
}

/// One tool.
pub(crate) struct Entry {
    pub(super) name: &'static str,
    /// What calling it does, for people, in the past.
    pub(super) did: &'static str,
    /// Into what it looks; `None` where that plays no part.
    pub(super) area: Option<Area>,
    pub(super) about: &'static str,
    pub(super) arguments: &'static [Argument],
}

pub(super) const fn a(name: &'static str, kind: &'static str, about: &'static str) -> Argument {
    Argument { name, kind, about, needed: false }
}

pub(super) const fn needed(name: &'static str, kind: &'static str, about: &'static str) -> Argument {
    Argument { name, kind, about, needed: true }
}

/// All tools.
pub(super) const TOOLS: [Entry; 8] = [
    Entry {
        name: "search_logs",
        did: "searched logs",
        area: None,
        about: "Log lines around the incident that contain a text, oldest first.",
        arguments: &[
            a("text", "string", "literal text that the lines contain; empty for all"),
            a("level", "string", "least level: debug, info, warn, error or fatal"),
            a("component", "string", "only of this component"),
            a("minutes_before", "integer", "how far before the first strike, at most 1440; 10 when left out"),
            a("minutes_after", "integer", "how far after the first strike, at most 1440; 10 when left out"),
            a("limit", "integer", "lines at most, up to 40; 20 when left out"),
        ],
    },
    Entry {
        name: "template_rate",
        did: "counted lines",
        area: None,
        about: "How often a kind of line occurred per minute before and during the incident.",
        arguments: &[
            needed("record", "string", "a line of that kind, such as R123"),
            a("minutes", "integer", "minutes before and after the first strike, at most 120; 15 when left out"),
        ],
    },
    Entry {
        name: "placeholder_values",
        did: "looked at values",
        area: None,
        about: "Which values stood at the changing places of a kind of line during the incident, with counts.",
        arguments: &[needed("record", "string", "a line of that kind, such as R123")],
    },
    Entry {
        name: "incident_history",
        did: "looked at earlier incidents",
        area: None,
        about: "Earlier incidents like this one, what was found about them and what a person said of that.",
        arguments: &[],
    },
    Entry {
        name: "read_marker",
        did: "looked for changes",
        area: None,
        about: "Deployments, restarts and configuration changes before and during the incident.",
        arguments: &[a("minutes_before", "integer", "how far back, at most 1440; 60 when left out")],
    },
    Entry {
        name: "read_runbook",
        did: "read a runbook",
        area: None,
        about: "A section of a runbook of the operators.",
        arguments: &[
            needed("file", "string", "file name, such as database.md"),
            a("heading", "string", "words of the section's heading; empty for the first"),
        ],
    },
    Entry {
        name: "host_state",
        did: "looked at this machine",
        area: None,
        about: "Load, memory, disks and processes of this machine now.",
        arguments: &[],
    },
    Entry {
        name: "read_file",
        did: "read a file",
        area: None,
        about: "A piece of a configuration or source file, if its directory may be read.",
        arguments: &[
            needed("path", "string", "absolute path"),
            a("line", "integer", "around this line"),
            a("find", "string", "around the first line with this text"),
        ],
    },
];

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
