//! What comes back at the next start, and what does not.

use crate::logs;
use crate::term::Setup;

#[test]
fn the_next_start_goes_on_where_this_one_ended() {
    let mut t = Setup::on(&[("shop.log", logs::trouble().as_bytes())]).start();
    t.press_shows("2", &["request 299 served"]);
    t.press("/served\r");
    t.shows(&["297 of 300"]);
    t.press("t#41\r");
    t.shows(&["request 40 served", "PAUSED"]);
    t.press("q");
    assert_eq!(t.ends(), 0);
    // Named again, the sources are the same; not named, they come back.
    let mut t = t.again(&[]).start();
    t.shows(&["Restored the last session", "297 of 300", "request 40 served", "PAUSED"]);
    t.press_shows("1", &["shop.log", "following"]);
    t.press("q");
    assert_eq!(t.ends(), 0);
    let mut t = t.again(&["--fresh"]).start();
    t.press_shows("2", &["all records", "LIVE"]);
    assert!(!t.text().contains("following"), "{}", t.text());
    t.press("q");
    assert_eq!(t.ends(), 0);
}

#[test]
fn a_view_that_followed_follows_again() {
    let mut t = Setup::on(&[("shop.log", logs::trouble().as_bytes())]).start();
    t.press_shows("2", &["request 299 served", "LIVE"]);
    t.press("q");
    assert_eq!(t.ends(), 0);
    let mut t = t.again(&[]).start();
    t.shows(&["request 299 served", "LIVE"]);
    t.press("q");
    assert_eq!(t.ends(), 0);
}
