//! What a stack trace is about: what it says beside its frames, and, when its first line does not tell, the exception's own
//! line and the place it was raised at. Used by the report; knows nothing of patterns.

/// The gist of a trace. All parts are slices of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Raised<'a> {
    /// `psycopg2.OperationalError: could not connect`
    pub(super) line: &'a str,
    /// `psycopg2.OperationalError`
    pub(super) class: &'a str,
    /// The frame nearest to it, or empty.
    pub(super) place: &'a str,
}

/// Looks into a record of several lines that begins with `Traceback (most recent call last):` or with Node's place of
/// an uncaught error; `None` for any other, whose first line is its gist.
pub(super) fn raised(message: &str) -> Option<Raised<'_>> {
    let first = message.lines().next()?.trim_end();
    if first.ends_with("Traceback (most recent call last):") {
        python(message)
    } else if node_place(first) {
        node(message)
    } else {
        None
    }
}

/// What a trace says, line by line: names of functions and files in its frames tell of no fault, and are most of it.
pub(super) fn without_frames(message: &str, said: &mut String) {
    said.clear();
    for line in message.split_inclusive('\n').filter(|line| !is_frame(line)) {
        said.push_str(line);
    }
}

/// A frame of Java, Node or Python, or how many more there are.
fn is_frame(line: &str) -> bool {
    let text = line.trim_ascii_start();
    text.len() < line.len() && (text.starts_with("at ") || text.starts_with("File \"") || text.starts_with("... "))
}

/// The last exception is the one that was not handled; the frame before it is where it was raised.
fn python(message: &str) -> Option<Raised<'_>> {
    let mut place = "";
    let mut found = None;
    for line in message.lines().skip(1) {
        let frame = line.trim_start();
        if frame.len() < line.len() {
            if frame.starts_with("File ") {
                place = frame;
            }
        } else if let Some(class) = class(line) {
            found = Some(Raised { line, class, place });
        }
    }
    found
}

fn node(message: &str) -> Option<Raised<'_>> {
    let mut lines = message.lines().skip(1);
    let (line, class) = lines.find_map(|l| Some((l, class(l)?)))?;
    let place = lines.map(str::trim_start).find(|l| l.starts_with("at ")).unwrap_or_default();
    Some(Raised { line, class, place })
}

/// `/srv/app/index.js:12`
fn node_place(line: &str) -> bool {
    let place = line.starts_with('/') || line.starts_with("file://") || line.starts_with("node:");
    place && line.rsplit_once(':').is_some_and(|(_, n)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// The dotted name at the front of `name: text`, when it looks like that of a class.
fn class(line: &str) -> Option<&str> {
    let line = line.trim_end();
    let name = line.split_once(": ").map_or(line.trim_end_matches(':'), |(name, _)| name);
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$');
    let class = name.rsplit('.').next()?;
    (name.len() < 120 && class.starts_with(|c: char| c.is_ascii_uppercase()) && name.bytes().all(fits)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_say_nothing() {
        let text = "failed at once\n\tat shop.Timeout.run(Timeout.java:3)\n  File \"refused.py\", line 3, in f\n    g()\n\t... 7 more\n\
            Caused by: shop.Down: at last\nat noon";
        let mut said = String::from("before");
        without_frames(text, &mut said);
        assert_eq!(said, "failed at once\n    g()\nCaused by: shop.Down: at last\nat noon");
    }

    #[test]
    fn the_last_exception_of_a_python_trace_and_its_frame() {
        let text = "Traceback (most recent call last):\n  File \"a.py\", line 3, in f\n    g()\nKeyError: 'x'\n\n\
            During handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  \
            File \"b.py\", line 9, in h\n    k()\nshop.db.Down: no server\nIs it running\n\tthere?";
        let found = raised(text).map(|r| (r.line, r.class, r.place));
        assert_eq!(found, Some(("shop.db.Down: no server", "shop.db.Down", "File \"b.py\", line 9, in h")));
    }

    #[test]
    fn an_uncaught_error_of_node() {
        let text = "/app/index.js:12\n    throw new TypeError(x);\n    ^\n\nTypeError: x is not a function\n    at f (/app/i.js:1:2)";
        assert_eq!(raised(text).map(|r| (r.class, r.place)), Some(("TypeError", "at f (/app/i.js:1:2)")));
    }

    #[test]
    fn other_records_speak_for_themselves() {
        assert_eq!(raised("java.lang.IllegalStateException: no\n\tat a.B.c(B.java:1)"), None);
        assert_eq!(raised("Traceback (most recent call last):\n  File \"a.py\", line 3, in f"), None);
        assert_eq!(raised(""), None);
    }
}
