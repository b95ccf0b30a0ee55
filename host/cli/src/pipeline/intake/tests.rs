use super::*;
use std::fs::File;
use std::io::{Read, Write};
use std::time::Duration;

fn file(input: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(input).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    file
}

fn opened(file: File) -> Stream {
    OwnedFd::from(file).into()
}

fn start(stream: impl Into<OwnedFd>, line_bytes_max: usize) -> (Intake, Stopper) {
    Intake::start(std::iter::once(Ok(Stream::from(stream.into()))), line_bytes_max, |_, _| {}).unwrap()
}

fn next(intake: &mut Intake) -> Option<Chunk> {
    intake.next(Vec::new()).unwrap().map(|piece| piece.chunk)
}

fn chunks(input: &[u8], line_bytes_max: usize) -> Vec<Chunk> {
    let (mut intake, _stopper) = start(file(input), line_bytes_max);
    std::iter::from_fn(|| next(&mut intake)).collect()
}

fn bytes(chunks: &[Chunk]) -> Vec<u8> {
    let bytes = |chunk: &Chunk| match chunk {
        Chunk::Lines(bytes) | Chunk::Overlong { bytes, .. } | Chunk::Mark(bytes) => bytes.clone(),
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
            let chunks = chunks(&input, 1 << 20);
            assert_eq!(bytes(&chunks), input);
            let whole = |chunk: &Chunk| matches!(chunk, Chunk::Lines(b) if b.ends_with(b"\n") || b == b"tail");
            assert!(chunks.iter().take(chunks.len() - 1).all(whole));
        }
    }
}

#[test]
fn overlong_lines_come_in_parts() {
    let input = [b"x\n".to_vec(), vec![b'y'; 3 << 20], b"\nz\n".to_vec()].concat();
    let chunks = chunks(&input, 1 << 20);
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
    let (mut intake, stopper) = start(reader, 1 << 20);
    writer.write_all(b"one\ntwo").unwrap();
    assert_eq!(next(&mut intake), Some(Chunk::Lines(b"one\n".to_vec())));
    stopper.stop();
    assert_eq!(next(&mut intake), Some(Chunk::Lines(b"two".to_vec())));
    assert_eq!(next(&mut intake), None);
}

#[test]
fn an_overlong_last_line_ends_even_if_its_end_comes_late() {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut writer = File::from(OwnedFd::from(writer));
    let (mut intake, _stopper) = start(reader, 10);
    writer.write_all(&[b'y'; 11]).unwrap();
    assert_eq!(next(&mut intake), Some(Chunk::Overlong { bytes: vec![b'y'; 11], ends: false }));
    drop(writer);
    assert_eq!(next(&mut intake), Some(Chunk::Overlong { bytes: Vec::new(), ends: true }));
    assert_eq!(next(&mut intake), None);
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
        let (mut intake, stopper) = start(reader, 1 << 20);
        let mut came = Vec::new();
        for _ in 0..round {
            came.extend(next(&mut intake));
        }
        stopper.stop();
        came.extend(std::iter::from_fn(|| next(&mut intake)));
        let mut came = bytes(&came);
        assert_eq!(came.len() as u64, intake.bytes_read());
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
    let (mut intake, stopper) = start(reader, 1 << 20);
    writer.write_all(b"one\ntw").unwrap();
    assert_eq!(next(&mut intake), Some(Chunk::Lines(b"one\n".to_vec())));
    stopper.stop();
    std::thread::sleep(Duration::from_millis(20));
    writer.write_all(b"o\nthree\n").unwrap();
    drop(writer);
    assert_eq!(next(&mut intake), Some(Chunk::Lines(b"two\n".to_vec())));
    assert_eq!(next(&mut intake), None);
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
    let (mut intake, stopper) = start(reader, 1 << 20);
    drop(stopper);
    std::thread::sleep(Duration::from_millis(500));
    let ticks = reader_ticks();
    assert!(ticks < 20, "the reader spins: {ticks} ticks");
    writer.write_all(b"one\n").unwrap();
    assert_eq!(next(&mut intake), Some(Chunk::Lines(b"one\n".to_vec())));
}

fn streams(inputs: &[&[u8]], line_bytes_max: usize) -> Vec<(usize, Chunk)> {
    let files: Vec<_> = inputs.iter().map(|input| Ok(opened(file(input)))).collect();
    let (mut intake, _stopper) = Intake::start(files.into_iter(), line_bytes_max, |_, _| {}).unwrap();
    std::iter::from_fn(|| intake.next(Vec::new()).unwrap().map(|Piece { stream, chunk }| (stream, chunk))).collect()
}

#[test]
fn no_piece_is_of_two_streams() {
    let lines = |text: &str| Chunk::Lines(text.as_bytes().to_vec());
    assert_eq!(
        streams(&[b"", b"a\nb", b"", b"c\n", b"d"], 10),
        [(1, lines("a\n")), (1, lines("b")), (3, lines("c\n")), (4, lines("d"))]
    );
    // A line that is too long ends with its stream, whenever that is known.
    let pieces = streams(&[b"0123456789x", b"a\n"], 10);
    let (first, second): (Vec<_>, Vec<_>) = pieces.into_iter().partition(|(stream, _)| *stream == 0);
    let first: Vec<Chunk> = first.into_iter().map(|(_, chunk)| chunk).collect();
    assert_eq!(bytes(&first), b"0123456789x");
    assert!(!matches!(first.last(), Some(Chunk::Overlong { ends: false, .. })), "{first:?}");
    assert_eq!(second, [(1, lines("a\n"))]);
}

#[test]
fn a_stream_that_cannot_be_opened_is_the_last() {
    let streams = [Ok(opened(file(b"a\n"))), Err(io::ErrorKind::NotFound.into()), Ok(opened(file(b"b\n")))];
    let (mut intake, _stopper) = Intake::start(streams.into_iter(), 10, |_, _| {}).unwrap();
    assert_eq!(next(&mut intake), Some(Chunk::Lines(b"a\n".to_vec())));
    let error = intake.next(Vec::new()).unwrap_err();
    assert_eq!((error.stream, error.cause.kind()), (1, io::ErrorKind::NotFound));
    assert_eq!(next(&mut intake), None);
}
