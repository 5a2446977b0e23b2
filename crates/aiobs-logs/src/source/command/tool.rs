//! The command lines of `journalctl`, `docker` and `kubectl`, and what their complaints mean for people.

use super::{
    How,
    child::{Invocation, ending},
    seam,
};
use crate::source::stream::{Pods, StreamSpec};
use std::{io, process::ExitStatus, time::Duration};

/// One pod: its name, its containers.
const POD: &str = r#"{.metadata.name}{"\t"}{.spec.initContainers[*].name}{" "}{.spec.containers[*].name}{"\n"}"#;

fn args(fixed: &[&str]) -> Vec<String> {
    fixed.iter().map(|arg| (*arg).to_owned()).collect()
}

/// How to read a stream's lines from `token` on.
pub(super) fn lines(spec: &StreamSpec, token: Option<&str>, how: &How) -> Invocation {
    let back = (!how.lookback.is_zero()).then_some(how.lookback);
    let since = token.and_then(seam::since);
    match spec {
        StreamSpec::Journal { user, units } => journal(*user, units, token, back, how.follow),
        StreamSpec::Container8s { namespace, pod, container } => {
            let mut args = args(&["logs", "--namespace", namespace, "--container", container, "--timestamps"]);
            args.extend(how.follow.then(|| "--follow".to_owned()));
            // The server counts in seconds.
            let whole = since.and_then(|at| jiff::Timestamp::from_second(at.as_second()).ok());
            args.extend(match (whole, back) {
                (Some(at), _) => Some(format!("--since-time={at}")),
                (None, back) => back.map(|back| format!("--since={}s", back.as_secs())),
            });
            args.push(pod.clone());
            Invocation { program: "kubectl", args, joined: false }
        }
        StreamSpec::Container(name) | StreamSpec::Containers(name) => {
            let mut args = args(&["logs", "--timestamps"]);
            args.extend(how.follow.then(|| "--follow".to_owned()));
            args.extend(match (since, back) {
                (Some(at), _) => Some(format!("--since={at}")),
                (None, back) => back.map(|back| format!("--since={}s", back.as_secs())),
            });
            args.push(name.clone());
            // In one pipe, so that standard output and error stay in the order in which they were written.
            Invocation { program: "docker", args, joined: true }
        }
        StreamSpec::Command(line) | StreamSpec::Pods { namespace: line, .. } => {
            Invocation { program: "sh", args: args(&["-c", line]), joined: true }
        }
    }
}

fn journal(user: bool, units: &[String], token: Option<&str>, back: Option<Duration>, follow: bool) -> Invocation {
    // Without --all, long fields are left out.
    let mut args = args(&["--output=json", "--all", "--no-pager"]);
    args.extend(user.then(|| "--user".to_owned()));
    let unit = if user { "--user-unit" } else { "--unit" };
    args.extend(units.iter().map(|name| format!("{unit}={name}")));
    args.extend(follow.then(|| "--follow".to_owned()));
    // Following begins with the last lines only, unless told otherwise.
    args.extend(follow.then(|| "--no-tail".to_owned()));
    args.extend(match (token, back) {
        (Some(cursor), _) => Some(format!("--after-cursor={cursor}")),
        (None, back) => back.map(|back| format!("--since=-{}s", back.as_secs())),
    });
    Invocation { program: "journalctl", args, joined: false }
}

/// The running containers, one name a line.
pub(super) fn containers() -> Invocation {
    Invocation { program: "docker", args: args(&["ps", "--format", "{{.Names}}"]), joined: false }
}

/// Names of containers that start, from `since` (seconds) on.
pub(super) fn container_starts(since: i64) -> Invocation {
    let since = format!("--since={since}");
    let what = ["--filter", "type=container", "--filter", "event=start", "--format", "{{.Actor.Attributes.name}}"];
    Invocation { program: "docker", args: [args(&["events", &since]), args(&what)].concat(), joined: false }
}

/// The labels by which an owner knows its pods, as JSON.
pub(super) fn labels_of(namespace: &str, kind: &str, name: &str) -> Invocation {
    let what = ["get", kind, name, "--namespace", namespace, "--output", "jsonpath={.spec.selector.matchLabels}"];
    Invocation { program: "kubectl", args: args(&what), joined: false }
}

/// The pods, one a line; with `watch` also those that come later.
pub(super) fn pods(namespace: &str, which: &Pods, labels: Option<&str>, watch: bool) -> Invocation {
    let mut args = args(&["get", "pods", "--namespace", namespace]);
    if let Some(labels) = labels {
        args.push(format!("--selector={labels}"));
    }
    if let Pods::Named(name) = which
        && !name.contains(['*', '?', '[', '{'])
    {
        args.push(format!("--field-selector=metadata.name={name}"));
    }
    args.push("--output".to_owned());
    args.push(if watch { format!("jsonpath={POD}") } else { format!("jsonpath={{range .items[*]}}{POD}{{end}}") });
    args.extend(watch.then(|| "--watch".to_owned()));
    Invocation { program: "kubectl", args, joined: false }
}

/// Why a program ended, for people: in a word or two, and with what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) what: String,
    pub(super) why: String,
    /// What was to be read does not exist.
    pub(super) gone: bool,
    /// It ended without a fault.
    pub(super) fine: bool,
}

fn fault(what: &str, why: impl Into<String>) -> Ending {
    Ending { what: what.to_owned(), why: why.into(), gone: false, fine: false }
}

/// A program that could not be started.
pub(super) fn not_started(program: &str, error: &io::Error) -> Ending {
    if error.kind() != io::ErrorKind::NotFound {
        return fault("not started", format!("{program}: {error}"));
    }
    let instead = match program {
        "journalctl" => "this system has no systemd journal; name its log files instead, such as /var/log/syslog",
        "docker" => "install the Docker command line, or name log files instead",
        "kubectl" => "install kubectl, or name log files instead",
        _ => "install it, or set PATH",
    };
    fault("not installed", format!("{program} was not found; {instead}"))
}

/// A program that has ended.
pub(super) fn ended(spec: &StreamSpec, said: &str, status: Option<ExitStatus>) -> Ending {
    let has = |text: &str| said.contains(text);
    let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let fine = status.is_some_and(|status| status.success());
    let ending = ending(status);
    let known = match spec {
        StreamSpec::Journal { .. } if has("insufficient permissions") => Some(fault(
            "denied",
            "may not read the journal; add this user to the group systemd-journal and log in again, or run as root",
        )),
        StreamSpec::Container(name) if has("No such container") => Some(Ending {
            gone: true,
            ..fault("gone", format!("there is no container {name}; `docker ps -a` lists those there are"))
        }),
        StreamSpec::Container(_) | StreamSpec::Containers(_) => docker(last, &has),
        StreamSpec::Container8s { .. } | StreamSpec::Pods { .. } => kubernetes(last, &has),
        _ => None,
    };
    known.unwrap_or_else(|| match spec {
        _ if fine && matches!(spec, StreamSpec::Container(_)) => {
            let why = "the container has stopped; its log is read on when it is started again";
            Ending { fine, ..fault("stopped", why) }
        }
        _ if last.is_empty() => Ending { fine, ..fault(&ending, "") },
        _ => Ending { fine, ..fault(&ending, last) },
    })
}

fn docker(last: &str, has: &dyn Fn(&str) -> bool) -> Option<Ending> {
    if has("permission denied") {
        return Some(fault(
            "denied",
            "may not use the Docker socket; add this user to the group docker (`sudo usermod -aG docker $USER`) and log \
             in again, or run as root",
        ));
    }
    if has("Cannot connect to the Docker daemon") || has("Is the docker daemon running") {
        return Some(fault("no daemon", format!("{last} Start it with `sudo systemctl start docker`")));
    }
    has("does not support reading").then(|| {
        fault(
            "unreadable",
            "the container's logging driver keeps nothing that can be read; use json-file, local or journald",
        )
    })
}

fn kubernetes(last: &str, has: &dyn Fn(&str) -> bool) -> Option<Ending> {
    let refused = has("was refused") || has("Unable to connect to the server") || has("no route to host");
    if has("(NotFound)") || has("not found") && !refused {
        return Some(Ending { gone: true, ..fault("gone", last) });
    }
    if has("(Forbidden)") || has("Unauthorized") || has("must be logged in") {
        let why = format!("{last}; reading logs needs get on pods/log and list and watch on pods in this namespace");
        return Some(fault("denied", why));
    }
    if has("waiting to start") || has("ContainerCreating") || has("PodInitializing") {
        return Some(fault("starting", last));
    }
    refused.then(|| fault("no server", format!("{last} Check `kubectl cluster-info` and KUBECONFIG")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    fn how(follow: bool) -> How {
        How { follow, lookback: Duration::from_hours(24), found: false }
    }

    fn line(arg: &str, token: Option<&str>, follow: bool) -> String {
        let spec = StreamSpec::parse(arg).unwrap().unwrap();
        let what = lines(&spec, token, &how(follow));
        format!("{} {}", what.program, what.args.join(" "))
    }

    #[test]
    fn command_lines() {
        let place = Some("2025-01-07T14:30:15.500000000Z 00000000000000aa 1");
        for (arg, token, follow, expected) in [
            ("journald:", None, true, "journalctl --output=json --all --no-pager --follow --no-tail --since=-86400s"),
            (
                "journald:--user app",
                Some("s=1;i=2"),
                false,
                "journalctl --output=json --all --no-pager --user --user-unit=app --after-cursor=s=1;i=2",
            ),
            ("docker:web", None, true, "docker logs --timestamps --follow --since=86400s web"),
            ("docker:web", place, true, "docker logs --timestamps --follow --since=2025-01-07T14:30:14.5Z web"),
            (
                "k8s:shop/orders-0/app",
                place,
                true,
                "kubectl logs --namespace shop --container app --timestamps --follow --since-time=2025-01-07T14:30:14Z orders-0",
            ),
            ("cmd:tail -F 'a b'", None, true, "sh -c tail -F 'a b'"),
        ] {
            assert_eq!(line(arg, token, follow), expected);
        }
    }

    #[test]
    fn complaints_say_what_to_do() {
        let socket =
            "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock";
        let refused =
            "The connection to the server localhost:8080 was refused - did you specify the right host or port?";
        let creating =
            "Error from server (BadRequest): container \"app\" in pod \"o\" is waiting to start: ContainerCreating";
        for (arg, said, code, what, why) in [
            ("docker:web", socket, 1, "denied", "usermod"),
            ("docker:*", socket, 1, "denied", "usermod"),
            ("docker:web", "Error response from daemon: No such container: web", 1, "gone", "docker ps -a"),
            (
                "docker:web",
                "Cannot connect to the Docker daemon at unix:///x.",
                1,
                "no daemon",
                "systemctl start docker",
            ),
            ("docker:web", "", 0, "stopped", "started again"),
            ("k8s:a/b/c", "Error from server (NotFound): pods \"b\" not found", 1, "gone", "pods \"b\" not found"),
            ("k8s:a/*", "Error from server (Forbidden): pods is forbidden", 1, "denied", "pods/log"),
            ("k8s:a/b/c", refused, 1, "no server", "KUBECONFIG"),
            ("k8s:a/b/c", creating, 1, "starting", "ContainerCreating"),
            (
                "journald:",
                "No journal files were opened due to insufficient permissions.",
                1,
                "denied",
                "systemd-journal",
            ),
            ("cmd:false", "", 3, "exit 3", ""),
        ] {
            let spec = StreamSpec::parse(arg).unwrap().unwrap();
            let ending = ended(&spec, said, Some(ExitStatus::from_raw(code << 8)));
            assert_eq!(ending.what, what, "{said}");
            assert!(ending.why.contains(why), "{}", ending.why);
        }
        let missing = not_started("docker", &io::ErrorKind::NotFound.into());
        assert_eq!(missing.what, "not installed");
        assert!(missing.why.contains("docker was not found"));
    }
}
