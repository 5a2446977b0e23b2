//! The conversation as parts laid out one by one: what was laid out once is kept, so that a frame costs what is on
//! screen and what is new, not what was said before. Used by the conversation; it knows no message.

use super::blocks::{Block, Blocks};
use crate::tui::widgets::document::{Document, LinkStyles, Mark};
use crate::tui::widgets::markdown::{self, Look};
use aiobs_types::{IncidentId, RecordId};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::collections::HashMap;
use std::rc::Rc;

/// Parts kept at most; then all are laid out anew.
const MOST: usize = 100_000;

/// What Enter follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A cited line.
    Record(RecordId),
    /// A cited text: number of the answer, and of the mark from 1.
    Text(u64, usize),
    /// A text that the summary of the first turns cites: number of the mark from 1.
    Summarised(usize),
    /// An incident that is named.
    Incident(IncidentId),
    /// A question to begin with, by its place in the list.
    Example(usize),
    /// What the program looked at for an answer, by its number: shown or hidden.
    Steps(u64),
    /// What a tool brought that the model called: number of the answer, and of the step from 0.
    Step(u64, usize),
}

/// A part.
pub(super) type Doc = Document<Target>;

/// Which text a part is of: number and time of its message.
pub(super) type Of = (u64, i64);

/// How parts look.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Dress {
    pub(super) width: usize,
    pub(super) ellipsis: &'static str,
    pub(super) links: LinkStyles,
    pub(super) look: Look,
}

/// Parts that are laid out already.
#[derive(Debug, Default)]
pub(super) struct Cache {
    dress: Dress,
    docs: HashMap<(Of, usize, usize), Rc<Doc>>,
    cuts: HashMap<Of, Rc<Blocks>>,
    /// Bytes of Markdown laid out so far.
    pub(super) laid: u64,
}

impl Cache {
    /// Forgets what looks otherwise now.
    pub(super) fn wear(&mut self, dress: &Dress) {
        if self.dress != *dress || self.docs.len() > MOST {
            self.docs.clear();
            self.dress = *dress;
        }
    }

    /// Forgets one text.
    pub(super) fn forget(&mut self, of: Of) {
        self.docs.retain(|(o, ..), _| *o != of);
        self.cuts.remove(&of);
    }

    fn cuts(&mut self, of: Of, text: &str) -> Rc<Blocks> {
        Rc::clone(self.cuts.entry(of).or_insert_with(|| Rc::new(Blocks::of(text))))
    }
}

/// The parts in order.
#[derive(Debug, Default)]
pub(super) struct Flow {
    dress: Dress,
    active: Option<usize>,
    parts: Vec<(usize, Rc<Doc>)>,
    rows: usize,
    gap: bool,
    links: Vec<(usize, Target)>,
}

impl Flow {
    /// An empty one, whose link number `active` is lit.
    pub(super) fn new(dress: &Dress, active: Option<usize>) -> Self {
        Self { dress: *dress, active, ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// Row and target of every link, in order.
    pub(super) fn links(&self) -> &[(usize, Target)] {
        &self.links
    }

    /// An empty row before the next part, unless there is none before it.
    pub(super) fn gap(&mut self) {
        self.gap = self.rows > 0;
    }

    /// A part that is laid out now; its links go on counting.
    pub(super) fn part(&mut self, build: impl FnOnce(&mut Doc)) {
        let active = self.active.and_then(|a| a.checked_sub(self.links.len()));
        let mut doc = self.dress.doc(active);
        build(&mut doc);
        self.push(Rc::new(doc));
    }

    /// Markdown, by blocks; `cite` gives what a mark leads to.
    pub(super) fn markdown(
        &mut self,
        cache: &mut Cache,
        of: Of,
        text: &str,
        blocks: Option<&Blocks>,
        cite: impl Fn(Mark) -> Option<Target> + Copy,
    ) {
        let cuts;
        let blocks = if let Some(blocks) = blocks {
            blocks
        } else {
            cuts = cache.cuts(of, text);
            cuts.as_ref()
        };
        for block in blocks.all() {
            let Some(piece) = text.get(block.range.clone()) else { continue };
            let key = (of, block.range.start, block.range.len());
            let known = cache.docs.get(&key).cloned();
            let doc = known.unwrap_or_else(|| {
                let doc = Rc::new(self.dress.block(piece, block, None, cite));
                cache.laid += piece.len() as u64;
                cache.docs.insert(key, Rc::clone(&doc));
                doc
            });
            if !block.goes_on {
                self.gap();
            }
            let lit = self.active.and_then(|a| a.checked_sub(self.links.len())).filter(|a| *a < doc.links().len());
            if lit.is_some() {
                self.push(Rc::new(self.dress.block(piece, block, lit, cite)));
            } else {
                self.push(doc);
            }
        }
    }

    fn push(&mut self, doc: Rc<Doc>) {
        if doc.is_empty() {
            return;
        }
        self.rows += usize::from(std::mem::take(&mut self.gap));
        self.links.extend(doc.links().iter().map(|(row, target)| (self.rows + row, *target)));
        let at = self.rows;
        self.rows += doc.len();
        self.parts.push((at, doc));
    }

    /// Draws the rows from `scroll` on.
    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, scroll: usize) {
        let end = scroll + area.height as usize;
        let first = self.parts.partition_point(|(at, doc)| at + doc.len() <= scroll);
        for (at, doc) in self.parts[first..].iter().take_while(|(at, _)| *at < end) {
            let below = at.saturating_sub(scroll) as u16;
            let area = Rect { y: area.y + below, height: area.height.saturating_sub(below), ..area };
            doc.draw(area, buffer, scroll.saturating_sub(*at));
        }
    }
}

impl Dress {
    fn doc(&self, active: Option<usize>) -> Doc {
        Document::new(self.width, self.ellipsis, self.links, active)
    }

    fn block(&self, piece: &str, block: &Block, active: Option<usize>, cite: impl Fn(Mark) -> Option<Target>) -> Doc {
        let mut doc = self.doc(active);
        match &block.fence {
            // The language was named where the code began.
            Some(fence) => {
                let look = Look { unnamed: true, ..self.look };
                markdown::render(&mut doc, &format!("{}\n{piece}", fence.trim_end()), look, cite);
            }
            None => markdown::render(&mut doc, piece, self.look, cite),
        }
        doc
    }
}
