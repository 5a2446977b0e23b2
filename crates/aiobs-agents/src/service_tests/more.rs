//! Tools, memory, and what waits, as the program uses them.

use super::*;
use aiobs_types::Judgement;

#[tokio::test]
async fn a_model_with_tools_looks_things_up_and_may_cite_them() {
    let (mut archive, incident) = shop(&[]);
    let far = archive.log(-400, Severity::INFO, 30, "db-1", "max_connections = 100");
    let look = |name: &str, arguments| Step::Tool(aiobs_llm::ToolCall { id: None, name: name.into(), arguments });
    let search = serde_json::json!({"text": "max_connections"});
    let claims = format!(r#"[{{"text":"db-1 allows \"max_connections = 100\"","records":["{far}"]}}]"#);
    let model = Scripted::new("m")
        .with_tools()
        .script("diagnosis", vec![look("search_logs", search.clone()), look("search_logs", search)])
        .reply("diagnosis", &answer(&claims))
        .reply("fixer", r#"{"now":["Set POOL_MAX=20"]}"#)
        .reply("reporter", r#"{"summary":"s"}"#);
    let mut w = world(Some(model.clone()), archive, true);
    w.service.submit(incident);
    let (d, spans, _) = w.diagnosed().await;
    assert_eq!((d.claims[0].records.clone(), d.claims[0].supported), (vec![far], true), "{:?}", d.claims);
    let asked = model.requests();
    assert!(!asked[0].tools.is_empty() && asked[0].format.is_none());
    let answers: Vec<&str> =
        asked[1].messages.iter().filter(|m| m.role == Role::Tool).map(|m| m.content.as_str()).collect();
    assert!(answers[0].contains("max_connections = 100") && answers[1].contains("asked before"), "{answers:?}");
    let tool = spans.iter().find(|s| {
        s.name == "execute_tool search_logs" && s.attr_text("aiobs.tool.asked") == Some("text=max_connections")
    });
    assert!(tool.is_some_and(|s| s.parent.is_some()));
    // One that can't is given the facts and a form.
    let (archive, incident) = shop(&[]);
    let plain = scripted("[]");
    let mut w = world(Some(plain.clone()), archive, true);
    w.service.submit(incident);
    w.diagnosed().await;
    assert!(plain.requests().iter().all(|r| r.tools.is_empty() && r.format.is_some()));
}

#[tokio::test]
async fn what_waits_is_told_until_it_has_its_answer() {
    let (archive, incident) = shop(&[]);
    let mut w = world(None, archive, true);
    w.service.submit(incident.clone());
    let mut told = Vec::new();
    loop {
        match tokio::time::timeout(Duration::from_secs(20), w.outputs.recv()).await.unwrap().unwrap() {
            ChainOutput::Waits { asked, started, .. } => told.push((asked, started)),
            ChainOutput::WaitsNoMore(id) => break assert_eq!(id, incident.id),
            _ => {}
        }
    }
    assert_eq!(told, [(false, false), (false, true)]);
}

#[tokio::test]
async fn a_confirmed_diagnosis_answers_the_same_fault_at_once_and_a_wrong_one_does_not() {
    let earlier = |model: &Scripted| {
        let (archive, incident) = shop(&[]);
        (world(Some(model.clone()), archive, true), incident)
    };
    let model = scripted(r#"[{"text":"deployed","records":["R21"]}]"#);
    let (mut w, incident) = earlier(&model);
    w.service.submit(incident.clone());
    let known = Diagnosis { id: 9, ..w.diagnosed().await.0 };
    let calls = model.requests().len();
    for (judgement, remembered) in [(Judgement::Right, true), (Judgement::Wrong, false)] {
        let (mut archive, incident) = shop(&[]);
        archive.diagnoses.lock().unwrap().insert(incident.fingerprint, known.clone());
        let time = known.created.plus(1);
        archive.verdict = Some(aiobs_types::Verdict::of(known.incident, judgement, time));
        let again = Incident { id: IncidentId(8), count: 3, ..incident };
        let mut w = world(Some(model.clone()), archive, true);
        w.service.submit(again.clone());
        let (d, ..) = w.diagnosed().await;
        assert_eq!(d.grounds.remembered.is_some(), remembered, "{judgement:?}");
        assert_eq!((d.incident, d.cause.as_str()), (again.id, "The deploy raised the pool."));
        if remembered {
            assert_eq!(model.requests().len(), calls, "nobody was asked");
            assert!(d.claims[0].text.contains("struck 3 times") && d.notes[0].contains("remembered"), "{d:?}");
            assert_eq!(d.grounds.remembered.unwrap().diagnosis, 9);
        } else {
            assert!(model.requests().len() > calls, "what is known to be wrong is not given again");
        }
    }
}

/// The deployment of the small world as a marker.
fn deployment(archive: &mut MemArchive) {
    let (record, kind) = (Some(RecordId(21)), "deploy".to_owned());
    let text = "deploy orders 1.15.0".to_owned();
    archive.changes = vec![Change { time: crate::testing::at(-4), kind, text, component: "deploy".into(), record }];
}

#[tokio::test]
async fn a_change_just_before_it_is_evidence_whoever_answers() {
    let (mut archive, incident) = shop(&[]);
    deployment(&mut archive);
    for playbooks in [true, false] {
        let (mut archive, incident) = shop(&[]);
        deployment(&mut archive);
        let mut w = world(None, archive, playbooks);
        w.service.submit(incident);
        let (d, ..) = w.diagnosed().await;
        let claim = d.claims.iter().find(|c| c.text.contains("deploy orders 1.15.0")).unwrap();
        assert_eq!(claim.text, "It began 4 s after a change: deploy orders 1.15.0.");
        assert_eq!((claim.records.clone(), claim.supported, claim.doubts.len()), (vec![RecordId(21)], true, 0));
    }
    let model = scripted("[]");
    let mut w = world(Some(model.clone()), archive, true);
    w.service.submit(incident);
    w.diagnosed().await;
    let asked = &model.requests()[0].messages[1].content;
    assert!(asked.contains("deploy orders 1.15.0; it began 4 s after this"), "{asked}");
    assert!(asked.contains("[change] | orders 1.14.2 to 1.15.0"), "{asked}");
}

#[tokio::test]
async fn garbage_is_not_quoted_as_new() {
    let (mut archive, incident) = shop(&[]);
    archive.log(1, Severity::INFO, 40, "orders", "\u{fffd}\u{fffd}\u{0}\u{1}PNG\u{fffd}");
    archive.log(2, Severity::INFO, 41, "orders", "cache is cold");
    let mut w = world(None, archive, false);
    w.service.submit(incident);
    let (d, ..) = w.diagnosed().await;
    let new: Vec<&str> = d.claims.iter().map(|c| c.text.as_str()).filter(|t| t.starts_with("New at")).collect();
    assert!(new.iter().any(|t| t.contains("cache is cold")), "{new:?}");
    assert!(!new.iter().any(|t| t.contains("PNG")), "{new:?}");
}

#[tokio::test]
async fn who_waits_is_told_in_order_and_can_be_taken_out_for_good() {
    let (archive, incident) = shop(&[]);
    let model = Scripted::new("llama3.1").script("diagnosis", vec![Step::Text("{".into()), Step::Hang]);
    let mut w = world(Some(model), archive, true);
    let other = |id: u64, severity| Incident {
        id: IncidentId(id),
        fingerprint: Fingerprint(id),
        severity,
        criticality: None,
        ..incident.clone()
    };
    w.service.submit(incident.clone());
    w.service.submit(other(20, Severity::WARN));
    w.service.submit(other(21, Severity::FATAL));
    let line = |w: &World| w.service.state().waiting.iter().map(|id| id.0).collect::<Vec<_>>();
    let mut seen = Vec::new();
    while seen != [21, 20] {
        w.outputs.recv().await.unwrap();
        seen = line(&w);
    }
    w.service.cancel(IncidentId(20));
    while !matches!(w.outputs.recv().await.unwrap(), ChainOutput::Cancelled(IncidentId(20))) {}
    w.service.submit(other(20, Severity::WARN));
    w.service.submit(other(22, Severity::ERROR));
    while seen != [21, 22] {
        w.outputs.recv().await.unwrap();
        seen = line(&w);
        assert!(!seen.contains(&20) || seen == [21, 20], "it does not come back by itself: {seen:?}");
    }
}

#[tokio::test]
async fn a_run_that_fails_takes_no_better_diagnosis_away() {
    let (archive, incident) = shop(&[]);
    let mut w = world(Some(scripted("[]")), shop(&[]).0, true);
    w.service.submit(incident.clone());
    let (good, ..) = w.diagnosed().await;
    archive.diagnoses.lock().unwrap().insert(incident.fingerprint, good);
    let junk = Scripted::new("junk").reply("diagnosis", "Well, perhaps {").reply("repair", "no");
    let mut w = world(Some(junk), archive, true);
    w.service.rerun(incident.clone());
    loop {
        match w.outputs.recv().await.unwrap() {
            ChainOutput::Diagnosis(d) => panic!("{d:?}"),
            ChainOutput::Notice(text) => {
                assert!(text.contains("did not fit its form twice") && text.ends_with("the diagnosis stays"), "{text}");
                break;
            }
            _ => {}
        }
    }
}
