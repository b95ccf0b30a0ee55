//! Numbers as Java computes with them.

use super::expr::Arithmetic;
use super::value::Value;

/// The result of an operation; `null` where one of both is none or no number, and where Java would
/// fail: a whole number that is too large, a division of one by zero.
pub(super) fn compute(op: Arithmetic, left: &Value<'_>, right: &Value<'_>) -> Value<'static> {
    match (left, right) {
        (Value::Whole(left), Value::Whole(right)) => whole(op, *left, *right).map_or(Value::Null, Value::Whole),
        (Value::Whole(left), Value::Decimal(right)) => Value::Decimal(decimal(op, *left as f64, *right)),
        (Value::Decimal(left), Value::Whole(right)) => Value::Decimal(decimal(op, *left, *right as f64)),
        (Value::Decimal(left), Value::Decimal(right)) => Value::Decimal(decimal(op, *left, *right)),
        _ => Value::Null,
    }
}

fn whole(op: Arithmetic, left: i64, right: i64) -> Option<i64> {
    match op {
        Arithmetic::Add => left.checked_add(right),
        Arithmetic::Subtract => left.checked_sub(right),
        Arithmetic::Multiply => left.checked_mul(right),
        // Of these Java lets the least number divided by -1 wrap around.
        Arithmetic::Divide if right != 0 => Some(left.wrapping_div(right)),
        Arithmetic::Modulo if right != 0 => Some(left.wrapping_rem(right)),
        Arithmetic::Divide | Arithmetic::Modulo => None,
    }
}

fn decimal(op: Arithmetic, left: f64, right: f64) -> f64 {
    match op {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide => left / right,
        Arithmetic::Modulo => left % right,
    }
}

/// `-value`; `null` of the least whole number, and of what is no number.
pub(super) fn negate(value: &Value<'_>) -> Value<'static> {
    match value {
        Value::Whole(number) => number.checked_neg().map_or(Value::Null, Value::Whole),
        Value::Decimal(number) => Value::Decimal(-number),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_divided_towards_zero() {
        for (op, left, right, expected) in [
            (Arithmetic::Divide, 7, 2, Some(3)),
            (Arithmetic::Divide, -7, 2, Some(-3)),
            (Arithmetic::Modulo, -7, 2, Some(-1)),
            (Arithmetic::Modulo, 7, -2, Some(1)),
            (Arithmetic::Divide, 1, 0, None),
            (Arithmetic::Modulo, 1, 0, None),
            (Arithmetic::Add, i64::MAX, 1, None),
            (Arithmetic::Divide, i64::MIN, -1, Some(i64::MIN)),
        ] {
            let found = compute(op, &Value::Whole(left), &Value::Whole(right));
            assert_eq!(found, expected.map_or(Value::Null, Value::Whole), "{op:?} {left} {right}");
        }
        assert_eq!(compute(Arithmetic::Divide, &Value::Decimal(1.0), &Value::Whole(0)), Value::Decimal(f64::INFINITY));
    }
}
