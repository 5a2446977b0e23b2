//! The program as a whole beside its peers, one table: `cargo bench --profile dist --bench whole`. See
//! `benches/README.md`. Arguments name the rows wanted (`import`, `search`, `screen`); none means all.

mod import;
mod measure;
mod peers;
mod pty;
mod screen;
mod search;
mod table;

#[path = "../corpus/mod.rs"]
mod corpus;

use corpus::Style;
use std::path::PathBuf;

/// What the rows share.
struct Bench {
    /// The program measured.
    program: PathBuf,
    /// Where logs and archives are made.
    dir: PathBuf,
    /// Size of the logs, MiB.
    mib: u64,
    /// How often each command is run; medians are shown.
    rounds: usize,
}

impl Bench {
    fn log(&self, style: Style) -> anyhow::Result<PathBuf> {
        Ok(corpus::file(&self.dir, style, self.mib)?)
    }

    /// A fresh data directory, gone when dropped.
    fn fresh(&self) -> anyhow::Result<tempfile::TempDir> {
        Ok(tempfile::tempdir_in(&self.dir)?)
    }

    /// The program with `args`, the subcommand first, on an archive of its own and without a configuration.
    fn command(&self, data: &std::path::Path, args: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(&self.program);
        command.args(args).arg("--data-dir").arg(data).args(["--offline", "--config", "/dev/null"]);
        // What begins with `AIOBS_` is configuration to the program, and these are none.
        for ours in ["AIOBS_BIN", "AIOBS_BENCH_DIR", "AIOBS_BENCH_MIB"] {
            command.env_remove(ours);
        }
        command
    }
}

fn main() -> anyhow::Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let want = |name: &str| wanted.is_empty() || wanted.iter().any(|w| w == name);
    let program = std::env::var_os("AIOBS_BIN").map_or_else(|| env!("CARGO_BIN_EXE_aiobs").into(), PathBuf::from);
    let dir = std::env::var_os("AIOBS_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let bench = Bench { program, dir, mib: corpus::mib(), rounds: 3 };
    println!("{} on logs of {} MiB in {}", bench.program.display(), bench.mib, bench.dir.display());
    if want("import") {
        import::rows(&bench)?;
    }
    if want("search") {
        search::rows(&bench)?;
    }
    if want("screen") {
        screen::rows(&bench)?;
    }
    Ok(())
}
