//! Clients: as many requests as they can, or so many a second.

use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use memchr::memmem;
use rustix::thread::set_current_timer_slack;

use crate::bodies::Bodies;
use crate::http1::Connection;

/// A while in which requests were answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) requests: f64,
    pub(crate) seconds: f64,
    /// What the contender took of its core, in seconds.
    pub(crate) core_s: f64,
}

/// Who sends what to whom.
#[derive(Clone, Copy)]
pub(crate) struct Load<'a> {
    pub(crate) to: SocketAddr,
    pub(crate) bodies: &'a Bodies,
    /// Connections, each with one request at a time.
    pub(crate) connections: usize,
}

impl Load<'_> {
    /// Each client sends its next request when it has its answer. What happens in the first
    /// `warm_up` does not count.
    pub(crate) fn closed(
        self,
        warm_up: Duration,
        duration: Duration,
        core_s: &dyn Fn() -> Result<f64>,
    ) -> Result<Window> {
        let (answered, next, stop) = (AtomicU64::new(0), AtomicUsize::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            let client = || {
                let sent = self.client(|client| {
                    while !stop.load(Ordering::Relaxed) {
                        client.request(next.fetch_add(1, Ordering::Relaxed))?;
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(())
                });
                stop.store(true, Ordering::Relaxed);
                sent
            };
            let clients: Vec<_> = (0..self.connections).map(|_| scope.spawn(client)).collect();
            let read = || -> Result<_> { Ok((answered.load(Ordering::Relaxed) as f64, Instant::now(), core_s()?)) };
            thread::sleep(warm_up);
            let before = read();
            thread::sleep(duration);
            let after = read();
            stop.store(true, Ordering::Relaxed);
            joined(clients)?;
            let ((first, began, core_before), (last, ended, core_after)) = (before?, after?);
            let seconds = ended.duration_since(began).as_secs_f64();
            Ok(Window { requests: last - first, seconds, core_s: core_after - core_before })
        })
    }

    /// So many requests in all, as fast as they can be sent; answers with the seconds.
    pub(crate) fn count(self, requests: usize) -> Result<f64> {
        let next = AtomicUsize::new(0);
        let began = Instant::now();
        thread::scope(|scope| {
            let client = || {
                self.client(|client| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= requests {
                            return Ok(());
                        }
                        client.request(number)?;
                    }
                })
            };
            joined((0..self.connections).map(|_| scope.spawn(client)).collect())
        })?;
        Ok(began.elapsed().as_secs_f64())
    }

    /// Requests at fixed times, whether or not earlier ones are answered. Answers with the
    /// milliseconds that each took, counted from when it was due.
    pub(crate) fn open(self, per_second: f64, duration: Duration) -> Result<Vec<f64>> {
        let requests = (per_second * duration.as_secs_f64()).ceil().max(1.0) as usize;
        let next = AtomicUsize::new(0);
        let took_ms = Mutex::new(Vec::with_capacity(requests));
        // All clients are connected by then.
        let began = Instant::now() + Duration::from_millis(50);
        thread::scope(|scope| {
            let client = || {
                self.client(|client| {
                    set_current_timer_slack(NonZeroU64::new(1))?;
                    let mut own_ms = Vec::new();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= requests {
                            break;
                        }
                        let due = began + Duration::from_secs_f64(number as f64 / per_second);
                        thread::sleep(due.saturating_duration_since(Instant::now()));
                        client.request(number)?;
                        own_ms.push(due.elapsed().as_secs_f64() * 1e3);
                    }
                    took_ms.lock().unwrap_or_else(PoisonError::into_inner).extend(own_ms);
                    Ok(())
                })
            };
            joined((0..self.connections).map(|_| scope.spawn(client)).collect())
        })?;
        Ok(took_ms.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn client(&self, run: impl FnOnce(&mut Client<'_>) -> Result<()>) -> Result<()> {
        let connection = Connection::open(self.to)?;
        run(&mut Client { connection, bodies: self.bodies, answer: Vec::new() })
    }
}

fn joined(clients: Vec<thread::ScopedJoinHandle<'_, Result<()>>>) -> Result<()> {
    let ended: Vec<_> =
        clients.into_iter().map(|client| client.join().map_err(|_| anyhow!("a client panicked"))).collect();
    ended.into_iter().try_for_each(|ended| ended?)
}

/// A connection with one request at a time.
struct Client<'b> {
    connection: Connection,
    bodies: &'b Bodies,
    answer: Vec<u8>,
}

impl Client<'_> {
    fn request(&mut self, number: usize) -> Result<()> {
        let body = self.bodies.body(number);
        self.connection.send(&body.head, &self.bodies.file, body.offset, body.bytes.len()).context("sending")?;
        let head = self.connection.answer()?;
        self.answer.clear();
        self.connection.take_body(&head, &mut self.answer)?;
        let beginning = &self.answer[..self.answer.len().min(200)];
        ensure!(
            head.status == 200 && memmem::find(beginning, br#""errors":false"#).is_some(),
            "status {}: {}",
            head.status,
            String::from_utf8_lossy(beginning)
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bodies::{Events, Kind};
    use crate::null_upstream;

    #[test]
    fn the_null_upstream_answers_every_request() {
        let events = Events::generate(20, 1).unwrap();
        for is_packed in [false, true] {
            let bodies = Bodies::of(&events, Kind { documents: 10, is_packed }).unwrap();
            let load = Load { to: null_upstream::start().unwrap(), bodies: &bodies, connections: 3 };
            assert_eq!(load.open(1e4, Duration::from_millis(10)).unwrap().len(), 100);
            load.count(10).unwrap();
            let window = load.closed(Duration::ZERO, Duration::from_millis(100), &|| Ok(0.0)).unwrap();
            assert!(window.seconds >= 0.1);
        }
    }

    #[test]
    fn another_answer_is_an_error() {
        let bodies = Bodies::of(&Events::generate(1, 1).unwrap(), Kind { documents: 1, is_packed: false }).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let to = listener.local_addr().unwrap();
        let refusing = thread::spawn(move || {
            let mut connection = Connection::over(listener.accept().unwrap().0).unwrap();
            let head = connection.request().unwrap().unwrap();
            connection.discard_body(&head).unwrap();
            connection.write(b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 2\r\n\r\nno").unwrap();
        });
        let error = Load { to, bodies: &bodies, connections: 1 }.count(1).unwrap_err();
        assert_eq!(error.to_string(), "status 429: no");
        refusing.join().unwrap();
    }
}
