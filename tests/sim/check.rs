//! Compares what came of a world with what was expected, and tells every difference.

use crate::engine::Engine;
use crate::world::{Diagnosed, Expected, Sent, World};
use aiobs_types::{Author, Diagnosis, Incident};
use serde_json::Value;

/// Every difference, one per line.
pub(crate) fn differences(world: &World, engine: &Engine) -> Vec<String> {
    let mut wrong = Vec::new();
    let reader = engine.running.store().unwrap().reader().unwrap();
    if let Some(records) = world.records {
        let there = reader.archive_info().unwrap().records;
        if there != records {
            wrong.push(format!("{there} records instead of {records}"));
        }
    }
    let mut left = engine.running.incidents();
    for expected in &world.incident {
        let all = left.iter().map(|i| explain(i, expected)).collect::<Vec<_>>();
        match all.iter().position(Vec::is_empty) {
            Some(at) => {
                let incident = left.remove(at);
                let diagnosis = reader.latest_diagnosis(incident.fingerprint).unwrap();
                match (diagnosis, &expected.diagnosis) {
                    (Some(d), Some(expected)) => wrong.extend(diagnosis_differences(&d, expected, engine)),
                    (None, Some(_)) => wrong.push(format!("{:?} has no diagnosis", incident.title)),
                    (Some(_), None) => wrong.push(format!("{:?} has a diagnosis of its own", incident.title)),
                    (None, None) => {}
                }
                wrong.extend(cause_differences(&incident, expected, &engine.running.incidents()));
            }
            None => wrong.push(format!("no incident like {:?}: {all:#?}", expected.title)),
        }
    }
    let more = left
        .iter()
        .map(|i| format!("not expected: {:?} ×{} {} {:?}", i.title, i.count, i.severity.level(), i.components));
    wrong.extend(more);
    if let Some(sent) = &world.sent {
        wrong.extend(sent_differences(sent, &engine.chats()));
    }
    wrong
}

fn cause_differences(incident: &Incident, expected: &Expected, all: &[Incident]) -> Option<String> {
    let cause = incident.caused_by.and_then(|id| all.iter().find(|i| i.id == id));
    let right = match (cause, &expected.caused_by) {
        (Some(cause), Some(title)) => cause.title.contains(title) && cause.causes.contains(&incident.id),
        (None, None) => true,
        _ => false,
    };
    let is = cause.map(|c| (&c.title, &c.causes));
    (!right).then(|| format!("{:?} caused by {is:?} instead of {:?}", incident.title, expected.caused_by))
}

fn explain(incident: &Incident, expected: &Expected) -> Vec<String> {
    let mut wrong = Vec::new();
    let title = &incident.title;
    if !title.to_lowercase().contains(&expected.title.to_lowercase()) {
        wrong.push(format!("title {title:?}"));
    }
    let mut components = incident.components.clone();
    components.sort();
    let mut wanted = expected.components.clone();
    wanted.sort();
    let timeline: Vec<String> = incident.timeline.iter().map(|t| format!("{:?}", t.kind).to_lowercase()).collect();
    for (what, is, want) in [
        ("count", incident.count.to_string(), expected.count.to_string()),
        ("level", incident.severity.level().to_string(), expected.level.clone()),
        ("state", incident.state.name().to_owned(), expected.state.clone()),
        ("components", format!("{components:?}"), format!("{wanted:?}")),
    ] {
        if is != want {
            wrong.push(format!("{title:?}: {what} {is} instead of {want}"));
        }
    }
    let missing = expected.timeline.iter().filter(|k| !timeline.contains(k));
    wrong.extend(missing.map(|k| format!("{title:?}: nothing {k} in the timeline {timeline:?}")));
    wrong
}

fn diagnosis_differences(d: &Diagnosis, expected: &Diagnosed, engine: &Engine) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut must = |holds: bool, what: &str, is: &dyn std::fmt::Debug| {
        if !holds {
            wrong.push(format!("diagnosis of {}: {what}: {is:#?}", d.incident));
        }
    };
    let by = match &d.author {
        Author::Model { model, .. } => format!("model {model}"),
        Author::Playbook { id } => format!("playbook {id}"),
        Author::Facts => "facts".to_owned(),
    };
    must(by == expected.by, &format!("not by {}", expected.by), &(&by, &d.notes));
    must(d.cause.contains(&expected.cause), &format!("{:?} not in the cause", expected.cause), &d.cause);
    for note in &expected.notes {
        must(d.notes.iter().any(|n| n.contains(note)), &format!("{note:?} not in the notes"), &d.notes);
    }
    must(!expected.notes.is_empty() || d.notes.is_empty(), "notes that nobody expected", &d.notes);
    let supported = d.claims.iter().filter(|c| c.supported).count();
    must(expected.supported.is_none_or(|n| n == supported), &format!("{:?} supported", expected.supported), &d.claims);
    must(
        d.claims.len() - supported == expected.unsupported,
        &format!("{} unsupported", expected.unsupported),
        &d.claims,
    );
    let reader = engine.running.store().unwrap().reader().unwrap();
    let ids: Vec<_> = d.claims.iter().flat_map(|c| c.records.clone()).collect();
    let cited: Vec<String> = reader.records(&ids).unwrap().iter().map(|r| r.text.clone()).collect();
    for text in &expected.cites {
        must(cited.iter().any(|c| c.contains(text)), &format!("{text:?} not cited"), &cited);
    }
    for step in &expected.now {
        must(d.fix.now.iter().any(|n| n.contains(step)), &format!("{step:?} not among the steps"), &d.fix);
    }
    must(d.summary.contains(&expected.summary), &format!("{:?} not in the summary", expected.summary), &d.summary);
    let runs = engine.diagnoses.lock().unwrap().iter().filter(|o| o.incident == d.incident).count();
    // The first look at the model server may come after the playbook's answer, which is then improved upon.
    must(
        runs == expected.runs || (by.starts_with("model") || !d.notes.is_empty()) && runs == expected.runs + 1,
        "runs",
        &runs,
    );
    wrong
}

fn sent_differences(sent: &Sent, chats: &[Value]) -> Vec<String> {
    let mut wrong = Vec::new();
    if chats.len() != sent.calls {
        wrong.push(format!("{} calls instead of {}", chats.len(), sent.calls));
    }
    let messages: Vec<&str> = chats
        .iter()
        .flat_map(|c| c["messages"].as_array().into_iter().flatten())
        .filter_map(|m| m["content"].as_str())
        .collect();
    let all = messages.join("\n=====\n");
    wrong.extend(sent.contains.iter().filter(|t| !all.contains(*t)).map(|t| format!("{t:?} was not sent:\n{all}")));
    wrong.extend(sent.lacks.iter().filter(|t| all.contains(*t)).map(|t| format!("{t:?} was sent:\n{all}")));
    for message in messages {
        let mut open: Option<&str> = None;
        for line in message.lines() {
            if let Some(name) = line.strip_prefix("<<<DATA ") {
                if let Some(other) = open.replace(name) {
                    wrong.push(format!("a fence within the fence {other}: {line}"));
                }
            } else if line.starts_with("<<<END ") {
                if open.take().is_none_or(|name| !line.ends_with(name)) {
                    wrong.push(format!("a fence is broken by {line:?}"));
                }
            } else if open.is_none() && sent.fenced.iter().any(|t| line.contains(t.as_str())) {
                wrong.push(format!("outside the fence: {line:?}"));
            }
            if line.contains(|c: char| c.is_control()) {
                wrong.push(format!("control characters were sent: {line:?}"));
            }
        }
        if open.is_some() {
            wrong.push("a fence is left open".into());
        }
    }
    wrong
}
