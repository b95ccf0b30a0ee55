//! Enough of HTTP/1.1 for both ends of a connection, at little cost to the core that they
//! share.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use httparse::{EMPTY_HEADER, Header, Request, Response, Status, parse_chunk_size};
use rustix::fs::sendfile;
use rustix::net::{RecvFlags, SendFlags, recv, send};

/// How much is read at a time; heads are shorter.
const BUFFER_BYTES: usize = 256 << 10;

/// Most headers of a message.
const HEADERS_MAX: usize = 64;

/// What takes longer hangs.
const HANG: Duration = Duration::from_secs(60);

/// A connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Where in the buffer is what was read and not used.
    start: usize,
    end: usize,
}

/// What is to be known of the head of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Of an answer, else 0.
    pub(crate) status: u16,
    framing: Framing,
    /// `X-Opaque-Id` if it is a number, else 0.
    pub(crate) opaque_id: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| address.to_string())?;
        stream.set_read_timeout(Some(HANG))?;
        stream.set_write_timeout(Some(HANG))?;
        Self::over(stream)
    }

    pub(crate) fn over(stream: TcpStream) -> Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; BUFFER_BYTES], start: 0, end: 0 })
    }

    /// Sends a head, and a body that is a part of a file.
    pub(crate) fn send(&mut self, head: &[u8], file: &File, mut offset: u64, mut length: usize) -> Result<()> {
        let sent = send(&self.stream, head, SendFlags::MORE | SendFlags::NOSIGNAL)?;
        self.stream.write_all(&head[sent..])?;
        while length > 0 {
            let sent = sendfile(&self.stream, file, Some(&mut offset), length)?;
            ensure!(sent > 0, "the file of bodies is too short");
            length -= sent;
        }
        Ok(())
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(bytes)?)
    }

    /// The head of a request; none if the connection ends before one begins.
    pub(crate) fn request(&mut self) -> Result<Option<Head>> {
        self.head(|bytes| {
            let mut headers = [EMPTY_HEADER; HEADERS_MAX];
            let mut request = Request::new(&mut headers);
            match request.parse(bytes)? {
                Status::Complete(length) => Ok(Some((length, Head::of(0, request.headers)?))),
                Status::Partial => Ok(None),
            }
        })
    }

    /// The head of an answer.
    pub(crate) fn answer(&mut self) -> Result<Head> {
        let head = self.head(|bytes| {
            let mut headers = [EMPTY_HEADER; HEADERS_MAX];
            let mut response = Response::new(&mut headers);
            match response.parse(bytes)? {
                Status::Complete(length) => {
                    Ok(Some((length, Head::of(response.code.unwrap_or_default(), response.headers)?)))
                }
                Status::Partial => Ok(None),
            }
        })?;
        head.context("the connection was closed before the answer")
    }

    fn head(&mut self, parse: impl Fn(&[u8]) -> Result<Option<(usize, Head)>>) -> Result<Option<Head>> {
        loop {
            if let Some((length, head)) = parse(&self.buffer[self.start..self.end])? {
                self.start += length;
                return Ok(Some(head));
            }
            let is_between = self.start == self.end;
            match self.fill()? {
                true => {}
                false if is_between => return Ok(None),
                false => bail!("the connection was closed in the middle of a head"),
            }
        }
    }

    /// Takes the body behind a head, and appends it to `into`.
    pub(crate) fn take_body(&mut self, head: &Head, into: &mut Vec<u8>) -> Result<()> {
        self.body(head, Some(into))
    }

    /// Passes over the body behind a head.
    pub(crate) fn discard_body(&mut self, head: &Head) -> Result<()> {
        self.body(head, None)
    }

    fn body(&mut self, head: &Head, mut into: Option<&mut Vec<u8>>) -> Result<()> {
        if let Framing::Length(length) = head.framing {
            return self.take(length, into);
        }
        loop {
            match parse_chunk_size(&self.buffer[self.start..self.end]) {
                Ok(Status::Complete((length, size))) => {
                    self.start += length;
                    self.take(size as usize, into.as_deref_mut())?;
                    // Nobody sends trailers here.
                    self.take(2, None)?;
                    if size == 0 {
                        return Ok(());
                    }
                }
                Ok(Status::Partial) => ensure!(self.fill()?, "the connection was closed between chunks"),
                Err(_) => bail!("a chunk without a size"),
            }
        }
    }

    fn take(&mut self, length: usize, into: Option<&mut Vec<u8>>) -> Result<()> {
        let here = length.min(self.end - self.start);
        let mut left = length - here;
        let part = self.start..self.start + here;
        self.start += here;
        match into {
            Some(into) => {
                into.extend_from_slice(&self.buffer[part]);
                let start = into.len();
                into.resize(start + left, 0);
                self.stream.read_exact(&mut into[start..])?;
            }
            None => {
                // On TCP nothing is copied with this flag.
                while left > 0 {
                    let piece = left.min(self.buffer.len());
                    let (_, taken) = recv(&self.stream, &mut self.buffer[..piece], RecvFlags::TRUNC)?;
                    ensure!(taken > 0, "the connection was closed in the middle of a body");
                    left -= taken;
                }
            }
        }
        Ok(())
    }

    /// Reads more; false if there is no more.
    fn fill(&mut self) -> Result<bool> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start.., 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        ensure!(self.end < self.buffer.len(), "a head that is too long");
        let length = self.stream.read(&mut self.buffer[self.end..])?;
        self.end += length;
        Ok(length > 0)
    }
}

impl Head {
    fn of(status: u16, headers: &[Header<'_>]) -> Result<Self> {
        let value = |name: &str| {
            let header = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
            std::str::from_utf8(header.value).ok()
        };
        let framing = match (value("transfer-encoding"), value("content-length")) {
            (Some(_), _) => Framing::Chunked,
            (None, Some(length)) => Framing::Length(length.parse()?),
            (None, None) => Framing::Length(0),
        };
        Ok(Self { status, framing, opaque_id: value("x-opaque-id").and_then(|id| id.parse().ok()).unwrap_or_default() })
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Two ends of a connection.
    fn pair() -> (Connection, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let connection = Connection::open(listener.local_addr().unwrap()).unwrap();
        (connection, listener.accept().unwrap().0)
    }

    #[test]
    fn messages_follow_each_other() {
        let (mut connection, mut other) = pair();
        other.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcHTTP/1.1 429 No\r\n").unwrap();
        let head = connection.answer().unwrap();
        let mut body = Vec::new();
        connection.take_body(&head, &mut body).unwrap();
        assert_eq!((head.status, &*body), (200, &b"abc"[..]));
        other.write_all(b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n10\r\n0123456789").unwrap();
        let head = connection.answer().unwrap();
        other.write_all(b"abcdef\r\n0\r\n\r\nHTTP/1.1 201 Created\r\n\r\n").unwrap();
        body.clear();
        connection.take_body(&head, &mut body).unwrap();
        assert_eq!((head.status, &*body), (429, &b"ab0123456789abcdef"[..]));
        assert_eq!(connection.answer().unwrap().status, 201);
        drop(other);
        assert!(connection.answer().is_err());
    }

    #[test]
    fn bodies_are_passed_over() {
        let (mut connection, other) = pair();
        let length = 3 * BUFFER_BYTES + 5;
        let writer = std::thread::spawn(move || {
            let mut other = other;
            let head = format!("POST / HTTP/1.1\r\nx-opaque-id: 7\r\ncontent-length: {length}\r\n\r\n");
            other.write_all(head.as_bytes()).unwrap();
            other.write_all(&vec![b'x'; length]).unwrap();
            other.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        });
        let head = connection.request().unwrap().unwrap();
        assert_eq!((head.opaque_id, head.framing), (7, Framing::Length(length)));
        connection.discard_body(&head).unwrap();
        assert_eq!(connection.request().unwrap().unwrap().framing, Framing::Length(0));
        writer.join().unwrap();
        assert_eq!(connection.request().unwrap(), None);
    }
}
