//! Calls in any order, with anything: there is a reply, and no trap.

use anyhow::{Context, Result, ensure};
use firstseen_tests::plain_host::{Host, compile};
use firstseen_tests::rng::Rng;

use super::{SHAPES, module};

/// How many calls are made.
const CALLS: usize = 20_000;

/// What is found behind pointers, among other bytes.
const TEXTS: [&str; 12] = [
    "",
    "{}",
    r#"{"arrival":0}"#,
    r#"{"arrival":-9223372036854775808,"targets":["a"],"target-of":[7],"ids":[""]}"#,
    r#"{"arrival":0,"set-apart":[{"line":4294967295,"cause":"failed","event":"","beginning":"{"}]}"#,
    r#"{"sighting":"unseen"}"#,
    "{\"sighting\":\"seen\"}\n{\"sighting\":\"replayed\"}",
    r#"{"rules":[{"name":"r","content":"{\"type\":\"query\",\"query\":\"*\",\"language\":\"kuery\"}"}]}"#,
    r#"{"clock":"event","format":"ecs","space":"","questions":[]}"#,
    "{\"@timestamp\":\"2026-11-24T12:00:00Z\",\"process\":{\"name\":\"dpkg\"}}\n[]\n{",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    "\u{0}\u{7f}",
];

#[test]
fn any_calls_have_a_reply() -> Result<()> {
    let seed = 15;
    println!("seed {seed}");
    let mut rng = Rng(seed);
    let module = compile(&module(SHAPES[1])?, false)?;
    let mut host = Host::new(&module)?;
    let mut pieces: Vec<(u32, u32)> = Vec::new();
    let mut statuses = [0; 4];
    for number in 0..CALLS {
        let place = |rng: &mut Rng| match rng.place(8) {
            // Somewhere, of any length.
            0 => (rng.next_u64() as u32, rng.next_u64() as u32),
            1 => (rng.next_u64() as u32, rng.place(64) as u32),
            // In a piece, beyond its end perhaps.
            2 if !pieces.is_empty() => {
                let (piece, length) = pieces[rng.place(pieces.len())];
                (piece.wrapping_add(rng.place(4) as u32), length.wrapping_add(rng.place(4) as u32))
            }
            _ if pieces.is_empty() => (0, 0),
            _ => pieces[rng.place(pieces.len())],
        };
        let replied = match rng.place(10) {
            0 | 1 => {
                let text = TEXTS[rng.place(TEXTS.len())];
                let mut bytes = text.as_bytes().to_vec();
                if rng.place(4) == 0 && !bytes.is_empty() {
                    let at = rng.place(bytes.len());
                    bytes[at] = rng.next_u64() as u8;
                }
                if pieces.len() < 64 {
                    pieces.push((host.give(&bytes)?, bytes.len() as u32));
                }
                None
            }
            2 => {
                let piece = host.number("malloc", &[rng.next_u64() as u32])?;
                if piece > 0 {
                    host.raw("free", &[piece])?;
                }
                None
            }
            3 => {
                let (address, _) = place(&mut rng);
                host.raw("free", &[address])?;
                pieces.retain(|piece| piece.0 != address);
                None
            }
            4 => host.raw("firstseen_describe", &[])?,
            5 => {
                let (address, length) = place(&mut rng);
                host.raw("firstseen_configure", &[address, length])?
            }
            6 => {
                let (address, length) = place(&mut rng);
                host.raw("firstseen_finish", &[address, length])?
            }
            7 => {
                // Its answer is the record's address, or one of a text: no reply.
                let (record, length) = place(&mut rng);
                let time = rng.next_u64() as u32;
                host.raw("firstseen", &[record, length, time, time, record, length])?;
                None
            }
            call => {
                let ((batch, batch_length), (context, context_length)) = (place(&mut rng), place(&mut rng));
                let name = if call == 8 { "firstseen_begin" } else { "firstseen_match" };
                host.raw(name, &[batch, batch_length, context, context_length])?
            }
        };
        if let Some(place) = replied {
            let reply = host.reply(place).with_context(|| format!("call {number}"))?;
            *statuses.get_mut(reply.status as usize).context("no status")? += 1;
        }
    }
    println!("statuses: {statuses:?}");
    ensure!(statuses.iter().all(|count| *count > 0), "not all were met: {statuses:?}");
    Ok(())
}

/// A host that writes where it should not harms its instance at most.
#[test]
fn another_instance_knows_nothing_of_it() -> Result<()> {
    let module = compile(&module(SHAPES[0])?, true)?;
    let mut rng = Rng(7);
    let good = |host: &mut Host| -> Result<()> {
        host.call("firstseen_configure", &[b""])?;
        ensure!(host.call("firstseen_begin", &[b"{}", br#"{"arrival":0}"#])?.status == 0);
        Ok(())
    };
    for _ in 0..20 {
        let mut host = Host::new(&module)?;
        good(&mut host)?;
        host.scribble(&mut rng)?;
        // Whatever that is, a trap as a rule.
        let _ = good(&mut host);
        good(&mut Host::new(&module)?)?;
    }
    Ok(())
}
