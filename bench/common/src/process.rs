//! What a process has used, as the kernel says.

use std::fs;

use anyhow::{Context, Result};

/// Ticks of `/proc/PID/stat` in a second, the same on every Linux.
const TICKS_PER_S: f64 = 100.0;

/// The most resident memory of a process so far, in bytes.
pub fn high_water_mark(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes << 10)
}

/// The time that processors have spent on a process so far, in seconds, to 10 ms.
pub fn processor_s(pid: u32) -> Result<f64> {
    Ok(ticks(&fs::read_to_string(format!("/proc/{pid}/stat"))?, 11)? as f64 / TICKS_PER_S)
}

/// The same of the children that this process has waited for.
pub fn children_s() -> Result<f64> {
    Ok(ticks(&fs::read_to_string("/proc/self/stat")?, 13)? as f64 / TICKS_PER_S)
}

/// User and system time, which stand side by side, of a `/proc/PID/stat`.
fn ticks(stat: &str, place: usize) -> Result<u64> {
    // The name of the program may hold anything; it ends with the last `)`.
    let fields = stat.rsplit_once(')').context("no name in /proc/PID/stat")?.1;
    let mut times = fields.split_ascii_whitespace().skip(place);
    let mut next = || Ok(times.next().context("too few fields in /proc/PID/stat")?.parse::<u64>()?);
    let (user, system): (Result<u64>, Result<u64>) = (next(), next());
    Ok(user? + system?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 900 1200 0 0 11 12 13 14 20 0 1 0 100 1000 1\n";
        assert_eq!((ticks(stat, 11).unwrap(), ticks(stat, 13).unwrap()), (23, 27));
        assert!(ticks("7 (a) S 1", 11).is_err());
    }

    #[test]
    fn this_process_uses_memory() {
        assert!(high_water_mark(std::process::id()).unwrap() > 100_000);
    }
}
