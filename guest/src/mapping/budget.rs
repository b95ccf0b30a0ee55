//! How many fields may still come.

use std::cell::Cell;

/// Takes one from a budget of fields.
pub(super) fn take<E: serde::de::Error>(budget: &Cell<usize>) -> Result<(), E> {
    let left = budget.get().checked_sub(1).ok_or_else(|| E::custom("there are too many fields"))?;
    budget.set(left);
    Ok(())
}
