//! A `firstseen serve` that is running, and requests to it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::firstseen::Firstseen;
use crate::output::Ran;
use crate::running::Running;

/// What takes longer hangs. It bounds failing tests; none depends on it.
const HANG: Duration = Duration::from_secs(60);

/// A proxy.
pub struct Proxy {
    running: Running,
    /// `127.0.0.1:<port>`: where clients come in.
    pub address: String,
    /// Where the operator comes in.
    pub admin: String,
}

/// An answer.
#[derive(Debug)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Its headers; names in small letters.
    pub headers: BTreeMap<String, String>,
    /// Its body, without what frames it.
    pub body: Vec<u8>,
}

impl Proxy {
    /// Starts one in front of a cluster, on free ports, without learning. What comes
    /// last of `arguments` counts.
    ///
    /// # Errors
    ///
    /// When it does not start; what it said is in the error.
    pub fn start(upstream: &str, state: &Path, arguments: &[&str]) -> Result<Self> {
        let firstseen = Firstseen::new("serve")?
            .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log-format", "json", "--learn", "0s"])
            .args(["--upstream", upstream, "--state"])
            .arg(state)
            .args(arguments);
        Self::of(firstseen)
    }

    /// The same of a call.
    ///
    /// # Errors
    ///
    /// As [`Proxy::start`].
    pub fn of(firstseen: Firstseen) -> Result<Self> {
        let running = firstseen.spawn()?;
        let said = running.wait_for_stderr(|said| said.contains("\"message\":\"ready\""))?;
        let ready = said.lines().find(|line| line.contains("\"message\":\"ready\"")).context("it is not ready")?;
        let ready: Value = serde_json::from_str(ready)?;
        let address = |name: &str| ready.get(name).and_then(Value::as_str).map(str::to_owned);
        let (listen, admin) = (address("listen").context("no address")?, address("admin").unwrap_or_default());
        Ok(Self { running, address: listen, admin })
    }

    /// The process.
    #[must_use]
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// Sends a `_bulk` request.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub fn bulk(&self, target: &str, body: &[u8]) -> Result<Response> {
        request(&self.address, "POST", target, &[("content-type", "application/x-ndjson")], body)
    }

    /// Asks what the operator may ask.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub fn ask(&self, target: &str) -> Result<Response> {
        request(&self.admin, "GET", target, &[], b"")
    }

    /// The value of a number of `/metrics`; none if it is not there.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub fn metric(&self, name: &str) -> Result<Option<f64>> {
        let text = self.ask("/metrics")?.text()?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map(|value| value.parse().context("no number")).transpose()
    }

    /// Ends it as an operator does, and waits.
    ///
    /// # Errors
    ///
    /// When it hangs.
    pub fn stop(mut self) -> Result<Ran> {
        self.running.signal("TERM")?;
        self.running.wait()
    }

    /// Kills it.
    ///
    /// # Errors
    ///
    /// When it cannot be waited for.
    pub fn kill(self) -> Result<Ran> {
        self.running.kill()
    }
}

impl Response {
    /// Its body as text.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn text(&self) -> Result<String> {
        Ok(String::from_utf8(self.body.clone())?)
    }

    /// Its body as JSON.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| String::from_utf8_lossy(&self.body).into_owned())
    }
}

/// Sends a request on a connection of its own, and takes the answer.
///
/// # Errors
///
/// When there is none, or only a part of one.
pub fn request(address: &str, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Response> {
    let mut head = format!("{method} {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() || matches!(method, "POST" | "PUT") {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    raw(address, &[head.as_bytes(), body].concat())
}

/// Sends bytes as they are on a connection of its own, and takes one answer.
///
/// # Errors
///
/// As [`request`].
pub fn raw(address: &str, bytes: &[u8]) -> Result<Response> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(HANG))?;
    stream.set_write_timeout(Some(HANG))?;
    // It may answer, and close, before it has read everything.
    let sent = stream.write_all(bytes);
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer)
        && answer.is_empty()
    {
        sent?;
        return Err(error.into());
    }
    let is_head = bytes.starts_with(b"HEAD ");
    parse(&answer, is_head).with_context(|| format!("answered with {:?}", String::from_utf8_lossy(&answer)))
}

fn parse(answer: &[u8], is_head: bool) -> Result<Response> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").context("no whole head")?;
    let (head, rest) = answer.split_at_checked(end + 4).context("no body")?;
    let head = std::str::from_utf8(head)?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("no status")?.parse()?;
    if status == 100 {
        return parse(rest, is_head);
    }
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let body = match (headers.get("content-length"), headers.get("transfer-encoding")) {
        _ if is_head || status == 204 || status == 304 => Vec::new(),
        (Some(length), None) => {
            let length: usize = length.parse()?;
            rest.get(..length).with_context(|| format!("{} bytes of {length}", rest.len()))?.to_vec()
        }
        (_, Some(_)) => unchunked(rest)?,
        (None, None) => rest.to_vec(),
    };
    Ok(Response { status, headers, body })
}

fn unchunked(mut rest: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|bytes| bytes == b"\r\n").context("a chunk without a length")?;
        let (length, behind) = rest.split_at_checked(end).context("no length")?;
        let length = usize::from_str_radix(std::str::from_utf8(length)?, 16)?;
        if length == 0 {
            return Ok(body);
        }
        match behind.get(2..2 + length) {
            Some(chunk) => body.extend_from_slice(chunk),
            None => bail!("a chunk breaks off"),
        }
        rest = behind.get(2 + length + 2..).unwrap_or_default();
    }
}
