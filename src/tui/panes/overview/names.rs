//! Names of sources made short: what all of them begin with says nothing about any of them.

/// The directory all `names` are in, with its slash; empty when there is none or it is the root alone.
pub(super) fn common<'a>(mut names: impl Iterator<Item = &'a str>) -> &'a str {
    let Some(first) = names.next() else { return "" };
    let mut common = directory(first);
    for name in names {
        while !name.starts_with(common) {
            common = directory(common.strip_suffix('/').unwrap_or(common));
        }
    }
    if common == "/" { "" } else { common }
}

fn directory(path: &str) -> &str {
    path.rfind('/').map_or("", |i| &path[..=i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_directory_is_found() {
        let of = |names: &[&'static str]| common(names.iter().copied());
        assert_eq!(of(&["/srv/shop/a.log", "/srv/shop/b.log"]), "/srv/shop/");
        assert_eq!(of(&["/srv/shop/a.log", "/srv/shopping/b.log"]), "/srv/");
        assert_eq!(of(&["/srv/shop/a.log", "/var/b.log"]), "");
        assert_eq!(of(&["/srv/a.log"]), "/srv/");
        assert_eq!(of(&["a.log", "b.log"]), "");
        assert_eq!(of(&["/var/a.log", "journald:x"]), "");
        assert_eq!(of(&["/ä/ö.log", "/ä/ü/x.log"]), "/ä/");
        assert_eq!(of(&[]), "");
    }
}
