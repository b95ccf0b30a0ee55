//! Elastic Defend events from a seed: Linux process, file and network events
//! in the shape Defend 8.17 writes them, about 3.1 KB each, with now and then
//! a `dpkg -i` among them.
//!
//! They differ in ids, hashes, times, lengths and escapes. Apart from the
//! installs no event matches the built-in rule, although some name `dpkg`.

use std::io;

/// What to generate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mix {
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// Number of events.
    pub events: u64,
    /// Every n-th event is a `dpkg -i` on average: one in each run of n
    /// events, at a random place. 0: none.
    pub install_every: u64,
    /// Number of distinct parents of installs, that is of new terms. Their
    /// first occurrences are spread over the whole run; with fewer installs
    /// than parents each install has its own. 0: no installs.
    pub parents: u64,
    /// `@timestamp` of the first event, in milliseconds since 1970. Years
    /// outside 0 to 9999 become the nearest of these.
    pub start_ms: i64,
    /// Milliseconds from one event to the next.
    pub step_ms: u64,
}

/// What was generated.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Written {
    /// Number of events, each on a line of its own.
    pub events: u64,
    /// Number of bytes, newlines included.
    pub bytes: u64,
    /// How many of the events are installs.
    pub installs: u64,
    /// How many distinct parents these have.
    pub parents_used: u64,
}

/// Size from which the buffer is handed to the writer, in bytes.
const CHUNK: usize = 1 << 20;

/// Writes the events as NDJSON.
///
/// # Errors
///
/// Only those of `out`.
pub fn write_events(mix: &Mix, out: &mut dyn io::Write) -> io::Result<Written> {
    let mut rng = Rng(mix.seed);
    let world = World::new(&mut rng);
    let mut schedule = Schedule::new(mix);
    let mut line = Line(Vec::with_capacity(CHUNK + 16 * 1024));
    let mut written = Written::default();

    for number in 0..mix.events {
        let offset = i64::try_from(number.saturating_mul(mix.step_ms)).unwrap_or(i64::MAX);
        let at = mix.start_ms.saturating_add(offset).clamp(YEAR_0, YEAR_9999);
        let mut event = Event::new(&world, &mut rng, number, at);
        match schedule.parent_of(number, &mut rng) {
            Some(parent) => {
                written.installs += 1;
                event.install(&mut line, &mut rng, &install_parent(parent));
            }
            None => match rng.below(100) {
                0..22 => event.process(&mut line, &mut rng, Action::Exec),
                22..34 => event.process(&mut line, &mut rng, Action::Fork),
                34..40 => event.process(&mut line, &mut rng, Action::End),
                40..70 => event.file(&mut line, &mut rng),
                _ => event.network(&mut line, &mut rng),
            },
        }
        line.text("\n");
        if line.0.len() >= CHUNK {
            written.bytes += line.0.len() as u64;
            out.write_all(&line.0)?;
            line.0.clear();
        }
    }
    written.bytes += line.0.len() as u64;
    out.write_all(&line.0)?;
    written.events = mix.events;
    written.parents_used = schedule.introduced;
    Ok(written)
}

/// Which events are installs, and by which parent.
struct Schedule {
    every: u64,
    parents: u64,
    /// Installs that are certain to come; the last, shorter run of events may
    /// add one.
    certain: u64,
    installs: u64,
    introduced: u64,
    /// Place of the install within the current run of `every` events.
    place: u64,
}

impl Schedule {
    fn new(mix: &Mix) -> Self {
        let every = if mix.parents == 0 { 0 } else { mix.install_every };
        Self {
            every,
            parents: mix.parents,
            certain: mix.events.checked_div(every).unwrap_or(0).max(1),
            installs: 0,
            introduced: 0,
            place: 0,
        }
    }

    fn parent_of(&mut self, number: u64, rng: &mut Rng) -> Option<u64> {
        let place = number.checked_rem(self.every)?;
        if place == 0 {
            self.place = rng.below(self.every);
        }
        if place != self.place {
            return None;
        }
        let due = u128::from(self.installs) * u128::from(self.parents) / u128::from(self.certain);
        self.installs += 1;
        if self.introduced < self.parents && u128::from(self.introduced) <= due {
            self.introduced += 1;
            return Some(self.introduced - 1);
        }
        Some(rng.below(self.introduced))
    }
}

/// Executable of the n-th parent of installs, escaped for JSON.
fn install_parent(n: u64) -> String {
    if let Some(known) = usize::try_from(n).ok().and_then(|n| INSTALLERS.lines().nth(n)) {
        return known.to_owned();
    }
    match n % 8 {
        0 => format!("/opt/agents/update-{n:06}/bin/updater"),
        1 => format!("/usr/local/lib/fleet/releases/{n}/fleetd"),
        2 => format!("/srv/ci/runner-{n}/externals/node20/bin/node"),
        3 => format!("/var/lib/docker/overlay2/{:016x}/merged/usr/bin/bash", mixed(n)),
        4 => format!(r"/home/ren\u00e9/.cache/installer-{n}/run.sh"),
        5 => format!("/tmp/.{:016x}/sh", mixed(n)),
        6 => format!("/home/deploy/venvs/tool {n}/bin/python3.11"),
        _ => format!("/usr/lib/vendor/{n:05x}/postinstall-helper"),
    }
}

#[derive(Clone, Copy)]
enum Action {
    Fork,
    Exec,
    End,
}

/// One event in the making.
struct Event<'a> {
    world: &'a World,
    number: u64,
    at: i64,
    host: &'a Host,
    user: &'a User,
    ancestry: [Id; 5],
    pid: u64,
    interactive: bool,
}

impl<'a> Event<'a> {
    fn new(world: &'a World, rng: &mut Rng, number: u64, at: i64) -> Self {
        Self {
            world,
            number,
            at,
            host: rng.pick(&world.hosts),
            user: rng.pick(USERS),
            ancestry: std::array::from_fn(|_| rng.id()),
            pid: 900 + rng.below(4_000_000),
            interactive: rng.below(3) == 0,
        }
    }

    fn install(&mut self, line: &mut Line, rng: &mut Rng, parent: &str) {
        self.user = &ROOT;
        let parent = Image::new(parent, &[parent, "--once"], rng);
        let image = rng.pick(&self.world.installs);
        self.write_process(line, rng, Action::Exec, image, &parent);
    }

    fn process(&self, line: &mut Line, rng: &mut Rng, action: Action) {
        let image = rng.pick(&self.world.images);
        let parent = match action {
            Action::Fork => image,
            Action::Exec | Action::End => rng.pick(&self.world.images),
        };
        self.write_process(line, rng, action, image, parent);
    }

    fn write_process(&self, line: &mut Line, rng: &mut Rng, action: Action, image: &Image, parent: &Image) {
        let id = rng.id();
        let (name, kind) = match action {
            Action::Fork => ("fork", "start"),
            Action::Exec => ("exec", "start"),
            Action::End => ("end", "end"),
        };
        line.text("{").text(&self.host.agent).text(",\"process\":{");
        self.write_ancestry(line);
        line.text(",\"parent\":{");
        self.write_actor(line, parent, self.parent_id(), self.pid - 1, true);
        line.text("},\"group_leader\":{");
        self.write_actor(line, image, id, self.pid, false);
        line.text(",\"same_as_process\":true},");
        if matches!(action, Action::Exec) {
            line.text("\"previous\":[{").text(&parent.previous).text("}],");
        }
        self.write_actor(line, image, id, self.pid, true);
        line.text(",\"session_leader\":{");
        let session = rng.pick(&self.world.shells);
        self.write_actor(line, session, self.session_id(), self.pid - 40, false);
        line.text(",\"same_as_process\":false},\"entry_leader\":{");
        self.write_entry(line, rng, session);
        line.text("}");
        if !matches!(action, Action::Fork) {
            line.text(",\"hash\":{\"sha1\":\"").hex(rng, 40);
            line.text("\",\"sha256\":\"").hex(rng, 64);
            line.text("\",\"md5\":\"").hex(rng, 32);
            line.text("\"},\"code_signature\":{\"exists\":false}");
        }
        if matches!(action, Action::End) {
            line.text(",\"exit_code\":").number(rng.below(8).saturating_sub(6));
        }
        line.text("},");
        self.write_rest(line, rng, "process", name, kind);
    }

    fn file(&self, line: &mut Line, rng: &mut Rng) {
        let (action, kind) = *rng.pick(&[
            ("creation", "creation"),
            ("creation", "creation"),
            ("modification", "change"),
            ("rename", "change"),
            ("deletion", "deletion"),
        ]);
        self.write_subject(line, rng);
        let file = rng.pick(&self.world.files);
        line.text(",\"file\":{");
        if action == "rename" {
            let before = rng.pick(&self.world.files);
            line.text("\"Ext\":{\"original\":{").text(before).text("}},");
        }
        line.text(file).text(",\"size\":").number(rng.below(9_000_000));
        line.text(",\"inode\":\"").number(rng.below(90_000_000)).text("\",\"mode\":\"0644\",\"mtime\":\"");
        line.time(self.at).text("\",\"owner\":\"");
        line.text(self.user.name).text("\"},");
        self.write_rest(line, rng, "file", action, kind);
    }

    fn network(&self, line: &mut Line, rng: &mut Rng) {
        let (action, kind, direction) = *rng.pick(&[
            ("connection_attempted", "start", "egress"),
            ("connection_attempted", "start", "egress"),
            ("connection_accepted", "start", "ingress"),
            ("disconnect_received", "end", "egress"),
        ]);
        self.write_subject(line, rng);
        let mut near = self.host.address.clone();
        let mut far = format!("{}.{}.{}.{}", 11 + rng.below(180), rng.below(256), rng.below(256), 1 + rng.below(254));
        if direction == "ingress" {
            std::mem::swap(&mut near, &mut far);
        }
        let service = *rng.pick(&[22, 53, 80, 443, 443, 443, 5432, 6379, 8220, 9200]);
        line.text(",\"source\":{\"address\":\"").text(&near);
        line.text("\",\"ip\":\"").text(&near).text("\",\"port\":");
        line.number(32_768 + rng.below(28_000)).text(",\"bytes\":");
        line.number(rng.below(200_000));
        line.text("},\"destination\":{\"address\":\"").text(&far);
        line.text("\",\"ip\":\"").text(&far).text("\",\"port\":");
        line.number(service).text(",\"bytes\":");
        line.number(rng.below(3_000_000));
        line.text("},\"network\":{\"transport\":\"tcp\",\"type\":\"ipv4\",\"direction\":\"");
        line.text(direction).text("\"},");
        self.write_rest(line, rng, "network", action, kind);
    }

    /// The process a file or network event is about. Defend names its
    /// forebears more briefly there.
    fn write_subject(&self, line: &mut Line, rng: &mut Rng) {
        let image = rng.pick(&self.world.images);
        let parent = rng.pick(&self.world.images);
        let id = rng.id();
        line.text("{").text(&self.host.agent).text(",\"process\":{");
        self.write_ancestry(line);
        line.text(",\"parent\":{\"pid\":").number(self.pid - 1);
        line.text(",\"entity_id\":\"").id(self.parent_id());
        line.text("\",").text(&parent.identity);
        line.text("},\"group_leader\":{\"entity_id\":\"").id(id);
        line.text("\",\"pid\":").number(self.pid);
        line.text("},\"session_leader\":{\"entity_id\":\"");
        line.id(self.session_id()).text("\",\"pid\":");
        line.number(self.pid - 40);
        line.text("},\"entry_leader\":{\"entity_id\":\"");
        line.id(self.ancestry[3]).text("\",\"pid\":");
        line.number(self.pid - 80);
        line.text(",\"parent\":{\"entity_id\":\"");
        line.id(self.ancestry[4]).text("\"}},");
        self.write_actor(line, image, id, self.pid, true);
        line.text("}");
    }

    fn write_ancestry(&self, line: &mut Line) {
        line.text("\"Ext\":{\"ancestry\":[");
        for (place, id) in self.ancestry.iter().enumerate() {
            line.text(if place == 0 { "\"" } else { "\",\"" }).id(*id);
        }
        line.text("\"]}");
    }

    /// The members that every process in an event has.
    fn write_actor(&self, line: &mut Line, image: &Image, id: Id, pid: u64, whole: bool) {
        let user = self.user;
        line.text("\"real_user\":{").text(user.user).text("},");
        line.text("\"interactive\":").truth(self.interactive);
        line.text(",\"start\":\"").time(self.at - 17 * (pid % 600) as i64);
        line.text("\",\"pid\":").number(pid);
        line.text(",\"working_directory\":\"").text(user.home);
        line.text("\",\"entity_id\":\"").id(id).text("\",");
        line.text(&image.identity);
        if self.interactive {
            line.text(",\"tty\":{\"char_device\":{\"major\":136,\"minor\":");
            line.number(pid % 8).text("}}");
        }
        line.text(",\"real_group\":{").text(user.group).text("},\"user\":{");
        line.text(user.user).text("},\"group\":{").text(user.group);
        line.text("}");
        if whole {
            line.text(",\"command_line\":\"").text(&image.command_line);
            line.text("\"");
        }
    }

    /// The members of the process the session entered by.
    fn write_entry(&self, line: &mut Line, rng: &mut Rng, image: &Image) {
        line.text("\"parent\":{\"start\":\"").time(self.at - 7_200_000);
        line.text("\",\"pid\":").number(self.pid - 90).text(",\"entity_id\":\"");
        line.id(self.ancestry[4]).text("\"},\"entry_meta\":{");
        if self.interactive {
            line.text("\"source\":{\"ip\":\"10.").number(rng.below(256));
            line.text(".").number(rng.below(256)).text(".");
            line.number(1 + rng.below(254)).text("\"},\"type\":\"sshd\"},");
        } else {
            line.text("\"type\":\"init\"},");
        }
        self.write_actor(line, image, self.ancestry[3], self.pid - 80, false);
        line.text(",\"same_as_process\":false");
    }

    /// The members after those that differ by the kind of event.
    fn write_rest(&self, line: &mut Line, rng: &mut Rng, category: &str, action: &str, kind: &str) {
        line.text("\"@timestamp\":\"").time(self.at);
        line.text("\",\"ecs\":{\"version\":\"8.10.0\"},\"data_stream\":{\"namespace\":\"default\",");
        line.text("\"type\":\"logs\",\"dataset\":\"endpoint.events.").text(category);
        line.text("\"},").text(&self.host.host);
        line.text(",\"event\":{\"agent_id_status\":\"verified\",\"sequence\":");
        line.number(self.number).text(",\"created\":\"").time(self.at);
        line.text("\",\"kind\":\"event\",\"module\":\"endpoint\",\"action\":[\"");
        line.text(action).text("\"],\"id\":\"").id(rng.id()).text("++");
        line.text("\",\"category\":[\"").text(category);
        line.text("\"],\"type\":[\"").text(kind);
        line.text("\"],\"dataset\":\"endpoint.events.").text(category);
        line.text("\",\"outcome\":\"unknown\"},\"message\":\"Endpoint ").text(category);
        line.text(" event\",\"user\":{\"Ext\":{\"real\":{");
        line.text(self.user.user).text("}},").text(self.user.user);
        line.text("},\"group\":{\"Ext\":{\"real\":{");
        line.text(self.user.group).text("}},").text(self.user.group);
        line.text("}}");
    }

    fn parent_id(&self) -> Id {
        self.ancestry[0]
    }

    fn session_id(&self) -> Id {
        self.ancestry[2]
    }
}

/// What the events are drawn from, in pieces of finished JSON: most of an
/// event's bytes are copied, so that generating outruns what is measured.
struct World {
    hosts: Vec<Host>,
    images: Vec<Image>,
    shells: Vec<Image>,
    installs: Vec<Image>,
    files: Vec<String>,
}

impl World {
    fn new(rng: &mut Rng) -> Self {
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
struct Image {
    /// The members `executable`, `args`, `args_count` and `name`.
    identity: String,
    /// The members of an entry of `previous`.
    previous: String,
    command_line: String,
}

impl Image {
    /// Of a row of the tables below: executable and arguments.
    fn of_row(row: &str, rng: &mut Rng) -> Self {
        let mut columns = row.split(" | ");
        let executable = columns.next().unwrap_or_default();
        Self::new(executable, &columns.collect::<Vec<_>>(), rng)
    }

    fn new(executable: &str, args: &[&str], rng: &mut Rng) -> Self {
        let args: Vec<String> = args.iter().map(|arg| filled(arg, rng)).collect();
        let name = executable.rsplit('/').next().unwrap_or(executable);
        let list = args.join("\",\"");
        let count = args.len();
        let common = format!(r#""args":["{list}"],"args_count":{count},"executable":"{executable}""#);
        Self { identity: format!(r#"{common},"name":"{name}""#), command_line: args.join(" "), previous: common }
    }
}

/// `text` with each `{}` replaced by a random number.
fn filled(text: &str, rng: &mut Rng) -> String {
    let mut pieces = text.split("{}");
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        whole.push_str(&rng.below(100_000).to_string());
        whole.push_str(piece);
    }
    whole
}

fn file_identity(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => {
            format!(r#""path":"{path}","extension":"{extension}","name":"{name}""#)
        }
        _ => format!(r#""path":"{path}","name":"{name}""#),
    }
}

struct Host {
    /// The member `agent` of its events, and `elastic`.
    agent: String,
    /// The member `host` of its events.
    host: String,
    address: String,
}

impl Host {
    fn new(number: u64, system: &str, rng: &mut Rng) -> Self {
        let role = *rng.pick(&["web", "db", "ci", "build", "mail", "edge", "queue", "login"]);
        let name = format!("{role}-{number:02}");
        let mut line = Line(Vec::new());
        line.hex(rng, 32);
        let id = String::from_utf8_lossy(&line.0).into_owned();
        let (a, b, c) = (rng.next(), rng.next() & 0xffff, rng.next() >> 16);
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

struct User {
    name: &'static str,
    home: &'static str,
    /// The members `name` and `id`.
    user: &'static str,
    /// The members `name` and `id` of its group.
    group: &'static str,
}

/// 128 random bits in base64, as Defend writes entity and event ids.
type Id = [u8; 22];

/// SplitMix64: small, fast and the same everywhere.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// A number below `bound`, 0 if that is 0.
    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    #[expect(clippy::indexing_slicing, reason = "below() is less than the length, and no list here is empty")]
    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    fn id(&mut self) -> Id {
        const DIGITS: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut bits = (u128::from(self.next()) << 64) | u128::from(self.next());
        std::array::from_fn(|_| {
            let digit = DIGITS.get((bits & 63) as usize).copied().unwrap_or(b'A');
            bits >>= 6;
            digit
        })
    }
}

/// SplitMix64's finaliser: distinct inputs have distinct outputs.
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// 0000-01-01T00:00:00Z in milliseconds since 1970.
const YEAR_0: i64 = -62_167_219_200_000;
/// 9999-12-31T23:59:59.999Z in milliseconds since 1970.
const YEAR_9999: i64 = 253_402_300_799_999;

/// The buffer, with the few formats that an event needs.
struct Line(Vec<u8>);

impl Line {
    fn text(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    fn id(&mut self, id: Id) -> &mut Self {
        self.0.extend_from_slice(&id);
        self
    }

    fn truth(&mut self, truth: bool) -> &mut Self {
        self.text(if truth { "true" } else { "false" })
    }

    fn number(&mut self, number: u64) -> &mut Self {
        let digits = number.checked_ilog10().unwrap_or(0) + 1;
        self.digits(number, digits)
    }

    fn digits(&mut self, number: u64, digits: u32) -> &mut Self {
        let mut power = 10_u64.pow(digits - 1);
        for _ in 0..digits {
            self.0.push(b'0' + (number / power % 10) as u8);
            power /= 10;
        }
        self
    }

    fn hex(&mut self, rng: &mut Rng, digits: usize) -> &mut Self {
        let mut bits = 0;
        for place in 0..digits {
            if place % 16 == 0 {
                bits = rng.next();
            }
            let digit = (bits & 15) as u8;
            self.0.push(digit + if digit < 10 { b'0' } else { b'a' - 10 });
            bits >>= 4;
        }
        self
    }

    /// ISO 8601 in UTC with milliseconds.
    fn time(&mut self, ms: i64) -> &mut Self {
        let ms = ms.clamp(YEAR_0, YEAR_9999);
        let (day, rest) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000) as u64);
        // Howard Hinnant's civil_from_days: years that begin in March, in eras
        // of 400 years.
        let day = day + 719_468;
        let (era, day) = (day.div_euclid(146_097), day.rem_euclid(146_097));
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year + era * 400 + i64::from(month <= 2);
        self.digits(year as u64, 4).text("-");
        self.digits(month as u64, 2).text("-");
        self.digits(day as u64, 2).text("T");
        self.digits(rest / 3_600_000, 2).text(":");
        self.digits(rest / 60_000 % 60, 2).text(":");
        self.digits(rest / 1000 % 60, 2).text(".");
        self.digits(rest % 1000, 3).text("Z")
    }
}

// All texts below stand in JSON strings as they are: `\"`, `\\` and `\u00e9`
// are meant to reach the event.

const ROOT: User =
    User { name: "root", home: "/root", user: r#""name":"root","id":0"#, group: r#""name":"root","id":0"# };

const USERS: &[User] = &[
    ROOT,
    ROOT,
    User {
        name: "www-data",
        home: "/var/www",
        user: r#""name":"www-data","id":33"#,
        group: r#""name":"www-data","id":33"#,
    },
    User {
        name: "postgres",
        home: "/var/lib/postgresql",
        user: r#""name":"postgres","id":113"#,
        group: r#""name":"postgres","id":120"#,
    },
    User {
        name: "jenkins",
        home: "/var/lib/jenkins/workspace/nightly",
        user: r#""name":"jenkins","id":997"#,
        group: r#""name":"jenkins","id":996"#,
    },
    User { name: "mara", home: "/home/mara", user: r#""name":"mara","id":1000"#, group: r#""name":"staff","id":50"# },
    User {
        name: "svc-backup",
        home: "/srv/backup",
        user: r#""name":"svc-backup","id":1203"#,
        group: r#""name":"backup","id":34"#,
    },
];

/// Variant, family, version and kernel of a host.
const SYSTEMS: &str = "\
Debian | debian | 12.10 | 6.1.0-31-cloud-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.128-1 (2025-02-07)
Debian | debian | 13.2 | 6.12.57+deb13-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.12.57-1 (2025-11-05)
Ubuntu | debian | 24.04.3 | 6.8.0-87-generic #88-Ubuntu SMP PREEMPT_DYNAMIC Sat Oct 11 09:28:41 UTC 2025";

/// Parents of installs that occur first.
const INSTALLERS: &str = "\
/usr/bin/bash
/usr/bin/sudo
/usr/bin/dash
/usr/bin/python3.11
/usr/bin/zsh
/usr/bin/make
/usr/bin/perl
/usr/bin/xargs
/usr/bin/env
/usr/sbin/chroot
/usr/lib/systemd/systemd
/usr/bin/gdebi
/opt/puppetlabs/puppet/bin/ruby
/opt/chef/embedded/bin/ruby
/usr/bin/salt-minion
/usr/sbin/cron";

/// Executable and arguments of session leaders.
const SHELLS: &str = "\
/usr/bin/bash | -bash
/usr/bin/dash | sh | /usr/sbin/service-loop
/usr/bin/zsh | -zsh
/usr/lib/systemd/systemd | /sbin/init | splash
/usr/sbin/cron | /usr/sbin/cron | -f | -P
/usr/bin/containerd-shim-runc-v2 | containerd-shim-runc-v2 | -namespace | moby";

/// Executable and arguments of installs.
const INSTALLS: &str = "\
/usr/bin/dpkg | dpkg | -i | node-exporter_1.8.{}-1_amd64.deb
/usr/bin/dpkg | dpkg | --install | /srv/drop/libfoo1_1.4.{}-1_amd64.deb
/usr/bin/dpkg | /usr/bin/dpkg | --force-confold | -i | /var/cache/rollout/{}/zabbix-agent2_7.0.6-1_amd64.deb
/usr/bin/dpkg | dpkg | --root=/srv/chroot/{} | --force-depends | -i | hello_2.10-3_amd64.deb";

/// Executable and arguments of all other processes.
const PROGRAMS: &str = r#"/usr/bin/bash | bash | -c | test -d \"/srv/app {}\" && exec /srv/app/run --port={}
/usr/bin/bash | /bin/bash | /usr/local/bin/rotate-logs.sh | --keep | {}
/usr/bin/dash | sh | -c | run-parts --report /etc/cron.hourly
/usr/bin/grep | grep | -i | -rn | error=\"{}\" | /var/log/app
/usr/bin/sed | sed | -i | s/\\bport={}\\b/port={}/ | /etc/app/app.conf
/usr/bin/gawk | awk | -F: | $3 >= {} { print $1 \"\\t\" $7 } | /etc/passwd
/usr/bin/find | find | /var/tmp | -type | f | -mmin | +{} | -delete
/usr/bin/tar | tar | -czf | /srv/backup/home-{}.tar.gz | --exclude=.cache | /home
/usr/bin/rsync | rsync | -a | --delete | /srv/data/ | backup@10.4.0.{}:/srv/mirror/
/usr/bin/curl | curl | -fsS | -H | Accept: \"application/json\" | http://localhost:{}/health
/usr/bin/wget | wget | -q | -O | /tmp/list-{}.txt | https://mirror.example.org/list
/usr/bin/ssh | ssh | -o | BatchMode=yes | -p | 22 | deploy@app-{}.example.org | uptime
/usr/sbin/sshd | sshd: mara [priv]
/usr/bin/sudo | sudo | -u | postgres | psql | -c | select {}
/usr/bin/python3.11 | python3 | -m | worker.main | --queue | mail | --shard={}
/usr/bin/python3.11 | /usr/bin/python3 | /usr/bin/unattended-upgrade | --download-only
/usr/bin/perl | perl | -ne | print if m{^\\d+ \\w+ {}} | /var/log/mail.log
/usr/bin/node | node | --max-old-space-size={} | /srv/web/dist/server.js
/usr/lib/jvm/java-21-openjdk-amd64/bin/java | java | -Xmx{}m | -jar | /opt/search/lib/search.jar
/usr/lib/postgresql/16/bin/postgres | postgres: 16/main: app app 10.4.0.9({}) SELECT
/usr/sbin/nginx | nginx: worker process {}
/usr/sbin/php-fpm8.2 | php-fpm: pool www | {}
/usr/bin/redis-server | /usr/bin/redis-server 127.0.0.1:{}
/usr/bin/git | git | -c | gc.auto=0 | fetch | --prune | origin | refs/pull/{}/head
/usr/bin/make | make | -j{} | -C | /var/lib/jenkins/workspace/nightly | test
/usr/lib/gcc/x86_64-linux-gnu/12/cc1 | cc1 | -quiet | -O2 | src/unit_{}.c | -o | /tmp/cc{}.s
/usr/bin/x86_64-linux-gnu-ld.bfd | ld | -o | target/app-{} | -z | relro | -lc
/usr/bin/docker | docker | exec | web-{} | sh | -c | echo \"$PATH\"
/usr/bin/runc | runc | --root | /var/run/docker/runtime-runc/moby | start | {}
/usr/bin/kubectl | kubectl | get | pods | -o | jsonpath={.items[{}].metadata.name}
/usr/lib/systemd/systemd | /lib/systemd/systemd | --user | --deserialize={}
/usr/bin/systemctl | systemctl | is-active | app@{}.service
/usr/sbin/cron | /usr/sbin/CRON | -f | -P
/usr/bin/cat | cat | /proc/{}/status
/usr/bin/ls | ls | -i | --color=auto | /srv/release-{}
/usr/bin/sleep | sleep | {}
/usr/bin/id | id | -u
/usr/bin/openssl | openssl | s_client | -connect | mail.example.org:{} | -servername | mail.example.org
/usr/bin/smbclient | smbclient | \\\\fs01\\release | -c | get builds\\{}\\setup.exe
/opt/microsoft/powershell/7/pwsh | pwsh | -NoProfile | -File | C:\\jobs\\sync-{}.ps1
/opt/backup agent/bin/agent | /opt/backup agent/bin/agent | --profile | \"nightly {}\"
/usr/bin/apt-get | apt-get | -qq | update | -o | Acquire::Retries={}
/opt/Elastic/Endpoint/elastic-endpoint | /opt/Elastic/Endpoint/elastic-endpoint | run | {}"#;

/// Like `PROGRAMS`, but rare: a scanner has more work with a line that names
/// `dpkg` or holds a `\u` escape, and few lines do.
const RARE_PROGRAMS: &str = r"/usr/bin/tail | tail | -n | {} | /srv/share/caf\u00e9/orders.log
/usr/bin/dpkg | /usr/bin/dpkg | --status-fd | {} | --configure | --pending
/usr/bin/dpkg-query | dpkg-query | -W | -f=${Version} | libssl3";

/// Paths of files.
const FILES: &str = r"/var/log/app/worker-{}.log
/var/log/app/worker-{}.log.1.gz
/var/log/journal/{}/system@{}.journal
/var/lib/postgresql/16/main/base/16384/{}
/var/lib/postgresql/16/main/pg_wal/0000000100000{}
/var/lib/docker/containers/{}/config.v2.json
/var/lib/docker/overlay2/{}/diff/usr/share/zoneinfo/Europe/Vienna
/var/cache/nginx/proxy/{}/body
/var/tmp/sess_{}
/tmp/cc{}.s
/tmp/pip-unpack-{}/urllib3-2.2.{}-py3-none-any.whl
/srv/web/releases/{}/public/index.html
/srv/web/releases/{}/node_modules/lodash/package.json
/srv/backup/home-{}.tar.gz.part
/srv/mail/queue/active/{}
/home/mara/.cache/thumbnails/{}.png
/srv/share/caf\u00e9/menu-{}.pdf
/srv/share/DOMAIN\\mara/profile-{}.dat
/home/mara/projects/api/target/debug/deps/api-{}.rcgu.o
/var/lib/jenkins/workspace/nightly/build/report-{}.xml
/etc/app/conf.d/{}.conf
/etc/resolv.conf
/run/systemd/journal/streams/.#9:{}
/dev/shm/sem.{}
/var/lib/apt/lists/partial/deb.example.org_dists_stable_{}
/var/lib/dpkg/updates/{}
/var/spool/cron/crontabs/tmp.{}
/var/lib/prometheus/data/wal/{}
/opt/search/data/nodes/0/indices/{}/_state/state-{}.st
/usr/local/share/app/cache {}/index.db";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn mix() -> Mix {
        Mix { seed: 7, events: 2400, install_every: 60, parents: 25, start_ms: 1_795_500_000_000, step_ms: 10 }
    }

    fn generated(mix: &Mix) -> (Written, String) {
        let mut out = Vec::new();
        let written = write_events(mix, &mut out).unwrap();
        (written, String::from_utf8(out).unwrap())
    }

    fn values(text: &str) -> Vec<serde_json::Value> {
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn is_install(event: &serde_json::Value) -> bool {
        let args = event["process"]["args"].as_array().unwrap();
        event["process"]["name"] == "dpkg" && args.iter().any(|arg| arg == "-i" || arg == "--install")
    }

    #[test]
    fn the_seed_decides_every_byte() {
        assert_eq!(generated(&mix()), generated(&mix()));
        let other = Mix { seed: 8, ..mix() };
        assert_ne!(generated(&mix()).1, generated(&other).1);
    }

    #[test]
    fn events_are_json_of_the_stated_size() {
        let (written, text) = generated(&mix());
        assert_eq!(values(&text).len(), 2400);
        assert_eq!(written.events, 2400);
        assert_eq!(written.bytes, text.len() as u64);
        let mean = text.len() / 2400;
        assert!((2800..3400).contains(&mean), "{mean}");
    }

    #[test]
    fn nothing_in_an_event_stands_twice() {
        for line in generated(&mix()).1.lines() {
            // The order is kept and a repeated member would be dropped, so
            // only an event without one keeps its length.
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            let written = value.to_string();
            let escapes = line.matches(r"\u00e9").count() * (r"\u00e9".len() - "é".len());
            assert_eq!(written.len() + escapes, line.len(), "{line}");
        }
    }

    #[test]
    fn kinds_have_their_shares() {
        let events = values(&generated(&mix()).1);
        let share = |category: &str| {
            let of_kind = |event: &&serde_json::Value| event["event"]["category"][0] == category;
            events.iter().filter(of_kind).count() * 100 / events.len()
        };
        assert!((37..45).contains(&share("process")));
        assert!((26..34).contains(&share("file")));
        assert!((26..34).contains(&share("network")));
        let has = |text: &str| events.iter().any(|event| event.to_string().contains(text));
        assert!(has(r#"\""#) && has(r"\\") && has("é"));
        assert!(!has("ingested"));
    }

    #[test]
    fn one_install_in_each_run_of_events() {
        let (written, text) = generated(&mix());
        let events = values(&text);
        assert_eq!(written.installs, 40);
        for run in events.chunks(60) {
            assert_eq!(run.iter().filter(|event| is_install(event)).count(), 1);
        }
    }

    #[test]
    fn every_parent_occurs_and_new_ones_come_to_the_end() {
        let (written, text) = generated(&mix());
        let mut seen = BTreeSet::new();
        let mut last_new = 0;
        for (place, event) in values(&text).iter().enumerate() {
            let parent = event["process"]["parent"]["executable"].to_string();
            if is_install(event) && seen.insert(parent) {
                last_new = place;
            }
        }
        assert_eq!(seen.len(), 25);
        assert_eq!(written.parents_used, 25);
        assert!(last_new > 2200, "{last_new}");
    }

    #[test]
    fn with_few_installs_each_has_its_own_parent() {
        let few = Mix { parents: 1000, ..mix() };
        let (written, _) = generated(&few);
        assert_eq!(written.parents_used, written.installs);
        let none = Mix { install_every: 0, ..mix() };
        assert_eq!(generated(&none).0.installs, 0);
    }

    #[test]
    fn parents_are_distinct() {
        let parents: BTreeSet<String> = (0..20_000).map(install_parent).collect();
        assert_eq!(parents.len(), 20_000);
    }

    #[test]
    fn times_are_calendar_times() {
        let time = |ms| String::from_utf8(Line(Vec::new()).time(ms).0.clone()).unwrap();
        assert_eq!(time(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(time(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(time(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(time(1_795_507_199_999), "2026-11-24T07:59:59.999Z");
        assert_eq!(time(i64::MIN), "0000-01-01T00:00:00.000Z");
        assert_eq!(time(i64::MAX), "9999-12-31T23:59:59.999Z");
    }
}
