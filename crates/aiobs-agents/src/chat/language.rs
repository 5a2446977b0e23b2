//! The language of a question: an answer composed by rules is in the same one. By the small words that make up a sentence;
//! pure, it knows no intent.

/// A language that answers are composed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Lang {
    /// English, also where nothing tells.
    #[default]
    En,
    /// French.
    Fr,
}

/// Words of French that are no words of English, folded.
const FRENCH: &str = " au aucun aucune aux avec avant avoir c ca ce ces cet cette combien comment d dans de depuis derniere \
    dernieres dernier derniers des du elle elles en est et etat ete etait eu faire fait fois heure heures hier il ils j l la le \
    les leur leurs liste lequel ma mais montre n ne notre nous ont ou par pas pendant personne pour pourquoi premier premiere \
    probleme problemes qu quand que quel quelle quelles quels qui quoi raison resume resumer s sa se ses si signifie sont sur \
    sera tout tous toutes tu un une vers vous y aujourd explique erreur erreurs panne ";

/// Words of English that are no words of French, folded.
const ENGLISH: &str = " a about after an and any are at back be been before by can caused did do does failed failing for \
    from get give had has have how i in is it its last list many me my of off or our out over reason show should since tell than \
    that the their them then there these they this time to was we were what when where which who whose why with wrong you your ";

impl Lang {
    /// Of a question in plain letters, see [`super::intent`]. English unless more words speak for French.
    pub(super) fn of(plain: &str) -> Self {
        let count = |list: &str| plain.split_whitespace().filter(|w| list.contains(&format!(" {w} "))).count();
        if count(FRENCH) > count(ENGLISH) { Self::Fr } else { Self::En }
    }
}

#[cfg(test)]
mod tests {
    use super::super::intent::plain;
    use super::*;

    #[test]
    fn small_words_tell_the_language() {
        for (question, lang) in [
            ("Pourquoi orders échoue ?", Lang::Fr),
            ("qui a essayé de se connecter ?", Lang::Fr),
            ("Résumé", Lang::Fr),
            ("Y a-t-il eu un déploiement ?", Lang::Fr),
            ("les erreurs de db-1", Lang::Fr),
            ("What happened?", Lang::En),
            ("since when is the connection refused?", Lang::En),
            ("connection refused db-1", Lang::En),
            ("", Lang::En),
        ] {
            assert_eq!(Lang::of(&plain(question)), lang, "{question}");
        }
    }
}
