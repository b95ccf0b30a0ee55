//! Evaluation on one event.

use crate::Slot;
use crate::lower::{OneOf, Test};
use crate::program::{Program, Target};
use crate::value::Scalar;

/// The values of an event, by slot.
///
/// A field with several values, from arrays at any depth or from objects in an array, has all of
/// them in its slot, in no particular order. Missing fields, `null` and empty arrays have none.
pub trait Event {
    /// Calls `test` with each value of `slot` until it answers true, and says whether it did.
    fn any(&self, slot: Slot, test: impl FnMut(Scalar<'_>) -> bool) -> bool;
}

impl Program {
    /// Does the event match?
    ///
    /// As in Elasticsearch, a condition holds if any value of its field meets it, and does not
    /// hold if there is none; `not` turns either around.
    pub fn matches<E: Event + ?Sized>(&self, event: &E) -> bool {
        let mut at = self.start;
        // Each step leads to one with a lower number or to a verdict, which is none.
        while let Some(step) = self.steps.get(at.0 as usize) {
            let holds = event.any(step.leaf.slot, |value| step.leaf.test.holds(value));
            at = if holds { step.holds } else { step.fails };
        }
        at == Target::MATCH
    }
}

impl Test {
    fn holds(&self, value: Scalar<'_>) -> bool {
        match self {
            Self::Exists => true,
            Self::OneOf(values) => values.contains(value),
        }
    }
}

impl OneOf {
    fn contains(&self, value: Scalar<'_>) -> bool {
        // One text is compared in place, without decoding it first.
        if let ([text], []) = (&*self.texts, &*self.patterns) {
            return value.is(text);
        }
        value.text().is_some_and(|text| self.holds(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;
    use crate::value::JsonStr;
    use alloc::vec::Vec;

    struct Values(Vec<Scalar<'static>>);

    impl Event for Values {
        fn any(&self, slot: Slot, test: impl FnMut(Scalar<'_>) -> bool) -> bool {
            slot == Slot(0) && self.0.iter().copied().any(test)
        }
    }

    const fn text(raw: &'static str) -> Scalar<'static> {
        Scalar::String(JsonStr::new(raw, false))
    }

    const fn escaped(raw: &'static str) -> Scalar<'static> {
        Scalar::String(JsonStr::new(raw, true))
    }

    const fn number(text: &'static str) -> Scalar<'static> {
        Scalar::Number(text)
    }

    /// `f` has the values given, other fields have none.
    fn matches(query: &str, values: &[Scalar<'static>]) -> bool {
        let query = parse(query).unwrap();
        let mut slot = |name: &str| Slot(u32::from(name != "f"));
        let program = Program::compile(&query, &mut slot).unwrap();
        program.matches(&Values(values.to_vec()))
    }

    macro_rules! verdicts {
        ($($name:ident: $query:expr => yes [$($yes:expr),*] no [$($no:expr),*];)*) => {$(
            #[test]
            fn $name() {
                let yes: &[&[Scalar<'static>]] = &[$(&$yes),*];
                let no: &[&[Scalar<'static>]] = &[$(&$no),*];
                for values in yes {
                    assert!(matches($query, values), "{values:?}");
                }
                for values in no {
                    assert!(!matches($query, values), "{values:?}");
                }
            }
        )*};
    }

    verdicts! {
        whole_value: "f:ab" =>
            yes [[text("ab")], [text("x"), text("ab")]] no [[], [text("abc")], [text("AB")]];
        quotes_make_no_difference: "f:\"ab\"" => yes [[text("ab")]] no [[text("\"ab\"")]];
        quoted_star: "f:\"a*\"" => yes [[text("a*")]] no [[text("ab")]];
        empty_text: "f:\"\"" => yes [[text("")], [escaped("")]] no [[], [text(" ")]];
        space: "f:a  b" => yes [[text("a  b")]] no [[text("a b")], [text("a")]];
        escapes_of_the_event: r"f:(a\nb or é*\\)" =>
            yes [[escaped(r"a\nb")], [escaped(r"\u00e9x\\")]] no [[text(r"a\nb")], [escaped(r"a\\nb")]];
        number_text: "f:4104" =>
            yes [[number("4104")], [text("4104")]] no [[number("4104.0")], [number("41040")]];
        boolean: "f:true" =>
            yes [[Scalar::Bool(true)], [text("true")]] no [[Scalar::Bool(false)], [text("TRUE")]];
        boolean_in_quotes: "f:\"false\"" => yes [[Scalar::Bool(false)]] no [[Scalar::Bool(true)]];
        wildcard: "f:a*" =>
            yes [[text("a")], [text("a\nb")], [escaped(r"\u0061b")]] no [[text("ba")], [Scalar::Object]];
        wildcard_on_others: "f:(1*0 or t*e)" =>
            yes [[number("100")], [Scalar::Bool(true)]] no [[number("101")], [Scalar::Bool(false)]];
        exists: "f:*" => yes [[text("")], [Scalar::Object], [number("0")]] no [[]];
        two_stars: "f:**" => yes [[text("")], [number("0")]] no [[], [Scalar::Object]];
        object_is_no_value: "f:(a or true or \"\" or **)" => yes [[text("")]] no [[Scalar::Object]];
        not_on_missing: "not f:a" => yes [[], [text("b")]] no [[text("a")], [text("b"), text("a")]];
        and_over_two_values: "f:(a and b)" => yes [[text("a"), text("b")]] no [[text("a")], [text("b")]];
        group: "f:(a or b* and not bc)" =>
            yes [[text("a")], [text("b")]] no [[text("bc")], [text("c")]];
        other_field: "f:a and not g:*" => yes [[text("a")]] no [[]];
        precedence: "f:a or f:b and f:c" => yes [[text("a")], [text("b"), text("c")]] no [[text("b")]];
        everything: "" => yes [[], [text("a")]] no [];
        nothing: "not *:*" => yes [] no [[], [text("a")]];
    }
}
