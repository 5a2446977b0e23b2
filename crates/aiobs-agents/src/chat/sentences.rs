//! Everything that an answer composed by rules says of its own, once per language, side by side. What comes from logs,
//! titles, playbooks and queries is put in as it is. Used by composition; pure.

use super::language::Lang;
use std::fmt::{Display, Write as _};

macro_rules! sentences {
    ($($name:ident: $en:literal, $fr:literal;)*) => {
        /// A sentence, or a piece of one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Say { $($name,)* }

        impl Say {
            /// All of them.
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name,)*];

            const fn in_language(self, lang: Lang) -> &'static str {
                match (self, lang) { $((Self::$name, Lang::En) => $en, (Self::$name, Lang::Fr) => $fr,)* }
            }
        }
    };
}

#[rustfmt::skip]
sentences! {
    // How the answer was made.
    NoModel: "*No model answered ({0}). Composed by rules from the archive; asked for: {1}.*", "*Aucun modèle n'a répondu ({0}). Réponse composée par des règles à partir de l'archive ; demandé : {1}.*";
    NoneReachable: "none is reachable", "aucun n'est joignable";
    EmptyAnswer: "its answer was empty", "sa réponse était vide";
    ArchiveEnds: "*The archive ends {0}: \"now\" is there.*", "*L'archive se termine le {0} : « maintenant » est là.*";
    AboutRange: "*About {0} to {1}.*", "*Période : de {0} à {1}.*";
    Unknown: "\nNo line in scope holds {0}; without that:", "\nAucune ligne ne contient {0} ; sans cela :";
    Dropped: "\nNo line holds {0} together with the rest; without that:", "\nAucune ligne ne contient {0} avec le reste ; sans cela :";
    NotSaid: "**Not found**: no line in scope holds {0} together with the rest; it may stand there in other words. Without that: {1}.", "**Pas trouvé** : aucune ligne ne contient {0} avec le reste ; c'est peut-être dit en d'autres mots. Sans cela : {1}.";
    NoneWithout: "**None**: every component has such lines.", "**Aucun** : chaque composant a de telles lignes.";
    Without: "Without any such line: **{0}**.", "Sans aucune ligne de ce genre : **{0}**.";
    NewestIs: "The newest record is of {0}.", "L'enregistrement le plus récent est du {0}.";
    Or: " or ", " ou ";
    Nothing: "Nothing in this scope matches the question. Name a component, a host or a word of a message.", "Rien ici ne correspond à la question. Nommez un composant, une machine ou un mot d'un message.";
    // What was asked for.
    WantsHappened: "what happened", "ce qui s'est passé";
    WantsWhy: "why", "pourquoi";
    WantsWhen: "when", "quand";
    WantsSince: "since when", "depuis quand";
    WantsHowMany: "how many", "combien";
    WantsBefore: "whether it was there before", "si c'est déjà arrivé";
    WantsChanged: "what changed", "ce qui a changé";
    WantsFix: "what to do", "que faire";
    WantsWho: "who or where", "qui ou où";
    WantsFirst: "who was first", "qui a été le premier";
    WantsOngoing: "whether it goes on", "si cela continue";
    WantsTop: "what comes most often", "ce qui revient le plus souvent";
    WantsSlowest: "what took longest", "ce qui a pris le plus de temps";
    WantsExpiry: "when it expires", "quand cela expire";
    WantsCompare: "a comparison", "une comparaison";
    WantsFind: "lines that match", "les lignes qui correspondent";
    // Counts and times.
    Record: "1 record", "1 enregistrement";
    Records: "{0} records", "{0} enregistrements";
    Matching1: "1 matching record", "1 enregistrement correspondant";
    MatchingN: "{0} matching records", "{0} enregistrements correspondants";
    Once: "once", "une fois";
    Times: "{0} times", "{0} fois";
    Incident1: "1 incident", "1 incident";
    IncidentN: "{0} incidents", "{0} incidents";
    Line1: "1 line", "1 ligne";
    LineN: "{0} lines", "{0} lignes";
    Seconds: "{0} s", "{0} s";
    Minutes: "{0} min", "{0} min";
    Hours: "{0} h {1} min", "{0} h {1} min";
    Days: "{0} d {1} h", "{0} j {1} h";
    Same: "the same", "pareil";
    NoneBefore: "none before", "aucun avant";
    ByLevel: "\n- by level: {0}", "\n- par niveau : {0}";
    ByComponent: "\n- by component: {0}", "\n- par composant : {0}";
    AndMore: " and {0} more", " et {0} autres";
    NoName: "(no name)", "(sans nom)";
    TheFacts: "the facts", "les faits";
    ThePlaybook: "playbook {0}", "le playbook {0}";
    // How many.
    HowNone: "**None**: no record matches.", "**Aucun** : aucun enregistrement ne correspond.";
    Exactly: "**{0}**", "**{0}**";
    AtLeast: "**At least {0}**", "**Au moins {0}**";
    FromTo: " from {0}{1} to {2}{3}", " du {0}{1} au {2}{3}";
    AMinute: ", {0} a minute", ", {0} par minute";
    MostIn: "; most in the minute of {0}: {1}", " ; le plus dans la minute de {0} : {1}";
    // Since when, when, whether it goes on.
    IncidentBegan: "Incident {0} ({1}) began {2} and struck {3} until {4} ({5}).", "L'incident {0} ({1}) a commencé le {2} et a frappé {3} jusqu'au {4} ({5}).";
    Since: "**Since {0}**{1}: the first of {2}; the last {3}{4}.", "**Depuis le {0}**{1} : le premier de {2} ; le dernier le {3}{4}.";
    WhenOnce: "**{0}**{1}, once.", "**{0}**{1}, une fois.";
    WhenMany: "Last **{0}**{1}, first {2}{3}, {4} in all{5}.", "La dernière fois **{0}**{1}, la première {2}{3}, {4} en tout{5}.";
    NotGoing: "Nothing that matches is in this scope, so nothing goes on.", "Rien ici ne correspond, donc rien ne continue.";
    GoesOn: "**Yes, it goes on**: {0} in the last {1}, {2} in the {1} before.", "**Oui, cela continue** : {0} dans les {1} qui précèdent, {2} dans les {1} d'avant.";
    IsOver: "**It seems to be over**: the last record that matches is of {0}{1}, {2} ago.", "**Cela semble terminé** : le dernier enregistrement qui correspond est du {0}{1}, il y a {2}.";
    // Who.
    WhoFirst: "**{0}**, with {1} of {2}.", "**{0}**, avec {1} de {2}.";
    WhoNameless: "{0}; they name no component.", "{0} ; aucun ne nomme de composant.";
    Accounts: "Accounts named in {0}:", "Comptes nommés dans {0} :";
    Addresses: "Addresses named in {0}:", "Adresses nommées dans {0} :";
    OrderedFirst: "In the order of their first {0}:", "Dans l'ordre de leur première ligne ({0}) :";
    // Ranks, times, dates in lines.
    ByAddress: "address", "adresse";
    ByAccount: "account or user", "compte ou utilisateur";
    ByPath: "page", "page";
    ByAgent: "user agent", "navigateur ou programme";
    ByStatus: "status", "statut";
    NewestRead: "{0}, the newest {1} of them read", "{0}, dont les {1} plus récents lus";
    RankHead: "{0}, by {1}:", "{0}, par {1} :";
    NoneNamed: "{0}; none names any ({1}), so **the logs do not say**.", "{0} ; aucun n'en nomme ({1}) : **les logs ne le disent pas**.";
    Distinct: "**{0} different** ({1}) are named, in {2} of {3}.", "**{0} différents** ({1}) sont nommés, dans {2} sur {3}.";
    SlowHead: "The slowest of {0} that say how long something took ({1}), four of a kind at most:", "Les plus lentes de {0} qui disent combien de temps quelque chose a pris ({1}), quatre d'un même genre au plus :";
    SlowBy: "On average, by {0}:", "En moyenne, par {0} :";
    SlowRow: "- **{0}**: {1} on average, {2} at most ({3})", "- **{0}** : {1} en moyenne, {2} au plus ({3})";
    SlowNone: "{0}; none is seen to say how long something took: **the logs do not tell**.", "{0} ; aucun ne semble dire combien de temps quelque chose a pris : **les logs ne le disent pas**.";
    ExpiryRow: "**{0}**, says the newest line of its kind, of {1}{2}{3}.", "**{0}**, dit la plus récente ligne de ce genre, du {1}{2}{3}.";
    ExpiryAbout: ": about **{0}**", " : vers le **{0}**";
    ExpiryNone: "**The logs do not say**: no line that matches names a time at which something expires.", "**Les logs ne le disent pas** : aucune ligne qui correspond ne nomme un moment d'expiration.";
    // Most often, comparisons, changes.
    TopHead: "{0}, by how often they come:", "{0}, du plus fréquent au moins fréquent :";
    CompareHead: "From {0} on, {1} long, against the stretch of equal length before:", "À partir du {0}, pendant {1}, comparé à la même durée juste avant :";
    CompareRow: "- {0}: {1} before, **{2}** then ({3})", "- {0} : {1} avant, **{2}** ensuite ({3})";
    CompareOne: "- {0}: **{1}**", "- {0} : **{1}**";
    RowRecords: "records", "enregistrements";
    RowErrors: "errors", "erreurs";
    RowWarnings: "warnings", "avertissements";
    CompareDays: "From {0} to {1}, against the same hours of the day before:", "Du {0} au {1}, comparé aux mêmes heures de la veille :";
    OldestIs: "*The archive begins {0}: what was before that is not known.*", "*L'archive commence le {0} : ce qui précède n'est pas connu.*";
    NewOrMore: "New or much more often:", "Nouveau ou bien plus fréquent :";
    NoChange: "No message is new or came much more often, and no line tells of a deployment or restart.", "Aucun message n'est nouveau ni bien plus fréquent, et aucune ligne ne parle de déploiement ou de redémarrage.";
    NewMessages: "Messages that are new or came much more often:", "Messages nouveaux ou bien plus fréquents :";
    NewThen: "What was new or came much more often then:", "Ce qui était alors nouveau ou bien plus fréquent :";
    Deploys: "Lines that tell of deployments, restarts or settings:", "Lignes qui parlent de déploiements, de redémarrages ou de réglages :";
    PatternRow: "- {0} before, {1} then{2}: {3}{4}", "- {0} avant, {1} ensuite{2} : {3}{4}";
    NeverSeen: ", never seen before", ", jamais vu avant";
    // Before.
    NoIncident: "No incident is in this scope. Matching lines go back to {0}{1}.", "Il n'y a pas d'incident ici. Les lignes qui correspondent remontent au {0}{1}.";
    AboutIncident: "incident {0} ({1})", "l'incident {0} ({1})";
    BeforeNo: "**No**: the archive holds no earlier incident like {0}.", "**Non** : l'archive ne contient pas d'incident plus ancien semblable à {0}.";
    BeforeYes: "**Yes**, like {0}:", "**Oui**, semblables à {0} :";
    BeforeRow: "- incident {0} of {1}, {2}", "- incident {0} du {1}, {2}";
    BeforeCause: ": {0}", " : {0}";
    Confirmed: " (a person confirmed it)", " (confirmé par une personne)";
    Denied: " (a person said that was wrong)", " (une personne a dit que c'était faux)";
    // What to do.
    PlaybookProposes: "The playbook {0} fits{1}; it proposes:", "Le playbook {0} convient{1} ; il propose :";
    OfIncident: " incident {0}", " à l'incident {0}";
    DiagnosisProposes: "For incident {0} ({1}), {2} proposes:", "Pour l'incident {0} ({1}), {2} propose :";
    NoFix: "No diagnosis and no playbook fits, so no fix can be proposed without a model. These lines are where to look:", "Aucun diagnostic et aucun playbook ne convient ; sans modèle, aucune correction ne peut être proposée. C'est dans ces lignes qu'il faut chercher :";
    Now: "\n**Now**", "\n**Maintenant**";
    ForGood: "\n**For good**", "\n**Durablement**";
    Verify: "\n**Verify**", "\n**Vérifier**";
    Undo: "\n**Undo**", "\n**Revenir en arrière**";
    // Why, what happened.
    NoCause: "No cause is known: no incident is in this scope.", "Aucune cause n'est connue : il n'y a pas d'incident ici.";
    CameWith: "What came with it:", "Ce qui est venu avec :";
    Summary: "From {0} to {1}: {2}, {3} of them errors, {4} warnings; {5} in scope.\n", "Du {0} au {1} : {2}, dont {3} erreurs et {4} avertissements ; {5}.\n";
    TopErrors: "Errors and warnings, by how often they come:", "Erreurs et avertissements, du plus fréquent au moins fréquent :";
    IncidentHead: "**Incident {0}, {1}** ({2}, {3}, struck {4} since {5}{6})", "**Incident {0}, {1}** ({2}, {3}, a frappé {4} depuis le {5}{6})";
    CausedBy: ", caused by incident {0}", ", causé par l'incident {0}";
    Cause: "Cause, by {0} with {1} confidence: {2}", "Cause, selon {0}, confiance {1} : {2}";
    PlaybookSays: "The playbook {0} fits{1}: {2}", "Le playbook {0} convient{1} : {2}";
    LinesThatMatch: "\nLines that match:", "\nLignes qui correspondent :";
    Written: "\nWritten about it:", "\nÉcrit à ce sujet :";
    RestsOn: "\nThe answer rests on:", "\nLa réponse repose sur :";
    AllRecords: "(all records)", "(tous les enregistrements)";
    NotAllCounted: " or more, not all was counted", " ou plus, tout n'a pas été compté";
    SeenInFull: "Seen in full: {0}. Other lines were counted, not read.", "Vu en entier : {0}. Les autres lignes ont été comptées, pas lues.";
    // Words of incidents.
    Open: "open", "ouvert";
    Acknowledged: "acknowledged", "pris en charge";
    Resolved: "resolved", "résolu";
    Muted: "muted", "ignoré";
    High: "high", "élevée";
    Medium: "medium", "moyenne";
    Low: "low", "faible";
}

/// The sentence in a language, with these in the places `{0}`, `{1}`, ...
pub(super) fn say(lang: Lang, what: Say, parts: &[&dyn Display]) -> String {
    let mut out = String::new();
    let mut rest = what.in_language(lang);
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((number, after)) = after.split_once('}') else { break };
        if let Some(part) = number.parse().ok().and_then(|n: usize| parts.get(n)) {
            let _ = write!(out, "{part}");
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_has_the_same_places_in_both_languages() {
        let places = |text: &str| -> std::collections::BTreeSet<String> {
            text.split('{').skip(1).filter_map(|t| t.split_once('}')).map(|(n, _)| n.to_owned()).collect()
        };
        for what in Say::ALL {
            let (en, fr) = (what.in_language(Lang::En), what.in_language(Lang::Fr));
            assert_eq!(places(en), places(fr), "{what:?}");
            assert!(!fr.trim().is_empty() && en.starts_with('\n') == fr.starts_with('\n'), "{what:?}");
            assert_eq!(en.matches("**").count(), fr.matches("**").count(), "{what:?}");
        }
        assert_eq!(say(Lang::Fr, Say::Hours, &[&2, &5]), "2 h 5 min");
        assert_eq!(
            say(Lang::En, Say::GoesOn, &[&"3 records", &"5 min", &0]),
            "**Yes, it goes on**: 3 records in the last 5 min, 0 in the 5 min before."
        );
    }
}
