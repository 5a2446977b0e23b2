//! `aiobs templates` without a path: the templates of the archive, with what was said of them in Patterns.

use crate::cli::args::Format;
use crate::cli::context::Context;
use crate::cli::output;
use aiobs_types::{Template, TemplateId, TemplateMark};
use serde_json::json;
use std::collections::HashMap;
use std::io::Write;

/// One template and what is known of it.
struct Row {
    template: Template,
    life: Option<String>,
    mark: TemplateMark,
}

pub(super) fn write(cx: &Context, out: &mut impl Write, format: Format) -> anyhow::Result<()> {
    let rows = rows(cx)?;
    match format {
        Format::Csv => writeln!(out, "template_id,count,template,name,muted")?,
        Format::Markdown => writeln!(out, "| count | template | name | muted |\n| ---: | --- | --- | --- |")?,
        Format::Text if rows.is_empty() => writeln!(out, "No templates: the archive is empty.")?,
        Format::Text | Format::Json => {}
    }
    for row in &rows {
        writeln!(out, "{}", line(row, format))?;
    }
    Ok(())
}

fn rows(cx: &Context) -> anyhow::Result<Vec<Row>> {
    let reader = cx.archive()?;
    let mut templates = reader.templates()?;
    let mut lives: HashMap<TemplateId, String> = reader.template_lives()?.into_iter().collect();
    let mut marks: HashMap<TemplateId, TemplateMark> = reader.template_marks()?.into_iter().collect();
    // One that was merged into another has that one's text and no records: what was said of it holds there.
    let merged: Vec<(String, TemplateMark)> = templates
        .iter()
        .filter(|t| t.count == 0)
        .filter_map(|t| Some((t.text.clone(), marks.get(&t.id)?.clone())))
        .collect();
    templates.retain(|t| t.count > 0);
    templates.sort_by(|a, b| b.count.cmp(&a.count).then(a.id.cmp(&b.id)));
    let row = |template: Template| {
        let own = marks.remove(&template.id);
        let mark = own.or_else(|| merged.iter().find(|(text, _)| *text == template.text).map(|(_, m)| m.clone()));
        Row { life: lives.remove(&template.id), mark: mark.unwrap_or_default(), template }
    };
    Ok(templates.into_iter().map(row).collect())
}

fn line(row: &Row, format: Format) -> String {
    let Row { template: t, life, mark } = row;
    let muted = if mark.muted { "yes" } else { "" };
    match format {
        Format::Text => {
            let said = if mark.muted { "  [muted]" } else { "" };
            let named = if mark.name.is_empty() { String::new() } else { format!("{}: ", output::safe(&mark.name)) };
            format!("{:>9}  {named}{}{said}", t.count, output::safe(&t.text))
        }
        Format::Json => output::line(&json!({
            "template_id": t.id.0,
            "count": t.count,
            "template": t.text,
            "life": life,
            "level": t.severity.level().name(),
            "first_seen": output::rfc3339(t.first_seen),
            "last_seen": output::rfc3339(t.last_seen),
            "name": mark.name,
            "note": mark.note,
            "muted": mark.muted,
        })),
        Format::Csv => output::csv(&[&t.id.0.to_string(), &t.count.to_string(), &t.text, &mark.name, muted]),
        Format::Markdown => {
            format!("| {} | {} | {} | {muted} |", t.count, output::markdown(&t.text), output::markdown(&mark.name))
        }
    }
}
