//! Clauses to tests of slots, by the types of the fields: what Elasticsearch makes of a query when
//! it meets a mapping.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::ast::Span;
use crate::clause::{Clause, Condition, Name};
use crate::error::{Error, ErrorKind};
use crate::expr::{Expr, Leaf, and, not, or};
use crate::mapping::{Field, FieldType, Mapping, Resolved};
use crate::program::{Chain, Layout};
use crate::query_string;
use crate::test::Test;
use crate::tree::TreeTest;
use crate::typed::{Typed, typed};
use crate::wildcard::Wildcard;

/// Reduces a clause.
pub(crate) fn lower(clause: &Clause, mapping: &Mapping, layout: &mut dyn Layout) -> Result<Expr, Error> {
    Lowering { mapping, layout, group: None }.clause(clause)
}

struct Lowering<'m, 'l> {
    mapping: &'m Mapping,
    layout: &'l mut dyn Layout,
    /// The nested path that the clauses are about.
    group: Option<&'m str>,
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
        }
    }

    fn clauses(&mut self, clauses: &[Clause]) -> Result<Vec<Expr>, Error> {
        clauses.iter().map(|clause| self.clause(clause)).collect()
    }

    /// A path as the layout knows it, which in a group is that of its objects.
    fn path<'p>(&self, path: &'p str) -> &'p str {
        within(self.group, path)
    }

    fn field(&mut self, name: &str, condition: &Condition, span: Span) -> Result<Expr, Error> {
        let error = |kind| Error { kind, span };
        let Field { path, field_type } = match self.mapping.resolve(name) {
            Resolved::Field(field) => field,
            Resolved::Object if *condition == Condition::Exists => return Ok(self.object(name)),
            Resolved::Object | Resolved::Unmapped => return nowhere(condition, span),
        };
        if field_type == FieldType::Dynamic {
            // A nested object is a document of its own, which only its group looks into.
            let is_here = match self.group {
                Some(group) => within(Some(group), &path) != path,
                None => self.mapping.nested_path(name).is_none(),
            };
            return if is_here { self.dynamic(&path, condition, span) } else { nowhere(condition, span) };
        }
        match (self.mapping.nested_path(name), self.group) {
            _ if field_type == FieldType::Nested => {}
            (Some(_), None) => return Err(error(ErrorKind::NestedField)),
            (found, Some(group)) if found != Some(group) => return Err(error(ErrorKind::NotInGroup)),
            _ => {}
        }
        if let Condition::Like(like) = condition
            && query_string::splits(like)
            && !is_keyword(&field_type)
        {
            let clause = query_string::clause(like, &Name::exact(name), span).map_err(error)?;
            return self.clause(&clause);
        }
        let test = match typed(&field_type, condition).map_err(error)? {
            Typed::Const(holds) => return Ok(Expr::Const(holds)),
            Typed::Test(test) => test,
        };
        let path = self.path(&path);
        if matches!(field_type, FieldType::Flattened { .. } | FieldType::Opaque) {
            return Ok(self.below(path, test));
        }
        let slot = self.layout.values(path);
        Ok(Expr::Leaf(Leaf::Value { slot, test }))
    }

    /// A field that is not mapped: its value, if it has one, says its type.
    fn dynamic(&mut self, path: &str, condition: &Condition, span: Span) -> Result<Expr, Error> {
        let test = match typed(&FieldType::Dynamic, condition).map_err(|kind| Error { kind, span })? {
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
        let mut tree = TreeTest::default();
        let test = tree.add_test(test);
        tree.set_unmapped(any_name(), test, Vec::new());
        let slot = self.layout.leaves(path);
        Expr::Leaf(Leaf::Tree { slot, test: Box::new(tree) })
    }

    /// Has an object a mapped field that exists?
    fn object(&mut self, object: &str) -> Expr {
        let names = self.mapping.children(object).map(|(name, path, field_type)| (name, path, field_type.clone()));
        let names: Vec<_> = names.collect();
        let mut tree = Tree::new(self.mapping, self.group);
        for (name, path, field_type) in &names {
            // What cannot be asked does not exist.
            let _ = tree.add(name, path, field_type, &Condition::Exists, true);
        }
        tree.add_unmapped(any_name(), object, &Condition::Exists);
        tree.finish(self.path(object), self.layout)
    }

    /// Fields by a pattern of their names, or any field.
    fn fields(&mut self, name: &Name, condition: &Condition, span: Span) -> Result<Expr, Error> {
        let error = |kind| Error { kind, span };
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
        let pattern = wildcard(name);
        let mut tree = Tree::new(self.mapping, self.group);
        for (name, path, field_type) in self.mapping.fields().filter(|(name, _, _)| pattern.matches(name)) {
            let nested = self.mapping.nested_path(name);
            if lenient && nested.is_some() {
                // Nested objects are documents of their own.
                tree.test.add_path(path, None);
                continue;
            }
            if self.group.is_some() && nested != self.group {
                return Err(error(ErrorKind::NotInGroup));
            }
            tree.add(name, path, field_type, condition, lenient).map_err(error)?;
        }
        let object = literal_object(name);
        tree.add_unmapped(pattern, &object, condition);
        if lenient {
            tree.test.close(self.mapping.nested_fields());
        }
        let object = if tree.all_below(&object) { object } else { String::new() };
        Ok(tree.finish(self.path(&object), self.layout))
    }

    /// Each mapped field that a pattern finds, by itself: some of them take the value apart.
    fn each(&mut self, name: &Name, condition: &Condition, span: Span) -> Result<Expr, Error> {
        let pattern = wildcard(name);
        let names: Vec<String> = self
            .mapping
            .fields()
            .map(|(name, _, _)| name)
            .filter(|name| pattern.matches(name))
            .map(String::from)
            .collect();
        let exprs = names.iter().map(|name| self.field(name, condition, span)).collect::<Result<_, _>>()?;
        Ok(or(exprs))
    }

    fn nested(&mut self, path: &str, clause: &Clause, span: Span) -> Result<Expr, Error> {
        let mapped =
            self.mapping.fields().find(|(name, _, field_type)| *name == path && **field_type == FieldType::Nested);
        let Some((group, _, _)) = mapped else { return Err(Error { kind: ErrorKind::NotNested, span }) };
        let path = self.path(path);
        let mapping = self.mapping;
        let (slot, layout) = self.layout.objects(path);
        let expr = Lowering { mapping, layout, group: Some(group) }.clause(clause)?;
        if matches!(expr, Expr::Const(false)) {
            return Ok(expr);
        }
        let chain = Box::new(Chain::new(expr));
        Ok(Expr::Leaf(Leaf::Object { slot, chain }))
    }
}

/// A tree of tests in the making: fields of one type share a test.
struct Tree<'m> {
    mapping: &'m Mapping,
    group: Option<&'m str>,
    test: TreeTest,
    by_type: Vec<(FieldType, Typed, Option<usize>)>,
    paths: Vec<String>,
    always: bool,
}

impl<'m> Tree<'m> {
    fn new(mapping: &'m Mapping, group: Option<&'m str>) -> Self {
        Self { mapping, group, test: TreeTest::default(), by_type: Vec::new(), paths: Vec::new(), always: false }
    }

    fn add(
        &mut self,
        _name: &str,
        path: &str,
        field_type: &FieldType,
        condition: &Condition,
        lenient: bool,
    ) -> Result<(), ErrorKind> {
        if matches!(field_type, FieldType::Nested | FieldType::Object) {
            return Ok(());
        }
        let (known, test) = match self.by_type.iter().find(|(known, _, _)| known == field_type) {
            Some((_, known, test)) => (known.clone(), *test),
            None => {
                let found = match typed(field_type, condition) {
                    Err(_) if lenient => Typed::Const(false),
                    other => other?,
                };
                let test = match &found {
                    Typed::Test(test) => Some(self.test.add_test(test.clone())),
                    Typed::Const(_) => None,
                };
                self.by_type.push((field_type.clone(), found.clone(), test));
                (found, test)
            }
        };
        self.always |= matches!(known, Typed::Const(true));
        let relative = within(self.group, path);
        match (field_type, test) {
            (FieldType::Flattened { .. } | FieldType::Opaque, Some(test)) => {
                self.test.add_path(relative, Some(test));
                self.test.add_flattened(relative, test);
            }
            _ => self.test.add_path(relative, test),
        }
        self.paths.push(path.into());
        Ok(())
    }

    /// Lets fields count that are not mapped, where dynamic mapping would map them.
    fn add_unmapped(&mut self, pattern: Wildcard, object: &str, condition: &Condition) {
        if !self.mapping.is_dynamic(object) {
            return;
        }
        if let Ok(Typed::Test(test)) = typed(&FieldType::Dynamic, condition) {
            let test = self.test.add_test(test);
            let closed = self.mapping.closed_objects().map(|object| within(self.group, object).into()).collect();
            self.test.set_unmapped(pattern, test, closed);
        }
    }

    fn all_below(&self, object: &str) -> bool {
        self.paths.iter().all(|path| {
            object.is_empty() || path.strip_prefix(object).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    fn finish(self, object: &str, layout: &mut dyn Layout) -> Expr {
        if self.always {
            return Expr::Const(true);
        }
        if self.test.is_empty() {
            return Expr::Const(false);
        }
        let slot = layout.leaves(object);
        Expr::Leaf(Leaf::Tree { slot, test: Box::new(self.test) })
    }
}

/// A condition that no event can meet.
fn nowhere(condition: &Condition, span: Span) -> Result<Expr, Error> {
    match condition {
        Condition::Null => Err(Error { kind: ErrorKind::Null, span }),
        _ => Ok(Expr::Const(false)),
    }
}

/// A path as seen from the objects of a group.
fn within<'p>(group: Option<&str>, path: &'p str) -> &'p str {
    let Some(rest) = group.and_then(|group| path.strip_prefix(group)) else { return path };
    if rest.is_empty() { rest } else { rest.strip_prefix('.').unwrap_or(path) }
}

/// Kibana takes these for keywords, whose wildcard values are never taken apart.
fn is_keyword(field_type: &FieldType) -> bool {
    matches!(field_type, FieldType::Keyword { .. } | FieldType::ConstantKeyword(_) | FieldType::Version)
}

fn wildcard(name: &Name) -> Wildcard {
    match name {
        Name::Exact(name) => Wildcard::new(&[String::from(&**name)]),
        Name::Pattern(pieces) => Wildcard::new(pieces),
        Name::Any => any_name(),
    }
}

fn any_name() -> Wildcard {
    Wildcard::new(&[String::new(), String::new()])
}

/// The object that all names of a pattern lie below.
fn literal_object(name: &Name) -> String {
    match name {
        Name::Pattern(pieces) => {
            let first = pieces.first().map(String::as_str).unwrap_or_default();
            first.rsplit_once('.').map(|(object, _)| String::from(object)).unwrap_or_default()
        }
        _ => String::new(),
    }
}
