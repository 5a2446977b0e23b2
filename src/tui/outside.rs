//! Hands a text to the user's pager or editor. Only the loop calls it, after it gave the terminal back.

use crate::runtime::events::Toast;
use aiobs_types::Level;
use std::io::Write as _;
use std::process::Command;

/// Shows `text` in the program that `$VISUAL` or `$EDITOR`, else `$PAGER`, names; returns when that ends. The file it
/// is given only its owner can read, and it is gone afterwards. Says what went wrong, if anything did.
pub(super) fn open(text: &str, editor: bool) -> Option<Toast> {
    let var = |name: &str| std::env::var(name).ok().filter(|v| !v.trim().is_empty());
    let program = if editor { var("VISUAL").or_else(|| var("EDITOR")) } else { var("PAGER") };
    let program = program.unwrap_or_else(|| if editor { "vi" } else { "less" }.to_owned());
    run(text, &program).err().map(|why| Toast { level: Level::Error, text: format!("{program}: {why}") })
}

fn run(text: &str, program: &str) -> Result<(), String> {
    let mut file = tempfile::Builder::new().prefix("aiobs-").suffix(".log").tempfile().map_err(|e| e.to_string())?;
    file.write_all(text.as_bytes()).and_then(|()| file.flush()).map_err(|e| e.to_string())?;
    // By the shell, because such variables hold arguments too.
    let status = Command::new("/bin/sh")
        .args(["-c", &format!("{program} \"$1\""), "sh"])
        .arg(file.path())
        .status()
        .map_err(|e| e.to_string())?;
    match status.code() {
        Some(127) => Err("is not there; set PAGER or EDITOR".to_owned()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::run;

    #[test]
    fn the_program_gets_the_text_with_its_arguments_and_one_that_is_not_there_is_told() {
        let dir = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let out = dir.path().join("seen");
        let program = format!("tee {} <", out.display());
        assert_eq!(run("a line\n", &program), Ok(()));
        assert_eq!(std::fs::read_to_string(&out).ok().as_deref(), Some("a line\n"));
        assert!(run("", "no-such-program-here").is_err());
    }
}
