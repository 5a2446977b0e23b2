//! What a question asks for, by rules over its words, in English and French. Used by facts and composition, and so by
//! every answer; it knows neither archive nor model.

use super::language::Lang;
use super::period::Period;
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
    /// What it is asked in.
    pub(crate) lang: Lang,
}

/// Questions that begin so are about that, whatever follows.
const BEGINNINGS: &[(Intent, &[&str])] = &[
    (Intent::Why, &["why", "pourquoi", "what causes", "what caused", "how come"]),
    (Intent::HowMany, &["how many", "how often", "count", "combien de fois", "number of", "nombre d"]),
    (Intent::Since, &["since when", "how long", "depuis quand", "depuis combien"]),
    (Intent::Compare, &["compare", "comparer", "comparez"]),
];

/// The first rule of which a phrase stands in the question decides: the special ones come first.
#[rustfmt::skip]
const RULES: &[(Intent, &[&str])] = &[
    (Intent::Fix, &[
        "how to fix", "how do i fix", "how do we fix", "how can i fix", "how can we fix", "how should", "fix it",
        "how to resolve", "how to solve", "how to stop", "how to recover", "how to prevent", "how do i resolve",
        "how do we resolve", "how do i stop", "how do i solve", "what should i do", "what should we do",
        "what can i do", "what can we do", "what to do", "what do i do", "next step", "workaround", "mitigate",
        "mitigation", "remedy", "solution", "comment corriger", "comment resoudre", "comment reparer",
        "comment regler", "comment arreter", "comment eviter", "comment retablir", "que faire", "quoi faire",
        "que dois je faire", "que peut on faire", "que puis je faire",
    ]),
    (Intent::Ongoing, &[
        "still", "ongoing", "is it over", "over now", "is it fixed", "is this fixed", "is it resolved",
        "has it stopped", "did it stop", "recovered", "back to normal", "right now", "going on now", "encore",
        "toujours", "en cours", "est ce fini", "c est fini", "est ce termine", "est ce resolu", "est resolu", "est il resolu", "est regle", "est fini", "est termine", "ca continue",
        "est ce que ca continue", "s est arrete", "retabli", "revenu a la normale",
    ]),
    (Intent::Before, &[
        "like before", "seen before", "seen this before", "happened before", "happen before", "happened already",
        "had this before", "ever happen", "ever seen", "first time", "in the past", "happened again",
        "happening again", "similar incident", "similar incidents", "known issue", "known problem", "deja arrive",
        "deja vu", "deja produit", "deja eu", "deja rencontre", "premiere fois", "comme avant", "par le passe",
        "incident similaire", "incidents similaires", "probleme connu",
    ]),
    (Intent::Top, &[
        "most frequent", "most common", "the most", "le plus de", "most often", "most of all", "noisiest", "top error", "top errors",
        "top message", "top messages", "top warnings", "which errors", "what errors", "what are the errors",
        "which warnings", "list errors", "list the errors", "list all errors", "list of errors", "show errors",
        "show the errors", "show me errors", "show me the errors", "kinds of errors", "plus frequent",
        "plus frequente", "plus frequents", "plus frequentes", "plus courant", "plus courante", "plus courantes",
        "le plus souvent", "quelles erreurs", "quelles sont les erreurs", "liste les erreurs", "liste des erreurs",
        "montre les erreurs", "montre moi les erreurs", "affiche les erreurs", "principales erreurs",
    ]),
    (Intent::Compare, &[
        "compare", "compared", "versus", "vs", "difference between", "than yesterday", "than before", "than usual",
        "than normal", "more than", "worse than", "better than", "par rapport", "plus que", "pire que",
        "que d habitude", "difference entre", "qu hier", "comparaison",
    ]),
    (Intent::Changed, &[
        "changed", "what changes", "any change", "any changes", "what is new", "what s new", "anything new",
        "new errors", "new messages", "new patterns", "different now", "a deploy", "any deploy", "deployed",
        "deployment", "deployments", "released", "release", "anything restart", "restarted", "a change", "quoi de neuf",
        "quoi de nouveau", "nouvelles erreurs", "nouveaux messages", "deploiement", "deploiements", "deploye",
        "changement", "changements", "redemarre", "mise a jour",
    ]),
    (Intent::Since, &[
        "since when", "how long", "did it start", "did it begin", "did this start", "did this begin", "start failing",
        "begin to", "began", "started", "depuis quand", "depuis combien", "a commence", "ont commence",
        "quand est ce que ca a",
    ]),
    (Intent::HowMany, &[
        "how many", "how often", "number of", "how much", "what rate", "the rate", "combien", "frequence",
        "nombre de",
    ]),
    (Intent::Why, &[
        "why", "cause", "causes", "caused", "reason", "mean", "means", "meaning", "signifie", "veut dire", "pourquoi", "raison", "origine", "a cause de quoi",
    ]),
    (Intent::Happened, &[
        "que s est il passe", "qu est ce qui s est passe", "qu est ce qui se passe", "qu est ce qui ne va pas",
        "qui va mal",
    ]),
    (Intent::Who, &[
        "who", "whose", "where", "which address", "which addresses", "which ip", "which ips", "which user", "which users",
        "which account", "which accounts", "what address", "what addresses", "what users", "quelle adresse",
        "quelles adresses", "quelle ip", "quelles ip", "quel utilisateur", "quels utilisateurs", "quel compte",
        "quels comptes", "which component", "which components", "which service", "which services", "which host",
        "which hosts", "which source", "which pod", "which server", "what component", "what service", "affected",
        "qui", "quel composant", "quels composants", "quel service", "quels services", "quelle machine",
        "quel serveur", "quel hote", "d ou", "ou est", "ou sont", "touche", "touches",
    ]),
    (Intent::When, &[
        "when", "what time", "last time", "quand", "quelle heure", "derniere fois",
    ]),
    (Intent::Happened, &[
        "happened", "happen", "happens", "happening", "went wrong", "goes wrong", "is wrong", "going on", "summary",
        "summarise", "summarize", "overview", "status", "explain", "que se passe", "resume", "etat", "explique",
        "expliquer", "probleme", "problemes", "problem", "problems", "what broke", "what is broken", "what fails",
        "what is failing", "what failed", "everything ok", "everything fine", "everything okay", "all good", "all ok",
        "healthy", "unhealthy", "is it ok", "is down", "is it down", "are down", "down", "hors service", "fonctionne", "fonctionnent", "is up", "is it up", "anything wrong",
        "tout va bien", "va bien", "est ce que ca marche", "en panne", "tombe", "what is", "what are",
    ]),
];

/// Words that ask who was first, in a question about who or what.
const FIRST: &[&str] = &["first", "en premier", "premier", "premiere", "d abord"];
const WHO: &[&str] = &["who", "which", "what", "qui", "quel", "quelle", "quels", "quelles", "lequel", "laquelle"];
/// Words that ask for people or addresses.
const PEOPLE: &[&str] = &[
    "address",
    "addresses",
    "ip",
    "ips",
    "user",
    "users",
    "account",
    "accounts",
    "adresse",
    "adresses",
    "utilisateur",
    "utilisateurs",
    "compte",
    "comptes",
    "login",
    "logins",
    "log in",
    "logged in",
    "sign in",
    "connecter",
    "authentifier",
];

/// Words that name how bad.
const LEVELS: &[(Level, &[&str])] = &[
    (Level::Fatal, &["fatal", "fatals", "panic", "panics", "fatales"]),
    (Level::Error, &["error", "errors", "failure", "failures", "erreur", "erreurs", "echec", "echecs"]),
    (Level::Warn, &["warning", "warnings", "avertissement", "avertissements", "alerte", "alertes"]),
];

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

/// Reads a question.
pub(crate) fn read(question: &str) -> Asked {
    let plain = plain(question);
    let begins = |phrase: &&str| plain[1..].starts_with(phrase);
    let intent = BEGINNINGS
        .iter()
        .find(|(_, phrases)| phrases.iter().any(begins))
        .or_else(|| RULES.iter().find(|(_, phrases)| phrases.iter().any(|p| has(&plain, p))))
        .map_or(Intent::Find, |(intent, _)| *intent);
    let any = |words: &[&str]| words.iter().any(|w| has(&plain, w));
    let first = matches!(intent, Intent::Who | Intent::Since | Intent::Happened | Intent::Find | Intent::When);
    let begins_who = WHO.iter().any(|w| plain[1..].starts_with(&format!("{w} ")));
    let intent = if first && begins_who && any(FIRST) { Intent::First } else { intent };
    let people =
        (intent == Intent::Who && (any(PEOPLE) || any(&["who", "whose", "qui", "where", "d ou"]))).then(|| any(PEOPLE));
    let level = LEVELS.iter().find(|(_, words)| words.iter().any(|w| has(&plain, w))).map(|(l, _)| *l);
    Asked { intent, period: Period::read(&plain), level, incident: incident(&plain), people, lang: Lang::of(&plain) }
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
