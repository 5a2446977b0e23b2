//! Reading the conversation: where in it the reader is, links that are followed, what is folded and what is copied.

use super::examples::examples;
use super::flow::{Flow, Target};
use super::section::Section;
use super::state::{State, editor};
use super::{conversation, view};
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::event::Mouse;
use crate::tui::panes::PaneCx;
use crate::tui::widgets::document::Place;
use crate::tui::widgets::markdown;
use crate::tui::widgets::scroll::{WHEEL, scrolled};
use aiobs_types::{ChatRole, Citation};
use ratatui::layout::{Position, Rect};

/// Where the reader is.
#[derive(Debug)]
pub(super) struct Reading {
    place: Place,
    /// Stays at the newest text.
    follow: bool,
    /// What is open of answers: the program's looks, or what a tool brought, by its number.
    unfolded: Vec<(u64, Option<usize>)>,
}

impl Default for Reading {
    fn default() -> Self {
        Self { place: Place::default(), follow: true, unfolded: Vec::new() }
    }
}

impl State {
    /// First row shown and the lit link, for a text of this many rows in this height.
    pub(super) fn place(&self, rows: usize, height: usize) -> Place {
        let (most, place) = (rows.saturating_sub(height), self.reading.place);
        Place { scroll: if self.reading.follow { most } else { place.scroll.min(most) }, link: place.link }
    }

    pub(super) fn link(&self) -> Option<usize> {
        self.reading.place.link
    }

    /// Takes the light from a link. Whether one was lit.
    pub(super) fn unlink(&mut self) -> bool {
        self.reading.place.link.take().is_some()
    }

    pub(super) const fn follows(&self) -> bool {
        self.reading.follow
    }

    pub(super) fn follow_newest(&mut self) {
        self.reading.follow = true;
        self.reading.place.link = None;
    }

    pub(super) fn read_from(&mut self, row: usize) {
        self.reading.place.scroll = row;
        self.reading.follow = false;
    }

    /// Whether the looks of an answer, or what one of its tools brought, are shown.
    pub(super) fn is_open(&self, answer: u64, step: Option<usize>) -> bool {
        self.reading.unfolded.contains(&(answer, step))
    }

    fn fold(&mut self, what: (u64, Option<usize>)) {
        let unfolded = &mut self.reading.unfolded;
        let before = unfolded.len();
        unfolded.retain(|open| *open != what);
        if unfolded.len() == before {
            unfolded.push(what);
        }
    }

    fn document(&self, cx: &PaneCx<'_>) -> (Flow, usize) {
        let areas = view::layout(self, Rect::from((Position::ORIGIN, cx.size)), cx);
        (conversation::flow(self, cx, areas.text.width as usize).0, areas.text.height as usize)
    }

    pub(super) fn moved(&mut self, action: Action, cx: &PaneCx<'_>) {
        let (document, height) = self.document(cx);
        let rows = document.len();
        let links: Vec<usize> = document.links().iter().map(|(row, _)| *row).collect();
        let mut place = self.place(rows, height);
        match action {
            Action::NextItem | Action::PreviousItem => {
                place.jump_near(action == Action::NextItem, &links, rows, height);
            }
            Action::Down | Action::Up => place.step(action == Action::Down, &links, rows, height),
            _ => {
                if scrolled(&mut place.scroll, action, rows, height) {
                    place.link = None;
                }
            }
        }
        self.reading.place = place;
        self.reading.follow = place.scroll >= rows.saturating_sub(height);
    }

    /// Follows the lit link; without one the editor opens.
    pub(super) fn open(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let (document, _) = self.document(cx);
        match self.link().and_then(|l| document.links().get(l)) {
            Some((_, Target::Record(record))) => return vec![Effect::ShowRecord(*record)],
            Some((_, Target::Incident(id))) => return vec![Effect::OpenIncident(*id)],
            Some((_, Target::Text(answer, n))) => {
                let message = self.history.iter().find(|m| m.id == *answer);
                let cited = message.and_then(|m| m.citations.get(n.checked_sub(1)?));
                if let Some(Citation::Text(text)) = cited {
                    self.section = Some(Section::new(text.as_ref().clone()));
                }
            }
            Some((_, Target::Summarised(n))) => {
                let summary = self.conversation.as_ref().and_then(|c| c.summary.as_ref());
                if let Some(Citation::Text(text)) = summary.and_then(|s| s.citations.get(n.checked_sub(1)?)) {
                    self.section = Some(Section::new(text.as_ref().clone()));
                }
            }
            Some((_, Target::Example(i))) => {
                if let Some(text) = examples(cx.snapshot).into_iter().nth(*i) {
                    self.editor = editor();
                    self.editor.insert_str(text);
                    self.editing = true;
                }
            }
            Some((_, Target::Steps(id))) => self.fold((*id, None)),
            Some((_, Target::Step(id, step))) => self.fold((*id, Some(*step))),
            None => self.editing = true,
        }
        Vec::new()
    }

    /// The last code of the newest answer, pressed again the one before it; else the answer.
    pub(super) fn copy(&mut self) -> Vec<Effect> {
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

    pub(super) fn pointed(&mut self, mouse: Mouse, cx: &PaneCx<'_>) -> Vec<Effect> {
        let areas = view::layout(self, Rect::from((Position::ORIGIN, cx.size)), cx);
        let (document, height) = self.document(cx);
        self.reading.place = self.place(document.len(), height);
        if let Some(down) = mouse.wheel() {
            let by = if down { WHEEL.cast_signed() } else { -WHEEL.cast_signed() };
            self.reading.place.scroll_by(by, document.len(), height);
            self.reading.follow = self.reading.place.scroll >= document.len().saturating_sub(height);
            return Vec::new();
        }
        if areas.editor.contains(mouse.at) {
            self.editing = true;
            return Vec::new();
        }
        self.editing = false;
        let row = usize::from(mouse.at.y) + self.reading.place.scroll;
        let link = document.links().iter().position(|(at, _)| *at == row);
        if link.is_some() && link == self.link() {
            return self.open(cx);
        }
        self.reading.place.link = link.filter(|_| areas.text.contains(mouse.at));
        Vec::new()
    }
}
