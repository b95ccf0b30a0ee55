//! Records one by one, for hosts that know nothing of detection, such as Fluent Bit: what is
//! found out about a record comes back in it.
//!
//! The module answers its own questions here, from a memory of its own ([`Sightings`]). What it
//! has to say stands in a member of the record ([`Said`]), which no event can forge
//! ([`Object`]).

mod object;
mod recent;
mod said;
mod settings;
mod sightings;

use std::borrow::Cow;

use firstseen_guest::Engine;
use firstseen_guest::engine::{Context, EvaluateError, Evaluation, SetApart, SetApartCause};
use firstseen_guest::time::format_iso;

use object::{Object, has_member, is_forged};
use said::{Alert, Said, Started};
use settings::Settings;
pub use settings::configuration_of;
use sightings::{STRETCHES_MAX, Sightings};

/// The field of an event's time.
const TIME: &str = "@timestamp";

/// How much of a record that is set apart is shown, in bytes.
const BEGINNING_BYTES: usize = 1024;

/// Memory that must be there before a record is judged, and how much for each byte of it.
/// Events that need more are rare.
const ROOM_TO_JUDGE: (usize, usize) = (4 << 20, 16);

/// The same before anything is put into a record.
const ROOM_TO_SAY: (usize, usize) = (64 << 10, 8);

/// Judges records one by one, and remembers what it saw.
///
/// ```
/// use firstseen_plain::Records;
///
/// let mut records = Records::new(b"");
/// let first = records.judge(br#"{"a":1}"#, 0).unwrap();
/// assert!(first.starts_with(br#"{"a":1,"firstseen":{"started":{"#));
/// // As it came.
/// assert_eq!(records.judge(br#"{"a":1}"#, 0), None);
/// ```
#[derive(Debug)]
pub struct Records {
    engine: Option<Engine>,
    settings: Settings,
    sightings: Sightings,
    /// What is to be said in the next record that can say it.
    said: Said,
    /// A record on which the module failed.
    lost: Option<Vec<u8>>,
    has_told_of_forgetting: bool,
}

impl Records {
    /// Loads what was baked into the module; nothing: the built-in rule. What cannot be used is
    /// said in the first record.
    #[must_use]
    pub fn new(baked: &[u8]) -> Self {
        let (engine, settings, started) = match settings::read(baked) {
            Ok((configuration, settings)) => {
                let (documents, engine_settings) = configuration.into_engine();
                let (engine, reports) = Engine::new(&documents, engine_settings);
                let started = Started::new(engine.rules().len(), &reports);
                (Some(engine), settings, started)
            }
            Err(cause) => (None, Settings::default(), Started::with_nothing(&cause)),
        };
        let sightings = Sightings::new(settings.learn_ms, STRETCHES_MAX);
        let said = Said { started: Some(started), ..Said::default() };
        Self { engine, settings, sightings, said, lost: None, has_told_of_forgetting: false }
    }

    /// The same once the module failed on a record, which its host has dropped: an alert of its
    /// own tells of that. What was seen is forgotten, but nothing learns anew.
    #[must_use]
    pub fn after_failure(baked: &[u8], lost: Vec<u8>, start_ms: Option<i64>) -> Self {
        let mut records = Self::new(baked);
        records.said.warn("the module failed on an earlier record, which is dropped; what was seen is forgotten");
        records.lost = Some(lost);
        start_ms.into_iter().for_each(|start_ms| records.sightings.arrive(start_ms));
        records
    }

    /// The earliest arrival of a record so far, in epoch milliseconds.
    #[must_use]
    pub fn start_ms(&self) -> Option<i64> {
        self.sightings.start_ms()
    }

    /// Judges a record that arrived at a time, in epoch milliseconds. Answers with the record
    /// and what is to be said in it; none: it is as it came.
    pub fn judge(&mut self, record: &[u8], arrival_ms: i64) -> Option<Vec<u8>> {
        let record = without_terminator(record);
        match has_room(ROOM_TO_JUDGE, record) {
            true => self.evaluate(record, arrival_ms),
            false => self.said.unjudged += 1,
        }
        say(&mut self.said, record)
    }

    fn evaluate(&mut self, record: &[u8], arrival_ms: i64) {
        let Self { engine, settings, sightings, said, lost, .. } = self;
        let Some(engine) = engine else {
            said.stopped = Some("its configuration cannot be read");
            return;
        };
        let mut batch = String::new();
        let mut set_apart = Vec::new();
        let lost = lost.take();
        if let Some(lost) = &lost {
            set_apart.push(apart(0, SetApartCause::Failed, lost));
            batch.push('\n');
        }
        match text_of(record, settings.line_bytes_max) {
            Ok(text) => push_timed(&mut batch, &text, arrival_ms),
            Err(cause) => set_apart.push(apart(u32::from(lost.is_some()), cause, record)),
        }
        batch.push('\n');
        sightings.arrive(arrival_ms);
        let context = Context {
            targets: settings.index.iter().cloned().collect(),
            line_work_max: Some(settings.line_work_max),
            set_apart,
            ..Context::at(arrival_ms)
        };
        let evaluation = engine.evaluate_with(batch, context, |questions| {
            Ok::<_, EvaluateError>(sightings.answers(questions, arrival_ms))
        });
        match evaluation {
            Ok(evaluation) => self.take(&evaluation, lost.is_some()),
            Err(EvaluateError::NotConfigured) => said.stopped = Some("no rule is loaded"),
            Err(error) => {
                // What it asked about must not be known without its alert.
                sightings.forget();
                said.warn(format!("a record was not judged, and what was seen is forgotten: {error}"));
            }
        }
    }

    /// Takes what an evaluation gave; its first line may be about an earlier record.
    fn take(&mut self, evaluation: &Evaluation, has_lost: bool) {
        let rules = self.engine.as_ref().map_or(&[][..], Engine::rules);
        for alert in &evaluation.alerts {
            let is_earlier = has_lost && alert.source.line == 0;
            self.said.alerts.push(Alert::new(alert, rules, is_earlier));
        }
        self.said.deferred += u64::from(evaluation.deferred);
        evaluation.remarks.iter().for_each(|remark| self.said.remark(remark, rules));
        if self.sightings.has_forgotten() && !self.has_told_of_forgetting {
            self.has_told_of_forgetting = true;
            self.said.warn("its memory is full: terms not met for the longest time are forgotten, and alert again");
        }
    }
}

/// A record with the word that it is not judged, for the module has failed too often; none: it
/// cannot be put in.
#[must_use]
pub fn not_judged(record: &[u8]) -> Option<Vec<u8>> {
    let stopped = "it failed too often, for want of memory or of wasm_stack_size: restart it";
    say(&mut Said { stopped: Some(stopped), ..Said::default() }, without_terminator(record))
}

/// Says in a record what is to be said, or has it wait for one that can say it. Whatever an
/// event has in its place is no word of the module's.
fn say(said: &mut Said, record: &[u8]) -> Option<Vec<u8>> {
    let is_forged = is_forged(record);
    if said.is_empty() && !is_forged {
        return None;
    }
    let object = has_room(ROOM_TO_SAY, record).then(|| Object::read(record)).flatten();
    let Some(object) = object else {
        said.wait();
        return None;
    };
    if is_forged {
        said.event_had = object.forged();
    }
    if said.is_empty() {
        return None;
    }
    let answer = serde_json::to_vec(said).ok().and_then(|own| object.with(&own));
    match answer.is_some() {
        true => *said = Said::default(),
        false => said.wait(),
    }
    answer
}

/// A host may count the NUL that ends a C string.
fn without_terminator(record: &[u8]) -> &[u8] {
    let end = record.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    record.get(..end).unwrap_or_default()
}

/// Whether so much memory is there: an allocation that fails later would be a trap, and the
/// host drops the record then.
fn has_room((least, for_each_byte): (usize, usize), record: &[u8]) -> bool {
    let bytes = record.len().saturating_mul(for_each_byte).saturating_add(least);
    let mut room = Vec::<u8>::new();
    let has_room = room.try_reserve_exact(bytes).is_ok();
    // Else nothing is allocated, for nothing stands in it.
    core::hint::black_box(&room);
    has_room
}

/// A record as a line; else why it is none.
fn text_of(record: &[u8], bytes_max: usize) -> Result<Cow<'_, str>, SetApartCause> {
    if record.len() > bytes_max {
        return Err(SetApartCause::TooLong);
    }
    let text = core::str::from_utf8(record).map_err(|_| SetApartCause::NotUtf8)?;
    // White space, unless it stands where nothing may.
    Ok(if text.contains('\n') { Cow::Owned(text.replace('\n', " ")) } else { Cow::Borrowed(text) })
}

/// Adds a record to a batch. One without a time has that of its host, which writes it beside the
/// event for Elasticsearch too: else rules that go by it could not see the event.
fn push_timed(batch: &mut String, text: &str, arrival_ms: i64) {
    let rest = text.trim_ascii_start().strip_prefix('{').map(str::trim_ascii_start);
    let comma = match rest.and_then(|rest| rest.bytes().next()) {
        Some(b'"') => Some(","),
        Some(b'}') => Some(""),
        // It is no object, or none that hosts write.
        _ => None,
    };
    match rest.zip(comma) {
        Some((rest, comma)) if !has_member(text.as_bytes(), TIME) => {
            batch.push_str(&format!("{{\"{TIME}\":\"{}\"{comma}{rest}", format_iso(arrival_ms)));
        }
        _ => batch.push_str(text),
    }
}

/// A record that the engine is not shown.
fn apart(line: u32, cause: SetApartCause, record: &[u8]) -> SetApart {
    let record = record.trim_ascii();
    let event = blake3::hash(record).to_hex().chars().take(32).collect();
    let beginning = record.get(..BEGINNING_BYTES).unwrap_or(record);
    let mut beginning = String::from_utf8_lossy(beginning).into_owned();
    // A character that is cut in two is no fault of the record.
    if record.len() > BEGINNING_BYTES {
        beginning.truncate(beginning.trim_end_matches(char::REPLACEMENT_CHARACTER).len());
    }
    SetApart { line, cause, event, beginning }
}

#[cfg(test)]
mod tests;
