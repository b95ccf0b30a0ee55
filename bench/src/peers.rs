//! The peers' names and versions.

/// Versions of what was compiled in.
const LOCK: &str = include_str!("../Cargo.lock");

pub(crate) fn versions(jq: Option<String>) -> Vec<String> {
    let compiled_in = ["vrl", "rsigma-eval", "sigma-rust"].map(|name| format!("{name} {}", version(LOCK, name)));
    compiled_in.into_iter().chain(jq).collect()
}

/// The version of a package in a `Cargo.lock`.
fn version<'a>(lock: &'a str, name: &str) -> &'a str {
    let name = format!("name = \"{name}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    let version = lines.next().and_then(|line| line.strip_prefix("version = ")).unwrap_or("unknown");
    version.trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found() {
        let lock =
            "[[package]]\nname = \"a-b\"\nversion = \"2.0.0\"\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n";
        assert_eq!(version(lock, "a"), "1.0.0");
        assert_eq!(version(lock, "c"), "unknown");
        assert_ne!(version(LOCK, "vrl"), "unknown");
    }
}
