//! `aiobs eval templates`: how messages are grouped into templates, against the true templates of published sets.
//!
//! GA, share of messages whose group is exactly the true one (Zhu et al., ICSE-SEIP 2019); FGA, the F1 of groups, and
//! FTA, the F1 of templates (Jiang et al., ISSTA 2024; Khan et al., ICSE 2022); PA, share of messages whose template is
//! the true one word for word (Dai et al., TSE 2020). Templates are compared as the sets write them: every value is
//! `<*>`, and values beside each other are one.

use super::super::args::TextOrJson;
use super::super::exit::{Exit, UsageError};
use super::super::output;
use super::TemplatesArgs;
use super::labels::Rows;
use aiobs_logs::template::{Miner, MinerOptions, Placeholder};
use aiobs_types::{RecordId, Severity, Timestamp};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

pub(super) fn run(args: &TemplatesArgs) -> anyhow::Result<Exit> {
    let mut out = std::io::stdout().lock();
    for path in &args.paths {
        let bytes = std::fs::read(path).map_err(|e| UsageError(format!("{path}: {e}")))?;
        let rows = read(&String::from_utf8_lossy(&bytes), args).map_err(|e| UsageError(format!("{path}: {e}")))?;
        if rows.is_empty() {
            return Err(UsageError(format!("{path}: there is no row with a template in it")).into());
        }
        let scores = Scores::of(&mined(&rows));
        let Scores { messages, truth, predicted, ga, fga, pa, fta } = scores;
        match args.output {
            TextOrJson::Text => writeln!(
                out,
                "GA {ga:.4}  FGA {fga:.4}  PA {pa:.4}  FTA {fta:.4}  {messages} messages, {predicted} templates, {truth} true  {}",
                output::safe(path)
            )?,
            TextOrJson::Json => {
                let value = json!({
                    "path": path, "messages": messages, "true_templates": truth, "templates": predicted,
                    "ga": ga, "fga": fga, "pa": pa, "fta": fta,
                });
                writeln!(out, "{}", output::line(&value))?;
            }
        }
    }
    Ok(Exit::Done)
}

/// Message and true template of each row that has one.
fn read(text: &str, args: &TemplatesArgs) -> Result<Vec<(String, String)>, String> {
    let mut rows = Rows { rest: text };
    let head = rows.next().unwrap_or_default();
    let column = |name: &str| {
        let there = head.iter().take(20).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
        head.iter().position(|h| h == name).ok_or(format!("there is no column `{name}`; its first line names {there}"))
    };
    let (message, template) = (column(&args.message)?, column(&args.template)?);
    let mut out = Vec::new();
    for (i, row) in rows.enumerate() {
        let (Some(m), Some(t)) = (row.get(message), row.get(template)) else {
            return Err(format!("row {}: {} columns instead of {}", i + 2, row.len(), head.len()));
        };
        if !t.is_empty() {
            out.push((m.clone(), t.clone()));
        }
    }
    Ok(out)
}

/// One message: the true template, the group it was put into, and that group's text.
#[derive(Debug)]
struct Row {
    truth: String,
    group: u32,
    text: String,
}

fn mined(rows: &[(String, String)]) -> Vec<Row> {
    let mut miner = Miner::new(MinerOptions::default());
    let observe = |(i, (message, _)): (usize, &(String, String))| {
        miner.observe(message, Timestamp(0), Severity::UNSET, RecordId(i as u64 + 1)).id
    };
    let ids: Vec<_> = rows.iter().enumerate().map(observe).collect();
    let texts: BTreeMap<_, _> =
        ids.iter().map(|id| (*id, normal(&Placeholder::starred(miner.text(miner.resolve(*id)))))).collect();
    let row = |((_, truth), id): (&(String, String), _)| Row {
        truth: normal(truth),
        group: miner.resolve(id).0,
        text: texts.get(&id).cloned().unwrap_or_default(),
    };
    rows.iter().zip(ids).map(row).collect()
}

/// Values beside each other, or joined by one mark, are one; blanks are single.
fn normal(template: &str) -> String {
    let mut text = template.to_owned();
    loop {
        let before = text.len();
        for joint in ["", ".", ":", ",", "/", "@", "#", "_", "-", " "] {
            text = text.replace(&format!("<*>{joint}<*>"), "<*>");
        }
        if text.len() == before {
            return text.split_whitespace().collect::<Vec<_>>().join(" ");
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Scores {
    messages: usize,
    truth: usize,
    predicted: usize,
    ga: f64,
    fga: f64,
    pa: f64,
    fta: f64,
}

impl Scores {
    fn of(rows: &[Row]) -> Self {
        let mut truth: BTreeMap<&str, usize> = BTreeMap::new();
        let mut groups: BTreeMap<u32, (BTreeSet<&str>, usize)> = BTreeMap::new();
        let mut texts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for row in rows {
            *truth.entry(&row.truth).or_default() += 1;
            let group = groups.entry(row.group).or_default();
            group.0.insert(&row.truth);
            group.1 += 1;
            texts.entry(&row.text).or_default().insert(&row.truth);
        }
        let exact = |(truths, size): &&(BTreeSet<&str>, usize)| {
            truths.len() == 1 && truths.first().and_then(|t| truth.get(t)) == Some(size)
        };
        let good = groups.values().filter(exact).count();
        let good_messages: usize = groups.values().filter(exact).map(|g| g.1).sum();
        let same_text = rows.iter().filter(|r| r.text == r.truth).count();
        let good_texts = texts.iter().filter(|(text, of)| of.len() == 1 && of.contains(*text)).count();
        let n = rows.len() as f64;
        Self {
            messages: rows.len(),
            truth: truth.len(),
            predicted: groups.len(),
            ga: good_messages as f64 / n,
            fga: f1(good, groups.len(), truth.len()),
            pa: same_text as f64 / n,
            fta: f1(good_texts, texts.len(), truth.len()),
        }
    }
}

fn f1(good: usize, predicted: usize, truth: usize) -> f64 {
    2.0 * good as f64 / (predicted + truth).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_of_a_split_a_joined_and_a_right_group() {
        let row = |truth: &str, group, text: &str| Row { truth: truth.into(), group, text: text.into() };
        let rows = [
            row("a <*>", 1, "a <*>"),
            row("a <*>", 1, "a <*>"),
            row("b", 2, "b"),
            row("b", 3, "b x"),
            row("c", 4, "<*>"),
            row("d", 4, "<*>"),
        ];
        let s = Scores::of(&rows);
        // One of four groups is right, and holds two of six messages.
        assert_eq!((s.messages, s.truth, s.predicted), (6, 4, 4));
        assert!((s.ga - 2.0 / 6.0).abs() < 1e-9 && (s.fga - 0.25).abs() < 1e-9);
        // Three messages have the true text; two of four texts are one true template's and equal to it.
        assert!((s.pa - 0.5).abs() < 1e-9 && (s.fta - 0.5).abs() < 1e-9);
        assert_eq!(normal("x <*>:<*>  of <*> <*>"), "x <*> of <*>");
    }
}
