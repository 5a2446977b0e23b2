//! Formats, checked and compiled, and the set of them that a program run knows.

use super::civil::{Stamp, ZoneCache, ZoneRule};
use super::columns::{self, Columns};
use super::def::{FormatDef, FormatError, Kind};
use super::found::{Found, LevelBy, Levels, Slot, TimeBy, level_of};
use super::keys::{KeyTable, Pairs};
use super::layout::Layout;
use super::marks::{Bytes, Marks};
use super::{embedded, json, level, logfmt, plain, time};
use aiobs_types::Severity;
use regex::{CaptureLocations, Regex};
use std::sync::{Arc, OnceLock};

/// How a compiled format reads a line.
#[derive(Debug)]
pub(crate) enum Reader {
    Json(KeyTable),
    Logfmt(KeyTable),
    Lines(KeyTable),
    Layouts(Vec<Layout>),
    /// Of the message, not of the line.
    Program(Vec<Layout>),
    Regex(Regex, Vec<(usize, Slot)>),
    Columns(Columns),
    Plain,
}

/// What a parser keeps per format from line to line.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Space for the groups of an expression.
    locations: Option<CaptureLocations>,
    /// The format's own zone.
    pub(crate) zone: Option<ZoneCache>,
    columns: columns::Memory,
}

/// A format, ready to read lines.
#[derive(Debug)]
pub struct Format {
    name: String,
    title: String,
    doc: String,
    rank: (bool, u16),
    pub(crate) reader: Reader,
    pub(crate) levels: Levels,
    pub(crate) zone: Option<ZoneRule>,
    pub(crate) strptime: Option<String>,
    pub(crate) severity_from_status: bool,
    pub(crate) level_in_message: bool,
    pub(crate) default_level: Severity,
    pub(crate) envelope: bool,
    /// Only used where it is named.
    pub(crate) forced_only: bool,
    /// Its messages are read on by the formats of programs.
    pub(crate) refined: bool,
    programs: Vec<Box<str>>,
    /// Declared by the user.
    pub(crate) own: bool,
}

impl Format {
    /// Checks and compiles a declaration.
    pub fn new(def: &FormatDef) -> Result<Self, FormatError> {
        let plausible = !def.name.is_empty()
            && def.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        if !plausible {
            return Err(def.entry("name", "must be of lower-case letters, digits, `-` and `_`"));
        }
        let mut levels = Vec::new();
        for (word, name) in &def.levels {
            let severity = level::by_name(name).ok_or_else(|| {
                def.entry(&format!("levels.{word}"), format!("`{name}` is no severity{}", near(name, SEVERITIES)))
            })?;
            levels.push((word.as_bytes().into(), severity));
        }
        let default_level =
            def.default_level.as_deref().map_or(Some(Severity::UNSET), level::by_name).ok_or_else(|| {
                let name = def.default_level.as_deref().unwrap_or_default();
                def.entry("default_level", format!("`{name}` is no severity{}", near(name, SEVERITIES)))
            })?;
        if def.only_levels && levels.is_empty() {
            return Err(def.entry("only_levels", "there are no `levels`"));
        }
        let zone = def.zone.as_deref().map(ZoneRule::parse).transpose().map_err(|e| def.entry("zone", e))?;
        if let Some(format) = &def.time_format {
            jiff::fmt::strtime::format(format, &jiff::Zoned::default())
                .map_err(|e| def.entry("time_format", e.to_string()))?;
        }
        Ok(Self {
            name: def.name.clone(),
            title: if def.title.is_empty() { def.name.clone() } else { def.title.clone() },
            doc: def.doc.clone(),
            rank: (def.kind == Kind::Plain, def.rank),
            reader: reader(def)?,
            levels: Levels { own: levels, only_own: def.only_levels },
            zone,
            strptime: def.time_format.clone(),
            severity_from_status: def.severity_from_status,
            level_in_message: def.level_in_message,
            default_level,
            envelope: def.kind == Kind::Envelope,
            forced_only: def.forced_only,
            refined: def.refined,
            programs: def.programs.iter().map(|p| p.as_str().into()).collect(),
            own: false,
        })
    }

    /// Short name, as in the configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Name for people.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// One line on what writes it.
    pub fn doc(&self) -> &str {
        &self.doc
    }

    /// Names of the fields it finds in its lines without their names standing there.
    pub fn field_names(&self) -> Vec<&str> {
        match &self.reader {
            Reader::Layouts(layouts) => layouts.iter().flat_map(Layout::field_names).collect(),
            Reader::Regex(regex, _) => regex.capture_names().flatten().collect(),
            _ => Vec::new(),
        }
    }

    /// How much its rank weighs: its lines cannot be mistaken for another family's, or not for any other's at all.
    pub(crate) fn signature(&self) -> u32 {
        match self.rank.1 {
            0..=9 => 64,
            10..=20 => 32,
            _ => 0,
        }
    }

    /// Like [`Format::read`], for a line whose marks are known: quick where they rule it out.
    pub(crate) fn read_marked(&self, line: &str, marks: &Marks, scratch: &mut Scratch) -> Option<Found> {
        match &self.reader {
            Reader::Json(table) if !marks.keys().is_some_and(|bits| table.may_have_all(bits)) => None,
            Reader::Logfmt(_) | Reader::Lines(_) if !marks.has(b'=') => None,
            Reader::Layouts(layouts) => {
                layouts.iter().filter(|l| l.may_fit(marks)).find_map(|l| l.read(line.as_bytes(), &self.levels))
            }
            _ => self.read(line, scratch),
        }
    }

    /// Takes a line apart; `None` when it is not of this format.
    pub(crate) fn read(&self, line: &str, scratch: &mut Scratch) -> Option<Found> {
        let bytes = line.as_bytes();
        match &self.reader {
            Reader::Json(keys) => json::read(bytes, keys, &self.levels).map(|p| from_pairs(p, bytes)),
            Reader::Logfmt(keys) => logfmt::read(bytes, keys, &self.levels).map(|p| from_pairs(p, bytes)),
            Reader::Lines(keys) => logfmt::read_lines(bytes, keys, &self.levels).map(|p| from_pairs(p, bytes)),
            Reader::Layouts(layouts) => layouts.iter().find_map(|l| l.read(bytes, &self.levels)),
            Reader::Regex(regex, slots) => {
                let locations = scratch.locations.get_or_insert_with(|| regex.capture_locations());
                regex.captures_read(locations, line)?;
                Some(self.captured(bytes, slots, locations))
            }
            Reader::Program(_) => None,
            Reader::Columns(columns) => columns.read(line, &mut scratch.columns, &self.levels),
            Reader::Plain => Some(plain::read(bytes)),
        }
    }

    /// Reads on inside of the message of a program of this format.
    pub(crate) fn refine(&self, line: &str, found: &Found) -> Option<Found> {
        let Reader::Program(layouts) = &self.reader else { return None };
        layouts.iter().find_map(|l| l.refine(line.as_bytes(), &self.levels, found))
    }

    fn captured(&self, line: &[u8], slots: &[(usize, Slot)], at: &CaptureLocations) -> Found {
        let mut found = Found { message: 0..line.len(), ..Found::default() };
        for (group, slot) in slots {
            let Some((start, end)) = at.get(*group) else { continue };
            let number = || time::number(&line[start..end]).and_then(|n| u32::try_from(n).ok());
            match slot {
                Slot::Time => {
                    found.time_text = start..end;
                    if self.strptime.is_none() {
                        found.stamp = time::scan(line, start, time::Shape::Any)
                            .or_else(|| time::epoch(line, start))
                            .filter(|(_, stop)| *stop <= end)
                            .map_or(Some(Stamp::Impossible), |(stamp, _)| Some(stamp));
                    }
                }
                Slot::Level => found.level = level_of(&self.levels, &line[start..end]),
                Slot::Component => found.component = start..end,
                Slot::Message => found.message = start..end,
                Slot::Pri => found.level = number().and_then(level::pri),
                Slot::Status => found.status = number(),
                _ => {}
            }
        }
        found
    }
}

const SEVERITIES: &[&str] = &["trace", "debug", "info", "notice", "warn", "error", "critical", "alert", "fatal"];

/// `, did you mean ...` when a known word is near, else the list of them.
fn near(word: &str, known: &[&str]) -> String {
    crate::words::nearest(word, known.iter().copied())
        .map_or_else(|| format!("; there are {}", known.join(", ")), |n| format!(", did you mean `{n}`?"))
}

fn reader(def: &FormatDef) -> Result<Reader, FormatError> {
    let layouts: Vec<_> = def.layout.iter().chain(&def.layouts).collect();
    let keyed = !def.keys.time.is_empty() || !def.keys.message.is_empty() || !def.keys.level.is_empty();
    let expects = |wanted: bool, key: &str, what: &str| if wanted { Ok(()) } else { Err(def.entry(key, what)) };
    match def.kind {
        Kind::Plain => Ok(Reader::Plain),
        Kind::Program => {
            expects(!def.programs.is_empty(), "programs", "names the components whose messages it reads")?;
            expects(!layouts.is_empty(), "layout", "`layout` or `layouts` is missing")?;
            let compiled: Result<Vec<_>, _> = layouts.iter().map(|l| Layout::compile_inside(l)).collect();
            compiled.map(Reader::Program).map_err(|e| def.entry("layouts", e))
        }
        Kind::Columns => {
            expects(layouts.is_empty(), "layout", "belongs to kind `pattern`")?;
            expects(!def.columns.is_empty(), "columns", "names the columns of a line without a directive")?;
            Ok(Reader::Columns(Columns::new(KeyTable::new(&def.keys), &def.columns)))
        }
        Kind::Json | Kind::Logfmt | Kind::Lines => {
            expects(keyed, "keys", "names the keys of time, level, component and message")?;
            expects(layouts.is_empty(), "layout", "belongs to kind `pattern`")?;
            expects(def.pattern.is_none(), "pattern", "belongs to kind `pattern`")?;
            let table = KeyTable::new(&def.keys);
            Ok(match def.kind {
                Kind::Json => Reader::Json(table),
                Kind::Lines => Reader::Lines(table),
                _ => Reader::Logfmt(table),
            })
        }
        Kind::Envelope if keyed => Ok(Reader::Json(KeyTable::new(&def.keys))),
        Kind::Envelope | Kind::Pattern => {
            if let Some(pattern) = &def.pattern {
                expects(layouts.is_empty(), "layout", "either `layout` or `pattern`, not both")?;
                return regex(def, pattern);
            }
            expects(!layouts.is_empty(), "layout", "`layout` or `pattern` is missing")?;
            let key = if def.layout.is_some() { "layout" } else { "layouts" };
            let compile = |l: &&String| Layout::compile(l, def.time_format.is_some());
            let compiled: Result<Vec<_>, _> = layouts.iter().map(compile).collect();
            compiled.map(Reader::Layouts).map_err(|e| def.entry(key, e))
        }
    }
}

fn regex(def: &FormatDef, pattern: &str) -> Result<Reader, FormatError> {
    let regex = Regex::new(pattern).map_err(|e| def.entry("pattern", e.to_string()))?;
    let slots: Vec<_> = regex
        .capture_names()
        .enumerate()
        .filter_map(|(i, name)| {
            let slot = match name? {
                "time" => Slot::Time,
                "level" => Slot::Level,
                "component" => Slot::Component,
                "message" => Slot::Message,
                "pri" => Slot::Pri,
                "status" => Slot::Status,
                other => Slot::Field(other.into()),
            };
            Some((i, slot))
        })
        .collect();
    if slots.is_empty() {
        return Err(def.entry("pattern", "it has no named groups such as (?<time>...) or (?<message>...)"));
    }
    Ok(Reader::Regex(regex, slots))
}

fn from_pairs(pairs: Pairs, line: &[u8]) -> Found {
    Found {
        // With nanoseconds beside it a time stands at two places.
        time_at: match (&pairs.stamp, &pairs.nanos) {
            (Some(_), None) => Some((pairs.stamp_at.clone(), TimeBy::Key)),
            _ => None,
        },
        level_at: match &pairs.level_at {
            Some((range, role)) => Some((range.clone(), LevelBy::Key(*role))),
            None => pairs.status.map(|_| (pairs.status_at.clone(), LevelBy::Status)),
        },
        stamp: pairs.time(),
        level: pairs.level.map(|l| l.1),
        status: pairs.status.map(|s| s.1),
        component: pairs.component.map_or(0..0, |c| c.1),
        message: pairs.message.map_or(0..line.len(), |m| m.1),
        ..Found::default()
    }
}

/// The formats of one run, in the order in which they are tried.
#[derive(Debug)]
pub struct FormatSet {
    formats: Vec<Format>,
    plain: usize,
    /// Components whose messages a format of a program reads, whether all that begin so, and the place of the format.
    programs: Vec<(Box<[u8]>, bool, usize)>,
    /// The bytes that these components begin with.
    program_heads: Bytes,
}

impl FormatSet {
    /// The formats that ship.
    pub fn builtin() -> Arc<Self> {
        static SET: OnceLock<Arc<FormatSet>> = OnceLock::new();
        // A shipped file that does not compile is left out; a test reads every one.
        Arc::clone(SET.get_or_init(|| Arc::new(Self::of(shipped().flatten().collect()))))
    }

    /// The formats that ship and the user's, which come first and may replace a shipped one by its name.
    pub fn with_user(defs: Vec<FormatDef>) -> Result<Self, FormatError> {
        let mut formats: Vec<Format> = Vec::new();
        for def in &defs {
            if formats.iter().any(|f| f.name == def.name) {
                return Err(FormatError::Twice(def.name.clone()));
            }
            formats.push(Format { own: true, ..Format::new(def)? });
        }
        for format in shipped().flatten() {
            if !formats.iter().any(|f| f.name == format.name) {
                formats.push(format);
            }
        }
        Ok(Self::of(formats))
    }

    fn of(mut formats: Vec<Format>) -> Self {
        formats.sort_by(|a, b| (!a.own, a.rank, &a.name).cmp(&(!b.own, b.rank, &b.name)));
        // There is always something that takes any line.
        if !formats.iter().any(|f| matches!(f.reader, Reader::Plain)) {
            let def = FormatDef { name: "plain".to_owned(), kind: Kind::Plain, ..FormatDef::default() };
            formats.extend(Format::new(&def));
        }
        let plain = formats.iter().rposition(|f| matches!(f.reader, Reader::Plain)).unwrap_or(0);
        let of_format = |(i, format): (usize, &Format)| {
            let each = format.programs.iter().map(move |p| match p.strip_suffix('*') {
                Some(start) => (start.as_bytes().into(), true, i),
                None => (p.as_bytes().into(), false, i),
            });
            each.collect::<Vec<(Box<[u8]>, bool, usize)>>()
        };
        let programs: Vec<_> = formats.iter().enumerate().flat_map(of_format).collect();
        let program_heads = Bytes::where_(|b| programs.iter().any(|p| p.0.first() == Some(&b)));
        Self { formats, plain, programs, program_heads }
    }

    /// The place of the format that reads the messages of a component.
    pub(crate) fn program(&self, component: &[u8]) -> Option<usize> {
        if !component.first().is_some_and(|b| self.program_heads.has(*b)) {
            return None;
        }
        let hit = self.programs.iter().find(
            |(name, open, _)| {
                if *open { component.starts_with(name) } else { **name == *component }
            },
        );
        hit.map(|(_, _, i)| *i)
    }

    /// The format that reads whole lines where another reads but messages: the first that is refined.
    pub(crate) fn of_lines(&self, i: usize) -> usize {
        match self.formats[i].reader {
            Reader::Program(_) => self.formats.iter().rposition(|f| f.refined).unwrap_or(self.plain),
            _ => i,
        }
    }

    /// Names of all formats, in the order in which they are tried.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.formats.iter().map(Format::name)
    }

    /// A format by name.
    pub fn get(&self, name: &str) -> Option<&Format> {
        self.formats.iter().find(|f| f.name == name)
    }

    /// All formats, in the order in which they are tried.
    pub fn iter(&self) -> impl Iterator<Item = &Format> {
        self.formats.iter()
    }

    /// The place of a format by name.
    pub(crate) fn find(&self, name: &str) -> Result<usize, FormatError> {
        self.formats.iter().position(|f| f.name == name).ok_or_else(|| FormatError::Unknown {
            name: name.to_owned(),
            near: crate::words::nearest(name, self.names()).map(str::to_owned),
        })
    }

    pub(crate) fn at(&self, i: usize) -> &Format {
        &self.formats[i]
    }

    pub(crate) fn len(&self) -> usize {
        self.formats.len()
    }

    /// The place of the format that takes any line.
    pub(crate) fn plain(&self) -> usize {
        self.plain
    }
}

pub(crate) fn shipped() -> impl Iterator<Item = Result<Format, FormatError>> {
    embedded::FILES.iter().map(|(file, text)| FormatDef::from_toml(file, text).and_then(|def| Format::new(&def)))
}
