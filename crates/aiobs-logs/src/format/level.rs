//! Level words and numbers to severities on OpenTelemetry's scale. Used by every format; knows no format.

use aiobs_types::Severity;

const LONGEST: usize = 13;

/// Severity of a level word standing where a level is expected; case does not matter. Single letters count.
pub(crate) fn word(w: &[u8]) -> Option<Severity> {
    let mut lower = [0; LONGEST];
    let lower = lower.get_mut(..w.len())?;
    lower.copy_from_slice(w);
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"info" | b"inf" | b"i" | b"information" | b"informational" | b"config" | b"log" | b"success" => Severity::INFO,
        b"warn" | b"warning" | b"wrn" | b"w" => Severity::WARN,
        b"error" | b"err" | b"e" | b"erro" | b"eror" | b"severe" | b"fail" | b"failure" => Severity::ERROR,
        b"debug" | b"dbg" | b"dbug" | b"d" | b"fine" => Severity::DEBUG,
        b"debug1" | b"debug2" | b"debug3" | b"debug4" | b"debug5" => Severity::DEBUG,
        b"notice" | b"note" | b"n" => Severity::NOTICE,
        b"trace" | b"trc" | b"trce" | b"t" | b"finest" | b"finer" | b"verbose" | b"v" | b"silly" => Severity::TRACE,
        b"fatal" | b"ftl" | b"f" | b"panic" | b"dpanic" | b"critical" | b"crit" | b"crt" | b"c" => Severity::FATAL,
        b"emerg" | b"emergency" => Severity::FATAL,
        b"alert" => Severity::ALERT,
        _ => return None,
    })
}

/// Severity of a word near the front of free text: only words that hardly mean anything else.
pub(crate) fn unmistakable(w: &[u8]) -> Option<Severity> {
    const OTHERWISE_USED: [&[u8]; 11] = [
        b"log",
        b"note",
        b"fine",
        b"config",
        b"success",
        b"fail",
        b"silly",
        b"verbose",
        b"crt",
        b"inf",
        b"information",
    ];
    if w.len() < 3 {
        return None;
    }
    let severity = word(w)?;
    (!OTHERWISE_USED.iter().any(|o| o.eq_ignore_ascii_case(w))).then_some(severity)
}

/// From a syslog severity, 0 (emergency) to 7 (debug).
pub(crate) fn syslog(n: u32) -> Option<Severity> {
    Some(match n {
        0 => Severity::FATAL,
        1 => Severity::ALERT,
        2 => Severity::CRITICAL,
        3 => Severity::ERROR,
        4 => Severity::WARN,
        5 => Severity::NOTICE,
        6 => Severity::INFO,
        7 => Severity::DEBUG,
        _ => return None,
    })
}

/// From a syslog PRI value (facility * 8 + severity), 0 to 191.
pub(crate) fn pri(n: u32) -> Option<Severity> {
    if n < 192 { syslog(n % 8) } else { None }
}

/// From a bare number under a level key: syslog up to 7, the tens of bunyan and pino from 10.
pub(crate) fn number(n: u32) -> Option<Severity> {
    match n {
        0..=7 => syslog(n),
        10..=19 => Some(Severity::TRACE),
        20..=29 => Some(Severity::DEBUG),
        30..=39 => Some(Severity::INFO),
        40..=49 => Some(Severity::WARN),
        50..=59 => Some(Severity::ERROR),
        60..=100 => Some(Severity::FATAL),
        _ => None,
    }
}

/// From Python's `levelno`.
pub(crate) fn python(n: u32) -> Option<Severity> {
    match n {
        1..=9 => Some(Severity::TRACE),
        10..=19 => Some(Severity::DEBUG),
        20..=29 => Some(Severity::INFO),
        30..=39 => Some(Severity::WARN),
        40..=49 => Some(Severity::ERROR),
        50..=100 => Some(Severity::FATAL),
        _ => None,
    }
}

/// From an HTTP status: 5xx is an error, 4xx a warning, the rest information.
pub(crate) fn http_status(n: u32) -> Severity {
    match n {
        500..=599 => Severity::ERROR,
        400..=499 => Severity::WARN,
        _ => Severity::INFO,
    }
}

/// A severity by the name used in format files: the six levels, and `notice`, `critical`, `alert`.
pub(crate) fn by_name(name: &str) -> Option<Severity> {
    Some(match name {
        "notice" => Severity::NOTICE,
        "critical" => Severity::CRITICAL,
        "alert" => Severity::ALERT,
        "trace" => Severity::TRACE,
        "debug" => Severity::DEBUG,
        "info" => Severity::INFO,
        "warn" => Severity::WARN,
        "error" => Severity::ERROR,
        "fatal" => Severity::FATAL,
        "unset" => Severity::UNSET,
        _ => return None,
    })
}

/// Beginnings that say how bad it is although no level is stated.
const HEADS: &[(&[u8], Severity)] = &[
    (b"panic:", Severity::FATAL),
    (b"fatal error:", Severity::FATAL),
    (b"FATAL", Severity::FATAL),
    (b"Traceback (most recent call last)", Severity::ERROR),
    (b"Exception in thread", Severity::ERROR),
    (b"Unhandled exception", Severity::ERROR),
    (b"Uncaught ", Severity::ERROR),
    (b"Segmentation fault", Severity::FATAL),
];

/// Severity told by the first words of a message without a level, `UNSET` if they tell nothing.
pub(crate) fn head(message: &[u8]) -> Severity {
    // Most lines are turned away by their first byte.
    match message.first() {
        Some(b'p' | b'f' | b'F' | b'T' | b'E' | b'U' | b'S') => {}
        Some(b't') if message.starts_with(b"thread '") => {
            let line = &message[..message.len().min(200)];
            return if memchr::memmem::find(line, b"' panicked at").is_some()
                || memchr::memmem::find(line, b") panicked at").is_some()
            {
                Severity::FATAL
            } else {
                Severity::UNSET
            };
        }
        _ => return Severity::UNSET,
    }
    HEADS.iter().find(|(h, _)| message.starts_with(h)).map_or(Severity::UNSET, |(_, s)| *s)
}
