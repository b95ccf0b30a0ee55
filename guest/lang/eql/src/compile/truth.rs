//! What a condition comes to.
//!
//! A `null` in the text, and a `?field` in no mapping, are constants. They follow three-valued rules
//! when Elasticsearch folds them (`FoldNull`, `ReplaceNullChecks`, `PruneFilters`), before anything
//! is asked of events.

use alloc::vec::Vec;

use firstseen_query::Clause;

use super::not;

/// A constant, or what is asked of events, which has two values.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Truth {
    Null,
    Const(bool),
    Clause(Clause),
}

impl Truth {
    /// `null` stays what it is.
    pub(super) fn not(self) -> Self {
        match self {
            Self::Null => Self::Null,
            Self::Const(value) => Self::Const(!value),
            Self::Clause(Clause::Not(clause)) => Self::Clause(*clause),
            Self::Clause(clause) => Self::Clause(not(clause)),
        }
    }

    /// `null` if one of them is, unless another is the constant `false`.
    pub(super) fn and(all: Vec<Self>) -> Self {
        if all.contains(&Self::Const(false)) {
            return Self::Const(false);
        }
        if all.contains(&Self::Null) {
            return Self::Null;
        }
        let clauses = clauses(all);
        if clauses.is_empty() { Self::Const(true) } else { Self::Clause(Clause::And(clauses)) }
    }

    /// What is `null` does not count beside others.
    pub(super) fn or(all: Vec<Self>) -> Self {
        if all.contains(&Self::Const(true)) {
            return Self::Const(true);
        }
        if all.iter().all(|one| *one == Self::Null) {
            return Self::Null;
        }
        let clauses = clauses(all);
        if clauses.is_empty() { Self::Const(false) } else { Self::Clause(Clause::Or(clauses)) }
    }
}

fn clauses(all: Vec<Truth>) -> Vec<Clause> {
    let clause = |truth| if let Truth::Clause(clause) = truth { Some(clause) } else { None };
    all.into_iter().filter_map(clause).collect()
}
