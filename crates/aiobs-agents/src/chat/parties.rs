//! Who and from where, as lines name them: accounts and addresses, counted. Used by the facts of "who" questions; pure.

use regex::Regex;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;

/// Different names kept.
const MOST: usize = 2_000;

/// What stands before a name of an account. What follows `user` is the name, but for words of sentences.
static ACCOUNT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?ix) \b(?:
            (?:password|publickey|keyboard-interactive(?:/pam)?|gssapi-with-mic|session\ (?:opened|closed)|access|login) \s+ for \s+ (?:invalid\s+user\s+|illegal\s+user\s+|user\s+)?
          | (?:invalid|illegal) \s+ user \s+
          | (?:user|username|user_name|usr|account|login|ruser|acct|role) \s* [=:] \s* ["']?
          | (?:user|role|account) \s+ ["'`]
        ) (?P<v> [a-z_\\] [a-z0-9._@\\$-]* )
        | \b(?:user|user_?id|account|account_?id|customer|customer_?id|client_?id) ["']? \s* [=:] \s* ["']? (?P<n> [a-z0-9] [a-z0-9._@-]* )
        | \b(?:user|customer|account) \s (?P<m> \d+ )\b"#,
    )
    .ok()
});

/// What may be an address.
static ADDRESS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}\b").ok());

/// Counts of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parties {
    accounts: HashMap<String, u64>,
    addresses: HashMap<String, u64>,
    /// Lines looked at.
    pub(crate) lines: usize,
}

impl Parties {
    /// Reads one line; each name in it counts once.
    pub(crate) fn read(&mut self, line: &str) {
        self.lines += 1;
        count(&mut self.accounts, &accounts(line));
        count(&mut self.addresses, &addresses(line));
    }

    /// Accounts with the lines that name them, most first.
    pub(crate) fn accounts(&self) -> Vec<(&str, u64)> {
        most(&self.accounts)
    }

    /// Addresses with the lines that name them, most first.
    pub(crate) fn addresses(&self) -> Vec<(&str, u64)> {
        most(&self.addresses)
    }
}

/// Accounts that a line names, each once.
pub(super) fn accounts(line: &str) -> Vec<&str> {
    let found = ACCOUNT.as_ref().into_iter().flat_map(|r| r.captures_iter(line));
    let named = found.filter_map(|c| c.name("v").or_else(|| c.name("n")).or_else(|| c.name("m")));
    once(named.map(|m| m.as_str().trim_end_matches(['.', '-'])))
}

/// Addresses that a line names, each once.
pub(super) fn addresses(line: &str) -> Vec<&str> {
    let found = ADDRESS.as_ref().into_iter().flat_map(|r| r.find_iter(line));
    once(found.map(|m| m.as_str()).filter(|a| is_address(a)))
}

fn once<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen: Vec<&str> = Vec::new();
    for name in names.filter(|n| !n.is_empty()) {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen
}

fn count(into: &mut HashMap<String, u64>, names: &[&str]) {
    for name in names {
        if let Some(n) = into.get_mut(*name) {
            *n += 1;
        } else if into.len() < MOST {
            into.insert((*name).to_owned(), 1);
        }
    }
}

fn most(of: &HashMap<String, u64>) -> Vec<(&str, u64)> {
    let mut all: Vec<(&str, u64)> = of.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    all
}

/// Times of day look like short addresses of the sixth version; no address of a machine is one.
fn is_address(text: &str) -> bool {
    text.parse::<SocketAddr>().is_ok()
        || text.parse::<IpAddr>().is_ok_and(|ip| match ip {
            IpAddr::V4(_) => true,
            IpAddr::V6(_) => text.contains("::") && text.len() > 2 || text.matches(':').count() == 7,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_and_addresses_of_common_lines_are_counted() {
        let mut p = Parties::default();
        for line in [
            "Failed password for invalid user admin from 203.0.113.7 port 55834 ssh2",
            "Failed password for root from 198.51.100.23 port 42096 ssh2",
            "Failed password for root from 198.51.100.23 port 42097 ssh2",
            "Accepted publickey for deploy from 192.0.2.10 port 50122 ssh2: ED25519 SHA256:abcd",
            "pam_unix(sshd:session): session opened for user deploy(uid=1001) by (uid=0)",
            "12:30:45 password authentication failed for user \"app_rw\"",
            "connection authorized: user=shop database=shop host=2001:db8::7",
            "login failed user: 'alice@example.org' from 999.1.1.1",
            "the user may be away for a while; invalid users are refused",
        ] {
            p.read(line);
        }
        assert_eq!(
            p.accounts(),
            [("deploy", 2), ("root", 2), ("admin", 1), ("alice@example.org", 1), ("app_rw", 1), ("shop", 1)]
        );
        assert_eq!(p.addresses()[0], ("198.51.100.23", 2));
        assert!(p.addresses().contains(&("2001:db8::7", 1)), "{:?}", p.addresses());
        assert_eq!(p.addresses().len(), 4);
        assert_eq!(p.lines, 9);
    }
}
