//! Zones behind a clock: offsets, `Z`, abbreviations. Used by [`super::time`]; it resolves nothing, [`super::civil`] does.

use super::civil::Stamp;
use super::time::two;

/// A zone after a clock, perhaps after a space; without one the stamp stays local.
pub(super) fn zoned(b: &[u8], stamp: Stamp, end: usize) -> (Stamp, usize) {
    let spaced = b.get(end) == Some(&b' ');
    let at = end + usize::from(spaced);
    if !matches!(b.get(at), Some(b'+' | b'-' | b'z' | b'A'..=b'Z')) {
        return (stamp, end);
    }
    match zone(b, at) {
        // After a space a bare `-05` may as well be the start of a message.
        Some((_, stop)) if spaced && stop - at == 3 && b[at] != b'U' && b[at] != b'G' => (stamp, end),
        Some((shift, stop)) => (shifted(stamp, shift), stop),
        None if spaced => match abbreviation(b, at) {
            Some((abbreviation, minutes, stop)) => (named(stamp, abbreviation, minutes), stop),
            None => (stamp, end),
        },
        None => (stamp, end),
    }
}

/// A stamp with the abbreviation of its zone.
pub(super) fn named(stamp: Stamp, abbreviation: Abbreviation, minutes: i16) -> Stamp {
    match stamp {
        Stamp::Local { secs, nanos } => Stamp::Abbreviated { secs, nanos, abbreviation, minutes },
        other => other,
    }
}

/// The letters of a zone's name, padded with zeros.
pub(crate) type Abbreviation = [u8; 4];

/// `CET`, `PDT`, ...: the letters, minutes east of UTC, and the end.
pub(super) fn abbreviation(b: &[u8], at: usize) -> Option<(Abbreviation, i16, usize)> {
    // All end in T but one; what else stands here is mostly a level.
    if !(b.get(at + 2) == Some(&b'T') || b.get(at + 3) == Some(&b'T') || b.get(at..at + 3) == Some(b"MSK")) {
        return None;
    }
    let rest = b.get(at..)?;
    let length = rest.iter().take(5).take_while(|c| c.is_ascii_uppercase()).count();
    let word = rest.get(..length)?;
    if !(3..=4).contains(&length) || rest.get(length).is_some_and(|c| c.is_ascii_alphanumeric() || *c == b'_') {
        return None;
    }
    let minutes = offset_of(word)?;
    let mut letters = [0; 4];
    letters[..length].copy_from_slice(word);
    Some((letters, minutes, at + length))
}

/// Minutes east of UTC of the abbreviations in use. Where one has several meanings the most common in server logs is
/// taken (CST, EST, IST, BST, AST as in Chicago, New York, Kolkata, London, Halifax); a source whose own zone uses it
/// overrules this, see [`super::civil::ZoneCache`].
fn offset_of(word: &[u8]) -> Option<i16> {
    Some(match word {
        b"WET" => 0,
        b"CET" | b"MET" | b"WEST" | b"BST" => 60,
        b"CEST" | b"MEST" | b"EET" | b"SAST" => 120,
        b"EEST" | b"MSK" | b"IDT" => 180,
        b"PKT" => 300,
        b"IST" => 330,
        b"HKT" | b"SGT" | b"AWST" => 480,
        b"JST" | b"KST" => 540,
        b"ACST" => 570,
        b"AEST" => 600,
        b"ACDT" => 630,
        b"AEDT" => 660,
        b"NZST" => 720,
        b"NZDT" => 780,
        b"NDT" => -150,
        b"BRT" | b"ADT" => -180,
        b"NST" => -210,
        b"EDT" | b"AST" => -240,
        b"EST" | b"CDT" => -300,
        b"CST" | b"MDT" => -360,
        b"MST" | b"PDT" => -420,
        b"PST" | b"AKDT" => -480,
        b"AKST" => -540,
        b"HST" => -600,
        _ => return None,
    })
}

/// `Z`, `UTC`, `GMT` or a numeric offset: seconds east of UTC, and the end.
pub(super) fn zone(b: &[u8], at: usize) -> Option<(i32, usize)> {
    let end = match b.get(at)? {
        b'Z' | b'z' => at + 1,
        b'U' if b.get(at..at + 3) == Some(b"UTC") => at + 3,
        b'G' if b.get(at..at + 3) == Some(b"GMT") => at + 3,
        b'+' | b'-' => return numeric_zone(b, at),
        _ => return None,
    };
    if b.get(end).is_some_and(u8::is_ascii_alphanumeric) { None } else { Some((0, end)) }
}

/// `+02:00`, `+0200` or `+02`: seconds east of UTC, and the end.
pub(crate) fn numeric_zone(b: &[u8], at: usize) -> Option<(i32, usize)> {
    let sign = match b.get(at)? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = i32::from(two(b, at + 1)?);
    let (minutes, end) = match b.get(at + 3) {
        Some(b':') => (i32::from(two(b, at + 4)?), at + 6),
        Some(b'0'..=b'9') => (i32::from(two(b, at + 3)?), at + 5),
        _ => (0, at + 3),
    };
    if hours > 18 || minutes > 59 || b.get(end).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    Some((sign * (hours * 3600 + minutes * 60), end))
}

pub(super) fn shifted(stamp: Stamp, shift: i32) -> Stamp {
    let Stamp::Local { secs, nanos } = stamp else { return stamp };
    (secs - i64::from(shift))
        .checked_mul(1_000_000_000)
        .and_then(|ns| ns.checked_add(i64::from(nanos)))
        .map_or(Stamp::Impossible, Stamp::Instant)
}
