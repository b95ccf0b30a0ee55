//! What documents a request brings.

use bytes::Bytes;
use hyper::header::HeaderValue;

use super::refusal::Refusal;
use crate::budget::Share;
use crate::documents::Documents;
use crate::encoding::{Encoding, UnpackError};
use crate::route::{DocumentKind, Route};

/// How much of what cannot be looked at is shown.
const BEGINNING_BYTES: usize = 1024;

/// How a body is looked at.
#[derive(Clone, Debug)]
pub(super) struct Looking {
    pub(super) route: Route,
    pub(super) encoding: Encoding,
    pub(super) content_type: Option<HeaderValue>,
    pub(super) unpacked_max: usize,
    /// Whether the body is wanted afterwards, as it is unpacked.
    pub(super) keeps_unpacked: bool,
}

/// What a body brings.
pub(super) struct Looked {
    pub(super) documents: Documents,
    /// The body, unpacked, where it is wanted and all of it was read.
    pub(super) unpacked: Option<Bytes>,
}

impl From<Documents> for Looked {
    fn from(documents: Documents) -> Self {
        Self { documents, unpacked: None }
    }
}

/// Looks into the body of a request. What it takes comes from `share`.
pub(super) fn look(looking: &Looking, body: &Bytes, share: &mut Share) -> Result<Looked, Refusal> {
    let Looking { route, encoding, content_type, unpacked_max, keeps_unpacked } = looking;
    let (encoding, unpacked_max) = (*encoding, *unpacked_max);
    let packed_bytes = body.len();
    let mut is_damaged = false;
    let beginning = body.slice(..body.len().min(BEGINNING_BYTES));
    let body = match encoding.unpack(body, unpacked_max, share) {
        Ok(unpacked) => unpacked,
        Err((UnpackError::TooLong, _)) => return Err(Refusal::TooLong { max: unpacked_max }),
        Err((UnpackError::NoRoom(no_room), _)) => return Err(no_room.into()),
        // The cluster may have stored what came before.
        Err((UnpackError::Damaged, unpacked)) => {
            is_damaged = true;
            unpacked
        }
    };
    if let Some(form) = binary_form(content_type.as_ref(), &body) {
        let mut documents = Documents { unreadable: Some(form), ..Documents::default() };
        let beginning = body.get(..body.len().min(BEGINNING_BYTES)).unwrap_or_default();
        documents.push_unreadable(&format!("documents {form}"), beginning, target(route), None);
        return Ok(documents.into());
    }
    // The lines of documents beside the body.
    share.grow(body.len()).map_err(Refusal::from)?;
    let mut documents = match route {
        Route::Bulk { index } => Documents::of_bulk(&body, index.as_deref()),
        Route::Document { index, id, kind } => single(&body, index, id.as_deref(), *kind),
        Route::Other => Documents::default(),
    };
    if is_damaged {
        documents.unreadable = Some("in a damaged body");
        documents.push_unreadable("a damaged body", &beginning, target(route), None);
    }
    // An escape, which is longer, stands for what is no UTF-8.
    share.grow(documents.overhead_bytes() + documents.bytes().saturating_sub(body.len()))?;
    if *keeps_unpacked && !is_damaged {
        return Ok(Looked { documents, unpacked: Some(body) });
    }
    if encoding != Encoding::Identity {
        let unpacked_bytes = body.len();
        drop(body);
        share.shrink(unpacked_bytes.saturating_sub(packed_bytes));
    }
    Ok(documents.into())
}

/// The index that a request names.
fn target(route: &Route) -> Option<&str> {
    match route {
        Route::Bulk { index } => index.as_deref(),
        Route::Document { index, .. } => Some(index.as_str()),
        Route::Other => None,
    }
}

fn single(body: &[u8], index: &str, id: Option<&str>, kind: DocumentKind) -> Documents {
    let mut documents = Documents { items: 1, ..Documents::default() };
    match kind {
        DocumentKind::Source => documents.push(body, Some(index), id, Some(0)),
        DocumentKind::Update => documents.push_upserted(body, Some(index), id),
    }
    documents
}

/// The form of a body that is not JSON; none if it is, as far as one can tell.
fn binary_form(content_type: Option<&HeaderValue>, body: &[u8]) -> Option<&'static str> {
    let name = content_type.map(HeaderValue::as_bytes).unwrap_or_default();
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let name = name.split(';').next().unwrap_or_default().trim();
    let forms = [("smile", "in SMILE"), ("cbor", "in CBOR"), ("yaml", "in YAML")];
    let named = forms.into_iter().find(|(form, _)| name.ends_with(form));
    named.map(|(_, form)| form).or(match body {
        [b':', b')', b'\n', ..] => Some("in SMILE"),
        _ => None,
    })
}
