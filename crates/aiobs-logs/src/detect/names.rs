//! The names that a message has for what its fault is about, remembered: in a storm the same few are asked for again and
//! again, with other numbers beside them. Used by the reports; how a name is told is `gist`'s.

use super::gist::names_in;
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};

/// Messages remembered; then all are forgotten.
const REMEMBERED: usize = 4096;

/// See the module. One owner.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: HashMap<u64, Vec<String>, FixedState>,
}

impl Names {
    /// What [`names_in`] finds.
    pub(super) fn of(&mut self, message: &str, title: &str) -> &[String] {
        let wording = wording(message, title);
        if self.known.len() >= REMEMBERED && !self.known.contains_key(&wording) {
            self.known.clear();
        }
        self.known.entry(wording).or_insert_with(|| names_in(message, title))
    }
}

/// The same for messages that differ in nothing but plain numbers, which are no names.
fn wording(message: &str, title: &str) -> u64 {
    let mut hash = FixedState::default().build_hasher();
    hash.write(title.as_bytes());
    for word in message.split(' ').filter(|word| word.bytes().any(|b| !b.is_ascii_digit())) {
        hash.write(word.as_bytes());
        hash.write_u8(b' ');
    }
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_what_is_found() {
        let mut names = Names::default();
        let title = "connection refused";
        for message in [
            "could not connect to payments-db:5432 (attempt 1 of 5)",
            "could not connect to payments-db:5432 (attempt 2 of 5)",
            "could not connect to orders-db:5432 (attempt 2 of 5)",
            "dial db 17 refused",
            "dial db 4711 refused",
            "dial db1 refused",
            "",
        ] {
            for _ in 0..2 {
                assert_eq!(names.of(message, title), names_in(message, title), "{message}");
            }
        }
        assert_eq!(names.of("to payments-db", title), ["payments-db"]);
        assert_eq!(names.of("to payments-db", "payments-db is gone"), [""; 0]);
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let mut names = Names::default();
        for i in 0..3 * REMEMBERED {
            names.of(&format!("to host-a{i}b"), "");
        }
        assert!(names.known.len() <= REMEMBERED);
    }
}
