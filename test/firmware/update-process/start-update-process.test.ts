/** The updater beside a running loop: who hears what of it, and of whom it hears. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import type { InstalledUpdate } from "../../../src/firmware/update/swap/swap.ts";
import {
  type StartUpdateOptions,
  startUpdateProcess,
} from "../../../src/firmware/update-process/start-update-process.ts";

const child = vi.hoisted(() => ({
  started: [] as { bundle: string; flags: readonly string[] }[],
  told: [] as { kind: string }[],
  says: (_message: unknown): void => {},
}));
vi.mock(import("../../../src/firmware/supervision/spawn-child.ts"), () => ({
  spawnChild({ bundle, flags }) {
    child.started.push({ bundle, flags });
    let exit: (code: number | null, signal: string | null) => void = () => {};
    return {
      pid: 1,
      send(message, done) {
        child.told.push(message as { kind: string });
        if ((message as { kind: string }).kind === "stop") exit(0, null);
        done(true);
      },
      onMessage: (listener) => {
        child.says = listener;
      },
      onExit: (listener) => {
        exit = listener;
      },
      kill: () => exit(null, "SIGKILL"),
    };
  },
}));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "start-update-process-"));
  child.started.length = 0;
  child.told.length = 0;
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

function start() {
  const seen: unknown[] = [];
  let check = (): void => {};
  let decide = (_update: InstalledUpdate, _decision: unknown): void => {};
  let guardianSays = (_message: unknown): void => {};
  vi.spyOn(process, "on").mockImplementation((event, listener) => {
    if (event === "message") guardianSays = listener as typeof guardianSays;
    return process;
  });
  const swap = {
    onCheck: (listener: typeof check) => {
      check = listener;
    },
    onDecision: (listener: typeof decide) => {
      decide = listener;
    },
  };
  const updates = startUpdateProcess({
    device: {
      setUpdate: (update) => void seen.push(["update", update]),
      setFailing: (part, failing) => void seen.push([part, failing]),
    },
    swap: swap as StartUpdateOptions["swap"],
    data: { path: folder } as StartUpdateOptions["data"],
    choice: { name: "virtual" } as StartUpdateOptions["choice"],
    settings: { logLevel: "info" },
    log: silentLog,
    onReport: ({ state }) => void seen.push(["report", state]),
    quiet: false,
  });
  return {
    updates,
    seen,
    check: () => check(),
    decide: (...given: Parameters<typeof decide>) => decide(...given),
    guardianSays: (message: unknown) => guardianSays(message),
  };
}

describe("the updater beside a running loop", () => {
  it("is not started on a unit that takes no updates", () => {
    expect(start().updates).toBeUndefined();
    expect(child.started).toEqual([]);
  });

  it("hears of the loop's wishes and decisions, and of the guardian that the trial has succeeded", async () => {
    writeFileSync(join(folder, "updates.json"), "{}");
    const { updates, check, decide, guardianSays } = start();
    expect(child.started).toEqual([
      { bundle: "updater.js", flags: ["--data", folder, "--board", "virtual", "--log-level", "info"] },
    ]);
    check();
    decide({ digest: "d" } as InstalledUpdate, { kind: "wait", reason: "heating" });
    guardianSays({ kind: "panel-watched", watched: true });
    guardianSays("nonsense");
    expect(child.told.filter(({ kind }) => kind !== "ping")).toEqual([
      { kind: "check" },
      { kind: "may-start", digest: "d", waitsFor: "heating" },
    ]);
    guardianSays({ kind: "update-confirmed" });
    expect(child.told.at(-1)).toEqual({ kind: "update-confirmed" });
    await updates?.close();
  });

  it("is heard of by the screen, the faces and the table of faults", async () => {
    writeFileSync(join(folder, "updates.json"), "{}");
    const { updates, seen } = start();
    const texts = ["installed", "program", "available", "reason", "lastResult", "lastVersion", "lastReason"];
    const more = ["slotA", "slotB", "group", "image", "lastImage"];
    const empty = Object.fromEntries([...texts, ...more].map((name) => [name, ""]));
    const report = {
      ...empty,
      program: "factory",
      lastResult: "none",
      state: "downloading",
      progress: 40,
      place: 0,
    };
    child.says({ kind: "firmware", report });
    child.says({ kind: "health", failure: "no source of updates has answered" });
    expect(seen).toEqual([
      ["update", { state: "downloading", percent: 40 }],
      ["report", "downloading"],
      ["updates", true],
    ]);
    await updates?.close();
  });
});
