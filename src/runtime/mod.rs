//! Wiring: makes the pieces of the engine, runs them, and shows the screen what it may see.

pub mod events;
