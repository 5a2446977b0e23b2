//! aiobs.
fn main() {}
