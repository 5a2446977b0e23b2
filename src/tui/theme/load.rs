//! Theme files: find, follow `inherits`, check, and make the styles.
//!
//! ```toml
//! inherits = "dark"
//! [palette]
//! red = "#ff5f6b"                              # or a number 0-255, one of the 16 names, "default"
//! sky = { rgb = "#7aa2f7", ansi = "bright blue" }   # with a choice for 16 colours
//! [roles]
//! error = "red"
//! selection = { fg = "text", bg = "sky", bold = true }
//! ```

use super::color::{self, ANSI_NAMES, Depth, Paint};
use super::{Role, Theme};
use crate::tui::fault::{Fault, Faults, Report, nearest};
use ratatui::style::{Modifier, Style};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Everything wrong with a theme.
pub type ThemeError = Faults;

/// The themes that ship, in the order of the `next_theme` action.
const EMBEDDED: [(&str, &str); 5] = [
    ("dark", include_str!("../../../themes/dark.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    ("high-contrast", include_str!("../../../themes/high-contrast.toml")),
    ("colour-blind-safe", include_str!("../../../themes/colour-blind-safe.toml")),
    ("ansi16", include_str!("../../../themes/ansi16.toml")),
];

/// Where themes are found: the user's folder first, then the embedded ones.
#[derive(Clone, Debug, Default)]
pub struct Library {
    folder: Option<PathBuf>,
}

/// One style of a file. Colours stay names until the whole family is read, so that a theme that inherits changes
/// the looks of all roles by changing the palette.
#[derive(Clone, Debug, Default)]
struct RoleStyle {
    fg: Option<String>,
    bg: Option<String>,
    modifiers: Modifier,
}

/// A theme being put together from its ancestors.
#[derive(Default)]
struct Draft {
    palette: HashMap<String, Paint>,
    roles: HashMap<Role, RoleStyle>,
}

impl Library {
    /// With the user's folder of `NAME.toml` files, which win over the embedded ones.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// Names of all themes, embedded ones first.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = EMBEDDED.iter().map(|(n, _)| (*n).to_owned()).collect();
        let own = self.folder.as_ref().and_then(|f| std::fs::read_dir(f).ok());
        let mut own: Vec<String> = own
            .into_iter()
            .flatten()
            .filter_map(|e| e.ok()?.path().file_name()?.to_str()?.strip_suffix(".toml").map(str::to_owned))
            .filter(|n| !names.contains(n))
            .collect();
        own.sort();
        names.append(&mut own);
        names
    }

    /// The user's file of this name, whether or not it exists.
    pub fn user_file(&self, name: &str) -> Option<PathBuf> {
        self.folder.as_ref().map(|f| f.join(format!("{name}.toml")))
    }

    /// Loads a theme at a colour depth.
    ///
    /// # Errors
    /// Every mistake in the file and its ancestors, with file and line.
    pub fn load(&self, name: &str, depth: Depth) -> Result<Theme, ThemeError> {
        let mut draft = Draft::default();
        let mut seen = Vec::new();
        self.add(name, None, &mut seen, &mut draft)?;
        let styles = Role::ALL.iter().map(|r| draft.style(*r, depth)).collect();
        Ok(Theme::new(name.to_owned(), styles))
    }

    /// The text of a theme and the file name for messages. A theme that inherits its own name means the embedded one.
    fn read(&self, name: &str, skip_user: bool) -> Option<(String, std::borrow::Cow<'static, str>)> {
        if !skip_user
            && let Some(path) = self.user_file(name)
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            return Some((show(&path), text.into()));
        }
        EMBEDDED.iter().find(|(n, _)| *n == name).map(|(n, t)| (format!("themes/{n}.toml"), (*t).into()))
    }

    fn add(
        &self,
        name: &str,
        asked_by: Option<(&str, &str, usize)>,
        seen: &mut Vec<String>,
        draft: &mut Draft,
    ) -> Result<(), Faults> {
        let complain = |text: String| match asked_by {
            Some((file, content, offset)) => {
                let mut report = Report::new(file, content);
                report.add(offset, text);
                report.finish(())
            }
            None => Err(Faults(vec![Fault { file: "theme".into(), line: 1, text }])),
        };
        let skip_user = seen.last().is_some_and(|last| last.strip_suffix(".toml").unwrap_or(last) == name)
            && EMBEDDED.iter().any(|(n, _)| *n == name);
        let Some((file, text)) = self.read(name, skip_user) else {
            let names = self.names();
            return complain(format!(
                "there is no theme \"{name}\"{} (themes: {})",
                nearest(name, names.iter().map(String::as_str)),
                names.join(", ")
            ));
        };
        if seen.contains(&file) {
            return complain(format!("themes inherit in a circle: {}", {
                let mut circle = seen.clone();
                circle.push(file.clone());
                circle.join(" → ")
            }));
        }
        let mut report = Report::new(&file, &text);
        let table = match DeTable::parse(&text) {
            Ok(t) => t,
            Err(e) => {
                report.toml(&e);
                return report.finish(());
            }
        };
        seen.push(file.clone());
        if let Some(parent) = table.get_ref().get("inherits") {
            match parent.get_ref().as_str() {
                Some(p) => {
                    // A user's "dark" may build on the embedded "dark".
                    let own = self.user_file(name).is_some_and(|f| show(&f) == file);
                    if own && p == name {
                        seen.push(name.to_owned());
                    }
                    self.add(p, Some((&file, &text, parent.span().start)), seen, draft)?;
                }
                None => report.add(parent.span().start, "`inherits` must be the name of a theme in quotes"),
            }
        }
        draft.apply(table.get_ref(), &mut report);
        report.finish(())
    }
}

fn show(path: &Path) -> String {
    path.display().to_string()
}

type Key<'a, 'i> = (&'a Spanned<std::borrow::Cow<'i, str>>, &'a Spanned<DeValue<'i>>);

impl Draft {
    fn apply(&mut self, table: &DeTable<'_>, report: &mut Report<'_>) {
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("inherits", _) => {}
                ("palette", DeValue::Table(t)) => t.iter().for_each(|kv| self.palette_entry(kv, report)),
                ("roles", DeValue::Table(_)) => {}
                ("palette" | "roles", _) => {
                    report.add(key.span().start, format!("[{}] must be a table", key.get_ref()));
                }
                (other, _) => {
                    let near = nearest(other, ["inherits", "palette", "roles"]);
                    report.add(key.span().start, format!("unknown key \"{other}\"{near}"));
                }
            }
        }
        if let Some(DeValue::Table(roles)) = table.get("roles").map(Spanned::get_ref) {
            roles.iter().for_each(|kv| self.role_entry(kv, report));
        }
    }

    fn palette_entry(&mut self, (key, value): Key<'_, '_>, report: &mut Report<'_>) {
        let paint = match value.get_ref() {
            DeValue::String(s) => plain_color(s, value.span().start, report),
            DeValue::Integer(n) => plain_color(n.as_str(), value.span().start, report),
            DeValue::Table(t) => {
                let mut paint = None;
                let mut ansi = None;
                for (k, v) in t {
                    match (k.get_ref().as_ref(), v.get_ref().as_str()) {
                        ("rgb", Some(s)) => paint = plain_color(s, v.span().start, report),
                        ("ansi", Some(s)) => {
                            ansi = color::ansi(s);
                            if ansi.is_none() {
                                let near = nearest(s, ANSI_NAMES);
                                report.add(v.span().start, format!("\"{s}\" is not one of the 16 colours{near}"));
                            }
                        }
                        (k2, _) => {
                            let near = nearest(k2, ["rgb", "ansi"]);
                            report.add(k.span().start, format!("unknown key \"{k2}\"{near}"));
                        }
                    }
                }
                if paint.is_none() && t.get("rgb").is_none() {
                    report.add(key.span().start, "a colour needs `rgb`");
                }
                match (paint, ansi) {
                    (Some(p), Some(a)) => Some(p.with_ansi(a)),
                    (p, _) => p,
                }
            }
            _ => {
                report.add(value.span().start, "a colour is a text such as \"#ff5f6b\", a number, or { rgb, ansi }");
                None
            }
        };
        // A wrong colour is told once, not again wherever it is used.
        self.palette.insert(key.get_ref().to_string(), paint.unwrap_or(Paint::DEFAULT));
    }

    fn role_entry(&mut self, (key, value): Key<'_, '_>, report: &mut Report<'_>) {
        let Some(role) = Role::parse(key.get_ref()) else {
            let near = nearest(key.get_ref(), Role::ALL.iter().map(|r| r.name()));
            report.add(key.span().start, format!("unknown role \"{}\"{near}", key.get_ref()));
            return;
        };
        let mut style = RoleStyle::default();
        match value.get_ref() {
            DeValue::String(s) => style.fg = self.color(s, value.span().start, report),
            DeValue::Table(t) => {
                for (k, v) in t {
                    self.style_part(&mut style, (k, v), report);
                }
            }
            _ => report
                .add(value.span().start, "a role is a colour, or { fg, bg, bold, dim, italic, underline, reverse }"),
        }
        self.roles.insert(role, style);
    }

    fn style_part(&self, style: &mut RoleStyle, (key, value): Key<'_, '_>, report: &mut Report<'_>) {
        let modifier = match key.get_ref().as_ref() {
            "fg" | "bg" => {
                let Some(name) = value.get_ref().as_str() else {
                    report.add(value.span().start, "a colour is a text in quotes");
                    return;
                };
                let paint = self.color(name, value.span().start, report);
                if key.get_ref() == "fg" {
                    style.fg = paint;
                } else {
                    style.bg = paint;
                }
                return;
            }
            "bold" => Modifier::BOLD,
            "dim" => Modifier::DIM,
            "italic" => Modifier::ITALIC,
            "underline" => Modifier::UNDERLINED,
            "reverse" => Modifier::REVERSED,
            other => {
                let near = nearest(other, ["fg", "bg", "bold", "dim", "italic", "underline", "reverse"]);
                report.add(key.span().start, format!("unknown key \"{other}\"{near}"));
                return;
            }
        };
        match value.get_ref().as_bool() {
            Some(on) => style.modifiers.set(modifier, on),
            None => report.add(value.span().start, format!("`{}` is true or false", key.get_ref())),
        }
    }

    /// The colour a name stands for: one of the palette, or written out.
    fn paint(&self, name: &str) -> Option<Paint> {
        self.palette.get(name).copied().or_else(|| color::parse(name))
    }

    /// The style of a role, once the whole family is read.
    fn style(&self, role: Role, depth: Depth) -> Style {
        if depth == Depth::None {
            return Style::new().add_modifier(role.mono());
        }
        let Some(style) = self.roles.get(&role) else { return Style::new() };
        let color = |name: &Option<String>| Some(self.paint(name.as_deref()?)?.at(depth));
        Style { fg: color(&style.fg), bg: color(&style.bg), ..Style::new().add_modifier(style.modifiers) }
    }

    /// The name of a colour there is.
    fn color(&self, name: &str, offset: usize, report: &mut Report<'_>) -> Option<String> {
        let known = self.paint(name).is_some();
        if !known {
            let known = self.palette.keys().map(String::as_str).chain(ANSI_NAMES);
            let near = nearest(name, known);
            report.add(offset, format!("unknown colour \"{name}\"{near}"));
        }
        known.then(|| name.to_owned())
    }
}

fn plain_color(text: &str, offset: usize, report: &mut Report<'_>) -> Option<Paint> {
    let paint = color::parse(text);
    if paint.is_none() {
        let near = nearest(text, ANSI_NAMES);
        report.add(
            offset,
            format!("\"{text}\" is not a colour{near} (write #rrggbb, a number from 0 to 255, or a name)"),
        );
    }
    paint
}
