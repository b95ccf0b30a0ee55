//! Requests and answers on a connection.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use flate2::read::MultiGzDecoder;

/// A request as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `POST`, `GET`.
    pub method: String,
    /// The path, with its query.
    pub target: String,
    /// The headers as they came; names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body as it came, without what frames it.
    pub body: Vec<u8>,
}

/// How an answer fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Half,
    AfterHead,
    Drip,
}

impl Request {
    /// The first header of this name, in small letters.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as it was before it was packed; what can be unpacked of it.
    #[must_use]
    pub fn unpacked(&self) -> Vec<u8> {
        if self.header("content-encoding") != Some("gzip") {
            return self.body.clone();
        }
        unpack_gzip(&self.body, usize::MAX)
    }
}

/// What can be unpacked of a gzip body, until it is damaged or longer than it may be. It is
/// read in short pieces: of the one that is damaged nothing is known.
pub fn unpack_gzip(packed: &[u8], bytes_max: usize) -> Vec<u8> {
    let mut decoder = MultiGzDecoder::new(packed);
    let mut unpacked = Vec::new();
    let mut piece = [0; 256];
    while unpacked.len() < bytes_max {
        match decoder.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(length) => unpacked.extend_from_slice(piece.get(..length).unwrap_or_default()),
        }
    }
    unpacked
}

/// A connection of a client.
pub(super) struct Connection {
    reader: BufReader<TcpStream>,
    stream: TcpStream,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { reader: BufReader::new(stream.try_clone()?), stream })
    }

    /// The next request; none at the end.
    pub(super) fn read(&mut self) -> io::Result<Option<Request>> {
        let Some(first) = self.line()? else { return Ok(None) };
        let mut words = first.split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut headers = Vec::new();
        while let Some(line) = self.line()?.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').ok_or_else(|| io::Error::other("a header without a colon"))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut request = Request { method, target, headers, body: Vec::new() };
        if request.header("transfer-encoding").is_some() {
            while let Some(length) = self.line()?.and_then(|line| usize::from_str_radix(line.trim(), 16).ok()) {
                let start = request.body.len();
                request.body.resize(start + length, 0);
                self.reader.read_exact(request.body.get_mut(start..).unwrap_or_default())?;
                self.line()?;
                if length == 0 {
                    break;
                }
            }
        } else if let Some(length) = request.header("content-length") {
            let length = length.parse().map_err(io::Error::other)?;
            request.body.resize(length, 0);
            self.reader.read_exact(&mut request.body)?;
        }
        Ok(Some(request))
    }

    /// A line without its end; none at the end.
    fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        match self.reader.read_line(&mut line)? {
            0 => Ok(None),
            _ => Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned())),
        }
    }

    /// Answers, as far as `fault` lets it.
    pub(super) fn write(&mut self, request: &Request, status: u16, body: &str, fault: Option<Fault>) -> io::Result<()> {
        let head = format!(
            "HTTP/1.1 {status} Said\r\nX-elastic-product: Elasticsearch\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        let body = if request.method == "HEAD" { "" } else { body };
        let all = [head.as_bytes(), body.as_bytes()].concat();
        match fault {
            None => self.stream.write_all(&all),
            Some(Fault::Half) => {
                self.stream.write_all(all.get(..head.len() + body.len() / 2).unwrap_or_default())?;
                self.stream.shutdown(Shutdown::Both)
            }
            Some(Fault::AfterHead) => {
                self.stream.write_all(head.as_bytes())?;
                self.stream.shutdown(Shutdown::Both)
            }
            Some(Fault::Drip) => all.chunks(16).try_for_each(|piece| {
                thread::sleep(Duration::from_millis(1));
                self.stream.write_all(piece)
            }),
        }
    }
}
