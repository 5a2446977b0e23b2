//! What a line that begins with a slash does instead of being asked: scope, model, conversations, other panes, export.

use super::asking::busy;
use super::choose::named;
use super::state::State;
use crate::runtime::events::{ChangeTalk, ModelChoice, ModelState, Request};
use crate::tui::action::{Action, Context};
use crate::tui::effect::Effect;
use crate::tui::format::plural;
use crate::tui::panes::{PaneCx, PaneId};
use crate::tui::widgets::text;
use aiobs_types::{ChatScope, IncidentId};

/// Name, what follows it, what it does.
pub(super) const COMMANDS: &[(&str, &str, &str)] = &[
    ("scope", "all | FILTER", "what questions are about"),
    ("incident", "N", "questions are about this incident"),
    ("model", "NAME | auto", "who answers from now on"),
    ("sql", "STATEMENT", "ask the archive in SQL"),
    ("retry", "", "ask the last question again"),
    ("edit", "", "write the last question anew"),
    ("new", "", "begin another conversation; this one is kept"),
    ("clear", "", "the same: an empty conversation"),
    ("talks", "", "list the conversations"),
    ("rename", "NAME", "give this conversation another name"),
    ("delete", "", "delete this conversation"),
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
        let (rest, typed) = (rest.trim(), name);
        let asked = self.deleting.take();
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
            "model" => return self.model_command(rest, cx),
            "sql" if rest.is_empty() => return Ok(vec![Effect::Show(PaneId::Sql)]),
            "sql" => return Ok(vec![Effect::RunSql(rest.to_owned())]),
            "retry" => return self.retry(cx),
            "edit" => return Ok(self.edit_question(cx)),
            "new" | "clear" => return Ok(self.fresh(cx)),
            "talks" => return Ok(self.list()),
            "rename" => {
                let id = self.conversation.as_ref().map(|c| c.id).ok_or("There is no conversation to name yet")?;
                if rest.is_empty() {
                    return Err("/rename takes a name, such as /rename orders outage".into());
                }
                self.renamed(id, rest);
                return Ok(vec![Effect::Send(Request::ChangeTalk(ChangeTalk::Rename(id, rest.to_owned())))]);
            }
            "delete" => {
                if self.pending.is_some() {
                    return Ok(vec![busy(cx)]);
                }
                let c = self.conversation.clone().ok_or("There is no conversation to delete yet")?;
                if typed != name {
                    return Err("/delete is to be written in full".into());
                }
                if asked != Some(c.id) {
                    self.deleting = Some(c.id);
                    let (keys, turns) = (cx.keys(Context::Editor, Action::Submit), plural(c.turns, "turn"));
                    return Err(format!("{keys} again deletes \"{}\", {turns}", text::safe(&c.title)));
                }
                self.begin(None, Vec::new());
                let gone = Effect::info(format!("Deleted: {}", text::safe(&c.title)));
                return Ok(vec![Effect::Send(Request::ChangeTalk(ChangeTalk::Delete(c.id))), gone]);
            }
            "export" => return self.export(rest, cx),
            _ => {
                let list: Vec<String> = COMMANDS.iter().map(|c| format!("/{}", c.0)).collect();
                return Ok(vec![Effect::info(list.join("  "))]);
            }
        }
        Ok(Vec::new())
    }

    fn model_command(&mut self, name: &str, cx: &PaneCx<'_>) -> Result<Vec<Effect>, String> {
        if name.is_empty() {
            let chosen = self.model.as_ref().map(|m| format!("; {} is chosen", named(m))).unwrap_or_default();
            return Ok(vec![Effect::info(match &cx.snapshot.model {
                ModelState::Ready { provider, model, local } => {
                    format!("{model} on {provider} answers ({}){chosen}", if *local { "local" } else { "remote" })
                }
                ModelState::Checking => "Looking for a model".into(),
                ModelState::Disabled => "The model is switched off: rules and playbooks answer".into(),
                ModelState::Offline { reason } => format!("No model answers: {reason}"),
            })]);
        }
        if name == "auto" {
            self.model = None;
            return Ok(vec![Effect::info("The configured order holds again")]);
        }
        match self.models.iter().find(|m| named(m) == name || m.server == name) {
            Some(ModelChoice { wrong: Some(wrong), .. }) => return Err(format!("{name} does not answer: {wrong}")),
            Some(m) => self.model = Some(m.clone()),
            // They were not asked for yet: the list shows them.
            None if self.models.is_empty() => return Ok(self.choose()),
            None => return Err(format!("No model {name} is known here; Tab completes, or choose from the list")),
        }
        Ok(Vec::new())
    }
}
