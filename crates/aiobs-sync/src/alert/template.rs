//! The words of alerts: templates that are built in and may each be replaced by a file of the user's own. What is put
//! into them is escaped for where it goes; a template cannot run for ever.

use super::{Alert, AlertState};
use aiobs_types::{Level, Timestamp};
use jiff::tz::TimeZone;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, ErrorKind, Output, State, UndefinedBehavior, context};
use serde::Serialize;
use std::fmt::Write as _;
use std::path::Path;

/// Steps a template may take.
const FUEL: u64 = 200_000;
/// How the formatter knows chats' own markup.
const SLACK: &str = "slack";
const MARKDOWN: &str = "markdown";

/// Before the names of the user's own.
const OWN: &str = "own/";
/// What templates see.
const NAMES: &str = "there are alerts, first, worst (a level), held and host";

/// Name and text of every template.
pub const TEMPLATES: [(&str, &str); 6] = [
    ("subject.txt", include_str!("../../../../assets/alerts/subject.txt")),
    ("mail.txt", include_str!("../../../../assets/alerts/mail.txt")),
    ("mail.html", include_str!("../../../../assets/alerts/mail.html")),
    ("chat.md", include_str!("../../../../assets/alerts/chat.md")),
    ("slack.txt", include_str!("../../../../assets/alerts/slack.txt")),
    ("line.txt", include_str!("../../../../assets/alerts/line.txt")),
];

/// What is wrong with a template: file, line, what.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(pub String);

/// See the module.
#[derive(Debug)]
pub struct Templates {
    env: Environment<'static>,
    zone: TimeZone,
}

/// An alert as templates see it.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    alert: &'a Alert,
    state: &'static str,
    level: &'static str,
    components: String,
    began: String,
    last: String,
}

impl Templates {
    /// The built-in ones, and the files of the same names in `dir` in their place; with all that is wrong with those files: it
    /// cannot be read, has no template's name, or does not render. The built-in one stands in for a file that is wrong.
    pub fn load(dir: Option<&Path>, zone: TimeZone) -> (Self, Vec<TemplateError>) {
        let mut env = Environment::new();
        env.set_fuel(Some(FUEL));
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.set_trim_blocks(true);
        env.set_lstrip_blocks(true);
        env.set_auto_escape_callback(|name| match name.rsplit('/').next().unwrap_or(name) {
            "mail.html" => AutoEscape::Html,
            "chat.md" => AutoEscape::Custom(MARKDOWN),
            "slack.txt" => AutoEscape::Custom(SLACK),
            _ => AutoEscape::None,
        });
        env.set_formatter(write);
        let mut wrong = Vec::new();
        for (name, text) in TEMPLATES {
            wrong.extend(env.add_template(name, text).err().map(|e| told(name, &e)));
        }
        let mut templates = Self { env, zone };
        if let Some(dir) = dir.filter(|d| d.is_dir()) {
            wrong.extend(templates.replace(dir));
        }
        (templates, wrong)
    }

    /// Takes the files of a directory; what is wrong with them.
    fn replace(&mut self, dir: &Path) -> Vec<TemplateError> {
        let fault = |path: &Path, e: &std::io::Error| TemplateError(format!("{}: {e}", path.display()));
        let files = std::fs::read_dir(dir)
            .and_then(|entries| entries.map(|e| e.map(|e| e.path())).collect::<Result<Vec<_>, _>>());
        let mut files = match files {
            Ok(files) => files,
            Err(e) => return vec![fault(dir, &e)],
        };
        files.sort();
        let mut wrong = Vec::new();
        for path in files {
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            if name.starts_with('.') || name.ends_with('~') || path.is_dir() {
                continue;
            }
            let Some((known, _)) = TEMPLATES.iter().find(|(known, _)| *known == name) else {
                let all = TEMPLATES.map(|(known, _)| known).join(", ");
                wrong.push(TemplateError(format!("{}: no template has this name; there are {all}", path.display())));
                continue;
            };
            match std::fs::read_to_string(&path) {
                Ok(text) => wrong.extend(self.take(known, text, &path.display().to_string()).err()),
                Err(e) => wrong.push(fault(&path, &e)),
            }
        }
        wrong
    }

    /// Puts one of the user's own in the place of the built-in one, when it works for every state and for several alerts.
    fn take(&mut self, known: &'static str, text: String, shown: &str) -> Result<(), TemplateError> {
        let own = format!("{OWN}{known}");
        let named = |e: TemplateError| TemplateError(e.0.replacen(&own, shown, 1));
        self.env.add_template_owned(own.clone(), text).map_err(|e| named(told(&own, &e)))?;
        // What is wrong is told now, and not when something has happened.
        let over = Alert { state: AlertState::Resolved, ..Alert::test("host") };
        for alerts in [vec![Alert::test("host")], vec![Alert::test("host"), over]] {
            if let Err(e) = self.rendered(&own, &alerts) {
                self.env.remove_template(&own);
                return Err(named(e));
            }
        }
        Ok(())
    }

    /// The text of one message about these alerts, the worst first. A template of the user's own that fails on what it is given
    /// gives way to the built-in one: an alert in other words is better than none.
    ///
    /// # Errors
    /// What is wrong with the template.
    pub fn render(&self, name: &str, alerts: &[Alert]) -> Result<String, TemplateError> {
        let own = format!("{OWN}{name}");
        if self.env.get_template(&own).is_ok() {
            match self.rendered(&own, alerts) {
                Ok(text) => return Ok(text),
                Err(e) => tracing::warn!("alerts/{}; the built-in words are used", e.0.trim_start_matches(OWN)),
            }
        }
        self.rendered(name, alerts)
    }

    fn rendered(&self, name: &str, alerts: &[Alert]) -> Result<String, TemplateError> {
        let mut order: Vec<&Alert> = alerts.iter().collect();
        order.sort_by_key(|a| (a.state == AlertState::Resolved, std::cmp::Reverse((a.level, a.criticality))));
        let all: Vec<Shown<'_>> = order.iter().map(|a| self.shown(a)).collect();
        let worst = order.iter().map(|a| a.level).max().unwrap_or(Level::Unset).name();
        let held = alerts.iter().map(|a| a.held).sum::<u64>();
        let host = order.first().map_or("", |a| &a.host);
        let values = context! { first => all.first(), alerts => all, worst, held, host };
        let template = self.env.get_template(name).map_err(|e| told(name, &e))?;
        template.render(values).map_err(|e| told(name, &e))
    }

    /// The same on one line: for subjects.
    ///
    /// # Errors
    /// As [`Templates::render`].
    pub fn line(&self, name: &str, alerts: &[Alert]) -> Result<String, TemplateError> {
        Ok(self.render(name, alerts)?.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    fn shown<'a>(&self, alert: &'a Alert) -> Shown<'a> {
        Shown {
            alert,
            state: alert.state.name(),
            level: alert.level.name(),
            components: alert.components.join(", "),
            began: self.time(alert.began),
            last: self.time(alert.last),
        }
    }

    fn time(&self, at: Timestamp) -> String {
        jiff::Timestamp::from_nanosecond(i128::from(at.0)).map_or_else(
            |_| "-".to_owned(),
            |t| t.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string(),
        )
    }
}

fn told(name: &str, e: &minijinja::Error) -> TemplateError {
    let line = e.line().map_or_else(String::new, |l| format!(":{l}"));
    let what = match e.kind() {
        ErrorKind::UndefinedError => format!("a name that does not exist here; {NAMES}"),
        ErrorKind::OutOfFuel => "it does too much".to_owned(),
        _ => e.detail().map_or_else(|| e.kind().to_string(), str::to_owned),
    };
    TemplateError(format!("{name}{line}: {what}"))
}

/// Puts a value into a template, escaped for where it goes.
fn write(out: &mut Output<'_>, state: &State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    let special: &[(char, &str)] = match state.auto_escape() {
        AutoEscape::Custom(SLACK) => &[('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;")],
        AutoEscape::Custom(MARKDOWN) => &[
            ('\\', "\\\\"),
            ('*', "\\*"),
            ('_', "\\_"),
            ('`', "\\`"),
            ('[', "\\["),
            (']', "\\]"),
            ('<', "\\<"),
            ('>', "\\>"),
            ('|', "\\|"),
            ('@', "\\@"),
        ],
        _ => return minijinja::escape_formatter(out, state, value),
    };
    if value.is_undefined() || value.is_none() {
        return minijinja::escape_formatter(out, state, &Value::from(""));
    }
    for c in value.to_string().chars() {
        let written = match special.iter().find(|(from, _)| *from == c) {
            Some((_, to)) => out.write_str(to),
            None => out.write_char(c),
        };
        written.map_err(minijinja::Error::from)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::testing::alert;
    use super::{TEMPLATES, Templates};
    use crate::alert::AlertState;
    use jiff::tz::TimeZone;

    #[test]
    fn every_template_renders_one_alert_and_several_with_everything_in_it() {
        let templates = Templates::load(None, TimeZone::UTC).0;
        for (name, _) in TEMPLATES {
            let one = templates.render(name, &[alert(AlertState::Diagnosed)]).unwrap();
            assert!(one.contains("Database refuses connections"), "{name}: {one}");
            let two = templates.render(name, &[alert(AlertState::Open), alert(AlertState::Resolved)]).unwrap();
            assert!(!two.trim().is_empty(), "{name}");
            if matches!(name, "mail.txt" | "mail.html" | "chat.md" | "slack.txt") {
                for part in ["pool was raised", "Scale orders down", "2026-01-05 10:00:00 UTC", "orders"] {
                    assert!(one.contains(part), "{name}: {part}\n{one}");
                }
                assert!(two.contains("All clear"), "{name}: {two}");
            }
        }
    }

    #[test]
    fn what_a_log_says_is_escaped_where_it_goes() {
        let templates = Templates::load(None, TimeZone::UTC).0;
        let hostile = crate::Alert { title: "<img src=x> *b* @all".into(), ..alert(AlertState::Open) };
        let html = templates.render("mail.html", std::slice::from_ref(&hostile)).unwrap();
        assert!(html.contains("&lt;img src=x&gt;") && !html.contains("<img"), "{html}");
        let slack = templates.render("slack.txt", std::slice::from_ref(&hostile)).unwrap();
        assert!(slack.contains("&lt;img src=x&gt;"), "{slack}");
        let chat = templates.render("chat.md", &[hostile]).unwrap();
        assert!(chat.contains("\\<img src=x\\> \\*b\\* \\@all"), "{chat}");
    }

    #[test]
    fn own_files_replace_the_built_in_and_mistakes_are_told_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        let load = || Templates::load(Some(dir.path()), TimeZone::UTC);
        let wrong = || load().1.iter().map(ToString::to_string).collect::<Vec<_>>();
        put("subject.txt", "{{ first.title }} on {{ host }}\n");
        let line = |templates: &Templates, state| templates.line("subject.txt", &[alert(state)]).unwrap();
        assert_eq!(
            (line(&load().0, AlertState::Open).as_str(), wrong().len()),
            ("Database refuses connections on web-1", 0)
        );
        for (text, want) in [
            ("a\n{{ first.titel }}", "subject.txt:2: a name that does not exist here; there are alerts, first"),
            ("{% if %}", "subject.txt:1: "),
            ("{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}", "subject.txt"),
        ] {
            put("subject.txt", text);
            let told = wrong();
            assert_eq!(told.len(), 1);
            assert!(told[0].contains(want) && told[0].contains(dir.path().to_str().unwrap()), "{told:?}");
            let built_in = Templates::load(None, TimeZone::UTC).0;
            assert_eq!(
                line(&load().0, AlertState::Open),
                line(&built_in, AlertState::Open),
                "somebody is told all the same"
            );
        }
        // All mistakes at once, and one that shows only later does not keep an alert back.
        put("sms.txt", "x");
        put("line.txt", "{{ nothing }}");
        let told = wrong();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[1].contains("sms.txt: no template has this name; there are subject.txt, mail.txt"), "{told:?}");
        put("subject.txt", "{% if first.state == 'diagnosed' %}{{ first.nothing }}{% endif %}own");
        assert_eq!(line(&load().0, AlertState::Open), "own");
        assert!(line(&load().0, AlertState::Diagnosed).contains("Database refuses connections"));
    }
}
