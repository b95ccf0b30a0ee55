//! The file of results, which several benches write: each has a section of its own.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};

/// Puts a section, which begins with its heading (`# …`), in the place of the one that
/// has the same heading, or behind all others.
pub fn put(path: &Path, section: &str) -> Result<()> {
    let old = match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        read => read,
    };
    let old = old.with_context(|| path.display().to_string())?;
    fs::write(path, with(&old, section)).with_context(|| path.display().to_string())?;
    eprintln!("written: {}", path.display());
    Ok(())
}

fn with(old: &str, section: &str) -> String {
    let heading = section.lines().next().unwrap_or_default();
    let mut sections: Vec<String> = Vec::new();
    for line in old.split_inclusive('\n') {
        match sections.last_mut() {
            Some(last) if !line.starts_with("# ") => last.push_str(line),
            _ => sections.push(line.to_owned()),
        }
    }
    match sections.iter_mut().find(|other| other.lines().next() == Some(heading)) {
        Some(same) => *same = section.to_owned(),
        None => sections.push(section.to_owned()),
    }
    let sections: Vec<&str> = sections.iter().map(|section| section.trim_end()).collect();
    sections.join("\n\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_leaves_the_others_as_they_are() {
        let first = with("", "# A\n\n1\n");
        assert_eq!(first, "# A\n\n1\n");
        let both = with(&first, "# B\n\n## C\n2\n");
        assert_eq!(both, "# A\n\n1\n\n# B\n\n## C\n2\n");
        assert_eq!(with(&both, "# A\n\n3\n"), "# A\n\n3\n\n# B\n\n## C\n2\n");
        assert_eq!(with(&both, "# B\n4\n"), "# A\n\n1\n\n# B\n4\n");
        assert_eq!(with(&both, "# B\n\n## C\n2\n"), both);
    }
}
