//! Finds configuration keys that nobody reads: each key of the table must be taken from the configuration somewhere in
//! the program, be it through a name given to its section.

use aiobs::config::{KEYS, Key, Section, find_section};
use regex::Regex;
use std::path::{Path, PathBuf};

/// One file of the program as one line of code: no comments, no blanks around dots.
fn code(text: &str) -> String {
    let lines = text.lines().map(|l| l.split("//").next().unwrap_or_default().trim());
    let joined = lines.collect::<Vec<_>>().join(" ");
    Regex::new(r"\s*\.\s*").unwrap().replace_all(&joined, ".").into_owned()
}

/// What a section is called in a file: `config.detect`, and `rules` after `let rules = &config.detect;`, and `p` in
/// `rules.patterns.iter().map(|p|` for the rows of a repeated one.
fn names_of(section: &Section, code: &str) -> Vec<String> {
    let mut names = vec![format!("config.{}", section.name)];
    if let Some((outer, leaf)) = section.name.rsplit_once('.')
        && let Some(outer) = find_section(outer)
    {
        names.extend(names_of(outer, code).into_iter().map(|n| format!("{n}.{leaf}")));
    }
    let alike = names.iter().map(|n| regex::escape(n)).collect::<Vec<_>>().join("|");
    let bound = Regex::new(&format!(r"let (\w+) = &(?:\w+\.)*(?:{alike});")).unwrap();
    names.extend(bound.captures_iter(code).map(|c| c[1].to_owned()));
    if section.repeated {
        let row = Regex::new(&format!(r"\b(?:{alike})\.iter\(\)\.map\(\|(\w+)\|")).unwrap();
        names.extend(row.captures_iter(code).map(|c| c[1].to_owned()));
    }
    names
}

/// Whether this code takes the key's value. A row that is turned into a `FormatDef` as a whole gives it every key that
/// is a field there.
fn takes(key: &Key, code: &str, fields: &str) -> bool {
    let Some(section) = find_section(key.section()) else { return false };
    if !code.contains(key.name()) && !section.repeated {
        return false;
    }
    let whole = section.repeated && fields.contains(&format!(" pub {}: ", key.name()));
    names_of(section, code).iter().any(|name| {
        let value = Regex::new(&format!(r"\b{}\.{}\b", regex::escape(name), key.name())).unwrap();
        let row = format!("{name}.clone().try_into::<FormatDef>()");
        value.is_match(code) || whole && code.contains(&row)
    })
}

/// Paths of the keys that none of these files takes.
pub(crate) fn unread(files: &[(PathBuf, String)], fields: &str) -> Vec<&'static str> {
    let program: Vec<String> =
        files.iter().filter(|(path, _)| !path.starts_with(Path::new("config"))).map(|(_, text)| code(text)).collect();
    let fields = code(fields);
    KEYS.iter().filter(|k| !program.iter().any(|c| takes(k, c, &fields))).map(|k| k.path).collect()
}

#[test]
fn a_key_is_read_only_when_its_value_is_taken_from_its_section() {
    let file = |text: &str| vec![(PathBuf::from("cli/x.rs"), text.to_owned())];
    let missing = |text: &str, key: &str| unread(&file(text), "").contains(&key);
    assert!(!missing("let ui = &cx.config.ui;\n f(ui.fps);", "ui.fps"));
    assert!(!missing("f(config\n    .ui\n    .fps)", "ui.fps"));
    assert!(!missing("let r = &config.detect; r.patterns.iter().map(|p| p.title)", "detect.patterns.title"));
    assert!(missing("let ui = &cx.config.model; f(ui.fps); // config.ui.fps", "ui.fps"));
    assert!(missing("let r = &config.detect; r.patterns.iter().map(|p| q.title)", "detect.patterns.title"));
    assert!(missing("f(config.ui.fps_max)", "ui.fps"));
    assert!(unread(&[(PathBuf::from("config/mod.rs"), "config.ui.fps".to_owned())], "").contains(&"ui.fps"));
}
