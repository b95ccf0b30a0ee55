//! Who takes part.

use std::iter;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Result, ensure};
use firstseen::Module;
use firstseen_bench_common::rules::{Corpus, Rule, RuleSet};

use crate::args::Args;
use crate::clock::Clock;
use crate::contenders::Contender;
use crate::contenders::command::{Filter, Input, Piped, StartUp, Whole};
use crate::contenders::component::Component;
use crate::contenders::floor::{Literal, Newlines};
use crate::contenders::jq::Jq;
use crate::contenders::loaded::Prefilter;
use crate::contenders::native::Native;
use crate::contenders::rsigma::Rsigma;
use crate::contenders::sigma_rust::SigmaRust;
use crate::contenders::vrl::Vrl;
use crate::events::Events;
use crate::figures::{Build, Counts, What};
use crate::projection;
use crate::rounds::Entry;

/// All contenders, in the order of the report.
pub(crate) struct LineUp {
    pub(crate) entries: Vec<Entry>,
    /// What was left out, one sentence each.
    pub(crate) remarks: Vec<String>,
    /// The command whose memory is asked for, and its number of rules.
    pub(crate) memory: Option<(Rc<Filter>, usize)>,
    /// The rules beyond the built-in one.
    pub(crate) corpus: Option<Counts>,
}

/// The rules that are measured.
struct Sets {
    one: RuleSet,
    corpus: Option<Corpus>,
}

impl LineUp {
    pub(crate) fn of(args: &Args, events: &Events, scratch: &Path) -> Result<Self> {
        let corpus = args.corpus.clone().unwrap_or_else(|| firstseen_tests::repository("../shared/corpus"));
        let sets = Sets { one: RuleSet::one()?, corpus: Corpus::load(&corpus)? };
        let corpus = sets.corpus.as_ref().map(|Corpus { new_terms, kql, all, .. }| Counts {
            new_terms: new_terms.count(),
            kql: kql.count(),
            all: all.count(),
        });
        let mut line_up = Self { entries: Vec::new(), remarks: Vec::new(), memory: None, corpus };
        if args.clock() == Clock::Processor {
            let remark = "Where one core is used, the time counts that a processor spent (`--processor-time`).";
            line_up.remarks.push(remark.to_owned());
        }
        if sets.corpus.is_none() {
            let remark = "No corpus of Elastic's rules (`FIRSTSEEN_CORPUS`): only the built-in rule was measured.";
            line_up.remarks.push(remark.to_owned());
        }
        line_up.add_floor();
        if args.no_peers {
            line_up.remarks.push("Peers were left out (`--no-peers`).".to_owned());
        } else {
            line_up.add_filters(scratch)?;
        }
        let module = Module::built_in()?;
        for set in sets.all() {
            line_up.add_set(&module, set, !args.no_peers)?;
        }
        for set in sets.corpus.iter().flat_map(|corpus| [&corpus.kql, &corpus.all]) {
            line_up.add_projection(&module, set)?;
        }
        line_up.add_two_workers(&module, &sets);
        if args.no_command {
            line_up.remarks.push("The command was left out (`--no-command`).".to_owned());
        } else {
            line_up.add_command(args, events, &sets, scratch)?;
        }
        Ok(line_up)
    }

    fn add(&mut self, what: What, rules: usize, note: String, contender: impl Contender + 'static) {
        self.entries.push(Entry { what, rules, note, contender: Box::new(contender) });
    }

    fn add_floor(&mut self) {
        self.add(What::Newlines, 0, "memchr".to_owned(), Newlines);
        self.add(What::Literal, 0, "memmem".to_owned(), Literal);
    }

    /// Peers that filter by the built-in rule's query.
    fn add_filters(&mut self, scratch: &Path) -> Result<()> {
        self.add(What::VrlParse, 1, String::new(), Vrl::parse_alone()?);
        self.add(What::Vrl, 1, String::new(), Vrl::filter()?);
        match Jq::version() {
            Some(_) => self.add(What::Jq, 1, String::new(), Jq::new(scratch)),
            None => self.remarks.push("jq is not installed.".to_owned()),
        }
        Ok(())
    }

    fn add_set(&mut self, module: &Module, set: &RuleSet, with_peers: bool) -> Result<()> {
        let rules: Rc<[Rule]> = set.rules.clone().into();
        let component = Component::new(module.clone(), Rc::clone(&rules), Prefilter::On, 1);
        self.add(What::Component, set.count(), set.title.clone(), component);
        self.add(What::Native, set.count(), String::new(), Native::new(&rules, Prefilter::On)?);
        if with_peers {
            let (rsigma, expressed) = Rsigma::new(&rules);
            self.add(What::Rsigma, set.count(), expressed_of(expressed, set.count()), rsigma);
            let (sigma_rust, expressed) = SigmaRust::new(&rules);
            self.add(What::SigmaRust, set.count(), expressed_of(expressed, set.count()), sigma_rust);
        }
        Ok(())
    }

    fn add_projection(&mut self, module: &Module, set: &RuleSet) -> Result<()> {
        let (rule, fields) = projection::of(set)?;
        let rules: Rc<[Rule]> = [rule].into();
        let note = format!("{fields} fields");
        let component = Component::new(module.clone(), Rc::clone(&rules), Prefilter::Off, 1);
        self.add(What::ProjectionComponent, set.count(), note.clone(), component);
        self.add(What::ProjectionNative, set.count(), note, Native::new(&rules, Prefilter::Off)?);
        Ok(())
    }

    fn add_two_workers(&mut self, module: &Module, sets: &Sets) {
        for set in sets.one_and_kql() {
            let component = Component::new(module.clone(), set.rules.clone().into(), Prefilter::On, 2);
            self.add(What::TwoWorkers, set.count(), "two cores".to_owned(), component);
        }
    }

    fn add_command(&mut self, args: &Args, events: &Events, sets: &Sets, scratch: &Path) -> Result<()> {
        let binary = match &args.firstseen {
            Some(binary) => binary.clone(),
            None => built(),
        };
        ensure!(binary.is_file(), "{} is not there: `make build`, or name it with --firstseen", binary.display());
        let input = Rc::new(Input::write(events.all(), args.command_megabytes * 1_000_000, scratch)?);
        for set in sets.one_and_kql() {
            let filter = Rc::new(Filter::new(&binary, set, scratch)?);
            self.add_whole(Build::Own, &filter, set, &input, scratch);
            if set.count() == 1 {
                let (filter, input) = (Some(Rc::clone(&filter)), Rc::clone(&input));
                self.add(What::Pipe, 0, String::new(), Piped { filter: None, input: Rc::clone(&input) });
                self.add(What::Piped, set.count(), String::new(), Piped { filter, input });
            }
            self.memory = Some((filter, set.count()));
        }
        if let Some(Corpus { all, .. }) = &sets.corpus {
            let filter = Rc::new(Filter::new(&binary, all, scratch)?);
            let start = What::CommandStart(Build::Own, 1);
            self.add(start, all.count(), String::new(), StartUp(Rc::clone(&filter)));
            self.memory = Some((filter, all.count()));
        }
        match &args.beside {
            Some(other) => self.add_other_build(other, &binary, &input, sets, scratch),
            None => Ok(()),
        }
    }

    /// Runs of a build from a file to a file, each behind one over an empty input.
    fn add_whole(&mut self, build: Build, filter: &Rc<Filter>, set: &RuleSet, input: &Rc<Input>, scratch: &Path) {
        for cores in [1, 2] {
            let (filter, input, output) = (Rc::clone(filter), Rc::clone(input), scratch.join("output.ndjson"));
            self.add(What::CommandStart(build, cores), set.count(), String::new(), StartUp(Rc::clone(&filter)));
            self.add(What::Command(build, cores), set.count(), String::new(), Whole { filter, input, output });
        }
    }

    /// Another build of the command, and ours where it is not measured anyway.
    fn add_other_build(
        &mut self,
        other: &Path,
        binary: &Path,
        input: &Rc<Input>,
        sets: &Sets,
        scratch: &Path,
    ) -> Result<()> {
        ensure!(other.is_file(), "{} is not there", other.display());
        let new_terms = sets.corpus.iter().map(|corpus| &corpus.new_terms);
        for set in sets.one_and_kql().chain(new_terms) {
            let own = What::Command(Build::Own, 1);
            let is_measured = self.entries.iter().any(|entry| entry.what == own && entry.rules == set.count());
            self.add_whole(Build::Other, &Rc::new(Filter::new(other, set, scratch)?), set, input, scratch);
            if !is_measured {
                self.add_whole(Build::Own, &Rc::new(Filter::new(binary, set, scratch)?), set, input, scratch);
            }
        }
        Ok(())
    }
}

/// The command as `make build` leaves it.
fn built() -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| firstseen_tests::repository("target"), PathBuf::from);
    target.join("release/firstseen")
}

impl Sets {
    /// By size.
    fn all(&self) -> impl Iterator<Item = &RuleSet> {
        iter::once(&self.one).chain(self.corpus.iter().flat_map(Corpus::sets))
    }

    fn one_and_kql(&self) -> impl Iterator<Item = &RuleSet> {
        iter::once(&self.one).chain(self.corpus.iter().map(|corpus| &corpus.kql))
    }
}

fn expressed_of(expressed: usize, rules: usize) -> String {
    match expressed == rules {
        true => String::new(),
        false => format!("{expressed} of {rules} rules expressed"),
    }
}
