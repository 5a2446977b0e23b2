//! State of the Chat pane and how keys and events change it.

use super::blocks::Blocks;
use super::flow::{Cache, Flow, Of, Target};
use super::section::Section;
use super::{conversation, view};
use crate::runtime::events::{Event, Request};
use crate::tui::action::{Action, Context};
use crate::tui::effect::Effect;
use crate::tui::event::Mouse;
use crate::tui::panes::{Goto, Pane, PaneCx};
use crate::tui::widgets::document::Place;
use crate::tui::widgets::markdown;
use crate::tui::widgets::scroll::{WHEEL, scrolled};
use aiobs_types::{ChatMessage, ChatRole, ChatScope, ChatStep, Citation, Timestamp};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use std::cell::RefCell;
use textarea::{TextArea, WrapMode};

/// Nanoseconds in which an answer counts as having come all at once.
const AT_ONCE: i64 = 1_500_000_000;

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
    began: Option<Timestamp>,
}

impl Pending {
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
    pub(super) scope: ChatScope,
    pub(super) editor: TextArea<'static>,
    pub(super) editing: bool,
    /// What is shown of answers: the program's looks, or what a tool brought, by its number.
    unfolded: Vec<(u64, Option<usize>)>,
    /// A cited text that is read in place of the conversation.
    pub(super) section: Option<Section>,
    /// The turn after which the conversation begins; what was before is neither shown nor sent.
    pub(super) begin: u64,
    /// What is laid out already.
    pub(super) cache: RefCell<Cache>,
    /// The earlier question that is in the editor, counted from the newest.
    recalled: Option<usize>,
    /// The block of code copied last, counted from the last one.
    copied: usize,
    place: Place,
    /// Stays at the newest text.
    follow: bool,
    /// Another pane led here: Esc out of an empty editor goes straight back.
    led: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            history: Vec::new(),
            loaded: false,
            pending: None,
            scope: ChatScope::All,
            editor: editor(),
            editing: false,
            unfolded: Vec::new(),
            section: None,
            begin: 0,
            cache: RefCell::default(),
            recalled: None,
            copied: 0,
            place: Place::default(),
            follow: true,
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
    /// First row shown and the lit link, for a text of this many rows in this height.
    pub(super) fn place(&self, rows: usize, height: usize) -> Place {
        let most = rows.saturating_sub(height);
        Place { scroll: if self.follow { most } else { self.place.scroll.min(most) }, link: self.place.link }
    }

    pub(super) fn link(&self) -> Option<usize> {
        self.place.link
    }

    /// Whether the looks of an answer, or what one of its tools brought, are shown.
    pub(super) fn is_open(&self, answer: u64, step: Option<usize>) -> bool {
        self.unfolded.contains(&(answer, step))
    }

    fn fold(&mut self, what: (u64, Option<usize>)) {
        let before = self.unfolded.len();
        self.unfolded.retain(|open| *open != what);
        if self.unfolded.len() == before {
            self.unfolded.push(what);
        }
    }

    fn document(&self, cx: &PaneCx<'_>) -> (Flow, usize) {
        let areas = view::layout(self, Rect::from((Position::ORIGIN, cx.size)), cx);
        (conversation::flow(self, cx, areas.text.width as usize).0, areas.text.height as usize)
    }

    fn moved(&mut self, action: Action, cx: &PaneCx<'_>) {
        let (document, height) = self.document(cx);
        let rows = document.len();
        let links: Vec<usize> = document.links().iter().map(|(row, _)| *row).collect();
        self.place = self.place(rows, height);
        match action {
            Action::NextItem | Action::PreviousItem => {
                self.place.jump_near(action == Action::NextItem, &links, rows, height);
            }
            Action::Down | Action::Up => self.place.step(action == Action::Down, &links, rows, height),
            _ => {
                if scrolled(&mut self.place.scroll, action, rows, height) {
                    self.place.link = None;
                }
            }
        }
        self.follow = self.place.scroll >= rows.saturating_sub(height);
    }

    fn submit(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let question = self.editor.lines().join("\n").trim().to_owned();
        if question.is_empty() {
            return Vec::new();
        }
        if self.pending.is_some() {
            let keys = cx.keys(Context::Editor, Action::Cancel);
            return vec![Effect::warn(format!("An answer is still coming; {keys} stops it"))];
        }
        if question.starts_with('/') {
            return match self.command(&question, cx) {
                Ok(effects) => {
                    self.editor = editor();
                    effects
                }
                Err(why) => vec![Effect::warn(why)],
            };
        }
        self.editor = editor();
        let scope = self.scope.clone();
        self.ask(question, scope, cx)
    }

    /// Sends a question; its answer is awaited.
    pub(super) fn ask(&mut self, question: String, scope: ChatScope, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.pending.is_some() {
            let keys = cx.keys(Context::Editor, Action::Cancel);
            return vec![Effect::warn(format!("An answer is still coming; {keys} stops it"))];
        }
        self.follow = true;
        self.place.link = None;
        self.recalled = None;
        self.copied = 0;
        self.pending = Some(Pending {
            question: ChatMessage::question(cx.clock.now, scope.clone(), question.clone()),
            steps: Vec::new(),
            text: String::new(),
            blocks: Blocks::default(),
            cancelled: false,
            began: None,
        });
        vec![Effect::Send(Request::Ask { question, scope, since: self.begin })]
    }

    fn open(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let (document, _) = self.document(cx);
        match self.place.link.and_then(|l| document.links().get(l)) {
            Some((_, Target::Record(record))) => return vec![Effect::ShowRecord(*record)],
            Some((_, Target::Incident(id))) => return vec![Effect::OpenIncident(*id)],
            Some((_, Target::Text(answer, n))) => {
                let message = self.history.iter().find(|m| m.id == *answer);
                let cited = message.and_then(|m| m.citations.get(n.checked_sub(1)?));
                if let Some(Citation::Text(text)) = cited {
                    self.section = Some(Section::new(text.as_ref().clone()));
                }
            }
            Some((_, Target::Steps(id))) => self.fold((*id, None)),
            Some((_, Target::Step(id, step))) => self.fold((*id, Some(*step))),
            None => self.editing = true,
        }
        Vec::new()
    }

    /// The last code of the newest answer, pressed again the one before it; else the answer.
    fn copy(&mut self) -> Vec<Effect> {
        let answer = match &self.pending {
            Some(p) if !p.text.is_empty() => Some(&p.text),
            _ => self.history.iter().rev().find(|m| m.role == ChatRole::Assistant).map(|m| &m.text),
        };
        let Some(answer) = answer else { return vec![Effect::warn("No answer to copy yet")] };
        let mut blocks = markdown::code_blocks(answer);
        if blocks.is_empty() {
            return vec![Effect::Copy { text: answer.clone(), what: "answer".into() }];
        }
        let (count, at) = (blocks.len(), self.copied % blocks.len());
        self.copied += 1;
        let code = blocks.swap_remove(count - 1 - at);
        let what = if count == 1 { "code".to_owned() } else { format!("code {} of {count}", count - at) };
        vec![Effect::Copy { text: code, what }]
    }

    /// An earlier question into the editor, or a later one; only from its first or last line, and never over what was
    /// typed.
    fn recall(&mut self, earlier: bool) -> bool {
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

    fn done(&mut self, message: &ChatMessage, cx: &PaneCx<'_>) {
        // What came all at once was not read while it came: it is shown from its beginning.
        let at_once = |p: &Pending| p.began.is_none_or(|t| cx.clock.now.since(t) < AT_ONCE);
        let from_top = self.follow && self.pending.as_ref().is_some_and(at_once);
        if let Some(pending) = self.pending.take() {
            self.cache.get_mut().forget(pending.of());
            self.history.push(pending.question);
        }
        self.history.push(message.clone());
        self.copied = 0;
        let areas = view::layout(self, Rect::from((Position::ORIGIN, cx.size)), cx);
        let (flow, newest) = conversation::flow(self, cx, areas.text.width as usize);
        if from_top && flow.len() - newest > areas.text.height as usize {
            self.place.scroll = newest;
            self.follow = false;
        }
    }

    fn type_key(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        match action {
            Action::Submit => return self.submit(cx),
            Action::NewLine => self.editor.insert_newline(),
            Action::ClearScope => return self.clear_scope(),
            Action::Back => {
                self.editing = false;
                if std::mem::take(&mut self.led) && self.editor.is_empty() {
                    return vec![Effect::Back];
                }
            }
            _ => self.moved(action, cx),
        }
        Vec::new()
    }
}

impl Pane for State {
    fn context(&self) -> Context {
        if self.editing { Context::Editor } else { Context::Chat }
    }

    fn enter(&mut self, _cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.loaded { Vec::new() } else { vec![Effect::Send(Request::ChatHistory)] }
    }

    fn go(&mut self, to: &Goto, _cx: &PaneCx<'_>) -> Vec<Effect> {
        if let Goto::Scope(scope) = to {
            self.scope.clone_from(scope);
            self.editing = true;
            self.led = true;
            self.follow = true;
            self.place.link = None;
        }
        Vec::new()
    }

    fn update(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.editing {
            return self.type_key(action, cx);
        }
        let area = view::layout(self, Rect::from((Position::ORIGIN, cx.size)), cx).text;
        if let Some(section) = &mut self.section {
            return match action {
                Action::Back => {
                    self.section = None;
                    Vec::new()
                }
                Action::Edit | Action::Ask => {
                    self.editing = true;
                    Vec::new()
                }
                _ => section.update(action, area, cx),
            };
        }
        match action {
            Action::Back if self.place.link.take().is_some() => Vec::new(),
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
            _ => {
                self.moved(action, cx);
                Vec::new()
            }
        }
    }

    fn on_key(&mut self, key: KeyEvent, _cx: &PaneCx<'_>) -> Vec<Effect> {
        match key.code {
            KeyCode::Up if self.recall(true) => {}
            KeyCode::Down if self.recall(false) => {}
            _ => {
                self.editor.input(key);
            }
        }
        Vec::new()
    }

    fn on_paste(&mut self, text: &str, _cx: &PaneCx<'_>) -> Vec<Effect> {
        let plain = text.replace("\r\n", "\n").replace('\r', "\n").replace('\t', "    ");
        let plain: String = plain.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
        self.editor.insert_str(plain);
        Vec::new()
    }

    fn on_mouse(&mut self, mouse: Mouse, cx: &PaneCx<'_>) -> Vec<Effect> {
        let areas = view::layout(self, Rect::from((Position::ORIGIN, cx.size)), cx);
        let (document, height) = self.document(cx);
        self.place = self.place(document.len(), height);
        if let Some(down) = mouse.wheel() {
            self.place.scroll_by(if down { WHEEL.cast_signed() } else { -WHEEL.cast_signed() }, document.len(), height);
            self.follow = self.place.scroll >= document.len().saturating_sub(height);
            return Vec::new();
        }
        if areas.editor.contains(mouse.at) {
            self.editing = true;
            return Vec::new();
        }
        self.editing = false;
        let row = usize::from(mouse.at.y) + self.place.scroll;
        let link = document.links().iter().position(|(at, _)| *at == row);
        if link.is_some() && link == self.place.link {
            return self.open(cx);
        }
        self.place.link = link.filter(|_| areas.text.contains(mouse.at));
        Vec::new()
    }

    fn on_event(&mut self, event: &Event, cx: &PaneCx<'_>) -> Vec<Effect> {
        match event {
            Event::ChatHistory(messages) => {
                self.history = messages.iter().filter(|m| m.id > self.begin || m.id == 0).cloned().collect();
                self.loaded = true;
                // The question that is being answered may be stored already; it is shown with its answer.
                if let (Some(p), Some(last)) = (&self.pending, self.history.last())
                    && last.role == ChatRole::User
                    && last.text == p.question.text
                {
                    self.history.pop();
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
            Event::ChatDone(message) => self.done(message, cx),
            _ => {}
        }
        Vec::new()
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
        if self.editing {
            hints.extend([Action::Submit, Action::NewLine, Action::ClearScope, Action::Back]);
        } else {
            hints.extend([
                Action::Edit,
                Action::NextItem,
                Action::Open,
                Action::Copy,
                Action::Rerun,
                Action::ClearScope,
                Action::Help,
            ]);
        }
        hints
    }

    fn paused(&self) -> bool {
        self.pending.is_some() && !self.follow
    }

    fn view(&self, frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) {
        view::draw(frame, area, cx, self);
    }
}
