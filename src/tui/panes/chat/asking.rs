//! Asking: what is sent, earlier questions that come back, the same once more, and what an answer brings.

use super::choose::chosen_before;
use super::state::{Pending, State, editor};
use super::{conversation, view};
use crate::runtime::events::{Answered, Ask, ChangeTalk, Request, Talk};
use crate::tui::action::{Action, Context};
use crate::tui::effect::Effect;
use crate::tui::panes::PaneCx;
use aiobs_types::{ChatMessage, ChatRole, ChatScope, ChosenModel, Conversation, TalkChoice};
use ratatui::layout::{Position, Rect};

/// Nanoseconds in which an answer counts as having come all at once.
const AT_ONCE: i64 = 1_500_000_000;

/// Why nothing can be asked now.
pub(super) fn busy(cx: &PaneCx<'_>) -> Effect {
    let keys = cx.keys(Context::Editor, Action::Cancel);
    Effect::warn(format!("An answer is still coming; {keys} stops it"))
}

impl State {
    /// Sends what is in the editor.
    pub(super) fn submit(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let question = self.editor.lines().join("\n").trim().to_owned();
        if question.is_empty() {
            return Vec::new();
        }
        self.suggest.clear();
        if question.starts_with('/') {
            return match self.command(&question, cx) {
                Ok(effects) => {
                    // A command may have put something into the editor.
                    if self.editor.lines().join("\n").trim() == question {
                        self.editor = editor();
                    }
                    effects
                }
                Err(why) => vec![Effect::warn(why)],
            };
        }
        if self.pending.is_some() {
            return vec![busy(cx)];
        }
        self.editor = editor();
        let scope = self.scope.clone();
        let until = self.instead.take().unwrap_or(0);
        self.ask(question, scope, until, cx)
    }

    /// Sends a question; its answer is awaited. Only turns before `until` go along; 0 for all.
    pub(super) fn ask(&mut self, text: String, scope: ChatScope, until: u64, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.pending.is_some() {
            return vec![busy(cx)];
        }
        self.follow_newest();
        // Whoever asked wants to read: Esc leaves the editor before it leaves the pane.
        self.led = false;
        self.deleting = None;
        self.recalled = None;
        self.copied = 0;
        self.section = None;
        self.pending = Some(Pending::new(ChatMessage::question(cx.clock.now, scope.clone(), text.clone())));
        let conversation = self.conversation.as_ref().map_or(0, |c| c.id);
        let ask = Ask { conversation, text, scope, until, model: self.model.clone() };
        vec![Effect::Send(Request::Ask(Box::new(ask)))]
    }

    fn last_question(&self) -> Result<&ChatMessage, String> {
        self.history.iter().rfind(|m| m.role == ChatRole::User).ok_or_else(|| "Nothing was asked yet".to_owned())
    }

    /// Asks the newest question again, in its own scope, as if it had not been answered.
    pub(super) fn retry(&mut self, cx: &PaneCx<'_>) -> Result<Vec<Effect>, String> {
        let last = self.last_question()?;
        let (text, scope, until) = (last.text.clone(), last.scope.clone(), last.id);
        Ok(self.ask(text, scope, until, cx))
    }

    /// Puts the newest question into the editor, to be asked in its place.
    pub(super) fn edit_question(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.pending.is_some() {
            return vec![busy(cx)];
        }
        let (text, scope, id) = match self.last_question() {
            Ok(last) => (last.text.clone(), last.scope.clone(), last.id),
            Err(why) => return vec![Effect::warn(why)],
        };
        self.editor = editor();
        self.editor.insert_str(text);
        self.scope = scope;
        self.instead = Some(id);
        self.editing = true;
        Vec::new()
    }

    /// An earlier question into the editor, or a later one; only from its first or last line, and never over what was
    /// typed.
    pub(super) fn recall(&mut self, earlier: bool) -> bool {
        let row = self.editor.cursor().0;
        let edge = if earlier { row == 0 } else { row + 1 == self.editor.lines().len() };
        let asked: Vec<&str> =
            self.history.iter().rev().filter(|m| m.role == ChatRole::User).map(|m| m.text.as_str()).collect();
        let typed = self.editor.lines().join("\n");
        let untouched = match self.recalled {
            Some(at) => asked.get(at).is_some_and(|q| *q == typed),
            None => typed.is_empty(),
        };
        if !edge || !untouched {
            return false;
        }
        let to = match (self.recalled, earlier) {
            (None, true) => Some(0),
            (None, false) => return false,
            (Some(at), true) => Some(at + 1),
            (Some(at), false) => at.checked_sub(1),
        };
        let text = match to {
            Some(at) => match asked.get(at) {
                Some(text) => (*text).to_owned(),
                None => return true,
            },
            None => String::new(),
        };
        self.recalled = to;
        self.editor = editor();
        self.editor.insert_str(text);
        true
    }

    /// Another conversation is shown, from its newest turn, with what was chosen for it; a new one goes on with what is
    /// chosen now.
    pub(super) fn begin(&mut self, conversation: Option<Conversation>, turns: Vec<ChatMessage>) {
        if let Some(c) = &conversation {
            self.scope.clone_from(&c.choice.scope);
            self.model = c.choice.model.as_ref().map(chosen_before);
        }
        self.conversation = conversation;
        self.history = turns;
        self.instead = None;
        self.recalled = None;
        self.section = None;
        self.follow_newest();
    }

    /// What the archive has of a conversation.
    pub(super) fn loaded(&mut self, talk: &Talk) {
        // What another pane asks about while the first conversation is being read holds.
        let asked = (!self.loaded && (self.led || self.scope != ChatScope::All)).then(|| self.scope.clone());
        self.begin(talk.conversation.clone(), talk.turns.clone());
        self.scope = asked.unwrap_or_else(|| std::mem::take(&mut self.scope));
        self.loaded = true;
        // The question that is being answered may be stored already; it is shown with its answer.
        if let (Some(p), Some(last)) = (&self.pending, self.history.last())
            && last.role == ChatRole::User
            && last.text == p.question.text
        {
            self.history.pop();
        }
    }

    /// Has the archive keep what is chosen for the next question, when that has changed.
    pub(super) fn keep_choice(&mut self) -> Option<Effect> {
        let model = self.model.as_ref();
        let model = model.map(|m| ChosenModel { server: m.server.clone(), model: m.model.clone() });
        let choice = TalkChoice { scope: self.scope.clone(), model };
        let talk = self.conversation.as_mut().filter(|c| c.choice != choice)?;
        talk.choice = choice.clone();
        Some(Effect::Send(Request::ChangeTalk(ChangeTalk::Choose(talk.id, Box::new(choice)))))
    }

    pub(super) fn done(&mut self, answered: &Answered, cx: &PaneCx<'_>) {
        // What came all at once was not read while it came: it is shown from its beginning.
        let at_once = |p: &Pending| p.began.is_none_or(|t| cx.clock.now.since(t) < AT_ONCE);
        let from_top = self.follows() && self.pending.as_ref().is_some_and(at_once);
        if let Some(mut pending) = self.pending.take() {
            self.cache.get_mut().forget(pending.of());
            pending.question.id = answered.question;
            self.history.push(pending.question);
        }
        if answered.conversation.id > 0 {
            self.conversation = Some(answered.conversation.clone());
        }
        self.history.push(answered.message.clone());
        self.copied = 0;
        let areas = view::layout(self, Rect::from((Position::ORIGIN, cx.size)), cx);
        let (flow, newest) = conversation::flow(self, cx, areas.text.width as usize);
        if from_top && flow.len() - newest > areas.text.height as usize {
            self.read_from(newest);
        }
    }
}
