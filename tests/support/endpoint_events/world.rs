//! The hosts, users, programs and files that events are about.

use super::line::Line;
use super::tables::{FILES, INSTALLS, PROGRAMS, RARE_PROGRAMS, SHELLS, SYSTEMS};
use crate::rng::Rng;

/// What the events are drawn from, in pieces of finished JSON: most of an
/// event's bytes are copied, so that generating outruns what is measured.
pub(super) struct World {
    pub(super) hosts: Vec<Host>,
    pub(super) images: Vec<Image>,
    pub(super) shells: Vec<Image>,
    pub(super) installs: Vec<Image>,
    pub(super) files: Vec<String>,
}

impl World {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let images = |rng: &mut Rng, table: &str, variants: usize| -> Vec<Image> {
            let rows = table.lines().flat_map(|row| std::iter::repeat_n(row, variants));
            rows.map(|row| Image::of_row(row, rng)).collect()
        };
        let (systems, files): (Vec<&str>, Vec<&str>) = (SYSTEMS.lines().collect(), FILES.lines().collect());
        Self {
            hosts: (0..64).map(|number| Host::new(number, rng.pick::<&str>(&systems), rng)).collect(),
            images: {
                let mut all = images(rng, PROGRAMS, 32);
                all.extend(images(rng, RARE_PROGRAMS, 4));
                all
            },
            shells: images(rng, SHELLS, 1),
            installs: images(rng, INSTALLS, 32),
            files: (0..2048).map(|_| file_identity(&filled(rng.pick::<&str>(&files), rng))).collect(),
        }
    }
}

/// A program as it was run.
pub(super) struct Image {
    /// The members `executable`, `args`, `args_count` and `name`.
    pub(super) identity: String,
    /// The members of an entry of `previous`.
    pub(super) previous: String,
    pub(super) command_line: String,
}

impl Image {
    /// Of a row of the tables below: executable and arguments.
    pub(super) fn of_row(row: &str, rng: &mut Rng) -> Self {
        let mut columns = row.split(" | ");
        let executable = columns.next().unwrap_or_default();
        Self::new(executable, &columns.collect::<Vec<_>>(), rng)
    }

    pub(super) fn new(executable: &str, args: &[&str], rng: &mut Rng) -> Self {
        let args: Vec<String> = args.iter().map(|arg| filled(arg, rng)).collect();
        let name = executable.rsplit('/').next().unwrap_or(executable);
        let list = args.join("\",\"");
        let count = args.len();
        let common = format!(r#""args":["{list}"],"args_count":{count},"executable":"{executable}""#);
        Self { identity: format!(r#"{common},"name":"{name}""#), command_line: args.join(" "), previous: common }
    }
}

/// `text` with each `{}` replaced by a random number.
pub(super) fn filled(text: &str, rng: &mut Rng) -> String {
    let mut pieces = text.split("{}");
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        whole.push_str(&rng.below(100_000).to_string());
        whole.push_str(piece);
    }
    whole
}

pub(super) fn file_identity(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => {
            format!(r#""path":"{path}","extension":"{extension}","name":"{name}""#)
        }
        _ => format!(r#""path":"{path}","name":"{name}""#),
    }
}

pub(super) struct Host {
    /// The member `agent` of its events, and `elastic`.
    pub(super) agent: String,
    /// The member `host` of its events.
    pub(super) host: String,
    pub(super) address: String,
}

impl Host {
    pub(super) fn new(number: u64, system: &str, rng: &mut Rng) -> Self {
        let role = *rng.pick(&["web", "db", "ci", "build", "mail", "edge", "queue", "login"]);
        let name = format!("{role}-{number:02}");
        let mut line = Line(Vec::new());
        line.hex(rng, 32);
        let id = String::from_utf8_lossy(&line.0).into_owned();
        let (a, b, c) = (rng.next_u64(), rng.next_u64() & 0xffff, rng.next_u64() >> 16);
        let agent = format!("{:08x}-{b:04x}-4{:03x}-a{:03x}-{c:012x}", a >> 32, a & 0xfff, b & 0xfff);
        let (net, node) = (rng.below(200), 1 + rng.below(250));
        let address = format!("10.{net}.0.{node}");
        let mut system = system.split(" | ");
        let mut column = || system.next().unwrap_or_default();
        let (variant, family, version, kernel) = (column(), column(), column(), column());
        Self {
            agent: format!(
                r#""agent":{{"id":"{agent}","type":"endpoint","version":"8.17.4"}},"elastic":{{"agent":{{"id":"{agent}"}}}}"#
            ),
            host: format!(
                concat!(
                    r#""host":{{"hostname":"{name}","os":{{"Ext":{{"variant":"{variant}"}},"kernel":"{kernel}","#,
                    r#""name":"Linux","family":"{family}","type":"linux","version":"{version}","platform":"{family}","#,
                    r#""full":"{variant} {version}"}},"ip":["127.0.0.1","::1","{address}","#,
                    r#""fe80::4001:aff:fe{node:02x}:{net:x}"],"name":"{name}","id":"{id}","#,
                    r#""mac":["42-01-0a-{net:02x}-00-{node:02x}"],"architecture":"x86_64"}}"#
                ),
                name = name,
                variant = variant,
                kernel = kernel,
                family = family,
                version = version,
                address = address,
                node = node,
                net = net,
                id = id,
            ),
            address,
        }
    }
}

pub(super) struct User {
    pub(super) name: &'static str,
    pub(super) home: &'static str,
    /// The members `name` and `id`.
    pub(super) user: &'static str,
    /// The members `name` and `id` of its group.
    pub(super) group: &'static str,
}

/// 128 random bits in base64, as Defend writes entity and event ids.
pub(super) type Id = [u8; 22];

impl Rng {
    pub(super) fn id(&mut self) -> Id {
        const DIGITS: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut bits = (u128::from(self.next_u64()) << 64) | u128::from(self.next_u64());
        std::array::from_fn(|_| {
            let digit = DIGITS.get((bits & 63) as usize).copied().unwrap_or(b'A');
            bits >>= 6;
            digit
        })
    }
}
