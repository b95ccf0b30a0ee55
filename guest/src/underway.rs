//! A batch on its way: matches to questions, answers to alerts.

use core::ops::{ControlFlow, Range};
use std::rc::Rc;

use crate::alert::{AlertParts, Detail, Document, EventIdentity, Source, alert_id};
use crate::evaluation::{Alert, EvaluateError, Evaluation, RuleMatches, UnjudgedCause, note_unjudged};
use crate::lines::LinePlace;
use crate::matching::{Context, Loaded, Match, Memory};
use crate::rule::Stages;
use crate::rule::stages::Met;
use crate::state::{Advance, Answer, Question, Sighting, Verdict};
use crate::terms::canonical;
use crate::unjudged::{NotFullyJudged, Unjudged};

/// Questions that are asked together: all of a batch as a rule, less where events
/// give very many, so that memory stays bounded.
const QUESTIONS_MAX: usize = 10_000;

/// Bytes of them beyond which they are asked, for the same reason.
const QUESTION_BYTES_MAX: usize = 4 << 20;

/// Bytes of alert documents of a batch beyond which they no longer hold their
/// whole events, and beyond which not all of their rules: an event of a mebibyte
/// may raise a hundred alerts, and a small one thousands.
const DOCUMENT_BYTES_MAX: usize = 24 << 20;
const RULE_BYTES_MAX: usize = 40 << 20;

/// Work of a term beside its bytes: what it takes to ask about it, to answer, and
/// to write an alert.
const TERM_WORK: u64 = 2_500;

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

/// What waits for its answer.
#[derive(Debug)]
enum Candidate {
    Match(MatchCandidate),
    /// An event that may complete sequences of a rule.
    Stage(usize),
    Unjudged(Unjudged),
}

/// A match that does.
#[derive(Debug)]
struct MatchCandidate {
    line_number: u32,
    line: Range<usize>,
    rule: usize,
    index: Option<Rc<str>>,
    event: Rc<EventIdentity>,
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
            progress.ask_about_unjudged(loaded, context, batch);
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
            let (sighting, verdict) = match (question, answer) {
                (Question::Sighting(sighting), Answer::Sighting(verdict)) => (sighting, verdict),
                (Question::Advance(_), Answer::Completed(completed)) => {
                    if let Candidate::Stage(rule) = candidate {
                        let completed = completed.iter().map(|sequence| (rule as u32, sequence.clone()));
                        progress.evaluation.sequences.extend(completed);
                    }
                    continue;
                }
                (question, answer) => {
                    let cause = format!("`{}` was answered as `{}`", question.name(), answer.question());
                    return Err(EvaluateError::Invalid(cause));
                }
            };
            match verdict {
                Verdict::Unseen | Verdict::Replayed => match candidate {
                    Candidate::Match(candidate) => {
                        let line = batch.get(candidate.line.clone()).unwrap_or_default();
                        progress.raise(loaded, context, &candidate, line, sighting, &mut source);
                    }
                    Candidate::Stage(_) => {}
                    Candidate::Unjudged(unjudged) => {
                        let line = batch.get(unjudged.line.clone()).unwrap_or_default();
                        progress.raise_unjudged(loaded, context, &unjudged, line, sighting);
                    }
                },
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
        let mut evaluation = self.progress.evaluation;
        // Those about events that were not judged were raised last.
        evaluation.alerts.sort_by_key(|alert| alert.source.line);
        Evaluation { matches, ..evaluation }
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
        if let Some(stages) = &rule.stages {
            return self.collect_stages(loaded, context, &found, stages, unjudged);
        }
        let line_number = place.number;
        let at_ms = match rule.timestamp.time_ms(event, loaded.clock, context.arrival_ms) {
            Ok(at_ms) => at_ms,
            Err(fault) => return self.evaluation.remark(line_number, number, fault.to_string()),
        };
        let Some(window_ms) = rule.window.length_ms(at_ms) else {
            let what = "lies before the history of the rule, which cannot see it";
            return self.evaluation.remark(line_number, number, what);
        };
        // Its values are put in order before the terms are known.
        if !self.has_work_left(context, line_number, line, rule.novelty.work(event)) {
            return note_unjudged(unjudged, line_number, UnjudgedCause::Work, number as u32);
        }
        let identity = found.identity(loaded, context);
        let event_id = identity.key();
        let terms = rule.novelty.terms_of(event, &event_id);
        let texts: Vec<String> = terms.tuples.iter().map(|tuple| canonical(tuple)).collect();
        let of_terms = texts.iter().map(|term| TERM_WORK + term.len() as u64);
        if !self.has_work_left(context, line_number, line, of_terms.fold(0, u64::saturating_add)) {
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
            let index = index.cloned();
            let event = Rc::clone(&identity);
            let candidate = MatchCandidate { line_number, line, rule: number, index, event, terms };
            self.candidates.push(Candidate::Match(candidate));
        }
    }

    /// Makes a question of an event that items of a sequence or a sample mean.
    fn collect_stages(
        &mut self,
        loaded: &Loaded,
        context: &Context,
        found: &Match<'_, '_, '_>,
        stages: &Stages,
        unjudged: &mut Vec<crate::evaluation::UnjudgedLine>,
    ) {
        let Match { event, place, line, number, rule, met, .. } = found;
        let line_number = place.number;
        // A run finds it by the one time, and puts it in order by the other.
        if let Err(fault) = rule.timestamp.time_ms(event, loaded.clock, context.arrival_ms) {
            return self.evaluation.remark(line_number, *number, fault.to_string());
        }
        let at_ms = match stages.time_ms(event) {
            Ok(at_ms) => at_ms,
            Err(field) => {
                let what = format!("has no time in `{field}`, so that it has no place in a sequence");
                return self.evaluation.remark(line_number, *number, what);
            }
        };
        if !self.has_work_left(context, line_number, line, stages.work(event, met)) {
            return note_unjudged(unjudged, line_number, UnjudgedCause::Work, *number as u32);
        }
        let Met { keys, is_cut } = stages.keys(event, met);
        let of_keys = keys.iter().map(|met| TERM_WORK + met.key.len() as u64);
        if !self.has_work_left(context, line_number, line, of_keys.fold(0, u64::saturating_add)) {
            return note_unjudged(unjudged, line_number, UnjudgedCause::Work, *number as u32);
        }
        if is_cut {
            note_unjudged(unjudged, line_number, UnjudgedCause::Terms, *number as u32);
        }
        if keys.is_empty() {
            return;
        }
        self.question_bytes += rule.history.len() + keys.iter().map(|met| met.key.len()).sum::<usize>();
        self.questions.push(Question::Advance(Advance {
            history: rule.history.clone(),
            plan: Rc::clone(stages.plan()),
            at_ms,
            tiebreaker: stages.tiebreaker(event),
            event: found.identity(loaded, context).digest(),
            line: line_number,
            keys,
            quota: rule.quota,
        }));
        self.candidates.push(Candidate::Stage(*number));
    }

    /// Makes questions of the events that were not judged in full.
    fn ask_about_unjudged(&mut self, loaded: &Loaded, context: &Context, batch: &str) {
        let Some(rule) = &loaded.not_fully_judged else { return };
        for unjudged in Unjudged::of_batch(batch, loaded, context, &self.evaluation.unjudged) {
            self.questions.push(Question::Sighting(rule.sighting(&unjudged, context)));
            self.candidates.push(Candidate::Unjudged(unjudged));
        }
    }

    /// Counts the work of a match; whether its line may cost it.
    fn has_work_left(&mut self, context: &Context, line_number: u32, line: &str, work: u64) -> bool {
        let before = match self.line_work {
            (number, work) if number == line_number && work > 0 => work,
            _ => line.len() as u64,
        };
        let work = before.saturating_add(work);
        self.line_work = (line_number, work);
        context.allows(work)
    }

    /// Writes one alert. `source` keeps the last event read, since an event may
    /// raise several.
    fn raise(
        &mut self,
        loaded: &Loaded,
        context: &Context,
        candidate: &MatchCandidate,
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
        let detail = self.detail_for(line);
        if detail != Detail::Whole {
            let what = "is too large for all its alerts; some hold only a few of its fields";
            self.evaluation.remark(line_number, candidate.rule, what);
        }
        let index = candidate.index.as_deref();
        let space = &loaded.space;
        let terms = rule.kind.meaning().alert_terms(&candidate.terms);
        let rule_uuid = &template.rule_uuid;
        let id = alert_id(index.unwrap_or_default(), &candidate.event, space, rule_uuid, terms);
        let parts = AlertParts {
            id: &id,
            event_id: candidate.event.id(),
            index,
            space,
            terms,
            values: &values,
            detail,
            not_judged: None,
            created_ms: context.arrival_ms,
        };
        let document = parts.document(loaded.format, template, source);
        self.push_alert(Some(candidate.rule as u32), sighting.term, id, document, line_number);
    }

    /// Writes the alert about an event that was not judged in full.
    fn raise_unjudged(
        &mut self,
        loaded: &Loaded,
        context: &Context,
        unjudged: &Unjudged,
        line: &str,
        sighting: Sighting,
    ) {
        let Some(NotFullyJudged { template, .. }) = &loaded.not_fully_judged else { return };
        let line_number = unjudged.line_number;
        let index = loaded.index_of(line, line_number, context);
        let index = index.as_deref();
        let terms = unjudged.terms();
        let id = alert_id(index.unwrap_or_default(), &unjudged.event, &loaded.space, &template.rule_uuid, Some(&terms));
        let parts = AlertParts {
            id: &id,
            event_id: unjudged.event.id(),
            index,
            space: &loaded.space,
            terms: None,
            values: &template.values(line),
            detail: self.detail_for(line),
            not_judged: Some(&unjudged.not_judged(&loaded.rules)),
            created_ms: context.arrival_ms,
        };
        let document = parts.document(loaded.format, template, &unjudged.source(line));
        self.push_alert(None, sighting.term, id, document, line_number);
    }

    /// How much the next document of the batch may hold.
    fn detail_for(&self, line: &str) -> Detail {
        match self.evaluation.document_bytes.saturating_add(line.len()) {
            0..=DOCUMENT_BYTES_MAX => Detail::Whole,
            _ if self.evaluation.document_bytes <= RULE_BYTES_MAX => Detail::FewFields,
            _ => Detail::Least,
        }
    }

    fn push_alert(&mut self, rule: Option<u32>, term: String, id: String, document: Document, line_number: u32) {
        self.evaluation.document_bytes += document.text.len();
        let source = document.source(line_number);
        self.evaluation.alerts.push(Alert { rule, term, id, document: document.text, source });
    }
}
