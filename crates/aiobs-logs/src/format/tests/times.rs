//! Every shape of a timestamp against jiff: what jiff writes is read back as the same instant.

use super::*;
use jiff::{SignedDuration, Zoned, civil};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// A parser with one layout for times of a given shape.
fn shaped(shape: &str, zone: ZoneRule) -> SourceParser {
    static SETS: Mutex<BTreeMap<String, Arc<FormatSet>>> = Mutex::new(BTreeMap::new());
    let mut sets = SETS.lock().unwrap();
    let set = sets.entry(shape.to_owned()).or_insert_with(|| {
        let def = format!("name = \"x\"\nlayout = \"{{time:{shape}}} | {{message}}\"");
        Arc::new(user(&def).unwrap())
    });
    SourceParser::new(Arc::clone(set), zone, Some("x"), None).unwrap()
}

/// What a line that holds only the time is read as, nanoseconds.
fn read(parser: &mut SourceParser, text: &str, now: i64) -> Option<i64> {
    let line = format!("{text} | message");
    let parsed = parser.parse(&line, Timestamp(now));
    assert_eq!(slice(&line, parsed.message), "message", "{line}");
    parsed.time.map(|t| t.0)
}

fn ns(at: jiff::Timestamp) -> i64 {
    at.as_nanosecond() as i64
}

/// Layout shape, how jiff writes it, and to how many nanoseconds. The zone is not in it.
const LOCAL: &[(&str, &str, i64)] = &[
    ("any", "%Y-%m-%d %H:%M:%S", 1_000_000_000),
    ("any", "%Y-%m-%d\t%H:%M:%S", 1_000_000_000),
    ("any", "%Y-%m-%d %H:%M:%S.%9f", 1),
    ("any", "%Y-%m-%d %H:%M:%S,%6f", 1000),
    ("any", "%Y-%m-%d %H:%M:%S:%3f", 1_000_000),
    ("any", "%Y-%m-%d_%H:%M:%S", 1_000_000_000),
    ("any", "%Y.%m.%d %H:%M:%S.%6f", 1000),
    ("any", "%Y%m%d-%H:%M:%S:%3f", 1_000_000),
    ("any", "%Y%m%d %H:%M:%S", 1_000_000_000),
    ("any", "%d.%m.%Y %H:%M:%S,%3f", 1_000_000),
    ("any", "%d.%m.%Y, %H:%M:%S", 1_000_000_000),
    ("any", "%b %d, %Y %I:%M:%S %p", 1_000_000_000),
    ("any", "%b %d, %Y, %I:%M:%S.%3f %p", 1_000_000),
    ("any", "%b %d %Y %H:%M:%S", 1_000_000_000),
    ("any", "%d %b %Y %H:%M:%S.%3f", 1_000_000),
    ("any", "%d-%b-%Y %H:%M:%S", 1_000_000_000),
    ("any", "%a %b %e %H:%M:%S %Y", 1_000_000_000),
    ("any", "%a, %d %b %Y %H:%M:%S", 1_000_000_000),
    ("iso", "%Y-%m-%dT%H:%M:%S.%9f", 1),
    ("slashed", "%Y/%m/%d %H:%M:%S.%6f", 1000),
    ("yy/mm/dd", "%y/%m/%d %H:%M:%S", 1_000_000_000),
    ("yymmdd", "%y%m%d %H%M%S", 1_000_000_000),
    ("yymmdd", "%y%m%d %H:%M:%S", 1_000_000_000),
    ("m/d/yyyy", "%m/%d/%Y %I:%M:%S %p", 1_000_000_000),
    ("m/d/yyyy", "%-m/%-d/%Y %-I:%M:%S %p", 1_000_000_000),
    ("m/d/yyyy", "%m/%d/%Y %H:%M:%S.%3f", 1_000_000),
    ("dd-mon", "%d-%b-%Y %H:%M:%S.%3f", 1_000_000),
    ("weekday", "%a %b %e %H:%M:%S %Y", 1_000_000_000),
];

/// The same with an offset.
const OFFSET: &[(&str, &str, i64)] = &[
    ("any", "%Y-%m-%dT%H:%M:%S.%9f%:z", 1),
    ("any", "%Y-%m-%d %H:%M:%S,%3f %z", 1_000_000),
    ("any", "%Y-%m-%dT%H:%M:%S.%6f%z", 1000),
    ("any", "%d/%b/%Y:%H:%M:%S %z", 1_000_000_000),
    ("any", "%a, %d %b %Y %H:%M:%S %z", 1_000_000_000),
    ("any", "%a %b %e %H:%M:%S %z %Y", 1_000_000_000),
];

/// Without a year.
const YEARLESS: &[(&str, &str, i64)] = &[
    ("any", "%b %e %H:%M:%S", 1_000_000_000),
    ("any", "%b %d %H:%M:%S.%6f", 1000),
    ("any", "%a %b %e %H:%M:%S", 1_000_000_000),
    ("mmdd", "%m%d %H:%M:%S.%6f", 1000),
    ("mm-dd", "%m-%d %H:%M:%S.%3f", 1_000_000),
];

/// Zones whose abbreviations are read as theirs wherever they stand, and since when they have kept to them.
const NAMED: &[(&str, i64)] = &[
    ("Europe/Berlin", 400_000_000),
    ("Europe/London", 400_000_000),
    ("Europe/Lisbon", 900_000_000),
    ("Europe/Athens", 400_000_000),
    ("Europe/Moscow", 1_420_000_000),
    ("America/New_York", 0),
    ("America/Chicago", 0),
    ("America/Denver", 0),
    ("America/Los_Angeles", 0),
    ("America/Halifax", 0),
    ("America/St_Johns", 600_000_000),
    ("America/Anchorage", 500_000_000),
    ("Pacific/Honolulu", 0),
    ("Asia/Kolkata", 0),
    ("Asia/Tokyo", 0),
    ("Asia/Karachi", 1_300_000_000),
    ("Australia/Sydney", 500_000_000),
    ("Australia/Adelaide", 500_000_000),
    ("Pacific/Auckland", 500_000_000),
    ("Africa/Johannesburg", 0),
];

fn instants() -> impl Strategy<Value = Zoned> {
    // Two-digit years mean 1969 to 2068.
    (0i64..3_092_601_600, 0i64..1_000_000_000, zones(), any::<bool>()).prop_map(|(secs, nanos, zone, near)| {
        let mut at = jiff::Timestamp::from_second(secs).unwrap();
        if near && let Some(change) = zone.following(at).next() {
            at = jiff::Timestamp::from_second(change.timestamp().as_second() + secs % 14_400 - 7200).unwrap();
        }
        (at + SignedDuration::from_nanos(nanos)).to_zoned(zone)
    })
}

fn floor(at: i64, to: i64) -> i64 {
    at.div_euclid(to) * to
}

proptest! {
    #[test]
    fn local_shapes(at in instants()) {
        // A local time may occur twice: what jiff makes of the text is the truth.
        let want = ns(at.datetime().to_zoned(at.time_zone().clone()).unwrap().timestamp());
        let rule = ZoneRule::Named(at.time_zone().clone());
        for (shape, text, digits) in LOCAL {
            let text = at.strftime(text).to_string();
            prop_assert_eq!(read(&mut shaped(shape, rule.clone()), &text, want), Some(floor(want, *digits)), "{} {}", shape, text);
        }
    }

    #[test]
    fn shapes_with_an_offset(at in instants()) {
        let want = ns(at.timestamp());
        for (shape, text, digits) in OFFSET {
            let text = at.strftime(text).to_string();
            prop_assert_eq!(read(&mut shaped(shape, ZoneRule::Utc), &text, want), Some(floor(want, *digits)), "{}", text);
        }
        let utc = at.timestamp().to_zoned(TimeZone::UTC);
        for text in ["%Y-%m-%dT%H:%M:%S.%9fZ", "%Y-%m-%d %H:%M:%S.%9f UTC", "%Y-%m-%d %H:%M:%S.%9f GMT"] {
            let text = utc.strftime(text).to_string();
            let mut parser = shaped("any", ZoneRule::Named(at.time_zone().clone()));
            prop_assert_eq!(read(&mut parser, &text, want), Some(want), "{}", text);
        }
    }

    #[test]
    fn shapes_without_a_year(secs in 94_694_400i64..4_000_000_000, nanos in 0i64..1_000_000_000, age in 0i64..360 * 86_400) {
        let at = jiff::Timestamp::from_second(secs).unwrap() + SignedDuration::from_nanos(nanos);
        let zoned = at.to_zoned(TimeZone::UTC);
        // The 29th of February may have been years ago; any other date less than a year.
        for (shape, text, digits) in YEARLESS {
            let text = zoned.strftime(text).to_string();
            let now = ns(at) + age * 1_000_000_000;
            prop_assert_eq!(read(&mut shaped(shape, ZoneRule::Utc), &text, now), Some(floor(ns(at), *digits)), "{} {}", shape, text);
        }
    }

    #[test]
    fn epochs_of_every_unit(secs in 1_000_000_000i64..9_223_000_000, nanos in 0i64..1_000_000_000) {
        let at = secs * 1_000_000_000 + nanos;
        let texts = [
            (secs.to_string(), 1_000_000_000),
            (format!("{secs}.{:03}", nanos / 1_000_000), 1_000_000),
            (format!("{secs}.{nanos:09}"), 1),
            (format!("{secs},{:06}", nanos / 1000), 1000),
            ((at / 1_000_000).to_string(), 1_000_000),
            ((at / 1000).to_string(), 1000),
            (at.to_string(), 1),
        ];
        for (text, digits) in &texts {
            prop_assert_eq!(read(&mut shaped("epoch", ZoneRule::Utc), text, at), Some(floor(at, *digits)), "{}", text);
            let line = format!(r#"{{"ts":{},"msg":"x"}}"#, text.replace(',', "."));
            let got = utc(Some("json")).parse(&line, Timestamp(at)).time.map(|t| t.0);
            prop_assert_eq!(got, Some(floor(at, *digits)), "{}", line);
        }
    }

    #[test]
    fn abbreviations_mean_what_they_mean_to_most(zone in prop::sample::select(NAMED), secs in 0i64..2_000_000_000, near in any::<bool>()) {
        let (name, since) = zone;
        let zone = TimeZone::get(name).unwrap();
        let mut at = jiff::Timestamp::from_second(secs.max(since)).unwrap();
        if near && let Some(change) = zone.following(at).next() {
            at = jiff::Timestamp::from_second(change.timestamp().as_second() + secs % 14_400 - 7200).unwrap();
        }
        let zoned = at.to_zoned(zone.clone());
        for text in ["%Y-%m-%d %H:%M:%S %Z", "%d-%b-%Y %H:%M:%S.%3f %Z", "%a %b %e %H:%M:%S %Z %Y"] {
            let text = zoned.strftime(text).to_string();
            // On a machine in any zone, and in that zone, where it tells the doubled hour's two passes apart.
            for rule in [ZoneRule::Utc, ZoneRule::Named(zone.clone())] {
                prop_assert_eq!(read(&mut shaped("any", rule), &text, ns(at)), Some(ns(at)), "{}", text);
            }
        }
    }

    #[test]
    fn an_hour_that_never_is_has_the_offset_before_it(secs in 0i64..4_000_000_000, into in 0i64..1800, zone in zones()) {
        let mut at = jiff::Timestamp::from_second(secs).unwrap();
        // The next change that moves the clock ahead.
        let gap = zone.following(at).take(4).find_map(|change| {
            let before = zone.to_offset(change.timestamp() - SignedDuration::from_secs(1));
            (change.offset() > before).then_some((change.timestamp(), before))
        });
        let Some((change, before)) = gap else { return Ok(()) };
        at = change + SignedDuration::from_secs(into);
        let local: civil::DateTime = before.to_datetime(at);
        let want = ns(local.to_zoned(zone.clone()).unwrap().timestamp());
        prop_assert_eq!(want, ns(at));
        let mut parser = shaped("any", ZoneRule::Named(zone));
        prop_assert_eq!(read(&mut parser, &local.strftime("%Y-%m-%d %H:%M:%S").to_string(), want), Some(want));
    }
}

#[test]
fn a_source_in_a_zone_has_its_own_abbreviations() {
    let read = |zone: &str, text: &str| {
        let rule = ZoneRule::parse(zone).unwrap();
        super::times::read(&mut shaped("any", rule), text, at(NOW).0).unwrap()
    };
    // China, not Chicago; Israel, not India; as most do elsewhere.
    assert_eq!(read("Asia/Shanghai", "2025-01-07 14:30:15 CST"), at("2025-01-07T06:30:15Z").0);
    assert_eq!(read("Asia/Jerusalem", "2025-01-07 14:30:15 IST"), at("2025-01-07T12:30:15Z").0);
    assert_eq!(read("Europe/Berlin", "2025-01-07 14:30:15 CST"), at("2025-01-07T20:30:15Z").0);
    assert_eq!(read("utc", "2025-10-26 02:30:15 CEST"), at("2025-10-26T00:30:15Z").0);
}

#[test]
fn what_is_no_zone_is_left_to_the_message() {
    for (line, message) in [
        ("2025-01-07 14:30:15 GET /cart", "GET /cart"),
        ("2025-01-07 14:30:15 ESTATE sold", "ESTATE sold"),
        ("2025-01-07 14:30:15 EST_1 x", "EST_1 x"),
        ("2025-01-07 14:30:15 START x", "START x"),
        ("2025-01-07 14:30:15 PUT x", "PUT x"),
    ] {
        let p = utc(Some("plain")).parse(line, at(NOW));
        assert_eq!((p.time, slice(line, p.message)), (Some(at("2025-01-07T14:30:15Z")), message));
    }
}
