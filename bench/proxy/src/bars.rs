//! What the proxy wants to reach, and whether it does.

use crate::bodies::Kind;
use crate::figures::{By, Figures, Rules, What};

/// What must remain of the library's throughput, with all rules.
const OF_LIBRARY: f64 = 0.8;

/// What must remain of nginx's, with the built-in rule and plain bodies.
const OF_NGINX: f64 = 0.5;

/// What may be added to a request beyond its detection, in milliseconds.
const ADDED_P50_MS: f64 = 1.0;
const ADDED_P99_MS: f64 = 5.0;

/// What must remain of Elasticsearch's rate of indexing.
const OF_DIRECT: f64 = 0.95;

/// Something to reach.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    pub(crate) what: String,
    pub(crate) bar: String,
    /// None: not measured.
    pub(crate) measured: Option<String>,
    /// The same by the time that the contenders took of their cores, where that is known.
    pub(crate) by_core: Option<String>,
    /// What nginx and the library would reach together, or what nginx adds by itself.
    pub(crate) nginx: Option<String>,
    pub(crate) is_reached: bool,
}

/// The bars, those that cannot be judged included.
pub(crate) fn of(figures: &Figures) -> Vec<Bar> {
    let mut bars = Vec::new();
    let all = figures.all_rules.map_or("all KQL rules".to_owned(), |count| format!("{count} KQL rules"));
    for &kind in &figures.kinds {
        let than = (Rules::All, What::Library(Rules::All), "the library by itself");
        bars.push(at_least(figures, &all, than, kind, OF_LIBRARY));
    }
    for &kind in figures.kinds.iter().filter(|kind| !kind.is_packed) {
        bars.push(at_least(figures, "the built-in rule", (Rules::One, What::Nginx, "nginx"), kind, OF_NGINX));
    }
    for &kind in &figures.kinds {
        let added = [What::Serve(Rules::All), What::Nginx].map(|what| figures.added_ms(what, kind));
        let bar = |name: &str, bar: f64, [ours, nginx]: [Option<f64>; 2]| Bar {
            what: format!("added latency, {name}, {all}, {}", kind.name()),
            bar: format!("< {bar} ms"),
            measured: ours.map(|added_ms| format!("{added_ms:.2} ms")),
            by_core: None,
            nginx: nginx.map(|added_ms| format!("{added_ms:.2} ms")),
            is_reached: ours.is_some_and(|added_ms| added_ms < bar),
        };
        bars.push(bar("p50", ADDED_P50_MS, added.map(|added| added.map(|(p50_ms, _)| p50_ms))));
        bars.push(bar("p99", ADDED_P99_MS, added.map(|added| added.map(|(_, p99_ms)| p99_ms))));
    }
    for indexing in &figures.indexing {
        let cores = if indexing.is_shared { "all on the same cores" } else { "Elasticsearch on a core of its own" };
        bars.push(Bar {
            what: format!("indexing rate, {cores}, {}", indexing.kind.name()),
            bar: format!("≥ {OF_DIRECT} × direct"),
            measured: Some(format!("{:.3}", indexing.ratio())),
            by_core: None,
            nginx: None,
            is_reached: indexing.ratio() >= OF_DIRECT,
        });
    }
    bars
}

fn at_least(figures: &Figures, title: &str, (rules, theirs, name): (Rules, What, &str), kind: Kind, bar: f64) -> Bar {
    let ratio = |by| figures.ratio(What::Serve(rules), theirs, kind, by);
    let text = |ratio: Option<f64>| ratio.map(|ratio| format!("{ratio:.2}"));
    Bar {
        what: format!("throughput, {title}, {}", kind.name()),
        bar: format!("≥ {bar} × {name}"),
        measured: text(ratio(By::Wall)),
        by_core: text(ratio(By::Core)),
        nginx: text(figures.ratio_of_both(rules, theirs, kind)),
        // One that waited for the clients is no ceiling.
        is_reached: [By::Wall, By::Core].into_iter().all(|by| ratio(by).is_some_and(|ratio| ratio >= bar)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::tests::figures;

    #[test]
    fn bars_are_judged() {
        let bars = of(&figures());
        let measured = |place: usize| bars[place].measured.as_deref();
        assert_eq!(bars.len(), 5);
        assert_eq!((measured(0), bars[0].is_reached), (Some("0.75"), false));
        assert_eq!((measured(1), bars[1].by_core.as_deref(), bars[1].is_reached), (Some("0.60"), Some("0.30"), false));
        assert_eq!([0, 1, 3].map(|place| bars[place].nginx.as_deref()), [Some("0.83"), None, Some("0.38 ms")]);
        assert_eq!((measured(2), bars[2].is_reached), (Some("0.38 ms"), true));
        assert_eq!((measured(3), bars[3].is_reached), (Some("7.38 ms"), false));
        assert_eq!((measured(4), bars[4].is_reached), (Some("0.975"), true));
    }

    #[test]
    fn what_was_not_measured_is_not_reached() {
        let figures = Figures { throughputs: Vec::new(), latencies: Vec::new(), ..figures() };
        let bars = of(&figures);
        assert!(bars[..4].iter().all(|bar| bar.measured.is_none() && !bar.is_reached));
    }
}
