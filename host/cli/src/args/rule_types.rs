//! Which types of rules a module runs.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::json;

use firstseen::{Detector, Document, Error, Module, Refusal};

/// Most types that a module is asked about; Kibana has eight.
const TYPES_MAX: usize = 64;

/// Asks a module, once for each type.
pub(super) struct RuleTypes<'m> {
    module: &'m Module,
    /// None once the module failed.
    known: Mutex<Option<HashMap<String, bool>>>,
}

impl<'m> RuleTypes<'m> {
    pub(super) fn of(module: &'m Module) -> Self {
        Self { module, known: Mutex::new(Some(HashMap::new())) }
    }

    /// Whether rules of a type run, as far as their type goes. Of a module that
    /// fails all do: it fails again on the rules, and is heard then.
    pub(super) fn run(&self, kind: &str) -> bool {
        let mut slot = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = &mut *slot else { return true };
        if let Some(&runs) = known.get(kind) {
            return runs;
        }
        if known.len() >= TYPES_MAX {
            return true;
        }
        match self.ask(kind) {
            Ok(runs) => {
                known.insert(kind.to_owned(), runs);
                runs
            }
            Err(_) => {
                *slot = None;
                true
            }
        }
    }

    /// A module says of a type that it is not its own whatever else is wrong.
    fn ask(&self, kind: &str) -> Result<bool, Error> {
        let content = json!({"rule_id": kind, "name": kind, "type": kind}).to_string();
        let rule = Document { name: kind.to_owned(), content };
        let reports = Detector::builder(self.module.clone()).rules([rule]).check()?;
        Ok(!reports.refusals.iter().any(|refusal| refusal.reason == Refusal::NotOurs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_module_runs_two_types() {
        let module = Module::built_in().unwrap();
        let types = RuleTypes::of(&module);
        for _ in 0..2 {
            let runs = ["new_terms", "query", "eql", "esql", "threshold", "unheard_of"].map(|kind| types.run(kind));
            assert_eq!(runs, [true, true, false, false, false, false]);
        }
    }
}
