//! The functions of EQL and what they take (`EqlFunctionRegistry`).

use firstseen_query::{Arithmetic, Function};

use super::call::Call;
use super::error::Kind;
use super::operand::Operand;

/// What a call comes to.
pub(super) enum Called {
    /// A constant `null`, since an argument is.
    Null,
    /// A function of a script.
    Function(Call),
    /// An operation on numbers.
    Arithmetic(Operand),
}

/// What a name stands for.
pub(super) enum Named {
    /// A function, and whether it has a form with `~`.
    Function(Function, bool),
    /// An operation on two numbers.
    Arithmetic(Arithmetic),
}

/// The function of a name, in any case of letters.
pub(super) fn named(name: &str, ignore_case: bool) -> Option<Named> {
    let function = |function| Some(Named::Function(function, false));
    let insensitive = |function| Some(Named::Function(function, true));
    match name.to_ascii_lowercase().as_str() {
        "length" => function(Function::Length),
        "substring" => function(Function::Substring),
        "concat" => function(Function::Concat),
        "string" => function(Function::String),
        "number" => function(Function::Number),
        "cidrmatch" => function(Function::CidrMatch),
        "between" => insensitive(Function::Between { ignore_case }),
        "indexof" => insensitive(Function::IndexOf { ignore_case }),
        "startswith" => insensitive(Function::StartsWith { ignore_case }),
        "endswith" => insensitive(Function::EndsWith { ignore_case }),
        "stringcontains" => insensitive(Function::StringContains { ignore_case }),
        "add" => Some(Named::Arithmetic(Arithmetic::Add)),
        "subtract" => Some(Named::Arithmetic(Arithmetic::Subtract)),
        "multiply" => Some(Named::Arithmetic(Arithmetic::Multiply)),
        "divide" => Some(Named::Arithmetic(Arithmetic::Divide)),
        "modulo" => Some(Named::Arithmetic(Arithmetic::Modulo)),
        _ => None,
    }
}

/// What an argument must be; none if that does not matter.
pub(super) const fn parameter(function: &Function, place: usize) -> Option<Kind> {
    match (function, place) {
        (Function::Concat | Function::String, _) => None,
        (Function::CidrMatch, 0) => Some(Kind::Address),
        (Function::Substring, 1..) | (Function::Number, 1) | (Function::IndexOf { .. }, 2) => Some(Kind::Whole),
        (Function::Between { .. }, 3) => Some(Kind::Bool),
        _ => Some(Kind::Text),
    }
}

/// What a function gives.
pub(super) const fn result(function: &Function) -> Kind {
    match function {
        Function::Length | Function::IndexOf { .. } => Kind::Whole,
        Function::Number => Kind::Number,
        Function::StartsWith { .. }
        | Function::EndsWith { .. }
        | Function::StringContains { .. }
        | Function::CidrMatch => Kind::Bool,
        _ => Kind::Text,
    }
}
