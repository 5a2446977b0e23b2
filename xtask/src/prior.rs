//! `cargo run -p xtask -- prior`: the weights the classifier begins with, learnt from `assets/classifier/corpus`.

use aiobs_logs::detect::classify::train;
use anyhow::{Context, Result, anyhow};
use std::path::Path;

pub(super) fn write(root: &Path) -> Result<()> {
    let dir = root.join("assets/classifier/corpus");
    let list = std::fs::read_dir(&dir).with_context(|| format!("can't read {}", dir.display()))?;
    let mut files = list.map(|f| Ok(f?.path())).collect::<Result<Vec<_>>>()?;
    files.sort();
    let mut corpus = String::new();
    for file in files {
        let text = std::fs::read_to_string(&file).with_context(|| format!("can't read {}", file.display()))?;
        // By itself first, so that a mistake is told with its file.
        aiobs_logs::detect::classify::read_corpus(&text).map_err(|e| anyhow!("{}: {e}", file.display()))?;
        corpus.push_str(&text);
    }
    let path = root.join("assets/classifier/prior.tsv");
    let weights = train(&corpus).map_err(|e| anyhow!(e))?;
    std::fs::write(&path, &weights).with_context(|| format!("can't write {}", path.display()))?;
    println!("{} weights, {} bytes", weights.lines().count() - 1, weights.len());
    Ok(())
}
