//! What is read through a program: the system's journal, containers, pods, any command. Parses how people name them and
//! knows what each is called in the list of sources; runs nothing.

use super::SourceError;
use globset::GlobBuilder;
use std::fmt;

/// Something that a program prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamSpec {
    /// `journald:`, `journald:nginx,postgresql`, `journald:--user`.
    Journal {
        /// The journal of the user instead of the system's.
        user: bool,
        /// Only these units; all when empty.
        units: Vec<String>,
    },
    /// `docker:web`.
    Container(String),
    /// `docker:*`, `docker:shop-*`: every running container whose name matches, also those started later.
    Containers(String),
    /// `k8s:shop/orders-0/app`.
    Container8s {
        /// The namespace.
        namespace: String,
        /// The pod.
        pod: String,
        /// The container in it.
        container: String,
    },
    /// `k8s:shop/orders-0`, `k8s:shop/*`, `k8s:shop/deploy/orders`, `k8s:shop/app=orders`: pods that are there or come.
    Pods {
        /// The namespace.
        namespace: String,
        /// Which of its pods.
        which: Pods,
    },
    /// `cmd:COMMAND LINE`, run by `sh -c`.
    Command(String),
}

/// Pods of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pods {
    /// All whose name matches a glob (`*` is all).
    Named(String),
    /// Those of a deployment, stateful set, daemon set, replica set or job.
    Of {
        /// As `kubectl` takes it, such as `deployment`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// Those with these labels, as `kubectl -l` takes them.
    Labelled(String),
}

/// Owners of pods, and how people write them.
const OWNERS: [(&str, &[&str]); 5] = [
    ("deployment", &["deploy", "deployment", "deployments"]),
    ("statefulset", &["sts", "statefulset", "statefulsets"]),
    ("daemonset", &["ds", "daemonset", "daemonsets"]),
    ("replicaset", &["rs", "replicaset", "replicasets"]),
    ("job", &["job", "jobs"]),
];

impl StreamSpec {
    /// Reads an argument such as `docker:web`; `None` when it has no scheme of ours.
    pub fn parse(arg: &str) -> Option<Result<Self, SourceError>> {
        let (scheme, rest) = arg.split_once(':')?;
        let wrong = |text: &str| SourceError::BadStream { arg: arg.to_owned(), text: text.to_owned() };
        let rest = rest.trim();
        Some(match scheme {
            "journald" => journal(rest).map_err(|text| wrong(&text)),
            "docker" => docker(rest).map_err(|text| wrong(&text)),
            "k8s" => kubernetes(rest).map_err(|text| wrong(&text)),
            "cmd" if rest.is_empty() => {
                Err(wrong("say which command, such as 'cmd:ssh web-1 tail -F /var/log/app.log'"))
            }
            "cmd" => Ok(Self::Command(rest.to_owned())),
            _ => return None,
        })
    }

    /// Whether it finds other streams instead of giving lines itself.
    pub(super) fn finds_others(&self) -> bool {
        matches!(self, Self::Containers(_) | Self::Pods { .. })
    }
}

impl fmt::Display for StreamSpec {
    /// The name in the list of sources, which [`StreamSpec::parse`] reads again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal { user, units } => {
                let user = if *user { "--user" } else { "" };
                let gap = if !user.is_empty() && !units.is_empty() { " " } else { "" };
                write!(f, "journald:{user}{gap}{}", units.join(","))
            }
            Self::Container(name) => write!(f, "docker:{name}"),
            Self::Containers(pattern) => write!(f, "docker:{pattern}"),
            Self::Container8s { namespace, pod, container } => write!(f, "k8s:{namespace}/{pod}/{container}"),
            Self::Pods { namespace, which: Pods::Named(name) } => write!(f, "k8s:{namespace}/{name}"),
            Self::Pods { namespace, which: Pods::Of { kind, name } } => write!(f, "k8s:{namespace}/{kind}/{name}"),
            Self::Pods { namespace, which: Pods::Labelled(labels) } => write!(f, "k8s:{namespace}/{labels}"),
            Self::Command(line) => write!(f, "cmd:{line}"),
        }
    }
}

fn journal(rest: &str) -> Result<StreamSpec, String> {
    let (mut user, mut units) = (false, Vec::new());
    for word in rest.split([' ', ',']).filter(|word| !word.is_empty()) {
        match word {
            "--user" => user = true,
            _ if word.starts_with('-') => {
                return Err(format!("`{word}` is not known here; there is --user, and names of units"));
            }
            _ => units.push(word.to_owned()),
        }
    }
    Ok(StreamSpec::Journal { user, units })
}

/// A name that cannot be taken for an option or for several words.
fn name(text: &str) -> Result<String, String> {
    let odd = |c: char| c.is_whitespace() || c.is_control();
    if text.is_empty() {
        return Err("a name is missing".to_owned());
    }
    if text.starts_with('-') || text.contains(odd) {
        return Err(format!("`{text}` is no name"));
    }
    Ok(text.to_owned())
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

fn pattern(text: &str) -> Result<String, String> {
    GlobBuilder::new(text).build().map_err(|e| format!("not a valid pattern: {}", e.kind()))?;
    name(text)
}

fn docker(rest: &str) -> Result<StreamSpec, String> {
    let hint =
        |e: String| format!("{e}; write docker:NAME, docker:* for every container, or a pattern such as docker:shop-*");
    if rest.contains(',') && !is_pattern(rest) {
        return pattern(&format!("{{{rest}}}")).map(StreamSpec::Containers).map_err(hint);
    }
    if is_pattern(rest) {
        return pattern(rest).map(StreamSpec::Containers).map_err(hint);
    }
    name(rest).map(StreamSpec::Container).map_err(hint)
}

fn kubernetes(rest: &str) -> Result<StreamSpec, String> {
    let hint = |e: String| {
        format!(
            "{e}; write k8s:NAMESPACE/POD, k8s:NAMESPACE/POD/CONTAINER, k8s:NAMESPACE/*, k8s:NAMESPACE/deploy/NAME or \
             k8s:NAMESPACE/LABEL=VALUE"
        )
    };
    let (namespace, rest) = rest.split_once('/').ok_or_else(|| hint("the pod is missing".to_owned()))?;
    let namespace = name(namespace).map_err(hint)?;
    let pods = |which: Pods| StreamSpec::Pods { namespace: namespace.clone(), which };
    // Labels may have a slash in their name.
    if rest.contains('=') {
        return name(rest).map(|labels| pods(Pods::Labelled(labels))).map_err(hint);
    }
    match rest.split_once('/') {
        None if is_pattern(rest) => pattern(rest).map(|p| pods(Pods::Named(p))).map_err(hint),
        None => name(rest).map(|n| pods(Pods::Named(n))).map_err(hint),
        Some((kind, owner)) => {
            let owner = name(owner).map_err(hint)?;
            if let Some((kind, _)) = OWNERS.iter().find(|(_, written)| written.contains(&kind)) {
                return Ok(pods(Pods::Of { kind, name: owner }));
            }
            let pod = name(kind).map_err(hint)?;
            Ok(StreamSpec::Container8s { namespace, pod, container: owner })
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_are_read_and_written_the_same() {
        for arg in [
            "journald:",
            "journald:nginx.service,postgresql",
            "journald:--user",
            "journald:--user app",
            "docker:web",
            "docker:*",
            "docker:{a,b}",
            "k8s:shop/orders-0",
            "k8s:shop/*",
            "k8s:shop/orders-0/app",
            "k8s:shop/deployment/orders",
            "k8s:shop/app.kubernetes.io/name=orders,tier!=db",
            "cmd:ssh web-1 tail -F /var/log/app.log",
        ] {
            assert_eq!(StreamSpec::parse(arg).unwrap().unwrap().to_string(), arg);
        }
        let short = StreamSpec::parse("k8s:shop/deploy/orders").unwrap().unwrap();
        assert_eq!(short.to_string(), "k8s:shop/deployment/orders");
        assert_eq!(StreamSpec::parse("docker:a,b").unwrap().unwrap().to_string(), "docker:{a,b}");
        assert!(StreamSpec::parse("/var/log/app.log").is_none());
        assert!(StreamSpec::parse("http://x").is_none());
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for (arg, expected) in [
            ("docker:", "docker:NAME"),
            ("docker:--privileged", "`--privileged` is no name"),
            ("docker:a b", "`a b` is no name"),
            ("docker:[", "not a valid pattern"),
            ("k8s:shop", "the pod is missing"),
            ("k8s:/orders", "a name is missing"),
            ("k8s:shop/-x", "is no name"),
            ("k8s:shop/deploy/", "a name is missing"),
            ("journald:--system", "`--system` is not known"),
            ("cmd:", "which command"),
        ] {
            let text = StreamSpec::parse(arg).unwrap().unwrap_err().to_string();
            assert!(text.starts_with(arg) && text.contains(expected), "{text}");
        }
    }
}
