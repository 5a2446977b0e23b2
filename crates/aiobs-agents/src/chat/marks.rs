//! The marks `[n]` in what is said: renumbered, struck out where they lead nowhere, never cut in two. Pure; used by the
//! answer and by what is kept of earlier turns.

use crate::context::sources::Sources;
use aiobs_types::Citation;
use std::fmt::Write as _;

/// `[n]` or `[n, m]` at the start of the text: the numbers and the length of the mark.
fn mark(text: &str) -> Option<(Vec<usize>, usize)> {
    let inner = text.strip_prefix('[')?;
    let end = inner.find(']').filter(|end| *end <= 24)?;
    let body = &inner[..end];
    let numbers: Option<Vec<usize>> = body.split(',').map(|n| n.trim().parse().ok()).collect();
    Some((numbers?, end + 2))
}

/// The text with the number of each mark as `each` says; marks without a number are taken out.
pub(super) fn rewrite(text: &str, mut each: impl FnMut(usize) -> Option<usize>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('[') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((numbers, length)) = mark(rest) {
            let kept: Vec<usize> = numbers.into_iter().filter_map(&mut each).collect();
            for n in &kept {
                let _ = write!(out, "[{n}]");
            }
            if kept.is_empty() {
                out.truncate(out.trim_end_matches(' ').len());
            }
            rest = &rest[length..];
        } else {
            out.push('[');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

/// Renumbers the marks of an answer in the order of their appearance, with what they stand for. Marks that lead nowhere
/// are taken out.
pub(crate) fn cite(text: &str, sources: &Sources) -> (String, Vec<Citation>) {
    let mut cited: Vec<Citation> = Vec::new();
    let text = rewrite(text, |n| {
        let citation = sources.get(n)?;
        let at = cited.iter().position(|c| c == citation).unwrap_or_else(|| {
            cited.push(citation.clone());
            cited.len() - 1
        });
        Some(at + 1)
    });
    (text, cited)
}

/// At most so many characters, never within a mark.
pub(super) fn cut(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else { return text.to_owned() };
    let kept = &text[..end];
    let open = kept.rfind('[').filter(|at| kept[*at..].find(']').is_none() && end - at < 24);
    format!("{}...", &kept[..open.unwrap_or(end)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::sources;
    use aiobs_types::RecordId;

    #[test]
    fn marks_are_renumbered_and_invented_ones_struck() {
        let (text, cited) = cite("a [3], b [1, 3] and c [9]. An array[0], [x] and [", &sources(&[10, 20, 30]));
        assert_eq!(text, "a [1], b [2][1] and c. An array, [x] and [");
        assert_eq!(cited, [30, 10].map(|id| Citation::Record(RecordId(id))));
    }

    #[test]
    fn a_mark_is_never_cut_in_two() {
        assert_eq!(cut("see [12] and [34]", 15), "see [12] and ...");
        assert_eq!(cut("see [12]", 15), "see [12]");
    }
}
