use std::cell::Cell;
use std::fs::File;
use std::io::{self, Write};
use std::iter;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::task::Waker;
use std::thread;
use std::time::Duration;

use super::*;
use crate::pipeline::Stopper;

/// Judges a piece as soon as it is told to.
#[derive(Clone, Default)]
struct Judge(Rc<Cell<bool>>);

impl Future for Judge {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.0.get() { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// A queue behind a stream, each piece of which is judged when a test says so.
struct Stream {
    writer: Option<File>,
    intake: Intake,
    _stopper: Stopper,
    written_bytes: u64,
    queue: Queue<Judge>,
    judges: Vec<Judge>,
}

impl Stream {
    fn new(workers: usize, line_bytes_max: usize) -> Self {
        let (reader, writer) = io::pipe().unwrap();
        let streams = iter::once(Ok(OwnedFd::from(reader).into()));
        let (intake, stopper) = Intake::start(streams, line_bytes_max, |_, _| {}).unwrap();
        Self {
            writer: Some(OwnedFd::from(writer).into()),
            intake,
            _stopper: stopper,
            written_bytes: 0,
            queue: Queue::new(workers),
            judges: Vec::new(),
        }
    }

    /// Writes, and waits until it is read.
    fn write(&mut self, bytes: &[u8]) {
        self.writer.as_mut().unwrap().write_all(bytes).unwrap();
        self.written_bytes += bytes.len() as u64;
        while self.intake.bytes_read() < self.written_bytes {
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn poll(&mut self) -> Poll<Next<()>> {
        self.queue.poll(&mut Context::from_waker(Waker::noop()), &mut self.intake)
    }

    /// Puts what has come into the queue, and answers with it piece by piece.
    fn take(&mut self) -> Vec<String> {
        let mut taken = Vec::new();
        while let Poll::Ready(Next::Queue(piece)) = self.poll() {
            let Chunk::Lines(lines) = piece.chunk else { panic!("not judged: {piece:?}") };
            taken.push(String::from_utf8(lines).unwrap());
            let judge = Judge::default();
            self.judges.push(judge.clone());
            self.queue.push_judging(piece.stream, judge);
        }
        taken
    }

    /// Writes lines one by one, each of which is put into the queue at once.
    fn queue_each(&mut self, lines: &[&str]) {
        for line in lines {
            self.write(line.as_bytes());
            assert_eq!(self.take(), [*line]);
        }
    }

    fn is_writing(&mut self) -> bool {
        matches!(self.poll(), Poll::Ready(Next::Write(0, PassedChunk::Judged(()))))
    }
}

#[test]
fn pieces_are_written_in_the_order_in_which_they_came() {
    let mut stream = Stream::new(2, 100);
    stream.queue_each(&["a\n", "b\n"]);
    stream.judges[1].0.set(true);
    assert!(stream.poll().is_pending());
    stream.judges[0].0.set(true);
    assert!(stream.is_writing());
    assert!(stream.is_writing());
    assert!(stream.poll().is_pending());
}

#[test]
fn while_all_workers_are_busy_a_piece_grows() {
    let mut stream = Stream::new(1, 1 << 20);
    stream.queue_each(&["a\n"]);
    stream.write(b"b\n");
    stream.write(b"c\n");
    assert_eq!(stream.take(), [""; 0]);
    // It is taken before the first one is written, so that the worker has it.
    stream.judges[0].0.set(true);
    assert!(
        matches!(stream.poll(), Poll::Ready(Next::Queue(Piece { chunk: Chunk::Lines(lines), .. })) if lines == b"b\nc\n")
    );
    assert!(stream.is_writing());
}

#[test]
fn what_fills_a_batch_waits_for_no_worker_but_for_room() {
    let mut stream = Stream::new(1, 1 << 20);
    let batch = [vec![b'x'; (256 << 10) - 1], b"\n".to_vec()].concat();
    for _ in 0..2 {
        stream.write(&batch);
        assert_eq!(stream.take().concat().len(), batch.len());
    }
    stream.write(&batch);
    assert_eq!(stream.take(), [""; 0]);
    stream.judges[0].0.set(true);
    assert!(stream.is_writing());
    assert_eq!(stream.take().concat().len(), batch.len());
}

#[test]
fn a_worker_that_is_through_gets_what_comes_though_the_first_is_not() {
    let mut stream = Stream::new(2, 100);
    stream.queue_each(&["heavy\n", "light\n"]);
    stream.judges[1].0.set(true);
    stream.queue_each(&["heavy too\n"]);
}

#[test]
fn the_end_comes_behind_all_pieces() {
    let mut stream = Stream::new(1, 100);
    stream.write(b"a\nb");
    assert_eq!(stream.take(), ["a\n"]);
    stream.writer = None;
    // No more will come, so there is nothing to wait for.
    let mut taken = Vec::new();
    while taken.is_empty() {
        taken = stream.take();
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(taken, ["b"]);
    assert!(stream.poll().is_pending());
    stream.judges.iter().for_each(|judge| judge.0.set(true));
    assert!(stream.is_writing());
    assert!(stream.is_writing());
    while stream.poll().is_pending() {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_line_that_is_too_long_passes_while_all_workers_are_busy() {
    let mut stream = Stream::new(1, 10);
    stream.queue_each(&["a\n"]);
    stream.write(b"0123456789x");
    let Poll::Ready(Next::Queue(piece)) = stream.poll() else { panic!("nothing came") };
    assert!(matches!(piece.chunk, Chunk::Overlong { ends: false, .. }));
    stream.queue.push_unjudged(piece);
    assert!(stream.poll().is_pending());
    stream.judges[0].0.set(true);
    assert!(stream.is_writing());
    assert!(matches!(stream.poll(), Poll::Ready(Next::Write(0, PassedChunk::Unjudged(_)))));
}
