//! What a user sees and does in Patterns.
#![allow(clippy::unwrap_used)]

use super::State;
use crate::runtime::events::{Event, Pattern, PatternDetail, Patterns, Request, Trend};
use crate::tui::action::Action::{Down, Filter, Open, SortRows};
use crate::tui::effect::Effect;
use crate::tui::panes::testkit::{self, Kit};
use crate::tui::panes::{Pane, PaneCx};
use crate::tui::theme::Depth;
use aiobs_types::{Level, TemplateId};
use crossterm::event::{KeyCode, KeyEvent};

fn row(id: u32, text: &str, count: u64) -> Pattern {
    Pattern {
        id: TemplateId(id),
        text: text.into(),
        count,
        share: count as f64 / 100.0,
        first_seen: testkit::ago(3600 - i64::from(id)),
        last_seen: testkit::ago(5),
        level: Level::Info,
        trend: vec![1; 60],
        ..Pattern::default()
    }
}

fn patterns(rows: Vec<Pattern>) -> Event {
    let trend = Trend { from: testkit::ago(3600), to: testkit::NOW, records: 100 };
    Event::Patterns(Box::new(Patterns { records: rows.iter().map(|r| r.count).sum(), rows, trend }))
}

fn three() -> Event {
    patterns(vec![row(1, "first <num>", 60), row(2, "second", 30), row(3, "third", 10)])
}

fn ready(kit: &Kit) -> State {
    let mut pane = State::default();
    assert_eq!(pane.enter(&kit.cx()), [Effect::Send(Request::Patterns)]);
    kit.event(&mut pane, three());
    pane
}

#[test]
fn nothing_yet() {
    testkit::snapshots("patterns", "empty", |kit| {
        let mut pane = State::default();
        pane.enter(&kit.cx());
        kit.event(&mut pane, patterns(Vec::new()));
        pane
    });
}

#[test]
fn the_detail_is_asked_for_when_it_is_in_sight_and_once() {
    let narrow = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&narrow);
    assert_eq!(narrow.press(&mut pane, &[Down]), []);
    assert_eq!(narrow.press(&mut pane, &[Open]), [Effect::Send(Request::Pattern(TemplateId(2)))]);
    let wide = Kit::new(160, 43, Depth::None, false);
    let mut pane = State::default();
    pane.enter(&wide.cx());
    assert_eq!(wide.event(&mut pane, three()), [Effect::Send(Request::Pattern(TemplateId(1)))]);
    assert_eq!(wide.event(&mut pane, three()), [], "known already");
    assert_eq!(wide.press(&mut pane, &[Down]), [Effect::Send(Request::Pattern(TemplateId(2)))]);
}

#[test]
fn the_cursor_stays_on_its_pattern_when_the_order_changes() {
    let kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&kit);
    kit.press(&mut pane, &[Down]);
    kit.event(&mut pane, patterns(vec![row(3, "third", 90), row(1, "first <num>", 60), row(2, "second", 31)]));
    assert_eq!(pane.current().map(|p| p.id), Some(TemplateId(2)));
    kit.press(&mut pane, &[SortRows]);
    assert_eq!(pane.current().map(|p| p.id), Some(TemplateId(3)), "the newest, from the top");
    kit.press(&mut pane, &[Filter]);
    let cx: PaneCx<'_> = kit.cx();
    for c in "first".chars() {
        pane.on_key(KeyEvent::from(KeyCode::Char(c)), &cx);
    }
    assert_eq!(pane.current().map(|p| p.id), Some(TemplateId(1)));
}

#[test]
fn a_late_answer_about_another_pattern_is_not_shown() {
    let kit = Kit::new(160, 43, Depth::None, false);
    let mut pane = ready(&kit);
    kit.press(&mut pane, &[Down]);
    kit.event(&mut pane, Event::Pattern(Box::new(PatternDetail { id: TemplateId(1), ..PatternDetail::default() })));
    assert!(kit.draw(&pane).contains("Looking at its last lines"));
    kit.event(&mut pane, Event::Pattern(Box::new(PatternDetail { id: TemplateId(2), ..PatternDetail::default() })));
    assert!(kit.draw(&pane).contains("None of its lines is in the archive"));
}

#[test]
fn names_from_outside_do_no_harm() {
    let kit = Kit::new(160, 43, Depth::None, false);
    let mut pane = ready(&kit);
    let evil = Pattern { text: "\u{1b}[2J<num> \u{202e}<< <x <> <str>".into(), ..row(9, "", 5) };
    kit.event(&mut pane, patterns(vec![evil]));
    let drawn = kit.draw(&pane);
    assert!(!drawn.contains('\u{1b}') && !drawn.contains('\u{202e}'), "{drawn}");
}
