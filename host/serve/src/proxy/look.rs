//! What documents a request brings.

use bytes::Bytes;
use firstseen::{Batch, SetApart, SetApartCause, SetApartLine};
use hyper::HeaderMap;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE};

use super::refusal::Refusal;
use crate::budget::Share;
use crate::bulk::{self, Documents, upserted};
use crate::encoding::{Encoding, UnpackError};
use crate::route::{DocumentKind, Route};

/// What is found in a request.
pub(super) enum Found {
    Documents(Documents),
    /// It brings documents that cannot be looked at.
    Unreadable {
        cause: String,
        /// How the body begins.
        beginning: Bytes,
    },
}

/// How much of what cannot be looked at is shown.
const BEGINNING_BYTES: usize = 1024;

/// Looks into the body of a request. What it takes comes from `share`.
pub(super) fn look(
    route: &Route,
    headers: &HeaderMap,
    body: &Bytes,
    unpacked_max: usize,
    share: &mut Share,
) -> Result<Found, Refusal> {
    let header = |name| headers.get(name).map(hyper::header::HeaderValue::as_bytes);
    let encoding = Encoding::of(header(CONTENT_ENCODING));
    let packed_bytes = body.len();
    let body = match encoding.unpack(body, unpacked_max, share) {
        Ok(unpacked) => unpacked,
        Err((UnpackError::TooLong, _)) => return Err(Refusal::TooLong { max: unpacked_max }),
        Err((UnpackError::NoRoom(no_room), _)) => return Err(Refusal::of_room(no_room, unpacked_max)),
        // The cluster may have stored what came before.
        Err((UnpackError::Damaged, unpacked)) => unpacked,
    };
    if let Some(form) = binary_form(header(CONTENT_TYPE), &body) {
        let beginning = body.slice(..body.len().min(BEGINNING_BYTES));
        return Ok(Found::Unreadable { cause: format!("they are in {form}"), beginning });
    }
    // The lines of documents beside the body.
    share.grow(body.len()).map_err(|no_room| Refusal::of_room(no_room, unpacked_max))?;
    let documents = match route {
        Route::Bulk { index } => bulk::parse(&body, index.as_deref()),
        Route::Document { index, id, kind } => single(&body, index, id.as_deref(), *kind),
        Route::Other => Documents::default(),
    };
    if encoding != Encoding::Identity {
        let unpacked_bytes = body.len();
        drop(body);
        share.shrink(unpacked_bytes.saturating_sub(packed_bytes));
    }
    Ok(Found::Documents(documents))
}

fn single(body: &[u8], index: &str, id: Option<&str>, kind: DocumentKind) -> Documents {
    let mut documents = Documents { items: 1, ..Documents::default() };
    match kind {
        DocumentKind::Source => documents.push(body, Some(index), id, Some(0)),
        DocumentKind::Update => {
            if let Some(source) = upserted(body) {
                documents.push(&source, Some(index), id, Some(0));
            }
        }
    }
    documents
}

/// The form of a body that is not JSON; none if it is, as far as one can tell.
fn binary_form(content_type: Option<&[u8]>, body: &[u8]) -> Option<&'static str> {
    let name = String::from_utf8_lossy(content_type.unwrap_or_default()).to_ascii_lowercase();
    let name = name.split(';').next().unwrap_or_default().trim();
    ["smile", "cbor", "yaml"].into_iter().find(|form| name.ends_with(form)).or(match body {
        [b':', b')', b'\n', ..] => Some("smile"),
        _ => None,
    })
}

/// A batch that stands for what cannot be looked at: the module raises its alert of an
/// event that was not judged.
pub(super) fn unreadable(cause: &str, beginning: &[u8], target: Option<&str>, arrival_ms: i64) -> Batch<'static> {
    let mut line = SetApartLine::default();
    line.push(beginning);
    let line = line.finish(0, SetApartCause::Failed);
    let shown = format!("{{/* {cause} */ {}", line.beginning);
    let mut batch = Batch::new(b"\n".to_vec(), arrival_ms);
    batch.set_apart = vec![SetApart { beginning: shown, ..line }];
    match target {
        Some(target) => batch.bound_for(target),
        None => batch,
    }
}
