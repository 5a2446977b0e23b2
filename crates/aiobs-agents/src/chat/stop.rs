//! Words of questions that no line is searched for. Used by the retrieval; it knows nothing else.

/// Words that say nothing about logs, in English and French, without accents.
#[rustfmt::skip]
pub(super) const STOP: &[&str] = &[
    "a", "about", "after", "again", "ago", "all", "alors", "already", "an", "and", "any", "anything", "apres", "are",
    "arrive", "arrivee", "at", "aujourd", "aussi", "avant", "avec", "avoir", "be", "been", "before", "between", "but", "broke", "broken",
    "by", "ca", "can", "car", "cause", "ce", "cela", "ces", "cet", "cette", "changed", "changes", "combien", "comme",
    "commence", "comment", "compare", "component", "components", "corriger", "dans", "day", "days", "de", "deja",
    "deploy", "deployed", "depuis", "dernier", "derniere", "dernieres", "derniers", "des", "did", "dire", "dit", "do",
    "does", "du", "elle", "en", "encore", "entre", "erreur", "erreurs", "error", "errors", "est", "et", "ete", "etre",
    "eu", "event", "explain", "failure", "failures", "faire", "fait", "faut", "find", "first", "five", "fix", "fois",
    "for", "from", "give", "had", "happen", "happened", "happening", "happens", "has", "have", "heure", "heures",
    "hier", "hour", "hours", "how", "i", "il", "ils", "in", "incident", "incidents", "is", "it", "its", "jour",
    "jours", "la", "last", "le", "les", "leur", "ligne", "lignes", "line", "lines", "list", "log", "logs", "long",
    "ma", "mais", "many", "me", "minute", "minutes", "moi", "mon", "more", "most", "much", "my", "ne", "new", "not",
    "notre", "nous", "now", "number", "of", "often", "on", "ongoing", "ont", "or", "ou", "our", "over", "par", "pas",
    "passe", "past", "pendant", "plus", "pour", "pourquoi", "premiere", "problem", "probleme", "quand", "que", "quel",
    "quelle", "quelles", "quels", "qui", "quoi", "raison", "reason", "reasons", "recovered", "resolve", "resume",
    "sa", "se", "second", "seconds", "semaine", "service", "services", "ses", "should", "show", "si", "since", "so",
    "son", "sont", "start", "started", "still", "stop", "summary", "sur", "tell", "ten", "than", "that", "the",
    "their", "them", "then", "there", "this", "time", "times", "to", "today", "toujours", "tous", "tout", "trop",
    "un", "une", "usual", "va", "vers", "versus", "vous", "warning", "warnings", "was", "we", "week", "weeks", "were",
    "what", "when", "where", "which", "who", "why", "with", "wrong", "y", "yesterday", "you",
    "everything", "anything", "frequent", "frequente", "frequents", "frequentes", "common", "courante", "courantes",
    "mean", "means", "meaning", "signifie", "veut", "okay", "fine", "bien", "panne", "principales", "down", "healthy",
    "tried", "try", "tries", "trying", "essaye", "essayent", "essayer", "affected", "affecte", "touche", "touches", "maintenant",
    "deployment", "deployments", "deploiement", "deploiements", "deploye", "resolu", "resolved", "regle", "tombe", "tombee",
    "premier", "premiere", "outage", "changement", "changements", "change", "maintenant", "tomber", "marche", "come", "comes",
    "getting", "returns", "return", "retourne", "endpoint", "endpoints", "ever", "jamais", "really", "quickly", "next", "happen", "anybody", "anyone", "somebody", "someone", "quelqu", "eux", "whose", "him", "address",
    "addresses", "adresse", "adresses", "use", "please", "could", "would", "machine", "systeme", "system",
    "don", "doesn", "didn", "isn", "aren", "won", "wasn",
];
