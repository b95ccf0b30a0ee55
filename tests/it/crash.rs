//! `kill -9`, again and again: whatever the moment, all runs together raise
//! exactly the alerts that one unbroken run raises.
//!
//! `FIRSTSEEN_KILLS` says how often each test kills (12).

mod first_moments;
mod runs;
mod stream;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use self::runs::{Moment, Sink, Site, check};

/// How many kills one state lives through: the first ones meet most of
/// the alerts.
const KILLS_A_STATE: usize = 4;

fn kills() -> Result<usize> {
    match std::env::var("FIRSTSEEN_KILLS") {
        Ok(text) => text.parse().with_context(|| format!("FIRSTSEEN_KILLS={text}")),
        Err(_) => Ok(12),
    }
}

/// Moments to kill at: numbers in [0, 1), from a seed.
struct Moments(u64);

impl Moments {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Kills, restarts from the beginning of the input with the same state,
/// and at last lets a run come to its end.
fn survive(sink: Sink, seed: u64) -> Result<()> {
    let site = Site::new()?;
    let began = Instant::now();
    let unbroken = site.run_whole(sink, "unbroken")?;
    let duration = began.elapsed();
    let mix = stream::per_interval(&unbroken)?;
    ensure!(mix.contains(&100), "no interval reaches the quota: {mix:?}");
    ensure!(mix.iter().any(|&alerts| alerts < 100), "every interval reaches the quota: {mix:?}");

    let mut moments = Moments(seed);
    let (mut left, mut states, mut interrupted, mut repeated) = (kills()?, 0, 0, 0);
    while left > 0 {
        states += 1;
        let name = format!("state-{states}");
        let mut runs = Vec::new();
        for _ in 0..left.min(KILLS_A_STATE) {
            left -= 1;
            let moment = match left % 2 {
                0 => Moment::After(Duration::from_secs_f64(duration.as_secs_f64() * moments.next())),
                _ => Moment::Written(moments.next()),
            };
            let run = site.run_and_kill(sink, &name, moment)?;
            interrupted += usize::from(run.killed);
            runs.push(run);
        }
        runs.push(site.run_whole(sink, &name)?);
        repeated += check(&unbroken, &runs).with_context(|| format!("seed {seed}, {name}"))?;
    }
    println!("{interrupted} of {} kills were in time; {repeated} alerts came twice", kills()?);
    ensure!(interrupted > 0 || kills()? == 0, "every run was over before it was to be killed");
    Ok(())
}

#[test]
fn alerts_on_standard_output_survive_kills() -> Result<()> {
    survive(Sink::Stdout, 1)
}

#[test]
fn alerts_in_a_file_survive_kills() -> Result<()> {
    survive(Sink::File, 2)
}
