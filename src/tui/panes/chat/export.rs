//! A conversation as a file: all of its turns, as Markdown for people or JSON for programs. The archive is asked for the
//! turns and the cited lines first; used by the conversation and by the list.

use super::asking::busy;
use super::state::State;
use crate::runtime::events::{CitedLine, Request, WholeTalk};
use crate::tui::effect::Effect;
use crate::tui::panes::PaneCx;
use crate::tui::widgets::text;
use aiobs_types::{ChatMessage, ChatRole, Citation};
use std::fmt::Write as _;

/// Longest cited line, characters.
const WIDTH: usize = 300;

impl State {
    /// Writes the conversation that is shown to a file, whose name chooses the form; without one it is named by the time.
    pub(super) fn export(&mut self, path: &str, cx: &PaneCx<'_>) -> Result<Vec<Effect>, String> {
        if self.pending.is_some() {
            return Ok(vec![busy(cx)]);
        }
        let shown = self.conversation.as_ref().filter(|_| !self.history.is_empty()).map(|c| c.id);
        let id = shown.ok_or("There is no conversation to write yet")?;
        self.export_talk(id, path, cx)
    }

    /// The same with any conversation.
    pub(super) fn export_talk(&mut self, id: u64, path: &str, cx: &PaneCx<'_>) -> Result<Vec<Effect>, String> {
        if !path.is_empty() && !matches!(ending(path), "json" | "md" | "markdown") {
            return Err("/export: the file's name must end in .md or .json".into());
        }
        let stamp = cx.clock.date(cx.clock.now) + "-" + &cx.clock.hms(cx.clock.now).replace(':', "");
        self.export = Some((id, if path.is_empty() { format!("chat-{stamp}.md") } else { path.to_owned() }));
        Ok(vec![Effect::Send(Request::WholeTalk(id))])
    }

    /// The archive has handed over what is to be written.
    pub(super) fn write(&mut self, talk: &WholeTalk, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some((_, path)) = self.export.take_if(|(id, _)| *id == talk.conversation.id) else { return Vec::new() };
        if talk.turns.is_empty() {
            return vec![Effect::warn("This conversation is not in the archive any more")];
        }
        if ending(&path) != "json" {
            return vec![Effect::Save { path, text: markdown(talk, cx) }];
        }
        match serde_json::to_string_pretty(&talk.turns) {
            Ok(text) => vec![Effect::Save { path, text: text + "\n" }],
            Err(e) => vec![Effect::warn(format!("{path}: {e}"))],
        }
    }
}

/// What chooses the form.
fn ending(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or_default()
}

/// Text of several lines without what would steer a terminal that shows the file.
fn safe(text: &str) -> String {
    text.trim_end().lines().map(text::safe).collect::<Vec<_>>().join("\n")
}

/// What a mark leads to, in words.
fn cited(c: &Citation, lines: &[CitedLine], cx: &PaneCx<'_>) -> String {
    match c {
        Citation::Record(id) => match lines.iter().find(|l| l.record.id == *id) {
            Some(CitedLine { record, source }) => {
                let name = if record.component.is_empty() { source } else { &record.component };
                let message: String = record.message().lines().next().unwrap_or_default().chars().take(WIDTH).collect();
                let when = format!("{} {}", cx.clock.date(record.time), cx.clock.hms_millis(record.time));
                text::safe(&format!("record {}, {when} {} {name}: {message}", id.0, record.severity)).into_owned()
            }
            None => format!("record {}, no longer in the archive", id.0),
        },
        Citation::Text(t) if t.place.is_empty() => text::safe(&t.title).into_owned(),
        Citation::Text(t) => text::safe(&format!("{} ({})", t.title, t.place)).into_owned(),
    }
}

fn markdown(talk: &WholeTalk, cx: &PaneCx<'_>) -> String {
    let mut out = format!("# {}\n", text::safe(&talk.conversation.title));
    for m in &talk.turns {
        let when = format!("{} {}", cx.clock.date(m.time), cx.clock.hms(m.time));
        let who = if m.role == ChatRole::User { "Question" } else { "Answer" };
        let _ = write!(out, "\n## {who}, {when}\n\n{}\n", safe(&m.text));
        if m.role == ChatRole::Assistant {
            below(&mut out, m, &talk.lines, cx);
        }
    }
    out
}

/// What stands under an answer: what the model looked up, what the marks lead to, who answered.
fn below(out: &mut String, m: &ChatMessage, lines: &[CitedLine], cx: &PaneCx<'_>) {
    let looked: Vec<String> = m.steps.iter().filter(|s| s.by_model).map(|s| format!("- {}\n", safe(&s.text))).collect();
    if !looked.is_empty() {
        let _ = write!(out, "\nLooked up by the model:\n\n{}", looked.concat());
    }
    if !m.citations.is_empty() {
        out.push('\n');
    }
    for (n, c) in m.citations.iter().enumerate() {
        let _ = writeln!(out, "- \\[{}\\] {}", n + 1, cited(c, lines, cx));
    }
    let end = if m.complete { "" } else { "; broken off" };
    let _ = write!(out, "\n*By {}{end}.*\n", text::safe(&m.author));
}
