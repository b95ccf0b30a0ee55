//! What alerts say.

use clap::ValueEnum;
use clap::builder::NonEmptyStringValueParser;
use firstseen::{AlertFormat, Builder, Clock};
use serde_json::{Map, Value, json};

/// Alerts.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Alerts")]
pub(crate) struct AlertArgs {
    /// Where the time of an event comes from if the rule's timestamp_override
    /// field is absent.
    #[arg(long, value_enum, default_value_t)]
    clock: ClockArg,
    /// Form of the alerts.
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    alert_format: AlertFormatArg,
    /// Kibana space of the alerts; it is part of their ids.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new(), default_value = "default")]
    space: String,
    #[command(flatten)]
    event_ids: EventIdArgs,
}

/// What events are told apart by.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct EventIdArgs {
    /// The field of an event whose value is its `_id` in Elasticsearch, for
    /// example @metadata._id: alerts name the event by it, and two events of the
    /// same bytes with other ids are two. A value that is no text of 1 to 512
    /// bytes does not count.
    #[arg(long, value_name = "FIELD", value_parser = NonEmptyStringValueParser::new())]
    event_id_field: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum ClockArg {
    /// A live pipeline: arrival stands for event.ingested, which Elasticsearch
    /// would set; for another field, @timestamp.
    #[default]
    Arrival,
    /// A recording: @timestamp.
    Event,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum AlertFormatArg {
    /// The document Kibana itself would write to its alerts index.
    #[default]
    Kibana,
    /// A small ECS document.
    Ecs,
}

impl AlertArgs {
    /// Gives all of it to a detector.
    pub(crate) fn apply(&self, builder: Builder) -> Builder {
        self.event_ids
            .apply(builder)
            .clock(match self.clock {
                ClockArg::Arrival => Clock::Arrival,
                ClockArg::Event => Clock::Event,
            })
            .format(match self.alert_format {
                AlertFormatArg::Kibana => AlertFormat::Kibana,
                AlertFormatArg::Ecs => AlertFormat::Ecs,
            })
            .space(self.space.as_str())
    }
}

impl AlertArgs {
    /// All of it as the plain module takes it, in its `configuration`.
    pub(crate) fn configuration(&self) -> Map<String, Value> {
        let clock = match self.clock {
            ClockArg::Arrival => "arrival",
            ClockArg::Event => "event",
        };
        let format = match self.alert_format {
            AlertFormatArg::Kibana => "kibana",
            AlertFormatArg::Ecs => "ecs",
        };
        let members = [
            ("clock", json!(clock)),
            ("format", json!(format)),
            ("space", json!(self.space)),
            ("event-id-field", json!(self.event_ids.event_id_field)),
        ];
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

impl EventIdArgs {
    /// Gives it to a detector.
    pub(crate) fn apply(&self, builder: Builder) -> Builder {
        match &self.event_id_field {
            Some(field) => builder.event_id_field(field.as_str()),
            None => builder,
        }
    }
}
