//! State of the Chat pane, and which part of it a key or an event goes to.

use super::blocks::Blocks;
use super::choose::Choose;
use super::flow::{Cache, Of};
use super::reading::Reading;
use super::scope::Patterns;
use super::section::Section;
use super::talks::Talks;
use super::view;
use crate::runtime::events::{Event, ModelChoice, Request};
use crate::tui::action::{Action, Context};
use crate::tui::effect::Effect;
use crate::tui::event::Mouse;
use crate::tui::panes::{Goto, Pane, PaneCx, PaneId};
use crate::tui::widgets::suggest::Suggest;
use aiobs_types::{ChatMessage, ChatScope, ChatStep, Conversation, Timestamp};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use std::cell::RefCell;
use textarea::{TextArea, WrapMode};

/// An answer that is streaming.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) question: ChatMessage,
    pub(super) steps: Vec<ChatStep>,
    pub(super) text: String,
    /// Where `text` is cut for laying it out.
    pub(super) blocks: Blocks,
    pub(super) cancelled: bool,
    /// When the first text came.
    pub(super) began: Option<Timestamp>,
}

impl Pending {
    pub(super) fn new(question: ChatMessage) -> Self {
        Self {
            question,
            steps: Vec::new(),
            text: String::new(),
            blocks: Blocks::default(),
            cancelled: false,
            began: None,
        }
    }

    /// Its name among the parts that are laid out; no stored message has number 0.
    pub(super) fn of(&self) -> Of {
        (0, self.question.time.0)
    }
}

/// State of the Chat pane.
#[derive(Debug)]
pub struct State {
    pub(super) history: Vec<ChatMessage>,
    pub(super) loaded: bool,
    pub(super) pending: Option<Pending>,
    /// The conversation that is shown; `None` for one that has not begun.
    pub(super) conversation: Option<Conversation>,
    pub(super) scope: ChatScope,
    /// Who is to answer; `None` keeps the configured order.
    pub(super) model: Option<ModelChoice>,
    /// Models that may be chosen, once they were asked for.
    pub(super) models: Vec<ModelChoice>,
    pub(super) editor: TextArea<'static>,
    pub(super) editing: bool,
    /// What may stand next in a command.
    pub(super) suggest: Suggest,
    /// A cited text that is read in place of the conversation.
    pub(super) section: Option<Section>,
    /// The list of conversations in its place.
    pub(super) talks: Option<Talks>,
    /// The choice of the model in its place.
    pub(super) choosing: Option<Choose>,
    pub(super) reading: Reading,
    /// What is laid out already.
    pub(super) cache: RefCell<Cache>,
    /// The question that the one in the editor is asked in place of.
    pub(super) instead: Option<u64>,
    /// The earlier question that is in the editor, counted from the newest.
    pub(super) recalled: Option<usize>,
    /// The block of code copied last, counted from the last one.
    pub(super) copied: usize,
    /// What the patterns say that scopes name.
    pub(super) patterns: Patterns,
    /// Asked once whether to delete this conversation.
    pub(super) deleting: Option<u64>,
    /// The conversation that is to be written, and the file.
    pub(super) export: Option<(u64, String)>,
    /// Another pane led here: Esc out of an empty editor goes straight back.
    pub(super) led: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            history: Vec::new(),
            loaded: false,
            pending: None,
            conversation: None,
            scope: ChatScope::All,
            model: None,
            models: Vec::new(),
            editor: editor(),
            editing: false,
            suggest: Suggest::default(),
            section: None,
            talks: None,
            choosing: None,
            reading: Reading::default(),
            cache: RefCell::default(),
            instead: None,
            recalled: None,
            copied: 0,
            patterns: Patterns::default(),
            deleting: None,
            export: None,
            led: false,
        }
    }
}

pub(super) fn editor() -> TextArea<'static> {
    let mut editor = TextArea::default();
    editor.set_wrap_mode(WrapMode::WordOrGlyph);
    editor
}

impl State {
    fn clear_scope(&mut self) -> Vec<Effect> {
        if self.scope == ChatScope::All {
            return vec![Effect::info("Questions are about the whole archive already")];
        }
        self.scope = ChatScope::All;
        Vec::new()
    }

    fn preview(&self) -> Vec<Effect> {
        match self.scope {
            ChatScope::Incident { id } => vec![Effect::OpenIncident(id), Effect::Send(Request::PromptPreview(id))],
            _ => vec![Effect::warn("Choose an incident first: ask about it from Incidents")],
        }
    }

    fn type_key(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        match action {
            Action::Submit => return self.submit(cx),
            Action::NewLine => self.editor.insert_newline(),
            Action::ClearScope => return self.clear_scope(),
            Action::Complete => {
                let command = self.editor.lines().first().is_some_and(|l| l.starts_with('/'));
                if !command {
                    // With no command to complete, Tab is what it is elsewhere.
                    let next = (PaneId::Chat as usize + 1) % PaneId::ALL.len();
                    return vec![Effect::Show(PaneId::ALL[next])];
                }
                let ask = self.models.is_empty() && self.editor.lines()[0].starts_with("/model");
                self.complete(cx);
                return if ask { vec![Effect::Send(Request::ModelChoices)] } else { Vec::new() };
            }
            Action::Back => {
                self.editing = false;
                self.suggest.clear();
                self.instead = None;
                if std::mem::take(&mut self.led) && self.editor.is_empty() {
                    return vec![Effect::Back];
                }
            }
            _ => self.moved(action, cx),
        }
        Vec::new()
    }

    /// What stands in place of the conversation takes the keys. `None` when nothing does.
    fn over(&mut self, action: Action, cx: &PaneCx<'_>) -> Option<Vec<Effect>> {
        let area = view::layout(self, Rect::from((Position::ORIGIN, cx.size)), cx).text;
        let height = area.height as usize;
        if self.talks.is_some() {
            return Some(self.in_list(action, height.saturating_sub(1), cx));
        }
        if self.choosing.is_some() {
            return Some(self.in_choice(action, height, cx));
        }
        let section = self.section.as_mut()?;
        match action {
            Action::Back => self.section = None,
            Action::Edit | Action::Ask => self.editing = true,
            _ => return Some(section.update(action, area, cx)),
        }
        Some(Vec::new())
    }

    fn typed(&mut self, cx: &PaneCx<'_>) {
        let command = self.editor.lines().first().is_some_and(|l| l.starts_with('/'));
        if command { self.offer(cx) } else { self.suggest.clear() }
    }

    /// A bound key.
    fn act(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.editing {
            return self.type_key(action, cx);
        }
        if let Some(effects) = self.over(action, cx) {
            return effects;
        }
        match action {
            Action::Back if self.unlink() => Vec::new(),
            Action::Back => vec![Effect::Back],
            Action::Edit | Action::Ask => {
                self.editing = true;
                Vec::new()
            }
            Action::Open => self.open(cx),
            Action::Copy => self.copy(),
            Action::ClearScope => self.clear_scope(),
            Action::Preview => self.preview(),
            Action::Rerun => self.retry(cx).unwrap_or_else(|why| vec![Effect::warn(why)]),
            Action::EditQuestion => self.edit_question(cx),
            Action::Conversations => self.list(),
            Action::NewConversation => self.fresh(cx),
            Action::ChooseModel => self.choose(),
            Action::Export => self.export("", cx).unwrap_or_else(|why| vec![Effect::warn(why)]),
            _ => {
                self.moved(action, cx);
                Vec::new()
            }
        }
    }
}

impl Pane for State {
    fn context(&self) -> Context {
        if self.talks.as_ref().is_some_and(Talks::types) {
            Context::Input
        } else if self.editing {
            Context::Editor
        } else {
            Context::Chat
        }
    }

    fn enter(&mut self, _cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.loaded { Vec::new() } else { vec![Effect::Send(Request::Talk(None))] }
    }

    fn go(&mut self, to: &Goto, _cx: &PaneCx<'_>) -> Vec<Effect> {
        if let Goto::Scope(scope) = to {
            self.scope.clone_from(scope);
            self.editing = true;
            self.led = true;
            self.section = None;
            self.talks = None;
            self.choosing = None;
            self.follow_newest();
        }
        self.keep_choice().into_iter().chain(self.ask_patterns()).collect()
    }

    fn update(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        let mut effects = self.act(action, cx);
        effects.extend(self.keep_choice());
        effects.extend(self.ask_patterns());
        effects
    }

    fn on_key(&mut self, key: KeyEvent, cx: &PaneCx<'_>) -> Vec<Effect> {
        if let Some(talks) = self.talks.as_mut().filter(|t| t.types()) {
            return talks.on_key(key);
        }
        match key.code {
            KeyCode::Up if self.recall(true) => {}
            KeyCode::Down if self.recall(false) => {}
            _ => {
                self.editor.input(key);
            }
        }
        self.typed(cx);
        Vec::new()
    }

    fn on_paste(&mut self, text: &str, cx: &PaneCx<'_>) -> Vec<Effect> {
        if let Some(talks) = self.talks.as_mut().filter(|t| t.types()) {
            return talks.on_paste(text);
        }
        let plain = text.replace("\r\n", "\n").replace('\r', "\n").replace('\t', "    ");
        let plain: String = plain.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
        self.editor.insert_str(plain);
        self.typed(cx);
        Vec::new()
    }

    fn on_mouse(&mut self, mouse: Mouse, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.talks.is_some() || self.choosing.is_some() || self.section.is_some() {
            return Vec::new();
        }
        self.pointed(mouse, cx)
    }

    fn on_event(&mut self, event: &Event, cx: &PaneCx<'_>) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Talk(talk) => {
                self.loaded(talk);
                effects.extend(self.look_for_model());
            }
            Event::Talks(all) => {
                if let Some(talks) = &mut self.talks {
                    talks.loaded(all);
                }
            }
            Event::TemplateTexts(texts) => self.patterns.told(texts),
            Event::WholeTalk(talk) => effects.extend(self.write(talk, cx)),
            Event::ModelChoices(Ok(models)) => {
                self.models.clone_from(models);
                effects.extend(self.still_there());
                if self.editing {
                    self.typed(cx);
                }
            }
            Event::ChatStep(step) => {
                if let Some(p) = &mut self.pending {
                    p.steps.push(step.clone());
                }
            }
            Event::ChatDelta(text) => {
                if let Some(p) = &mut self.pending {
                    p.text.push_str(text);
                    p.blocks.grow(&p.text);
                    p.began.get_or_insert(cx.clock.now);
                }
            }
            Event::ChatDone(answered) => self.done(answered, cx),
            _ => {}
        }
        effects.extend(self.keep_choice());
        effects.extend(self.ask_patterns());
        effects
    }

    fn cancel(&mut self, _cx: &PaneCx<'_>) -> Option<Vec<Effect>> {
        let pending = self.pending.as_mut()?;
        if std::mem::replace(&mut pending.cancelled, true) {
            return None;
        }
        Some(vec![Effect::Send(Request::CancelAsk), Effect::info("Stopping the answer")])
    }

    fn hints(&self, _cx: &PaneCx<'_>) -> Vec<Action> {
        let mut hints = Vec::new();
        if self.pending.is_some() {
            hints.push(Action::Cancel);
        }
        if self.talks.as_ref().is_some_and(Talks::types) {
            hints.extend([Action::Submit, Action::Back]);
        } else if self.editing {
            hints.extend([Action::Submit, Action::NewLine, Action::ClearScope, Action::Back]);
        } else if self.talks.is_some() {
            hints.extend([
                Action::Open,
                Action::Filter,
                Action::Rename,
                Action::Delete,
                Action::Export,
                Action::NewConversation,
                Action::Back,
            ]);
        } else if self.choosing.is_some() {
            hints.extend([Action::Open, Action::Rerun, Action::Back]);
        } else {
            hints.extend([
                Action::Edit,
                Action::NextItem,
                Action::Open,
                Action::Copy,
                Action::Rerun,
                Action::Conversations,
                Action::ChooseModel,
                Action::ClearScope,
                Action::Help,
            ]);
        }
        hints
    }

    fn paused(&self) -> bool {
        self.pending.is_some() && !self.follows()
    }

    fn view(&self, frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) {
        view::draw(frame, area, cx, self);
    }
}
