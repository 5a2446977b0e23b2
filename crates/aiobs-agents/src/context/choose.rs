//! Chooses what of the evidence goes into a prompt: by what a record is worth, not by the order it was found in. What
//! repeats a template that is shown already is folded into one line of the template's text, whose placeholders stand for
//! values that do not matter. Used by gathering; it looks nothing up but names.

use super::evidence::{Evidence, Exhibit, Folded, Why};
use super::fence::RECORD_LIMIT;
use crate::Archive;
use aiobs_types::{Incident, Level, LogRecord, RecordId, TemplateId};
use std::collections::{BTreeMap, HashMap};

/// Bytes a record takes in the prompt beside its text.
const ROW: usize = 60;
/// Records of one template that are shown as they are, unless they are the incident's own or on its trace.
const SHOWN: usize = 3;
/// Characters a token stands for.
const PER_TOKEN: usize = 3;
/// Tokens of rules and form in a prompt.
const FRAME: usize = 1_000;

/// How much to gather.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Characters of log lines in a prompt.
    pub chars: usize,
    /// Characters of what stands beside the lines: notes, runbooks, files, the host.
    pub beside: usize,
    /// Patterns in a prompt.
    pub patterns: usize,
    /// Past incidents in a prompt.
    pub past: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { chars: 9_000, beside: 3_000, patterns: 12, past: 3 }
    }
}

impl Budget {
    /// What fits a model's context of so many tokens, of which it may write so many.
    pub fn of_context(context: u32, written: u32) -> Self {
        let tokens = (context as usize).saturating_sub(written as usize + FRAME).clamp(600, 60_000);
        let chars = tokens * PER_TOKEN;
        // A third is left for the incident, patterns, past incidents, playbook and what tools answer.
        let patterns = (chars / 1_500).clamp(4, 24);
        Self { chars: chars / 2, beside: chars / 6, patterns, past: if chars > 8_000 { 4 } else { 2 } }
    }
}

/// What a record is worth by the reason it was found for.
const fn worth(why: Why) -> f64 {
    match why {
        Why::Proof => 10.0,
        Why::Change => 9.0,
        Why::SameTrace => 8.0,
        Why::Pattern => 7.0,
        Why::Tool => 6.0,
        Why::Across => 5.0,
        Why::Around => 3.0,
    }
}

fn severity(record: &LogRecord) -> f64 {
    match record.severity.level() {
        Level::Fatal => 1.5,
        Level::Error => 1.4,
        Level::Warn => 1.2,
        Level::Debug | Level::Trace => 0.7,
        _ => 1.0,
    }
}

/// Nearer to the first strike is worth more, before it more than after it.
fn nearness(record: &LogRecord, incident: &Incident) -> f64 {
    let seconds = record.time.since(incident.first_seen) as f64 / 1e9;
    let far = if seconds <= 0.0 { -seconds / 60.0 } else { seconds / 30.0 };
    1.0 / (1.0 + far / 4.0)
}

/// Puts into the evidence what is worth most within the budget, in the order of arrival.
pub(super) fn choose(
    evidence: &mut Evidence,
    found: BTreeMap<RecordId, (Why, LogRecord)>,
    archive: &dyn Archive,
    incident: &Incident,
    budget: Budget,
) {
    let mut ranked: Vec<(f64, Why, LogRecord)> = found
        .into_values()
        .map(|(why, r)| (worth(why) * severity(&r) * nearness(&r, incident).sqrt(), why, r))
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.2.id.cmp(&b.2.id)));
    let (mut used, mut chosen) = (0, Vec::new());
    let mut shown: HashMap<TemplateId, usize> = HashMap::new();
    let mut folded: BTreeMap<TemplateId, usize> = BTreeMap::new();
    for (_, why, record) in ranked {
        let repeats = record.template != TemplateId::default() && !matches!(why, Why::Proof | Why::SameTrace);
        let before = shown.get(&record.template).copied().unwrap_or(0);
        if repeats && before >= SHOWN {
            *folded.entry(record.template).or_default() += 1;
            continue;
        }
        let size = record.text.chars().take(RECORD_LIMIT).count() + ROW;
        // The proof may not push out everything that explains it.
        let limit = if why == Why::Proof { budget.chars / 3 } else { budget.chars };
        if used + size > limit && !chosen.is_empty() {
            evidence.left_out += 1;
            continue;
        }
        used += size;
        *shown.entry(record.template).or_default() += 1;
        let source = archive.source_name(record.source).unwrap_or_default();
        chosen.push(Exhibit { record, source, why });
    }
    chosen.sort_by_key(|e| e.record.id);
    evidence.records = chosen;
    for (template, count) in folded {
        match archive.template_text(template) {
            Ok(Some(text)) => evidence.folded.push(Folded { template, text, count }),
            _ => evidence.left_out += count,
        }
    }
    evidence.folded.sort_by_key(|f| std::cmp::Reverse(f.count));
    beside(evidence, budget.beside);
}

/// Cuts what stands beside the lines to its share: files that lines name first, then notes, then runbooks.
fn beside(evidence: &mut Evidence, room: usize) {
    let mut left = room;
    let mut take = |text: &mut String| {
        let most = left.min(room / 2);
        if text.chars().count() > most {
            *text = text.chars().take(most).collect::<String>() + "\n(cut)";
        }
        left = left.saturating_sub(text.chars().count());
        !text.trim().is_empty() && text != "\n(cut)"
    };
    evidence.files.retain_mut(|f| take(&mut f.text));
    evidence.documents.retain_mut(|d| take(&mut d.text));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, shop};
    use crate::{NoAdvice, NoSurroundings, gather};
    use aiobs_types::Severity;

    #[test]
    fn what_repeats_is_folded_and_what_explains_stays() {
        let (mut archive, incident) = shop(&[]);
        for s in 0..40 {
            archive.log(1, Severity::WARN, 7, "gateway", &format!("slow answer {s} of orders"));
        }
        let deploy = |budget: Budget| {
            let e = gather(&incident, &archive, &NoAdvice, &NoSurroundings, budget);
            let told = e.records.iter().any(|x| x.record.text.contains("POOL_MAX=200"));
            (e, told)
        };
        let (e, told) = deploy(Budget::default());
        assert!(told);
        let slow = e.records.iter().filter(|x| x.record.template == TemplateId(7)).count();
        assert_eq!(slow, SHOWN);
        let fold = e.folded.iter().find(|f| f.template == TemplateId(7));
        assert!(fold.is_some_and(|f| f.count >= 20), "{:?}", e.folded);
        let (small, told) = deploy(Budget { chars: 900, ..Budget::default() });
        assert!(told && small.left_out > 0 && small.proof().count() > 0, "{}", small.left_out);
        let size: usize = small.records.iter().map(|e| e.record.text.len() + ROW).sum();
        assert!(size <= 900);
    }

    #[test]
    fn a_larger_context_takes_more() {
        let (small, large) = (Budget::of_context(4_096, 1_024), Budget::of_context(32_768, 1_024));
        assert!(small.chars < large.chars && small.patterns <= large.patterns);
        assert!(small.chars + small.beside < (4_096 - 1_024) * 4);
        assert!(Budget::of_context(1_024, 1_024).chars >= 900, "never nothing");
        let _ = at(0);
    }
}
