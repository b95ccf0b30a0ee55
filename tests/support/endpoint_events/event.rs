//! One event, written member by member.

use super::line::Line;
use super::tables::{ROOT, USERS};
use super::world::{Host, Id, Image, User, World};
use crate::rng::Rng;

#[derive(Clone, Copy)]
pub(super) enum Action {
    Fork,
    Exec,
    End,
}

/// One event in the making.
pub(super) struct Event<'a> {
    pub(super) world: &'a World,
    pub(super) number: u64,
    pub(super) at: i64,
    pub(super) host: &'a Host,
    pub(super) user: &'a User,
    pub(super) ancestry: [Id; 5],
    pub(super) pid: u64,
    pub(super) interactive: bool,
}

impl<'a> Event<'a> {
    pub(super) fn new(world: &'a World, rng: &mut Rng, number: u64, at: i64) -> Self {
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

    pub(super) fn install(&mut self, line: &mut Line, rng: &mut Rng, parent: &str) {
        self.user = &ROOT;
        let parent = Image::new(parent, &[parent, "--once"], rng);
        let image = rng.pick(&self.world.installs);
        self.write_process(line, rng, Action::Exec, image, &parent);
    }

    pub(super) fn process(&self, line: &mut Line, rng: &mut Rng, action: Action) {
        let image = rng.pick(&self.world.images);
        let parent = match action {
            Action::Fork => image,
            Action::Exec | Action::End => rng.pick(&self.world.images),
        };
        self.write_process(line, rng, action, image, parent);
    }

    pub(super) fn write_process(&self, line: &mut Line, rng: &mut Rng, action: Action, image: &Image, parent: &Image) {
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

    pub(super) fn file(&self, line: &mut Line, rng: &mut Rng) {
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

    pub(super) fn network(&self, line: &mut Line, rng: &mut Rng) {
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
    pub(super) fn write_subject(&self, line: &mut Line, rng: &mut Rng) {
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

    pub(super) fn write_ancestry(&self, line: &mut Line) {
        line.text("\"Ext\":{\"ancestry\":[");
        for (place, id) in self.ancestry.iter().enumerate() {
            line.text(if place == 0 { "\"" } else { "\",\"" }).id(*id);
        }
        line.text("\"]}");
    }

    /// The members that every process in an event has.
    pub(super) fn write_actor(&self, line: &mut Line, image: &Image, id: Id, pid: u64, whole: bool) {
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
    pub(super) fn write_entry(&self, line: &mut Line, rng: &mut Rng, image: &Image) {
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
    pub(super) fn write_rest(&self, line: &mut Line, rng: &mut Rng, category: &str, action: &str, kind: &str) {
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

    pub(super) fn parent_id(&self) -> Id {
        self.ancestry[0]
    }

    pub(super) fn session_id(&self) -> Id {
        self.ancestry[2]
    }
}
