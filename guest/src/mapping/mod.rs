//! Field types: a table of its own, and mapping files over it.
//!
//! [`built_in`] is the table: Elastic Common Schema, and what Elastic's rules
//! ask of Elastic Defend, the integrations and Beats. Where mapping files come
//! on top, [`Fields`] reads them and gives the whole.

mod budget;
mod document;
mod field_caps;
mod fields;
mod node;
mod node_seed;
mod properties;
mod scalar;
mod table;
mod template;
mod types;
mod warnings;

use std::sync::OnceLock;

use firstseen_query::Mapping;

pub use fields::Fields;
use table::TABLE;

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

#[cfg(test)]
mod tests;
