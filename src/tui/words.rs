//! The one table of commands that take words: what is typed in the palette after a name, such as
//! `filter level>=warn` or `incident 7`. The palette, its tests and the generated documentation read it. It makes
//! effects of words and knows no pane.

use crate::tui::effect::Effect;
use aiobs_types::IncidentId;

/// A command that takes words.
#[derive(Debug)]
pub struct WordCommand {
    /// What is typed first.
    pub name: &'static str,
    /// What follows, for the reader.
    pub takes: &'static str,
    /// What it does, one phrase.
    pub description: &'static str,
    /// What to do, or what is wrong with the words.
    make: fn(&str) -> Result<Effect, String>,
}

/// The table, in the order of the documentation.
pub const TABLE: &[WordCommand] = &[
    WordCommand {
        name: "filter",
        takes: "FILTER",
        description: "Show in Logs only what fits, as after /",
        make: |words| Ok(Effect::FilterLogs(words.to_owned())),
    },
    WordCommand {
        name: "time",
        takes: "TIME",
        description: "Go in Logs to a time, a share (50%) or a record (#1207)",
        make: |words| Ok(Effect::GoToTime(words.to_owned())),
    },
    WordCommand {
        name: "incident",
        takes: "NUMBER",
        description: "Go to this incident",
        make: |words| {
            let number = words.trim_start_matches('#').parse();
            number.map(|n| Effect::OpenIncident(IncidentId(n))).map_err(|_| format!("{words} is no incident's number"))
        },
    },
    WordCommand {
        name: "sql",
        takes: "SELECT ...",
        description: "Ask the archive in SQL",
        make: |words| Ok(Effect::RunSql(words.to_owned())),
    },
];

impl WordCommand {
    /// The command and the words of a line, when it begins with a command of the table and goes on.
    pub fn parse(line: &str) -> Option<(&'static Self, &str)> {
        let (name, words) = line.trim().split_once(char::is_whitespace)?;
        let command = TABLE.iter().find(|c| c.name == name)?;
        Some((command, words.trim()))
    }

    /// What these words ask for.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn run(&self, words: &str) -> Result<Effect, String> {
        (self.make)(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_alone_is_an_action_and_no_command_with_words() {
        assert!(WordCommand::parse("filter").is_none());
        assert!(WordCommand::parse("filter ").is_none());
        assert!(WordCommand::parse("to previous filter").is_none());
    }

    fn run(line: &str) -> Option<Result<Effect, String>> {
        WordCommand::parse(line).map(|(command, words)| command.run(words))
    }

    #[test]
    fn words_are_taken_as_they_are() {
        assert_eq!(run(" sql  SELECT 'a  b' "), Some(Ok(Effect::RunSql("SELECT 'a  b'".into()))));
    }

    #[test]
    fn an_incident_has_a_number() {
        assert_eq!(run("incident #7"), Some(Ok(Effect::OpenIncident(IncidentId(7)))));
        assert_eq!(run("incident seven"), Some(Err("seven is no incident's number".into())));
    }
}
