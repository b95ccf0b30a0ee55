//! Bodies of requests and answers.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep, timeout_at};

use crate::budget::{NoRoom, Share};
use crate::encoding::grow;

/// Whatever went wrong with a body.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Any body.
pub(crate) type AnyBody = UnsyncBoxBody<Bytes, BoxError>;

/// A body that is there already.
pub(crate) fn full(bytes: impl Into<Bytes>) -> AnyBody {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A body that is there already, behind which more comes.
pub(crate) fn full_and_more<B>(first: Bytes, rest: B) -> AnyBody
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    Prefixed { first: Some(first), rest: rest.map_err(Into::into).boxed_unsync() }.boxed_unsync()
}

/// A body that holds room until it is gone.
pub(crate) fn held(body: AnyBody, share: Share) -> AnyBody {
    Holding { body, _share: share }.boxed_unsync()
}

struct Holding {
    body: AnyBody,
    _share: Share,
}

impl Body for Holding {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// When something last moved, in milliseconds of a clock of its own.
#[derive(Clone, Debug)]
pub(crate) struct Activity {
    since: Instant,
    last_ms: Arc<AtomicU64>,
    failed: Arc<AtomicBool>,
}

impl Activity {
    /// Something has moved just now.
    pub(crate) fn new() -> Self {
        Self { since: Instant::now(), last_ms: Arc::default(), failed: Arc::default() }
    }

    fn note(&self) {
        let now_ms = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(now_ms, Ordering::Relaxed);
    }

    /// Whether what moved has failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// When nothing will have moved for so long, unless something does.
    pub(crate) fn quiet_at(&self, quiet: Duration) -> Instant {
        self.since + Duration::from_millis(self.last_ms.load(Ordering::Relaxed)) + quiet
    }
}

/// A body that notes when it moves.
pub(crate) struct Watched<B> {
    body: B,
    activity: Activity,
}

impl<B> Watched<B> {
    pub(crate) fn new(body: B, activity: Activity) -> Self {
        Self { body, activity }
    }
}

impl<B: Body + Unpin> Body for Watched<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        self.activity.note();
        if matches!(polled, Poll::Ready(Some(Err(_)))) {
            self.activity.failed.store(true, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A body that fails when nothing of it comes for too long.
pub(crate) struct Timed<B> {
    body: B,
    timeout: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl<B> Timed<B> {
    pub(crate) fn new(body: B, timeout: Duration) -> Self {
        Self { body, timeout, sleep: None }
    }
}

impl<B> Body for Timed<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.sleep = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let timeout = self.timeout;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep(timeout)));
        match sleep.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Some(Err("nothing of the body came for too long".into()))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Bytes, and a body behind them.
struct Prefixed {
    first: Option<Bytes>,
    rest: AnyBody,
}

impl Body for Prefixed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(Ok(Frame::data(first)))),
            None => Pin::new(&mut self.rest).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.is_end_stream()
    }
}

/// Why a body is not there.
#[derive(Debug)]
pub(crate) enum CollectError {
    /// It is longer than it may be.
    TooLong,
    /// There is no room for it.
    NoRoom(NoRoom),
    /// It did not come in time.
    TooSlow,
    /// Whoever sends it went away, or sent something else.
    Broken(BoxError),
}

impl std::fmt::Display for CollectError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLong => f.write_str("it is too long"),
            Self::NoRoom(_) => f.write_str("there is no room for it"),
            Self::TooSlow => f.write_str("it did not come in time"),
            Self::Broken(error) => error.fmt(f),
        }
    }
}

/// What a body may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CollectLimits {
    pub(crate) bytes: usize,
    /// For a part of it.
    pub(crate) part_timeout: Duration,
    /// For all of it.
    pub(crate) timeout: Duration,
}

/// Takes all of a body, at the cost of `share`.
pub(crate) async fn collect<B>(body: B, limits: CollectLimits, share: &mut Share) -> Result<Bytes, CollectError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    let expected = body.size_hint().exact();
    if expected.is_some_and(|expected| expected > limits.bytes as u64) {
        return Err(CollectError::TooLong);
    }
    let mut taken = Vec::new();
    match collect_some(body, limits, share, &mut taken).await? {
        Collected::All => Ok(Bytes::from(taken)),
        Collected::TooLong(_) => Err(CollectError::TooLong),
        Collected::NoRoom(_, no_room) => Err(CollectError::NoRoom(no_room)),
    }
}

/// How much of a body was taken.
pub(crate) enum Collected<B> {
    All,
    /// It is longer than it may be; this is the rest of it.
    TooLong(B),
    /// There was no room for more; this is the rest of it.
    NoRoom(B, NoRoom),
}

/// Takes a body, at the cost of `share`, as far as it may.
pub(crate) async fn collect_some<B>(
    mut body: B,
    limits: CollectLimits,
    share: &mut Share,
    taken: &mut Vec<u8>,
) -> Result<Collected<B>, CollectError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    let deadline = Instant::now() + limits.timeout;
    let expected = body.size_hint().exact().and_then(|expected| usize::try_from(expected).ok()).unwrap_or_default();
    if let Err(no_room) = grow(taken, expected.min(limits.bytes), share) {
        return Ok(Collected::NoRoom(body, no_room));
    }
    while taken.len() <= limits.bytes {
        let until = deadline.min(Instant::now() + limits.part_timeout);
        let frame = timeout_at(until.into(), body.frame()).await.map_err(|_| CollectError::TooSlow)?;
        let Some(frame) = frame else { return Ok(Collected::All) };
        // Trailers say nothing of the body.
        let Ok(part) = frame.map_err(|error| CollectError::Broken(error.into()))?.into_data() else { continue };
        let room = grow(taken, part.len(), share);
        taken.extend_from_slice(&part);
        if let Err(no_room) = room {
            return Ok(Collected::NoRoom(body, no_room));
        }
    }
    Ok(Collected::TooLong(body))
}
