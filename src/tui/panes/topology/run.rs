//! One run as rows: each span with its place in the tree, its time and its tokens. Pure; the view draws them.

use aiobs_types::{Span, SpanId, SpanStatus, Timestamp, semconv};
use std::collections::HashMap;

/// One span as a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// Index in the spans.
    pub(super) span: usize,
    /// For each level above whether its branch goes on below; the last entry is the span's own.
    pub(super) branches: Vec<bool>,
    /// Start and end as shares of the run, 0 to 1.
    pub(super) share: (f64, f64),
    /// Seconds.
    pub(super) seconds: f64,
    /// Whether it is still going on.
    pub(super) running: bool,
    /// Whether it failed.
    pub(super) failed: bool,
    /// Tokens read and written, when it says so.
    pub(super) tokens: Option<(i64, i64)>,
}

/// The rows of a run, depth first, children by start. Spans whose parent is missing stand at the root.
pub(super) fn rows(spans: &[Span], now: Timestamp) -> Vec<Row> {
    let known: HashMap<SpanId, usize> = spans.iter().enumerate().map(|(i, s)| (s.id, i)).collect();
    let mut children: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
    for (i, span) in spans.iter().enumerate() {
        let parent = span.parent.and_then(|p| known.get(&p).copied()).filter(|p| *p != i);
        children.entry(parent).or_default().push(i);
    }
    for list in children.values_mut() {
        list.sort_by_key(|i| spans[*i].start);
    }
    let from = spans.iter().map(|s| s.start.0).min().unwrap_or(0);
    let to = spans.iter().map(|s| s.end.unwrap_or(now).0).max().unwrap_or(0);
    let all = (to - from).max(1) as f64;
    let mut rows = Vec::with_capacity(spans.len());
    // (span, branches above); a stack, so that deep or circular parents can't overflow.
    let mut stack: Vec<(usize, Vec<bool>)> = Vec::new();
    let push = |stack: &mut Vec<(usize, Vec<bool>)>, parent: Option<usize>, above: &[bool]| {
        let list = children.get(&parent).map(Vec::as_slice).unwrap_or_default();
        for (n, i) in list.iter().enumerate().rev() {
            let mut branches = above.to_vec();
            branches.push(n + 1 < list.len());
            stack.push((*i, branches));
        }
    };
    push(&mut stack, None, &[]);
    while let Some((i, branches)) = stack.pop() {
        let span = &spans[i];
        let end = span.end.unwrap_or(now).0.max(span.start.0);
        let tokens = (span.attr_int(semconv::INPUT_TOKENS), span.attr_int(semconv::OUTPUT_TOKENS));
        push(&mut stack, Some(i), &branches);
        rows.push(Row {
            span: i,
            branches,
            share: ((span.start.0 - from) as f64 / all, (end - from) as f64 / all),
            seconds: (end - span.start.0) as f64 / 1e9,
            running: span.end.is_none(),
            failed: matches!(span.status, SpanStatus::Error(_)),
            tokens: match tokens {
                (None, None) => None,
                (read, written) => Some((read.unwrap_or(0), written.unwrap_or(0))),
            },
        });
    }
    rows
}
