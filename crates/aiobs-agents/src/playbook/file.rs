//! A playbook file: its form, and the checks that tell its author what is wrong and where.

use super::embedded;
use super::error::{PlaybookError, nearest};
use super::fill::{self, BUILT_IN};
use super::form::{Formed, form};
use aiobs_types::Fix;
use regex::RegexBuilder;
use serde::Deserialize;
use std::path::Path;
use toml::Spanned;

/// What is known about one fault. Placeholders of the form `{name}` in the texts are filled from the incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Playbook {
    /// Unique; equal to the file's name without `.toml`.
    pub id: String,
    /// Few words for a list.
    pub title: String,
    /// Class of the error, such as `database.connection_refused`.
    pub error_class: String,
    /// 1 (cosmetic) to 5 (service down).
    pub criticality: u8,
    /// What the fault looks like.
    pub pattern: Pattern,
    /// The cause in one to three sentences.
    pub cause: String,
    /// Other explanations, less likely.
    pub alternatives: Vec<String>,
    /// What to do.
    pub fix: Fix,
    /// Names of manuals and sections.
    pub references: Vec<String>,
    /// Messages that this playbook must answer.
    pub examples: Vec<String>,
    /// Messages that it must not answer.
    pub counter_examples: Vec<String>,
    /// The file it came from.
    pub origin: String,
}

/// Regular expressions on a message, case-insensitive, `.` stops at a line's end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    /// One of these must match; their named groups fill placeholders (`path2` fills `{path}` as well).
    pub any: Vec<String>,
    /// None of these may match the same message.
    pub not: Vec<String>,
    /// If given, a component's name must contain one of these words.
    pub components: Vec<String>,
    /// If given, a source's name must contain one of these words.
    pub sources: Vec<String>,
    /// 1 to 100: how specific it is. The highest that matches wins.
    pub weight: u8,
    /// Whether a record that it matches is a fault by that alone, when it states no level or a bad one.
    pub detect: bool,
    /// Ids of playbooks whose faults show as this one: where one of them was logged as well, it is the cause.
    pub because: Vec<String>,
    /// With fewer strikes it belongs to ordinary operation, and the answer is unsure.
    pub often: u64,
    /// Whether it only says what is suffered: the cause is another one, and the answer is unsure.
    pub symptom: bool,
    /// Whether it mostly passes by itself: once it is over, or when it was always there, the answer is unsure.
    pub passing: bool,
}

/// How much of a file is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// Its form only: our own files, whose content the tests check.
    Trusted,
    /// Everything.
    Full,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: Spanned<String>,
    title: Spanned<String>,
    error_class: Spanned<String>,
    criticality: Spanned<i64>,
    cause: Spanned<String>,
    #[serde(default)]
    alternatives: Vec<Spanned<String>>,
    #[serde(default)]
    references: Vec<String>,
    #[serde(default)]
    examples: Vec<Spanned<String>>,
    #[serde(default)]
    counter_examples: Vec<Spanned<String>>,
    signature: RawPattern,
    fix: RawFix,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPattern {
    weight: Spanned<i64>,
    any: Vec<Spanned<String>>,
    #[serde(default)]
    not: Vec<Spanned<String>>,
    #[serde(default)]
    components: Vec<String>,
    #[serde(default)]
    sources: Vec<String>,
    #[serde(default = "yes")]
    detect: bool,
    #[serde(default)]
    because: Vec<Spanned<String>>,
    #[serde(default)]
    often: u64,
    #[serde(default)]
    passing: bool,
    #[serde(default)]
    symptom: bool,
}

const fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFix {
    now: Vec<Spanned<String>>,
    #[serde(default)]
    lasting: Vec<Spanned<String>>,
    #[serde(default)]
    commands: Vec<Spanned<String>>,
    #[serde(default)]
    verify: Vec<Spanned<String>>,
    #[serde(default)]
    rollback: Vec<Spanned<String>>,
    risk: Spanned<String>,
}

/// Reads every `*.toml` of a directory in the order of their names; a directory that does not exist holds none.
pub(super) fn load_dir(dir: &Path, errors: &mut Vec<PlaybookError>) -> Vec<Playbook> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(e) => {
            errors.push(PlaybookError::whole(&dir.display().to_string(), format!("cannot be read: {e}")));
            return Vec::new();
        }
    };
    let mut paths: Vec<_> = entries.filter_map(Result::ok).map(|e| e.path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "toml"));
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        match std::fs::read_to_string(&path) {
            Ok(text) => match parse(&name, &text, Check::Full) {
                Ok(p) => found.push(p),
                Err(e) => errors.extend(e),
            },
            Err(e) => errors.push(PlaybookError::whole(&name, format!("cannot be read: {e}"))),
        }
    }
    found
}

/// The playbooks of a file, or of every `*.toml` of a directory, and all that is wrong with them.
pub fn read(path: &Path) -> (Vec<Playbook>, Vec<PlaybookError>) {
    let mut errors = Vec::new();
    let name = path.display().to_string();
    if path.is_dir() {
        return (load_dir(path, &mut errors), errors);
    }
    let read =
        std::fs::read_to_string(path).map_err(|e| vec![PlaybookError::whole(&name, format!("cannot be read: {e}"))]);
    match read.and_then(|text| parse(&name, &text, Check::Full)) {
        Ok(one) => (vec![one], errors),
        Err(e) => (Vec::new(), e),
    }
}

/// One playbook from the text of its file, or all that is wrong with it.
pub(super) fn parse(file: &str, text: &str, check: Check) -> Result<Playbook, Vec<PlaybookError>> {
    let told = |e: toml::de::Error| vec![syntax_error(file, text, &e)];
    if check == Check::Trusted {
        return Ok(toml::from_str::<Raw>(text).map_err(told)?.into_playbook(file));
    }
    let Formed { table, mut errors } = form(file, text)?;
    let raw = match Raw::deserialize(toml::Deserializer::from(table)) {
        Ok(raw) => raw,
        Err(e) => {
            errors.extend(told(e));
            return Err(errors);
        }
    };
    let mut checker = Checker { file, text, errors };
    checker.all(&raw);
    checker.errors.sort_by_key(|e| e.line);
    if checker.errors.is_empty() { Ok(raw.into_playbook(file)) } else { Err(checker.errors) }
}

fn syntax_error(file: &str, text: &str, e: &toml::de::Error) -> PlaybookError {
    PlaybookError::at(file, text, e.span().map_or(0, |s| s.start), e.message().replace('\n', " "))
}

impl Raw {
    fn into_playbook(self, file: &str) -> Playbook {
        let plain = |texts: Vec<Spanned<String>>| texts.into_iter().map(Spanned::into_inner).collect::<Vec<_>>();
        let (signature, fix) = (self.signature, self.fix);
        Playbook {
            id: self.id.into_inner(),
            title: self.title.into_inner(),
            error_class: self.error_class.into_inner(),
            criticality: self.criticality.into_inner().clamp(1, 5) as u8,
            pattern: Pattern {
                any: plain(signature.any),
                not: plain(signature.not),
                components: signature.components,
                sources: signature.sources,
                weight: signature.weight.into_inner().clamp(1, 100) as u8,
                detect: signature.detect,
                because: plain(signature.because),
                often: signature.often,
                passing: signature.passing,
                symptom: signature.symptom,
            },
            cause: self.cause.into_inner(),
            alternatives: plain(self.alternatives),
            fix: Fix {
                now: plain(fix.now),
                lasting: plain(fix.lasting),
                commands: plain(fix.commands),
                verify: plain(fix.verify),
                rollback: plain(fix.rollback),
                risk: fix.risk.into_inner(),
                ..Fix::default()
            },
            references: self.references,
            examples: plain(self.examples),
            counter_examples: plain(self.counter_examples),
            origin: file.to_owned(),
        }
    }
}

/// Collects every mistake of one file.
struct Checker<'a> {
    file: &'a str,
    text: &'a str,
    errors: Vec<PlaybookError>,
}

impl Checker<'_> {
    fn fail(&mut self, at: usize, message: String) {
        // What is missing was told already.
        if at > self.text.len() {
            return;
        }
        self.errors.push(PlaybookError::at(self.file, self.text, at, message));
    }

    fn all(&mut self, raw: &Raw) {
        self.names(raw);
        self.causes(raw);
        let before = self.errors.len();
        let regexes = self.regexes(raw);
        // A pattern that can't be read, or is not there, gives no names.
        if self.errors.len() == before && raw.signature.any.iter().all(|p| p.span().start <= self.text.len()) {
            self.placeholders(raw, &regexes);
        }
        self.samples(raw, &regexes);
    }

    fn names(&mut self, raw: &Raw) {
        let id = raw.id.get_ref();
        let stem = Path::new(self.file).file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        if *id != stem {
            self.fail(raw.id.span().start, format!("id `{id}` differs from the file's name `{stem}`"));
        }
        if !(1..=5).contains(raw.criticality.get_ref()) {
            self.fail(raw.criticality.span().start, "criticality is 1 (cosmetic) to 5 (service down)".into());
        }
        if !(1..=100).contains(raw.signature.weight.get_ref()) {
            self.fail(raw.signature.weight.span().start, "weight is 1 (vague) to 100 (most specific)".into());
        }
        if raw.signature.any.is_empty() {
            self.fail(raw.signature.weight.span().start, "the signature's `any` needs at least one pattern".into());
        }
        for text in [&raw.title, &raw.cause, &raw.error_class] {
            if text.get_ref().trim().is_empty() {
                self.fail(text.span().start, "this text is empty".into());
            }
        }
    }

    /// Causes are playbooks: built-in ones, or others in the same directory.
    fn causes(&mut self, raw: &Raw) {
        let built_in = || embedded::FILES.iter().filter_map(|(name, _)| name.strip_suffix(".toml"));
        for id in &raw.signature.because {
            let name = id.get_ref().as_str();
            let beside = Path::new(self.file).with_file_name(format!("{name}.toml"));
            if name == raw.id.get_ref().as_str() {
                self.fail(id.span().start, format!("`{name}` can't be its own cause"));
            } else if !built_in().any(|known| known == name) && !beside.is_file() {
                self.fail(id.span().start, format!("there is no playbook `{name}`{}", nearest(name, built_in())));
            }
        }
    }

    /// The patterns of `any` and `not`, as far as they compile.
    fn regexes(&mut self, raw: &Raw) -> (Vec<regex::Regex>, Vec<regex::Regex>) {
        let mut compile = |patterns: &[Spanned<String>]| {
            let mut good = Vec::new();
            for p in patterns {
                match RegexBuilder::new(p.get_ref()).case_insensitive(true).build() {
                    Ok(r) if r.is_match("") => {
                        self.fail(p.span().start, "this pattern matches every text".into());
                    }
                    Ok(r) => good.push(r),
                    Err(e) => {
                        let why = e.to_string();
                        let why = why.lines().last().unwrap_or_default().trim().trim_start_matches("error: ");
                        self.fail(p.span().start, format!("bad regular expression: {why}"));
                    }
                }
            }
            good
        };
        (compile(&raw.signature.any), compile(&raw.signature.not))
    }

    fn placeholders(&mut self, raw: &Raw, (any, _): &(Vec<regex::Regex>, Vec<regex::Regex>)) {
        let groups: Vec<&str> = any.iter().flat_map(regex::Regex::capture_names).flatten().map(fill::group).collect();
        let fix = &raw.fix;
        let lists = [&raw.alternatives, &fix.now, &fix.lasting, &fix.commands, &fix.verify, &fix.rollback];
        for text in lists.into_iter().flatten().chain([&raw.cause, &fix.risk]) {
            for name in fill::placeholders(text.get_ref()) {
                let known = || BUILT_IN.iter().copied().chain(groups.iter().copied());
                if !known().any(|k| k == name) {
                    let near = nearest(name, known());
                    self.fail(text.span().start, format!("unknown placeholder `{{{name}}}`{near}"));
                }
            }
        }
    }

    fn samples(&mut self, raw: &Raw, (any, not): &(Vec<regex::Regex>, Vec<regex::Regex>)) {
        if !self.errors.is_empty() {
            return;
        }
        let fits = |text: &str| any.iter().any(|r| r.is_match(text)) && !not.iter().any(|r| r.is_match(text));
        for example in &raw.examples {
            if !fits(example.get_ref()) {
                self.fail(example.span().start, "the signature does not match this example".into());
            }
        }
    }
}
