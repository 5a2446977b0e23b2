//! What the lines of stack traces look like. Pure predicates for the assembler; no state, no formats.

use memchr::memmem::Finder;
use std::sync::LazyLock;

/// What the longer texts of [`inner_header`] have in common.
static PANIC: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("panic"));

/// First line of a trace that has no record before it, and the family it opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// `Traceback (most recent call last):`
    Python,
    /// `panic: ...`, `fatal error: ...`, `goroutine 1 [running]:`
    Go,
    /// `thread 'main' panicked at ...`
    Rust,
    /// `pkg.SomeException: text`, `TypeError: text`, `Unhandled exception. System.X: text`
    Exception,
}

pub(super) fn header(line: &str) -> Option<Header> {
    match line.as_bytes().first()? {
        b'T' if line.starts_with("Traceback (most recent call last)") => return Some(Header::Python),
        b'p' if line.starts_with("panic: ") => return Some(Header::Go),
        b'f' if line.starts_with("fatal error: ") => return Some(Header::Go),
        b'g' if goroutine(line) => return Some(Header::Go),
        b't' if line.starts_with("thread '") && line.contains(" panicked at ") => return Some(Header::Rust),
        b'E' if line.starts_with("Exception in thread ") || line.starts_with("Exception ignored in") => {
            return Some(Header::Exception);
        }
        b'U' if line.starts_with("Unhandled exception") || line.starts_with("Uncaught ") => {
            return Some(Header::Exception);
        }
        _ => {}
    }
    exception(line).then_some(Header::Exception)
}

/// The family of a trace whose header is the end of a longer message (`... - Traceback (most recent call last):`).
pub(super) fn inner_header(line: &str) -> Option<Header> {
    if line.ends_with("Traceback (most recent call last):") {
        Some(Header::Python)
    } else if PANIC.find(line.as_bytes()).is_none() {
        None
    } else if line.contains("panic serving ") || line.contains("panic: ") {
        Some(Header::Go)
    } else if line.contains(" panicked at ") {
        Some(Header::Rust)
    } else {
        None
    }
}

/// `pkg.SomeException: text`, `ValueError`, `KeyboardInterrupt`: one dotted identifier with a tell-tale ending, then
/// nothing, a colon, or a code in brackets (`Error [ERR_X]: text`).
pub(super) fn exception(line: &str) -> bool {
    let end = line
        .bytes()
        .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$')))
        .unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    if !(rest.is_empty() || rest.starts_with(':') || rest.starts_with(" [") || rest.starts_with(" {")) {
        return false;
    }
    let class = name.rsplit('.').next().unwrap_or(name);
    let telling = ["Exception", "Error", "Throwable", "Failure", "Interrupt", "Exit", "Warning"];
    class.len() < 120
        && class.starts_with(|c: char| c.is_ascii_uppercase())
        && class.bytes().any(|b| b.is_ascii_lowercase())
        && telling.iter().any(|t| class.ends_with(t))
}

/// The last line of a Python traceback; behind frames any dotted identifier with a colon will do (`redis.Timeout: x`).
pub(super) fn python_end(line: &str) -> bool {
    let name = line.split(':').next().unwrap_or(line);
    !name.is_empty()
        && name.len() < 120
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'<' | b'>'))
        && (line[name.len()..].starts_with(": ") || line.len() == name.len() || line[name.len()..] == *":")
}

pub(super) fn python_chain(line: &str) -> bool {
    line.starts_with("During handling of the above exception")
        || line.starts_with("The above exception was the direct cause")
}

/// Lines that only ever occur inside a Java or .NET trace, indented or not.
pub(super) fn java_part(line: &str) -> bool {
    line.starts_with("Caused by: ")
        || line.starts_with("Suppressed: ")
        || line.starts_with("--- End of ")
        || line.strip_prefix("... ").is_some_and(|r| r.ends_with(" more") || r.contains("common frames omitted"))
        || frame(line)
}

/// `at pkg.Class.method(File.java:12)` or `at X in file:line 3` with its indent lost.
pub(super) fn frame(line: &str) -> bool {
    line.strip_prefix("at ").is_some_and(|r| {
        r.ends_with(')') && r.contains('(') || r.contains(" in ") && r.contains(":line ") || r.contains(".js:")
    })
}

pub(super) fn goroutine(line: &str) -> bool {
    line.strip_prefix("goroutine ").is_some_and(|r| {
        let digits = r.bytes().take_while(u8::is_ascii_digit).count();
        digits > 0 && r[digits..].starts_with(" [")
    })
}

/// A line of a Go panic behind its first.
pub(super) fn go_part(line: &str) -> bool {
    goroutine(line)
        || line.starts_with("[signal ")
        || line.starts_with("created by ")
        || line.starts_with("exit status ")
        || line.starts_with("panic: ")
        || line.starts_with("runtime stack:")
        || line.starts_with("runtime: ")
        || line.starts_with("...additional frames elided")
        || line == "panic during panic"
        || go_call(line)
        || go_register(line)
}

/// `net/http.(*conn).serve(0xc000, {0x1, 0x2})`
fn go_call(line: &str) -> bool {
    let Some(open) = line.find('(') else { return false };
    let name = &line[..open];
    (line.ends_with(')') || line.ends_with("(...)"))
        && name.contains('.')
        && !name.bytes().any(|b| b.is_ascii_whitespace() || b == b':' || b == b'=')
        || line == "panic(...)"
        || line.starts_with("panic({")
}

/// `rip    0x45e5e1`
fn go_register(line: &str) -> bool {
    let name = line.split(' ').next().unwrap_or("");
    (2..=6).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric())
        && line[name.len()..].trim_start().starts_with("0x")
}

pub(super) fn rust_part(line: &str) -> bool {
    line.starts_with("note: ") || line.starts_with("stack backtrace:") || line.starts_with("[... omitted ")
}

/// `/srv/app/index.js:12`, the first line Node prints of an uncaught error.
pub(super) fn node_place(line: &str) -> bool {
    if !(line.starts_with('/') || line.starts_with("file://") || line.starts_with("node:")) {
        return false;
    }
    let Some((path, number)) = line.rsplit_once(':') else { return false };
    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) && !path.contains(' ')
}

pub(super) fn node_part(line: &str) -> bool {
    line.starts_with("Node.js v")
}

/// Only closing brackets and separators: the end of an indented block.
pub(super) fn closer(line: &str) -> bool {
    !line.is_empty() && line.len() < 8 && line.bytes().all(|b| matches!(b, b'}' | b']' | b')' | b',' | b';'))
}

/// Bytes of blank space at the front.
pub(super) fn indent(line: &str) -> usize {
    line.bytes().take_while(|b| matches!(b, b' ' | b'\t')).count()
}
