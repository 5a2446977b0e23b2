//! What an answer rests on: looks and tools that fold, marks that lead to lines, incidents and texts, the summary of what
//! was said first.

use super::*;
use aiobs_types::{ChatUsage, TalkSummary};

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
    kit.event(&mut pane, answered(7, done));
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
        kit.event(&mut pane, talk(with_tools()));
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
    kit.event(&mut pane, talk(with_tools()));
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
    kit.event(&mut pane, talk(vec![cites(1, 11), cites(2, 12), cites(3, 13)]));
    assert_eq!(kit.press(&mut pane, &[NextItem, Open]), [Effect::ShowRecord(RecordId(13))], "the newest is in view");
    assert_eq!(kit.press(&mut pane, &[PreviousItem, Open]), [Effect::ShowRecord(RecordId(12))]);
}

#[test]
fn where_the_summary_ends_is_told_and_its_marks_lead_on() {
    let mut kit = Kit::new(90, 40, Depth::None, false);
    let mut pane = ready(&mut kit);
    let text = CitedText { title: "db.md > Pool".into(), place: "/r/db.md:3".into(), ..CitedText::default() };
    let citations = vec![Citation::Record(RecordId(31)), Citation::Text(Box::new(text))];
    let text = "The pool was raised [1]; the runbook says why [2].".into();
    let summary = Some(TalkSummary { through: 2, text, citations, author: "llama3.1".into() });
    let conversation = Some(Conversation { summary, ..conversation(5, "Why do orders fail?") });
    kit.event(&mut pane, Event::Talk(Box::new(Talk { conversation, turns: history() })));
    let shown = kit.draw(&pane);
    let line = shown.lines().position(|l| l.contains("goes to the model as a summary by llama3.1")).unwrap();
    let next = shown.lines().position(|l| l.contains("Since when?")).unwrap();
    assert!(line < next && shown.contains("db-1 refuses connections"), "the transcript stays: {shown}");
    assert!(!shown.contains("The pool was raised"));
    // The two marks of the first answer, then the line.
    kit.press(&mut pane, &[Top, NextItem, NextItem, NextItem, Open]);
    assert!(kit.draw(&pane).contains("The pool was raised"));
    assert_eq!(kit.press(&mut pane, &[NextItem, Open]), [Effect::ShowRecord(RecordId(31))]);
    assert_eq!(kit.press(&mut pane, &[NextItem, Open]), []);
    assert!(kit.draw(&pane).contains("/r/db.md:3"));
}

#[test]
fn a_look_that_failed_is_told_without_being_opened() {
    let mut kit = Kit::new(60, 30, Depth::None, false);
    let mut pane = ready(&mut kit);
    let mut turns = history();
    let failed = ChatStep {
        text: "no vector store at pgvector db.example/ours (refused); vectors by words answer until it is there".into(),
        failed: true,
        ..ChatStep::default()
    };
    turns[3].steps = vec![look("searched logs: orders → 3"), failed];
    kit.event(&mut pane, talk(turns));
    let shown = kit.draw(&pane);
    assert!(shown.contains("1 look  Enter shows") && !shown.contains("searched logs"), "{shown}");
    assert!(
        shown.contains("no vector store at pgvector") && shown.contains("until it is there"),
        "broken, not cut: {shown}"
    );
}

#[test]
fn an_answer_out_of_the_cache_fills_no_context() {
    let mut kit = Kit::new(100, 30, Depth::None, false);
    let mut pane = ready(&mut kit);
    let usage = |tokens, filled| {
        Some(ChatUsage { input_tokens: tokens, output_tokens: 9, filled, context: 8_000, ..ChatUsage::default() })
    };
    let mut turns = history();
    turns[1].usage = usage(3_900, 4_000);
    turns[3].usage = Some(ChatUsage { context: 8_000, ..ChatUsage::default() });
    kit.event(&mut pane, talk(turns));
    let shown = kit.draw(&pane);
    assert!(shown.contains("context 50 % of 8.0k") && shown.contains("out of the cache, no tokens"), "{shown}");
}
