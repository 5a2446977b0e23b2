//! The real binary in a real pseudo-terminal: what a person at a keyboard would see.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "pty/demo.rs"]
mod demo;
#[path = "pty/ending.rs"]
mod ending;
#[path = "pty/files.rs"]
mod files;
#[path = "pty/hostile.rs"]
mod hostile;
#[path = "pty/interrupt.rs"]
mod interrupt;
#[path = "pty/keys.rs"]
mod keys;
#[path = "pty/logs.rs"]
mod logs;
#[path = "pty/looks.rs"]
mod looks;
#[path = "pty/older.rs"]
mod older;
#[path = "pty/session.rs"]
mod session;
#[path = "pty/term.rs"]
mod term;
