//! Playbooks: what an experienced engineer knows by heart about common faults. One TOML file per fault under
//! `assets/playbooks`, and the user's own in a directory; they answer when no model does and are a model's hint when
//! one does. The chain sees them as an [`Advisor`], the command line lists them. They know no model and no archive.

mod embedded;
mod error;
mod file;
mod fill;
mod form;
mod matcher;
#[cfg(test)]
mod tests;
mod trial;

pub use error::PlaybookError;
pub use file::{Pattern, Playbook, read};
pub use fill::PERHAPS;
pub use trial::{Hit, Outranked};

use crate::{Advice, Advisor, Signature};
use matcher::Matcher;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// All playbooks in force: the built-in ones, and the user's, which replace built-in ones of the same id. The built-in
/// ones are read at the first question, not at start.
#[derive(Debug)]
pub struct Library {
    own: Vec<Playbook>,
    all: OnceLock<Vec<Playbook>>,
    matcher: Arc<OnceLock<Matcher>>,
}

/// The patterns of the built-in playbooks alone: the same for every library that has no others.
static BUILT_IN: OnceLock<Arc<OnceLock<Matcher>>> = OnceLock::new();

impl Library {
    /// The built-in playbooks and those in `user` (every `*.toml` in that directory; it need not exist). What is
    /// wrong with its files is in the second part, all of it at once; such files are left out of the library.
    pub fn load(user: Option<&Path>) -> (Self, Vec<PlaybookError>) {
        let mut errors = Vec::new();
        let own = user.map(|dir| file::load_dir(dir, &mut errors)).unwrap_or_default();
        (Self::with(own), errors)
    }

    /// The built-in playbooks and these, which replace built-in ones of the same id.
    pub fn with(own: Vec<Playbook>) -> Self {
        let matcher = if own.is_empty() { Arc::clone(BUILT_IN.get_or_init(Arc::default)) } else { Arc::default() };
        Self { own, all: OnceLock::new(), matcher }
    }

    /// All playbooks, by id.
    pub fn playbooks(&self) -> &[Playbook] {
        self.all.get_or_init(|| {
            // A test reads every built-in file with all checks: none is lost here.
            let built_in =
                embedded::FILES.iter().filter_map(|(n, text)| file::parse(n, text, file::Check::Trusted).ok());
            let mut all: Vec<Playbook> = built_in.filter(|p| self.own.iter().all(|own| own.id != p.id)).collect();
            for own in &self.own {
                all.retain(|p| p.id != own.id);
                all.push(own.clone());
            }
            all.sort_by(|a, b| a.id.cmp(&b.id));
            all
        })
    }

    /// The playbook of this id.
    pub fn get(&self, id: &str) -> Option<&Playbook> {
        let all = self.playbooks();
        all.binary_search_by(|p| p.id.as_str().cmp(id)).ok().map(|i| &all[i])
    }

    /// The playbook whose signature alone makes a fault of a message that states no level or a bad one.
    pub fn recognise(&self, message: &str, component: &str, source: &str) -> Option<&Playbook> {
        let all = self.playbooks();
        self.matcher().telling(all, message, component, source).map(|i| &all[i])
    }

    /// Whether it is one of the user's own.
    pub fn is_own(&self, playbook: &Playbook) -> bool {
        self.own.iter().any(|own| own.id == playbook.id)
    }

    /// `; did you mean ...` for the beginning of an id or one close to it, else the empty string.
    pub fn nearest(&self, id: &str) -> String {
        match self.playbooks().iter().find(|p| !id.is_empty() && p.id.starts_with(id)) {
            Some(p) => format!("; did you mean `{}`?", p.id),
            None => error::nearest(id, self.playbooks().iter().map(|p| p.id.as_str())),
        }
    }

    /// The patterns of all playbooks, compiled at the first question rather than at start.
    fn matcher(&self) -> &Matcher {
        self.matcher.get_or_init(|| Matcher::new(self.playbooks()))
    }
}

impl Advisor for Library {
    fn advise(&self, signature: &Signature) -> Option<Advice> {
        let all = self.playbooks();
        let found = self.matcher().best(all, signature)?;
        let mut advice = fill::advice(&all[found.playbook], signature, &found);
        if let Some(index) = found.shown_as {
            advice.cause = fill::shown_as(&advice.cause, &all[index].title);
        }
        if let Some((index, text)) = &found.nearby {
            let other = &all[*index];
            advice.alternatives.insert(0, fill::nearby(&other.title, &other.id, text));
        }
        Some(advice)
    }
}
