//! Clauses to tests of slots, by the types of the fields: what Elasticsearch makes of a query when
//! it meets a mapping.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::chain::Leaf;
use super::emit::chain_of;
use super::expr::{Expr, and, not, or};
use super::layout::Layout;
use super::query_string;
use super::test::Test;
use super::tree::{FieldSet, Reach, Tree, TreeTest};
use super::typed::{Typed, typed};
use crate::clause::{Clause, Condition, Name};
use crate::error::{Error, ErrorKind};
use crate::fields::field_type::FieldType;
use crate::fields::mapping::{Field, KEYWORD, Mapping, Resolved};
use crate::joint::Leaves;
use crate::script::{Script, ScriptExpr, ScriptValue};
use crate::span::Span;
use crate::texts::wildcard::Wildcard;

/// Fields that the patterns of one query may find, each pattern counted by itself.
const MAX_FOUND_FIELDS: usize = 100_000;

/// Reduces a clause.
pub(crate) fn lower(
    clause: &Clause,
    mapping: &Mapping,
    layout: &mut dyn Layout,
    leaves: &mut Leaves,
) -> Result<Expr, Error> {
    Lowering { mapping, layout, group: None, sets: &mut Sets::default(), leaves }.clause(clause)
}

/// Sets of fields that the conditions of one query are about.
#[derive(Default)]
struct Sets {
    /// By group, and by what finds the fields in it.
    known: BTreeMap<(Option<String>, Name), Arc<FieldSet>>,
    /// How many fields were found so far.
    fields: usize,
}

impl Sets {
    /// Counts fields, up to the limit of a query.
    fn count(&mut self, fields: usize) -> Result<(), ErrorKind> {
        self.fields += fields;
        if self.fields > MAX_FOUND_FIELDS { Err(ErrorKind::TooManyFields) } else { Ok(()) }
    }
}

struct Lowering<'m, 'l> {
    mapping: &'m Mapping,
    layout: &'l mut dyn Layout,
    /// The nested path that the clauses are about.
    group: Option<&'m str>,
    sets: &'l mut Sets,
    /// Those of all programs that are compiled together.
    leaves: &'l mut Leaves,
}

impl Lowering<'_, '_> {
    fn clause(&mut self, clause: &Clause) -> Result<Expr, Error> {
        match clause {
            Clause::All => Ok(Expr::Const(true)),
            Clause::And(clauses) => Ok(and(self.clauses(clauses)?)),
            Clause::Or(clauses) => Ok(or(self.clauses(clauses)?)),
            Clause::Not(negated) => Ok(not(self.clause(negated)?)),
            Clause::Nested { path, clause, span } => self.nested(path, clause, *span),
            Clause::Field { name: Name::Exact(name), condition, span } => self.field(name, condition, *span),
            Clause::Field { name, condition, span } => self.fields(name, condition, *span),
            Clause::Script { expr, span } => self.script(expr, *span),
        }
    }

    fn clauses(&mut self, clauses: &[Clause]) -> Result<Vec<Expr>, Error> {
        clauses.iter().map(|clause| self.clause(clause)).collect()
    }

    /// A path as the layout knows it, which in a group is that of its objects.
    fn path<'p>(&self, path: &'p str) -> &'p str {
        within(self.group, path)
    }

    /// Conditions that other programs may have too.
    fn one_of(&mut self, name: &str, all: &Arc<[Condition]>, span: Span) -> Result<Expr, Error> {
        // Objects of a group have slots of their own, which are not counted.
        if self.group.is_none()
            && let Some((number, leaf)) = self.leaves.known(name, all)
        {
            return Ok(Expr::Known(number, leaf));
        }
        let exprs = all.iter().map(|condition| self.field(name, condition, span));
        Ok(match or(exprs.collect::<Result<_, _>>()?) {
            Expr::Leaf(Leaf::Value { slot, mut test }) if self.group.is_none() => {
                test.seal();
                let (number, leaf) = self.leaves.number_known(name, all, Leaf::Value { slot, test });
                Expr::Known(number, leaf)
            }
            other => other,
        })
    }

    fn field(&mut self, name: &str, condition: &Condition, span: Span) -> Result<Expr, Error> {
        if let Condition::OneOf(all) = condition {
            return self.one_of(name, all, span);
        }
        let error = |kind| {
            let error = Error::new(kind, span);
            // In a text the place shows it.
            if span == Span::default() { error.asking(name, condition) } else { error }
        };
        let mapping = self.mapping;
        let Field { path, field_type } = match mapping.resolve(name) {
            Resolved::Field(field) => field,
            Resolved::Object if *condition == Condition::Exists => return self.object(name, span),
            Resolved::Object | Resolved::Unmapped => return nowhere(condition, span),
        };
        if field_type == FieldType::Dynamic {
            // A nested object is a document of its own, which only its group looks into.
            let is_here = match self.group {
                Some(group) => within(Some(group), path) != path,
                None => self.mapping.nested_path(name).is_none(),
            };
            return if is_here { self.dynamic(path, condition, span) } else { nowhere(condition, span) };
        }
        match (self.mapping.nested_path(name), self.group) {
            _ if field_type == FieldType::Nested => {}
            (Some(_), None) => return Err(error(ErrorKind::NestedField)),
            (found, Some(group)) if found != Some(group) => return Err(error(ErrorKind::NotInGroup)),
            _ => {}
        }
        if let Condition::Like(like) = condition
            && query_string::splits(like)
            && (!field_type.is_whole() || mapping.is_flattened(name))
        {
            let clause = query_string::clause(like, &Name::exact(name), span).map_err(error)?;
            return self.clause(&clause);
        }
        let test = match typed(&field_type, condition).map_err(error)? {
            Typed::Const(holds) => return Ok(Expr::Const(holds)),
            Typed::Test(test) => test,
        };
        let path = self.path(path);
        if matches!(field_type, FieldType::Flattened { .. } | FieldType::Opaque) {
            return Ok(self.below(path, test));
        }
        let slot = self.layout.values(path);
        Ok(Expr::Leaf(Leaf::Value { slot, test }))
    }

    /// A field that is not mapped: its value, if it has one, says its type.
    fn dynamic(&mut self, path: &str, condition: &Condition, span: Span) -> Result<Expr, Error> {
        let test = match typed(&FieldType::Dynamic, condition).map_err(|kind| Error::new(kind, span))? {
            Typed::Const(holds) => return Ok(Expr::Const(holds)),
            Typed::Test(test) => test,
        };
        let path = self.path(path);
        if *condition == Condition::Exists {
            // It may be an object.
            return Ok(self.below(path, test));
        }
        let slot = self.layout.values(path);
        Ok(Expr::Leaf(Leaf::Value { slot, test }))
    }

    /// Any value at or below a path.
    fn below(&mut self, path: &str, test: Test) -> Expr {
        let slot = self.layout.leaves(path);
        Expr::Leaf(Leaf::Tree { slot, test: Box::new(TreeTest::below(test)) })
    }

    /// Has an object a mapped field that exists? What cannot be asked does not.
    fn object(&mut self, object: &str, span: Span) -> Result<Expr, Error> {
        self.tree(&Name::exact(object), &Condition::Exists, Reach::Lenient).map_err(|kind| Error::new(kind, span))
    }

    /// Fields by a pattern of their names, or any field.
    fn fields(&mut self, name: &Name, condition: &Condition, span: Span) -> Result<Expr, Error> {
        let error = |kind| Error::new(kind, span);
        if let Condition::OneOf(all) = condition {
            let exprs = all.iter().map(|condition| self.fields(name, condition, span));
            return Ok(or(exprs.collect::<Result<_, _>>()?));
        }
        if *condition == Condition::Null {
            return Err(error(ErrorKind::Null));
        }
        let lenient = *name == Name::Any;
        if let Condition::Like(like) = condition
            && query_string::splits(like)
        {
            if lenient {
                let clause = query_string::clause(like, name, span).map_err(error)?;
                return self.clause(&clause);
            }
            return self.each(name, condition, span);
        }
        let tree = self.tree(name, condition, if lenient { Reach::Lenient } else { Reach::All });
        tree.map_err(|kind| self.error_behind(name, condition, kind, span))
    }

    /// An error about a field that a pattern finds, with the first one that has it.
    fn error_behind(&self, name: &Name, condition: &Condition, kind: ErrorKind, span: Span) -> Error {
        let error = Error::new(kind, span);
        let Name::Pattern(pieces) = name else { return error };
        let pattern = Wildcard::new(pieces);
        let is_at_fault = |name: &str, field_type: &FieldType| match kind {
            ErrorKind::NotInGroup => self.mapping.nested_path(name) != self.group,
            _ => is_value(field_type) && typed(field_type, condition).is_err(),
        };
        let mut found = self.mapping.fields().filter(|(name, _, _)| pattern.matches(name));
        match found.find(|(name, _, field_type)| is_at_fault(name, field_type)) {
            Some((field, _, _)) => error.asking(field, condition),
            None => error,
        }
    }

    fn tree(&mut self, name: &Name, condition: &Condition, reach: Reach) -> Result<Expr, ErrorKind> {
        let fields = self.set(name)?;
        let object = fields.object.clone();
        Ok(match Tree::new(fields, condition, reach)? {
            Tree::Const(holds) => Expr::Const(holds),
            Tree::Test(test) => {
                let slot = self.layout.leaves(&object);
                Expr::Leaf(Leaf::Tree { slot, test })
            }
        })
    }

    /// The fields of an object by its exact name, of a pattern, or all.
    fn set(&mut self, name: &Name) -> Result<Arc<FieldSet>, ErrorKind> {
        let key = (self.group.map(String::from), name.clone());
        if let Some(known) = self.sets.known.get(&key) {
            return Ok(Arc::clone(known));
        }
        let set = Arc::new(self.new_set(name)?);
        self.sets.count(set.len())?;
        self.sets.known.insert(key, Arc::clone(&set));
        Ok(set)
    }

    fn new_set(&self, name: &Name) -> Result<FieldSet, ErrorKind> {
        let mapping = self.mapping;
        let mut set = FieldSet::default();
        // Objects are of interest as far as they are in the group.
        let here = |object: &str| {
            let inner = self.path(object);
            (self.group.is_none() || inner != object).then(|| Box::from(inner))
        };
        let mut objects: Vec<(Box<str>, bool)> =
            mapping.dynamic_objects().filter_map(|(object, dynamic)| Some((here(object)?, dynamic))).collect();
        // Nested objects are documents of their own.
        let nested = mapping.nested_fields().filter(|path| Some(*path) != self.group);
        let mut root = None;
        let mut unmapped = FieldType::Dynamic;
        let (object, pattern) = match name {
            Name::Exact(object) => {
                for (name, path, field_type) in mapping.children(object).filter(|(_, _, kind)| is_value(kind)) {
                    let is_here = mapping.nested_path(name) == self.group;
                    set.add(self.path(path), Some(field_type).filter(|_| is_here));
                    if within(Some(object), path) == path {
                        // An alias of something elsewhere.
                        root = Some(String::new());
                    }
                }
                objects.extend(nested.filter_map(|path| Some((here(path)?, false))));
                let below = [self.path(object), "."].concat();
                (String::from(&**object), Wildcard::new(&[below, String::new()]))
            }
            Name::Any => {
                for (name, path, field_type) in mapping.fields().filter(|(_, _, field_type)| is_value(field_type)) {
                    // Nested objects are documents of their own.
                    set.add(self.path(path), Some(field_type).filter(|_| mapping.nested_path(name).is_none()));
                }
                objects.extend(nested.map(|path| (Box::from(path), false)));
                (String::new(), Wildcard::anything())
            }
            Name::Pattern(pieces) => {
                let pattern = Wildcard::new(pieces);
                let mut object = literal_object(pieces);
                for (name, path, field_type) in mapping.fields().filter(|(name, _, _)| pattern.matches(name)) {
                    if self.group.is_some() && mapping.nested_path(name) != self.group {
                        return Err(ErrorKind::NotInGroup);
                    }
                    if is_value(field_type) {
                        set.add(self.path(path), Some(field_type));
                        if !object.is_empty() && within(Some(&object), path) == path {
                            // An alias of something elsewhere.
                            object.clear();
                        }
                    }
                }
                let parents = parents_of_multi(pieces);
                if let Some(parents) = &parents {
                    self.add_dynamic_multi(parents, &mut set);
                    unmapped = FieldType::DYNAMIC_MULTI;
                }
                // Names of patterns are whole ones, paths begin at the objects of the group.
                (object, self.inner_pattern(parents.as_deref().unwrap_or(pieces)))
            }
        };
        set.add_unmapped(pattern, unmapped, objects, mapping.is_dynamic(self.group.unwrap_or_default()));
        set.object = String::from(self.path(root.as_deref().unwrap_or(&object)));
        Ok(set)
    }

    /// Adds what dynamic mapping would make beside the fields that a pattern finds.
    fn add_dynamic_multi(&self, parents: &[String], set: &mut FieldSet) {
        let pattern = Wildcard::new(parents);
        let found = self.mapping.fields().filter(|(name, _, _)| pattern.matches(name));
        for (name, path, _) in found.filter(|(name, _, _)| self.mapping.nested_path(name) == self.group) {
            if self.mapping.dynamic_multi(&[name, KEYWORD].concat()).is_some() {
                set.add(self.path(path), Some(&FieldType::DYNAMIC_MULTI));
            }
        }
    }

    /// A pattern for paths within the objects of the group.
    fn inner_pattern(&self, pieces: &[String]) -> Wildcard {
        let mut pieces = pieces.to_vec();
        if let Some(first) = pieces.first_mut() {
            *first = String::from(self.path(first));
        }
        Wildcard::new(&pieces)
    }

    /// The fields that a pattern finds, where each that is no keyword takes the value apart.
    fn each(&mut self, name: &Name, condition: &Condition, span: Span) -> Result<Expr, Error> {
        let error = |kind| Error::new(kind, span);
        let Name::Pattern(pieces) = name else { return Ok(Expr::Const(false)) };
        let pattern = Wildcard::new(pieces);
        let mapping = self.mapping;
        let found = mapping.fields().filter(|(name, _, field_type)| is_value(field_type) && pattern.matches(name));
        let apart: Vec<&str> = found.filter(|(_, _, kind)| !kind.is_whole()).map(|(name, _, _)| name).collect();
        self.sets.count(apart.len()).map_err(error)?;
        let whole = self.tree(name, condition, Reach::Keywords);
        let mut exprs = Vec::from([whole.map_err(|kind| self.error_behind(name, condition, kind, span))?]);
        for name in apart {
            exprs.push(self.field(name, condition, span).map_err(|error| error.asking(name, condition))?);
        }
        Ok(or(exprs))
    }

    fn script(&mut self, expr: &Arc<ScriptExpr>, span: Span) -> Result<Expr, Error> {
        if let Some(constant) = expr.constant() {
            return Ok(Expr::Const(constant == ScriptValue::Bool(true)));
        }
        let script = Script::new(expr, |name| {
            let (path, field_type) = match self.mapping.resolve(name) {
                Resolved::Field(Field { path, field_type }) => (path, field_type),
                // No value is kept of what is in no mapping.
                Resolved::Object | Resolved::Unmapped => (name, FieldType::NotIndexed),
            };
            match (self.mapping.nested_path(name), self.group) {
                (Some(_), None) => Err(Error::new(ErrorKind::NestedField, span)),
                (found, Some(group)) if found != Some(group) => Err(Error::new(ErrorKind::NotInGroup, span)),
                _ => Ok((self.layout.values(self.path(path)), field_type)),
            }
        })?;
        Ok(Expr::Leaf(Leaf::Script(Box::new(script))))
    }

    fn nested(&mut self, path: &str, clause: &Clause, span: Span) -> Result<Expr, Error> {
        let mapped =
            self.mapping.fields().find(|(name, _, field_type)| *name == path && **field_type == FieldType::Nested);
        let Some((group, _, _)) = mapped else { return Err(Error::new(ErrorKind::NotNested, span)) };
        let path = self.path(path);
        let mapping = self.mapping;
        let (slot, layout) = self.layout.objects(path);
        let (sets, leaves) = (&mut *self.sets, &mut *self.leaves);
        let expr = Lowering { mapping, layout, group: Some(group), sets, leaves }.clause(clause)?;
        if matches!(expr, Expr::Const(false)) {
            return Ok(expr);
        }
        // Objects are looked at one by one, so what is asked of them is not counted with the rest.
        let chain = Box::new(chain_of(expr, &mut Leaves::none()));
        Ok(Expr::Leaf(Leaf::Object { slot, chain }))
    }
}

/// A condition that no event can meet.
fn nowhere(condition: &Condition, span: Span) -> Result<Expr, Error> {
    match condition {
        Condition::Null => Err(Error::new(ErrorKind::Null, span)),
        _ => Ok(Expr::Const(false)),
    }
}

/// A path as seen from the objects of a group.
fn within<'p>(group: Option<&str>, path: &'p str) -> &'p str {
    let Some(rest) = group.and_then(|group| path.strip_prefix(group)) else { return path };
    if rest.is_empty() { rest } else { rest.strip_prefix('.').unwrap_or(path) }
}

/// Has a field values of its own?
const fn is_value(field_type: &FieldType) -> bool {
    !matches!(field_type, FieldType::Nested | FieldType::Object)
}

/// The pattern of the fields beside which dynamic mapping makes those of a pattern, if it is of such.
fn parents_of_multi(pieces: &[String]) -> Option<Vec<String>> {
    let mut parents = pieces.to_vec();
    let last = parents.last_mut()?;
    last.truncate(last.strip_suffix(KEYWORD)?.len());
    Some(parents)
}

/// The object that all names of a pattern lie below.
fn literal_object(pieces: &[String]) -> String {
    let first = pieces.first().map(String::as_str).unwrap_or_default();
    first.rsplit_once('.').map(|(object, _)| String::from(object)).unwrap_or_default()
}
