//! What the name of a source tells before its first line: the format, and whose lines they are.

/// The format of lines that a program prints for us.
pub(super) fn stream_format(name: &str) -> Option<&'static str> {
    match name.split_once(':')?.0 {
        "journald" => Some("journal-json"),
        "docker" | "k8s" => Some("stamped"),
        _ => None,
    }
}

/// `orders` for `/var/log/shop/orders.log`, `web` for `docker:web`; nothing for a source that has no name of its own.
pub(super) fn stem(name: &str) -> String {
    match name.split_once(':') {
        Some(("docker", container)) => return container.to_owned(),
        Some(("k8s", pod)) => return pod.rsplit('/').next().unwrap_or_default().to_owned(),
        Some(("journald" | "cmd", _)) => return String::new(),
        _ => {}
    }
    let file = name.rsplit('/').next().unwrap_or_default();
    match file.split_once('.') {
        _ if !name.contains('/') => String::new(),
        Some((stem, _)) if !stem.is_empty() => stem.to_owned(),
        _ => file.to_owned(),
    }
}
