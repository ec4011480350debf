#!/usr/bin/env node
// @ts-nocheck: a program of its own, copied to where it is run
/**
 * As much of nmcli 1.42 as the firmware uses: terse output with its escapes, exit codes, and a key file's reader. Its
 * world is the JSON file that FAKE_NMCLI names; what it was called with goes to the file beside it, ".calls".
 */
import { appendFileSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { argv, env, exit, stderr, stdout } from "node:process";

const file = env.FAKE_NMCLI ?? "";
const world = JSON.parse(readFileSync(file, "utf8"));
const args = argv.slice(2);
appendFileSync(`${file}.calls`, `${JSON.stringify(args)}\n`);

const fail = (code, text) => {
  stderr.write(`${text}\n`);
  exit(code);
};
if (world.problem === "no-bus")
  fail(1, "Error: Could not create NMClient object: Could not connect: No such file or directory.");
if (world.problem === "not-running") fail(8, "Error: NetworkManager is not running.");
if (world.problem === "flood") {
  // One call may write less than all of it.
  for (let left = 400 * 1024; left > 0; ) left -= writeSync(1, "x".repeat(left));
  exit(0);
}

let fields = [];
const words = [];
for (let at = 0; at < args.length; at++) {
  if (args[at] === "-t") continue;
  else if (args[at] === "-e") at++;
  else if (args[at] === "-f") fields = (args[++at] ?? "").split(",");
  else words.push(args[at]);
}
const shown = (value) => (env.LC_ALL === "C" ? value.replaceAll(/[^\x20-\x7e]/g, "?") : value);
const escaped = (value) => shown(value).replaceAll("\\", "\\\\").replaceAll(":", "\\:");
const print = (rows) => {
  for (const row of rows)
    stdout.write(`${fields.map((name) => escaped(String(row[name] ?? ""))).join(":")}\n`);
};
const save = () => writeFileSync(file, JSON.stringify(world));

switch (words.slice(0, 3).join(" ")) {
  case "general status":
    print([
      { STATE: "connected", CONNECTIVITY: "full", "WIFI-HW": "enabled", WIFI: "enabled", ...world.general },
    ]);
    break;
  case "device status":
    print(world.devices);
    break;
  case "device wifi list":
    print(world.seen);
    break;
  case "connection show":
    print(world.saved);
    break;
  case "connection show uuid":
    if (!world.saved.some(({ UUID }) => UUID === words[3]))
      fail(10, `Error: ${words[3]} - no such connection profile.`);
    stdout.write(`connection.uuid:${words[3]}\n`);
    break;
  case `connection load ${words[2]}`:
    load(words[2]);
    break;
  case "connection delete uuid": {
    if (world.problem === "denied") fail(1, "Error: Connection deletion failed: Insufficient privileges");
    const found = world.saved.find(({ UUID }) => UUID === words[3]);
    if (found === undefined) fail(10, "Error: unknown connection");
    if (found.path) rmSync(found.path);
    world.saved = world.saved.filter((each) => each !== found);
    save();
    break;
  }
  default:
    fail(2, `Error: invalid: ${words.join(" ")}`);
}

/** Says nothing by its exit code of a file that it does not take, as the real one. */
function load(path) {
  const text = readFileSync(path, "utf8");
  if ((statSync(path).mode & 0o077) !== 0 || world.problem === "loads-nothing")
    return stderr.write(`Could not load file '${path}'\n`);
  const found = {};
  let section = "";
  for (const line of text.split("\n")) {
    const name = /^\[(.*)\]$/.exec(line)?.[1];
    if (name !== undefined) section = name;
    const [, key, value] = /^([^=]+)=\s*(.*)$/.exec(line) ?? [];
    if (key !== undefined)
      found[`${section}.${key}`] = value.replaceAll(/\\(.)/g, (_, sign) => (sign === "s" ? " " : sign));
  }
  const UUID = found["connection.uuid"];
  world.saved = world.saved.filter((each) => each.UUID !== UUID);
  world.saved.push({
    UUID,
    NAME: found["connection.id"],
    TYPE: "802-11-wireless",
    "AUTOCONNECT-PRIORITY": found["connection.autoconnect-priority"],
    ACTIVE: "no",
    path,
    ssid: Buffer.from(found["wifi.ssid"].split(";").filter(Boolean).map(Number)).toString("hex"),
    hidden: found["wifi.hidden"],
    psk: found["wifi-security.psk"],
    keyManagement: found["wifi-security.key-mgmt"],
  });
  save();
}
