//! Conversations: listed, searched, renamed, deleted; what is chosen in one is kept with it; who answers.

use super::*;
use aiobs_types::ChosenModel;

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
