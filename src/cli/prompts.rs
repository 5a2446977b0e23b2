//! `aiobs prompts list|show|diff|export|import|test`: what models are told, and how that is changed. No model is asked.

use super::args::{PromptsAction, PromptsArgs};
use super::context::Context;
use super::exit::{Exit, UsageError};
use super::output::safe;
use aiobs_agents::{Prompt, Prompts, read_prompt};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Characters a token is, roughly.
const CHARS_PER_TOKEN: usize = 4;

pub(super) fn run(cx: &Context, args: &PromptsArgs) -> anyhow::Result<Exit> {
    let folder = cx.config.dir.as_ref().map(|d| d.join("prompts"));
    let (all, wrong) = Prompts::load(folder.as_deref());
    let testing = matches!(args.action, PromptsAction::Test { .. });
    for w in wrong.iter().filter(|_| !testing) {
        eprintln!("aiobs: {}; the shipped prompt is used", safe(w));
    }
    let shipped = Prompts::default();
    let text = match &args.action {
        PromptsAction::List => list(&all),
        PromptsAction::Show { name, shipped: true } => find(&shipped, name)?.source.to_string(),
        PromptsAction::Show { name, .. } => find(&all, name)?.source.to_string(),
        PromptsAction::Diff { name } => diffs(&shipped, &all, name.as_deref())?,
        PromptsAction::Export { dir, force } => export(&all, dir, *force)?,
        PromptsAction::Import { file, force } => import(file, folder, *force)?,
        PromptsAction::Test { file } => return test(&all, &wrong, file.as_deref()),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

fn find<'a>(all: &'a Prompts, name: &str) -> anyhow::Result<&'a Prompt> {
    let names = || all.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
    Ok(all
        .get(name)
        .ok_or_else(|| UsageError(format!("there is no prompt `{}`; there are {}", safe(name), names())))?)
}

fn list(all: &Prompts) -> String {
    let one = |p: &Prompt| {
        let whose = if p.own { "own" } else { "shipped" };
        format!("{:<10} v{:<6} {whose:<8} {}\n", p.name, p.version, p.places().join(", "))
    };
    all.iter().map(one).collect()
}

fn diffs(shipped: &Prompts, all: &Prompts, name: Option<&str>) -> anyhow::Result<String> {
    if let Some(name) = name {
        find(all, name)?;
    }
    let mut out = String::new();
    for own in all.iter().filter(|p| p.own && name.is_none_or(|n| n == p.name)) {
        let Some(ours) = shipped.get(&own.name) else { continue };
        let _ = writeln!(out, "--- {} (shipped)\n+++ {}", ours.label(), own.label());
        out.push_str(&diff(&ours.source, &own.source));
    }
    if out.is_empty() {
        out.push_str("No prompt of your own; the shipped ones hold.\n");
    }
    Ok(out)
}

/// The lines that only one of two texts has, among those that both have; by their longest common subsequence.
fn diff(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] =
                if old[i] == new[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, String::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            let _ = writeln!(out, "  {}", old[i]);
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || common[i + 1][j] >= common[i][j + 1]) {
            let _ = writeln!(out, "- {}", old[i]);
            i += 1;
        } else {
            let _ = writeln!(out, "+ {}", safe(new[j]));
            j += 1;
        }
    }
    out
}

fn export(all: &Prompts, dir: &Path, force: bool) -> anyhow::Result<String> {
    let told = |path: &Path, e: std::io::Error| anyhow::anyhow!("{}: {e}", path.display());
    std::fs::create_dir_all(dir).map_err(|e| told(dir, e))?;
    let files: Vec<(PathBuf, &Prompt)> = all.iter().map(|p| (dir.join(format!("{}.md", p.name)), p)).collect();
    if let Some((path, _)) = files.iter().find(|(path, _)| path.exists() && !force) {
        return Err(UsageError(format!("{} is there already; --force replaces it", path.display())).into());
    }
    let mut out = String::new();
    for (path, prompt) in files {
        std::fs::write(&path, prompt.source.as_bytes()).map_err(|e| told(&path, e))?;
        let _ = writeln!(out, "{}", path.display());
    }
    Ok(out)
}

fn import(file: &Path, folder: Option<PathBuf>, force: bool) -> anyhow::Result<String> {
    let prompt = read_prompt(file).map_err(UsageError)?;
    let folder =
        folder.ok_or_else(|| UsageError("there is no home directory; name a file with --config".to_owned()))?;
    let to = folder.join(format!("{}.md", prompt.name));
    if to.exists() && !force {
        return Err(UsageError(format!("{} is there already; --force replaces it", to.display())).into());
    }
    let told = |e: std::io::Error| anyhow::anyhow!("{}: {e}", to.display());
    std::fs::create_dir_all(&folder).map_err(told)?;
    std::fs::write(&to, prompt.source.as_bytes()).map_err(told)?;
    Ok(format!("{} holds from the next start on ({})\n", prompt.label(), to.display()))
}

fn test(all: &Prompts, wrong: &[String], file: Option<&Path>) -> anyhow::Result<Exit> {
    let mut out = String::new();
    let mut bad = 0;
    let mut good = |p: &Prompt| {
        let tokens = p.source.chars().count() / CHARS_PER_TOKEN;
        let _ = writeln!(
            out,
            "ok   {:<22} about {tokens} tokens without data; places: {}",
            p.label(),
            p.places().join(", ")
        );
    };
    if let Some(file) = file {
        match read_prompt(file) {
            Ok(p) => good(&p),
            Err(why) => {
                let _ = writeln!(out, "bad  {}", safe(&why));
                bad += 1;
            }
        }
    } else {
        all.iter().for_each(good);
        for why in wrong {
            let _ = writeln!(out, "bad  {}", safe(why));
            bad += 1;
        }
    }
    std::io::stdout().write_all(out.as_bytes())?;
    Ok(if bad > 0 { Exit::Usage } else { Exit::Done })
}

#[cfg(test)]
mod tests {
    use super::diff;

    #[test]
    fn only_what_differs_is_marked() {
        assert_eq!(diff("a\nb\nc\n", "a\nx\nc\nd\n"), "  a\n- b\n+ x\n  c\n+ d\n");
    }
}
