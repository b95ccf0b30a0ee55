//! The keys that join the items of a sequence or a sample.

use alloc::sync::Arc;
use alloc::vec::Vec;

use firstseen_query::{Mapping, RegexBudget};

use super::Compiler;
use super::error::{Kind, VerificationError};
use super::operand::refused;
use crate::ast::{Field, Item};

/// A key of an item: the values that its events must have in common with those of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The field that has the values; none if it is in no mapping, and so has no value in any event.
    pub field: Option<Arc<str>>,
    /// Whether having no value is a key too (`?key`). Else an event without one takes no part.
    pub is_optional: bool,
}

/// The keys of each item, those of all of them (`by`) first. `until` is an item too.
///
/// # Errors
///
/// What Elasticsearch's verifier refuses: fields in no mapping, of types that cannot be asked, and
/// keys in the same place that are of different kinds. All kinds of numbers are one. `regexes` is that
/// of the query.
pub fn keys<'i>(
    by: &[Field],
    items: impl IntoIterator<Item = &'i Item>,
    mapping: &Mapping,
    regexes: &RegexBudget,
) -> Result<Vec<Vec<Key>>, VerificationError> {
    let compiler = Compiler { mapping, regexes };
    let mut kinds: Vec<Kind> = Vec::new();
    let mut all = Vec::new();
    for item in items {
        let mut keys = Vec::new();
        for (place, field) in by.iter().chain(&item.by).enumerate() {
            let (key, kind) = compiler.key(field)?;
            match kinds.get(place) {
                Some(known) if !are_alike(*known, kind) => return Err(refused(*known, kind, field.span)),
                // What may be anything says nothing of the others.
                Some(Kind::Any) => kinds.iter_mut().skip(place).take(1).for_each(|known| *known = kind),
                Some(_) => {}
                None => kinds.push(kind),
            }
            keys.push(key);
        }
        all.push(keys);
    }
    Ok(all)
}

impl Compiler<'_> {
    fn key(self, field: &Field) -> Result<(Key, Kind), VerificationError> {
        let (field_name, kind) = match self.field(field)? {
            Some(found) => (Some(Arc::clone(found.whole(field.span)?)), found.kind),
            None => (None, Kind::Any),
        };
        Ok((Key { field: field_name, is_optional: field.optional }, kind))
    }
}

fn are_alike(one: Kind, other: Kind) -> bool {
    let is_number = |kind| matches!(kind, Kind::Number | Kind::Whole);
    one == other || one == Kind::Any || other == Kind::Any || is_number(one) && is_number(other)
}
