//! The exact messages of each model call of the chain. Used by the runner and by the preview, so that what is
//! shown is what is sent; it knows no provider.

use super::machine::{Findings, Repair};
use crate::Stage;
use crate::context::fence::neutral;
use crate::context::{Evidence, render};
use crate::prompts::Prompts;
use aiobs_llm::Message;
use aiobs_types::{Fix, Incident};

/// Messages of a stage's call, and the prompt's label. What may not leave this machine the model service takes out.
pub(crate) fn messages(
    prompts: &Prompts,
    stage: Stage,
    incident: &Incident,
    evidence: &Evidence,
    findings: &Findings,
    repair: Option<&Repair>,
) -> (Vec<Message>, String) {
    let p = prompts.prompt(stage.agent());
    let fix = findings.fix.clone().map(Fix::from).or_else(|| evidence.advice.as_ref().map(|a| a.fix.clone()));
    let user = p.user(&[
        ("incident", &render::incident(incident)),
        ("patterns", &render::patterns(evidence)),
        ("records", &render::records(evidence)),
        ("past", &render::past(evidence)),
        ("beside", &render::beside(evidence)),
        ("playbook", &render::playbook(evidence.advice.as_ref())),
        ("diagnosis", &diagnosis(findings)),
        ("fix", &fix.as_ref().map(render::fix).unwrap_or_default()),
    ]);
    let mut messages = vec![p.system(), user];
    let mut label = p.label();
    if let Some(repair) = repair {
        let again = prompts.prompt("repair");
        label = format!("{label}, {}", again.label());
        let answer: String = repair.answer.chars().take(4_000).collect();
        messages.push(Message::assistant(answer));
        messages.push(again.user(&[("error", &neutral(&repair.error, 300))]));
    }
    (messages, label)
}

fn diagnosis(findings: &Findings) -> String {
    let Some(d) = &findings.diagnosis else { return String::new() };
    let mut body = format!(
        "title: {}\ncause: {}\nclass: {}\ncriticality: {}",
        neutral(&d.title, 200),
        neutral(&d.cause, 800),
        neutral(&d.error_class, 80),
        d.criticality
    );
    for claim in &d.claims {
        body.push_str("\n- ");
        body.push_str(&neutral(&claim.text, 300));
    }
    render::fenced("diagnosis", &body)
}
