//! A batch on its way: matches to questions, answers to alerts.

use core::ops::{ControlFlow, Range};
use std::rc::Rc;

use crate::alert::{AlertParts, Source, alert_id};
use crate::evaluation::{Alert, EvaluateError, Evaluation, RuleMatches, UnjudgedCause, note_unjudged};
use crate::lines::LinePlace;
use crate::matching::{Context, Loaded, Match, Memory};
use crate::state::{Answer, Question, Sighting, Verdict};
use crate::terms::canonical;

/// Questions that are asked together: all of a batch as a rule, less where events
/// give very many, so that memory stays bounded.
const QUESTIONS_MAX: usize = 10_000;

/// Bytes of them beyond which they are asked, for the same reason.
const QUESTION_BYTES_MAX: usize = 4 << 20;

/// Bytes of alert documents of a batch beyond which they no longer hold their
/// whole events: an event of a mebibyte may raise a hundred alerts.
const DOCUMENT_BYTES_MAX: usize = 24 << 20;

/// A batch that is not through.
#[derive(Debug)]
pub(crate) struct Underway {
    batch: String,
    context: Context,
    progress: Progress,
    /// Where to go on: a line, and the last of its rules that is through. None at
    /// the end of the batch.
    next: Option<(LinePlace, Option<usize>)>,
}

/// What has been made of it so far.
#[derive(Debug)]
struct Progress {
    candidates: Vec<Candidate>,
    /// A question for each candidate.
    questions: Vec<Question>,
    /// How long their texts are together.
    question_bytes: usize,
    /// The work that the line before cost, and its number.
    line_work: (u32, u64),
    /// How many events each rule matched.
    matches: Vec<u32>,
    evaluation: Evaluation,
}

/// A match that waits for its answer.
#[derive(Debug)]
struct Candidate {
    line_number: u32,
    line: Range<usize>,
    rule: usize,
    index: Option<Rc<str>>,
    terms: Vec<serde_json::Value>,
}

impl Underway {
    /// At the beginning of a batch.
    pub(crate) fn new(batch: String, context: Context, rule_count: usize) -> Self {
        let progress = Progress {
            candidates: Vec::new(),
            questions: Vec::new(),
            question_bytes: 0,
            line_work: (0, 0),
            matches: vec![0; rule_count],
            evaluation: Evaluation::default(),
        };
        Self { batch, context, progress, next: Some(Default::default()) }
    }

    /// What is asked.
    pub(crate) fn questions(&self) -> &[Question] {
        &self.progress.questions
    }

    /// Goes on until there is something to ask, and says whether the batch is
    /// through instead.
    pub(crate) fn proceed(&mut self, loaded: &Loaded, memory: &mut Memory) -> Result<bool, EvaluateError> {
        let Some(from) = self.next.take() else { return Ok(true) };
        let Self { batch, context, progress, next } = self;
        let mut unjudged = std::mem::take(&mut progress.evaluation.unjudged);
        let events = loaded.each_match(batch, context, memory, from, &mut unjudged, |found, unjudged| {
            let (place, number) = (found.place, found.number);
            progress.collect(loaded, context, found, unjudged);
            if progress.questions.len() < QUESTIONS_MAX && progress.question_bytes < QUESTION_BYTES_MAX {
                return Ok(ControlFlow::Continue(()));
            }
            *next = Some((place, Some(number)));
            Ok(ControlFlow::Break(()))
        })?;
        progress.evaluation.unjudged = unjudged;
        if let Some(events) = events {
            progress.evaluation.events = events;
        }
        Ok(progress.questions.is_empty())
    }

    /// Raises alerts by the answers to what was asked.
    pub(crate) fn take_answers(&mut self, loaded: &Loaded, answers: &[Answer]) -> Result<(), EvaluateError> {
        let Self { batch, context, progress, .. } = self;
        let (asked, answered) = (progress.questions.len(), answers.len());
        if answered != asked {
            return Err(EvaluateError::Invalid(format!("{answered} answers for {asked} questions")));
        }
        progress.question_bytes = 0;
        let mut source = None;
        let candidates = std::mem::take(&mut progress.candidates);
        let questions = std::mem::take(&mut progress.questions);
        for ((candidate, question), answer) in candidates.into_iter().zip(questions).zip(answers) {
            let (Question::Sighting(sighting), Answer::Sighting(verdict)) = (question, answer);
            match verdict {
                Verdict::Unseen | Verdict::Replayed => {
                    let line = batch.get(candidate.line.clone()).unwrap_or_default();
                    progress.raise(loaded, context, &candidate, line, sighting, &mut source);
                }
                Verdict::Deferred => progress.evaluation.deferred += 1,
                Verdict::Seen => {}
            }
        }
        Ok(())
    }

    /// What the batch gave.
    pub(crate) fn into_evaluation(self) -> Evaluation {
        let counts = (0..).zip(self.progress.matches).filter(|&(_, events)| events > 0);
        let matches = counts.map(|(rule, events)| RuleMatches { rule, events }).collect();
        Evaluation { matches, ..self.progress.evaluation }
    }
}

impl Progress {
    /// Makes questions of a match.
    fn collect(
        &mut self,
        loaded: &Loaded,
        context: &Context,
        found: Match<'_, '_, '_>,
        unjudged: &mut Vec<crate::evaluation::UnjudgedLine>,
    ) {
        let Match { event, place, line, number, rule, index, .. } = found;
        if let Some(count) = self.matches.get_mut(number) {
            *count += 1;
        }
        let line_number = place.number;
        let Some(at_ms) = rule.timestamp.time_ms(event, loaded.clock, context.arrival_ms) else {
            return self.evaluation.warn(line_number, rule, "has none of its time fields, so the rule cannot see it");
        };
        let Some(window_ms) = rule.window.length_ms(at_ms) else {
            return self.evaluation.warn(
                line_number,
                rule,
                "lies before the rule's history, so the rule cannot see it",
            );
        };
        let event_id = found.event_id(context);
        let terms = rule.novelty.terms_of(event, &event_id);
        let texts: Vec<String> = terms.tuples.iter().map(|tuple| canonical(tuple)).collect();
        if !self.has_work_left(context, place.number, line, &texts) {
            return note_unjudged(unjudged, line_number, UnjudgedCause::Work, number as u32);
        }
        if terms.cut {
            note_unjudged(unjudged, line_number, UnjudgedCause::Terms, number as u32);
        }
        for (terms, term) in terms.tuples.into_iter().zip(texts) {
            self.question_bytes += term.len() + event_id.len() + rule.history.len();
            self.questions.push(Question::Sighting(Sighting {
                history: rule.history.clone(),
                term,
                at_ms,
                window_ms,
                event: event_id.clone(),
                quota: rule.quota,
            }));
            let line = place.at..place.at + line.len();
            self.candidates.push(Candidate { line_number, line, rule: number, index: index.cloned(), terms });
        }
    }

    /// Counts the work of a match; whether its line may cost it.
    fn has_work_left(&mut self, context: &Context, line_number: u32, line: &str, terms: &[String]) -> bool {
        let before = match self.line_work {
            (number, work) if number == line_number && work > 0 => work,
            _ => line.len() as u64,
        };
        let work = terms.iter().fold(before, |work, term| work.saturating_add(term.len() as u64));
        self.line_work = (line_number, work);
        context.allows(work)
    }

    /// Writes one alert. `source` keeps the last event read, since an event may
    /// raise several.
    fn raise(
        &mut self,
        loaded: &Loaded,
        context: &Context,
        candidate: &Candidate,
        line: &str,
        sighting: Sighting,
        source: &mut Option<(u32, Source)>,
    ) {
        let (Some(rule), Some(template)) = (loaded.rules.get(candidate.rule), loaded.templates.get(candidate.rule))
        else {
            return;
        };
        let line_number = candidate.line_number;
        let source = match source {
            Some((number, read)) if *number == line_number => read,
            _ => &source.insert((line_number, Source::read(line))).1,
        };
        let values = template.values(line);
        let whole_event = self.evaluation.document_bytes.saturating_add(line.len()) <= DOCUMENT_BYTES_MAX;
        if !whole_event {
            let what = "is too large for all its alerts; some hold only a few of its fields";
            self.evaluation.warn(line_number, rule, what);
        }
        let index = candidate.index.as_deref();
        let space = &loaded.space;
        let terms = rule.kind.meaning().alert_terms(&candidate.terms);
        let rule_uuid = &template.rule_uuid;
        let id = alert_id(index.unwrap_or_default(), &sighting.event, space, rule_uuid, terms);
        let parts = AlertParts {
            id: &id,
            event_id: &sighting.event,
            index,
            space,
            terms,
            values: &values,
            whole_event,
            created_ms: context.arrival_ms,
        };
        let document = parts.document(loaded.format, template, source);
        self.evaluation.document_bytes += document.text.len();
        let source = document.source(line_number);
        let alert = Alert { rule: candidate.rule as u32, term: sighting.term, id, document: document.text, source };
        self.evaluation.alerts.push(alert);
    }
}
