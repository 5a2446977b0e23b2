//! What a user sees and does in Incidents.
#![allow(clippy::unwrap_used)]

use super::State;
use crate::runtime::events::{Event, IncidentDetail, ModelChoice, Request, Surrounded};
use crate::tui::action::Action::{
    Acknowledge, Ask, Back, Compare, Copy, Down, Export, Filter, FixApplied, Fold, NextItem, Open, Preview, RerunBy,
    Right, Submit, Up, VerdictNote, VerdictPartly, VerdictWrong, Wrap,
};
use crate::tui::effect::Effect;
use crate::tui::panes::testkit::{self, Kit};
use crate::tui::panes::{Goto, Pane};
use crate::tui::theme::Depth;
use aiobs_types::{ChatScope, IncidentId, IncidentState, Judgement, RecordId, Verdict};

fn ready(kit: &mut Kit) -> State {
    testkit::busy(&mut kit.snapshot);
    let mut pane = State::default();
    assert_eq!(pane.enter(&kit.cx()), [Effect::Send(Request::Incident(IncidentId(7)))]);
    kit.event(&mut pane, Event::Incident(Box::new(testkit::detail())));
    pane
}

#[test]
fn list_and_diagnosis() {
    testkit::snapshots("incidents", "list", ready);
}

/// The first incident caused two others, of which one is over.
fn group(kit: &mut Kit) -> State {
    testkit::busy(&mut kit.snapshot);
    let mut all = testkit::incidents();
    let under = |title: &str, id: u64, of: &aiobs_types::Incident| aiobs_types::Incident {
        id: IncidentId(id),
        title: title.into(),
        caused_by: Some(IncidentId(7)),
        flapping: if id == 9 { 5 } else { 0 },
        ..of.clone()
    };
    let children = [under("charges fail: upstream timeout", 8, &all[0]), under("gateway answers 504", 9, &all[0])];
    all[0].causes = vec![IncidentId(8), IncidentId(9)];
    all.splice(1..1, children);
    kit.snapshot.incidents = all.into_iter().map(std::sync::Arc::new).collect();
    let mut pane = State::default();
    pane.enter(&kit.cx());
    let mut detail = testkit::detail();
    detail.incident = kit.snapshot.incidents[0].as_ref().clone();
    detail.incident.likelihood = Some(96);
    kit.event(&mut pane, Event::Incident(Box::new(detail)));
    pane
}

#[test]
fn what_one_caused_is_folded_into_a_number() {
    testkit::snapshots("incidents", "folded", group);
}

#[test]
fn what_one_caused_stands_under_it_when_unfolded() {
    testkit::snapshots("incidents", "unfolded", |kit| {
        let mut pane = group(kit);
        kit.press(&mut pane, &[Fold, Down, Down]);
        pane
    });
    // From one of them, the group is folded again and its head selected.
    let mut kit = Kit::new(160, 43, Depth::None, false);
    let mut pane = group(&mut kit);
    kit.press(&mut pane, &[Fold, Down, Fold]);
    assert_eq!((pane.shown(&kit.cx()).len(), pane.current(&kit.cx()).map(|i| i.id.0)), (4, Some(7)));
}

#[test]
fn diagnosis_with_a_lit_citation() {
    testkit::snapshots("incidents", "detail", |kit| {
        let mut pane = ready(kit);
        kit.press(&mut pane, &[Open, NextItem]);
        pane
    });
}

#[test]
fn a_run_while_it_goes_on() {
    testkit::snapshots("incidents", "running", |kit| {
        testkit::busy(&mut kit.snapshot);
        kit.snapshot.chain = testkit::running(7);
        let mut pane = State::default();
        pane.enter(&kit.cx());
        let detail = IncidentDetail { diagnosis: None, spans: Vec::new(), ..testkit::detail() };
        kit.event(&mut pane, Event::Incident(Box::new(detail)));
        for text in ["{\"now\": [\"scale orders to 1 ", "replica\",\n \"set \u{1b}[2JPOOL_MAX=40\"]"] {
            kit.event(&mut pane, Event::StageText { incident: IncidentId(7), stage: "Fixer", text: text.into() });
        }
        kit.press(&mut pane, &[Open]);
        pane
    });
}

#[test]
fn a_diagnosis_comes_by_itself_and_says_why_no_model_made_it() {
    let mut kit = Kit::new(160, 43, Depth::None, false);
    testkit::busy(&mut kit.snapshot);
    let mut pane = State::default();
    pane.enter(&kit.cx());
    let none = IncidentDetail { diagnosis: None, spans: Vec::new(), ..testkit::detail() };
    kit.event(&mut pane, Event::Incident(Box::new(none)));
    let comes = |kit: &mut Kit, nanos| {
        let begins = kit.cx().clock.now.plus(nanos);
        kit.snapshot.chain.gathering.insert(IncidentId(7), begins);
    };
    comes(&mut kit, 2_100_000_000);
    assert!(kit.draw(&pane).contains("Evidence is being gathered; the diagnosis begins by itself in 3 s."));
    comes(&mut kit, -1);
    assert!(kit.draw(&pane).contains("begins by itself now."));
    kit.snapshot.chain.gathering.clear();
    assert!(kit.draw(&pane).contains("No diagnosis yet. r asks for one."));
    let mut detail = testkit::detail();
    let why = "today's budget of $0.01 is spent";
    let notes = [format!("Fixer: {why}"), format!("Reporter: {why}")];
    detail.diagnosis.as_mut().unwrap().notes = notes.to_vec();
    kit.event(&mut pane, Event::Incident(Box::new(detail)));
    let drawn = kit.draw(&pane);
    assert_eq!(drawn.matches(why).count(), 1, "{drawn}");
    assert!(drawn.contains(&format!("Fixer, Reporter: {why}")), "{drawn}");
}

#[test]
fn nothing_yet() {
    testkit::snapshots("incidents", "empty", |_| State::default());
}

#[test]
fn enter_on_a_citation_goes_to_the_line_and_esc_comes_back() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    assert_eq!(kit.press(&mut pane, &[Open, NextItem, Open]), [Effect::ShowRecord(RecordId(1))]);
    assert_eq!(kit.press(&mut pane, &[NextItem, Open]), [Effect::ShowRecord(RecordId(2))]);
    pane.back(&kit.cx());
    assert!(kit.draw(&pane).contains("Cause"), "the diagnosis is still there");
    assert_eq!(kit.press(&mut pane, &[Back]), []);
    assert_eq!(kit.press(&mut pane, &[Back]), [Effect::Back]);
}

#[test]
fn down_reaches_every_line_of_evidence() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    kit.press(&mut pane, &[Open]);
    let mut reached = std::collections::BTreeSet::new();
    for _ in 0..60 {
        kit.press(&mut pane, &[Down]);
        if pane.place.link.is_some()
            && let [Effect::ShowRecord(id)] = kit.press(&mut pane, &[Open]).as_slice()
        {
            reached.insert(id.0);
        }
    }
    assert_eq!(reached.into_iter().collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn led_here_from_elsewhere_esc_goes_straight_back() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    testkit::busy(&mut kit.snapshot);
    let mut pane = State::default();
    let asked = pane.go(&Goto::Incident(IncidentId(6)), &kit.cx());
    assert_eq!(asked, [Effect::Send(Request::Incident(IncidentId(6)))]);
    assert!(kit.draw(&pane).contains("TLS certificate"));
    assert_eq!(kit.press(&mut pane, &[Back]), [Effect::Back]);
}

#[test]
fn an_incident_that_does_not_exist_is_said_not_to() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    testkit::busy(&mut kit.snapshot);
    let mut pane = State::default();
    let told = pane.go(&Goto::Incident(IncidentId(99)), &kit.cx());
    assert_eq!(told, [Effect::warn("There is no incident #99 in the list")]);
    assert!(pane.selected.is_none(), "no other one is shown as if it were it");
}

#[test]
fn states_verdicts_and_questions_reach_the_engine() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    let id = IncidentId(7);
    let sent = |request| Effect::Send(request);
    assert_eq!(
        kit.press(&mut pane, &[Acknowledge]),
        [sent(Request::SetIncidentState(id, IncidentState::Acknowledged))]
    );
    let now = kit.cx().clock.now;
    let said = |judgement| Verdict { diagnosis: 1, ..Verdict::of(id, judgement, now) };
    let told = |verdict| sent(Request::Verdict(Box::new(verdict)));
    assert_eq!(kit.press(&mut pane, &[VerdictWrong])[0], told(said(Judgement::Wrong)));
    let applied = Verdict { applied: Some(true), ..said(Judgement::Wrong) };
    assert_eq!(kit.press(&mut pane, &[FixApplied])[0], told(applied.clone()));
    assert!(kit.press(&mut pane, &[VerdictNote]).is_empty());
    pane.on_paste("a full disk", &kit.cx());
    assert!(kit.draw(&pane).contains("What it was, or a note: a full disk"));
    let noted = Verdict { note: "a full disk".into(), ..applied };
    assert_eq!(kit.press(&mut pane, &[Submit])[0], told(noted.clone()));
    let partly = Verdict { judgement: Judgement::Partly, ..noted };
    assert_eq!(kit.press(&mut pane, &[VerdictPartly])[0], told(partly), "what was said before stays");
    kit.press(&mut pane, &[Open]);
    assert!(kit.draw(&pane).contains("Judged     partly right, fix applied: a full disk"));
    kit.press(&mut pane, &[Back]);
    assert_eq!(kit.press(&mut pane, &[Ask]), [Effect::AskAbout(ChatScope::Incident { id })]);
    assert_eq!(kit.press(&mut pane, &[Down]), [sent(Request::Incident(IncidentId(6)))]);
    assert!(matches!(&kit.press(&mut pane, &[VerdictWrong])[..], [Effect::Toast(_)]), "nothing to judge there");
    assert_eq!(pane.cancel(&kit.cx()), None);
    kit.snapshot.chain = testkit::running(6);
    assert_eq!(pane.cancel(&kit.cx()).unwrap()[0], sent(Request::CancelRun(IncidentId(6))));
}

#[test]
fn what_happens_to_an_incident_is_read_again_and_its_turn_is_told() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    let mut now = kit.snapshot.incidents[0].as_ref().clone();
    now.count += 5;
    kit.snapshot.incidents[0] = now.clone().into();
    assert!(kit.event(&mut pane, Event::Snapshot).is_empty(), "a strike alone tells nothing new");
    now.timeline.push(aiobs_types::TimelineEntry { text: "told by slack".into(), ..now.timeline[0].clone() });
    kit.snapshot.incidents[0] = now.into();
    assert_eq!(kit.event(&mut pane, Event::Snapshot), [Effect::Send(Request::Incident(IncidentId(7)))]);
    kit.press(&mut pane, &[Down]);
    let bare = IncidentDetail { diagnosis: None, ..testkit::detail() };
    let incident = kit.snapshot.incidents[1].as_ref().clone();
    kit.event(&mut pane, Event::Incident(Box::new(IncidentDetail { incident, ..bare })));
    kit.snapshot.chain = testkit::running(7);
    kit.snapshot.chain.waiting = vec![IncidentId(5), IncidentId(6)];
    assert!(kit.press(&mut pane, &[Open]).iter().all(|e| matches!(e, Effect::Send(Request::Around(..)))));
    assert!(kit.draw(&pane).contains("Waits for its diagnosis, number 2 of 2 in line"), "{}", kit.draw(&pane));
    let cancel = kit.press(&mut pane, &[crate::tui::action::Action::CancelRun]);
    assert_eq!(cancel[0], Effect::Send(Request::CancelRun(IncidentId(6))));
    kit.snapshot.chain.waiting.clear();
    assert!(matches!(&kit.press(&mut pane, &[crate::tui::action::Action::CancelRun])[..], [Effect::Toast(_)]));
}

#[test]
fn copy_takes_the_command_or_the_lit_line() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    let copied = |effects: Vec<Effect>| match effects.into_iter().next() {
        Some(Effect::Copy { text, what }) => (text, what),
        other => panic!("{other:?}"),
    };
    let command = copied(kit.press(&mut pane, &[Copy]));
    assert_eq!(command, ("kubectl -n shop scale deploy/orders --replicas=1".into(), "command".into()));
    let line = copied(kit.press(&mut pane, &[Open, NextItem, Copy]));
    assert_eq!(line.0, "deploy: orders 1.14.2 -> 1.15.0, POOL_MAX=200");
}

#[test]
fn what_is_sent_is_shown_over_everything_and_esc_closes_it() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    assert_eq!(kit.press(&mut pane, &[Preview]), [Effect::Send(Request::PromptPreview(IncidentId(7)))]);
    let prompt = "You are given log lines.\n\u{1b}[31mhostile\n".to_owned() + &"line\n".repeat(40) + "the end\n";
    kit.event(&mut pane, Event::PromptPreview(IncidentId(7), prompt));
    let shown = kit.draw(&pane);
    assert!(shown.contains("You are given log lines.") && shown.contains("␛[31mhostile"), "{shown}");
    kit.press(&mut pane, &[crate::tui::action::Action::Bottom]);
    assert!(kit.draw(&pane).contains("the end"));
    kit.press(&mut pane, &[Back]);
    assert!(!kit.draw(&pane).contains("the end"));
}

#[test]
fn the_list_narrows_while_typing() {
    let mut kit = Kit::new(80, 22, Depth::None, true);
    let mut pane = ready(&mut kit);
    kit.press(&mut pane, &[Filter]);
    for c in "tls".chars() {
        pane.on_key(crossterm::event::KeyEvent::from(crossterm::event::KeyCode::Char(c)), &kit.cx());
    }
    kit.press(&mut pane, &[Submit]);
    let shown = kit.draw(&pane);
    assert!(shown.contains("TLS certificate") && !shown.contains("retry noise"), "{shown}");
    assert!(shown.split("--- styles").next().unwrap().is_ascii(), "ASCII was asked for");
    kit.press(&mut pane, &[Back]);
    assert!(kit.draw(&pane).contains("retry noise"));
}

#[test]
fn no_size_is_too_small() {
    for (width, height) in [(0, 0), (1, 1), (3, 10), (10, 3), (101, 1), (20, 2)] {
        let mut kit = Kit::new(width, height, Depth::None, false);
        let mut pane = ready(&mut kit);
        kit.draw(&pane);
        kit.press(&mut pane, &[Open, NextItem, Down, Up, Wrap]);
        kit.event(&mut pane, Event::PromptPreview(IncidentId(7), "text".into()));
        kit.draw(&pane);
    }
}

#[test]
fn the_worst_incident_is_selected_until_the_user_chooses() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = State::default();
    kit.snapshot.incidents = vec![testkit::incidents().remove(1).into()];
    assert_eq!(kit.event(&mut pane, Event::Snapshot), [], "nobody looks yet");
    testkit::busy(&mut kit.snapshot);
    assert_eq!(pane.enter(&kit.cx()), [Effect::Send(Request::Incident(IncidentId(7)))]);
    kit.press(&mut pane, &[Down]);
    assert_eq!(pane.enter(&kit.cx()), [Effect::Send(Request::Incident(IncidentId(6)))]);
}

#[test]
fn an_incident_is_written_as_markdown_that_log_text_cannot_break() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    let mut detail = testkit::detail();
    detail.records[0].text = "```\n# not a \u{1b}[2Jheading".to_owned();
    let first = detail.records[0].id;
    kit.event(&mut pane, Event::Incident(Box::new(detail)));
    assert_eq!(kit.press(&mut pane, &[Export]), [], "the form is asked for");
    let effects = kit.press(&mut pane, &[Open]);
    let [Effect::Save { path, text }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(path, "incident-7-2025-01-07-142631.md");
    for part in ["# Incident #7: ", "- **Began:** 2025-01-07", "## Cause", "## Fix", "## Evidence", "\n    ```\n"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(text.contains("    # not a \u{241b}[2Jheading"), "{text}");
    assert!(text.contains(&format!("R{} ", first.0)), "{text}");
}

#[test]
fn the_form_of_the_file_is_chosen() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    kit.press(&mut pane, &[Export]);
    let shown = kit.draw(&pane);
    assert!(shown.contains("Write #7 to a file, as") && shown.contains("▌Markdown"), "{shown}");
    for (steps, ending, holds) in [(1, "html", "<!doctype html>"), (2, "json", "\"diagnosis\": {")] {
        kit.press(&mut pane, &[Back, Export]);
        (0..steps).for_each(|_| drop(kit.press(&mut pane, &[Down])));
        let effects = kit.press(&mut pane, &[Open]);
        let [Effect::Save { path, text }] = effects.as_slice() else { panic!("{effects:?}") };
        assert!(path.ends_with(ending) && text.contains(holds), "{path}\n{text}");
    }
    kit.press(&mut pane, &[Export, Back]);
    assert!(!kit.draw(&pane).contains("Write #7"), "Esc closes the list and nothing else");
}

fn choice(model: &str, wrong: Option<&str>, local: bool) -> ModelChoice {
    ModelChoice {
        server: "model".into(),
        provider: "ollama".into(),
        place: "http://127.0.0.1:11434".into(),
        model: model.into(),
        local,
        wrong: wrong.map(str::to_owned),
    }
}

#[test]
fn a_run_is_given_to_a_model_that_is_chosen() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    assert_eq!(kit.press(&mut pane, &[RerunBy]), [Effect::Send(Request::ModelChoices)]);
    assert!(kit.draw(&pane).contains("Asking the servers what they have"));
    let list = vec![
        choice("llama3.1:8b", None, true),
        choice("gone", Some("cannot reach it"), true),
        choice("qwen3", None, false),
    ];
    kit.event(&mut pane, Event::ModelChoices(Ok(list.clone())));
    let shown = kit.draw(&pane);
    assert!(shown.contains("llama3.1:8b") && shown.contains("LOCAL") && shown.contains("cannot reach it"), "{shown}");
    assert!(matches!(&kit.press(&mut pane, &[Down, Open])[..], [Effect::Toast(_)]), "that one is not there");
    let effects = kit.press(&mut pane, &[Down, Open]);
    assert_eq!(effects[0], Effect::Send(Request::RerunBy(IncidentId(7), Box::new(list[2].clone()))));
    let Effect::Toast(told) = &effects[1] else { panic!("{effects:?}") };
    assert!(told.text.contains("REMOTE"), "{}", told.text);
    kit.press(&mut pane, &[RerunBy]);
    kit.event(&mut pane, Event::ModelChoices(Err("no model is to be asked".into())));
    assert!(kit.draw(&pane).contains("no model is to be asked"));
}

/// The past incident that is like number 7.
fn past() -> IncidentDetail {
    let mut past = testkit::detail();
    past.incident = past.similar.remove(0).incident;
    past.similar.clear();
    past.incident.components = vec!["orders".into(), "billing".into()];
    if let Some(d) = &mut past.diagnosis {
        d.cause = "The pool was larger than the database allows.".into();
        d.confidence = aiobs_types::Confidence::Medium;
    }
    past.verdict = Some(Verdict { applied: Some(true), ..Verdict::of(IncidentId(2), Judgement::Right, testkit::NOW) });
    past
}

#[test]
fn a_past_incident_beside_this_one() {
    testkit::snapshots("incidents", "compare", |kit| {
        let mut pane = ready(kit);
        assert_eq!(kit.press(&mut pane, &[Compare]), [Effect::Send(Request::Compare(IncidentId(2)))]);
        kit.event(&mut pane, Event::Compared(Box::new(past())));
        pane
    });
}

#[test]
fn on_a_narrow_screen_both_take_turns() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    kit.press(&mut pane, &[Compare]);
    kit.event(&mut pane, Event::Compared(Box::new(past())));
    let then = kit.draw(&pane);
    assert!(then.contains("then  #2") && then.contains("billing (only here)"), "{then}");
    kit.press(&mut pane, &[Right]);
    let now = kit.draw(&pane);
    assert!(now.contains("now  #7") && now.contains("payments (only here)"), "{now}");
    kit.press(&mut pane, &[Back]);
    assert!(kit.draw(&pane).contains("TLS certificate"), "the list is there again");
    let quiet = IncidentDetail { similar: Vec::new(), ..testkit::detail() };
    kit.event(&mut pane, Event::Incident(Box::new(quiet)));
    assert!(matches!(&kit.press(&mut pane, &[Compare])[..], [Effect::Toast(_)]), "nothing is like it");
}

#[test]
fn wide_screens_show_the_lines_around_what_is_cited() {
    let mut kit = Kit::new(160, 43, Depth::None, false);
    let mut pane = ready(&mut kit);
    let ids: Vec<RecordId> = [1, 2, 3, 4].map(RecordId).to_vec();
    assert_eq!(kit.press(&mut pane, &[Open]), [Effect::Send(Request::Around(IncidentId(7), ids.clone()))]);
    assert!(kit.draw(&pane).contains("POOL_MAX=200"), "the lines themselves are there at once");
    let mut near = testkit::detail().records[0].clone();
    (near.id, near.text) = (RecordId(90), "deploy: pulling image".into());
    near.message = (8, near.text.len() as u32);
    let lines = vec![near, testkit::detail().records[0].clone()];
    kit.event(&mut pane, Event::Around(IncidentId(7), vec![Surrounded { record: RecordId(1), lines }]));
    let shown = kit.draw(&pane);
    assert!(shown.contains("pulling image") && !shown.contains("TLS certificate"), "{shown}");
    assert_eq!(kit.event(&mut pane, Event::Incident(Box::new(testkit::detail()))), [], "asked once");
    assert!(kit.press(&mut pane, &[Back]).is_empty());
    assert!(kit.draw(&pane).contains("TLS certificate"), "the list again");
}
