//! The types of fields, which decide how values are compared.

use alloc::string::String;

use crate::values::number::NumberType;

/// The type of a field, as far as it decides which queries match.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FieldType {
    /// `keyword` and `wildcard`: whole values, by their bytes.
    Keyword {
        /// Longer values, in UTF-16 units, are not indexed.
        ignore_above: Option<u32>,
        /// Values and queries are folded to lower case (`normalizer: lowercase`).
        lowercase: bool,
    },
    /// `constant_keyword`: every document has this value. Where the mapping does not say it, the
    /// field is an ordinary [`Keyword`](Self::Keyword) here.
    ConstantKeyword(String),
    /// `text` and `match_only_text` with the analyzer `standard`.
    Text,
    /// `long`, `double` and their kin.
    Number(NumberType),
    /// `boolean`.
    Boolean,
    /// `date`, to the millisecond.
    Date,
    /// `date_nanos`.
    DateNanos,
    /// `ip`.
    Ip,
    /// `version`.
    Version,
    /// `flattened`: every leaf below it is a keyword.
    Flattened {
        /// Longer leaves, in UTF-16 units, are not indexed.
        ignore_above: Option<u32>,
    },
    /// `nested`: objects that are matched one by one.
    Nested,
    /// An object without fields of its own.
    Object,
    /// A type of which a query can ask only whether there is a value, for example `geo_point`.
    Opaque,
    /// Neither indexed nor in doc values: no query matches.
    NotIndexed,
    /// Not in the mapping: what dynamic mapping makes of each value, with Elastic's templates.
    /// Strings are keywords of up to 1024 UTF-16 units, numbers are numbers, booleans are booleans.
    Dynamic,
}

impl FieldType {
    /// `keyword` without limits, and `wildcard`.
    pub const KEYWORD: Self = Self::Keyword { ignore_above: None, lowercase: false };

    /// What Elasticsearch makes beside a text that is in no mapping, as the multi-field `keyword`.
    pub const DYNAMIC_MULTI: Self = Self::Keyword { ignore_above: Some(256), lowercase: false };

    /// Are values compared as a whole? Kibana takes such a field for a keyword, and never takes the
    /// pattern for it apart.
    pub(crate) const fn is_whole(&self) -> bool {
        matches!(self, Self::Keyword { .. } | Self::ConstantKeyword(_) | Self::Version | Self::Dynamic)
    }

    /// The name of the type as mappings have it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Keyword { .. } => "keyword",
            Self::ConstantKeyword(_) => "constant_keyword",
            Self::Text => "text",
            Self::Number(number) => number.name(),
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::DateNanos => "date_nanos",
            Self::Ip => "ip",
            Self::Version => "version",
            Self::Flattened { .. } => "flattened",
            Self::Nested => "nested",
            Self::Object => "object",
            Self::Opaque => "opaque",
            Self::NotIndexed => "unindexed",
            Self::Dynamic => "dynamic",
        }
    }
}
