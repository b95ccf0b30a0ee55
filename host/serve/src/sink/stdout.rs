//! Standard output.

use std::io::{self, Write};

use firstseen_delivery::{Handed, Outgoing, Sink, SinkTrouble};

/// Writes alerts to standard output, each on a line.
pub(super) struct Stdout;

impl Sink for Stdout {
    fn name(&self) -> String {
        "standard output".to_owned()
    }

    fn take(&mut self, alerts: &[Outgoing], _: &mut dyn FnMut(usize) -> bool) -> Handed {
        let mut out = io::stdout().lock();
        let written = alerts.iter().try_for_each(|alert| writeln!(out, "{}", alert.document));
        match written.and_then(|()| out.flush()) {
            Ok(()) => Handed::all(alerts),
            Err(error) => {
                let trouble = SinkTrouble { cause: error.to_string(), is_unclear: true };
                Handed { taken: Vec::new(), trouble: Some(trouble) }
            }
        }
    }
}
