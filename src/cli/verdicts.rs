//! `aiobs verdicts`: what people said of incidents, useful or noise, and that it may be forgotten.

use super::args::{TextOrJson, VerdictsArgs};
use super::context::Context;
use super::exit::Exit;
use super::output::{self, local, plural, safe};
use crate::runtime::{LESSONS, lessons};
use aiobs_logs::detect::classify::Lesson;
use aiobs_store::Store;
use serde_json::json;
use std::io::Write as _;

pub(super) fn run(cx: &Context, args: &VerdictsArgs) -> anyhow::Result<Exit> {
    if args.forget {
        return forget(cx);
    }
    let all = lessons(cx.archive()?.state(LESSONS)?);
    let text = match args.output {
        TextOrJson::Json => output::lines(all.iter().map(object)),
        TextOrJson::Text if all.is_empty() => {
            "Nothing was called useful or noise. In Incidents, U says useful and Z noise.\n".to_owned()
        }
        TextOrJson::Text => all.iter().map(row).collect(),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

fn forget(cx: &Context) -> anyhow::Result<Exit> {
    let count = lessons(cx.archive()?.state(LESSONS)?).len();
    // Another instance would write back what it has in memory; opening for writing fails while one runs.
    let (store, _) = Store::open(&cx.data_dir)?;
    store.writer()?.put_state(LESSONS, b"[]")?;
    println!("Forgot {}.", plural(count as u64, "verdict"));
    Ok(Exit::Done)
}

const fn word(lesson: &Lesson) -> &'static str {
    if lesson.useful { "useful" } else { "noise" }
}

fn row(lesson: &Lesson) -> String {
    let (level, who) = (lesson.severity.level().name(), safe(&lesson.component));
    format!("{}  {:<6} {level:<5} {who:<16} {}\n", local(lesson.at), word(lesson), safe(&lesson.template))
}

fn object(lesson: &Lesson) -> String {
    output::line(&json!({
        "at": output::rfc3339(lesson.at),
        "verdict": word(lesson),
        "level": lesson.severity.level().name(),
        "component": lesson.component,
        "template": lesson.template,
    }))
}
