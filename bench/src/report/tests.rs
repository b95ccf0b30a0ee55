use super::*;
use crate::contenders::Ran;
use crate::figures::{Build, Counts};
use crate::plot;
use firstseen_tests::golden;

fn figure(what: What, rules: usize, gigabytes: f64) -> Figure {
    let bytes = 31_000_000;
    let seconds = bytes as f64 / 1e9 / gigabytes;
    Figure {
        what,
        rules,
        note: if what == What::Rsigma { format!("{} of {rules} rules", rules / 2 + 1) } else { String::new() },
        ran: Ran { events: 10_000, bytes, matches: 42 * rules as u64 },
        seconds: vec![seconds * 1.1, seconds, seconds * 0.9],
    }
}

fn figures() -> Figures {
    let mut figures = vec![
        figure(What::Newlines, 0, 9.0),
        figure(What::Vrl, 1, 0.125),
        figure(What::VrlParse, 1, 0.375),
        figure(What::Jq, 1, 0.03125),
    ];
    for (rules, gigabytes) in [(1, 4.0), (10, 2.0), (100, 1.0), (239, 0.875), (693, 0.5), (1_513, 0.25)] {
        figures.push(figure(What::Component, rules, gigabytes));
        figures.push(figure(What::Native, rules, gigabytes * 1.25));
        figures.push(figure(What::Rsigma, rules, gigabytes / 16.0));
    }
    figures.push(figure(What::ProjectionComponent, 693, 0.75));
    figures.push(figure(What::ProjectionNative, 693, 0.8));
    figures.push(figure(What::TwoWorkers, 1, 7.0));
    figures.push(figure(What::Command(Build::Own, 1), 1, 3.0));
    for (build, rules, seconds) in [(Build::Own, 1, 0.001), (Build::Other, 1, 0.001), (Build::Own, 1_513, 0.5)] {
        let start = figure(What::CommandStart(build, 1), rules, 1.0);
        figures.push(Figure { ran: Ran::default(), seconds: vec![seconds], ..start });
    }
    figures.push(figure(What::Command(Build::Other, 1), 1, 3.125));
    figures.push(figure(What::Piped, 1, 0.75));
    figures.push(figure(What::Pipe, 0, 0.8));
    let memory = Memory {
        rules: 1_513,
        small_input_bytes: 100_000_000,
        small_peak_bytes: 120_000_000,
        large_input_bytes: 10_000_000_000,
        large_peak_bytes: 140_000_000,
    };
    Figures { figures, memory: Some(memory), corpus: Some(Counts { new_terms: 239, kql: 693, all: 1_513 }) }
}

fn machine() -> Machine {
    Machine {
        cpu: "A Processor".to_owned(),
        cores: 2,
        rustc: "rustc 1.0.0".to_owned(),
        peers: vec!["vrl 1.0.0".to_owned(), "jq-1.7".to_owned()],
    }
}

#[test]
fn the_report() {
    let (machine, figures) = (machine(), figures());
    let remarks = ["jq is not installed.".to_owned()];
    let report = Report {
        machine: &machine,
        events: 60_000,
        event_bytes: 186_000_000,
        rounds: 3,
        figures: &figures,
        remarks: &remarks,
    };
    golden::check_text("bench-report.md", &report.markdown(Some("results.svg"))).unwrap();
}

#[test]
fn the_plot() {
    golden::check_text("bench-plot.svg", &plot::svg(&figures())).unwrap();
}

#[test]
fn numbers() {
    assert_eq!(short(0.752), "0.75");
    assert_eq!(short(25.4), "25");
}
