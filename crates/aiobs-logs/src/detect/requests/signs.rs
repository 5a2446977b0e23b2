//! By what an attack shows in a request: at a glance over the line, and then closely in what was asked for. The detector
//! uses it, and the glance is the pipeline's too; it counts nothing.

use super::read::Request;
use crate::template::class::is_date;
use memchr::memmem;
use regex::Regex;
use std::sync::LazyLock;

/// What a request is a sign of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sign {
    Traversal,
    SqlInjection,
    /// A file with secrets was handed out.
    Exposed,
    Scan,
    Login,
}

impl Sign {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Traversal => "path_traversal",
            Self::SqlInjection => "sql_injection",
            Self::Exposed => "secrets_exposed",
            Self::Scan => "scan",
            Self::Login => "sign_ins",
        }
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Traversal => "path traversal tried through the web server",
            Self::SqlInjection => "SQL injection tried through the web server",
            Self::Exposed => "a file with secrets was served",
            Self::Scan => "vulnerability scan of the web server",
            Self::Login => "many failed sign-ins",
        }
    }
}

/// Parts of requests that ordinary ones hardly ever hold, whatever their case. Digits stand in them behind a `%` only.
#[rustfmt::skip]
const RARE: &[&str] = &[
    "'", "../", "..\\", "..%", "..;", "%2e", "%252e", "%c0%ae", "/etc/passwd", "/etc/shadow", "win.ini", "boot.ini",
    "/proc/self/", "union", "select", "sleep(", "sleep%28", "benchmark", "waitfor", "xp_cmdshell", "information_schema",
    "extractvalue", "updatexml", "%27", "%22", "%2527", "drop", "+or+", "+or%20", "%20or%20", "%20or+", "+and+", "+and%20",
    "%20and%20", "%20and+", "wp-", "xmlrpc", "/.env", "/.git", "/.aws", "/.ssh", "/.svn", ".bak", "phpmyadmin", "/pma/",
    "phpunit", "/cgi-bin/", "boaform", "actuator", "_ignition", "hnap", "/solr/", "manager/html", "server-status", "/owa/",
    "autodiscover", "telescope", "id_rsa", ".sql", "/backup.", "jndi:", "jenkins", "hudson", "struts", "zgrab", "nikto", "sqlmap",
    "masscan", "nuclei", "dirbuster", "gobuster", "wpscan", "acunetix", "nessus", "openvas", "feroxbuster", "ffuf",
    "fuzz faster",
];
/// Words for where people sign in, which is looked at in requests that send something.
const SIGN_IN: &[&str] = &["login", "log-in", "logon", "signin", "sign-in", "/session", "/auth", "/token", "/oauth"];
/// `..` in one of its writings, and a way on from it.
const UP: &str = r"(?i)(?:(?:\.|%2e|%252e|%c0%ae){2}(?:;?/|\\|%2f|%5c|%252f|%255c|%c0%af)){2}|(?:\.|%2e|%252e){2}(?:/|\\|%2f|%5c)+(?:etc|proc|windows|winnt|boot\.ini|bin|root|home|var)\b|/etc/(?:passwd|shadow)\b|/proc/self/|(?:win|boot)\.ini\b";
/// SQL where a value is expected.
const SQL: &str = concat!(
    r"(?ix)union(?:%20|%0a|%09|\+|\s|/\*.*?\*/|%2f%2a.*?%2a%2f)+(?:all(?:%20|\+|\s|/\*.*?\*/)+)?select\b",
    r"|(?:'|%27|%2527|%22)(?:%20|\+|\s|/\*\*/|\))*(?:or|and|\|\|)(?:%20|\+|\s|/\*\*/|\()+(?:'|%27|%22)?\w+(?:'|%27|%22)?(?:%20|\+|\s)*(?:=|%3d|like\b|<|>|%3c|%3e)",
    r"|=\d+(?:%20|\+|\s)+(?:or|and)(?:%20|\+|\s)+(\d)\d*(?:=|%3d)\d",
    r"|(?:'|%27)(?:%20|\+|\s|\))*(?:--|%2d%2d|;|%3b)",
    r"|(?:;|%3b)(?:%20|\+|\s)*(?:drop|insert|update|delete|select|exec|shutdown)(?:%20|\+|\s)",
    r"|[^a-z](?:pg_)?sleep(?:\(|%28)\d|benchmark(?:\(|%28)\d|waitfor(?:%20|\+|\s)+delay\b|xp_cmdshell|information_schema",
    r"|(?:extractvalue|updatexml)(?:\(|%28)",
);
/// Files that hold secrets.
const SECRETS: &str = r"(?i)^(?:https?://[^/]+)?/(?:[\w.-]+/)*(?:\.env(?:\.\w+)?|\.git/(?:config|head|index)|\.aws/credentials|\.ssh/\w+|id_rsa|\.svn/entries|(?:dump|backup|db)\.sql(?:\.gz)?|wp-config\.php\.bak)(?:[?#]|$)";
/// What scanners ask every server for.
const WANTED: &str = r"(?i)^(?:https?://[^/]+)?/+(?:[\w-]+/)?(?:wp-login\.php|wp-admin\b|wp-content/|wp-includes/|xmlrpc\.php|\.env\b|\.git/|\.aws/|\.ssh/|\.svn/|id_rsa|phpmyadmin|pma/|vendor/phpunit|cgi-bin/|boaform|actuator(?:/|$)|_ignition|hnap1|solr/|manager/html|server-status|owa/|autodiscover|telescope/|hudson|jenkins/|struts|dump\.sql|backup\.)|jndi:";
/// Programs that scan, as they call themselves.
const TOOLS: &str = r"(?i)\b(?:zgrab|nikto|sqlmap|masscan|nuclei|dirbuster|gobuster|wpscan|acunetix|nessus|openvas|feroxbuster|ffuf)\b(?:/v?\d| v\d| - )|fuzz faster u fool";
/// Where people sign in.
const DOORS: &str =
    r"(?i)/(?:[\w.-]*(?:log-?in|logon|sign-?in)[\w.-]*|sessions?|auth(?:enticate)?|token|oauth2?/token)(?:[/?#]|$)";

static ODD: LazyLock<Option<Regex>> = LazyLock::new(|| any(RARE));
static ENTRY: LazyLock<Option<Regex>> = LazyLock::new(|| any(SIGN_IN));

fn any(pieces: &[&str]) -> Option<Regex> {
    let pieces: Vec<String> = pieces.iter().map(|piece| regex::escape(piece)).collect();
    Regex::new(&format!("(?i-u){}", pieces.join("|"))).ok()
}

/// Whether a line is worth reading as a request, told at a glance. What it says of one line holds for all that differ
/// from it in their values only, if the line holds no `%` and none of the values [`tells`] anything.
pub fn stands_out(line: &str) -> bool {
    let posted = || memmem::find(line.as_bytes(), b"POST").is_some();
    is(ODD.as_ref(), line) || (posted() && is(ENTRY.as_ref(), line))
}

/// Whether a value may make its line stand out: it has letters that are not those of a date.
pub fn tells(value: &[u8]) -> bool {
    let date = matches!(value, [_, _, b'/', _, _, _, b'/', ..]) || is_date(value);
    !date && value.iter().any(|b| !b.is_ascii_digit() && !b.is_ascii_punctuation())
}

/// The expressions, compiled once.
pub(super) struct Signs {
    up: Option<Regex>,
    sql: Option<Regex>,
    secrets: Option<Regex>,
    wanted: Option<Regex>,
    tools: Option<Regex>,
    doors: Option<Regex>,
}

fn is(regex: Option<&Regex>, text: &str) -> bool {
    regex.is_some_and(|r| r.is_match(text))
}

impl Signs {
    pub(super) fn new() -> Self {
        let [up, sql, secrets, wanted, tools, doors] =
            [UP, SQL, SECRETS, WANTED, TOOLS, DOORS].map(|e| Regex::new(e).ok());
        Self { up, sql, secrets, wanted, tools, doors }
    }

    /// What the request of a line that is worth reading is a sign of. Most such lines are sign-ins and nothing else.
    pub(super) fn of(&self, request: &Request<'_>, text: &str) -> Option<Sign> {
        let odd = if is(ODD.as_ref(), text) { self.odd(request, text) } else { None };
        odd.or_else(|| self.sign_in(request))
    }

    fn sign_in(&self, request: &Request<'_>) -> Option<Sign> {
        let path = request.target.split_once('?').map_or(request.target, |(path, _)| path);
        (request.method == "POST" && is(self.doors.as_ref(), path)).then_some(Sign::Login)
    }

    fn odd(&self, request: &Request<'_>, text: &str) -> Option<Sign> {
        let (target, status) = (request.target, request.status);
        let served = matches!(status, Some(200..=299));
        let missed = matches!(status, Some(400 | 401 | 403..=405 | 410 | 444));
        // Who asks stands behind what was asked for, which may be a search for the name of a scanner.
        let behind = text.split_once(target).map_or("", |(_, behind)| behind);
        let (path, parameters) = target.split_once('?').unwrap_or((target, ""));
        if is(self.up.as_ref(), target) {
            Some(Sign::Traversal)
        } else if is(self.sql.as_ref(), target) && (!parameters.is_empty() || path.contains(['\'', ';', '%'])) {
            Some(Sign::SqlInjection)
        } else if served && request.method == "GET" && is(self.secrets.as_ref(), target) {
            Some(Sign::Exposed)
        } else if missed && is(self.wanted.as_ref(), target) || is(self.tools.as_ref(), behind) {
            Some(Sign::Scan)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_is_one() {
        let s = Signs::new();
        for (name, regex) in [
            ("rare", &*ODD),
            ("sign_in", &*ENTRY),
            ("up", &s.up),
            ("sql", &s.sql),
            ("secrets", &s.secrets),
            ("wanted", &s.wanted),
            ("tools", &s.tools),
            ("doors", &s.doors),
        ] {
            assert!(regex.is_some(), "{name}");
        }
    }

    #[test]
    fn digits_that_differ_in_lines_of_one_shape_do_not_decide() {
        for piece in RARE.iter().chain(SIGN_IN) {
            assert!(piece.contains('%') || !piece.bytes().any(|b| b.is_ascii_digit()), "{piece}");
        }
        assert!(tells(b"sel3ct") && tells("é".as_bytes()));
        for value in ["07/Jan/2025:14:22:31", "2025-01-07T14:22:31Z", "10.0.0.7:443", "-1,5"] {
            assert!(!tells(value.as_bytes()), "{value}");
        }
    }
}
