//! What people call things and how log lines say it: the words of a question, in English and French, and the words to search
//! for in their place. Log lines are English, questions are not always, and people say "log in" where a line says
//! "password". Used by retrieval; pure.

/// Words or phrases of questions, folded, and what lines say. The first phrase that stands in a question counts.
#[rustfmt::skip]
const TERMS: &[(&[&str], &[&str])] = &[
    // More than one word first.
    (&["logged in", "logged on", "successful login", "successful logins", "login succeed", "s est connecte", "se sont connectes", "connexion reussie", "connexions reussies", "connecte avec succes"],
        &["logged in", "accepted password", "accepted publickey", "session opened", "login success"]),
    (&["attack", "attacks", "attacked", "attacking", "attaque", "attaques", "attaquent", "intrusion", "intrusions", "brute force", "hacked", "pirate", "piratage", "hacker", "hackers", "scan", "scans", "scanning", "scanned", "scanne", "scannent"],
        &["failed password", "invalid user", "authentication fail", "attack", "brute", "injection", "traversal", "intrusion", "too many auth", "scan"]),
    (&["log in", "logs in", "logging in", "sign in", "signed in", "login", "logins", "se connecter", "connecter", "connecte", "connectes", "authentifier", "authentification", "authentications", "authentication", "ouvrir une session"],
        &["login", "log in", "logged in", "password", "authenticat", "publickey", "session opened"]),
    (&["mot de passe", "mots de passe"], &["password"]),
    (&["base de donnees", "bases de donnees", "la base", "database", "databases", "the db"], &["database", "db-", "postgres", "mysql"]),
    (&["out of memory", "memoire", "plus de memoire", "oom"], &["out of memory", "oom", "memory"]),
    (&["file d attente", "files d attente"], &["queue"]),
    (&["disk full", "full disk", "disk is full", "disk space", "disque plein", "disque est il plein", "disque est plein", "espace disque", "disque sature"],
        &["no space left", "disk full", "disk is full", "disk usage", "disk space"]),
    (&["5xx", "erreur 5xx", "erreurs 5xx", "500s", "server error", "server errors"],
        &["\" 50", "status=50", "status\":50", "status: 50", "code=50"]),
    (&["4xx", "erreur 4xx", "erreurs 4xx"], &["\" 40", "status=40", "status\":40", "status: 40", "code=40"]),
    (&["disque", "disques", "disk", "disks"], &["disk", "no space left", "space usage", "filesystem", "file system"]),
    (&["pare feu"], &["firewall"]),
    (&["sauvegarde", "sauvegardes", "sauvegarder"], &["backup"]),
    (&["commande", "commandes"], &["order"]),
    (&["paiement", "paiements", "payer"], &["payment", "charge"]),
    (&["panier", "paniers"], &["cart"]),
    (&["connexion", "connexions"], &["connection", "session opened", "accepted password", "accepted publickey"]),
    (&["utilisateur", "utilisateurs", "compte", "comptes"], &["user", "account"]),
    (&["requete", "requetes", "request", "requests"], &["request", "query", "\"get ", "\"post ", "\"put ", "\"delete ", "\"head "]),
    (&["reponse", "reponses"], &["response", "answer"]),
    (&["certificat", "certificats"], &["certificate"]),
    (&["reseau", "reseaux"], &["network"]),
    (&["serveur", "serveurs"], &["server"]),
    (&["processus"], &["process"]),
    (&["fichier", "fichiers"], &["file"]),
    (&["cle", "cles"], &["key"]),
    (&["jeton", "jetons"], &["token"]),
    (&["tache", "taches"], &["job", "task"]),
    (&["passerelle"], &["gateway"]),
    (&["adherent", "client", "clients"], &["client", "customer"]),
    (&["courriel", "courriels"], &["mail"]),
    (&["echoue", "echouent", "echouer", "echouees", "echoues", "failing", "fails", "fail", "failed"], &["fail"]),
    (&["refuse", "refusent", "refuser", "refusee", "refusees", "refuses", "refusing"], &["refus", "denied"]),
    (&["lent", "lente", "lents", "lentes", "lenteur", "lentement", "ralentit", "slow", "slowly", "slower", "slowest", "slowness"],
        &["slow", "waiting", "took", "duration"]),
    (&["expire", "expirent", "expiree"], &["expire", "timed out", "timeout"]),
    (&["time out", "times out", "timing out", "timeouts", "delai depasse", "delai"], &["timed out", "timeout", "time-out", "deadline"]),
    (&["injoignable", "injoignables", "unreachable"], &["unreachable", "no route", "unable to reach"]),
    (&["plante", "plantent", "plantage", "crash", "crashed", "crashes", "crashing"], &["crash", "exited", "panic", "segfault", "core dumped", "killed"]),
    (&["tue", "tues", "tuee"], &["kill"]),
    (&["redemarre", "redemarrer", "redemarrage", "redemarrages", "restarted", "restarts", "restart", "reboot", "rebooted", "reboots", "rebooting"],
        &["restart", "reboot", "starting up", "starting ", "shutting down", "shutdown", "shut down", "startup finished", "ready to accept"]),
    (&["plein", "pleine", "pleins", "sature", "saturee", "full"], &["full ", "is full", "full:", "no space left", "space usage", "exhausted", "limit"]),
    (&["reussi", "reussie", "reussit", "reussir", "succeed", "succeeded", "success", "successfully", "termine", "terminee", "termines", "completed", "finished"], &["success", "succeed", "completed", "accepted", "finished"]),
    (&["arrete", "arretee", "arretes", "arretees", "eteint", "eteinte", "stopped", "stops", "shut down", "switched off"],
        &["stopping", "stopped", "shutting down", "shutdown", "shut down", "rebooting", "deactivated", "power off"]),
    (&["supprime", "supprimee", "efface", "effacee", "deleted", "removed"], &["delet", "remov"]),
    (&["attend", "attendent", "attente"], &["wait"]),
    (&["perdu", "perdue", "perdus", "perdues"], &["lost"]),
    (&["acces"], &["access", "permission", "denied"]),
    (&["droit", "droits"], &["permission", "denied"]),
    (&["certificate expire", "renouveler", "renouvellement"], &["renew"]),
];

/// What stands for a phrase of the question: that phrase, and what lines say.
pub(super) type Term = (&'static str, &'static [&'static str]);

fn begins(plain: &str, phrase: &str) -> Option<usize> {
    plain
        .match_indices(phrase)
        .map(|(at, _)| at)
        .find(|at| plain[..*at].ends_with(' ') && plain.as_bytes().get(at + phrase.len()).is_some_and(|b| *b == b' '))
}

/// The terms of a question in plain letters, and the question without them.
pub(super) fn of(plain: &str) -> (Vec<Term>, String) {
    let (mut terms, mut rest) = (Vec::new(), plain.to_owned());
    for (phrases, said) in TERMS {
        let mut longest: Vec<&'static str> = phrases.to_vec();
        longest.sort_by_key(|p| std::cmp::Reverse(p.len()));
        let found: Vec<&str> = longest.into_iter().filter(|p| begins(&rest, p).is_some()).collect();
        let Some(first) = found.first() else { continue };
        terms.push((*first, *said));
        for phrase in found {
            while let Some(at) = begins(&rest, phrase) {
                rest.replace_range(at..at + phrase.len(), " ");
            }
        }
    }
    (terms, rest)
}

#[cfg(test)]
mod tests {
    use super::super::intent::plain;
    use super::*;

    #[test]
    fn what_people_say_is_what_lines_say() {
        let said = |question: &str| of(&plain(question)).0.iter().map(|t| t.1[0]).collect::<Vec<_>>();
        assert_eq!(said("Qui a essayé de se connecter ?"), ["login"]);
        assert_eq!(said("who tried to log in?"), ["login"]);
        assert_eq!(said("Combien de commandes ont échoué ?"), ["order", "fail"]);
        assert_eq!(said("Le disque est-il plein ?"), ["no space left"]);
        assert_eq!(said("La base de données refuse les connexions"), ["database", "connection", "refus"]);
        assert!(said("what happened?").is_empty());
        assert_eq!(of(&plain("se connecter à web-3")).1.split_whitespace().collect::<Vec<_>>(), ["a", "web", "3"]);
    }

    #[test]
    fn phrases_are_folded() {
        for (phrases, said) in TERMS {
            for phrase in *phrases {
                assert_eq!(plain(phrase).trim(), *phrase);
            }
            assert!(said.iter().all(|s| s.chars().all(|c| !c.is_uppercase())));
        }
    }
}
