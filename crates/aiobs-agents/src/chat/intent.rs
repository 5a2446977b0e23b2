//! What a question asks for, by rules over its words, in English and French. Used by facts and composition, and so by
//! every answer; it knows neither archive nor model.

use super::language::Lang;
use super::measures::By;
use super::period::Period;
use super::rules::{
    AFFECTED, BEGINNINGS, BETWEEN, BY, EXPIRES, FIRST, LAST, LENGTHS, LEVELS, NOT, NOUNS, PEOPLE, RULES, STATES, WHO,
    WORST,
};
use super::sentences::Say;
use aiobs_types::{IncidentId, Level};

/// What is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Intent {
    /// What happened, what is wrong, a summary.
    Happened,
    /// Why; the cause.
    Why,
    /// When, at what time.
    When,
    /// Since when, for how long.
    Since,
    /// How many, how often.
    HowMany,
    /// Whether it was there before.
    Before,
    /// What changed, what is new, whether something was deployed.
    Changed,
    /// What to do.
    Fix,
    /// Who, where, which component.
    Who,
    /// Which component had it first.
    First,
    /// Whether it goes on.
    Ongoing,
    /// Which lines come most often.
    Top,
    /// What took longest.
    Slowest,
    /// When something ends to be valid.
    Expiry,
    /// One stretch of time against the one before it.
    Compare,
    /// Nothing of these: lines that match.
    #[default]
    Find,
}

impl Intent {
    /// What is answered, for the line that says how the answer was made.
    pub(super) const fn wants(self) -> Say {
        match self {
            Self::Happened => Say::WantsHappened,
            Self::Why => Say::WantsWhy,
            Self::When => Say::WantsWhen,
            Self::Since => Say::WantsSince,
            Self::HowMany => Say::WantsHowMany,
            Self::Before => Say::WantsBefore,
            Self::Changed => Say::WantsChanged,
            Self::Fix => Say::WantsFix,
            Self::Who => Say::WantsWho,
            Self::First => Say::WantsFirst,
            Self::Ongoing => Say::WantsOngoing,
            Self::Top => Say::WantsTop,
            Self::Slowest => Say::WantsSlowest,
            Self::Expiry => Say::WantsExpiry,
            Self::Compare => Say::WantsCompare,
            Self::Find => Say::WantsFind,
        }
    }
}

/// A question, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// What is wanted.
    pub(crate) intent: Intent,
    /// Of which time.
    pub(crate) period: Option<Period>,
    /// At least this bad, when the question names errors or warnings.
    pub(crate) level: Option<Level>,
    /// The incident it names by number.
    pub(crate) incident: Option<IncidentId>,
    /// Whether it asks for people or addresses; `Some(true)` when it names them rather than components.
    pub(crate) people: Option<bool>,
    /// What the lines are to be told apart by.
    pub(crate) by: Option<By>,
    /// Whether it asks for those of which that is not so.
    pub(crate) not: bool,
    /// Whether it asks for the last one.
    pub(crate) last: bool,
    /// What it is asked in.
    pub(crate) lang: Lang,
}

/// Lower case, without accents, apostrophes and punctuation, one space around every word.
pub(super) fn plain(question: &str) -> String {
    let mut out = String::with_capacity(question.len() + 2);
    out.push(' ');
    for c in question.chars().flat_map(char::to_lowercase) {
        let c = match c {
            'à' | 'â' | 'ä' | 'á' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'î' | 'ï' | 'í' => 'i',
            'ô' | 'ö' | 'ó' => 'o',
            'ù' | 'û' | 'ü' | 'ú' => 'u',
            'ç' => 'c',
            c if c.is_alphanumeric() || c == '#' || c == ':' => c,
            _ => ' ',
        };
        if c != ' ' || !out.ends_with(' ') {
            out.push(c);
        }
    }
    if !out.ends_with(' ') {
        out.push(' ');
    }
    out
}

fn has(plain: &str, phrase: &str) -> bool {
    plain.match_indices(phrase).any(|(at, _)| {
        plain[..at].ends_with(' ') && plain.as_bytes().get(at + phrase.len()).is_some_and(|b| *b == b' ')
    })
}

fn any(plain: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|p| has(plain, p))
}

/// The words behind "which", "what" or "how many": what is asked for.
fn wanted(plain: &str) -> &str {
    let mut rest = plain[1..].trim_start();
    let asks = |word: &str| WHO.contains(&word) || matches!(word, "how" | "combien");
    let Some(at) = plain.split_whitespace().position(asks) else { return "" };
    for _ in 0..=at {
        rest = rest.split_once(' ').map_or("", |(_, rest)| rest);
    }
    while let Some((word, after)) = rest.split_once(' ')
        && BETWEEN.contains(&word)
    {
        rest = after;
    }
    rest
}

/// What lines are to be told apart by: named right behind the question word, or anywhere when the question ranks.
fn told_apart(plain: &str, intent: Intent) -> Option<By> {
    let behind = format!(" {} ", wanted(plain).trim());
    let starts = |p: &&str| behind.starts_with(&format!(" {p} "));
    let (by, phrases) = BY.iter().find(|(_, phrases)| phrases.iter().any(&starts)).or_else(|| {
        BY.iter().find(|(_, phrases)| matches!(intent, Intent::Top | Intent::Slowest) && any(plain, phrases))
    })?;
    // "How many user sessions" does not ask for users.
    let many = phrases.iter().filter(|p| starts(p)).any(|p| p.ends_with('s'));
    (intent != Intent::HowMany || many).then_some(*by)
}

/// Reads a question.
pub(crate) fn read(question: &str) -> Asked {
    let plain = plain(question);
    let begins = |phrase: &&str| plain[1..].starts_with(phrase);
    let any = |phrases: &[&str]| any(&plain, phrases);
    let intent = BEGINNINGS
        .iter()
        .find(|(_, phrases)| phrases.iter().any(begins))
        .or_else(|| RULES.iter().find(|(_, phrases)| any(phrases)))
        .map_or(Intent::Find, |(intent, _)| *intent);
    let first = matches!(intent, Intent::Who | Intent::Since | Intent::Happened | Intent::Find | Intent::When);
    let begins_who = WHO.iter().any(|w| plain[1..].starts_with(&format!("{w} ")));
    let intent = if first && begins_who && any(FIRST) { Intent::First } else { intent };
    let by = told_apart(&plain, intent);
    let noun = wanted(&plain).split(' ').next().is_some_and(|w| NOUNS.contains(&w));
    let intent = match intent {
        Intent::When | Intent::Find | Intent::Happened | Intent::Who | Intent::Ongoing if any(EXPIRES) => {
            Intent::Expiry
        }
        Intent::HowMany | Intent::Since if any(EXPIRES) && any(LENGTHS) => Intent::Expiry,
        Intent::Who | Intent::Find | Intent::Happened if matches!(by, Some(By::Path | By::Agent | By::Status)) => {
            Intent::Top
        }
        Intent::Find
            if STATES.iter().any(|s| plain.ends_with(&format!(" {s} "))) && any(&["is", "are", "est", "sont"]) =>
        {
            Intent::Happened
        }
        Intent::Find | Intent::Happened if by.is_some() => Intent::Top,
        // "Which host has the most errors" asks for hosts, not for lines.
        Intent::Top | Intent::Find if noun && any(WORST) => Intent::Who,
        intent => intent,
    };
    let people =
        (intent == Intent::Who && (any(PEOPLE) || any(&["who", "whose", "qui", "where", "d ou"]))).then(|| any(PEOPLE));
    let level = LEVELS.iter().find(|(_, words)| any(words)).map(|(l, _)| *l);
    let ill = any(WORST) || any(NOT) && any(AFFECTED);
    let worst = (intent == Intent::Who && ill).then_some(Level::Error);
    let reached = (intent == Intent::HowMany && by.is_some() && any(AFFECTED)).then_some(Level::Warn);
    let period = Period::read(&plain).map(|p| if intent == Intent::Compare { p.compared() } else { p });
    let level = level.or(worst).or(reached);
    let (not, last) = (intent == Intent::Who && any(NOT), any(LAST));
    Asked { intent, period, level, incident: incident(&plain), people, by, not, last, lang: Lang::of(&plain) }
}

/// Words and terms of a question that say what kind of answer is wanted, so that no line is searched for them.
#[derive(Debug, Default)]
pub(super) struct Spent<'a> {
    /// Words.
    pub(super) words: Vec<&'a str>,
    /// Whether what is slow is read from the lines.
    pub(super) slow: bool,
    /// Whether what expires is read from the lines.
    pub(super) expires: bool,
}

/// See [`Spent`]; the question in plain letters.
pub(super) fn spent(plain: &str) -> Spent<'_> {
    let asked = read(plain);
    let mut words: Vec<&str> = Vec::new();
    let noun = wanted(plain).split(' ').next().filter(|w| NOUNS.contains(w));
    words.extend(noun);
    if asked.by.is_some() {
        let phrases = BY.iter().filter(|(by, _)| Some(*by) == asked.by).flat_map(|(_, phrases)| phrases.iter());
        let named: Vec<&str> = phrases.filter(|p| has(plain, p)).flat_map(|p| p.split(' ')).collect();
        words.extend(plain.split(' ').filter(|w| named.contains(w)));
    }
    let said = |phrases: &[&'static str]| -> Vec<&'static str> {
        phrases.iter().filter(|p| has(plain, p)).flat_map(|p| p.split(' ')).collect()
    };
    let rank = matches!(asked.intent, Intent::Slowest | Intent::Compare | Intent::Why | Intent::Fix);
    let rules = RULES.iter().filter(|(intent, _)| rank && *intent == asked.intent);
    let mut gone: Vec<&str> = rules.flat_map(|(_, phrases)| said(phrases)).collect();
    if asked.intent == Intent::Who {
        gone.extend(said(WORST));
        gone.extend(if asked.not { said(AFFECTED) } else { Vec::new() });
    }
    if asked.intent == Intent::Happened {
        gone.extend(STATES);
    }
    if asked.by.is_some() {
        gone.extend(said(AFFECTED));
    }
    words.extend(plain.split(' ').filter(|w| gone.contains(w)));
    Spent { words, slow: asked.intent == Intent::Slowest, expires: asked.intent == Intent::Expiry }
}

/// `#7`, `incident 7`.
fn incident(plain: &str) -> Option<IncidentId> {
    let words: Vec<&str> = plain.split_whitespace().collect();
    let number = |w: &str| w.trim_start_matches('#').parse().ok().map(IncidentId);
    let after = words.windows(2).find(|w| w[0] == "incident").and_then(|w| number(w[1]));
    after.or_else(|| words.iter().filter(|w| w.starts_with('#')).find_map(|w| number(w)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Intent::{Before, Changed, Compare, Find, First, Fix, Happened, HowMany, Ongoing, Since, Top, When, Who, Why};

    #[test]
    fn questions_in_english_and_french_are_understood() {
        for (question, want) in [
            ("What happened?", Happened),
            ("What went wrong in the last ten minutes?", Happened),
            ("what's going on", Happened),
            ("Summary please", Happened),
            ("Why do orders fail?", Why),
            ("why does it restart?", Why),
            ("Why is it still failing?", Why),
            ("What is the root cause of the timeouts?", Why),
            ("what caused the outage", Why),
            ("When was the last timeout?", When),
            ("At what time was the disk full?", When),
            ("Since when do payments fail?", Since),
            ("When did it start?", Since),
            ("How long has db-1 been refusing connections?", Since),
            ("How many errors did orders have today?", HowMany),
            ("how often does db-1 refuse?", HowMany),
            ("number of restarts", HowMany),
            ("Has this happened before?", Before),
            ("Is it the first time?", Before),
            ("Any similar incidents?", Before),
            ("What changed before the errors?", Changed),
            ("Was there a deploy before the errors began?", Changed),
            ("anything new since 14:20?", Changed),
            ("How do I fix it?", Fix),
            ("What should we do now?", Fix),
            ("How to stop the refused connections?", Fix),
            ("Who refused connections?", Who),
            ("Which component is affected?", Who),
            ("Where do the timeouts come from?", Who),
            ("Is it still happening?", Ongoing),
            ("Is it over now?", Ongoing),
            ("Has the gateway recovered?", Ongoing),
            ("Compare the last hour with the one before", Compare),
            ("Are there more errors than yesterday?", Compare),
            ("connection refused db-1", Find),
            ("Que s'est-il passé ?", Happened),
            ("Qu'est-ce qui ne va pas ?", Happened),
            ("Résumé de la nuit", Happened),
            ("Pourquoi les commandes échouent-elles ?", Why),
            ("Quelle est l'origine des erreurs ?", Why),
            ("Quand était la dernière panne ?", When),
            ("À quelle heure le disque était-il plein ?", When),
            ("Depuis quand db-1 refuse les connexions ?", Since),
            ("Quand est-ce que ça a commencé ?", Since),
            ("Combien d'erreurs depuis une heure ?", HowMany),
            ("À quelle fréquence ?", HowMany),
            ("Est-ce déjà arrivé ?", Before),
            ("Est-ce la première fois ?", Before),
            ("Qu'est-ce qui a changé ?", Changed),
            ("Y a-t-il eu un déploiement ?", Changed),
            ("Comment corriger le problème ?", Fix),
            ("Que faire ?", Fix),
            ("Quel composant est touché ?", Who),
            ("Qui refuse les connexions ?", Who),
            ("Est-ce que ça continue encore ?", Ongoing),
            ("Est-ce toujours en cours ?", Ongoing),
            ("What is the most frequent error?", Top),
            ("List the errors of payments since 10 minutes ago", Top),
            ("Which errors does db-1 have?", Top),
            ("Quelle est l'erreur la plus fréquente ?", Top),
            ("Montre les erreurs de payments", Top),
            ("What does \"slots are reserved\" mean?", Why),
            ("What broke after the deploy?", Happened),
            ("Is everything ok now?", Happened),
            ("Tout va bien ?", Happened),
            ("Did anything restart?", Changed),
            ("Compare avec hier", Compare),
            ("Which service started failing first?", First),
            ("Quel service est tombé en premier ?", First),
            ("From which addresses do the failed logins come?", Who),
            ("Résume les dernières minutes", Happened),
            ("Est-ce que le problème est résolu ?", Ongoing),
            ("Y a-t-il plus d'erreurs que d'habitude ?", Compare),
        ] {
            assert_eq!(read(question).intent, want, "{question}");
        }
    }

    #[test]
    fn levels_and_incidents_are_read() {
        assert_eq!(read("how many errors?").level, Some(Level::Error));
        assert_eq!(read("combien d'avertissements ?").level, Some(Level::Warn));
        assert_eq!(read("why did the pool fill up?").level, None);
        assert_eq!(read("why incident 7?").incident, Some(IncidentId(7)));
        assert_eq!(read("explain #12, please").incident, Some(IncidentId(12)));
        assert_eq!(read("incident in progress").incident, None);
        assert_eq!(read("").intent, Find);
        assert!(!has(" thisstill ", "still"));
    }
}
