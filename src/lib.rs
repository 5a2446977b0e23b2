//! The program: command line, configuration, wiring and screen. The engine is in `crates/`.

pub mod cli;
pub mod config;
pub mod demo;
pub mod names;
pub mod report;
pub mod runtime;
pub mod tui;
