//! How alike two incidents are, from what they say of themselves. Pure; used to name past ones beside a new one.

use aiobs_types::{Diagnosis, Incident};
use std::collections::BTreeSet;

/// From this likeness on, naming the past incident helps.
pub(crate) const ENOUGH: f64 = 0.5;
/// What the same class of error adds.
const CLASS: f64 = 0.4;

/// 0 to 1: the share of title words both have (Jaccard index), raised when a component or the class of the error is
/// the same, since titles are short.
pub(crate) fn likeness(a: &Incident, of_a: Option<&Diagnosis>, b: &Incident, of_b: Option<&Diagnosis>) -> f64 {
    let class = of_a.zip(of_b).is_some_and(|(a, b)| !a.error_class.is_empty() && a.error_class == b.error_class);
    (of_incidents(a, b) + if class { CLASS } else { 0.0 }).min(1.0)
}

/// What [`likeness`] can be at most, whatever their diagnoses say.
pub(crate) fn at_most(a: &Incident, b: &Incident) -> f64 {
    (of_incidents(a, b) + CLASS).min(1.0)
}

fn of_incidents(a: &Incident, b: &Incident) -> f64 {
    let (words_a, words_b) = (words(&a.title), words(&b.title));
    let both = words_a.intersection(&words_b).count() as f64;
    let either = words_a.union(&words_b).count().max(1) as f64;
    let component = a.components.iter().any(|c| b.components.contains(c));
    both / either + if component { 0.15 } else { 0.0 }
}

/// Words that mean something, in lower case; placeholders and numbers do not.
fn words(title: &str) -> BTreeSet<String> {
    title
        .split(|c: char| !(c.is_alphanumeric() || c == '<'))
        .filter(|w| w.chars().count() > 2 && !w.starts_with('<') && !w.chars().all(|c| c.is_ascii_digit()))
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident(title: &str, component: &str) -> Incident {
        Incident { title: title.into(), components: vec![component.into()], ..Incident::default() }
    }

    #[test]
    fn the_same_fault_elsewhere_is_alike_and_another_one_is_not() {
        let now = incident("Database refuses connections", "orders");
        let same = incident("Database refuses connections (pool <num>)", "payments");
        let other = incident("TLS certificate expires soon", "orders");
        assert!(likeness(&now, None, &same, None) >= ENOUGH);
        assert!(likeness(&now, None, &other, None) < ENOUGH);
        assert!(at_most(&now, &same) >= ENOUGH);
        assert!(at_most(&now, &incident("TLS certificate expires soon", "edge")) < ENOUGH, "not worth a look");
        assert!(likeness(&incident("12 <num>", "a"), None, &incident("34 <num>", "b"), None) < ENOUGH);
    }
}
