//! What a user sees and does in Chat.
#![allow(clippy::unwrap_used)]

mod cites;
mod talks;

use super::State;
use crate::runtime::events::{Answered, Ask, ChangeTalk, Event, ModelChoice, ModelState, Request, Talk};
use crate::tui::action::Action::{
    Back, ChooseModel, ClearScope, Complete, Conversations, Copy, Delete, Down, Edit, EditQuestion, Filter, NewLine,
    NextItem, Open, PreviousItem, Rename, Rerun, Submit, Top,
};
use crate::tui::action::Context;
use crate::tui::effect::Effect;
use crate::tui::panes::testkit::{self, Kit};
use crate::tui::panes::{Goto, Pane};
use crate::tui::theme::Depth;
use aiobs_types::{
    Area, ChatMessage, ChatRole, ChatScope, ChatStep, Citation, CitedText, Conversation, IncidentId, RecordId,
    TalkChoice,
};
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

fn conversation(id: u64, title: &str) -> Conversation {
    Conversation {
        id,
        title: title.into(),
        created: testkit::ago(600),
        updated: testkit::ago(60 * i64::try_from(id).unwrap()),
        turns: 4,
        input_tokens: 1_200,
        output_tokens: 300,
        cost_micro_usd: (id == 5).then_some(1_900),
        ..Conversation::default()
    }
}

fn talk(turns: Vec<ChatMessage>) -> Event {
    Event::Talk(Box::new(Talk { conversation: Some(conversation(5, "Why do orders fail?")), turns }))
}

fn answered(question: u64, message: ChatMessage) -> Event {
    Event::ChatDone(Box::new(Answered { conversation: conversation(5, "Why do orders fail?"), question, message }))
}

fn sent(ask: Ask) -> Effect {
    Effect::Send(Request::Ask(Box::new(ask)))
}

fn ready(kit: &mut Kit) -> State {
    testkit::busy(&mut kit.snapshot);
    let mut pane = State::default();
    assert_eq!(pane.enter(&kit.cx()), [Effect::Send(Request::Talk(None))]);
    kit.event(&mut pane, talk(history()));
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
        kit.event(&mut pane, Event::Talk(Box::default()));
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
    let ask = sent(Ask { conversation: 5, text: "what now?".into(), scope: SCOPE, ..Ask::default() });
    assert_eq!(kit.press(&mut pane, &[Submit]), [ask]);
    typed(&kit, &mut pane, "impatient");
    assert!(matches!(&kit.press(&mut pane, &[Submit])[..], [Effect::Toast(_)]), "one answer at a time");
    kit.event(&mut pane, Event::ChatDelta("Wait".into()));
    assert_eq!(pane.cancel(&kit.cx()).unwrap()[0], Effect::Send(Request::CancelAsk));
    let done = ChatMessage { complete: false, ..message(6, ChatRole::Assistant, "Wait", "llama3.1") };
    kit.event(&mut pane, answered(7, done));
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
    kit.event(&mut pane, talk(stored));
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
    kit.event(&mut pane, talk(history()[..2].to_vec()));
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
    let choice = TalkChoice { scope: SCOPE, model: None };
    let kept = Effect::Send(Request::ChangeTalk(ChangeTalk::Choose(5, Box::new(choice))));
    assert_eq!(run(&mut pane, "/incident 7").0, [kept]);
    assert_eq!(pane.scope, SCOPE);
    run(&mut pane, "/sc all");
    assert_eq!(pane.scope, ChatScope::All);
    let (effects, left) = run(&mut pane, "/incident 4711");
    assert!(matches!(&effects[..], [Effect::Toast(t)] if t.text.contains("no incident")), "{effects:?}");
    assert_eq!(left, "/incident 4711", "to be put right");
    assert!(matches!(&run(&mut pane, "/frob").0[..], [Effect::Toast(t)] if t.text.contains("/help")));
    assert!(matches!(&run(&mut pane, "/export talk.txt").0[..], [Effect::Toast(t)] if t.text.contains(".json")));
    assert_eq!(run(&mut pane, "/export talk.md").0, [Effect::Send(Request::WholeTalk(5))]);
    let ask = |conversation, text: &str, scope, until| {
        [sent(Ask { conversation, text: text.into(), scope, until, model: None })]
    };
    assert_eq!(run(&mut pane, "/retry").0, ask(5, "Since when?", SCOPE, 3), "as if it had not been answered");
    pane.pending = None;
    assert_eq!(run(&mut pane, "/sql SELECT 1").0, [Effect::RunSql("SELECT 1".into())]);
    let renamed = Request::ChangeTalk(ChangeTalk::Rename(5, "Orders".into()));
    assert_eq!(run(&mut pane, "/rename Orders").0, [Effect::Send(renamed)]);
    assert!(matches!(&run(&mut pane, "/del").0[..], [Effect::Toast(t)] if t.text.contains("in full")));
    let (effects, left) = run(&mut pane, "/delete");
    assert!(matches!(&effects[..], [Effect::Toast(t)] if t.text.contains("again deletes")) && left == "/delete");
    run(&mut pane, "/rename Orders");
    assert!(matches!(&run(&mut pane, "/delete").0[..], [Effect::Toast(_)]), "asked anew after something else");
    let (gone, _) = run(&mut pane, "/delete");
    assert_eq!(gone[0], Effect::Send(Request::ChangeTalk(ChangeTalk::Delete(5))));
    assert!(pane.history.is_empty());
    kit.event(&mut pane, talk(history()));
    run(&mut pane, "/clear");
    assert!(pane.history.is_empty());
    assert_eq!(run(&mut pane, "and now?").0, ask(0, "and now?", ChatScope::All, 0), "a conversation of its own");
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
fn the_last_question_is_written_anew_and_asked_in_its_place() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    kit.press(&mut pane, &[EditQuestion]);
    assert!(kit.draw(&pane).contains("in place of the last question"));
    typed(&kit, &mut pane, " Exactly?");
    let ask = Ask { conversation: 5, text: "Since when? Exactly?".into(), scope: SCOPE, until: 3, model: None };
    assert_eq!(kit.press(&mut pane, &[Submit]), [sent(ask)]);
}

#[test]
fn tab_completes_commands_and_what_they_take() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    kit.press(&mut pane, &[Edit]);
    let line = |pane: &mut State, text: &str, tabs: usize| {
        pane.editor = super::state::editor();
        pane.suggest.clear();
        typed(&kit, pane, text);
        let effects: Vec<Effect> = (0..tabs).flat_map(|_| kit.press(pane, &[Complete])).collect();
        (pane.editor.lines().join("\n"), effects)
    };
    assert_eq!(line(&mut pane, "/inc", 1).0, "/incident ");
    assert_eq!(line(&mut pane, "/inc", 2).0, "/incident 7", "one that is left is taken, and what it takes follows");
    assert_eq!(line(&mut pane, "/incident #7", 1).0, "/incident 7");
    assert_eq!(line(&mut pane, "/re", 2).0, "/rename ", "from one to the next");
    assert_eq!(line(&mut pane, "/model ", 1).1, [Effect::Send(Request::ModelChoices)], "which there are is asked");
    assert_eq!(
        line(&mut pane, "text", 1).1,
        [Effect::Show(crate::tui::panes::PaneId::Sql)],
        "no command: the next pane"
    );
    line(&mut pane, "/", 0);
    let shown = kit.draw(&pane);
    assert!(shown.contains("/scope") && shown.contains("what questions are about"), "{shown}");
}

#[test]
fn examples_are_taken_for_editing() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    testkit::busy(&mut kit.snapshot);
    let mut pane = State::default();
    kit.event(&mut pane, Event::Talk(Box::default()));
    let shown = kit.draw(&pane);
    assert!(shown.contains("Why incident #7"), "{shown}");
    kit.press(&mut pane, &[Top, NextItem, Open]);
    assert!(pane.editor.lines()[0].starts_with("Why incident #7"), "{:?}", pane.editor.lines());
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
        kit.event(&mut pane, answered(7, long.clone()));
        assert_eq!(kit.draw(&pane).contains("tell me"), from_the_question, "after {secs} s");
    }
}
