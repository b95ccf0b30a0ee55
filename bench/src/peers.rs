//! The peers' names and versions.

use firstseen_bench_common::lock;

pub(crate) fn versions(jq: Option<String>) -> Vec<String> {
    let compiled_in = ["vrl", "rsigma-eval", "sigma-rust"].map(|name| format!("{name} {}", lock::version(name)));
    compiled_in.into_iter().chain(jq).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compiled_in_has_versions() {
        let versions = versions(Some("jq-1.6".to_owned()));
        assert_eq!(versions.len(), 4);
        assert!(versions.iter().all(|version| !version.ends_with("unknown")), "{versions:?}");
    }
}
