//! What the dearest events cost.
mod events;
mod rules;
use std::time::Instant;
use anyhow::{Result, ensure};
use firstseen_guest::Engine;
use firstseen_guest::engine::{Context, Documents, Settings};
use firstseen_tests::endpoint_events::{Mix, write_events};

fn cost(engine: &mut Engine, line: &str) -> (f64, usize) {
    let mut best = f64::MAX;
    let mut matches = 0;
    for _ in 0..3 {
        let began = Instant::now();
        let m = engine.match_events(line, &Context::at(1_795_500_000_000)).unwrap();
        matches = m.matches.len() + 1_000_000 * m.unjudged.len();
        best = best.min(began.elapsed().as_secs_f64() * 1e6);
    }
    (best / (line.len().max(1024) as f64 / 1024.0), matches)
}

fn main() -> Result<()> {
    let corpus = std::env::var("FIRSTSEEN_CORPUS")?;
    let rules = rules::Rules::load(&[format!("{corpus}/elastic").into()])?;
    let began = Instant::now();
    let (mut engine, reports) = Engine::new(&Documents::of_rules(rules.documents.clone()), Settings::default());
    println!("loaded in {:?}", began.elapsed());
    ensure!(reports.rules.iter().all(Result::is_ok), "refused");
    let mix = Mix { seed: 1, events: 2000, install_every: 60, parents: 200, start_ms: 1_795_500_000_000, step_ms: 10 };
    let mut bytes = Vec::new();
    write_events(&mix, &mut bytes)?;
    let text = String::from_utf8(bytes)?;
    let (ordinary, _) = cost(&mut engine, &text);
    println!("ordinary: {ordinary:.2} µs/KiB over {} rules", rules.documents.len());
    if let Some(wanted) = std::env::args().nth(1) {
        for event in events::all(&rules).into_iter().filter(|event| event.what == wanted) {
            let began = Instant::now();
            let mut n = 0;
            while began.elapsed().as_secs() < 4 {
                cost(&mut engine, &event.line);
                n += 3;
            }
            println!("{wanted}: {:.2} µs/KiB", began.elapsed().as_secs_f64() * 1e6 / n as f64 / (event.line.len() as f64 / 1024.0));
        }
        return Ok(());
    }
    let mut all: Vec<_> = events::all(&rules).into_iter().map(|event| (cost(&mut engine, &event.line), event)).collect();
    all.sort_by(|(a, _), (b, _)| b.0.total_cmp(&a.0));
    println!("{} events", all.len());
    for ((cost, matches), event) in all.iter().take(60) {
        println!("{cost:9.2} µs/KiB {:6.1} x {:8} bytes {matches} {}", cost / ordinary, event.line.len(), event.what);
    }
    Ok(())
}
