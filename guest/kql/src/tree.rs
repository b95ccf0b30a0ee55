//! Conditions on several fields at once, found by their paths in the event: objects, flattened
//! fields, patterns of names, any field.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::test::Test;
use crate::value::Scalar;
use crate::wildcard::Wildcard;

/// Tests of the values below some object, by their paths. One value must meet one of its tests.
#[derive(Clone, Debug, Default)]
pub(crate) struct TreeTest {
    tests: Vec<Test>,
    /// The tests of the values at a path. A mapped path without tests has an empty list.
    paths: BTreeMap<Box<str>, Vec<usize>>,
    /// The tests of all values below the path of a flattened field.
    flattened: Vec<(Box<str>, usize)>,
    /// What the values that are not mapped must meet.
    unmapped: Option<Unmapped>,
}

#[derive(Clone, Debug)]
struct Unmapped {
    /// Of the paths.
    pattern: Wildcard,
    test: usize,
    /// Objects below which nothing is mapped but what the mapping says.
    closed: Vec<Box<str>>,
}

impl TreeTest {
    pub(crate) fn add_test(&mut self, mut test: Test) -> usize {
        test.seal();
        self.tests.push(test);
        self.tests.len() - 1
    }

    /// Adds a mapped path, which has a test or none.
    pub(crate) fn add_path(&mut self, path: &str, test: Option<usize>) {
        self.paths.entry(path.into()).or_default().extend(test);
    }

    pub(crate) fn add_flattened(&mut self, path: &str, test: usize) {
        self.flattened.push((path.into(), test));
    }

    pub(crate) fn set_unmapped(&mut self, pattern: Wildcard, test: usize, closed: Vec<Box<str>>) {
        self.unmapped = Some(Unmapped { pattern, test, closed });
    }

    /// Leaves out what is not mapped below some objects.
    pub(crate) fn close<'o>(&mut self, objects: impl Iterator<Item = &'o str>) {
        if let Some(unmapped) = &mut self.unmapped {
            unmapped.closed.extend(objects.map(Box::from));
        }
    }

    /// Can no value meet it?
    pub(crate) const fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// Does a value meet it, by its path from where the slot begins to where it is?
    pub(crate) fn holds(&self, path: &str, value: Scalar<'_>, now_ms: i64) -> bool {
        let meets = |&test: &usize| self.tests.get(test).is_some_and(|test: &Test| test.holds(value, now_ms));
        if let Some(tests) = self.paths.get(path) {
            return tests.iter().any(meets);
        }
        let below = |object: &str| path.strip_prefix(object).is_some_and(|rest| rest.starts_with('.'));
        let mut flattened = self.flattened.iter().filter(|(root, _)| below(root)).peekable();
        if flattened.peek().is_some() {
            return flattened.any(|(_, test)| meets(test));
        }
        self.unmapped.as_ref().is_some_and(|unmapped| {
            unmapped.pattern.matches(path)
                && !unmapped.closed.iter().any(|object| below(object))
                && meets(&unmapped.test)
        })
    }
}
