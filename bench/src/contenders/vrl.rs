//! VRL, the language of Vector: a program that decodes JSON and filters by a
//! condition.

use anyhow::{Result, anyhow};
use vrl::compiler::state::RuntimeState;
use vrl::compiler::{Context, Program, TargetValue, TimeZone, compile};
use vrl::prelude::Bytes;
use vrl::value::{KeyString, ObjectMap, Secrets, Value};

use super::{Contender, Ran};
use crate::events::Portion;

/// Makes an event of a line, as VRL's manual has it.
const PARSE: &str = ". = parse_json!(.message)";

/// The built-in rule's query. A field of an event may hold one value or many.
const FILTER: &str = r#"
.host.os.type == "linux" &&
    includes(array(.event.category) ?? [.event.category], "process") &&
    includes(array(.event.type) ?? [.event.type], "start") &&
    includes(array(.event.action) ?? [.event.action], "exec") &&
    .process.name == "dpkg" &&
    (includes(array(.process.args) ?? [.process.args], "-i") ||
        includes(array(.process.args) ?? [.process.args], "--install"))
"#;

/// A program that parses and perhaps filters.
pub(crate) struct Vrl {
    program: Program,
    state: RuntimeState,
    /// The events, as Vector would hold them.
    lines: Vec<Bytes>,
}

impl Vrl {
    pub(crate) fn filter() -> Result<Self> {
        Self::of(&format!("{PARSE}\n{FILTER}"))
    }

    pub(crate) fn parse_alone() -> Result<Self> {
        // An assignment that is the program's answer would be copied for it.
        Self::of(&format!("{PARSE}\nnull"))
    }

    fn of(source: &str) -> Result<Self> {
        let functions = vrl::stdlib::all();
        let compiled = compile(source, &functions).map_err(|diagnostics| anyhow!("VRL: {diagnostics:?}"))?;
        Ok(Self { program: compiled.program, state: RuntimeState::default(), lines: Vec::new() })
    }
}

impl Contender for Vrl {
    fn prepare(&mut self, events: Portion<'_>) -> Result<()> {
        if self.lines.len() != events.len() {
            self.lines = events.lines().map(Bytes::copy_from_slice).collect();
        }
        Ok(())
    }

    fn run(&mut self, events: Portion<'_>) -> Result<Ran> {
        let mut matches = 0;
        for line in &self.lines {
            let message = [(KeyString::from("message"), Value::Bytes(line.clone()))].into_iter().collect();
            let mut target = TargetValue {
                value: Value::Object(message),
                metadata: Value::Object(ObjectMap::new()),
                secrets: Secrets::default(),
            };
            let timezone = TimeZone::default();
            let mut context = Context::new(&mut target, &mut self.state, &timezone);
            let answer = self.program.resolve(&mut context).map_err(|error| anyhow!("VRL: {error}"))?;
            matches += u64::from(answer == Value::Boolean(true));
        }
        Ok(Ran::over(events, matches))
    }
}
