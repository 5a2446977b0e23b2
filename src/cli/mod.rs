//! The command line: one file per subcommand. Parses flags, loads the configuration, calls the runtime or the
//! screen. Standard output is data, standard error is talk.

mod alert;
mod analyze;
mod args;
mod ask;
mod audit;
mod completions;
mod config;
mod context;
mod demo;
mod doctor;
mod eval;
mod exit;
mod export;
mod formats;
mod hits;
mod import;
mod incidents;
mod knowledge;
mod models;
mod output;
mod playbooks;
mod progress;
mod prompts;
mod remember;
mod report;
mod screen;
mod search;
mod semantic;
mod signals;
mod similar;
mod sql;
mod suggest;
mod talk;
mod templates;
mod verdicts;
mod watch;

pub use args::{Cli, Command};
pub use exit::Exit;

use context::Context;

/// Runs the command; says how the process should end. Faults are told on standard error.
pub fn run(cli: Cli) -> Exit {
    match dispatch(cli) {
        Ok(exit) => exit,
        Err(e) => {
            let (exit, text) = exit::explain(&e);
            if let Some(text) = text {
                eprintln!("aiobs: {text}");
            }
            exit
        }
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    let Cli { global, paths, fresh, command } = cli;
    if let (Some(path), Some(_)) = (paths.first(), &command) {
        let text = format!("`{path}` stands before a command; name paths after it, or no command");
        return Err(exit::UsageError(text).into());
    }
    match command {
        Some(Command::Completions(args)) => return completions::run(&args),
        Some(Command::Config(args)) => return config::run(&global, &args),
        _ => {}
    }
    let cx = Context::load(&global)?;
    match command {
        None => screen::run(&cx, &paths, fresh),
        Some(Command::Demo(args)) => demo::run(&cx, &args),

        Some(Command::Watch(args)) => watch::run(&cx, &args),
        Some(Command::Analyze(args)) => analyze::run(&cx, &args),
        Some(Command::Import(args)) => import::run(&cx, &args),
        Some(Command::Search(args)) if args.semantic => semantic::run(&cx, &args),
        Some(Command::Search(args)) => search::run(&cx, &args),
        Some(Command::Knowledge(args)) => knowledge::run(&cx, &args),
        Some(Command::Ask(args)) => ask::run(&cx, &args),
        Some(Command::Sql(args)) => sql::run(&cx, &args),
        Some(Command::Export(args)) => export::run(&cx, &args),
        Some(Command::Incidents(args)) => incidents::run(&cx, &args),
        Some(Command::Audit(args)) => audit::run(&cx, &args),
        Some(Command::Alert(args)) => alert::run(&cx, &args),
        Some(Command::Report(args)) => report::run(&cx, &args),
        Some(Command::Templates(args)) => templates::run(&cx, &args),
        Some(Command::Formats(args)) => formats::run(&cx, &args),
        Some(Command::Playbooks(args)) => playbooks::run(&cx, &args),
        Some(Command::Eval(args)) => eval::run(&cx, &args),
        Some(Command::Models(args)) => models::run(&cx, &args),
        Some(Command::Prompts(args)) => prompts::run(&cx, &args),
        Some(Command::Doctor(args)) => doctor::run(&cx, &args),
        Some(Command::Verdicts(args)) => verdicts::run(&cx, &args),
        Some(Command::Completions(_) | Command::Config(_)) => Ok(Exit::Done),
    }
}
