//! The phrases by which questions are read, in English and French, folded. One table for every kind; used by the intent.

use super::intent::Intent;
use super::measures::By;
use aiobs_types::Level;

/// Questions that begin so are about that, whatever follows.
pub(super) const BEGINNINGS: &[(Intent, &[&str])] = &[
    (Intent::Why, &["why", "pourquoi", "what causes", "what caused", "how come"]),
    (Intent::HowMany, &["how many", "how often", "count", "combien de fois", "number of", "nombre d"]),
    (Intent::Since, &["since when", "how long", "depuis quand", "depuis combien"]),
    (Intent::Compare, &["compare", "comparer", "comparez"]),
];

/// The first rule of which a phrase stands in the question decides: the special ones come first.
#[rustfmt::skip]
pub(super) const RULES: &[(Intent, &[&str])] = &[
    (Intent::Fix, &[
        "how to fix", "how do i fix", "how do we fix", "how can i fix", "how can we fix", "how should", "fix it",
        "how to resolve", "how to solve", "how to stop", "how to recover", "how to prevent", "how do i resolve",
        "how do we resolve", "how do i stop", "how do i solve", "what should i do", "what should we do",
        "what can i do", "what can we do", "what to do", "what do i do", "next step", "workaround", "mitigate",
        "mitigation", "remedy", "solution", "comment corriger", "comment resoudre", "comment reparer",
        "comment regler", "comment arreter", "comment eviter", "comment retablir", "que faire", "quoi faire",
        "where to start", "where do i start", "where do we start", "where should", "what first", "do first",
        "par quoi commencer", "par quoi je commence", "par quoi commence", "par ou commencer", "par ou je commence", "faire en premier",
        "que dois je faire", "que peut on faire", "que puis je faire",
    ]),
    (Intent::Ongoing, &[
        "still", "ongoing", "is it over", "over now", "is it fixed", "is this fixed", "is it resolved",
        "has it stopped", "did it stop", "errors stop", "errors stopped", "have stopped", "has it ended", "recovered", "back to normal", "right now", "going on now", "encore",
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
    (Intent::Slowest, &[
        "slowest", "longest", "slow requests", "slow queries", "response time", "response times", "latency", "latencies",
        "takes longest", "took longest", "take longest", "how slow", "most time", "plus lent", "plus lente",
        "plus lents", "plus lentes", "temps de reponse", "latence", "latences", "plus de temps", "plus longues",
        "requetes lentes",
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
        "than normal", "more than", "worse than", "better than", "par rapport", "plus que", "pire que", "worse",
        "increase", "increased", "increasing", "went up", "going up", "risen", "decrease", "decreased", "went down",
        "going down", "better", "augmente", "augmentent", "augmentation", "empire", "aggrave", "aggravent", "en hausse",
        "en baisse", "diminue", "diminuent", "ameliore", "que d habitude", "difference entre", "qu hier", "comparaison",
    ]),
    (Intent::Changed, &[
        "changed", "what changes", "any change", "any changes", "what is new", "what s new", "anything new",
        "new errors", "new messages", "new patterns", "different now", "a deploy", "any deploy", "deployed",
        "deployment", "deployments", "released", "release", "anything restart", "a change", "quoi de neuf",
        "quoi de nouveau", "nouvelles erreurs", "nouveaux messages", "deploiement", "deploiements", "deploye",
        "changement", "changements", "quelque chose a redemarre", "mise a jour",
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
        "why", "cause", "causes", "caused", "reason", "mean", "means", "meaning", "signifie", "veut dire", "pourquoi", "raison", "origine", "a cause de quoi", "fault is", "whose fault", "la faute", "blame", "responsible",
        "responsable", "culprit", "coupable", "who broke",
    ]),
    (Intent::Happened, &[
        "que s est il passe", "qu est ce qui s est passe", "qu est ce qui se passe", "qu est ce qui ne va pas",
        "qui va mal", "qu est ce qui cloche",
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
        "tout va bien", "va bien", "est ce que ca marche", "en panne", "tombe",
    ]),
];

/// Words that ask who was first, in a question about who or what.
pub(super) const FIRST: &[&str] = &["first", "en premier", "premier", "premiere", "d abord"];
pub(super) const WHO: &[&str] =
    &["who", "which", "what", "qui", "quel", "quelle", "quels", "quelles", "lequel", "laquelle"];
/// Words that ask for people or addresses.
pub(super) const PEOPLE: &[&str] = &[
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
pub(super) const LEVELS: &[(Level, &[&str])] = &[
    (Level::Fatal, &["fatal", "fatals", "panic", "panics", "fatales"]),
    (Level::Error, &["error", "errors", "failure", "failures", "erreur", "erreurs", "echec", "echecs"]),
    (Level::Warn, &["warning", "warnings", "avertissement", "avertissements", "alerte", "alertes"]),
];

/// Words that ask when something ends to be valid.
#[rustfmt::skip]
pub(super) const EXPIRES: &[&str] = &[
    "expire", "expires", "expiring", "expiration", "expiry", "expirent", "expirer", "expired", "valid until", "valable",
    "echeance", "renewal", "renew", "renewed", "renouvellement", "renouveler", "renouvele",
];
/// Units in which a question asks how long something lasts.
#[rustfmt::skip]
pub(super) const LENGTHS: &[&str] = &["days", "hours", "weeks", "time", "long", "jours", "heures", "semaines", "temps"];
/// Words that ask who is worst off.
#[rustfmt::skip]
pub(super) const WORST: &[&str] = &[
    "worst", "most affected", "hardest hit", "in trouble", "most errors", "le plus mal", "la plus mal", "va mal", "vont mal",
    "le plus touche", "la plus touchee", "pire", "le plus d erreurs", "en difficulte",
];
/// Words that ask who a fault reached.
#[rustfmt::skip]
pub(super) const AFFECTED: &[&str] = &[
    "affected", "impacted", "hit", "touche", "touches", "touchees", "concernes", "affectes", "impactes",
];
/// What lines are told apart by; the first that stands in a question counts.
#[rustfmt::skip]
pub(super) const BY: &[(By, &[&str])] = &[
    (By::Agent, &["user agent", "user agents", "browser", "browsers", "bot", "bots", "crawler", "crawlers", "navigateur", "navigateurs"]),
    (By::Status, &["status code", "status codes", "http code", "http codes", "code http", "codes http", "codes de retour"]),
    (By::Path, &["page", "pages", "url", "urls", "uri", "path", "paths", "endpoint", "endpoints", "route", "routes"]),
    (By::Address, &["ip address", "ip addresses", "address", "addresses", "ip", "ips", "adresse ip", "adresses ip", "adresse", "adresses"]),
    (By::Account, &["user", "users", "account", "accounts", "utilisateur", "utilisateurs", "compte", "comptes", "customer", "customers", "clients"]),
];
/// What stands behind "which" to say what kind of answer is wanted: no line is searched for it.
#[rustfmt::skip]
pub(super) const NOUNS: &[&str] = &[
    "host", "hosts", "server", "servers", "machine", "machines", "component", "components", "service", "services", "source",
    "sources", "pod", "pods", "container", "containers", "node", "nodes", "process", "processes", "program", "programs",
    "application", "applications", "app", "apps", "part", "serveur", "serveurs", "hote", "hotes", "composant", "composants",
    "conteneur", "conteneurs", "noeud", "noeuds", "processus", "programme", "programmes", "partie",
];
/// Words between "which" or "how many" and what they ask for.
#[rustfmt::skip]
pub(super) const BETWEEN: &[&str] = &["different", "distinct", "differents", "differentes", "of", "the", "d", "de", "est", "sont", "is", "are", "le", "la", "les", "l", "unique", "many", "our"];
/// Words that ask for those of which something is not so.
#[rustfmt::skip]
pub(super) const NOT: &[&str] = &["not", "no errors", "unaffected", "without", "aren t", "isn t", "pas", "sans", "aucune erreur"];
/// Words that ask for the last one.
pub(super) const LAST: &[&str] =
    &["last", "latest", "most recent", "newest", "dernier", "derniere", "le plus recent", "la plus recente"];
/// What a question about how something is ends with.
pub(super) const STATES: &[&str] = &[
    "up",
    "running",
    "alive",
    "working",
    "available",
    "reachable",
    "accessible",
    "joignable",
    "disponible",
    "ok",
    "well",
];
