//! A short list over the pane to choose from: the model of another run, the form of a file, the past incident to put beside
//! this one. Moves with the keys of lists, Enter takes, Esc closes.

use super::state::State;
use crate::runtime::events::{IncidentDetail, ModelChoice, Request};
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::popup;
use crate::tui::widgets::scroll::Cursor;
use crate::tui::widgets::text;
use aiobs_types::IncidentId;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// What is chosen.
#[derive(Clone, Debug)]
pub(super) enum Menu {
    /// The model of another run; `None` until the servers have said what they have.
    Models(Option<Result<Vec<ModelChoice>, String>>),
    /// The form of a file.
    Export,
    /// A past incident.
    Compare,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Chooser {
    /// About which incident.
    pub(super) of: IncidentId,
    pub(super) menu: Menu,
    cursor: Cursor,
}

/// One row: what it is, what there is to say of it, and whether it can be taken.
struct Row {
    name: String,
    about: String,
    taken: bool,
}

/// Forms of a file: name, ending, what it is for.
pub(super) const FORMS: [(&str, &str, &str); 3] = [
    ("Markdown", "md", "for tickets and chats"),
    ("HTML", "html", "one page, no script, nothing loaded from elsewhere"),
    ("JSON", "json", "for programs, as docs/output.md says"),
];

impl Chooser {
    pub(super) fn new(of: IncidentId, menu: Menu) -> Self {
        Self { of, menu, cursor: Cursor::default() }
    }

    fn title(&self) -> String {
        match &self.menu {
            Menu::Models(_) => format!("Diagnose {} again by", self.of),
            Menu::Export => format!("Write {} to a file, as", self.of),
            Menu::Compare => format!("Put beside {}", self.of),
        }
    }

    /// What stands there instead of rows.
    fn word(&self) -> Option<&str> {
        match &self.menu {
            Menu::Models(None) => Some("Asking the servers what they have ..."),
            Menu::Models(Some(Err(why))) => Some(why),
            Menu::Models(Some(Ok(list))) if list.is_empty() => Some("No server has a model that can chat."),
            _ => None,
        }
    }

    fn rows(&self, detail: Option<&IncidentDetail>, cx: &PaneCx<'_>) -> Vec<Row> {
        match &self.menu {
            Menu::Models(Some(Ok(list))) => list.iter().map(model).collect(),
            Menu::Models(_) => Vec::new(),
            Menu::Export => {
                let row = |(name, ending, about): (&str, &str, &str)| Row {
                    name: format!("{name} (.{ending})"),
                    about: about.to_owned(),
                    taken: true,
                };
                FORMS.into_iter().map(row).collect()
            }
            Menu::Compare => {
                let similar = detail.map(|d| d.similar.as_slice()).unwrap_or_default();
                let row = |s: &crate::runtime::events::Similar| Row {
                    name: format!("{}  {}", s.incident.id, s.incident.title),
                    about: format!("{}; {}", cx.clock.ago_said(s.incident.last_seen), s.why),
                    taken: true,
                };
                similar.iter().map(row).collect()
            }
        }
    }
}

fn model(m: &ModelChoice) -> Row {
    let place = if m.local { "LOCAL" } else { "REMOTE" };
    let name = if m.model.is_empty() { "the server's choice" } else { &m.model };
    let about = match &m.wrong {
        Some(why) => format!("{} at {}: {why}", m.server, m.place),
        None => format!("{} at {}  {place}", m.server, m.place),
    };
    Row { name: name.to_owned(), about, taken: m.wrong.is_none() }
}

impl State {
    /// Opens a list.
    pub(super) fn choose(&mut self, menu: Menu, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(id) = self.current(cx).map(|i| i.id) else { return Vec::new() };
        let asks = matches!(menu, Menu::Models(None));
        self.chooser = Some(Chooser::new(id, menu));
        if asks { vec![Effect::Send(Request::ModelChoices)] } else { Vec::new() }
    }

    /// Keys while a list is open.
    pub(super) fn choosing(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(mut open) = self.chooser.take() else { return Vec::new() };
        if action == Action::Back {
            return Vec::new();
        }
        let rows = open.rows(self.loaded(cx), cx);
        if action != Action::Open {
            open.cursor.moved(action, rows.len(), rows.len().max(1));
            self.chooser = Some(open);
            return Vec::new();
        }
        let at = open.cursor.at;
        let Some(row) = rows.get(at) else { return Vec::new() };
        if !row.taken {
            let text = format!("{} can't be asked: {}", row.name, row.about);
            self.chooser = Some(open);
            return vec![Effect::warn(text)];
        }
        match open.menu {
            Menu::Models(Some(Ok(list))) => list.get(at).map(|m| self.run_by(open.of, m)).unwrap_or_default(),
            Menu::Models(_) => Vec::new(),
            Menu::Export => self.share(at, cx),
            Menu::Compare => self
                .loaded(cx)
                .and_then(|d| d.similar.get(at))
                .map_or_else(Vec::new, |s| vec![Effect::Send(Request::Compare(s.incident.id))]),
        }
    }

    fn run_by(&mut self, id: IncidentId, choice: &ModelChoice) -> Vec<Effect> {
        self.stream = None;
        let name = if choice.model.is_empty() { &choice.server } else { &choice.model };
        let far = if choice.local { String::new() } else { format!("; it is REMOTE, at {}", choice.place) };
        let told = Effect::info(format!("{id} will be diagnosed again by {name}{far}"));
        vec![Effect::Send(Request::RerunBy(id, Box::new(choice.clone()))), told]
    }

    /// Draws the list that is open.
    pub(super) fn draw_chooser(&self, frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) {
        let Some(open) = &self.chooser else { return };
        let rows = open.rows(self.loaded(cx), cx);
        let styles = popup::PopupStyle {
            body: cx.style(Role::Popup),
            title: cx.style(Role::PopupTitle),
            border: cx.style(Role::PopupBorder),
        };
        let seen = rows.len().max(1).min(area.height.saturating_sub(2) as usize);
        let place = popup::centered(area, area.width.saturating_sub(4).min(96), seen as u16 + 2);
        let inside = popup::open(frame, place, &open.title(), styles, cx.glyphs);
        let safe = |t: &str| text::safe_for(t, cx.glyphs.ascii).into_owned();
        if let Some(word) = open.word() {
            let line = Line::styled(safe(word), cx.style(Role::Dim));
            return frame.render_widget(line, Rect { height: 1.min(inside.height), ..inside });
        }
        let width = rows.iter().map(|r| text::width(&safe(&r.name))).max().unwrap_or(0).min(inside.width as usize / 2);
        let cursor = open.cursor;
        let visible = cursor.visible(rows.len(), inside.height as usize);
        for (i, y) in visible.zip(inside.top()..inside.bottom()) {
            let row = &rows[i];
            let name = text::fit(&safe(&row.name), width, cx.glyphs.ellipsis);
            let strong = if row.taken { Role::Strong } else { Role::Dim };
            let mut spans = vec![
                Span::raw(if i == open.cursor.at { cx.glyphs.cursor } else { " " }),
                Span::styled(format!("{name}  "), cx.style(strong)),
                Span::styled(safe(&row.about), cx.style(Role::Dim)),
            ];
            if i == open.cursor.at {
                let over = cx.style(Role::Selection);
                for span in &mut spans {
                    span.style = span.style.patch(over);
                }
            }
            let line = text::truncate_line(spans, inside.width as usize, cx.glyphs.ellipsis);
            frame.render_widget(line, Rect { y, height: 1, ..inside });
        }
    }
}
