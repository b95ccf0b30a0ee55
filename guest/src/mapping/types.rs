//! From the types of mappings to those that decide how values are compared.

use firstseen_query::{FieldType, NumberType};

use super::node::{Node, Text};

/// A keyword as Elastic's templates make it: `ignore_above` is 1024.
pub(super) const ELASTIC_KEYWORD: FieldType = FieldType::Keyword { ignore_above: Some(1024), lowercase: false };

/// Date formats that the default ones take in.
const DATE_FORMATS: [&str; 5] =
    ["strict_date_optional_time", "date_optional_time", "epoch_millis", "strict_date_optional_time_nanos", "date_time"];

/// The type of a name, without parameters. None if it is none of those that are
/// known, objects included.
pub(super) fn plain(name: &str) -> Option<FieldType> {
    Some(match name {
        "keyword" | "wildcard" | "constant_keyword" | "counted_keyword" => FieldType::KEYWORD,
        "text" | "match_only_text" | "pattern_text" | "annotated_text" | "search_as_you_type" => FieldType::Text,
        "boolean" => FieldType::Boolean,
        "date" => FieldType::Date,
        "date_nanos" => FieldType::DateNanos,
        "ip" => FieldType::Ip,
        "version" => FieldType::Version,
        "flattened" => FieldType::Flattened { ignore_above: None },
        "object" => FieldType::Object,
        "nested" => FieldType::Nested,
        "geo_point" | "geo_shape" | "point" | "shape" => FieldType::Opaque,
        "long" => FieldType::Number(NumberType::Long),
        "integer" => FieldType::Number(NumberType::Integer),
        "short" => FieldType::Number(NumberType::Short),
        "byte" => FieldType::Number(NumberType::Byte),
        "unsigned_long" => FieldType::Number(NumberType::UnsignedLong),
        "double" => FieldType::Number(NumberType::Double),
        "float" => FieldType::Number(NumberType::Float),
        "half_float" => FieldType::Number(NumberType::HalfFloat),
        _ => return None,
    })
}

/// The type of a field as its mapping says, and what `warn` should know.
pub(super) fn of(kind: &str, node: &Node, mut warn: impl FnMut(String)) -> FieldType {
    let field_type = match (kind, plain(kind)) {
        // Neither searched nor counted, unless its values are kept by column.
        ("binary", _) if node.doc_values != Some(true) => FieldType::NotIndexed,
        ("scaled_float", _) => scaled_float(node, &mut warn),
        (_, None) => {
            warn(format!("the type `{kind}` is not supported; queries can only ask whether there is a value"));
            FieldType::Opaque
        }
        (_, Some(FieldType::Keyword { .. })) => keyword(kind, node, &mut warn),
        (_, Some(FieldType::Flattened { .. })) => FieldType::Flattened { ignore_above: node.ignore_above() },
        (_, Some(field_type)) => field_type,
    };
    let field_type = if is_indexed(&field_type, node) { field_type } else { FieldType::NotIndexed };
    remark(kind, &field_type, node, &mut warn);
    field_type
}

fn keyword(kind: &str, node: &Node, warn: &mut impl FnMut(String)) -> FieldType {
    if kind == "constant_keyword" {
        return node.text(Text::Value).map_or(FieldType::KEYWORD, |value| FieldType::ConstantKeyword(value.to_owned()));
    }
    let normalizer = node.text(Text::Normalizer).filter(|_| kind == "keyword");
    if let Some(other) = normalizer.filter(|&normalizer| normalizer != "lowercase") {
        warn(format!("the normalizer `{other}` is not supported; values are taken as they are"));
    }
    FieldType::Keyword { ignore_above: node.ignore_above(), lowercase: normalizer == Some("lowercase") }
}

fn scaled_float(node: &Node, warn: &mut impl FnMut(String)) -> FieldType {
    let scaling_factor = node.scaling_factor.filter(|factor| factor.is_finite() && *factor > 0.0);
    FieldType::Number(scaling_factor.map_or_else(
        || {
            warn("a scaled_float without `scaling_factor` is taken for a double".to_owned());
            NumberType::Double
        },
        |scaling_factor| NumberType::ScaledFloat { scaling_factor },
    ))
}

/// What is in doc values can be searched, only more slowly. Text has none.
fn is_indexed(field_type: &FieldType, node: &Node) -> bool {
    let index = node.index != Some(false);
    match field_type {
        FieldType::Text => index,
        _ => index || node.doc_values != Some(false),
    }
}

/// Remarks on what has no effect here.
fn remark(kind: &str, field_type: &FieldType, node: &Node, warn: &mut impl FnMut(String)) {
    if *field_type == FieldType::Text {
        let analyzer = [Text::Analyzer, Text::SearchAnalyzer].into_iter().filter_map(|text| node.text(text));
        for other in analyzer.filter(|&analyzer| !matches!(analyzer, "standard" | "default")).take(1) {
            warn(format!("the analyzer `{other}` is not supported; `standard` stands for it"));
        }
    }
    if matches!(field_type, FieldType::Date | FieldType::DateNanos)
        && let Some(format) = node.text(Text::Format)
        && !format.split("||").all(|format| DATE_FORMATS.contains(&format))
    {
        warn(format!(
            "the format `{format}` is not supported; `strict_date_optional_time||epoch_millis` stands for it"
        ));
    }
    if node.has_null_value {
        warn("`null_value` has no effect: null is no value".to_owned());
    }
    if node.has_script {
        warn(format!("its script is not run; the {kind} has the values that the event has"));
    }
    if node.has_copy_to {
        warn("`copy_to` has no effect".to_owned());
    }
}
