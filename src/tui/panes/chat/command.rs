//! What a line that begins with a slash does instead of being asked: scope, other panes, export, a fresh beginning.

use super::state::State;
use crate::runtime::events::ModelState;
use crate::tui::effect::Effect;
use crate::tui::panes::{PaneCx, PaneId};
use aiobs_types::{ChatMessage, ChatRole, ChatScope, Citation, IncidentId};
use std::fmt::Write as _;

/// Name, what follows it, what it does.
pub(super) const COMMANDS: &[(&str, &str, &str)] = &[
    ("scope", "all | FILTER", "what questions are about"),
    ("incident", "N", "questions are about this incident"),
    ("model", "", "which model answers"),
    ("sql", "", "go to SQL"),
    ("retry", "", "ask the last question again"),
    ("clear", "", "begin anew: earlier turns are not shown or sent"),
    ("export", "FILE.md | FILE.json", "write the conversation to a file"),
    ("help", "", "list the commands"),
];

/// The commands whose name begins so.
pub(super) fn matching(typed: &str) -> Vec<&'static (&'static str, &'static str, &'static str)> {
    let Some(typed) = typed.strip_prefix('/') else { return Vec::new() };
    let (name, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let exact = !rest.is_empty() || typed.ends_with(char::is_whitespace);
    COMMANDS.iter().filter(|c| if exact { c.0 == name } else { c.0.starts_with(name) }).collect()
}

impl State {
    /// Runs a command; what is wrong with it is told and stays in the editor.
    pub(super) fn command(&mut self, line: &str, cx: &PaneCx<'_>) -> Result<Vec<Effect>, String> {
        let (name, rest) = line.trim_start_matches('/').split_once(char::is_whitespace).unwrap_or((&line[1..], ""));
        let rest = rest.trim();
        let known: Vec<&str> = COMMANDS.iter().map(|c| c.0).filter(|c| c.starts_with(name)).collect();
        let name = match known.as_slice() {
            [one] => *one,
            list if list.contains(&name) => name,
            [] => return Err(format!("No command /{name}; /help lists them")),
            list => return Err(format!("/{name} may be {}", list.join(" or "))),
        };
        match name {
            "scope" if rest.is_empty() || rest == "all" => self.scope = ChatScope::All,
            "scope" => {
                cx.filter(rest).map_err(|e| format!("/scope: {e}"))?;
                self.scope = ChatScope::Filter { text: rest.to_owned() };
            }
            "incident" => {
                let number = rest.trim_start_matches('#').parse().map(IncidentId);
                let id = number.map_err(|_| "/incident takes a number, such as /incident 7".to_owned())?;
                if !cx.snapshot.incidents.iter().any(|i| i.id == id) {
                    return Err(format!("There is no incident {id}; Incidents lists them"));
                }
                self.scope = ChatScope::Incident { id };
            }
            "model" => {
                return Ok(vec![Effect::info(match &cx.snapshot.model {
                    ModelState::Ready { provider, model, local } => {
                        format!("{model} on {provider} answers ({})", if *local { "local" } else { "remote" })
                    }
                    ModelState::Checking => "Looking for a model".into(),
                    ModelState::Disabled => "The model is switched off: rules and playbooks answer".into(),
                    ModelState::Offline { reason } => format!("No model answers: {reason}"),
                })]);
            }
            "sql" => return Ok(vec![Effect::Show(PaneId::Sql)]),
            "retry" => return self.retry(cx),
            "clear" => {
                self.begin = self.history.last().map_or(self.begin, |m| m.id);
                self.history.clear();
            }
            "export" => return self.export(rest, cx),
            _ => {
                let list: Vec<String> = COMMANDS.iter().map(|c| format!("/{}", c.0)).collect();
                return Ok(vec![Effect::info(list.join("  "))]);
            }
        }
        Ok(Vec::new())
    }

    /// Asks the newest question again, in its own scope.
    pub(super) fn retry(&mut self, cx: &PaneCx<'_>) -> Result<Vec<Effect>, String> {
        let last = self.history.iter().rfind(|m| m.role == ChatRole::User);
        let (question, scope) = last.map(|m| (m.text.clone(), m.scope.clone())).ok_or("Nothing was asked yet")?;
        Ok(self.ask(question, scope, cx))
    }

    fn export(&self, path: &str, cx: &PaneCx<'_>) -> Result<Vec<Effect>, String> {
        if self.history.is_empty() {
            return Err("There is no conversation to write yet".into());
        }
        let stamp: String = cx.clock.date(cx.clock.now) + "-" + &cx.clock.hms(cx.clock.now).replace(':', "");
        let path = if path.is_empty() { format!("chat-{stamp}.md") } else { path.to_owned() };
        let text = match path.rsplit('.').next() {
            Some("json") => serde_json::to_string_pretty(&self.history).map_err(|e| e.to_string())? + "\n",
            Some("md" | "markdown") => markdown(&self.history, cx),
            _ => return Err("/export: the file's name must end in .md or .json".into()),
        };
        Ok(vec![Effect::Save { path, text }])
    }
}

/// What a mark leads to, in words.
fn cited(c: &Citation) -> String {
    match c {
        Citation::Record(id) => format!("record {}", id.0),
        Citation::Text(t) if t.place.is_empty() => t.title.clone(),
        Citation::Text(t) => format!("{} ({})", t.title, t.place),
    }
}

fn markdown(history: &[ChatMessage], cx: &PaneCx<'_>) -> String {
    let mut out = String::from("# Conversation\n");
    for m in history {
        let when = format!("{} {}", cx.clock.date(m.time), cx.clock.hms(m.time));
        let who = if m.role == ChatRole::User { "Question" } else { "Answer" };
        let _ = write!(out, "\n## {who}, {when}\n\n{}\n", m.text.trim_end());
        if m.role == ChatRole::Assistant {
            let cited: Vec<String> =
                m.citations.iter().enumerate().map(|(n, c)| format!("[{}] {}", n + 1, cited(c))).collect();
            let cited = if cited.is_empty() { String::new() } else { format!("; {}", cited.join(", ")) };
            let _ = write!(out, "\n*By {}{cited}.*\n", m.author);
        }
    }
    out
}
