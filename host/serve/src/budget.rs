//! Memory that requests share.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a permit stands for.
const UNIT_BYTES: usize = 1024;

/// So many bytes for all requests together.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    units: Arc<Semaphore>,
    total_units: usize,
}

/// What a request has of it, given back on drop.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Budget,
    permit: Option<OwnedSemaphorePermit>,
    /// What was asked for, which is less than the permit by less than a unit.
    bytes: usize,
}

/// There is no room for so much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// Just now.
    Now,
    /// Not even if nobody else had any.
    Ever,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        let total_units = (bytes / UNIT_BYTES).clamp(1, Semaphore::MAX_PERMITS);
        Self { units: Arc::new(Semaphore::new(total_units)), total_units }
    }

    /// An empty share.
    pub(crate) fn share(&self) -> Share {
        Share { budget: self.clone(), permit: None, bytes: 0 }
    }

    /// Bytes that requests have.
    pub(crate) fn used_bytes(&self) -> usize {
        (self.total_units - self.units.available_permits().min(self.total_units)) * UNIT_BYTES
    }
}

impl Share {
    /// Takes so many bytes more.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), NoRoom> {
        let wanted = self.bytes.saturating_add(bytes);
        let units = wanted.div_ceil(UNIT_BYTES);
        if units > self.budget.total_units {
            return Err(NoRoom::Ever);
        }
        let held = self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if let Some(more) = units.checked_sub(held).filter(|more| *more > 0) {
            let more = u32::try_from(more).map_err(|_| NoRoom::Ever)?;
            let permit = Arc::clone(&self.budget.units).try_acquire_many_owned(more).map_err(|_| NoRoom::Now)?;
            match &mut self.permit {
                Some(held) => held.merge(permit),
                None => self.permit = Some(permit),
            }
        }
        self.bytes = wanted;
        Ok(())
    }

    /// Gives so many bytes back.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
        let units = self.bytes.div_ceil(UNIT_BYTES);
        if let Some(held) = &mut self.permit {
            drop(held.split(held.num_permits().saturating_sub(units)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_one_whole() {
        let budget = Budget::new(10 * UNIT_BYTES);
        let (mut first, mut second) = (budget.share(), budget.share());
        assert_eq!(first.grow(6 * UNIT_BYTES + 1), Ok(()));
        assert_eq!(budget.used_bytes(), 7 * UNIT_BYTES);
        assert_eq!(second.grow(4 * UNIT_BYTES), Err(NoRoom::Now));
        assert_eq!(second.grow(3 * UNIT_BYTES), Ok(()));
        assert_eq!(second.grow(11 * UNIT_BYTES), Err(NoRoom::Ever));
        first.shrink(6 * UNIT_BYTES);
        assert_eq!(budget.used_bytes(), 4 * UNIT_BYTES);
        drop(first);
        drop(second);
        assert_eq!(budget.used_bytes(), 0);
    }

    #[test]
    fn what_is_within_a_unit_is_free() {
        let budget = Budget::new(UNIT_BYTES);
        let mut share = budget.share();
        for _ in 0..UNIT_BYTES {
            assert_eq!(share.grow(1), Ok(()));
        }
        assert_eq!(share.grow(1), Err(NoRoom::Ever));
    }
}
