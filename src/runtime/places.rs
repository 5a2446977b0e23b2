//! The surroundings that the agents may look at, from the configuration. Used when the agents start; it knows no agent.

use crate::config::{Config, expand_home};
use aiobs_agents::{ToolUse, Workplace};
use std::path::{Path, PathBuf};

/// Application notes and runbooks beside the configuration, the runbooks and directories it names, and the host.
pub(crate) fn workplace(config: &Config) -> Workplace {
    let beside = |name: &str| config.dir.as_ref().map(|d| d.join(name));
    let named = |list: &[String]| list.iter().map(|d| expand_home(Path::new(d))).collect::<Vec<PathBuf>>();
    let mut runbooks: Vec<PathBuf> = beside("runbooks").into_iter().collect();
    runbooks.extend(named(&config.chain.runbooks));
    Workplace::new(beside("apps"), runbooks, named(&config.chain.read_dirs))
}

/// Whether models are offered tools.
pub(crate) fn tool_use(config: &Config) -> ToolUse {
    match config.chain.tools.as_str() {
        "always" => ToolUse::Always,
        "never" => ToolUse::Never,
        _ => ToolUse::Auto,
    }
}
