//! Rows of `aiobs import`: everything from reading to durable, beside programs that read the same file.

use crate::corpus::Style;
use crate::measure::{Used, median, run};
use crate::{Bench, peers, table};
use std::path::Path;

/// Prints the rows for plain and JSON lines.
pub(crate) fn rows(bench: &Bench) -> anyhow::Result<()> {
    let (rg, lnav) = (peers::there("rg"), peers::there("lnav"));
    for (style, name) in [(Style::Plain, "plain"), (Style::Json, "JSON")] {
        let log = bench.log(style)?;
        let mut runs: Vec<(&str, Vec<Used>)> = vec![("aiobs import", vec![]), ("wc -l", vec![])];
        if rg {
            runs.push(("rg -c ERROR", vec![]));
        }
        if lnav {
            runs.push(("lnav, index only", vec![]));
        }
        let (mut stored, mut records) = (0, 0);
        for _ in 0..bench.rounds {
            for (what, used) in &mut runs {
                let home = bench.fresh()?;
                let once = match *what {
                    "aiobs import" => {
                        let once = run(bench.command(home.path(), &["import"]).arg(&log))?;
                        (stored, records) = (size(home.path())?, count(bench, home.path())?);
                        once
                    }
                    "wc -l" => run(&mut peers::wc(&log))?,
                    "rg -c ERROR" => run(&mut peers::rg(&log, "ERROR"))?,
                    _ => run(&mut peers::lnav(home.path(), &log, style)?)?,
                };
                used.push(once);
            }
        }
        let raw = log.metadata()?.len();
        table::head(
            &format!(
                "import {name}: {records} records, {:.1} % of the text stored",
                100.0 * stored as f64 / raw as f64
            ),
            &["program", "CPU s", "ours / its CPU", "wall s", "records/s", "MiB/s", "peak MiB"],
        );
        let ours = runs[0].1.clone();
        for (what, used) in &runs {
            // Ratios are taken round by round: what slows one down at a time slows the other down too.
            let mut ratios: Vec<f64> = ours.iter().zip(used).map(|(o, u)| o.cpu / u.cpu.max(0.005)).collect();
            let wall = median(used, |u| u.wall);
            table::row(&[
                (*what).to_owned(),
                format!("{:.2}", median(used, |u| u.cpu)),
                format!("{:.2}", crate::measure::quantile(&mut ratios, 0.5)),
                format!("{wall:.2}"),
                format!("{:.0}", records as f64 / wall),
                format!("{:.0}", raw as f64 / wall / 1048576.0),
                format!("{:.0}", median(used, |u| u.peak)),
            ]);
        }
    }
    Ok(())
}

/// Bytes of the data directory.
fn size(dir: &Path) -> anyhow::Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(dir)? {
        sum += entry?.metadata()?.len();
    }
    Ok(sum)
}

fn count(bench: &Bench, data: &Path) -> anyhow::Result<u64> {
    let newest = bench
        .command(data, &["search", "--newest", "--limit", "1", "--output", "json", "since:2000-01-01"])
        .output()?;
    let text = String::from_utf8_lossy(&newest.stdout).into_owned();
    let id = text.split_once("\"id\":").map_or("", |(_, rest)| rest).trim_start();
    let digits: String = id.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    Ok(digits.parse().unwrap_or(0))
}
