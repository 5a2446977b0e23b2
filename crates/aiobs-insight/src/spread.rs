//! How the values of one placeholder are spread: how many different ones, the most frequent, their range when they are
//! numbers, and those that stand out. A pure function of counted values; who counts and what is a number is the caller's.

use std::collections::HashMap;

/// Values listed.
const TOP: usize = 8;
/// Values that stand out, listed.
const ODD: usize = 5;
/// Fewer values than this say nothing of what is usual.
const ENOUGH: u64 = 30;
/// So few different numbers are names (a status, a port), not measures.
const NAMES: usize = 10;
/// A value is rare when it is less than this share of all.
const RARE: f64 = 0.01;
/// Values that are not rare must make up this share of all, else rare is usual: identifiers.
const COMMON: f64 = 0.95;
/// More numbers than this share beyond a fence are no outliers: the spread is wide.
const FEW: f64 = 0.05;
/// Quartile ranges from the quartiles to the fences of what is far out.
const FAR: f64 = 3.0;

/// Why a value stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Odd {
    /// Hardly ever seen, among few others that always come.
    Rare,
    /// Far below the others.
    Low,
    /// Far above the others.
    High,
}

impl Odd {
    /// Lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rare => "rare",
            Self::Low => "far below",
            Self::High => "far above",
        }
    }
}

/// The range of values that are numbers, each as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The least.
    pub low: String,
    /// Half of all are not above it.
    pub median: String,
    /// 95 of 100 are not above it.
    pub p95: String,
    /// The greatest.
    pub high: String,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spread {
    /// Values counted.
    pub total: u64,
    /// Different ones.
    pub distinct: usize,
    /// The most frequent with their counts, most first; equal counts in the order of the text.
    pub top: Vec<(String, u64)>,
    /// When they measure something.
    pub range: Option<Range>,
    /// What stands out, the most odd first.
    pub odd: Vec<(String, u64, Odd)>,
}

impl Spread {
    /// Of counted values; `number` reads one that is a number, in one unit for all.
    pub fn of(counts: &HashMap<String, u64>, number: impl Fn(&str) -> Option<f64>) -> Self {
        let total = counts.values().sum();
        let mut sorted: Vec<(&str, u64)> = counts.iter().map(|(v, n)| (v.as_str(), *n)).collect();
        sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let measured = measured(&sorted, number);
        let fences = measured.as_ref().and_then(|m| far_out(m, total));
        Self {
            total,
            distinct: sorted.len(),
            top: sorted.iter().take(TOP).map(|(v, n)| ((*v).to_owned(), *n)).collect(),
            range: measured.as_deref().map(|m| range(m, total)),
            odd: fences.unwrap_or_else(|| if measured.is_none() { rare(&sorted, total) } else { Vec::new() }),
        }
    }
}

type Measured<'a> = Vec<(f64, &'a str, u64)>;

/// The values by size, when all are numbers and there are more than a few.
fn measured<'a>(sorted: &[(&'a str, u64)], number: impl Fn(&str) -> Option<f64>) -> Option<Measured<'a>> {
    if sorted.len() <= NAMES {
        return None;
    }
    let mut all: Measured<'a> = sorted.iter().map(|(v, n)| Some((number(v)?, *v, *n))).collect::<Option<_>>()?;
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
    Some(all)
}

/// The value below which a share `q` of all lies.
fn quantile<'a>(all: &[(f64, &'a str, u64)], total: u64, q: f64) -> (f64, &'a str) {
    let rank = (q * total.saturating_sub(1) as f64).round() as u64;
    let mut passed = 0;
    let found = all.iter().find(|(_, _, n)| {
        passed += n;
        passed > rank
    });
    found.or(all.last()).map_or((0.0, ""), |(x, v, _)| (*x, *v))
}

fn range(all: &[(f64, &str, u64)], total: u64) -> Range {
    let at = |q| quantile(all, total, q).1.to_owned();
    Range { low: at(0.0), median: at(0.5), p95: at(0.95), high: at(1.0) }
}

/// What lies beyond the outer fences (Tukey, "Exploratory Data Analysis", 1977); `None` when too little is known.
fn far_out(all: &[(f64, &str, u64)], total: u64) -> Option<Vec<(String, u64, Odd)>> {
    if total < ENOUGH {
        return None;
    }
    let (q1, q3) = (quantile(all, total, 0.25).0, quantile(all, total, 0.75).0);
    let step = FAR * (q3 - q1);
    if step <= 0.0 {
        return None;
    }
    let outside = |x: f64| match x {
        x if x > q3 + step => Some((Odd::High, x - q3)),
        x if x < q1 - step => Some((Odd::Low, q1 - x)),
        _ => None,
    };
    let mut found: Vec<_> =
        all.iter().filter_map(|(x, v, n)| outside(*x).map(|(why, far)| (far, *v, *n, why))).collect();
    let share = found.iter().map(|f| f.2).sum::<u64>() as f64 / total as f64;
    if share > FEW {
        return None;
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    Some(found.into_iter().take(ODD).map(|(_, v, n, why)| (v.to_owned(), n, why)).collect())
}

/// What hardly ever comes where the rest comes again and again.
fn rare(sorted: &[(&str, u64)], total: u64) -> Vec<(String, u64, Odd)> {
    let is_rare = |n: u64| (n as f64) < RARE * total as f64;
    let common: u64 = sorted.iter().map(|(_, n)| *n).filter(|n| !is_rare(*n)).sum();
    if total < ENOUGH || (common as f64) < COMMON * total as f64 {
        return Vec::new();
    }
    let found = sorted.iter().rev().filter(|(_, n)| is_rare(*n)).take(ODD);
    found.map(|(v, n)| ((*v).to_owned(), *n, Odd::Rare)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(values: impl IntoIterator<Item = (String, u64)>) -> Spread {
        Spread::of(&values.into_iter().collect(), |v| v.parse().ok())
    }

    fn named(values: &[(&str, u64)]) -> Spread {
        spread(values.iter().map(|(v, n)| ((*v).to_owned(), *n)))
    }

    #[test]
    fn a_number_far_from_the_others_stands_out() {
        let usual = (0..200).map(|i| ((100 + i % 40).to_string(), 1)).fold(HashMap::new(), |mut all, (v, n)| {
            *all.entry(v).or_insert(0) += n;
            all
        });
        let s = spread(usual.clone().into_iter().chain([("9000".to_owned(), 1), ("-700".to_owned(), 2)]));
        assert_eq!(s.odd, [("9000".to_owned(), 1, Odd::High), ("-700".to_owned(), 2, Odd::Low)]);
        let range = s.range.as_ref();
        assert_eq!(range.map(|r| (r.low.as_str(), r.median.as_str(), r.high.as_str())), Some(("-700", "119", "9000")));
        assert_eq!(spread(usual).odd, []);
    }

    #[test]
    fn a_rare_name_among_few_stands_out_and_an_identifier_does_not() {
        let s = named(&[("200", 900), ("404", 95), ("502", 2), ("418", 1)]);
        assert_eq!(s.range, None, "a status is a name");
        assert_eq!(s.odd, [("418".to_owned(), 1, Odd::Rare), ("502".to_owned(), 2, Odd::Rare)]);
        assert_eq!(s.top[0], ("200".to_owned(), 900));
        let ids = spread((0..500).map(|i| (format!("order-{i}"), 1)));
        assert_eq!((ids.odd.len(), ids.distinct, ids.top.len()), (0, 500, TOP));
    }

    #[test]
    fn a_wide_spread_has_no_outliers_and_few_values_say_nothing() {
        let wide = spread((0..100).map(|i| ((1_u64 << (i % 30)).to_string() + if i < 30 { "" } else { ".0" }, 1)));
        assert!(wide.odd.is_empty(), "{:?}", wide.odd);
        assert!(named(&[("a", 20), ("b", 1)]).odd.is_empty());
        assert_eq!(named(&[]), Spread::default());
    }
}
