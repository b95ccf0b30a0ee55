//! What the name of a field stands for.

use alloc::sync::Arc;

use firstseen_query::{FieldType, NumberType, Resolved, Span};

use super::Compiler;
use super::error::{Kind, VerificationError, VerificationErrorKind};
use crate::ast::Field;

/// A field that can be asked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FieldRef {
    /// Its name.
    pub(super) name: Arc<str>,
    /// The name of the field that has whole values: itself, or the keyword beside a text; none
    /// where a text has none.
    pub(super) whole: Option<Arc<str>>,
    pub(super) kind: Kind,
}

impl Compiler<'_> {
    /// What a field stands for; none for one that may be missing and is in no mapping.
    pub(super) fn field(self, field: &Field) -> Result<Option<FieldRef>, VerificationError> {
        let error = |kind| Err(VerificationError::new(kind, field.span));
        let name = field.name.as_str();
        let unknown = || if field.optional { Ok(None) } else { error(VerificationErrorKind::UnknownField) };
        // Elasticsearch lists no leaves of a flattened field.
        let is_leaf = |field_type: &FieldType| {
            !matches!(field_type, FieldType::Flattened { .. }) && self.mapping.is_flattened(name)
        };
        let field_type = match self.mapping.resolve(name) {
            Resolved::Unmapped => return unknown(),
            Resolved::Object => return error(VerificationErrorKind::Object),
            Resolved::Field(field) if is_leaf(&field.field_type) => return unknown(),
            Resolved::Field(field) => field.field_type,
        };
        if self.mapping.nested_path(name).is_some() {
            return error(VerificationErrorKind::Nested);
        }
        let own = Arc::from(name);
        let whole = match field_type {
            FieldType::Text => self.mapping.whole_multi(name).map(Arc::from),
            _ => Some(Arc::clone(&own)),
        };
        match kind_of(&field_type) {
            Some(kind) => Ok(Some(FieldRef { name: own, whole, kind })),
            None => error(VerificationErrorKind::FieldType { field_type: field_type.name() }),
        }
    }

    /// The field of the category.
    pub(super) fn category(self, name: &str, span: Span) -> Result<Arc<str>, VerificationError> {
        let field = self.field(&Field { name: name.into(), optional: false, span })?;
        let whole = field.and_then(|field| field.whole);
        whole.ok_or_else(|| VerificationError::new(VerificationErrorKind::NoKeyword, span))
    }
}

/// What the values of a field are; none if EQL does not know the type.
const fn kind_of(field_type: &FieldType) -> Option<Kind> {
    Some(match field_type {
        FieldType::Keyword { .. } | FieldType::ConstantKeyword(_) | FieldType::Text => Kind::Text,
        FieldType::Number(
            NumberType::Double | NumberType::Float | NumberType::HalfFloat | NumberType::ScaledFloat { .. },
        ) => Kind::Number,
        FieldType::Number(_) => Kind::Whole,
        FieldType::Boolean => Kind::Bool,
        FieldType::Date | FieldType::DateNanos => Kind::Date,
        FieldType::Ip => Kind::Address,
        FieldType::Version => Kind::Version,
        FieldType::Dynamic => Kind::Any,
        _ => return None,
    })
}

impl FieldRef {
    /// The field that has whole values.
    pub(super) fn whole(&self, span: Span) -> Result<&Arc<str>, VerificationError> {
        self.whole.as_ref().ok_or_else(|| VerificationError::new(VerificationErrorKind::NoKeyword, span))
    }
}
