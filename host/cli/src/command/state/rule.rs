//! Which rules of a state are meant.

use anyhow::{Result, bail, ensure};
use firstseen::ledger::{KnownRule, Upkeep};
use firstseen::printable;

use super::{PAGE, each_page};

/// The rules of a state, those that were forgotten and have no terms left included.
pub(super) fn all(state: &dyn Upkeep) -> Result<Vec<KnownRule>> {
    let mut rules = Vec::new();
    each_page(
        |after| state.rules(after, PAGE),
        |page| {
            rules.extend(page);
            Ok(())
        },
    )?;
    Ok(rules)
}

/// The rules that are called so, at least one; all if none is asked for.
///
/// # Errors
///
/// When the state does not know any of that name.
pub(super) fn called(state: &dyn Upkeep, name: Option<&str>) -> Result<Vec<KnownRule>> {
    let mut rules = all(state)?;
    let Some(name) = name else { return Ok(rules) };
    if let Some(place) = rules.iter().position(|rule| rule.key == name) {
        return Ok(vec![rules.swap_remove(place)]);
    }
    rules.retain(|rule| id(&rule.key).as_deref() == Some(name));
    let unknown = || format!("the state does not know a rule {}; `firstseen state stats` names all", printable(name));
    ensure!(!rules.is_empty(), unknown());
    Ok(rules)
}

/// The one rule that is called so.
///
/// # Errors
///
/// When none is, or several are.
pub(super) fn one(state: &dyn Upkeep, name: &str) -> Result<KnownRule> {
    match <[KnownRule; 1]>::try_from(called(state, Some(name))?) {
        Ok([rule]) => Ok(rule),
        Err(rules) => {
            let keys: String = rules.iter().map(|rule| format!("\n  {}", printable(&rule.key))).collect();
            bail!("the rule {} has several histories, give one of their keys:{keys}", printable(name))
        }
    }
}

/// The `rule_id` in the key of a history: the built-in module makes it a JSON array
/// of the id and the fields.
pub(super) fn id(key: &str) -> Option<String> {
    serde_json::from_str::<Vec<String>>(key).ok()?.into_iter().next()
}
