//! What a program asks of an event, answered out of its slots.

use firstseen_query::{Event, Scalar, Slot};

use super::leaves::{any_leaf, any_object};
use super::scan::{scan, scan_below};
use super::slots::Slots;

impl Event for Slots<'_, '_> {
    fn now_ms(&self) -> i64 {
        self.now_ms
    }

    fn any(&self, slot: Slot, test: impl FnMut(Scalar<'_>) -> bool) -> bool {
        self.values(slot).any(test)
    }

    fn any_leaf(&self, slot: Slot, mut test: impl FnMut(&str, Scalar<'_>) -> bool) -> bool {
        let mut path = String::new();
        self.texts(slot).any(|text| {
            path.clear();
            path.push_str(self.projection.path_of(slot));
            if let Some(below) = &text.below {
                path.push('.');
                path.push_str(below);
            }
            any_leaf(text.json, &mut path, &mut test)
        })
    }

    fn bytes_below(&self, slot: Slot) -> usize {
        self.texts(slot).map(|text| text.json.len()).sum()
    }

    fn any_object(&self, slot: Slot, mut test: impl FnMut(&Self) -> bool) -> bool {
        let Some(projection) = self.projection.objects_of(slot) else { return false };
        self.texts(slot).any(|text| match &text.below {
            None => any_object(text.json, &mut |object| {
                let mut slots = Slots::new(projection, self.now_ms);
                scan(object, &mut slots).is_ok() && test(&slots)
            }),
            // A dotted key makes an object of its own.
            Some(path) => {
                let mut slots = Slots::new(projection, self.now_ms);
                scan_below(text.json, path, &mut slots);
                test(&slots)
            }
        })
    }
}
