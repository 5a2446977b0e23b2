//! The header line: product, panes, and what always matters: LIVE or PAUSED, the rate, open incidents, the model
//! and whether it is on this machine. The widest form that fits is taken.

use crate::runtime::events::{ModelState, Snapshot};
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::panes::{PaneId, family};
use crate::tui::theme::Role;
use crate::tui::widgets::text;
use aiobs_types::Level;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

type Spans = Vec<Span<'static>>;

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    frame.buffer_mut().set_style(area, model.world.theme.style(Role::Header));
    let width = usize::from(area.width);
    let (left, right) = sides(model, width);
    let right_width = cells(&right).min(width);
    frame.render_widget(Line::from(left), area);
    let at = area.x + (width - right_width) as u16;
    let right_area = Rect { x: at, width: right_width as u16, ..area };
    frame.render_widget(Line::from(right), right_area);
}

/// The pane whose name is in this column.
pub(crate) fn pane_at(model: &Model, column: u16) -> Option<PaneId> {
    let (left, _) = sides(model, usize::from(model.world.size.width));
    let product = left.len().saturating_sub(PaneId::ALL.len());
    let mut end = 0;
    let part = left.iter().position(|span| {
        end += text::width(&span.content);
        usize::from(column) < end
    });
    PaneId::ALL.get(part?.checked_sub(product)?).copied()
}

/// Both sides in the widest forms that fit.
fn sides(model: &Model, width: usize) -> (Spans, Spans) {
    let rights = [right(model, 0), right(model, 1), right(model, 2), right(model, 3)];
    // Panes' names are worth more than the words of the right side.
    let forms = [(0, 0), (0, 1), (3, 1), (1, 1), (1, 2), (2, 1), (2, 2), (2, 3)];
    let lefts = [left(model, 0), left(model, 1), left(model, 2), left(model, 3)];
    let fits = |(l, r): &(usize, usize)| cells(&lefts[*l]) + cells(&rights[*r]) + 2 <= width;
    let (l, r) = forms.into_iter().find(fits).unwrap_or((2, 3));
    (lefts[l].clone(), rights[r].clone())
}

fn cells(spans: &Spans) -> usize {
    spans.iter().map(|s| text::width(&s.content)).sum()
}

/// Panes whose names are told where there is little room.
const NAMED: usize = 6;

/// Product and panes: 0 in full, 3 without the product, 1 the first panes only, 2 numbers only but for the pane on screen.
fn left(model: &Model, form: u8) -> Spans {
    let style = |r| model.world.theme.style(r);
    let open = family::open(&model.world.snapshot.incidents);
    let mut out = vec![];
    if form == 0 {
        out.push(Span::styled(" aiobs ", style(Role::Accent)));
    }
    for (i, pane) in PaneId::ALL.into_iter().enumerate() {
        let active = pane == model.shell.pane;
        // Eighty columns are enough for the names of six.
        if form == 1 && i >= NAMED && !active {
            continue;
        }
        let number = if pane == PaneId::Incidents && open > 0 { format!(" {open}") } else { String::new() };
        let name = match form {
            2 if !active => format!("{}{}", i + 1, if number.is_empty() { "" } else { "!" }),
            _ => format!("{} {}{number}", i + 1, pane.title()),
        };
        let role = if active { Role::TabActive } else { Role::Tab };
        out.push(Span::styled(
            if matches!(form, 1 | 3) && !active { format!("{name} ") } else { format!(" {name} ") },
            style(role),
        ));
    }
    out
}

/// Badges: 0 in full, 1 short, 2 the least, 3 only where the data goes.
fn right(model: &Model, form: u8) -> Spans {
    let style = |r| model.world.theme.style(r);
    let s = &model.world.snapshot;
    let mut out = Vec::new();
    let push = |out: &mut Spans, t: String, role| {
        if !out.is_empty() {
            out.push(Span::raw(if form == 0 { "  " } else { " " }));
        }
        out.push(Span::styled(t, style(role)));
    };
    if s.dropped_events > 0 && form == 0 {
        push(&mut out, format!("{} updates skipped", format::count(s.dropped_events)), Role::Dim);
    }
    if form < 3 {
        let paused = model.panes.get(model.shell.pane).paused();
        let (badge, role) = match format::backfill(s) {
            _ if paused => ("PAUSED".to_owned(), Role::Paused),
            Some((share, left)) => {
                let left = left.filter(|_| form == 0).map(|left| format!(", {} left", format::left(left)));
                (format!("READING {:.0} %{}", (share * 100.0).floor(), left.unwrap_or_default()), Role::Progress)
            }
            None => ("LIVE".to_owned(), Role::Live),
        };
        push(&mut out, badge, role);
        let rate = s.per_second.max(0.0);
        let rate = if form == 0 {
            format!("{}/s", format::count(rate.round() as u64))
        } else {
            format!("{}/s", format::compact(rate))
        };
        if form < 2 {
            out.push(Span::styled(format!(" {rate}"), style(Role::Header)));
        }
        let open: Vec<_> = s.incidents.iter().filter(|i| i.state.is_active()).collect();
        let worst = open.iter().map(|i| i.severity.level()).max().unwrap_or(Level::Info);
        let glyph = model.world.glyphs.level(worst);
        let n = family::open(&s.incidents);
        match (n, form) {
            (0, 0) => push(&mut out, "all quiet".into(), Role::Ok),
            (0, _) => {}
            (_, 0) => {
                out.push(Span::raw("  "));
                out.push(Span::styled(format!("{glyph} {n} open"), model.world.theme.level(worst)));
            }
            _ => {
                out.push(Span::raw(" "));
                out.push(Span::styled(format!("{glyph} {n}"), model.world.theme.level(worst)));
            }
        }
    }
    if form < 2
        && let Some(share) = embedding(s)
    {
        push(&mut out, format!("EMBEDDING {:.0} %", (share * 100.0).floor()), Role::Progress);
    }
    let (name, mut badge, mut role) = model_badge(&s.model);
    if !s.remotes.is_empty() {
        (badge, role) = ("REMOTE", Role::Remote);
    }
    if form == 0 && !name.is_empty() {
        out.push(Span::raw("  "));
        out.push(Span::styled(text::safe(&name).into_owned(), style(Role::Header)));
        out.push(Span::styled(format!(" {badge}"), style(role)));
    } else {
        push(&mut out, badge.into(), role);
    }
    out.push(Span::raw(" "));
    out
}

/// How far the embedding of texts is, while it goes on.
fn embedding(s: &Snapshot) -> Option<f64> {
    let m = &s.memory;
    (m.embedded < m.texts).then(|| m.embedded as f64 / m.texts as f64)
}

fn model_badge(state: &ModelState) -> (String, &'static str, Role) {
    match state {
        ModelState::Checking => ("model?".into(), "LOCAL", Role::Local),
        ModelState::Ready { model, local: true, .. } => (model.clone(), "LOCAL", Role::Local),
        ModelState::Ready { model, local: false, .. } => (model.clone(), "REMOTE", Role::Remote),
        ModelState::Offline { .. } => ("no model, playbooks".into(), "LOCAL", Role::Local),
        ModelState::Disabled => ("model off".into(), "LOCAL", Role::Local),
    }
}
