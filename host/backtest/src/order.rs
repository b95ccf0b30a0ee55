//! Which of a run's new terms come first, and so survive `max_signals`.

use std::cmp::Ordering;
use std::net::IpAddr;

use serde_json::{Number, Value};

/// Terms of an interval that Kibana looks at together: a page of its composite
/// aggregation.
const PAGE: usize = 10_000;

/// A term of an interval.
#[derive(Clone, Copy, Debug)]
pub(super) struct RankedTerm<'a> {
    /// The term, a canonical JSON array.
    pub(super) term: &'a str,
    /// How many documents of the interval have it.
    pub(super) documents: u64,
}

/// Puts the terms of an interval, new ones and others, into the order in which
/// Kibana makes alerts of those that are new
/// (`build_new_terms_aggregation.ts`, `multi_terms_composite.ts`).
///
/// Terms of several fields come by their values. Terms of one field come in
/// pages of 10,000 by their values, and within a page those of more documents
/// first.
pub(super) fn in_order(terms: &mut [RankedTerm<'_>]) {
    let mut keyed: Vec<(Vec<SortKey>, RankedTerm<'_>)> = keys(terms).into_iter().zip(terms.iter().copied()).collect();
    keyed.sort_by(|(left, _), (right, _)| left.cmp(right));
    if keyed.iter().all(|(key, _)| key.len() == 1) {
        for page in keyed.chunks_mut(PAGE) {
            // Stable, so that ties stay in order of their values.
            page.sort_by_key(|(_, ranked)| std::cmp::Reverse(ranked.documents));
        }
    }
    for (place, (_, ranked)) in terms.iter_mut().zip(keyed) {
        *place = ranked;
    }
}

/// A value of a term, as its field sorts.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SortKey {
    Null,
    Bool(bool),
    Number(NumberKey),
    /// IPv4 as Elasticsearch keeps it: mapped into IPv6.
    Address([u8; 16]),
    /// By UTF-8 bytes.
    Text(String),
}

#[derive(Debug)]
struct NumberKey(Number);

/// The values of each term. A field whose values are addresses without
/// exception is taken for one of type `ip`: the type itself only the module
/// knows.
fn keys(terms: &[RankedTerm<'_>]) -> Vec<Vec<SortKey>> {
    let values: Vec<Vec<Value>> =
        terms.iter().map(|ranked| serde_json::from_str(ranked.term).unwrap_or_default()).collect();
    let fields = values.iter().map(Vec::len).max().unwrap_or(0);
    let is_ip: Vec<bool> = (0..fields)
        .map(|field| values.iter().filter_map(|term| term.get(field)).all(|value| address(value).is_some()))
        .collect();
    let key = |(value, &is_ip): (Value, &bool)| match (value, is_ip) {
        (Value::Bool(flag), _) => SortKey::Bool(flag),
        (Value::Number(number), _) => SortKey::Number(NumberKey(number)),
        (value, true) => address(&value).map_or(SortKey::Null, SortKey::Address),
        (Value::String(text), false) => SortKey::Text(text),
        _ => SortKey::Null,
    };
    values.into_iter().map(|term| term.into_iter().zip(&is_ip).map(key).collect()).collect()
}

/// An address in its canonical form.
fn address(value: &Value) -> Option<[u8; 16]> {
    let text = value.as_str()?;
    let address: IpAddr = text.parse().ok()?;
    let canonical = address.to_string() == text;
    canonical.then(|| match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    })
}

impl Ord for NumberKey {
    fn cmp(&self, other: &Self) -> Ordering {
        let whole = |number: &Number| number.as_i128();
        match (whole(&self.0), whole(&other.0)) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => {
                let float = |number: &Number| number.as_f64().unwrap_or(f64::NAN);
                float(&self.0).total_cmp(&float(&other.0))
            }
        }
    }
}

impl PartialOrd for NumberKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for NumberKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for NumberKey {}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered<'a>(terms: &[(&'a str, u64)]) -> Vec<&'a str> {
        let mut ranked: Vec<RankedTerm<'_>> =
            terms.iter().map(|&(term, documents)| RankedTerm { term, documents }).collect();
        in_order(&mut ranked);
        ranked.into_iter().map(|ranked| ranked.term).collect()
    }

    #[test]
    fn one_field_by_documents_then_by_value() {
        assert_eq!(ordered(&[(r#"["c"]"#, 1), (r#"["a"]"#, 1), (r#"["b"]"#, 2)]), [r#"["b"]"#, r#"["a"]"#, r#"["c"]"#]);
        assert_eq!(ordered(&[("[10]", 1), ("[9]", 1), ("[-1.5]", 1)]), ["[-1.5]", "[9]", "[10]"]);
        assert_eq!(ordered(&[(r#"["10.0.0.1"]"#, 1), (r#"["9.0.0.1"]"#, 1)]), [r#"["9.0.0.1"]"#, r#"["10.0.0.1"]"#]);
        // Not a field of addresses, so a matter of bytes.
        assert_eq!(
            ordered(&[(r#"["9.0.0.1"]"#, 1), (r#"["x"]"#, 1), (r#"["10.0.0.1"]"#, 1)]),
            [r#"["10.0.0.1"]"#, r#"["9.0.0.1"]"#, r#"["x"]"#]
        );
    }

    #[test]
    fn several_fields_by_their_values_alone() {
        assert_eq!(
            ordered(&[(r#"["b",9]"#, 7), (r#"["a",10]"#, 5), (r#"["a",9]"#, 1)]),
            [r#"["a",9]"#, r#"["a",10]"#, r#"["b",9]"#]
        );
        assert_eq!(ordered(&[(r#"["x",true]"#, 1), (r#"["x",false]"#, 1)]), [r#"["x",false]"#, r#"["x",true]"#]);
        // By code point: U+FF5E is before U+1F600, though not in UTF-16.
        assert_eq!(ordered(&[("[\"😀\",1]", 1), ("[\"～\",1]", 1)]), ["[\"～\",1]", "[\"😀\",1]"]);
    }

    #[test]
    fn a_frequent_term_of_a_later_page_stays_there() {
        let terms: Vec<String> = (0..PAGE + 2).map(|number| format!("[{number}]")).collect();
        let last = terms.len() - 1;
        let counted: Vec<(&str, u64)> =
            terms.iter().enumerate().map(|(place, term)| (term.as_str(), u64::from(place == last) * 9)).collect();
        let found = ordered(&counted);
        assert_eq!(found.iter().position(|term| *term == terms[last]), Some(PAGE));
    }
}
