//! Elasticsearch's queries, as far as filters use them.

use firstseen_query::{Clause, Span};
use serde_json::{Map, Value};

use super::error::FilterError;
use super::leaf::{check_options, exists, match_phrase, matches, not_supported, object, pattern, range, terms};

/// The most alternatives of which several are asked for: they are written out.
const MAX_COUNTED: usize = 10;

/// A query; JSON that was parsed is not too deep for this.
pub(super) fn query(value: &Value) -> Result<Clause, FilterError> {
    let members = value.as_object().ok_or_else(|| FilterError::invalid("the query is not an object"))?;
    let mut members = members.iter();
    let (Some((kind, body)), None) = (members.next(), members.next()) else {
        return Err(FilterError::invalid("a query is an object with one member, named by its kind"));
    };
    match kind.as_str() {
        "match_all" => check_options(kind, object(kind, body)?, &[]).map(|()| Clause::All),
        "match_none" => check_options(kind, object(kind, body)?, &[]).map(|()| Clause::Or(Vec::new())),
        "exists" => exists(body),
        "match" => matches(body),
        "match_phrase" => match_phrase(body),
        "term" | "wildcard" | "prefix" => pattern(kind, body),
        "terms" => terms(body),
        "range" => range(body),
        "bool" => boolean(object(kind, body)?),
        "nested" => nested(object(kind, body)?),
        "constant_score" => {
            let body = object(kind, body)?;
            check_options(kind, body, &["filter"])?;
            query(body.get("filter").ok_or_else(|| FilterError::invalid("`constant_score` has no `filter`"))?)
        }
        kind => Err(FilterError::unsupported(format!(
            "queries of the kind `{kind}` are not supported, and without it the rule would alert on other events"
        ))),
    }
}

fn nested(body: &Map<String, Value>) -> Result<Clause, FilterError> {
    let options: Map<_, _> = body
        .iter()
        .filter(|(name, value)| *name != "ignore_unmapped" || **value != Value::Bool(false))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    check_options("nested", &options, &["path", "query", "score_mode"])?;
    let path =
        body.get("path").and_then(Value::as_str).ok_or_else(|| FilterError::invalid("`nested` has no `path`"))?;
    let inner = body.get("query").ok_or_else(|| FilterError::invalid("`nested` has no `query`"))?;
    Ok(Clause::Nested { path: path.to_owned(), clause: Box::new(query(inner)?), span: Span::default() })
}

fn boolean(body: &Map<String, Value>) -> Result<Clause, FilterError> {
    check_options("bool", body, &["must", "filter", "should", "must_not", "minimum_should_match"])?;
    let clauses = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(queries)) => queries.iter().map(query).collect::<Result<Vec<_>, _>>(),
        Some(one) => Ok(vec![query(one)?]),
    };
    let mut all = clauses("must")?;
    all.extend(clauses("filter")?);
    let should = clauses("should")?;
    let must_not = clauses("must_not")?;
    let wanted = match body.get("minimum_should_match") {
        None | Some(Value::Null) => None,
        Some(value) => Some(integer(value).ok_or_else(|| not_supported("bool", "minimum_should_match"))?),
    };
    match (wanted, should.len()) {
        // Nothing is required of nothing, unless there is something beside it.
        (Some(1..), 0) if !all.is_empty() => all.push(Clause::Or(Vec::new())),
        (_, 0) => {}
        (wanted, count) => {
            let wanted = match wanted.unwrap_or(0) {
                // As many may be missing.
                missing @ ..0 => count.saturating_sub(missing.unsigned_abs()),
                wanted => wanted.unsigned_abs(),
            };
            // Where nothing else is required, one of them is.
            let wanted = if all.is_empty() { wanted.max(1) } else { wanted };
            if wanted > 1 && wanted < count && count > MAX_COUNTED {
                return Err(not_supported("bool", "minimum_should_match"));
            }
            all.push(at_least(wanted, &should));
        }
    }
    all.extend(must_not.into_iter().map(|clause| Clause::Not(Box::new(clause))));
    Ok(Clause::And(all))
}

fn integer(value: &Value) -> Option<isize> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_i64()?.try_into().ok(),
    }
}

fn at_least(wanted: usize, clauses: &[Clause]) -> Clause {
    match clauses {
        // They count for nothing, but must still make sense to Elasticsearch.
        _ if wanted == 0 => Clause::Or([&[Clause::All], clauses].concat()),
        _ if wanted == 1 => Clause::Or(clauses.to_vec()),
        _ if wanted > clauses.len() => Clause::And([clauses, &[Clause::Or(Vec::new())]].concat()),
        _ if wanted == clauses.len() => Clause::And(clauses.to_vec()),
        [first, rest @ ..] => {
            Clause::Or(vec![Clause::And(vec![first.clone(), at_least(wanted - 1, rest)]), at_least(wanted, rest)])
        }
        [] => Clause::Or(Vec::new()),
    }
}
