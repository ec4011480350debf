import { describe, expect, it } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import { minutes, seconds } from "../../../src/base/units.ts";
import type { LoopToUpdater } from "../../../src/firmware/update-process/messages.ts";
import { UpdateProcess } from "../../../src/firmware/update-process/update-process.ts";
import type { FirmwareReport } from "../../../src/model/cloud-model.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";

const report: FirmwareReport = {
  installed: "0.1.0",
  program: "factory",
  available: "0.2.0",
  state: "downloading",
  progress: 40,
  reason: "",
  lastResult: "none",
  lastVersion: "",
  lastReason: "",
  slotA: "",
  slotB: "",
  group: "",
  place: 0,
  image: "",
  lastImage: "",
};

function rig() {
  const clock = new VirtualClock();
  const told: LoopToUpdater[] = [];
  const seen: unknown[] = [];
  const warned: string[] = [];
  let onMessage: (message: unknown) => void = () => {};
  let onExit: (code: number | null, signal: string | null) => void = () => {};
  const updates = new UpdateProcess({
    clock,
    log: { ...silentLog, warn: (event) => void warned.push(event), info: (event) => void seen.push(event) },
    swap: {
      offer: (update) => void seen.push(["offer", update.slot, update.digest, update.when]),
      begin: (digest) => void seen.push(["begin", digest]),
    },
    spawn: () => ({
      pid: 1,
      send(message, done) {
        const said = message as LoopToUpdater;
        if (said.kind === "ping") onMessage({ kind: "pong" });
        else told.push(said);
        if (said.kind === "stop") onExit(0, null);
        done(true);
      },
      onMessage: (listener) => {
        onMessage = listener;
      },
      onExit: (listener) => {
        onExit = listener;
      },
      kill() {},
    }),
    onReport: (given) => void seen.push(given),
    onFailing: (failing) => void seen.push(failing ? "failing" : "works"),
  });
  updates.start();
  return {
    clock,
    updates,
    told,
    seen,
    warned,
    says: (message: unknown) => onMessage(message),
    exit: () => onExit(70, null),
  };
}

describe("the updater as the loop has it", () => {
  it("passes on what is installed, what is to start and what the twin says", () => {
    const { says, seen } = rig();
    const digest = "d".repeat(64);
    says({ kind: "offer", slot: "b", digest, when: "now" });
    says({ kind: "start", digest });
    says({ kind: "firmware", report });
    says({ kind: "log", level: "info", event: "update-assigned", fields: {} });
    expect(seen).toEqual([["offer", "b", digest, "now"], ["begin", digest], report, "update-assigned"]);
  });

  it("is told each decision, a trial that ended well, and to ask the sources", () => {
    const { updates, told } = rig();
    const update = { digest: "d2" };
    updates.decided(update, { kind: "wait", code: "heating", reason: "the heater is on" });
    updates.decided(update, { kind: "start" });
    updates.confirmed();
    updates.check();
    expect(told).toEqual([
      { kind: "may-start", digest: "d2", waitsFor: "the heater is on" },
      { kind: "may-start", digest: "d2", waitsFor: undefined },
      { kind: "update-confirmed" },
      { kind: "check" },
    ]);
  });

  it("is a fault while it does not work: by its own word, or because it ended", async () => {
    const { clock, says, seen, exit } = rig();
    says({ kind: "health" });
    await clock.advance(seconds(5));
    expect(seen).toEqual([]);
    says({ kind: "health", failure: "no source has answered for a week" });
    says({ kind: "health" });
    exit();
    await clock.advance(seconds(2));
    says({ kind: "health" });
    await clock.advance(minutes(1));
    expect(seen).toEqual(["failing", "works", "failing", "works"]);
  });

  it.each([
    ["no message", 7],
    ["of no kind", { kind: "reboot" }],
    ["an offer of a third slot", { kind: "offer", slot: "c", digest: "d", when: "now" }],
    ["a report that is not whole", { kind: "firmware", report: { ...report, progress: 400 } }],
  ])("takes nothing from what is %s", (_, message) => {
    const { says, seen, warned } = rig();
    says(message);
    expect([seen, warned]).toEqual([[], ["updater-message-unreadable"]]);
  });

  it("ends with the loop", async () => {
    const { updates, told } = rig();
    await updates.close();
    expect(told.at(-1)).toEqual({ kind: "stop" });
  });
});
