//! What a user sees and does in SQL.
#![allow(clippy::unwrap_used)]

use super::State;
use crate::runtime::events::{Event, Request, SqlAnswer, SqlState, SqlTable};
use crate::tui::action::Action::{
    self, Back, Copy, CopyRow, Down, Edit, NextView, Open, Right, SaveResult, SortColumn, Submit, Up,
};
use crate::tui::action::Context;
use crate::tui::effect::Effect;
use crate::tui::panes::testkit::{self, Kit};
use crate::tui::panes::{Goto, Pane};
use crate::tui::theme::Depth;
use aiobs_types::SqlValue;
use crossterm::event::{KeyCode, KeyEvent};
use std::sync::Arc;
use std::time::Duration;

const STATEMENT: &str = "SELECT bucket(time_ns, '1m') AS minute, component, count(*) AS n FROM logs GROUP BY 1, 2";

fn table() -> SqlTable {
    let rows = (0..40).map(|i| {
        let name = ["orders", "payments", "gate\u{1b}[31mway"][i % 3];
        vec![
            SqlValue::Text(format!("2025-01-07T14:{i:02}:00.000000000Z")),
            SqlValue::Text(name.into()),
            if i == 7 { SqlValue::Null } else { SqlValue::Int((i * i % 37) as i64 * 10) },
        ]
    });
    SqlTable {
        columns: vec!["minute".into(), "component".into(), "n".into()],
        rows: rows.collect(),
        cut: false,
        took: Duration::from_millis(340),
    }
}

fn send(kit: &Kit, pane: &mut State, seq: u64, state: SqlState) {
    kit.event(pane, Event::Sql(SqlAnswer { seq, state }));
}

fn ask(kit: &Kit, pane: &mut State, text: &str) -> Vec<Effect> {
    pane.enter(&kit.cx());
    pane.go(&Goto::Prompt, &kit.cx());
    pane.on_paste(text, &kit.cx());
    kit.press(pane, &[Submit])
}

/// A statement is run, and kept.
fn runs(seq: u64, text: &str) -> [Effect; 2] {
    [Effect::Remember(text.into()), Effect::Send(Request::Sql(seq, text.into()))]
}

fn ready(kit: &mut Kit) -> State {
    let mut pane = State::default();
    assert_eq!(ask(kit, &mut pane, STATEMENT), runs(1, STATEMENT));
    send(kit, &mut pane, 1, SqlState::Done(Arc::new(table())));
    pane
}

fn shown(kit: &mut Kit, actions: &[Action]) -> State {
    let mut pane = ready(kit);
    kit.press(&mut pane, actions);
    pane
}

#[test]
fn a_result_as_table_bars_and_line() {
    testkit::snapshots("sql", "table", |kit| shown(kit, &[Down, Down, Right]));
    testkit::snapshots("sql", "bars", |kit| shown(kit, &[NextView, Down]));
    testkit::snapshots("sql", "line", |kit| shown(kit, &[NextView, NextView]));
}

#[test]
fn one_row_value_by_value() {
    testkit::snapshots("sql", "row", |kit| shown(kit, &[Down, Open]));
}

#[test]
fn nothing_asked_yet() {
    testkit::snapshots("sql", "empty", |_| State::default());
}

#[test]
fn a_mistake_is_told_in_place() {
    testkit::snapshots("sql", "wrong", |kit| {
        let mut pane = State::default();
        ask(kit, &mut pane, "SELECT sevrity FROM logs");
        let told = "column 8: there is no column `sevrity`; did you mean `severity`?";
        send(kit, &mut pane, 1, SqlState::Failed(told.into()));
        assert_eq!(pane.context(), Context::Input);
        pane
    });
}

#[test]
fn while_it_runs_it_says_how_far_and_can_be_stopped() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = State::default();
    ask(&kit, &mut pane, STATEMENT);
    kit.advance(3);
    send(&kit, &mut pane, 1, SqlState::Running { scanned: 250, total: 1000 });
    assert!(kit.draw(&pane).contains("reading 25 %"), "{}", kit.draw(&pane));
    assert_eq!(pane.cancel(&kit.cx()), Some(vec![Effect::Send(Request::CancelSql)]));
    assert_eq!(kit.press(&mut pane, &[Back]), [Effect::Send(Request::CancelSql)]);
    send(&kit, &mut pane, 1, SqlState::Cancelled);
    assert!(kit.draw(&pane).contains("stopped"));
    assert_eq!(pane.cancel(&kit.cx()), None);
}

#[test]
fn answers_to_older_statements_are_not_shown() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    kit.press(&mut pane, &[Edit, Submit]);
    send(&kit, &mut pane, 1, SqlState::Failed("old".into()));
    assert!(!kit.draw(&pane).contains("old"));
}

#[test]
fn sorting_copying_and_history() {
    let mut kit = Kit::new(100, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    kit.press(&mut pane, &[Right, Right, SortColumn]);
    assert_eq!(kit.press(&mut pane, &[Copy]), [Effect::Copy { text: "360".into(), what: "value".into() }]);
    kit.press(&mut pane, &[SortColumn]);
    let row = r#"{"minute":"2025-01-07T14:07:00.000000000Z","component":"payments","n":null}"#;
    assert_eq!(kit.press(&mut pane, &[CopyRow]), [Effect::Copy { text: row.into(), what: "row".into() }]);
    kit.press(&mut pane, &[SortColumn]);
    assert_eq!(kit.press(&mut pane, &[Copy]), [Effect::Copy { text: "0".into(), what: "value".into() }]);
    kit.press(&mut pane, &[Edit, Action::DeleteAll]);
    pane.on_paste("SELECT 2", &kit.cx());
    assert_eq!(kit.press(&mut pane, &[Submit]), runs(2, "SELECT 2"));
    assert_eq!(kit.press(&mut pane, &[Edit, Up, Up, Submit]), runs(3, STATEMENT));
    let mut pane = State::default();
    pane.go(&Goto::History(vec!["SELECT 7".into(), "SELECT 8".into()]), &kit.cx());
    pane.go(&Goto::Prompt, &kit.cx());
    assert_eq!(kit.press(&mut pane, &[Up, Up, Submit]), runs(1, "SELECT 7"));
}

#[test]
fn the_result_goes_to_a_file_in_the_form_of_its_name() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    let mut save = |name: &str| {
        kit.press(&mut pane, &[SaveResult, Action::DeleteAll]);
        pane.on_paste(name, &kit.cx());
        let effects = kit.press(&mut pane, &[Submit]);
        match effects.as_slice() {
            [Effect::Save { path, text }] if path == name => text.lines().take(3).map(str::to_owned).collect(),
            other => vec![format!("{other:?}")],
        }
    };
    let first = "2025-01-07T14:00:00.000000000Z";
    assert_eq!(save("a.csv")[..2], ["minute,component,n".to_owned(), format!("{first},orders,0")]);
    assert_eq!(save("a.json")[0], format!(r#"{{"minute":"{first}","component":"orders","n":0}}"#));
    assert_eq!(save("a.md")[1], "| --- | --- | ---: |");
    assert_eq!(save("a.xls"), ["[]"]);
    assert!(kit.draw(&pane).contains("must end in .csv, .json or .md"));
    let csv = super::export::text(pane.shown.as_ref().unwrap(), "c.csv").unwrap();
    assert_eq!(csv.lines().nth(3), Some("2025-01-07T14:02:00.000000000Z,gate␛[31mway,40"));
}

#[test]
fn names_are_suggested_and_ascii_stays_ascii() {
    let words = [("logs".to_owned(), "table: records".to_owned()), ("level".to_owned(), "logs.level".to_owned())];
    let kit = Kit::new(80, 22, Depth::None, true);
    let cx = crate::tui::panes::PaneCx { sql_words: &words, ..kit.cx() };
    let mut pane = State::default();
    pane.go(&Goto::Prompt, &cx);
    for c in "SELECT le".chars() {
        pane.on_key(KeyEvent::from(KeyCode::Char(c)), &cx);
    }
    assert!(kit.draw(&pane).contains("logs.level"), "{}", kit.draw(&pane));
    pane.update(Action::Complete, &cx);
    assert_eq!(pane.statement.text(), "SELECT level");
    let mut kit = Kit::new(80, 22, Depth::None, true);
    for actions in [&[NextView][..], &[NextView, NextView], &[Open], &[Down]] {
        let pane = shown(&mut kit, actions);
        assert!(kit.draw(&pane).is_ascii(), "{}", kit.draw(&pane));
    }
}

#[test]
fn no_area_is_too_small() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let pane = shown(&mut kit, &[]);
    for (w, h) in [(0, 0), (1, 1), (9, 3), (30, 4)] {
        for actions in [&[][..], &[NextView], &[NextView, NextView], &[Open]] {
            let mut small = Kit::new(w, h, Depth::None, false);
            let pane = shown(&mut small, actions);
            small.draw(&pane);
        }
    }
    drop(pane);
}
