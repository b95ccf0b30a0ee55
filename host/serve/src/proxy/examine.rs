//! Requests that bring documents: they are looked at, and pass.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use firstseen_bulk::{ASSIGNING_BYTES, ID_MEMORY_BYTES, ITEM_BYTES, Item, assign_ids, targets_without_ids};
use hyper::body::{Body as _, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};

use super::assign::pack;
use super::look::{Looked, Looking, look};
use super::pass::send;
use super::refusal::Refusal;
use super::{OnItsWay, Proxy};
use crate::body::{AnyBody, CollectError, CollectLimits, Collected, collect, collect_some, full, full_and_more, held};
use crate::budget::Share;
use crate::clock::now_ms;
use crate::detection::{Judging, Verdict};
use crate::documents::Documents;
use crate::encoding::Encoding;
use crate::linking::Answered;
use crate::route::Route;
use crate::settings::OnDetectionError;
use crate::upstream::UpstreamError;

/// Bodies of more bytes are looked into on a thread of their own.
const QUICK_BYTES: usize = 128 << 10;

/// Longest answer that is looked into; a longer one passes all the same.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Takes a request, and answers it.
pub(super) async fn examine(
    proxy: &Arc<Proxy>,
    request: Request<Incoming>,
    route: Route,
) -> Result<Response<AnyBody>, Refusal> {
    let on_its_way = OnItsWay::of(proxy);
    let limits = proxy.settings.limits;
    // Those whose clients went away count too.
    if proxy.in_flight.count() > limits.connections {
        return Err(Refusal::NoRoom);
    }
    let mut share = proxy.budget.share();
    let (head, body) = request.into_parts();
    let collect_limits =
        CollectLimits { bytes: limits.body_bytes, part_timeout: limits.client_timeout, timeout: limits.body_timeout };
    let body = collect(body, collect_limits, &mut share).await;
    let body = body.map_err(|error| Refusal::of_body(error, limits.body_bytes))?;

    // From here on it goes to its end, whether or not the client stays: what the cluster
    // has stored must have been looked at.
    let proxy = Arc::clone(proxy);
    let examining = tokio::spawn(Box::pin(async move {
        let _on_its_way = on_its_way;
        Examination { proxy, head, body, route, share, has_assigned_ids: false }.run().await
    }));
    examining.await.unwrap_or_else(|error| {
        tracing::error!("a request failed: {error}");
        Err(Refusal::Fault)
    })
}

/// A request with its body.
struct Examination {
    proxy: Arc<Proxy>,
    head: Parts,
    body: Bytes,
    route: Route,
    share: Share,
    has_assigned_ids: bool,
}

impl Examination {
    async fn run(mut self) -> Result<Response<AnyBody>, Refusal> {
        let refuses = self.proxy.settings.on_detection_error == OnDetectionError::Refuse;
        let Looked { mut documents, unpacked } = self.look().await?;
        if let Some(form) = documents.unreadable {
            if refuses {
                return Err(Refusal::NotExamined(format!("they are {form}")));
            }
            self.proxy.metrics.passed_unexamined.inc();
        }
        if documents.malformed_at.is_some() {
            self.proxy.metrics.invalid_bulks.inc();
        }
        if let Some(unpacked) = unpacked {
            self.assign_ids(&mut documents, unpacked).await?;
        }
        let judging = self.proxy.detection.judge(documents, now_ms());
        match judging {
            Ok(judging) if refuses => self.after_the_commit(judging).await,
            Ok(judging) => self.side_by_side(judging).await,
            Err(cause) if refuses => Err(Refusal::DetectionOff(cause)),
            Err(_) => {
                self.proxy.metrics.passed_unexamined.inc();
                let Self { proxy, head, body, .. } = self;
                send(&proxy, Request::from_parts(head, full(body))).await
            }
        }
    }

    async fn look(&mut self) -> Result<Looked, Refusal> {
        let looking = Looking {
            route: self.route.clone(),
            encoding: Encoding::of(&self.head.headers),
            content_type: self.head.headers.get(CONTENT_TYPE).cloned(),
            unpacked_max: self.proxy.settings.limits.unpacked_bytes,
            keeps_unpacked: self.proxy.id_assignment.is_some() && matches!(self.route, Route::Bulk { .. }),
        };
        let body = self.body.clone();
        let bytes = if looking.encoding == Encoding::Identity { body.len() } else { body.len() * 8 };
        let mut share = std::mem::replace(&mut self.share, self.proxy.budget.share());
        let (found, share) = work(bytes, move || (look(&looking, &body, &mut share), share)).await?;
        self.share = share;
        found
    }

    /// Gives ids to documents that are to be created without, in the body that goes on
    /// too.
    async fn assign_ids(&mut self, documents: &mut Documents, unpacked: Bytes) -> Result<(), Refusal> {
        let (Some(assignment), Route::Bulk { index }) = (self.proxy.id_assignment.clone(), self.route.clone()) else {
            return Ok(());
        };
        let encoding = Encoding::of(&self.head.headers);
        let bytes = unpacked.len();
        // What is packed again is hardly longer than it is unpacked.
        let packed_bytes = if encoding == Encoding::Identity { 0 } else { bytes + bytes / 64 + 1024 };
        let mut spare_bytes = bytes + documents.count() * ASSIGNING_BYTES + packed_bytes;
        self.share.grow(spare_bytes)?;
        let (body, path_index) = (unpacked.clone(), index.clone());
        let targets = work(bytes, move || targets_without_ids(&body, path_index.as_deref())).await?;
        let taking = assignment.taking(targets).await;
        let (mut headers, path_index) = (self.head.headers.clone(), index);
        let assigned = work(bytes, move || {
            let takes_ids = |target: &str| taking.iter().any(|taking| taking == target);
            let assigned = assign_ids(&unpacked, path_index.as_deref(), takes_ids)?;
            drop(unpacked);
            Some(pack(assigned.body, encoding, &mut headers).map(|body| (body, headers, assigned.ids)))
        });
        if let Some(assigned) = assigned.await? {
            let (body, headers, ids) = assigned.map_err(|_| Refusal::Fault)?;
            (self.body, self.head.headers, self.has_assigned_ids) = (body, headers, true);
            self.proxy.metrics.ids_assigned.inc_by(ids.len() as u64);
            spare_bytes -= ids.len() * ID_MEMORY_BYTES;
            documents.set_ids(ids);
        }
        // What goes on is about as long as what came.
        let unpacked_bytes = if encoding == Encoding::Identity { 0 } else { bytes.saturating_sub(self.body.len()) };
        self.share.shrink(spare_bytes + unpacked_bytes);
        Ok(())
    }

    /// The cluster has it while it is judged.
    async fn side_by_side(self, judging: Judging) -> Result<Response<AnyBody>, Refusal> {
        let Self { proxy, head, body, route, mut share, has_assigned_ids } = self;
        let upstream = async {
            let response = send(&proxy, Request::from_parts(head, full(body))).await;
            let response = take_answer(response, &mut share, proxy.settings.upstream.answer_timeout).await;
            (response, Instant::now())
        };
        let judged = async {
            let verdict = judging.wait().await;
            (verdict, Instant::now())
        };
        let ((response, answered_at), (verdict, judged_at)) = tokio::join!(upstream, judged);
        proxy.metrics.added_seconds.observe(judged_at.saturating_duration_since(answered_at).as_secs_f64());
        if verdict.failure.is_some() {
            proxy.metrics.passed_unexamined.inc();
        }
        answer(proxy, route, response, verdict, has_assigned_ids, share).await
    }

    /// The cluster has it only once it is judged, and on disk.
    async fn after_the_commit(self, judging: Judging) -> Result<Response<AnyBody>, Refusal> {
        let Self { proxy, head, body, route, mut share, has_assigned_ids } = self;
        let started = Instant::now();
        let verdict = judging.wait().await;
        proxy.metrics.added_seconds.observe(started.elapsed().as_secs_f64());
        if let Some(cause) = verdict.failure.clone() {
            // The alerts that there are wait for the client's next try.
            proxy.links.settle(&verdict, &Answered::Later);
            return Err(Refusal::DetectionOff(cause));
        }
        let response = send(&proxy, Request::from_parts(head, full(body))).await;
        let response = take_answer(response, &mut share, proxy.settings.upstream.answer_timeout).await;
        answer(proxy, route, response, verdict, has_assigned_ids, share).await
    }
}

/// Does what takes as long as so many bytes do: on a thread of its own if they are many.
fn work<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, Refusal>> + Send {
    let done = if bytes <= QUICK_BYTES { Ok(work()) } else { Err(tokio::task::spawn_blocking(work)) };
    async {
        match done {
            Ok(done) => Ok(done),
            Err(working) => working.await.map_err(|_| Refusal::Fault),
        }
    }
}

/// An answer, with its body if that is short enough.
enum Taken {
    Whole(Response<Bytes>),
    Longer(Response<AnyBody>),
}

/// Takes the body of an answer.
async fn take_answer(
    response: Result<Response<AnyBody>, Refusal>,
    share: &mut Share,
    timeout: Duration,
) -> Result<Taken, Refusal> {
    let (head, body) = response?.into_parts();
    if body.size_hint().exact().is_some_and(|bytes| bytes > ANSWER_BYTES_MAX as u64) {
        return Ok(Taken::Longer(Response::from_parts(head, body)));
    }
    let limits = CollectLimits { bytes: ANSWER_BYTES_MAX, part_timeout: timeout, timeout: Duration::from_secs(3600) };
    let mut taken = Vec::new();
    match collect_some(body, limits, share, &mut taken).await {
        Ok(Collected::All) => Ok(Taken::Whole(Response::from_parts(head, Bytes::from(taken)))),
        Ok(Collected::TooLong(rest) | Collected::NoRoom(rest, _)) => {
            Ok(Taken::Longer(Response::from_parts(head, full_and_more(Bytes::from(taken), rest))))
        }
        Err(CollectError::TooSlow) => Err(Refusal::Upstream(UpstreamError::TooSlow { node: "the cluster".to_owned() })),
        Err(CollectError::Broken(cause)) => {
            Err(Refusal::Upstream(UpstreamError::Broken { node: "the cluster".to_owned(), cause: cause.to_string() }))
        }
        // What it answers with says it otherwise.
        Err(CollectError::TooLong | CollectError::NoRoom(_)) => Err(Refusal::Fault),
    }
}

/// Says to the alerts what the answer says, and passes it on.
async fn answer(
    proxy: Arc<Proxy>,
    route: Route,
    taken: Result<Taken, Refusal>,
    verdict: Verdict,
    has_assigned_ids: bool,
    mut share: Share,
) -> Result<Response<AnyBody>, Refusal> {
    let has_alerts = !verdict.alerts.is_empty();
    let (answered, response) = match taken {
        Ok(Taken::Whole(response)) => {
            let answered = if has_assigned_ids || proxy.links.is_interested(&verdict) {
                let answer = AnswerBody {
                    status: response.status(),
                    encoding: Encoding::of(response.headers()),
                    body: response.body().clone(),
                };
                let items = verdict.items;
                let read = work(answer.body.len(), move || (answer.read(&route, items, &mut share), share)).await?;
                share = read.1;
                read.0
            } else {
                Answered::Unnamed
            };
            // Its room is given back when the client has it.
            (answered, Ok(response.map(|body| held(full(body), share))))
        }
        Ok(Taken::Longer(response)) => (of_status(response.status()), Ok(response)),
        Err(refusal) => (Answered::Later, Err(refusal)),
    };
    if let (Answered::Items(items), true) = (&answered, has_assigned_ids) {
        let known = items.iter().filter(|item| item.is_known()).count();
        proxy.metrics.ids_known.inc_by(known as u64);
    }
    let for_settling = Arc::clone(&proxy);
    let bytes = for_settling.links.bytes_to_compare(&verdict);
    work(bytes, move || for_settling.links.settle(&verdict, &answered)).await?;
    if has_alerts {
        proxy.detection.wait_for_room().await;
    }
    response
}

/// An answer of the cluster.
struct AnswerBody {
    status: StatusCode,
    encoding: Encoding,
    body: Bytes,
}

impl AnswerBody {
    /// What it says of the documents of a request with so many items. Nobody knows where
    /// there is no room to read it.
    fn read(&self, route: &Route, items: usize, share: &mut Share) -> Answered {
        let status = self.status;
        let Ok(body) = self.encoding.unpack(&self.body, ANSWER_BYTES_MAX, share) else {
            return of_status(status);
        };
        if share.grow(body.len() + items * ITEM_BYTES).is_err() {
            return of_status(status);
        }
        match route {
            Route::Bulk { .. } if status.is_success() => {
                Item::of_bulk(&body, items).map_or(Answered::Unnamed, Answered::Items)
            }
            Route::Document { .. } if status.is_success() || of_status(status).is_refused() => {
                Answered::Items(vec![Item::of_document(&body, status.as_u16())])
            }
            _ => match of_status(status) {
                Answered::Refused(_) => Answered::Refused(Item::of_document(&body, status.as_u16()).reason()),
                other => other,
            },
        }
    }
}

/// What the status of an answer says of all documents.
fn of_status(status: StatusCode) -> Answered {
    match status.as_u16() {
        200..=299 => Answered::Unnamed,
        // Clients send again what was too much, or not allowed yet.
        400 | 404 | 405 | 406 | 409 | 415 => Answered::Refused(format!("status {}", status.as_u16())),
        _ => Answered::Later,
    }
}
