//! What a user sees and does in Chat.
#![allow(clippy::unwrap_used)]

use super::State;
use crate::runtime::events::{Event, ModelState, Request};
use crate::tui::action::Action::{Back, ClearScope, Copy, Edit, NewLine, NextItem, Open, PreviousItem, Submit, Top};
use crate::tui::action::Context;
use crate::tui::effect::Effect;
use crate::tui::panes::testkit::{self, Kit};
use crate::tui::panes::{Goto, Pane};
use crate::tui::theme::Depth;
use aiobs_types::{Area, ChatMessage, ChatRole, ChatScope, ChatStep, Citation, CitedText, IncidentId, RecordId};
use crossterm::event::{KeyCode, KeyEvent};

const SCOPE: ChatScope = ChatScope::Incident { id: IncidentId(7) };

fn message(id: u64, role: ChatRole, text: &str, author: &str) -> ChatMessage {
    ChatMessage {
        id,
        time: testkit::ago(60),
        role,
        scope: SCOPE,
        text: text.into(),
        citations: if role == ChatRole::Assistant {
            [1, 3].map(|n| Citation::Record(RecordId(n))).into()
        } else {
            Vec::new()
        },
        author: author.into(),
        complete: true,
        ..ChatMessage::default()
    }
}

fn look(text: &str) -> ChatStep {
    ChatStep { area: Some(Area::Logs), text: text.into(), ..ChatStep::default() }
}

const ANSWER: &str = "Orders fail because **db-1 refuses connections** [2]. It began after the deploy [1].\n\n\
    - scale orders down\n- or set `POOL_MAX=40`\n\n```sh\nkubectl -n shop scale deploy/orders --replicas=1\n```\n";

fn history() -> Vec<ChatMessage> {
    vec![
        message(1, ChatRole::User, "Why do orders fail?", ""),
        message(2, ChatRole::Assistant, ANSWER, "llama3.1"),
        message(3, ChatRole::User, "Since when?", ""),
        message(4, ChatRole::Assistant, "Since 14:22:31 [2].", "retrieval"),
    ]
}

fn ready(kit: &mut Kit) -> State {
    testkit::busy(&mut kit.snapshot);
    let mut pane = State::default();
    assert_eq!(pane.enter(&kit.cx()), [Effect::Send(Request::ChatHistory)]);
    kit.event(&mut pane, Event::ChatHistory(history()));
    pane
}

fn typed(kit: &Kit, pane: &mut State, text: &str) {
    for c in text.chars() {
        pane.on_key(KeyEvent::from(KeyCode::Char(c)), &kit.cx());
    }
}

#[test]
fn a_conversation() {
    testkit::snapshots("chat", "conversation", ready);
}

#[test]
fn an_answer_while_it_streams() {
    testkit::snapshots("chat", "streaming", |kit| {
        let mut pane = ready(kit);
        pane.go(&Goto::Scope(SCOPE), &kit.cx());
        typed(kit, &mut pane, "Was there a deploy?");
        kit.press(&mut pane, &[Submit]);
        kit.event(&mut pane, Event::ChatStep(look("searched logs: deploy 14:20-14:30 → 1")));
        kit.event(&mut pane, Event::ChatDelta("Yes, at 14:22:27: **orders".into()));
        typed(kit, &mut pane, "and what");
        kit.press(&mut pane, &[NewLine]);
        typed(kit, &mut pane, "changed?");
        pane
    });
}

#[test]
fn nothing_yet_and_no_model() {
    testkit::snapshots("chat", "empty", |kit| {
        kit.snapshot.model = ModelState::Offline { reason: "nothing listens on 127.0.0.1:11434".into() };
        let mut pane = State::default();
        kit.event(&mut pane, Event::ChatHistory(Vec::new()));
        pane
    });
}

#[test]
fn a_question_is_sent_answered_and_kept() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    pane.go(&Goto::Scope(SCOPE), &kit.cx());
    assert_eq!(pane.context(), Context::Editor);
    typed(&kit, &mut pane, "what now?");
    let ask = Request::Ask { question: "what now?".into(), scope: SCOPE, since: 0 };
    assert_eq!(kit.press(&mut pane, &[Submit]), [Effect::Send(ask)]);
    typed(&kit, &mut pane, "impatient");
    assert!(matches!(&kit.press(&mut pane, &[Submit])[..], [Effect::Toast(_)]), "one answer at a time");
    kit.event(&mut pane, Event::ChatDelta("Wait".into()));
    assert_eq!(pane.cancel(&kit.cx()).unwrap()[0], Effect::Send(Request::CancelAsk));
    let done = ChatMessage { complete: false, ..message(6, ChatRole::Assistant, "Wait", "llama3.1") };
    kit.event(&mut pane, Event::ChatDone(Box::new(done)));
    let shown = kit.draw(&pane);
    assert!(shown.contains("what now?") && shown.contains("broken off") && shown.contains("impatient"), "{shown}");
    assert_eq!(pane.cancel(&kit.cx()), None);
}

#[test]
fn a_stored_question_is_not_shown_twice() {
    let mut kit = Kit::new(80, 40, Depth::None, false);
    let mut pane = ready(&mut kit);
    kit.press(&mut pane, &[Edit]);
    typed(&kit, &mut pane, "twice?");
    kit.press(&mut pane, &[Submit]);
    let mut stored = history();
    stored.push(message(5, ChatRole::User, "twice?", ""));
    kit.event(&mut pane, Event::ChatHistory(stored));
    assert_eq!(kit.draw(&pane).matches("twice?").count(), 1);
}

#[test]
fn citations_lead_to_their_lines() {
    let mut kit = Kit::new(80, 40, Depth::None, false);
    let mut pane = ready(&mut kit);
    assert_eq!(kit.press(&mut pane, &[NextItem, Open]), [Effect::ShowRecord(RecordId(3))]);
    assert_eq!(kit.press(&mut pane, &[NextItem, Open]), [Effect::ShowRecord(RecordId(1))]);
    assert_eq!(kit.press(&mut pane, &[Back]), []);
    assert_eq!(kit.press(&mut pane, &[Back]), [Effect::Back]);
}

#[test]
fn copy_takes_the_code_of_the_newest_answer_else_the_answer() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    let copied = |what: &str, text: &str| vec![Effect::Copy { text: text.into(), what: what.into() }];
    assert_eq!(kit.press(&mut pane, &[Copy]), copied("answer", "Since 14:22:31 [2]."));
    kit.event(&mut pane, Event::ChatHistory(history()[..2].to_vec()));
    assert_eq!(kit.press(&mut pane, &[Copy]), copied("code", "kubectl -n shop scale deploy/orders --replicas=1"));
}

#[test]
fn the_editor_grows_to_a_third_and_takes_pastes_without_control_characters() {
    let mut kit = Kit::new(80, 21, Depth::None, false);
    let mut pane = ready(&mut kit);
    kit.press(&mut pane, &[Edit]);
    pane.on_paste("one\r\ntwo\u{1b}[31m\n3\n4\n5\n6\n7\n8\n9", &kit.cx());
    let shown = kit.draw(&pane);
    assert!(!shown.contains('\u{1b}') && shown.contains('9') && !shown.contains("one"), "{shown}");
    assert_eq!(pane.editor.lines().len(), 9);
    assert_eq!(super::view::layout(&pane, ratatui::layout::Rect::new(0, 0, 80, 21), &kit.cx()).text.height, 12);
}

#[test]
fn the_scope_can_be_dropped_and_esc_leads_back() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    pane.go(&Goto::Scope(SCOPE), &kit.cx());
    assert!(kit.draw(&pane).contains("scope: incident #7"));
    kit.press(&mut pane, &[ClearScope]);
    assert!(kit.draw(&pane).contains("scope: whole archive"));
    assert_eq!(kit.press(&mut pane, &[Back]), [Effect::Back], "led here, nothing typed");
}

#[test]
fn reading_above_holds_still_while_text_streams() {
    let mut kit = Kit::new(80, 14, Depth::None, false);
    let mut pane = ready(&mut kit);
    kit.press(&mut pane, &[Edit]);
    typed(&kit, &mut pane, "more");
    kit.press(&mut pane, &[Submit, Back, Top]);
    let before = kit.draw(&pane);
    kit.event(&mut pane, Event::ChatDelta("line\n\n".repeat(30)));
    assert!(pane.paused());
    // The scrollbar in the last column moves, of course.
    let first = |t: &str| t.lines().take(6).map(|l| l.trim_end_matches(['█', '▐']).to_owned()).collect::<Vec<_>>();
    assert_eq!(first(&kit.draw(&pane)), first(&before));
}

#[test]
fn what_was_laid_out_stays_so_while_two_megabytes_stream() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    kit.press(&mut pane, &[Edit]);
    typed(&kit, &mut pane, "all of it");
    kit.press(&mut pane, &[Submit]);
    let piece = format!("A paragraph of an answer.\n\n```sh\n{}```\n\n", "echo one more line\n".repeat(50));
    let (mut sent, mut frames) = (0, 0);
    while sent < 2 << 20 {
        kit.event(&mut pane, Event::ChatDelta(piece.clone()));
        sent += piece.len();
        kit.draw(&pane);
        frames += 1;
    }
    let laid = pane.cache.borrow().laid;
    assert!(frames > 1_000 && laid < 3 * sent as u64, "{laid} bytes laid out for {sent} in {frames} frames");
    kit.draw(&pane);
    kit.press(&mut pane, &[Top]);
    assert_eq!(pane.cache.borrow().laid, laid, "nothing new, nothing to lay out");
    assert!(kit.draw(&pane).contains("Why do orders fail?"));
}

#[test]
fn slash_commands_run_and_say_what_is_wrong() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    let run = |pane: &mut State, text: &str| {
        kit.press(pane, &[Edit]);
        typed(&kit, pane, text);
        let effects = kit.press(pane, &[Submit]);
        let left = pane.editor.lines().join("\n");
        pane.editor = super::state::editor();
        (effects, left)
    };
    let id = 7;
    assert_eq!(run(&mut pane, &format!("/incident {id}")).0, []);
    assert_eq!(pane.scope, SCOPE);
    run(&mut pane, "/sc all");
    assert_eq!(pane.scope, ChatScope::All);
    let (effects, left) = run(&mut pane, "/incident 4711");
    assert!(matches!(&effects[..], [Effect::Toast(t)] if t.text.contains("no incident")), "{effects:?}");
    assert_eq!(left, "/incident 4711", "to be put right");
    assert!(matches!(&run(&mut pane, "/frob").0[..], [Effect::Toast(t)] if t.text.contains("/help")));
    let (effects, _) = run(&mut pane, "/export talk.md");
    let [Effect::Save { path, text }] = &effects[..] else { panic!("{effects:?}") };
    assert!(path == "talk.md" && text.contains("Why do orders fail?") && text.contains("[2] record 3"), "{text}");
    let (effects, _) = run(&mut pane, "/export talk.json");
    let [Effect::Save { text, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(serde_json::from_str::<Vec<ChatMessage>>(text).unwrap(), history());
    let ask = |question: &str, scope, since| [Effect::Send(Request::Ask { question: question.into(), scope, since })];
    assert_eq!(run(&mut pane, "/retry").0, ask("Since when?", SCOPE, 0));
    pane.pending = None;
    run(&mut pane, "/clear");
    assert!(pane.history.is_empty());
    assert_eq!(run(&mut pane, "and now?").0, ask("and now?", ChatScope::All, 4), "earlier turns are not sent");
}

#[test]
fn earlier_questions_come_back_for_editing() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    kit.press(&mut pane, &[Edit]);
    let key = |pane: &mut State, code| {
        pane.on_key(KeyEvent::from(code), &kit.cx());
        pane.editor.lines().join("\n")
    };
    assert_eq!(key(&mut pane, KeyCode::Up), "Since when?");
    assert_eq!(key(&mut pane, KeyCode::Up), "Why do orders fail?");
    assert_eq!(key(&mut pane, KeyCode::Up), "Why do orders fail?");
    assert_eq!(key(&mut pane, KeyCode::Down), "Since when?");
    assert_eq!(key(&mut pane, KeyCode::Char('!')), "Since when?!");
    assert_eq!(key(&mut pane, KeyCode::Up), "Since when?!", "what was typed is not overwritten");
}

#[test]
fn steps_fold_and_open() {
    let mut kit = Kit::new(80, 30, Depth::None, false);
    let mut pane = ready(&mut kit);
    kit.press(&mut pane, &[Edit]);
    typed(&kit, &mut pane, "how many?");
    kit.press(&mut pane, &[Submit, Back]);
    kit.event(&mut pane, Event::ChatStep(look("counted level>=error → 7")));
    assert!(kit.draw(&pane).contains("counted level>=error → 7"), "shown while it goes on");
    let steps = vec![look("counted level>=error → 7")];
    let done = ChatMessage { citations: Vec::new(), steps, ..message(6, ChatRole::Assistant, "Seven.", "llama3.1") };
    kit.event(&mut pane, Event::ChatDone(Box::new(done)));
    assert!(!kit.draw(&pane).contains("counted level>=error → 7"));
    kit.press(&mut pane, &[PreviousItem, Open]);
    assert!(kit.draw(&pane).contains("counted level>=error → 7"));
    kit.press(&mut pane, &[Open]);
    assert!(!kit.draw(&pane).contains("counted level>=error → 7"));
}

#[test]
fn tools_are_a_line_each_that_opens_and_the_answer_says_what_was_looked_at() {
    testkit::snapshots("chat", "tools", |kit| {
        let mut pane = ready(kit);
        kit.event(&mut pane, Event::ChatHistory(with_tools()));
        kit.press(&mut pane, &[Top, NextItem, NextItem, Open]);
        pane
    });
}

fn with_tools() -> Vec<ChatMessage> {
    let tool = |area, text: &str, detail: &str| ChatStep {
        area: Some(area),
        text: text.into(),
        detail: detail.into(),
        by_model: true,
        failed: detail.is_empty(),
    };
    let steps = vec![
        look("searched logs: orders → 40"),
        tool(
            Area::Logs,
            "searched logs: level>=error orders → 1,902",
            "1902 lines match\n[3] 14:22:31 ERROR orders refused",
        ),
        tool(Area::Knowledge, "searched knowledge: refused connections → 1", "[4] runbook db.md > Pool (/r/db.md:3)"),
        tool(Area::Sql, "ran SQL: SELEC 1 → near \"SELEC\": syntax error", ""),
    ];
    let text = CitedText {
        kind: "runbook".into(),
        title: "db.md > Pool".into(),
        place: "/r/db.md:3".into(),
        text: "Keep the pool **below** what the server allows.\n\n```sql\nSHOW max_connections;\n```".into(),
        incident: None,
    };
    let citations = vec![Citation::Record(RecordId(3)), Citation::Text(Box::new(text))];
    let answer = "Orders are refused [1] since #7 began; the runbook says to lower the pool [2].";
    vec![
        message(1, ChatRole::User, "Why do orders fail?", ""),
        ChatMessage { steps, citations, ..message(2, ChatRole::Assistant, answer, "llama3.1") },
    ]
}

#[test]
fn citations_lead_to_lines_incidents_and_sections_and_back() {
    let mut kit = Kit::new(100, 40, Depth::None, false);
    let mut pane = ready(&mut kit);
    kit.event(&mut pane, Event::ChatHistory(with_tools()));
    // The looks, two tools that brought something, then the marks in the order of the text.
    kit.press(&mut pane, &[Top, NextItem, NextItem, NextItem]);
    assert_eq!(kit.press(&mut pane, &[NextItem, Open]), [Effect::ShowRecord(RecordId(3))]);
    assert_eq!(kit.press(&mut pane, &[NextItem, Open]), [Effect::OpenIncident(IncidentId(7))]);
    assert_eq!(kit.press(&mut pane, &[NextItem, Open]), []);
    let shown = kit.draw(&pane);
    assert!(shown.contains("db.md > Pool") && shown.contains("/r/db.md:3") && shown.contains("SHOW max_connections"));
    assert!(!shown.contains("Why do orders fail?"), "{shown}");
    kit.press(&mut pane, &[Back]);
    assert!(kit.draw(&pane).contains("Why do orders fail?"));
}

#[test]
fn the_next_link_is_the_next_one_in_view() {
    let mut kit = Kit::new(80, 14, Depth::None, false);
    let mut pane = ready(&mut kit);
    let cites = |id: u64, line: u64| ChatMessage {
        citations: vec![Citation::Record(RecordId(line))],
        ..message(id, ChatRole::Assistant, &format!("{}See [1].", "A paragraph.\n\n".repeat(8)), "m")
    };
    kit.event(&mut pane, Event::ChatHistory(vec![cites(1, 11), cites(2, 12), cites(3, 13)]));
    assert_eq!(kit.press(&mut pane, &[NextItem, Open]), [Effect::ShowRecord(RecordId(13))], "the newest is in view");
    assert_eq!(kit.press(&mut pane, &[PreviousItem, Open]), [Effect::ShowRecord(RecordId(12))]);
}

#[test]
fn no_size_is_too_small() {
    for (width, height) in [(0, 0), (1, 1), (2, 2), (3, 9), (80, 3)] {
        let mut kit = Kit::new(width, height, Depth::None, true);
        let mut pane = ready(&mut kit);
        kit.draw(&pane);
        kit.press(&mut pane, &[NextItem, Edit]);
        typed(&kit, &mut pane, "long enough to wrap 日本語");
        let shown = kit.draw(&pane);
        assert!(width < 4 || !shown.contains('…'), "{shown}");
    }
}

#[test]
fn a_long_answer_that_comes_at_once_is_shown_from_its_question() {
    let long = message(6, ChatRole::Assistant, &"a line\n\n".repeat(30), "retrieval");
    for (secs, from_the_question) in [(0, true), (9, false)] {
        let mut kit = Kit::new(80, 14, Depth::None, false);
        let mut pane = ready(&mut kit);
        kit.press(&mut pane, &[Edit]);
        typed(&kit, &mut pane, "tell me");
        kit.press(&mut pane, &[Submit]);
        kit.event(&mut pane, Event::ChatDelta("a line\n\n".into()));
        kit.advance(secs);
        kit.event(&mut pane, Event::ChatDone(Box::new(long.clone())));
        assert_eq!(kit.draw(&pane).contains("tell me"), from_the_question, "after {secs} s");
    }
}
