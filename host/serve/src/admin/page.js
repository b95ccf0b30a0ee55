"use strict";

const EVERY_MS = 2000;
const byId = (id) => document.getElementById(id);
let last = null;

// Whatever it holds, it is text.
function cell(text, className) {
  const cell = document.createElement("td");
  cell.textContent = text;
  if (className) cell.className = className;
  return cell;
}

function row(...cells) {
  const row = document.createElement("tr");
  row.append(...cells);
  return row;
}

function fill(id, rows, empty, columns) {
  if (rows.length === 0) {
    const none = cell(empty, "empty");
    none.colSpan = columns;
    rows = [row(none)];
  }
  byId(id).replaceChildren(...rows);
}

function time(ms) {
  return ms ? new Date(ms).toLocaleString() : "";
}

function number(value) {
  return value === null || value === undefined ? "–" : value.toLocaleString();
}

function showState(status) {
  const troubles = [];
  if (status.detection) troubles.push("DETECTION IS OFF: " + status.detection);
  if (status.alerts) troubles.push("ALERTS ARE NOT WRITTEN: " + status.alerts);
  byId("state").textContent = troubles.join(" · ") || "Detection is on, alerts are taken.";
  byId("state").className = troubles.length ? "bad" : "";
}

function showNumbers(status) {
  const learning = status.rules.filter((rule) => rule.learning_until > Date.now()).length;
  const all = [
    ["Documents", status.documents],
    ["Rules", status.rules.length],
    ["Rules that learn", learning],
    ["Terms seen", status.terms],
    ["Alerts that wait", status.outbox_alerts],
    ["Connections", status.connections],
    ["Bytes in flight", status.in_flight_bytes],
  ];
  byId("numbers").replaceChildren(...all.map(([name, value]) => {
    const pair = document.createElement("div");
    const term = document.createElement("dt");
    const detail = document.createElement("dd");
    term.textContent = name;
    detail.textContent = number(value);
    pair.append(term, detail);
    return pair;
  }));
}

function showRules() {
  if (!last) return;
  const wanted = byId("filter").value.toLowerCase();
  const rules = last.rules.filter((rule) => rule.name.toLowerCase().includes(wanted));
  rules.sort((a, b) => b.alerts - a.alerts || b.matches - a.matches || a.name.localeCompare(b.name));
  fill("rules", rules.map((rule) => row(
    cell(rule.name),
    cell(rule.type),
    cell(number(rule.matches), "number"),
    cell(number(rule.alerts), "number"),
    cell(rule.learning_until > Date.now() ? time(rule.learning_until) : "", "time"),
  )), "No rule runs.", 5);
}

function show(status) {
  last = status;
  byId("version").textContent = status.version;
  showState(status);
  showNumbers(status);
  fill("alerts", status.last_alerts.map((alert) =>
    row(cell(time(alert.at_ms), "time"), cell(alert.rule), cell(alert.term))), "None so far.", 3);
  fill("upstream", status.upstream.map((node) =>
    row(cell(node.node), cell(node.trouble || "answers", node.trouble ? "trouble" : ""))), "", 2);
  showRules();
}

async function ask() {
  try {
    const answer = await fetch("/status.json", { cache: "no-store" });
    show(await answer.json());
  } catch (error) {
    byId("state").textContent = "Firstseen does not answer.";
    byId("state").className = "bad";
  }
  setTimeout(ask, EVERY_MS);
}

byId("filter").addEventListener("input", showRules);
ask();
