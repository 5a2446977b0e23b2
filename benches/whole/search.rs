//! Rows of `aiobs search` over an archive, beside ripgrep over the file it was made from.

use crate::corpus::Style;
use crate::measure::{median, run};
use crate::{Bench, peers, table};

/// Name, our query, ripgrep's pattern.
const QUERIES: [(&str, &str, &str); 5] = [
    ("rare literal", "\"No space left\"", "No space left"),
    ("frequent literal", "\"moved from PENDING\"", "moved from PENDING"),
    ("absent literal", "\"no such text anywhere\"", "no such text anywhere"),
    ("regex", r"/slow query \((8|9)\d+ ms\)/", r"slow query \((8|9)\d+ ms\)"),
    ("level", "level>=error", r"\[ERROR\]"),
];

/// Prints the rows.
pub(crate) fn rows(bench: &Bench) -> anyhow::Result<()> {
    let rg = peers::there("rg");
    let log = bench.log(Style::Plain)?;
    let data = bench.fresh()?;
    run(bench.command(data.path(), &["import"]).arg(&log))?;
    let gib = log.metadata()?.len() as f64 / (1u64 << 30) as f64;
    table::head(
        "search, all hits printed",
        &["query", "wall s", "GiB/s of text", "CPU s", "first hit ms", "newest hit ms", "rg wall s", "rg CPU s"],
    );
    for (name, query, pattern) in QUERIES {
        let (mut ours, mut newest, mut theirs) = (vec![], vec![], vec![]);
        for _ in 0..bench.rounds {
            ours.push(run(&mut bench.command(data.path(), &["search", "--quiet", "--limit", "0", query]))?);
            let args = ["search", "--quiet", "--newest", "--limit", "1", query];
            newest.push(run(&mut bench.command(data.path(), &args))?);
            if rg {
                // Without a hit it says that it failed; printing is part of the work, as in ours.
                let mut command = std::process::Command::new("sh");
                command.args(["-c", "rg --no-config -- \"$0\" \"$1\" || true", pattern]).arg(&log);
                theirs.push(run(&mut command)?);
            }
        }
        let wall = median(&ours, |u| u.wall);
        let ms = |u: f64| if u > 0.0 { format!("{:.0}", u * 1000.0) } else { "none".to_owned() };
        table::row(&[
            name.to_owned(),
            format!("{wall:.3}"),
            format!("{:.2}", gib / wall),
            format!("{:.2}", median(&ours, |u| u.cpu)),
            ms(median(&ours, |u| u.first.unwrap_or(0.0))),
            ms(median(&newest, |u| u.first.unwrap_or(0.0))),
            if rg { format!("{:.3}", median(&theirs, |u| u.wall)) } else { "-".to_owned() },
            if rg { format!("{:.2}", median(&theirs, |u| u.cpu)) } else { "-".to_owned() },
        ]);
    }
    Ok(())
}
