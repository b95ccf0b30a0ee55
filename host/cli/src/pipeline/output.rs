//! Writing to standard output: events, and alerts that have no file of their own.

use std::io::{self, Write};

use firstseen::Alert;

/// Standard output.
pub(crate) struct Output {
    stdout: Box<dyn Write>,
    with_events: bool,
    /// The last byte on standard output is not a newline, so an alert has to
    /// begin with one.
    mid_line: bool,
    buffer: Vec<u8>,
}

impl Output {
    /// Writes to `stdout`: events only if `with_events`.
    pub(crate) fn new(stdout: Box<dyn Write>, with_events: bool) -> Self {
        Self { stdout, with_events, mid_line: false, buffer: Vec::new() }
    }

    /// Writes whole lines, untouched and in order, and the alerts they raised.
    /// When it returns, the other side has them.
    ///
    /// # Errors
    ///
    /// What writing gave. A part may have been written.
    pub(crate) fn write(&mut self, lines: &[u8], alerts: &[Alert]) -> io::Result<()> {
        if alerts.is_empty() {
            return self.write_events(lines);
        }
        self.buffer.clear();
        let mut alerts = alerts.iter().peekable();
        let mut copied = 0;
        let ends = memchr::memchr_iter(b'\n', lines).map(|newline| newline + 1);
        let unfinished = (!lines.ends_with(b"\n")).then_some(lines.len());
        for (number, end) in ends.chain(unfinished).enumerate() {
            if alerts.peek().is_none() {
                break;
            }
            while let Some(alert) = alerts.next_if(|alert| alert.line().is_none_or(|line| line <= number)) {
                if self.with_events {
                    self.buffer.extend_from_slice(lines.get(copied..end).unwrap_or_default());
                    copied = end;
                }
                self.end_line_of_buffer();
                push_line(&mut self.buffer, alert);
            }
        }
        if self.with_events {
            self.buffer.extend_from_slice(lines.get(copied..).unwrap_or_default());
        }
        // None is left if a module counts lines as the host does.
        for alert in alerts {
            self.end_line_of_buffer();
            push_line(&mut self.buffer, alert);
        }
        let buffer = std::mem::take(&mut self.buffer);
        self.write_stdout(&buffer)?;
        self.buffer = buffer;
        Ok(())
    }

    /// What comes next in the buffer begins a line.
    fn end_line_of_buffer(&mut self) {
        if self.buffer.last().map_or(self.mid_line, |&last| last != b'\n') {
            self.buffer.push(b'\n');
        }
    }

    /// Writes events that raised nothing, or a part of a line.
    ///
    /// # Errors
    ///
    /// What writing gave.
    pub(crate) fn write_events(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.with_events {
            true => self.write_stdout(bytes),
            false => Ok(()),
        }
    }

    /// Ends a line that the events left unfinished: what comes next is of another
    /// stream.
    ///
    /// # Errors
    ///
    /// What writing gave.
    pub(crate) fn end_line(&mut self) -> io::Result<()> {
        match self.mid_line {
            true => self.write_stdout(b"\n"),
            false => Ok(()),
        }
    }

    /// Writes alerts without their events.
    ///
    /// # Errors
    ///
    /// What writing gave.
    pub(crate) fn write_alerts(&mut self, alerts: &[Alert]) -> io::Result<()> {
        if alerts.is_empty() {
            return Ok(());
        }
        let mut lines = Vec::new();
        if self.mid_line {
            lines.push(b'\n');
        }
        alerts.iter().for_each(|alert| push_line(&mut lines, alert));
        self.write_stdout(&lines)
    }

    fn write_stdout(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(&last) = bytes.last() else { return Ok(()) };
        self.mid_line = last != b'\n';
        self.stdout.write_all(bytes).and_then(|()| self.stdout.flush())
    }
}

fn push_line(buffer: &mut Vec<u8>, alert: &Alert) {
    buffer.extend_from_slice(alert.stored.document.as_bytes());
    buffer.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use firstseen::ledger::StoredAlert;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn alert(line: usize, document: &str) -> Alert {
        Alert {
            number: 0,
            lines: vec![line],
            stored: StoredAlert { document: document.to_owned(), ..StoredAlert::default() },
        }
    }

    fn written(with_events: bool, lines: &str, alerts: &[(usize, &str)]) -> String {
        let shared = Shared::default();
        let mut output = Output::new(Box::new(shared.clone()), with_events);
        let alerts: Vec<Alert> = alerts.iter().map(|&(line, document)| alert(line, document)).collect();
        output.write(lines.as_bytes(), &alerts).unwrap();
        String::from_utf8(shared.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn an_alert_begins_a_line_behind_one_that_went_out_unfinished() {
        let shared = Shared::default();
        let mut output = Output::new(Box::new(shared.clone()), true);
        output.write_events(b"long").unwrap();
        output.write(b"", &[alert(0, "1")]).unwrap();
        assert_eq!(*shared.0.lock().unwrap(), b"long\n1\n");
    }

    #[test]
    fn alerts_follow_their_events() {
        assert_eq!(written(true, "a\nb\nc\n", &[(0, "1"), (0, "2"), (2, "3")]), "a\n1\n2\nb\nc\n3\n");
        assert_eq!(written(true, "a\n\nb", &[(2, "1")]), "a\n\nb\n1\n");
        assert_eq!(written(true, "a\nb", &[(0, "1")]), "a\n1\nb");
        assert_eq!(written(false, "a\nb\n", &[(0, "1"), (1, "2")]), "1\n2\n");
        assert_eq!(written(true, "a\r\n", &[]), "a\r\n");
    }
}
