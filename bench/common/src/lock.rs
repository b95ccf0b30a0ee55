//! Versions of what is compiled in.

const LOCK: &str = include_str!("../../Cargo.lock");

/// The version of a package.
pub fn version(name: &str) -> &'static str {
    version_in(LOCK, name)
}

fn version_in<'a>(lock: &'a str, name: &str) -> &'a str {
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
        assert_eq!(version_in(lock, "a"), "1.0.0");
        assert_eq!(version_in(lock, "c"), "unknown");
        assert_ne!(version("wasmtime"), "unknown");
    }
}
