//! The placeholders of templates and what a piece of a word looks like. Pure functions on bytes.

/// What kind of value a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Placeholder {
    /// A whole or decimal number, a percentage.
    Num,
    /// A hexadecimal number or digest.
    Hex,
    /// An IPv4 or IPv6 address.
    Ip,
    /// A UUID.
    Uuid,
    /// A file path.
    Path,
    /// What follows the scheme of a URL.
    Url,
    /// A number with a unit of time.
    Duration,
    /// A number with a unit of size.
    Size,
    /// A date, a time of day or both.
    Time,
    /// A host name.
    Host,
    /// The user part of an address.
    User,
    /// An identifier or a word that varies.
    Str,
    /// Values of several kinds, or the rest of a long message.
    Any,
}

impl Placeholder {
    /// All placeholders.
    pub const ALL: [Self; 13] = [
        Self::Num,
        Self::Hex,
        Self::Ip,
        Self::Uuid,
        Self::Path,
        Self::Url,
        Self::Duration,
        Self::Size,
        Self::Time,
        Self::Host,
        Self::User,
        Self::Str,
        Self::Any,
    ];

    /// As it stands in a template's text.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Num => "<num>",
            Self::Hex => "<hex>",
            Self::Ip => "<ip>",
            Self::Uuid => "<uuid>",
            Self::Path => "<path>",
            Self::Url => "<url>",
            Self::Duration => "<duration>",
            Self::Size => "<size>",
            Self::Time => "<time>",
            Self::Host => "<host>",
            Self::User => "<user>",
            Self::Str => "<str>",
            Self::Any => "<*>",
        }
    }

    /// The placeholder that `text` starts with.
    pub fn at_start(text: &str) -> Option<Self> {
        if !text.starts_with('<') {
            return None;
        }
        Self::ALL.into_iter().find(|p| text.starts_with(p.text()))
    }

    /// A template's text with every placeholder as `<*>`, the way public benchmarks write templates.
    pub fn starred(template: &str) -> String {
        let mut out = String::with_capacity(template.len());
        let mut rest = template;
        while let Some(at) = rest.find('<') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let (text, len) = Self::at_start(rest).map_or(("<", 1), |p| ("<*>", p.text().len()));
            out.push_str(text);
            rest = &rest[len..];
        }
        out.push_str(rest);
        out
    }

    /// One placeholder for values of both kinds.
    pub const fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Ip | Self::Host, Self::Ip | Self::Host) => {
                if matches!((self, other), (Self::Ip, Self::Ip)) {
                    Self::Ip
                } else {
                    Self::Host
                }
            }
            (Self::Num | Self::Hex, Self::Num | Self::Hex) => {
                if matches!((self, other), (Self::Num, Self::Num)) {
                    Self::Num
                } else {
                    Self::Hex
                }
            }
            (a, b) if a as u8 == b as u8 => a,
            (Self::Str, _) | (_, Self::Str) => Self::Str,
            _ => Self::Any,
        }
    }
}

pub(super) fn all_digits(s: &[u8]) -> bool {
    !s.is_empty() && s.iter().all(u8::is_ascii_digit)
}

/// `12`, `-3.5`, `+1e9`, `99%`.
pub(super) fn is_number(s: &[u8]) -> bool {
    let s = s.strip_prefix(b"-").or_else(|| s.strip_prefix(b"+")).unwrap_or(s);
    let s = s.strip_suffix(b"%").unwrap_or(s);
    let mut dots = 0;
    let mut digits = 0;
    for (i, b) in s.iter().enumerate() {
        match b {
            b'0'..=b'9' => digits += 1,
            b'.' => dots += 1,
            b'e' | b'E' if digits > 0 => {
                let exponent = &s[i + 1..];
                let exponent = exponent.strip_prefix(b"-").or_else(|| exponent.strip_prefix(b"+")).unwrap_or(exponent);
                return dots <= 1 && all_digits(exponent) && (dots == 1 || exponent.len() < s.len() - i - 1);
            }
            _ => return false,
        }
    }
    digits > 0 && dots <= 1
}

/// A number that ends in a unit: `10ms`, `1.5h`, `17.7KB`, `64MiB`. Also composed ones: `1h5m3s`.
pub(super) fn measure(s: &[u8]) -> Option<Placeholder> {
    let split = s.iter().position(u8::is_ascii_alphabetic)?;
    if split == 0 || !is_number(&s[..split]) {
        return s.starts_with("µ".as_bytes()).then_some(Placeholder::Duration);
    }
    match &s[split..] {
        b"ns" | b"us" | b"ms" | b"s" | b"sec" | b"secs" | b"m" | b"min" | b"mins" | b"h" | b"hr" | b"hrs" | b"d" => {
            Some(Placeholder::Duration)
        }
        b"B" | b"b" | b"K" | b"KB" | b"kB" | b"kb" | b"k" | b"KiB" | b"M" | b"MB" | b"Mb" | b"MiB" | b"G" | b"GB"
        | b"Gb" | b"GiB" | b"T" | b"TB" | b"TiB" | b"bytes" => Some(Placeholder::Size),
        rest if rest.iter().any(u8::is_ascii_digit) => {
            let unit = rest.iter().position(u8::is_ascii_digit)?;
            let first = matches!(&rest[..unit], b"h" | b"m" | b"s" | b"d" | b"ms");
            (first && measure(&rest[unit..]) == Some(Placeholder::Duration)).then_some(Placeholder::Duration)
        }
        _ => None,
    }
}

/// `0x1f`, or at least six hexadecimal digits with a decimal one among them.
pub(super) fn is_hex(s: &[u8]) -> bool {
    if let Some(rest) = s.strip_prefix(b"0x").or_else(|| s.strip_prefix(b"0X")) {
        return !rest.is_empty() && rest.iter().all(u8::is_ascii_hexdigit);
    }
    s.len() >= 6 && s.iter().all(u8::is_ascii_hexdigit) && s.iter().any(u8::is_ascii_digit)
}

pub(crate) fn is_uuid(s: &[u8]) -> bool {
    s.len() == 36
        && [8, 13, 18, 23].iter().all(|i| s[*i] == b'-')
        && s.iter().filter(|b| b.is_ascii_hexdigit()).count() == 32
}

pub(super) fn is_ipv4(s: &[u8]) -> bool {
    if s.len() > 15 {
        return false;
    }
    let mut parts = 0;
    for part in s.split(|b| *b == b'.') {
        parts += 1;
        if part.len() > 3 || !all_digits(part) {
            return false;
        }
    }
    parts == 4
}

/// IPv6 or a hardware address: groups of hexadecimal digits between colons.
pub(super) fn is_colon_address(s: &[u8]) -> bool {
    let mut groups = 0;
    let mut empty = 0;
    for group in s.split(|b| *b == b':') {
        groups += 1;
        if group.is_empty() {
            empty += 1;
        } else if group.len() > 4 || !group.iter().all(u8::is_ascii_hexdigit) {
            return false;
        }
    }
    groups >= 6 && empty <= 2 || groups >= 3 && (1..=3).contains(&empty) && s.windows(2).any(|w| w == b"::")
}

/// `7:07`, `07:07:00`, `07:07:00.123`, `07:07:00,123`.
pub(super) fn is_clock(s: &[u8]) -> bool {
    let mut fields = 0;
    for part in s.split(|b| *b == b':') {
        fields += 1;
        let whole = part.split(|b| matches!(b, b'.' | b',')).next().unwrap_or(part);
        if whole.len() > 2 || !all_digits(whole) || (fields < 3 && whole.len() != part.len()) {
            return false;
        }
        if whole.len() != part.len() && !all_digits(&part[whole.len() + 1..]) {
            return false;
        }
        if fields > 1 && whole.len() != 2 {
            return false;
        }
    }
    (2..=3).contains(&fields)
}

/// `2025-01-07`, `2025/01/07`, `2025-01-07T14:30:15.123Z` and the like.
pub(crate) fn is_date(s: &[u8]) -> bool {
    let Some((date, rest)) = s.split_at_checked(10) else { return false };
    let sep = date[4];
    let plain = matches!(sep, b'-' | b'/' | b'.')
        && date[7] == sep
        && all_digits(&date[..4])
        && all_digits(&date[5..7])
        && all_digits(&date[8..]);
    plain
        && (rest.is_empty()
            || matches!(rest[0], b'T' | b't' | b'_' | b'-')
                && rest[1..].iter().all(|b| b.is_ascii_digit() || b":.,+-Zz".contains(b)))
}

/// Dotted labels that end in a lower-case top-level label: at least `labels` of them.
pub(super) fn is_host(s: &[u8], labels: usize) -> bool {
    let mut n = 0;
    let mut last: &[u8] = &[];
    for label in s.split(|b| *b == b'.') {
        if label.is_empty() || !label.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
            return false;
        }
        n += 1;
        last = label;
    }
    n >= labels && (2..=8).contains(&last.len()) && last.iter().all(u8::is_ascii_lowercase) && !is_file_suffix(last)
}

/// Whether a word holds one of the top-level labels that tell a host name from a dotted identifier, so that it is
/// worth a closer look.
pub(super) fn ends_like_host(s: &[u8]) -> bool {
    const TOP: [&[u8]; 10] =
        [b".com", b".net", b".org", b".edu", b".gov", b".info", b".local", b".internal", b".lan", b".cloud"];
    TOP.iter().any(|top| {
        memchr::memmem::find(s, top).is_some_and(|at| s.get(at + top.len()).is_none_or(|b| !b.is_ascii_alphanumeric()))
    })
}

fn is_file_suffix(s: &[u8]) -> bool {
    matches!(
        s,
        b"c" | b"cc"
            | b"cpp"
            | b"cs"
            | b"css"
            | b"conf"
            | b"go"
            | b"gz"
            | b"h"
            | b"html"
            | b"java"
            | b"js"
            | b"json"
            | b"kt"
            | b"log"
            | b"php"
            | b"pl"
            | b"py"
            | b"rb"
            | b"rs"
            | b"scala"
            | b"sh"
            | b"so"
            | b"sql"
            | b"ts"
            | b"txt"
            | b"xml"
            | b"yaml"
            | b"yml"
            | b"zip"
            | b"exe"
            | b"dll"
            | b"jar"
            | b"class"
            | b"properties"
    )
}

pub(super) fn is_weekday(s: &[u8]) -> bool {
    matches!(s, b"Mon" | b"Tue" | b"Wed" | b"Thu" | b"Fri" | b"Sat" | b"Sun")
}

pub(super) fn is_month(s: &[u8]) -> bool {
    matches!(
        s,
        b"Jan" | b"Feb" | b"Mar" | b"Apr" | b"May" | b"Jun" | b"Jul" | b"Aug" | b"Sep" | b"Oct" | b"Nov" | b"Dec"
    )
}
