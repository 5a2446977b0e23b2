//! Which of all formats tells a line apart best. Used by the parser while it looks for a source's format, and for the
//! fields of a line that is not of its source's format.

use super::found::Found;
use super::marks::Marks;
use super::plain;
use super::set::{Format, FormatSet, Reader, Scratch};

/// The best format for a line, by its place in the set, and what it reads there; `None` when nothing is told by any.
/// `scratch` has an entry for each format.
#[inline(never)]
pub(crate) fn best(formats: &FormatSet, line: &str, scratch: &mut [Scratch]) -> Option<(usize, Found)> {
    let marks = Marks::of(line.as_bytes());
    let mut best: Option<(u32, usize, Found)> = None;
    for (i, scratch) in scratch.iter_mut().enumerate() {
        let format = formats.at(i);
        // Not even all parts told would be better than what is found.
        if format.forced_only || best.as_ref().is_some_and(|(held, _, _)| most(format) <= *held) {
            continue;
        }
        let Some(found) = format.read_marked(line, &marks, scratch) else { continue };
        let score = score(format, &found, line);
        if score > 0 && best.as_ref().is_none_or(|(held, _, _)| score > *held) {
            best = Some((score, i, found));
        }
    }
    best.map(|(_, i, found)| (i, found))
}

/// How well a format tells a line apart; 0 is not at all.
fn score(format: &Format, found: &Found, line: &str) -> u32 {
    let plain = matches!(format.reader, Reader::Plain);
    let in_message =
        || format.level_in_message && plain::leading_level(&line.as_bytes()[found.message.clone()]).is_some();
    let told = 8 * u32::from(found.stamp.is_some() || !found.time_text.is_empty())
        + 4 * u32::from(found.level.is_some() || found.status.is_some() || in_message())
        + 2 * u32::from(!found.component.is_empty())
        + u32::from(found.message.start > 0 || found.message.end < line.len());
    if plain && found.stamp.is_none() && found.level.is_none() {
        return 0;
    }
    2 * told + standing(format)
}

/// What a format has over others before it has read anything: marks that nothing else has weigh more than a part more
/// or less.
fn standing(format: &Format) -> u32 {
    u32::from(!matches!(format.reader, Reader::Plain))
        + format.signature()
        + 64 * u32::from(format.envelope)
        + 256 * u32::from(format.own)
}

fn most(format: &Format) -> u32 {
    2 * (8 + 4 + 2 + 1) + standing(format)
}
