//! A log shipper that embeds Firstseen: follows a file of NDJSON events, sends
//! the events on to one place and the alerts to another.
//!
//! ```text
//! cargo run --release --example custom_shipper -- events.ndjson sent.ndjson alerts.ndjson seen
//! ```
//!
//! It reads on when the file grows and stops once nothing came for a second.

use std::env;
use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use firstseen::{Alert, Batch, Detector, Module, Worker};
use firstseen_state_file::StateFile;

const BATCH_BYTES: usize = 256 << 10;
const IDLE_POLLS: u32 = 10;

/// Where things are sent: a network client in a real shipper.
struct Destination(File);

impl Destination {
    fn open(path: &str) -> std::io::Result<Self> {
        OpenOptions::new().create(true).append(true).open(path).map(Self)
    }

    fn send_alerts(&mut self, alerts: &[Alert]) -> std::io::Result<()> {
        alerts.iter().try_for_each(|alert| writeln!(self.0, "{}", alert.stored.document))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [input, events, alerts, state] = args.as_slice() else {
        return Err("usage: custom_shipper INPUT EVENTS ALERTS STATE".into());
    };
    let detector = Detector::builder(Module::built_in()?)
        .ledger(Arc::new(StateFile::open(state)?))
        .log(|message| eprintln!("{}: {}", message.context, message.text))
        .build()?;
    let mut worker = detector.worker()?;
    let mut events = Destination::open(events)?;
    let mut alerts = Destination::open(alerts)?;

    // What a crash left behind comes first.
    loop {
        let left = detector.outbox(None, 1_000)?;
        if left.is_empty() {
            break;
        }
        alerts.send_alerts(&left)?;
        detector.acknowledge_alerts(&left)?;
    }

    let mut file = File::open(input)?;
    let mut buffer = Vec::new();
    let mut idle_polls = 0;
    while idle_polls < IDLE_POLLS {
        let read = Read::by_ref(&mut file).take(BATCH_BYTES as u64).read_to_end(&mut buffer)?;
        if read == 0 {
            idle_polls += 1;
            sleep(Duration::from_millis(100));
            continue;
        }
        idle_polls = 0;
        // The last line may not be complete yet.
        let end = buffer.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        let (lines, _incomplete) = buffer.split_at(end);
        ship(lines, &detector, &mut worker, &mut events, &mut alerts)?;
        buffer.drain(..end);
    }
    ship(&buffer, &detector, &mut worker, &mut events, &mut alerts)?;
    Ok(detector.flush()?)
}

/// Detects and sends both streams on. Only after this may a shipper tell its
/// source that it is done with these lines.
fn ship(
    lines: &[u8],
    detector: &Detector,
    worker: &mut Worker,
    events: &mut Destination,
    alerts: &mut Destination,
) -> Result<(), Box<dyn Error>> {
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as i64;
    let outcome = worker.evaluate(&Batch::new(lines, now_ms))?;
    events.0.write_all(lines)?;
    alerts.send_alerts(&outcome.alerts)?;
    Ok(detector.acknowledge(&outcome)?)
}
