//! A number with a unit, as it stands in log texts and is typed in filters: `734`, `1.2s`, `1m30s`, `512KiB`, `93%`.

use std::cmp::Ordering;

/// What a number counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// No unit is written.
    #[default]
    None,
    /// Time; the base is a nanosecond.
    Time,
    /// Bytes; the base is a byte.
    Bytes,
    /// Percent.
    Percent,
}

/// A number with its unit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quantity {
    /// The number in the unit's base: nanoseconds, bytes, percent, or as written. Always finite.
    pub value: f64,
    /// The number as written, before the unit is applied.
    pub written: f64,
    /// What it counts.
    pub unit: Unit,
}

/// Units of time in nanoseconds; `m` is a minute. Case counts.
const TIMES: &[(&str, f64)] = &[
    ("ns", 1.0),
    ("us", 1e3),
    ("\u{b5}s", 1e3),
    ("\u{3bc}s", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("sec", 1e9),
    ("m", 60e9),
    ("min", 60e9),
    ("h", 3600e9),
    ("d", 86_400e9),
];

/// Units of size in bytes, in lower case. Case does not count.
const SIZES: &[(&str, f64)] = &[
    ("b", 1.0),
    ("kb", 1e3),
    ("mb", 1e6),
    ("gb", 1e9),
    ("tb", 1e12),
    ("kib", 1024.0),
    ("mib", 1_048_576.0),
    ("gib", 1_073_741_824.0),
    ("tib", 1_099_511_627_776.0),
];

/// Endings of names that say in which unit the plain numbers under them are.
const NAMES: &[(&str, Unit, f64)] = &[
    ("ns", Unit::Time, 1.0),
    ("nanos", Unit::Time, 1.0),
    ("us", Unit::Time, 1e3),
    ("micros", Unit::Time, 1e3),
    ("ms", Unit::Time, 1e6),
    ("millis", Unit::Time, 1e6),
    ("s", Unit::Time, 1e9),
    ("sec", Unit::Time, 1e9),
    ("secs", Unit::Time, 1e9),
    ("seconds", Unit::Time, 1e9),
    ("bytes", Unit::Bytes, 1.0),
    ("kb", Unit::Bytes, 1e3),
    ("kib", Unit::Bytes, 1024.0),
    ("mb", Unit::Bytes, 1e6),
    ("mib", Unit::Bytes, 1_048_576.0),
];

impl Quantity {
    /// Reads the whole text; `None` when it is no number, or one with an unknown unit.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (written, rest) = number(text)?;
        if rest.is_empty() {
            return Some(Self { value: written, written, unit: Unit::None });
        }
        if rest.trim_start() == "%" {
            return Some(Self { value: written, written, unit: Unit::Percent });
        }
        let word = rest.trim_start();
        let size = || SIZES.iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
        if let Some((_, factor)) = size() {
            return finite(written * factor, written, Unit::Bytes);
        }
        let value = times(text)?;
        finite(value, written, Unit::Time)
    }

    /// Compares with the value `text` of a field called `name`. When only one side has a unit, a unit in the name
    /// (`took_ms`, `size_bytes`) counts for a plain field; otherwise, for a plain `self` or percent, the numbers are
    /// compared as they are written. `None` when the two cannot be compared.
    pub fn compare_field(&self, name: &str, text: &str) -> Option<Ordering> {
        let field = Self::parse(text)?;
        if field.unit == self.unit {
            return field.value.partial_cmp(&self.value);
        }
        if self.unit == Unit::None {
            return field.written.partial_cmp(&self.written);
        }
        if field.unit != Unit::None {
            return None;
        }
        if self.unit == Unit::Percent {
            return field.value.partial_cmp(&self.value);
        }
        let factor = factor_of(name, self.unit)?;
        (field.value * factor).partial_cmp(&self.value)
    }
}

fn finite(value: f64, written: f64, unit: Unit) -> Option<Quantity> {
    value.is_finite().then_some(Quantity { value, written, unit })
}

/// The number at the front and what follows it.
fn number(text: &str) -> Option<(f64, &str)> {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let sign = usize::from(matches!(bytes.first(), Some(b'-' | b'+')));
    let mut end = sign + digits(sign);
    let whole = end - sign;
    if bytes.get(end) == Some(&b'.') {
        let part = digits(end + 1);
        if whole == 0 && part == 0 {
            return None;
        }
        end += 1 + part;
    } else if whole == 0 {
        return None;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let signed = usize::from(matches!(bytes.get(end + 1), Some(b'-' | b'+')));
        let power = bytes.get(end + 1 + signed..).map_or(0, |_| digits(end + 1 + signed));
        if power > 0 {
            end += 1 + signed + power;
        }
    }
    let value: f64 = text.get(..end)?.parse().ok()?;
    value.is_finite().then(|| (value, &text[end..]))
}

/// `1m30.5s`: nanoseconds.
fn times(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut total = 0.0;
    let negative = rest.starts_with('-');
    while !rest.is_empty() {
        let (value, after) = number(rest)?;
        let after = after.trim_start();
        let length = after.find(|c: char| c.is_ascii_digit() || c == '.' || c == ' ').unwrap_or(after.len());
        let (_, factor) = TIMES.iter().find(|(name, _)| *name == &after[..length])?;
        total += value.abs() * factor;
        rest = after[length..].trim_start();
    }
    Some(if negative { -total } else { total })
}

/// Base units per number under this name, when the name says so.
fn factor_of(name: &str, unit: Unit) -> Option<f64> {
    let last = name.rsplit(['.', '_', '-']).next().unwrap_or(name);
    let camel = last.rfind(|c: char| c.is_ascii_uppercase()).map_or(last, |at| &last[at..]);
    let named = |word: &str| NAMES.iter().find(|(n, u, _)| *u == unit && word.eq_ignore_ascii_case(n)).map(|n| n.2);
    (last.len() < name.len())
        .then(|| named(last))
        .flatten()
        .or_else(|| (camel.len() < last.len()).then(|| named(camel)).flatten())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn q(text: &str) -> Quantity {
        Quantity::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn numbers_and_units_are_read() {
        for (text, value, unit) in [
            ("734", 734.0, Unit::None),
            ("-1.5e3", -1500.0, Unit::None),
            (".5", 0.5, Unit::None),
            ("500ms", 5e8, Unit::Time),
            ("1.2 s", 1.2e9, Unit::Time),
            ("1m30.5s", 90.5e9, Unit::Time),
            ("15\u{b5}s", 15e3, Unit::Time),
            ("2h", 7200e9, Unit::Time),
            ("4kB", 4000.0, Unit::Bytes),
            ("1.5 MiB", 1_572_864.0, Unit::Bytes),
            ("93 %", 93.0, Unit::Percent),
        ] {
            assert_eq!((q(text).value, q(text).unit), (value, unit), "{text}");
        }
        for text in ["", "ms", "1.2.3", "10.0.0.1", "5xyz", "1e999", "0x10", "--1", "1h2", "1 2", "-", "nan", "inf"] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
    }

    #[test]
    fn fields_are_compared_in_the_unit_that_is_known() {
        let over = |filter: &str, name: &str, field: &str| q(filter).compare_field(name, field).map(Ordering::is_gt);
        assert_eq!(over("500ms", "latency", "1.2s"), Some(true));
        assert_eq!(over("500ms", "latency", "499ms"), Some(false));
        assert_eq!(over("500ms", "latency_ms", "734"), Some(true));
        assert_eq!(over("1s", "durationMs", "734"), Some(false));
        assert_eq!(over("500ms", "latency", "734"), None);
        assert_eq!(over("500", "latency", "734ms"), Some(true));
        assert_eq!(over("1kB", "size", "2s"), None);
        assert_eq!(over("90%", "cpu", "93"), Some(true));
        assert_eq!(over("90%", "cpu", "12%"), Some(false));
        assert_eq!(over("1MiB", "body_bytes", "2000000"), Some(true));
        assert_eq!(over("5", "n", "five"), None);
        // `ms` alone is a name, not a unit of one.
        assert_eq!(over("500ms", "ms", "734"), None);
    }
}
