//! A run that the program's end cut off, and the next start.

use super::*;
use crate::testing::at;

const STAGES: [&str; 3] = ["diagnosis", "fixer", "reporter"];

/// Stages that were asked, in order.
fn asked(model: &Scripted) -> Vec<String> {
    model.requests().iter().map(|r| r.stage.to_owned()).collect()
}

/// Answers until `hangs`, and that stage never.
fn until(hangs: &str) -> Scripted {
    let mut model = Scripted::new("llama3.1");
    for (stage, text) in STAGES.into_iter().zip([
        answer(r#"[{"text":"deployed","records":["R21"]}]"#),
        r#"{"now":["Set POOL_MAX=20"]}"#.to_owned(),
        r#"{"summary":"s"}"#.to_owned(),
    ]) {
        model = if stage == hangs { model.script(stage, vec![Step::Hang]) } else { model.reply(stage, &text) };
    }
    model
}

/// Runs until the stage hangs; what was kept by then.
async fn cut_off_in(stage: &str) -> Vec<KeptStage> {
    let (archive, incident) = shop(&[]);
    let model = until(stage);
    let mut w = world(Some(model.clone()), archive, true);
    w.service.submit(incident);
    while asked(&model).last().is_none_or(|s| s != stage) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let mut kept = Vec::new();
    while let Ok(out) = w.outputs.try_recv() {
        match out {
            ChainOutput::Kept { stage, .. } => kept.push(stage),
            ChainOutput::WaitsNoMore(_) => panic!("it has not ended"),
            _ => {}
        }
    }
    kept
}

/// The next start: the diagnosis, the stages that were asked, and what the timeline says.
async fn next_start(
    kept: Vec<KeptStage>,
    model: Option<Scripted>,
    change: impl FnOnce(&mut MemArchive, &mut Incident),
) -> (Diagnosis, Vec<String>, String) {
    let (mut archive, mut incident) = shop(&[]);
    archive.kept = kept;
    change(&mut archive, &mut incident);
    archive.incidents = vec![incident.clone()];
    let mut w = world(model.clone(), archive, true);
    w.service.resume(incident, false);
    let (d, _, seen) = w.diagnosed().await;
    let said = seen.into_iter().find_map(|o| match o {
        ChainOutput::Resumed { text, .. } => Some(text),
        _ => None,
    });
    (d, model.map(|m| asked(&m)).unwrap_or_default(), said.unwrap())
}

#[tokio::test]
async fn the_next_start_goes_on_at_the_stage_that_was_cut() {
    for (cut, left) in [("diagnosis", 0), ("fixer", 1), ("reporter", 2)] {
        let kept = cut_off_in(cut).await;
        assert_eq!(kept.len(), left + 1, "every stage that ended is kept");
        // What the archive would say now does not count: the answer's records are those that were shown.
        let lose = |archive: &mut MemArchive, _: &mut Incident| archive.records.clear();
        let (d, calls, said) = next_start(kept, Some(until("")), lose).await;
        assert_eq!(calls, STAGES[left..], "stages that ended are not asked again");
        assert!(said.ends_with(&format!("goes on at {}", Stage::ALL[left + 1].name())), "{said}");
        assert_eq!((d.cause.as_str(), d.summary.as_str()), ("The deploy raised the pool.", "s"));
        assert_eq!((d.claims[0].records.clone(), d.claims[0].supported), (vec![RecordId(21)], true));
        assert_eq!(d.author, Author::Model { provider: "scripted".into(), model: "llama3.1".into() });
        assert_eq!((d.fix.now.len(), d.prompts.len()), (1, 3), "{:?}", d.prompts);
    }
}

#[tokio::test]
async fn what_has_changed_too_much_begins_again_and_says_so() {
    let kept = cut_off_in("fixer").await;
    let grown = |_: &mut MemArchive, i: &mut Incident| i.count = 5_000;
    let (_, calls, said) = next_start(kept.clone(), Some(until("")), grown).await;
    assert_eq!((calls.len(), said.contains("begins again: it has struck 5000 times")), (3, true), "{said}");
    let old: Vec<KeptStage> = kept.iter().map(|k| KeptStage { at: at(0), ..k.clone() }).collect();
    let (_, calls, said) = next_start(old, Some(until("")), |_, _| {}).await;
    assert_eq!((calls.len(), said.contains("more than an hour")), (3, true), "{said}");
    let (_, calls, said) = next_start(Vec::new(), Some(until("")), |_, _| {}).await;
    assert_eq!((calls.len(), said.ends_with("it begins again")), (3, true), "{said}");
}

#[tokio::test]
async fn a_diagnosis_that_was_there_outlives_the_model() {
    let kept = cut_off_in("fixer").await;
    let (d, _, said) = next_start(kept, None, |_, _| {}).await;
    assert!(said.contains("goes on at Fixer"));
    assert!(matches!(d.author, Author::Model { .. }) && d.fix.now == ["Check that the database runs."], "{d:?}");
}

#[tokio::test]
async fn lines_that_tools_found_are_kept_too_and_asking_anew_begins_anew() {
    let (mut archive, incident) = shop(&[]);
    let far = archive.log(-400, Severity::INFO, 30, "db-1", "max_connections = 100");
    let search = aiobs_llm::ToolCall {
        id: None,
        name: "search_logs".into(),
        arguments: serde_json::json!({"text": "max_connections"}),
    };
    let model = Scripted::new("m")
        .with_tools()
        .script("diagnosis", vec![Step::Tool(search)])
        .reply("diagnosis", &answer(&format!(r#"[{{"text":"db-1 allows 100","records":["{far}"]}}]"#)))
        .script("fixer", vec![Step::Hang]);
    let mut w = world(Some(model), archive, true);
    w.service.submit(incident);
    let mut kept = Vec::new();
    while kept.len() < 2 {
        if let ChainOutput::Kept { stage, .. } =
            tokio::time::timeout(Duration::from_secs(20), w.outputs.recv()).await.unwrap().unwrap()
        {
            kept.push(stage);
        }
    }
    let (d, ..) = next_start(kept.clone(), Some(until("")), |_, _| {}).await;
    assert_eq!((d.claims[0].records.clone(), d.claims[0].supported), (vec![far], true));
    let (mut archive, incident) = shop(&[]);
    archive.kept = kept;
    let model = until("");
    let mut w = world(Some(model.clone()), archive, true);
    w.service.rerun(incident);
    w.diagnosed().await;
    assert_eq!(asked(&model), STAGES, "a person who asks anew gets a new answer");
}
