//! Chores of the workspace. `cargo run -p xtask -- docs` writes the generated pages of `docs/`; with `--check` it
//! writes nothing and fails when a page is stale; the pages come from the program's own tables, one entry each in
//! [`PAGES`]. `prior` trains what the classifier begins with. `rates [SEED]` prints how well unusual rates are found in
//! made-up series.

mod formats;
mod keys;
mod playbooks;
mod prior;
mod sql;

use anyhow::{Context, Result, bail};
use std::path::Path;

/// A generated page: its path in the repository, and what makes its text.
type Page = (&'static str, fn() -> Result<String>);

/// Every generated page.
const PAGES: &[Page] = &[
    ("docs/config.md", || Ok(aiobs::config::reference())),
    ("docs/formats.md", formats::page),
    ("docs/keys.md", keys::page),
    ("docs/playbooks.md", playbooks::page),
    ("docs/sql.md", sql::page),
];

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["docs"] => docs(false),
        ["docs", "--check"] => docs(true),
        ["prior"] => prior::write(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")),
        ["rates"] => rates("1"),
        ["rates", seed] => rates(seed),
        _ => bail!("usage: cargo run -p xtask -- docs [--check] | prior | rates [SEED]"),
    }
}

fn rates(seed: &str) -> Result<()> {
    let seed = seed.parse().with_context(|| format!("the seed is a whole number, not {seed}"))?;
    println!("{}", aiobs_insight::trial::run(seed));
    Ok(())
}

fn docs(check: bool) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut stale = Vec::new();
    for (path, text) in PAGES {
        let (file, text) = (root.join(path), text()?);
        if std::fs::read_to_string(&file).is_ok_and(|old| old == text) {
            continue;
        }
        if check {
            stale.push(*path);
        } else {
            std::fs::write(&file, text).with_context(|| format!("can't write {path}"))?;
            println!("wrote {path}");
        }
    }
    if !stale.is_empty() {
        bail!("stale: {}; run `cargo run -p xtask -- docs`", stale.join(", "));
    }
    Ok(())
}
