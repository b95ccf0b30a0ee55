//! Queries about one field.

use firstseen_query::{Clause, Condition, Like, Name, RangeOp, Span};
use serde_json::{Map, Number, Value};

use super::error::FilterError;

/// Fields that Elasticsearch makes up: no event has them.
const METADATA: [&str; 8] = ["_id", "_index", "_tier", "_ignored", "_routing", "_seq_no", "_source", "_version"];

/// Options that decide how hits are ranked or named, not which there are.
pub(super) const HARMLESS: [&str; 2] = ["boost", "_name"];

/// Formats of bounds that read what the fields' own format reads.
const ISO_FORMATS: [&str; 2] = ["strict_date_optional_time", "strict_date_optional_time_nanos"];
const OWN_FORMAT: &str = "strict_date_optional_time||epoch_millis";

/// Names of the zone that is assumed anyway.
const UTC: [&str; 6] = ["UTC", "Z", "Zulu", "GMT", "+00:00", "Etc/UTC"];

/// `term`: a value that is not analyzed.
fn term(field: &str, value: &str, ignore_case: bool) -> Clause {
    Clause::field(field, Condition::Term { value: value.to_owned(), ignore_case })
}

/// `exists`, whose field may be a pattern.
pub(super) fn exists(body: &Value) -> Result<Clause, FilterError> {
    let body = object("exists", body)?;
    check_options("exists", body, &["field"])?;
    let field = body.get("field").and_then(Value::as_str);
    let field = checked(field.ok_or_else(|| FilterError::invalid("`exists` has no `field`"))?)?;
    let name = match field.contains('*') {
        true => Name::Pattern(field.split('*').map(str::to_owned).collect()),
        false => Name::exact(field),
    };
    Ok(Clause::Field { name, condition: Condition::Exists, span: Span::default() })
}

/// `match`. With `and` all words are asked for, which is the same only for one
/// word.
pub(super) fn matches(body: &Value) -> Result<Clause, FilterError> {
    let Leaf { field, value, options } = Leaf::of("match", body, &["query"])?;
    for (name, option) in options {
        let is = |text: &str| option.as_str().is_some_and(|option| option.eq_ignore_ascii_case(text));
        let same = match name.as_str() {
            "operator" => is("or") || (is("and") && is_word(&value)),
            "zero_terms_query" => is("none"),
            "lenient" => option == Value::Bool(false),
            "auto_generate_synonyms_phrase_query" | "fuzzy_transpositions" => true,
            _ => false,
        };
        if !same {
            return Err(not_supported("match", &name));
        }
    }
    Ok(Clause::field(&field, Condition::Equals { value, phrase: false }))
}

/// `match_phrase`.
pub(super) fn match_phrase(body: &Value) -> Result<Clause, FilterError> {
    let Leaf { field, value, options } = Leaf::of("match_phrase", body, &["query"])?;
    for (name, option) in options {
        let same = match name.as_str() {
            "slop" => option.as_u64() == Some(0),
            "zero_terms_query" => option == "none",
            _ => false,
        };
        if !same {
            return Err(not_supported("match_phrase", &name));
        }
    }
    Ok(Clause::field(&field, Condition::Equals { value, phrase: true }))
}

/// `term`, `wildcard` or `prefix`: a value and whether case counts.
pub(super) fn pattern(kind: &str, body: &Value) -> Result<Clause, FilterError> {
    // A second name of `value` that Elasticsearch knows.
    let names: &[&str] = if kind == "prefix" { &["value"] } else { &["value", kind] };
    let Leaf { field, value, options } = Leaf::of(kind, body, names)?;
    let mut ignore_case = false;
    for (name, option) in options {
        match (name.as_str(), option) {
            ("case_insensitive", Value::Bool(flag)) => ignore_case = flag,
            ("case_insensitive", _) => {
                return Err(FilterError::invalid("`case_insensitive` is neither true nor false"));
            }
            ("rewrite", _) if kind != "term" => {}
            _ => return Err(not_supported(kind, &name)),
        }
    }
    let like = match kind {
        "term" => return Ok(term(&field, &value, ignore_case)),
        "prefix" => Like::prefix(&value),
        _ => Like::lucene(&value),
    };
    Ok(Clause::field(&field, Condition::Like(Like { ignore_case, ..like })))
}

/// `terms`. Values of another document are out of reach.
pub(super) fn terms(body: &Value) -> Result<Clause, FilterError> {
    let mut fields = object("terms", body)?.iter().filter(|(name, _)| !HARMLESS.contains(&name.as_str()));
    let (Some((field, values)), None) = (fields.next(), fields.next()) else {
        return Err(FilterError::invalid("`terms` needs one field"));
    };
    let values = match values {
        Value::Array(values) => values,
        Value::Object(_) => return Err(FilterError::unsupported("`terms` that looks its values up is not supported")),
        _ => return Err(FilterError::invalid("the values of `terms` are no array")),
    };
    let field = checked(field)?;
    let clause = |value| Ok(term(field, &text("terms", value)?, false));
    Ok(Clause::Or(values.iter().map(clause).collect::<Result<_, _>>()?))
}

/// `range`. Of two lower or two upper bounds the last one counts.
pub(super) fn range(body: &Value) -> Result<Clause, FilterError> {
    let (field, body) = single("range", body)?;
    let (mut lower, mut upper, mut format) = (None, None, None);
    for (name, option) in object("range", body)? {
        let bound = |op| match option {
            Value::Null => Ok(None),
            value => Ok(Some((op, text("range", value)?))),
        };
        match name.as_str() {
            "gt" => lower = bound(RangeOp::Gt)?,
            "gte" => lower = bound(RangeOp::Gte)?,
            "lt" => upper = bound(RangeOp::Lt)?,
            "lte" => upper = bound(RangeOp::Lte)?,
            "format" => format = Some(option),
            "time_zone" if option.as_str().is_some_and(|zone| UTC.contains(&zone)) => {}
            "relation" if option.as_str().is_some_and(|relation| relation.eq_ignore_ascii_case("intersects")) => {}
            name if HARMLESS.contains(&name) => {}
            name => return Err(not_supported("range", name)),
        }
    }
    let bounds: Vec<(RangeOp, String)> = lower.into_iter().chain(upper).collect();
    if let Some(format) = format
        && !bounds.iter().all(|(_, bound)| reads_alike(format.as_str().unwrap_or_default(), bound))
    {
        return Err(not_supported("range", "format"));
    }
    let condition = if bounds.is_empty() { Condition::Unbounded } else { Condition::Range(bounds) };
    Ok(Clause::field(checked(field)?, condition))
}

/// Does a format read a bound as a date field without one would?
fn reads_alike(format: &str, bound: &str) -> bool {
    let digits = !bound.is_empty() && bound.bytes().all(|byte| byte.is_ascii_digit());
    match format {
        OWN_FORMAT => true,
        // Digits other than a year are milliseconds to a date field.
        format if ISO_FORMATS.contains(&format) => !digits || bound.len() == 4,
        "epoch_millis" => digits && bound.len() != 4,
        _ => false,
    }
}

/// A query of the form `{field: value}` or `{field: {value: …, options}}`.
struct Leaf {
    field: String,
    value: String,
    options: Map<String, Value>,
}

impl Leaf {
    /// `names` are those that the value may go by.
    fn of(kind: &str, body: &Value, names: &[&str]) -> Result<Self, FilterError> {
        let (field, body) = single(kind, body)?;
        let field = checked(field)?.to_owned();
        let Value::Object(body) = body else {
            return Ok(Self { field, value: text(kind, body)?, options: Map::new() });
        };
        let (values, mut options): (Map<_, _>, Map<_, _>) =
            body.clone().into_iter().partition(|(name, _)| names.contains(&name.as_str()));
        options.retain(|name, _| !HARMLESS.contains(&name.as_str()));
        let value =
            values.values().next_back().ok_or_else(|| FilterError::invalid(format!("`{kind}` has no value")))?;
        Ok(Self { field, value: text(kind, value)?, options })
    }
}

/// Refuses options other than those known and the harmless ones.
pub(super) fn check_options(kind: &str, options: &Map<String, Value>, known: &[&str]) -> Result<(), FilterError> {
    match options.keys().find(|name| !known.contains(&name.as_str()) && !HARMLESS.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(not_supported(kind, name)),
    }
}

pub(super) fn not_supported(kind: &str, option: &str) -> FilterError {
    FilterError::unsupported(format!("`{option}` of a `{kind}` query, as it stands there, is not supported"))
}

pub(super) fn object<'v>(kind: &str, body: &'v Value) -> Result<&'v Map<String, Value>, FilterError> {
    body.as_object().ok_or_else(|| FilterError::invalid(format!("`{kind}` is not an object")))
}

fn single<'v>(kind: &str, body: &'v Value) -> Result<(&'v str, &'v Value), FilterError> {
    let mut fields = object(kind, body)?.iter();
    match (fields.next(), fields.next()) {
        (Some((field, body)), None) => Ok((field, body)),
        _ => Err(FilterError::invalid(format!("`{kind}` needs one field"))),
    }
}

fn checked(field: &str) -> Result<&str, FilterError> {
    match METADATA.contains(&field) {
        true => {
            Err(FilterError::unsupported(format!("no event has the field `{field}`, only a document in Elasticsearch")))
        }
        false => Ok(field),
    }
}

fn is_word(value: &str) -> bool {
    value.len() < 256 && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The text that Elasticsearch compares.
fn text(kind: &str, value: &Value) -> Result<String, FilterError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(number) => Ok(number_text(number)),
        Value::Null => Err(FilterError::invalid(format!("null is no value of `{kind}`"))),
        _ => Err(FilterError::invalid(format!("a value of `{kind}` is neither text nor a number, true or false"))),
    }
}

/// A number as it comes out of Kibana, which reads it as a double and writes it
/// as JavaScript does, and then of Elasticsearch, which writes doubles as Java
/// does.
fn number_text(number: &Number) -> String {
    let Some(double) = number.as_f64() else { return number.to_string() };
    // JavaScript writes whole numbers below 1e21 without a fraction, and no
    // negative zero.
    if double.fract() == 0.0 && double.abs() < 1e21 {
        return format!("{}", double + 0.0);
    }
    if (1e-3..1e7).contains(&double.abs()) {
        return format!("{double:?}");
    }
    let text = format!("{double:E}");
    match text.split_once('E') {
        Some((mantissa, exponent)) if !mantissa.contains('.') => format!("{mantissa}.0E{exponent}"),
        _ => text,
    }
}
