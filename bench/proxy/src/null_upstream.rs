//! A cluster that stores nothing, and answers at once.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Result;

use crate::http1::Connection;

/// Answers by their number of items, each made once.
type Answers = Mutex<HashMap<usize, Arc<[u8]>>>;

/// Starts one, which lives as long as the process. Its threads stay on the cores that this
/// one may use now.
pub(crate) fn start() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let answers = Arc::new(Answers::default());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answers = Arc::clone(&answers);
            // Whoever breaks off hears nothing anyway.
            thread::spawn(move || drop(serve(stream, &answers)));
        }
    });
    Ok(address)
}

fn serve(stream: TcpStream, answers: &Answers) -> Result<()> {
    let mut connection = Connection::over(stream)?;
    while let Some(head) = connection.request()? {
        connection.discard_body(&head)?;
        let answer = {
            let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(answers.entry(head.opaque_id).or_insert_with(|| answer(head.opaque_id).into()))
        };
        connection.write(&answer)?;
    }
    Ok(())
}

/// What Elasticsearch answers with the clients' `filter_path`.
fn answer(items: usize) -> Vec<u8> {
    let items = vec![r#"{"create":{"status":201}}"#; items].join(",");
    let body = format!(r#"{{"errors":false,"items":[{items}]}}"#);
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}
