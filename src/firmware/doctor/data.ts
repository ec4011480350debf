/** Checks the data folder and the firmware's files in it. Nothing is created, moved or fixed. */
import { dirname, join } from "node:path";
import { parseDurable } from "../../control/durable.ts";
import type { DataFolder } from "../storage/data-folder.ts";
import { decode } from "../storage/state-store.ts";
import { type Finding, fail, ok, skip, warn } from "./finding.ts";
import type { Machine } from "./machine.ts";

const useAnother = "name another folder with --data FOLDER.";

export function checkDataFolder(machine: Machine, { path }: DataFolder): Finding {
  const check = "data-folder";
  const kind = machine.kind(path);
  if (kind === "file") return fail(check, `${path} is a file`, `Remove it, or ${useAnother}`);
  const existing = kind === "folder" ? path : nearestFolder(machine, path);
  const refusal = machine.refusal(existing, "write");
  if (refusal === "EROFS") {
    return fail(check, `${existing} is on a read-only file system`, `Mount it for writing, or ${useAnother}`);
  }
  if (refusal !== undefined) {
    const { name } = machine.user;
    return fail(
      check,
      `${name} may not write to ${existing} (${refusal})`,
      `sudo chown ${name} ${existing}, or ${useAnother}`,
    );
  }
  return ok(check, kind === "folder" ? path : `${path} will be created at the first run`);
}

function nearestFolder(machine: Machine, path: string): string {
  const parent = dirname(path);
  return parent === path || machine.kind(parent) !== undefined ? parent : nearestFolder(machine, parent);
}

/** @param wantedKb what the manifest lets the firmware store */
export function checkFreeSpace(machine: Machine, { path }: DataFolder, wantedKb: number): Finding {
  const check = "free-space";
  const folder = machine.kind(path) === "folder" ? path : nearestFolder(machine, path);
  const free = machine.freeBytes(folder);
  if (free === undefined) return skip(check, `unknown for ${folder}`);
  const detail = `${sizeText(free)} free for ${folder}`;
  if (free >= wantedKb * 1024) return ok(check, detail);
  return fail(
    check,
    `only ${detail}, ${sizeText(wantedKb * 1024)} are needed`,
    `Free space on that disk, or ${useAnother}`,
  );
}

function sizeText(bytes: number): string {
  const mib = bytes / 2 ** 20;
  return mib >= 1024 ? `${(mib / 1024).toFixed(1)} GiB` : `${mib.toFixed(mib < 10 ? 1 : 0)} MiB`;
}

export function checkState(machine: Machine, { stateFile }: DataFolder): Finding {
  const check = "state-file";
  if (machine.kind(stateFile) === undefined)
    return ok(check, "none yet: the device will start with the defaults");
  const text = machine.read(stateFile);
  if (text === undefined) {
    const why = machine.refusal(stateFile, "read") ?? "it is not a file";
    return fail(
      check,
      `${stateFile} cannot be read (${why})`,
      `sudo chown ${machine.user.name} ${stateFile}`,
    );
  }
  const decoded = decode(text);
  const durable = "document" in decoded ? parseDurable(decoded.document) : undefined;
  if (durable === undefined) {
    const reason = "reason" in decoded ? decoded.reason : "its content is not a state of this firmware";
    const remedy =
      "The next run sets the file aside and uses the previous one, or the defaults: check the set-point then.";
    return warn(check, `${stateFile} is damaged: ${reason}`, remedy);
  }
  const { target, mode, counters } = durable;
  return ok(check, `set-point ${target.toFixed(1)} °C, ${mode}, ${counters.relayCycles} relay cycles`);
}

export function checkKeptAside(machine: Machine, { path, stateFile }: DataFolder): Finding[] {
  const kept = machine.list(path).filter((name) => join(path, name).startsWith(`${stateFile}.unreadable-`));
  if (kept.length === 0) return [];
  const detail = `damaged state was set aside in ${path}: ${kept.toSorted().join(", ")}`;
  return [
    warn(
      "kept-aside",
      detail,
      "Delete these files after you have examined them. If it happens again, replace the SD card.",
    ),
  ];
}
