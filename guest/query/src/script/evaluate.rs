//! Scripts at work.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use super::arithmetic;
use super::collect::{FieldValues, each};
use super::expr::{Comparison, ScriptExpr};
use super::meter::{Exhausted, Meter};
use super::value::{ScriptValue, Value};
use crate::fields::field_type::FieldType;
use crate::program::event::Event;
use crate::program::layout::Slot;

/// A script whose fields have slots.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Script {
    expr: Arc<ScriptExpr>,
    /// In the order of their first place in the script, each once.
    fields: Vec<ScriptField>,
    /// The places of the fields.
    places: BTreeMap<Arc<str>, usize>,
}

/// A field of a script.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ScriptField {
    name: Arc<str>,
    slot: Slot,
    field_type: FieldType,
}

impl Hash for Script {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.fields.iter().for_each(|field| field.slot.hash(state));
        self.expr.hash_most(state);
    }
}

impl Script {
    /// `resolve` gives slot and type of a field.
    pub(crate) fn new<E>(
        expr: &Arc<ScriptExpr>,
        mut resolve: impl FnMut(&str) -> Result<(Slot, FieldType), E>,
    ) -> Result<Self, E> {
        let mut names: Vec<&Arc<str>> = Vec::new();
        let mut places = BTreeMap::new();
        expr.for_each_field(&mut |name| {
            places.entry(Arc::clone(name)).or_insert_with(|| {
                names.push(name);
                names.len() - 1
            });
        });
        let field = |name: &Arc<str>| {
            let (slot, field_type) = resolve(name)?;
            Ok(ScriptField { name: Arc::clone(name), slot, field_type })
        };
        let fields = names.into_iter().map(field).collect::<Result<_, _>>()?;
        Ok(Self { fields, places, expr: Arc::clone(expr) })
    }

    /// The slots without a value in which it does not hold.
    pub(crate) fn needs(&self) -> impl Iterator<Item = Slot> {
        let needs = self.expr.needs();
        // A constant keyword has its value in every event.
        let may_lack = |field: &&ScriptField| !matches!(field.field_type, FieldType::ConstantKeyword(_));
        self.fields.iter().filter(may_lack).filter(move |field| needs.contains(&*field.name)).map(|field| field.slot)
    }

    /// Is it true for one combination of the values of its fields?
    pub(crate) fn holds<E: Event>(&self, event: &E, meter: &mut Meter) -> Result<bool, Exhausted> {
        if let [field] = &*self.fields {
            // One value after the other, so that none of them has to be kept.
            return each(event, field.slot, &field.field_type, meter, |value, meter| {
                let combination = Combination { script: self, values: &[&value] };
                Ok(combination.value(&self.expr, meter)? == Value::Bool(true))
            });
        }
        let values = self.fields.iter().map(|field| FieldValues::of(event, field.slot, &field.field_type, meter));
        let values: Vec<FieldValues> = values.collect::<Result<_, _>>()?;
        let mut places = vec![0_usize; values.len()];
        let mut current = Vec::with_capacity(values.len());
        loop {
            current.clear();
            current.extend(places.iter().zip(&values).filter_map(|(&place, FieldValues(values))| values.get(place)));
            let combination = Combination { script: self, values: &current };
            if combination.value(&self.expr, meter)? == Value::Bool(true) {
                return Ok(true);
            }
            if !advance(&mut places, &values) {
                return Ok(false);
            }
        }
    }
}

/// The next combination, the last field first; false behind the last one.
fn advance(places: &mut [usize], values: &[FieldValues]) -> bool {
    for (place, FieldValues(values)) in places.iter_mut().zip(values).rev() {
        *place += 1;
        if *place < values.len() {
            return true;
        }
        *place = 0;
    }
    false
}

impl ScriptExpr {
    /// What it comes to, if it has no fields.
    #[must_use]
    pub fn constant(&self) -> Option<ScriptValue> {
        let mut has_fields = false;
        self.for_each_field(&mut |_| has_fields = true);
        if has_fields {
            return None;
        }
        let script =
            Script { expr: Arc::new(Self::Constant(ScriptValue::Null)), fields: Vec::new(), places: BTreeMap::new() };
        let combination = Combination { script: &script, values: &[] };
        // The length of a query bounds what it says; doubling texts is bounded by this.
        combination.value(self, &mut Meter::new(CONSTANT_WORK_MAX)).ok().map(ScriptValue::from)
    }
}

/// What computing a constant may cost.
const CONSTANT_WORK_MAX: u64 = 1 << 24;

/// One value of each field.
#[derive(Clone, Copy)]
struct Combination<'s> {
    script: &'s Script,
    /// In the order of the fields.
    values: &'s [&'s Value<'s>],
}

impl<'s> Combination<'s> {
    fn field(self, name: &str) -> Value<'s> {
        let place = self.script.places.get(name);
        match place.and_then(|&place| self.values.get(place).copied()) {
            Some(Value::Text(text)) => Value::Text(Cow::Borrowed(text)),
            Some(other) => other.clone(),
            None => Value::Null,
        }
    }

    fn value(self, expr: &'s ScriptExpr, meter: &mut Meter) -> Result<Value<'s>, Exhausted> {
        meter.step(0)?;
        Ok(match expr {
            ScriptExpr::Constant(constant) => constant.as_value(),
            ScriptExpr::Field(name) => self.field(name),
            ScriptExpr::Compare { op, left, right } => {
                let (left, right) = (self.value(left, meter)?, self.value(right, meter)?);
                meter.step(bytes(&left).min(bytes(&right)))?;
                compare(*op, &left, &right)
            }
            ScriptExpr::IsNull(value) => Value::Bool(self.value(value, meter)? == Value::Null),
            ScriptExpr::In { value, list } => self.is_in(value, list, meter)?,
            ScriptExpr::Matches { value, patterns } => match self.value(value, meter)? {
                Value::Text(text) => {
                    for pattern in patterns {
                        if pattern.matches(&text, meter)? {
                            return Ok(Value::Bool(true));
                        }
                    }
                    Value::Bool(false)
                }
                _ => Value::Null,
            },
            ScriptExpr::And(all) => self.first(all, false, meter)?,
            ScriptExpr::Or(all) => self.first(all, true, meter)?,
            ScriptExpr::Not(value) => match self.value(value, meter)? {
                Value::Bool(value) => Value::Bool(!value),
                _ => Value::Null,
            },
            ScriptExpr::Arithmetic { op, left, right } => {
                let (left, right) = (self.value(left, meter)?, self.value(right, meter)?);
                arithmetic::compute(*op, &left, &right)
            }
            ScriptExpr::Negate(value) => arithmetic::negate(&self.value(value, meter)?),
            ScriptExpr::Call { function, arguments } => {
                let values = arguments.iter().map(|argument| self.value(argument, meter));
                let values = values.collect::<Result<_, _>>()?;
                function.compute(values, meter)?
            }
        })
    }

    fn is_in(self, value: &'s ScriptExpr, list: &'s [ScriptExpr], meter: &mut Meter) -> Result<Value<'s>, Exhausted> {
        let value = self.value(value, meter)?;
        if value == Value::Null {
            return Ok(Value::Null);
        }
        for item in list {
            let item = self.value(item, meter)?;
            meter.step(bytes(&value).min(bytes(&item)))?;
            if compare(Comparison::Equal, &value, &item) == Value::Bool(true) {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }

    /// `decisive` if one of them is that, `null` if one of them is, else the opposite.
    fn first(self, all: &'s [ScriptExpr], decisive: bool, meter: &mut Meter) -> Result<Value<'s>, Exhausted> {
        let mut answer = Value::Bool(!decisive);
        for one in all {
            match self.value(one, meter)? {
                Value::Bool(value) if value == decisive => return Ok(Value::Bool(decisive)),
                Value::Bool(_) => {}
                _ => answer = Value::Null,
            }
        }
        Ok(answer)
    }
}

fn bytes(value: &Value<'_>) -> usize {
    if let Value::Text(text) = value { text.len() } else { 0 }
}

fn compare(op: Comparison, left: &Value<'_>, right: &Value<'_>) -> Value<'static> {
    let Some(order) = left.order(right) else { return Value::Null };
    Value::Bool(match op {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Range(op) => op.holds(order),
    })
}
