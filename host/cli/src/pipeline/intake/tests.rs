use super::*;
use std::fs::File;
use std::io::{Read, Write};
use std::time::Duration;

fn pieces(input: &[u8], line_bytes_max: usize) -> Vec<Chunk> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(input).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let (mut intake, _stopper) = Intake::start(file, line_bytes_max).unwrap();
    std::iter::from_fn(|| intake.next(Vec::new()).unwrap()).collect()
}

fn bytes(chunks: &[Chunk]) -> Vec<u8> {
    let bytes = |chunk: &Chunk| match chunk {
        Chunk::Lines(bytes) | Chunk::Overlong { bytes, .. } => bytes.clone(),
    };
    chunks.iter().flat_map(bytes).collect()
}

#[test]
fn nothing_is_lost_and_lines_stay_whole() {
    for length in [0, 1, 100, 5_000, 300_000] {
        for lines in [1, 2, 7] {
            let mut input = Vec::new();
            for line in 0..lines {
                input.extend(std::iter::repeat_n(b'a' + line, length));
                input.push(b'\n');
            }
            input.extend_from_slice(b"tail");
            let chunks = pieces(&input, 1 << 20);
            assert_eq!(bytes(&chunks), input);
            let whole = |chunk: &Chunk| matches!(chunk, Chunk::Lines(b) if b.ends_with(b"\n") || b == b"tail");
            assert!(chunks.iter().take(chunks.len() - 1).all(whole));
        }
    }
}

#[test]
fn overlong_lines_come_in_parts() {
    let input = [b"x\n".to_vec(), vec![b'y'; 3 << 20], b"\nz\n".to_vec()].concat();
    let chunks = pieces(&input, 1 << 20);
    assert_eq!(bytes(&chunks), input);
    let parts = chunks.iter().filter(|chunk| matches!(chunk, Chunk::Overlong { .. })).count();
    let ends = chunks.iter().filter(|chunk| matches!(chunk, Chunk::Overlong { ends: true, .. })).count();
    assert!(parts >= 2, "{parts}");
    assert_eq!(ends, 1);
}

#[test]
fn a_stopped_intake_delivers_what_it_has_read() {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut writer = File::from(OwnedFd::from(writer));
    let (mut intake, stopper) = Intake::start(File::from(OwnedFd::from(reader)), 1 << 20).unwrap();
    writer.write_all(b"one\ntwo").unwrap();
    assert_eq!(intake.next(Vec::new()).unwrap(), Some(Chunk::Lines(b"one\n".to_vec())));
    stopper.stop();
    assert_eq!(intake.next(Vec::new()).unwrap(), Some(Chunk::Lines(b"two".to_vec())));
    assert_eq!(intake.next(Vec::new()).unwrap(), None);
}

#[test]
fn an_overlong_last_line_ends_even_if_its_end_comes_late() {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut writer = File::from(OwnedFd::from(writer));
    let (mut intake, _stopper) = Intake::start(File::from(OwnedFd::from(reader)), 10).unwrap();
    writer.write_all(&[b'y'; 11]).unwrap();
    assert_eq!(intake.next(Vec::new()).unwrap(), Some(Chunk::Overlong { bytes: vec![b'y'; 11], ends: false }));
    drop(writer);
    assert_eq!(intake.next(Vec::new()).unwrap(), Some(Chunk::Overlong { bytes: Vec::new(), ends: true }));
    assert_eq!(intake.next(Vec::new()).unwrap(), None);
}

#[test]
fn a_stop_cuts_no_line_and_loses_nothing() {
    for round in 0..10 {
        let (reader, writer) = std::io::pipe().unwrap();
        let reader = File::from(OwnedFd::from(reader));
        let mut left = reader.try_clone().unwrap();
        let mut writer = File::from(OwnedFd::from(writer));
        // Lines of many lengths, in pieces that are no lines, as fast as can be.
        let writing = std::thread::spawn(move || {
            let mut input = Vec::new();
            for number in 0..60_000 {
                input.extend_from_slice(format!("{number}").as_bytes());
                input.extend(std::iter::repeat_n(b'.', number * 37 % 101));
                input.push(b'\n');
            }
            input.chunks(4093).for_each(|piece| writer.write_all(piece).unwrap());
            input
        });
        let (mut intake, stopper) = Intake::start(reader, 1 << 20).unwrap();
        let mut came = Vec::new();
        for _ in 0..round {
            came.extend(intake.next(Vec::new()).unwrap());
        }
        stopper.stop();
        came.extend(std::iter::from_fn(|| intake.next(Vec::new()).unwrap()));
        let mut came = bytes(&came);
        assert_eq!(came.len() as u64, intake.meter().bytes_read());
        assert!(came.is_empty() || came.ends_with(b"\n"), "a line was cut");
        left.read_to_end(&mut came).unwrap();
        assert!(came == writing.join().unwrap(), "something was lost");
    }
}

#[test]
fn a_stop_waits_for_the_rest_of_a_line() {
    let (reader, writer) = std::io::pipe().unwrap();
    let reader = File::from(OwnedFd::from(reader));
    let mut left = reader.try_clone().unwrap();
    let mut writer = File::from(OwnedFd::from(writer));
    let (mut intake, stopper) = Intake::start(reader, 1 << 20).unwrap();
    writer.write_all(b"one\ntw").unwrap();
    assert_eq!(intake.next(Vec::new()).unwrap(), Some(Chunk::Lines(b"one\n".to_vec())));
    stopper.stop();
    std::thread::sleep(Duration::from_millis(20));
    writer.write_all(b"o\nthree\n").unwrap();
    drop(writer);
    assert_eq!(intake.next(Vec::new()).unwrap(), Some(Chunk::Lines(b"two\n".to_vec())));
    assert_eq!(intake.next(Vec::new()).unwrap(), None);
    let mut rest = String::new();
    left.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "three\n");
}

/// Time on the processor that a thread of this process took, in clock ticks.
#[cfg(target_os = "linux")]
fn reader_ticks() -> u64 {
    let ticks = |task: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(task.ok()?.path().join("stat")).ok()?;
        // "1 (name) S ...": user and system time are fields 14 and 15.
        let (name, fields) = stat.split_once('(')?.1.rsplit_once(')')?;
        let fields = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
        name.starts_with("firstseen-rea").then(|| fields.sum::<u64>())
    };
    std::fs::read_dir("/proc/self/task").unwrap().filter_map(ticks).max().unwrap_or_default()
}

#[test]
#[cfg(target_os = "linux")]
fn without_a_stopper_the_reader_still_sleeps() {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut writer = File::from(OwnedFd::from(writer));
    let (mut intake, stopper) = Intake::start(File::from(OwnedFd::from(reader)), 1 << 20).unwrap();
    drop(stopper);
    std::thread::sleep(Duration::from_millis(500));
    let ticks = reader_ticks();
    assert!(ticks < 20, "the reader spins: {ticks} ticks");
    writer.write_all(b"one\n").unwrap();
    assert_eq!(intake.next(Vec::new()).unwrap(), Some(Chunk::Lines(b"one\n".to_vec())));
}
