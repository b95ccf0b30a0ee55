//! What a host says. A name that is not known is an error: it may be misspelt.

use firstseen_guest::alert::Format;
use firstseen_guest::engine::{self, Answers, Documents, Settings};
use firstseen_guest::rule;
use firstseen_guest::state::{self, SIGHTING};
use serde::Deserialize;

/// `configuration`; what is left out is as it usually is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Configuration {
    rules: Vec<Document>,
    exceptions: Vec<Document>,
    value_lists: Vec<Document>,
    mappings: Vec<Document>,
    data_views: Vec<DataView>,
    event_id_field: Option<String>,
    clock: Clock,
    format: AlertFormat,
    space: String,
    shortcuts: Shortcuts,
    questions: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: String,
    content: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DataView {
    id: String,
    patterns: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Clock {
    Arrival,
    Event,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum AlertFormat {
    Kibana,
    Ecs,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Shortcuts {
    index: bool,
    prefilter: bool,
}

impl Default for Shortcuts {
    fn default() -> Self {
        Self { index: true, prefilter: true }
    }
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            exceptions: Vec::new(),
            value_lists: Vec::new(),
            mappings: Vec::new(),
            data_views: Vec::new(),
            event_id_field: None,
            clock: Clock::Arrival,
            format: AlertFormat::Kibana,
            space: "default".to_owned(),
            shortcuts: Shortcuts::default(),
            questions: vec![SIGHTING.to_owned()],
        }
    }
}

impl Configuration {
    pub(crate) fn into_engine(self) -> (Documents, Settings) {
        let texts = |documents: Vec<Document>| documents.into_iter().map(|it| (it.name, it.content)).collect();
        let documents = Documents {
            rules: texts(self.rules),
            exceptions: texts(self.exceptions),
            value_lists: texts(self.value_lists),
            mappings: texts(self.mappings),
            data_views: self.data_views.into_iter().map(|view| (view.id, view.patterns)).collect(),
        };
        let settings = Settings {
            clock: match self.clock {
                Clock::Arrival => rule::Clock::Arrival,
                Clock::Event => rule::Clock::Event,
            },
            format: match self.format {
                AlertFormat::Kibana => Format::Kibana,
                AlertFormat::Ecs => Format::Ecs,
            },
            space: self.space,
            event_id_field: self.event_id_field,
            shortcuts: engine::Shortcuts {
                index: self.shortcuts.index,
                prefilter: self.shortcuts.prefilter,
                answers: if self.shortcuts.index { Answers::Cheapest } else { Answers::OneByOne },
            },
            // Those of the contract: what it has no words for cannot be asked.
            questions: self.questions.into_iter().filter(|name| name == SIGHTING).collect(),
        };
        (documents, settings)
    }
}

/// `context`; only the arrival must be there.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Context {
    arrival: i64,
    #[serde(default)]
    targets: Vec<String>,
    #[serde(default)]
    target_of: Vec<u32>,
    #[serde(default)]
    ids: Vec<String>,
    #[serde(default)]
    line_work_max: Option<u64>,
    #[serde(default)]
    set_apart: Vec<SetApart>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetApart {
    line: u32,
    cause: SetApartCause,
    event: String,
    beginning: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SetApartCause {
    TooLong,
    NotUtf8,
    Failed,
}

impl Context {
    pub(crate) fn into_engine(self) -> engine::Context {
        let set_apart = self.set_apart.into_iter().map(|line| engine::SetApart {
            line: line.line,
            cause: match line.cause {
                SetApartCause::TooLong => engine::SetApartCause::TooLong,
                SetApartCause::NotUtf8 => engine::SetApartCause::NotUtf8,
                SetApartCause::Failed => engine::SetApartCause::Failed,
            },
            event: line.event,
            beginning: line.beginning,
        });
        engine::Context {
            targets: self.targets,
            target_of: self.target_of,
            arrival_ms: self.arrival,
            ids: self.ids,
            line_work_max: self.line_work_max,
            set_apart: set_apart.collect(),
        }
    }
}

/// `answer`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Answer {
    Sighting(Verdict),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Unseen,
    Seen,
    Deferred,
    Replayed,
}

/// Answers, one a line; blank lines are skipped.
///
/// # Errors
///
/// Which line is none, and why.
pub(crate) fn answers(text: &str) -> Result<Vec<state::Answer>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let answer = |(number, line)| match serde_json::from_str(line) {
        Ok(Answer::Sighting(verdict)) => Ok(state::Answer::Sighting(match verdict {
            Verdict::Unseen => state::Verdict::Unseen,
            Verdict::Seen => state::Verdict::Seen,
            Verdict::Deferred => state::Verdict::Deferred,
            Verdict::Replayed => state::Verdict::Replayed,
        })),
        Err(error) => Err(format!("line {} of the answers is none: {error}", number + 1)),
    };
    lines.map(answer).collect()
}
