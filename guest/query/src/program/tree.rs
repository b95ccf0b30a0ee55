//! Conditions on several fields at once, found by their paths in the event: objects, flattened
//! fields, patterns of names, any field.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use super::test::Test;
use super::typed::{Typed, typed};
use crate::clause::Condition;
use crate::error::ErrorKind;
use crate::fields::field_type::FieldType;
use crate::texts::wildcard::Wildcard;
use crate::values::scalar::Scalar;

/// Fields, by the paths of their values. Many conditions may be about the same ones, so what
/// depends on the condition is kept beside it, once for each type.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct FieldSet {
    /// The types that the fields have.
    types: Vec<FieldType>,
    /// The types, by their places, of the fields whose values are at a path; none where the fields
    /// there do not count.
    paths: BTreeMap<Box<str>, Vec<usize>>,
    /// Paths below which all values are those of a field, and its type.
    roots: Vec<(Box<str>, usize)>,
    /// Which of the values count that are not mapped.
    unmapped: Option<Unmapped>,
    /// The object that all of them lie below, perhaps `""`.
    pub(crate) object: String,
}

#[derive(Clone, Debug, PartialEq)]
struct Unmapped {
    /// Of the paths.
    pattern: Wildcard,
    /// What their values are taken for.
    field_type: FieldType,
    /// Objects that say whether what is not mapped below them counts, and the answer.
    objects: Vec<(Box<str>, bool)>,
    /// The answer for what is below none of them.
    elsewhere: bool,
}

/// Longest path of a value that is not mapped: no index has such a field, and each of many values
/// may have to be compared with a pattern.
const UNMAPPED_PATH_BYTES_MAX: usize = 1024;

impl FieldSet {
    /// Adds the values at a path, as a field of a type; as nothing, where they do not count.
    pub(crate) fn add(&mut self, path: &str, field_type: Option<&FieldType>) {
        let here = self.paths.entry(path.into()).or_default();
        let Some(field_type) = field_type else { return };
        let place = self.types.iter().position(|known| known == field_type).unwrap_or_else(|| {
            self.types.push(field_type.clone());
            self.types.len() - 1
        });
        here.push(place);
        if matches!(field_type, FieldType::Flattened { .. } | FieldType::Opaque) {
            self.roots.push((path.into(), place));
        }
    }

    /// Adds the values at paths of a pattern that are not mapped, as fields of a type. The innermost of `objects` says
    /// whether they count, `elsewhere` where there is none.
    pub(crate) fn add_unmapped(
        &mut self,
        pattern: Wildcard,
        field_type: FieldType,
        objects: Vec<(Box<str>, bool)>,
        elsewhere: bool,
    ) {
        if elsewhere || objects.iter().any(|(_, counts)| *counts) {
            self.unmapped = Some(Unmapped { pattern, field_type, objects, elsewhere });
        }
    }

    /// How many paths there are.
    pub(crate) fn len(&self) -> usize {
        self.paths.len()
    }

    fn takes_unmapped(&self, path: &str) -> bool {
        self.unmapped.as_ref().is_some_and(|unmapped| {
            let objects = unmapped.objects.iter().filter(|(object, _)| is_below(path, object));
            let innermost = objects.max_by_key(|(object, _)| object.len());
            path.len() <= UNMAPPED_PATH_BYTES_MAX
                && innermost.map_or(unmapped.elsewhere, |(_, counts)| *counts)
                && unmapped.pattern.matches(path)
        })
    }
}

impl Hash for FieldSet {
    /// Most sets differ in these.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.object, self.paths.len(), self.roots.len()).hash(state);
    }
}

/// A test of the values of a set of fields. One value must meet it.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) struct TreeTest {
    fields: Arc<FieldSet>,
    /// For each type of the set; none where no value can meet the condition.
    tests: Vec<Option<Test>>,
    unmapped: Option<Test>,
}

/// Which fields of a set a condition is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All; what fails a search for one of them fails it.
    All,
    /// All; what fails a search for one of them does not count there.
    Lenient,
    /// Those whose values are compared as a whole.
    Keywords,
}

/// A condition on a set of fields.
pub(crate) enum Tree {
    Const(bool),
    Test(Box<TreeTest>),
}

impl Tree {
    pub(crate) fn new(fields: Arc<FieldSet>, condition: &Condition, reach: Reach) -> Result<Self, ErrorKind> {
        let mut always = false;
        let mut test = |field_type: &FieldType| -> Result<Option<Test>, ErrorKind> {
            if reach == Reach::Keywords && !field_type.is_whole() {
                return Ok(None);
            }
            match typed(field_type, condition) {
                Ok(Typed::Test(mut test)) => {
                    test.seal();
                    Ok(Some(test))
                }
                Ok(Typed::Const(holds)) => {
                    always |= holds;
                    Ok(None)
                }
                Err(_) if reach == Reach::Lenient => Ok(None),
                Err(error) => Err(error),
            }
        };
        let tests = fields.types.iter().map(&mut test).collect::<Result<Vec<_>, _>>()?;
        let unmapped = match &fields.unmapped {
            Some(unmapped) => test(&unmapped.field_type)?,
            None => None,
        };
        Ok(match (always, unmapped.is_some() || tests.iter().any(Option::is_some)) {
            (true, _) => Self::Const(true),
            (false, false) => Self::Const(false),
            (false, true) => Self::Test(Box::new(TreeTest { fields, tests, unmapped })),
        })
    }
}

impl TreeTest {
    /// Any value at or below where the slot begins must meet a test.
    pub(crate) fn below(mut test: Test) -> Self {
        test.seal();
        let mut fields = FieldSet::default();
        fields.add_unmapped(Wildcard::anything(), FieldType::Dynamic, Vec::new(), true);
        Self { fields: Arc::new(fields), tests: Vec::new(), unmapped: Some(test) }
    }

    /// About how much a byte of a value costs.
    pub(crate) fn weight(&self) -> u64 {
        self.tests.iter().flatten().chain(&self.unmapped).map(Test::weight).max().unwrap_or_default()
    }

    /// Does a value meet it, by its path from the event (or nested object) on?
    pub(crate) fn holds(&self, path: &str, value: Scalar<'_>, now_ms: i64) -> bool {
        let meets = |&place: &usize| {
            self.tests.get(place).and_then(Option::as_ref).is_some_and(|test| test.holds(value, now_ms))
        };
        if let Some(places) = self.fields.paths.get(path) {
            return places.iter().any(meets);
        }
        let mut roots = self.fields.roots.iter().filter(|(root, _)| is_below(path, root)).peekable();
        if roots.peek().is_some() {
            return roots.any(|(_, place)| meets(place));
        }
        self.unmapped.as_ref().is_some_and(|test| self.fields.takes_unmapped(path) && test.holds(value, now_ms))
    }
}

fn is_below(path: &str, object: &str) -> bool {
    path.strip_prefix(object).is_some_and(|rest| rest.starts_with('.'))
}
