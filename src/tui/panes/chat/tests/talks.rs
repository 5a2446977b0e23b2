//! Conversations: listed, searched, renamed, written to files, deleted; what is chosen in one is kept with it; who answers.

use super::*;
use crate::runtime::events::{CitedLine, WholeTalk};
use crate::tui::action::Action::Export;
use aiobs_types::{ChosenModel, LogRecord, TemplateId};

fn listed(kit: &mut Kit) -> State {
    let mut pane = ready(kit);
    assert_eq!(kit.press(&mut pane, &[Conversations]), [Effect::Send(Request::Talks(String::new()))]);
    let all = vec![conversation(5, "Why do orders fail?"), conversation(3, "The certificate of the tunnel")];
    kit.event(&mut pane, Event::Talks(all));
    pane
}

#[test]
fn the_list_of_conversations() {
    testkit::snapshots("chat", "talks", listed);
}

#[test]
fn conversations_are_searched_opened_renamed_and_deleted() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = listed(&mut kit);
    kit.press(&mut pane, &[Filter]);
    assert_eq!(pane.context(), Context::Input);
    let asked = pane.on_key(KeyEvent::from(KeyCode::Char('c')), &kit.cx());
    assert_eq!(asked, [Effect::Send(Request::Talks("c".into()))], "found while it is typed");
    kit.press(&mut pane, &[Submit, Down, Rename]);
    typed(&kit, &mut pane, "!");
    let name = ChangeTalk::Rename(3, "The certificate of the tunnel!".into());
    assert_eq!(kit.press(&mut pane, &[Submit]), [Effect::Send(Request::ChangeTalk(name))]);
    assert!(kit.draw(&pane).contains("tunnel!"));
    assert!(matches!(&kit.press(&mut pane, &[Delete])[..], [Effect::Toast(t)] if t.text.contains("again deletes")));
    let gone = kit.press(&mut pane, &[Delete]);
    assert_eq!(gone[0], Effect::Send(Request::ChangeTalk(ChangeTalk::Delete(3))));
    assert!(!kit.draw(&pane).contains("tunnel"));
    assert_eq!(kit.press(&mut pane, &[Open]), [Effect::Send(Request::Talk(Some(5)))]);
    kit.event(&mut pane, talk(history()));
    assert!(kit.draw(&pane).contains("Since when?"));
}

#[test]
fn another_model_is_chosen_and_answers_the_last_question_again() {
    let mut kit = Kit::new(90, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    assert_eq!(kit.press(&mut pane, &[ChooseModel]), [Effect::Send(Request::ModelChoices)]);
    let one = |model: &str, wrong: &str| ModelChoice {
        server: "model".into(),
        provider: "ollama".into(),
        place: "127.0.0.1:11434".into(),
        model: model.into(),
        local: true,
        wrong: Some(wrong.to_owned()).filter(|w| !w.is_empty()),
    };
    kit.event(&mut pane, Event::ModelChoices(Ok(vec![one("llama3.1:8b", ""), one("gone", "connection refused")])));
    let shown = kit.draw(&pane);
    assert!(shown.contains("as configured") && shown.contains("llama3.1:8b") && shown.contains("connection refused"));
    let refused = kit.press(&mut pane, &[Down, Down, Open]);
    assert!(matches!(&refused[..], [Effect::Toast(t)] if t.text.contains("does not answer")), "{refused:?}");
    pane.update(crate::tui::action::Action::Up, &kit.cx());
    let model = Some(one("llama3.1:8b", ""));
    let again = Ask { conversation: 5, text: "Since when?".into(), scope: SCOPE, until: 3, model };
    let chosen = ChosenModel { server: "model".into(), model: "llama3.1:8b".into() };
    assert_eq!(kit.press(&mut pane, &[Rerun]), [sent(again), kept(ChatScope::All, Some(chosen))]);
    assert!(kit.draw(&pane).contains("llama3.1:8b answers"));
}

fn kept(scope: ChatScope, model: Option<ChosenModel>) -> Effect {
    Effect::Send(Request::ChangeTalk(ChangeTalk::Choose(5, Box::new(TalkChoice { scope, model }))))
}

fn with_choice(scope: ChatScope, model: Option<ChosenModel>) -> Event {
    let choice = TalkChoice { scope, model };
    let conversation = Some(Conversation { choice, ..conversation(5, "Why do orders fail?") });
    Event::Talk(Box::new(Talk { conversation, turns: history() }))
}

#[test]
fn scope_and_model_of_a_conversation_are_kept_and_come_back() {
    let mut kit = Kit::new(90, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    assert_eq!(pane.go(&Goto::Scope(SCOPE), &kit.cx()), [kept(SCOPE, None)], "once");
    assert_eq!(kit.press(&mut pane, &[Back, Edit]), []);
    assert_eq!(kit.press(&mut pane, &[ClearScope]), [kept(ChatScope::All, None)]);
    let model = ChosenModel { server: "gpu".into(), model: "qwen3:8b".into() };
    // After a restart.
    let mut pane = State::default();
    pane.enter(&kit.cx());
    let asked = kit.event(&mut pane, with_choice(SCOPE, Some(model.clone())));
    assert_eq!(asked, [Effect::Send(Request::ModelChoices)], "whether it is still there");
    let shown = kit.draw(&pane);
    assert!(shown.contains("scope: incident #7") && shown.contains("qwen3:8b answers"), "{shown}");
    let there = ModelChoice { server: "gpu".into(), model: "qwen3:8b".into(), ..ModelChoice::default() };
    assert_eq!(kit.event(&mut pane, Event::ModelChoices(Ok(vec![there]))), []);
    let told = kit.event(&mut pane, Event::ModelChoices(Ok(Vec::new())));
    assert!(matches!(&told[0], Effect::Toast(t) if t.text.contains("configured no more")), "{told:?}");
    assert_eq!(told[1], kept(SCOPE, None));
}

#[test]
fn what_another_pane_asks_about_holds_over_what_was_kept() {
    let mut kit = Kit::new(90, 22, Depth::None, false);
    testkit::busy(&mut kit.snapshot);
    let mut pane = State::default();
    pane.enter(&kit.cx());
    pane.go(&Goto::Scope(SCOPE), &kit.cx());
    let filter = ChatScope::Filter { text: "level>=warn".into() };
    assert_eq!(kit.event(&mut pane, with_choice(filter, None)), [kept(SCOPE, None)]);
    assert!(kit.draw(&pane).contains("scope: incident #7"));
}

fn whole(id: u64) -> Event {
    let mut turns = history();
    turns[1].text.push_str("\u{1b}[31mred");
    let record =
        LogRecord { id: RecordId(1), component: "deploy".into(), text: "rollout orders".into(), ..one_record() };
    let lines = vec![CitedLine { record, source: "deploy.log".into() }];
    Event::WholeTalk(Box::new(WholeTalk { conversation: conversation(id, "The tunnel"), turns, lines }))
}

fn one_record() -> LogRecord {
    LogRecord { time: testkit::ago(30), message: (0, 14), ..LogRecord::default() }
}

#[test]
fn conversations_are_written_whole_with_the_lines_they_cite() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = listed(&mut kit);
    assert_eq!(kit.press(&mut pane, &[Down, Export]), [Effect::Send(Request::WholeTalk(3))], "the one that is lit");
    assert_eq!(kit.event(&mut pane, whole(5)), [], "not the one that was asked for");
    let effects = kit.event(&mut pane, whole(3));
    let [Effect::Save { path, text }] = &effects[..] else { panic!("{effects:?}") };
    assert!(path.starts_with("chat-2025-01-07-142631.") && path.rsplit('.').next() == Some("md"), "{path}");
    assert!(text.starts_with("# The tunnel\n") && text.contains("Since when?"), "{text}");
    assert!(text.contains("- \\[1\\] record 1, ") && text.contains(" deploy: rollout orders\n"), "{text}");
    assert!(text.contains("- \\[2\\] record 3, no longer in the archive\n"), "{text}");
    assert!(!text.contains('\u{1b}'), "no escapes of others");
    assert_eq!(kit.event(&mut pane, whole(3)), [], "once");
    kit.press(&mut pane, &[Back]);
    pane.command("/export a.json", &kit.cx()).unwrap();
    let effects = kit.event(&mut pane, whole(5));
    let [Effect::Save { path, text }] = &effects[..] else { panic!("{effects:?}") };
    let turns: Vec<ChatMessage> = serde_json::from_str(text).unwrap();
    assert!(path == "a.json" && turns.len() == 4 && turns[0] == history()[0]);
}

#[test]
fn a_pattern_is_asked_about_by_what_it_says() {
    let mut kit = Kit::new(90, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    let scope = |text: &str| Goto::Scope(ChatScope::Filter { text: text.into() });
    let asked = pane.go(&scope("template=20,31"), &kit.cx());
    assert_eq!(asked.last(), Some(&Effect::Send(Request::TemplateTexts(vec![TemplateId(20)]))));
    assert!(kit.draw(&pane).contains("scope: filter template=20,31"), "until it is known");
    let said = vec![(TemplateId(20), "connection to <host> refused (pool <num>/<num>)".to_owned())];
    assert_eq!(kit.event(&mut pane, Event::TemplateTexts(said)), []);
    let shown = kit.draw(&pane);
    assert!(shown.contains("scope: pattern \"connection to <host> refused (pool <num>/<num>)\""), "{shown}");
    pane.go(&scope("level>=warn -template=20"), &kit.cx());
    let shown = kit.draw(&pane);
    assert!(shown.contains("scope: filter level>=warn not pattern \"connection"), "{shown}");
}
