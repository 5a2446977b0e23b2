//! A report as Markdown, for tickets and chats.

use super::text::{inline, neutral};
use super::{Block, Report};
use std::fmt::Write as _;

/// The whole document.
pub fn document(report: &Report) -> String {
    let mut out = format!("# {}\n", inline(&report.title));
    if let Some(lead) = &report.lead {
        let _ = writeln!(out, "\n{}", inline(lead));
    }
    for part in &report.parts {
        let named = !part.title.is_empty();
        if named {
            let _ = writeln!(out, "\n## {}", inline(&part.title));
        }
        let marks = if named { "###" } else { "##" };
        part.blocks.iter().for_each(|b| block(&mut out, b, marks));
    }
    out
}

fn block(out: &mut String, block: &Block, marks: &str) {
    out.push('\n');
    match block {
        Block::Facts(facts) => {
            for (name, value) in facts {
                let _ = writeln!(out, "- **{name}:** {}", inline(value));
            }
        }
        Block::Heading(name) => {
            let _ = writeln!(out, "{marks} {name}");
        }
        Block::Text(text) => {
            let _ = writeln!(out, "{}", inline(text));
        }
        Block::List(name, items) => {
            if !name.is_empty() {
                let _ = writeln!(out, "{name}:\n");
            }
            for item in items {
                let _ = writeln!(out, "- {}", inline(item));
            }
        }
        Block::Code(before, text) => {
            let _ = writeln!(out, "{before}\n");
            code(out, text);
        }
        Block::Exhibits(lines) => {
            for (n, line) in lines.iter().enumerate() {
                let gap = if n == 0 { "" } else { "\n" };
                let _ = writeln!(out, "{gap}R{} {}\n", line.id, inline(&line.about));
                code(out, &line.text);
            }
        }
    }
}

/// Text as it is, indented, which nothing in it can end.
fn code(out: &mut String, text: &str) {
    for line in neutral(text).split('\n') {
        let _ = writeln!(out, "    {line}");
    }
}
