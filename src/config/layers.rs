//! Reads the three layers (file, environment, flags) over the built-in defaults into one set of checked values and
//! collects every mistake on the way. The result is turned into a `Config` by the module above.

use super::mistake::{Mistake, MistakeKind, Origin, nearest};
use super::table::{self, Default, KEYS, Key, Kind, SECTIONS};
use super::value::{Checker, Names, Problem};
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Value;
use toml::de::{DeTable, DeValue};

/// Variables with our prefix that are not keys of the table.
pub(crate) const OTHER_VARIABLES: [&str; 3] = ["AIOBS_CONFIG", "AIOBS_LOG", "AIOBS_OFFLINE"];

/// Checked values by key, and where each came from.
#[derive(Debug, std::default::Default)]
pub(crate) struct Layers {
    pub(crate) values: BTreeMap<&'static str, (Value, Origin)>,
    /// Rows of the `[[...]]` sections.
    pub(crate) rows: BTreeMap<&'static str, Vec<toml::Table>>,
    pub(crate) mistakes: Vec<Mistake>,
}

/// Turns byte offsets of a text into lines and columns.
struct Lines<'a> {
    path: &'a str,
    text: &'a str,
}

impl Lines<'_> {
    fn origin(&self, span: &Range<usize>) -> Origin {
        let before = self.text.get(..span.start.min(self.text.len())).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
        Origin::File { path: self.path.to_owned(), line, column }
    }
}

impl Layers {
    /// The built-in defaults.
    pub(crate) fn defaults() -> Self {
        let mut layers = Self::default();
        for key in KEYS.iter().filter(|k| !table::is_in_repeated(k)) {
            if let Default::Is(text) = key.default {
                layers.value_text(key, text, &Origin::Default, Names::default());
            }
        }
        for section in SECTIONS.iter().filter(|s| s.repeated) {
            layers.rows.insert(section.name, Vec::new());
        }
        layers
    }

    /// Lays a file over what is there.
    pub(crate) fn file(&mut self, path: &str, text: &str, names: Names<'_>) {
        let lines = Lines { path, text };
        let (parsed, errors) = DeTable::parse_recoverable(text);
        for e in &errors {
            let text = format!("not TOML: {}", e.message().replace('\n', " "));
            let origin = lines.origin(&e.span().unwrap_or(0..0));
            self.mistakes.push(Mistake { origin, kind: MistakeKind::Syntax, text, nearest: None });
        }
        if errors.is_empty() {
            let formats = own_formats(parsed.get_ref(), names.formats);
            self.top(&lines, parsed.get_ref(), Names { formats: &formats, ..names });
        }
    }

    fn mistake(&mut self, origin: Origin, kind: MistakeKind, text: String, nearest: Option<String>) {
        self.mistakes.push(Mistake { origin, kind, text, nearest });
    }

    fn top(&mut self, lines: &Lines<'_>, top: &DeTable<'_>, names: Names<'_>) {
        for (name, value) in in_order(top) {
            let found = table::find_section(name.get_ref()).filter(|s| !s.name.contains('.'));
            let group = table::group(name.get_ref());
            if let (None, Some(group), Some(table)) = (found, group, value.get_ref().as_table()) {
                self.section(lines, group, table, names);
                continue;
            }
            let Some(section) = found else {
                let sections = SECTIONS.iter().map(|s| s.name);
                let near = key_elsewhere(name.get_ref()).or_else(|| nearest(name.get_ref(), sections));
                let (kind, text) = if value.get_ref().is_table() || value.get_ref().is_array() {
                    (MistakeKind::UnknownSection, format!("there is no section `{}`", name.get_ref()))
                } else {
                    (MistakeKind::UnknownKey, format!("the key `{}` stands outside any section", name.get_ref()))
                };
                self.mistake(lines.origin(&name.span()), kind, text, near);
                continue;
            };
            self.found_section(lines, section, value, names);
        }
    }

    fn found_section(
        &mut self,
        lines: &Lines<'_>,
        section: &'static table::Section,
        value: &toml::Spanned<DeValue<'_>>,
        names: Names<'_>,
    ) {
        if section.repeated {
            self.repeated(lines, section.name, value.get_ref(), &value.span(), names);
        } else if let Some(table) = value.get_ref().as_table() {
            self.section(lines, section.name, table, names);
        } else {
            let text = format!("{} is a section; write [{}] and its keys below", section.name, section.name);
            self.mistake(lines.origin(&value.span()), MistakeKind::WrongType, text, None);
        }
    }

    fn section(&mut self, lines: &Lines<'_>, section: &'static str, table: &DeTable<'_>, names: Names<'_>) {
        for (name, value) in in_order(table) {
            let path = format!("{section}.{}", name.get_ref());
            if let Some(key) = table::find_key(&path) {
                let mut problems = Vec::new();
                let mut checker = Checker { path: key.path, names, problems: &mut problems };
                if let Some(plain) = checker.check(key.kind, value.get_ref(), &value.span()) {
                    self.values.insert(key.path, (plain, lines.origin(&value.span())));
                }
                self.problems(problems, |span| lines.origin(span));
            } else if let Some(inner) = table::find_section(&path) {
                self.found_section(lines, inner, value, names);
            } else if table::group(section).is_some() {
                let near = nearest(&path, SECTIONS.iter().map(|s| s.name));
                let text = format!("there is no section `{path}`");
                self.mistake(lines.origin(&name.span()), MistakeKind::UnknownSection, text, near);
            } else {
                self.unknown_key(lines.origin(&name.span()), section, name.get_ref());
            }
        }
    }

    fn repeated(
        &mut self,
        lines: &Lines<'_>,
        section: &'static str,
        value: &DeValue<'_>,
        span: &Range<usize>,
        names: Names<'_>,
    ) {
        let rows = value.as_array().filter(|a| a.iter().all(|r| r.get_ref().is_table()));
        let Some(rows) = rows else {
            let text = format!("{section} may occur several times; write [[{section}]] and its keys below");
            return self.mistake(lines.origin(span), MistakeKind::WrongType, text, None);
        };
        for row in rows {
            if let Some(table) = row.get_ref().as_table() {
                let checked = self.row(lines, section, table, &row.span(), names);
                if section == "models" {
                    self.mistakes.extend(super::models::check_row(&checked, &lines.origin(&row.span())));
                }
                self.add_row(lines, section, checked, table);
            }
        }
    }

    fn row(
        &mut self,
        lines: &Lines<'_>,
        section: &'static str,
        table: &DeTable<'_>,
        span: &Range<usize>,
        names: Names<'_>,
    ) -> toml::Table {
        let mut row = toml::Table::new();
        for (name, value) in in_order(table) {
            let Some(key) = table::find_key(&format!("{section}.{}", name.get_ref())) else {
                self.unknown_key(lines.origin(&name.span()), section, name.get_ref());
                continue;
            };
            let mut problems = Vec::new();
            let mut checker = Checker { path: key.path, names, problems: &mut problems };
            if let Some(plain) = checker.check(key.kind, value.get_ref(), &value.span()) {
                row.insert(key.name().to_owned(), plain);
            }
            self.problems(problems, |span| lines.origin(span));
        }
        for key in table::keys_of(section).filter(|k| !table.contains_key(k.name())) {
            match key.default {
                Default::Required => {
                    let text = format!("this [[{section}]] has no `{}`", key.name());
                    self.mistake(lines.origin(span), MistakeKind::MissingKey, text, None);
                }
                Default::Is(text) => {
                    if let Some(plain) = checked_text(key, text, Names::default(), &mut Vec::new()) {
                        row.insert(key.name().to_owned(), plain);
                    }
                }
                Default::Unset => {}
            }
        }
        row
    }

    fn add_row(&mut self, lines: &Lines<'_>, section: &'static str, row: toml::Table, table: &DeTable<'_>) {
        let name = row.get("name").cloned();
        let rows = self.rows.entry(section).or_default();
        let double = name.as_ref().is_some_and(|n| rows.iter().any(|r| r.get("name") == Some(n)));
        rows.push(row);
        if double && let (Some(Value::String(name)), Some(at)) = (name, table.get("name")) {
            let text = format!("{section}.name: there are two of the name `{name}`");
            self.mistake(lines.origin(&at.span()), MistakeKind::DuplicateName, text, None);
        }
    }

    fn unknown_key(&mut self, origin: Origin, section: &str, name: &str) {
        let near = nearest(name, table::keys_of(section).map(table::Key::name))
            .map(|n| format!("{section}.{n}"))
            .or_else(|| key_elsewhere(name));
        self.mistake(origin, MistakeKind::UnknownKey, format!("there is no key `{section}.{name}`"), near);
    }

    fn problems(&mut self, problems: Vec<Problem>, origin: impl Fn(&Range<usize>) -> Origin) {
        for p in problems {
            self.mistake(origin(&p.span), p.kind, p.text, p.nearest);
        }
    }

    fn value_text(&mut self, key: &'static Key, text: &str, origin: &Origin, names: Names<'_>) {
        let mut problems = Vec::new();
        if let Some(plain) = checked_text(key, text, names, &mut problems) {
            self.values.insert(key.path, (plain, origin.clone()));
        }
        self.problems(problems, |_| origin.clone());
    }

    /// Lays `AIOBS_...` variables over what is there; others are not looked at.
    pub(crate) fn environment(&mut self, variables: &[(String, String)], names: Names<'_>) {
        let known = variables_of_keys();
        let formats = self.all_formats(names.formats);
        let names = Names { formats: &formats, ..names };
        let ours = |name: &str| name.starts_with("AIOBS_") && !OTHER_VARIABLES.contains(&name);
        let value_of = |name: &str| variables.iter().find(|(n, _)| n == name).map(|(_, v)| v);
        for (name, value) in variables.iter().filter(|(n, _)| ours(n)) {
            let origin = Origin::Env(name.clone());
            let Some((_, key)) = known.iter().find(|(n, _)| n == name) else {
                let near = nearest_variable(name, &known);
                self.mistake(origin, MistakeKind::UnknownVariable, "no key has this name".into(), near);
                continue;
            };
            let twin = key.short_env().filter(|short| short == name).map(|_| key.env());
            if let Some(twin) = twin.filter(|twin| value_of(twin).is_some_and(|other| other != value)) {
                let text = format!("{twin} is the same key and says something else; keep one of them");
                self.mistake(origin.clone(), MistakeKind::DuplicateName, text, None);
            }
            self.value_text(key, &as_toml(key.kind, value), &origin, names);
        }
    }

    /// Lays `--set KEY=VALUE` flags over what is there.
    pub(crate) fn flags(&mut self, flags: &[String], names: Names<'_>) {
        let formats = self.all_formats(names.formats);
        let names = Names { formats: &formats, ..names };
        for flag in flags {
            let origin = Origin::Set(flag.clone());
            let Some((path, value)) = flag.split_once('=') else {
                let text = "expected KEY=VALUE, such as model.name=llama3.1".to_owned();
                self.mistake(origin, MistakeKind::BadFlag, text, None);
                continue;
            };
            let path = path.trim();
            match table::find_key(path) {
                Some(key) if table::is_in_repeated(key) => {
                    let text = format!("[[{}]] can only be written in the file", key.section());
                    self.mistake(origin, MistakeKind::BadFlag, text, None);
                }
                Some(key) => self.value_text(key, &as_toml(key.kind, value.trim()), &origin, names),
                None => {
                    let settable = KEYS.iter().filter(|k| !table::is_in_repeated(k)).map(|k| k.path);
                    let near = nearest(path, settable).or_else(|| key_elsewhere(path));
                    self.mistake(origin, MistakeKind::UnknownKey, format!("there is no key `{path}`"), near);
                }
            }
        }
    }

    fn all_formats(&self, shipped: &[String]) -> Vec<String> {
        if shipped.is_empty() {
            return Vec::new();
        }
        let own = self.rows.get("formats").into_iter().flatten();
        let own = own.filter_map(|r| r.get("name")?.as_str().map(str::to_owned));
        shipped.iter().cloned().chain(own).collect()
    }
}

/// Keys of a table in the order written, so that mistakes are told in the order of the file.
fn in_order<'t, 'i>(
    table: &'t DeTable<'i>,
) -> Vec<(&'t toml::Spanned<std::borrow::Cow<'i, str>>, &'t toml::Spanned<DeValue<'i>>)> {
    let mut all: Vec<_> = table.iter().collect();
    all.sort_by_key(|(name, _)| name.span().start);
    all
}

/// The full name of a key that is called this in some section.
fn key_elsewhere(name: &str) -> Option<String> {
    KEYS.iter().find(|k| k.name() == name && !table::is_in_repeated(k)).map(|k| k.path.to_owned())
}

/// Every variable that stands for a key.
fn variables_of_keys() -> Vec<(String, &'static Key)> {
    let keys = || KEYS.iter().filter(|k| !table::is_in_repeated(k));
    let short = keys().filter_map(|k| Some((k.short_env()?.to_owned(), k)));
    keys().map(|k| (k.env(), k)).chain(short).collect()
}

/// The variable that was meant: one that only lacks the section (`AIOBS_THEME`) or the key (`AIOBS_MODEL`), or one that
/// is spelt nearly so.
fn nearest_variable(name: &str, known: &[(String, &'static Key)]) -> Option<String> {
    let word = name.strip_prefix("AIOBS_")?.to_ascii_lowercase();
    let by_key = |exact: &str| known.iter().find(|(_, k)| k.name() == exact).map(|(n, _)| n.clone());
    let named = known.iter().find(|(_, k)| k.section() == word && k.name() == "name").map(|(n, _)| n.clone());
    named
        .or_else(|| by_key(&word))
        .or_else(|| nearest(name, known.iter().map(|(n, _)| n.as_str()).chain(OTHER_VARIABLES)))
        .or_else(|| by_key(&nearest(&word, known.iter().map(|(_, k)| k.name()))?))
}

/// Names of the `[[formats]]` in the file after the shipped ones; empty when the shipped ones are not known.
fn own_formats(top: &DeTable<'_>, shipped: &[String]) -> Vec<String> {
    if shipped.is_empty() {
        return Vec::new();
    }
    let rows = top.get("formats").and_then(|f| f.get_ref().as_array()).into_iter().flatten();
    let own = rows.filter_map(|r| r.get_ref().as_table()?.get("name")?.get_ref().as_str().map(str::to_owned));
    shipped.iter().cloned().chain(own).collect()
}

/// How a bare text from the environment or a flag is written in TOML. Lists may be separated by commas.
fn as_toml(kind: Kind, text: &str) -> String {
    let quoted = |t: &str| Value::String(t.to_owned()).to_string();
    match kind {
        Kind::Bool | Kind::Int(..) | Kind::FormatMap | Kind::LevelMap | Kind::HeaderMap => text.to_owned(),
        Kind::Texts | Kind::Globs | Kind::Regexes | Kind::Choices(_) if !text.starts_with('[') => {
            let items: Vec<_> = text.split(',').map(str::trim).filter(|t| !t.is_empty()).map(quoted).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Texts | Kind::Globs | Kind::Regexes | Kind::Choices(_) => text.to_owned(),
        _ => quoted(text),
    }
}

/// Parses and checks a value written in TOML; a bare word where a number belongs is told as the wrong type.
fn checked_text(key: &Key, text: &str, names: Names<'_>, problems: &mut Vec<Problem>) -> Option<Value> {
    let quoted = Value::String(text.to_owned()).to_string();
    let parsed = DeValue::parse(text).or_else(|_| DeValue::parse(&quoted)).ok()?;
    Checker { path: key.path, names, problems }.check(key.kind, parsed.get_ref(), &parsed.span())
}
