//! Builds the text about one pattern: what it is, how often it comes, its newest line, who writes it, and what stands at
//! each placeholder, with what is odd there.

use super::list;
use super::state::State;
use crate::runtime::events::{Pattern, PatternDetail, SlotValues};
use crate::tui::action::{Action, Context};
use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::document::{Document, LinkStyles, Piece};
use crate::tui::widgets::{spark, text};
use aiobs_insight::Odd;
use aiobs_types::RecordId;
use ratatui::text::Span;

/// What a link in it leads to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Target {
    /// A line.
    Record(RecordId),
    /// The lines of the pattern for which this holds, too.
    Filter(String),
}

type Doc = Document<Target>;

/// Cells of a row's label.
const LABEL: usize = 12;
/// Rows of the trend.
const BARS: usize = 3;
/// Values listed when none is far more frequent than another.
const SOME: usize = 3;

/// Builds it for a width; nothing selected gives an empty one.
pub(super) fn document(state: &State, cx: &PaneCx<'_>, width: usize) -> Doc {
    let styles = LinkStyles { link: cx.style(Role::Link), active: cx.style(Role::LinkActive) };
    let mut doc = Document::new(width, cx.glyphs.ellipsis, styles, state.place.link);
    let Some(pattern) = state.current() else { return doc };
    head(&mut doc, pattern, cx);
    trend(&mut doc, pattern, state, cx);
    let Some(detail) = state.known() else {
        doc.gap();
        doc.row(vec![Span::styled("Looking at its last lines ...", cx.style(Role::Dim))]);
        return doc;
    };
    if detail.lines == 0 {
        doc.gap();
        let why = "None of its lines is in the archive any more, or none was found in time.";
        doc.paragraph(Vec::new(), vec![Piece::Text(why.into(), cx.style(Role::Dim))]);
        return doc;
    }
    newest(&mut doc, detail, cx);
    who(&mut doc, detail, cx);
    values(&mut doc, detail, cx);
    let keys = cx.keys(Context::Global, Action::Open);
    doc.gap();
    doc.row(vec![Span::styled(format!("{keys} shows its lines in Logs"), cx.style(Role::Dim))]);
    doc
}

fn safe(t: &str, cx: &PaneCx<'_>) -> String {
    text::safe_for(t, cx.glyphs.ascii).into_owned()
}

fn head(doc: &mut Doc, pattern: &Pattern, cx: &PaneCx<'_>) {
    let left = vec![
        Span::styled(format!("template {}  ", pattern.id.0), cx.style(Role::Accent)),
        Span::styled(list::level(pattern.level, cx), cx.theme.level(pattern.level)),
        Span::raw("  "),
        list::life(pattern.life, cx),
    ];
    let count = format!("{}, {}", format::plural(pattern.count, "record"), format::percent(pattern.share));
    doc.row_ends(left, vec![Span::styled(count, cx.style(Role::Strong))]);
    if !pattern.mark.name.is_empty() {
        doc.paragraph(Vec::new(), vec![Piece::Text(safe(&pattern.mark.name, cx), cx.style(Role::Title))]);
    }
    doc.paragraph(Vec::new(), template(&pattern.text, cx));
    said(doc, pattern, cx);
    let near = |t| cx.clock.hms_near(t, cx.clock.now);
    let seen = format!(
        "first seen {}, last {} ({})",
        near(pattern.first_seen),
        near(pattern.last_seen),
        cx.clock.ago_said(pattern.last_seen)
    );
    doc.row(vec![Span::styled(seen, cx.style(Role::Dim))]);
}

/// What a person said of it.
fn said(doc: &mut Doc, pattern: &Pattern, cx: &PaneCx<'_>) {
    let mut words = Vec::new();
    if pattern.mark.muted {
        words.push("muted: raises no incident, unless fatal");
    }
    match pattern.rated {
        Some(true) => words.push("judged useful"),
        Some(false) => words.push("judged noise"),
        None => {}
    }
    if !words.is_empty() {
        doc.row(vec![Span::styled(words.join("; "), cx.style(Role::Warn))]);
    }
    if !pattern.mark.note.is_empty() {
        doc.paragraph(
            vec![Span::styled("note ", cx.style(Role::Dim))],
            vec![Piece::Text(safe(&pattern.mark.note, cx), cx.style(Role::Text))],
        );
    }
}

/// The text of a template, with its placeholders in their own style.
fn template(text: &str, cx: &PaneCx<'_>) -> Vec<Piece<Target>> {
    let plain = |t: &str| Piece::Text(safe(t, cx), cx.style(Role::Strong));
    let mut pieces = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(open) = text[at..].find('<').map(|i| at + i) {
        at = open + 1;
        let Some(len) = placeholder(&text[open..]) else { continue };
        at = open + len;
        pieces.push(plain(&text[from..open]));
        pieces.push(Piece::Text(text[open..at].to_owned(), cx.style(Role::Placeholder)));
        from = at;
    }
    pieces.push(plain(&text[from..]));
    pieces
}

/// Length of the placeholder, such as `<num>` or `<*>`, that the text begins with.
fn placeholder(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('<')?.split('>').next()?;
    let named = !inner.is_empty() && inner.len() <= 10 && inner.bytes().all(|b| b.is_ascii_lowercase() || b == b'*');
    (named && text.len() > inner.len() + 1).then_some(inner.len() + 2)
}

fn trend(doc: &mut Doc, pattern: &Pattern, state: &State, cx: &PaneCx<'_>) {
    let shown = state.data.trend;
    doc.gap();
    let moment = shown.to.since(shown.from) < 1_000_000;
    let span = format::duration(shown.to.since(shown.from));
    if pattern.trend.is_empty() {
        let within = if moment {
            "None at the moment of the newest line.".to_owned()
        } else {
            format!("None in the {span} that end with the newest line.")
        };
        doc.row(vec![Span::styled(within, cx.style(Role::Dim))]);
        return;
    }
    let width = doc.width();
    let values = spark::spread(&pattern.trend, width);
    for bar in spark::bars(&values, width, BARS, cx.glyphs) {
        doc.row(vec![Span::styled(bar, cx.style(list::spark_role(pattern.level)))]);
    }
    let sum: u64 = pattern.trend.iter().map(|n| u64::from(*n)).sum();
    let middle = if moment {
        format!("{} at one moment", format::count(sum))
    } else {
        format!("{} in {span}{}", format::count(sum), changed(pattern))
    };
    let (from, to) = (cx.clock.hms(shown.from), cx.clock.hms(shown.to));
    let room = width.saturating_sub(from.len() + to.len());
    let middle = text::fit(&middle, room.saturating_sub(4), cx.glyphs.ellipsis);
    let left = vec![Span::styled(from, cx.style(Role::Axis)), Span::styled(format!("  {middle}"), cx.style(Role::Dim))];
    doc.row_ends(left, vec![Span::styled(to, cx.style(Role::Axis))]);
}

/// `, lately 4.2 times as many`, when that is worth a word.
fn changed(pattern: &Pattern) -> String {
    let (before, lately) = pattern.halves();
    let any = |part: &[u32]| part.iter().any(|n| *n > 0);
    match pattern.change() {
        _ if !any(before) => ", all of them lately".into(),
        _ if !any(lately) => ", none lately".into(),
        c if c >= 100.0 => ", lately more than 100 times as many".into(),
        c if c >= 10.0 => format!(", lately {c:.0} times as many"),
        c if c >= 1.5 => format!(", lately {c:.1} times as many"),
        c if c <= 1.0 / 1.5 => format!(", lately {} of that", format::percent(c)),
        _ => String::new(),
    }
}

fn heading(doc: &mut Doc, title: &str, note: String, cx: &PaneCx<'_>) {
    doc.gap();
    doc.row(vec![Span::styled(title.to_owned(), cx.style(Role::Title)), Span::styled(note, cx.style(Role::Dim))]);
}

fn newest(doc: &mut Doc, detail: &PatternDetail, cx: &PaneCx<'_>) {
    let Some(record) = &detail.example else { return };
    heading(doc, "Newest line", String::new(), cx);
    // The first line of the message is what the pattern is of.
    let line = record.message().lines().next().unwrap_or_default();
    let spans = vec![
        Span::styled(format!(" {} ", cx.clock.hms_near(record.time, cx.clock.now)), cx.style(Role::Time)),
        Span::styled(format!("{}  ", safe(&record.component, cx)), cx.style(Role::Component)),
        Span::styled(safe(line, cx), cx.style(Role::Text)),
    ];
    doc.link_row(spans, Target::Record(record.id));
}

/// Levels, components and sources of the lines looked at.
fn who(doc: &mut Doc, detail: &PatternDetail, cx: &PaneCx<'_>) {
    let span = detail.times.map_or_else(String::new, |(from, to)| {
        let near = |t| cx.clock.hms_near(t, cx.clock.now);
        format!(", {}{}{}", near(from), cx.glyphs.dash, near(to))
    });
    let of = if detail.more { "of the last" } else { "of all" };
    heading(doc, "Who and what", format!("  {of} {}{span}", format::plural(detail.lines, "line")), cx);
    let mut levels = Vec::new();
    for (level, n) in &detail.levels {
        levels.push(Piece::Text(list::level(*level, cx), cx.theme.level(*level)));
        levels.push(Piece::Text(format!(" {}   ", format::count(*n)), cx.style(Role::Number)));
    }
    doc.paragraph(vec![label("levels", cx)], levels);
    let named = |key: &str, rows: &[(String, u64)]| -> Vec<Piece<Target>> {
        let one = |(name, n): &(String, u64)| {
            let (shown, filter) = match name.as_str() {
                "" => ("(none)".to_owned(), format!("-{key}:*")),
                name => (safe(name, cx), format!("{key}={}", format::filter_value(name))),
            };
            let count = Piece::Text(format!(" {}   ", format::count(*n)), cx.style(Role::Number));
            [Piece::Link(shown, Target::Filter(filter)), count]
        };
        rows.iter().flat_map(one).collect()
    };
    doc.paragraph(vec![label("components", cx)], named("component", &detail.components));
    doc.paragraph(vec![label("sources", cx)], named("source", &detail.sources));
}

fn label(name: &str, cx: &PaneCx<'_>) -> Span<'static> {
    Span::styled(text::fit(&format!(" {name}"), LABEL, ""), cx.style(Role::Dim))
}

fn values(doc: &mut Doc, detail: &PatternDetail, cx: &PaneCx<'_>) {
    if detail.slots.is_empty() {
        heading(doc, "Values", "  none: every line says the same".into(), cx);
        return;
    }
    let read = detail.lines.saturating_sub(detail.unread);
    let of = if detail.more { "of the last" } else { "of all" };
    heading(doc, "Values", format!("  {of} {}", format::plural(read, "line")), cx);
    if read == 0 {
        let why = "These lines are of an earlier form of the pattern: their values can't be told apart.";
        return doc.paragraph(vec![Span::raw(" ")], vec![Piece::Text(why.into(), cx.style(Role::Dim))]);
    }
    for slot in &detail.slots {
        slot_values(doc, slot, cx);
    }
}

fn slot_values(doc: &mut Doc, slot: &SlotValues, cx: &PaneCx<'_>) {
    let s = &slot.spread;
    let head = vec![
        Span::styled(format!(" {}", slot.kind), cx.style(Role::Placeholder)),
        Span::styled(format!(" {}  ", safe(&slot.name, cx)), cx.style(Role::FieldName)),
        Span::styled(format::plural(s.distinct as u64, "value"), cx.style(Role::Number)),
    ];
    doc.row(head);
    if let Some(r) = &s.range {
        let said = format!("{} to {}, half up to {}, 95 % up to {}", r.low, r.high, r.median, r.p95);
        doc.paragraph(vec![Span::raw("   ")], vec![Piece::Text(safe(&said, cx), cx.style(Role::Text))]);
    }
    // Where all come equally seldom, and of measures, some examples will do.
    let seldom = s.range.is_some() || s.top.first().is_none_or(|(_, n)| *n * 50 <= s.total) && s.distinct > SOME;
    let most = if seldom { SOME.min(s.top.len()) } else { s.top.len() };
    for (value, n) in s.top.iter().take(most) {
        value_row(doc, value, *n, s.total, None, cx);
    }
    let told: u64 = s.top.iter().take(most).map(|(_, n)| n).sum();
    if s.distinct > most {
        let rest = format!(
            "   {} more values, {}",
            format::count((s.distinct - most) as u64),
            format::plural(s.total - told, "line")
        );
        doc.row(vec![Span::styled(rest, cx.style(Role::Dim))]);
    }
    for (value, n, odd) in s.odd.iter().filter(|(v, ..)| odd_is_news(v, &s.top[..most.min(s.top.len())])) {
        value_row(doc, value, *n, s.total, Some(*odd), cx);
    }
}

fn odd_is_news(value: &str, told: &[(String, u64)]) -> bool {
    !told.iter().any(|(v, _)| v == value)
}

/// One value with its count: a link to its lines.
fn value_row(doc: &mut Doc, value: &str, n: u64, total: u64, odd: Option<Odd>, cx: &PaneCx<'_>) {
    let sign = if odd.is_some() { cx.glyphs.level(aiobs_types::Level::Warn) } else { " " };
    let count = format!("{}  {:>4}", format::count(n), format::percent(n as f64 / total.max(1) as f64));
    let count = match odd {
        Some(odd) => format!("{}  {count}", odd.name()),
        None => count,
    };
    let room = doc.width().saturating_sub(text::width(&count) + 4);
    let shown = if value.is_empty() { "(empty)".to_owned() } else { safe(value, cx) };
    let role = if odd.is_some() { Role::Warn } else { Role::FieldValue };
    let spans = vec![
        Span::styled(format!(" {sign} "), cx.style(role)),
        Span::styled(text::fit(&shown, room, cx.glyphs.ellipsis), cx.style(role)),
        Span::styled(format!(" {count}"), cx.style(Role::Dim)),
    ];
    if value.is_empty() {
        return doc.row(spans);
    }
    doc.link_row(spans, Target::Filter(format::filter_text(value)));
}
