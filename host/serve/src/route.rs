//! What a request is, by its method and path.

use hyper::Method;
use percent_encoding::percent_decode_str;

/// What a request is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `_bulk`, with the index that the path names.
    Bulk { index: Option<String> },
    /// One document.
    Document { index: String, id: Option<String>, kind: DocumentKind },
    /// Nothing that brings documents.
    Other,
}

/// What the body of a request for one document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DocumentKind {
    /// The document.
    Source,
    /// What is to be changed of one, and what it is if it is not there.
    Update,
}

impl Route {
    /// What a request is. `prefix` stands before the path of all that are looked at.
    ///
    /// Elasticsearch splits the path at its slashes, leaves out what is empty, and
    /// decodes each part; `.` and `..` are names as others.
    pub(crate) fn of(method: &Method, path: &str, prefix: &str) -> Self {
        if !matches!(*method, Method::POST | Method::PUT) {
            return Self::Other;
        }
        // What does not begin with the prefix goes to the cluster all the same.
        let path = path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/')).unwrap_or(path);
        let mut parts: Vec<String> = Vec::new();
        for part in path.split('/') {
            match &*percent_decode_str(part).decode_utf8_lossy() {
                "" => {}
                part => parts.push(part.to_owned()),
            }
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let document = |index: &str, id: Option<&str>, kind| Self::Document {
            index: index.to_owned(),
            id: id.map(str::to_owned),
            kind,
        };
        match *parts {
            ["_bulk"] | ["_bulk", "stream"] => Self::Bulk { index: None },
            [index, "_bulk"] | [index, "_bulk", "stream"] => Self::Bulk { index: Some(index.to_owned()) },
            // With types, as Elasticsearch had them before 8; `_doc` was the usual one.
            [index, kind, "_bulk"] if kind == "_doc" || !kind.starts_with('_') => {
                Self::Bulk { index: Some(index.to_owned()) }
            }
            [index, kind, id, "_create"] if kind == "_doc" || !kind.starts_with('_') => {
                document(index, Some(id), DocumentKind::Source)
            }
            [index, kind, id, "_update"] if kind == "_doc" || !kind.starts_with('_') => {
                document(index, Some(id), DocumentKind::Update)
            }
            [index, "_doc"] => document(index, None, DocumentKind::Source),
            [index, "_doc" | "_create", id] => document(index, Some(id), DocumentKind::Source),
            [index, "_update", id] => document(index, Some(id), DocumentKind::Update),
            [index, kind] if !index.starts_with('_') && !kind.starts_with('_') => {
                document(index, None, DocumentKind::Source)
            }
            [index, kind, id] if !index.starts_with('_') && !kind.starts_with('_') && !id.starts_with('_') => {
                document(index, Some(id), DocumentKind::Source)
            }
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(index: Option<&str>) -> Route {
        Route::Bulk { index: index.map(str::to_owned) }
    }

    #[test]
    fn a_bulk_is_found_however_its_path_is_written() {
        for path in ["/_bulk", "/_bulk/", "//_bulk", "/_bulk//", "/%5Fbulk", "/_%62ulk"] {
            assert_eq!(Route::of(&Method::POST, path, ""), bulk(None), "{path}");
        }
        assert_eq!(Route::of(&Method::PUT, "/logs-a/_bulk", ""), bulk(Some("logs-a")));
        assert_eq!(Route::of(&Method::PUT, "/a,b/_bulk", ""), bulk(Some("a,b")));
        assert_eq!(Route::of(&Method::PUT, "/./_bulk", ""), bulk(Some(".")));
        assert_eq!(Route::of(&Method::PUT, "/%3Clogs-%7Bnow%2Fd%7D%3E/_bulk", ""), bulk(Some("<logs-{now/d}>")));
    }

    #[test]
    fn a_prefix_is_taken_off() {
        assert_eq!(Route::of(&Method::POST, "/es/_bulk", "/es"), bulk(None));
        assert_eq!(Route::of(&Method::POST, "/es/a/_bulk", "/es"), bulk(Some("a")));
        assert_eq!(Route::of(&Method::POST, "/_bulk", "/es"), bulk(None));
        assert_eq!(Route::of(&Method::POST, "/essence/_bulk", "/es"), bulk(Some("essence")));
    }

    #[test]
    fn single_documents_are_found() {
        let document = |path, kind, id: Option<&str>| {
            let expected = Route::Document { index: "i".to_owned(), id: id.map(str::to_owned), kind };
            assert_eq!(Route::of(&Method::POST, path, ""), expected, "{path}");
        };
        document("/i/_doc", DocumentKind::Source, None);
        document("/i/_doc/1", DocumentKind::Source, Some("1"));
        document("/i/_create/a%2Fb", DocumentKind::Source, Some("a/b"));
        document("/i/_update/1", DocumentKind::Update, Some("1"));
        document("/i/t/1", DocumentKind::Source, Some("1"));
        document("/i/_doc/1/_update", DocumentKind::Update, Some("1"));
        document("/i/_doc/1/_create", DocumentKind::Source, Some("1"));
        assert_eq!(Route::of(&Method::POST, "/i/_doc/_bulk", ""), bulk(Some("i")));
    }

    #[test]
    fn others_are_none_of_ours() {
        for path in ["/", "/_search", "/i/_search", "/i/_doc/1/x", "/_cat/indices", "/_security/user/a", "/_bulk/x"] {
            assert_eq!(Route::of(&Method::POST, path, ""), Route::Other, "{path}");
        }
        assert_eq!(Route::of(&Method::GET, "/_bulk", ""), Route::Other);
        assert_eq!(Route::of(&Method::DELETE, "/i/_doc/1", ""), Route::Other);
    }
}
