//! `forget`.

use super::*;

#[test]
fn a_forgotten_term_alerts_again_and_no_other() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("seen");
    let parents = ["/usr/bin/a", "/usr/bin/b", "/usr/bin/c"];
    seen(&path, &parents)?;
    let rest = ["/usr/bin/a", "[\"/usr/bin/c\"]", "/usr/bin/unknown"];
    let ran = run("forget", &["--rule", RULE], &path, &rest)?.expect_code(0)?;
    assert_eq!(ran.text()?, "2 terms forgotten\n");
    let again = run("forget", &["--rule", RULE], &path, &rest)?.expect_code(1)?;
    assert_eq!(again.text()?, "0 terms forgotten\n");
    let events = installs(&parents.map(|parent| (parent, AT)));
    assert_eq!(alerted(&filter(&path, &[], &events)?)?, ["[\"/usr/bin/a\"]", "[\"/usr/bin/c\"]"]);
    assert_eq!(alerted(&filter(&path, &[], &events)?)?, [""; 0]);
    Ok(())
}

#[test]
fn a_rule_that_is_forgotten_learns_anew() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("seen");
    let learn = |now: &str, parent: &str| -> Result<(u64, u64)> {
        let filter = Firstseen::new("filter")?.args(["--summary", "json", "--learn", "1d", "--now", now]);
        let ran = filter.arg("--state").arg(&path).run(&installs(&[(parent, AT)]))?.expect_code(0)?;
        Ok((ran.count("alerts")?, ran.count("held_back")?))
    };
    assert_eq!(learn(NOW, "/usr/bin/a")?, (0, 1));
    assert_eq!(learn("2026-11-26T12:00:00Z", "/usr/bin/b")?, (1, 0));
    let ran = run("forget", &["--all", "--rule", RULE], &path, &[])?.expect_code(0)?;
    assert_eq!(ran.text()?, "2 terms forgotten\n");
    let stats = run("stats", &["--format", "json"], &path, &[])?.expect_code(0)?;
    assert_eq!(serde_json::from_str::<Value>(stats.text()?)?.pointer("/rules"), Some(&json!([])));
    run("forget", &["--all", "--rule", RULE], &path, &[])?.expect_code(1)?;
    assert_eq!(learn("2026-11-26T13:00:00Z", "/usr/bin/a")?, (0, 1), "it learns");
    assert_eq!(learn("2026-11-28T13:00:00Z", "/usr/bin/b")?, (1, 0));
    Ok(())
}

#[test]
fn forgetting_says_what() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("seen");
    seen(&path, &["/usr/bin/a"])?;
    for wrong in [&["--rule", RULE][..], &["--rule", RULE, "--all", "/usr/bin/a"], &["--all"]] {
        let ran = state("forget")?.arg(&path).args(wrong).run(b"")?.expect_code(64)?;
        assert!(ran.stdout.is_empty(), "{wrong:?}");
    }
    run("get", &["--rule", RULE], &path, &["/usr/bin/a"])?.expect_code(0)?;
    Ok(())
}
