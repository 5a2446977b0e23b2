//! What a user sees and does in Charts.
#![allow(clippy::unwrap_used)]

use super::State;
use crate::runtime::events::{Charts, Event, Marker, Request, Series};
use crate::tui::action::Action::{Back, Left, NextView, Open, Right, Top};
use crate::tui::effect::Effect;
use crate::tui::panes::Pane;
use crate::tui::panes::testkit::{self, Kit, NOW};
use crate::tui::theme::Depth;

/// Half an hour in buckets of a minute, with a surge of errors near its end.
fn data() -> Charts {
    let start = NOW.secs() as f64 - 1800.0;
    let line = |name: &str, f: &dyn Fn(usize) -> f64| Series {
        name: name.into(),
        points: (0..30).map(|i| (start + 60.0 * i as f64, f(i))).collect(),
    };
    let calls = |name: &str, values: &[f64]| Series {
        name: name.into(),
        points: values.iter().enumerate().map(|(i, v)| (start + 1500.0 + 40.0 * i as f64, *v)).collect(),
    };
    Charts {
        rates: vec![
            line("error", &|i| if i > 25 { 214.0 } else { 2.0 }),
            line("warn", &|i| if i > 24 { 88.0 } else { 5.0 }),
            line("info", &|i| 120.0 + (i % 7) as f64 * 10.0),
        ],
        bucket_secs: 60,
        tokens: vec![calls("read", &[1204.0, 900.0, 1500.0]), calls("written", &[88.0, 120.0, 60.0])],
        latency: vec![calls("llama3.1", &[9.8, 6.1, 12.4])],
        cost: vec![],
        drift: vec![line("PSI", &|i| if i > 25 { 0.41 } else { 0.04 })],
        drift_threshold: 0.25,
        drift_note: "against 13:56 to 14:11".into(),
        markers: vec![Marker { time: testkit::ago(240), text: "#7 database refuses connections".into() }],
    }
}

fn ready(kit: &mut Kit) -> State {
    let mut pane = State::default();
    assert_eq!(pane.enter(&kit.cx()), [Effect::Send(Request::Charts)]);
    kit.event(&mut pane, Event::Charts(Box::new(data())));
    pane
}

#[test]
fn all_charts() {
    testkit::snapshots("charts", "all", ready);
}

#[test]
fn one_chart_with_a_cursor() {
    testkit::snapshots("charts", "zoomed", |kit| {
        let mut pane = ready(kit);
        kit.press(&mut pane, &[Open, Left, Left]);
        pane
    });
}

#[test]
fn nothing_yet() {
    testkit::snapshots("charts", "empty", |kit| {
        let mut pane = State::default();
        kit.event(&mut pane, Event::Charts(Box::default()));
        pane
    });
}

#[test]
fn ascii_draws_only_ascii() {
    let mut kit = Kit::new(80, 22, Depth::None, true);
    let pane = ready(&mut kit);
    let shown = kit.draw(&pane);
    assert!(shown.is_ascii(), "{shown}");
}

#[test]
fn the_cursor_reads_values_and_esc_puts_it_away() {
    let mut kit = Kit::new(80, 22, Depth::Ansi16, false);
    let mut pane = ready(&mut kit);
    kit.press(&mut pane, &[Open, Left]);
    assert!(kit.draw(&pane).contains("14:25:31"), "the newest point");
    assert!(kit.draw(&pane).contains("error 214"));
    kit.press(&mut pane, &[Top, Right]);
    let shown = kit.draw(&pane);
    assert!(shown.contains("13:57:31") && shown.contains("error 2.0") || shown.contains("error 2 "), "{shown}");
    assert_eq!(kit.press(&mut pane, &[Back, Back]), []);
    assert_eq!(kit.press(&mut pane, &[Back]), [Effect::Back]);
}

#[test]
fn the_fifth_chart_is_reached_on_a_small_screen() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    assert!(!kit.draw(&pane).contains(" Cost"));
    kit.press(&mut pane, &[NextView, NextView, NextView, NextView]);
    assert!(kit.draw(&pane).contains(" Cost"));
}

#[test]
fn data_is_asked_for_again_only_while_somebody_looks() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    kit.advance(10);
    assert_eq!(kit.event(&mut pane, Event::Snapshot), []);
    kit.draw(&pane);
    assert_eq!(kit.event(&mut pane, Event::Snapshot), [Effect::Send(Request::Charts)]);
    kit.draw(&pane);
    assert_eq!(kit.event(&mut pane, Event::Snapshot), [], "not more often than every two seconds");
}

#[test]
fn no_size_is_too_small() {
    for (width, height) in [(0, 0), (1, 1), (14, 5), (13, 22), (80, 9), (120, 10)] {
        let mut kit = Kit::new(width, height, Depth::None, false);
        let mut pane = ready(&mut kit);
        kit.draw(&pane);
        kit.press(&mut pane, &[NextView, Left, Open]);
        kit.draw(&pane);
    }
}
