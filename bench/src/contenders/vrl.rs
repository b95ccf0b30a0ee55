//! VRL, the language of Vector: what a pipeline does that decodes JSON and
//! filters by a condition.

use anyhow::{Result, anyhow, ensure};
use vrl::compiler::state::RuntimeState;
use vrl::compiler::{Context, Program, TargetValue, TimeZone, compile};
use vrl::prelude::Bytes;
use vrl::value::{KeyString, ObjectMap, Secrets, Value};

use super::{Contender, Ran};
use crate::events::Portion;

/// Decodes a line.
const PARSE: &str = "parse_json!(.message)";

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

/// A program that parses, and one that judges what came of it.
pub(crate) struct Vrl {
    parse: Program,
    filter: Option<Program>,
    state: RuntimeState,
    /// The events, as Vector would hold them.
    lines: Vec<Bytes>,
}

impl Vrl {
    pub(crate) fn filter() -> Result<Self> {
        Ok(Self { filter: Some(program(FILTER)?), ..Self::parse_alone()? })
    }

    pub(crate) fn parse_alone() -> Result<Self> {
        Ok(Self { parse: program(PARSE)?, filter: None, state: RuntimeState::default(), lines: Vec::new() })
    }

    fn resolve(state: &mut RuntimeState, program: &Program, value: Value) -> Result<(Value, TargetValue)> {
        let mut target = TargetValue { value, metadata: Value::Object(ObjectMap::new()), secrets: Secrets::default() };
        let timezone = TimeZone::default();
        let mut context = Context::new(&mut target, state, &timezone);
        let resolved = program.resolve(&mut context).map_err(|error| anyhow!("VRL: {error}"))?;
        Ok((resolved, target))
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
            let (event, _) = Self::resolve(&mut self.state, &self.parse, Value::Object(message))?;
            ensure!(event.is_object(), "VRL read something else than an event");
            if let Some(filter) = &self.filter {
                let (verdict, _event) = Self::resolve(&mut self.state, filter, event)?;
                matches += u64::from(verdict == Value::Boolean(true));
            }
        }
        Ok(Ran::over(events, matches))
    }
}

fn program(source: &str) -> Result<Program> {
    let functions = vrl::stdlib::all();
    let compiled = compile(source, &functions).map_err(|diagnostics| anyhow!("VRL: {diagnostics:?}"))?;
    Ok(compiled.program)
}
