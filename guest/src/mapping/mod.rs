//! Field types: a table of its own, and mapping files over it.
//!
//! [`built_in`] is the table: Elastic Common Schema, and what Elastic's rules
//! ask of Elastic Defend, the integrations and Beats. Where mapping files come
//! on top, [`Fields`] reads them and gives the whole.

mod document;
mod field_caps;
mod fields;
mod node;
mod properties;
mod scalar;
mod table;
mod template;
mod types;

use std::sync::OnceLock;

use firstseen_query::{FieldType, Mapping};

pub use fields::Fields;

/// The table as a text; [`table`] has its form. `tests/it/field_table.rs`
/// writes it.
const TABLE: &str = include_str!("../../fields/built_in.txt");

/// About how much text of the table makes a field.
const BYTES_PER_FIELD: usize = 16;

/// The module's own table, read once. The same as [`Fields::built_in`] without
/// the detour.
pub fn built_in() -> &'static Mapping {
    static BUILT_IN: OnceLock<Mapping> = OnceLock::new();
    BUILT_IN.get_or_init(|| {
        let mut mapping = Mapping::default();
        let mut fields = Vec::with_capacity(TABLE.len() / BYTES_PER_FIELD);
        table::read(TABLE, |row| match row {
            table::Row::Field(name, field_type) => fields.push((name.to_owned(), field_type, None)),
            table::Row::Multi(name, parent, field_type) => {
                fields.push((name.to_owned(), field_type, Some(parent.to_owned())));
            }
            table::Row::Template(pattern, field_type) => mapping.insert_template(pattern, field_type),
            table::Row::Closed(object) => mapping.set_dynamic(object, false),
        });
        mapping.extend(fields);
        mapping
    })
}

/// A keyword as Elastic's templates make it: `ignore_above` is 1024.
const ELASTIC_KEYWORD: FieldType = FieldType::Keyword { ignore_above: Some(1024), lowercase: false };

#[cfg(test)]
mod tests;
