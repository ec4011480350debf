import { describe, expect, it } from "vitest";
import { read } from "../../../src/base/schema/schema.ts";
import { firmwareReport, reportOf } from "../../../src/firmware/update-process/firmware-report.ts";
import { noSlots, type SlotsState } from "../../../src/update/slots/slots.ts";
import type { UpdaterStatus } from "../../../src/update/updater/ports.ts";

const image = (version: string) => ({ digest: version, version, counter: 1 });
const idle: UpdaterStatus = {
  state: "idle",
  source: null,
  id: null,
  version: null,
  percent: 0,
  reason: "",
  last: null,
  sources: {},
};
const installation = { version: "0.1.0", feed: undefined, unitId: "unit-1" } as const;
const factory = { ...installation, program: "factory" } as const;

describe("what the twin says of updates", () => {
  it("is valid, and says that nothing was ever installed", () => {
    const report = reportOf(factory, noSlots, idle);
    expect(report).toMatchObject({
      installed: "0.1.0",
      program: "factory",
      state: "idle",
      lastResult: "none",
    });
    expect(read(firmwareReport, report)).toEqual(report);
  });

  it("names the release of the slot that runs, and that it is on trial", () => {
    const state: SlotsState = {
      ...noSlots,
      slots: { a: image("1.0.0"), b: image("1.1.0") },
      active: "a",
      trial: { slot: "b", startsLeft: 2 },
    };
    expect(reportOf({ ...installation, program: "b" }, state, idle)).toMatchObject({
      installed: "1.1.0",
      state: "on-trial",
      slotA: "1.0.0",
      slotB: "1.1.0",
    });
    // The trial's next start has not come yet.
    expect(reportOf({ ...installation, program: "a" }, state, idle)).toMatchObject({ state: "idle" });
  });

  it("follows a download, with its reason; and the problem of a source where there is no other reason", () => {
    const busy: UpdaterStatus = { ...idle, state: "downloading", version: "1.1.0", percent: 40 };
    expect(reportOf(factory, noSlots, busy)).toMatchObject({ available: "1.1.0", progress: 40, reason: "" });
    const sources = {
      feed: { checkedAtMs: null, problem: { code: "expired", reason: "it expired" }, held: null },
    };
    expect(reportOf(factory, noSlots, { ...idle, sources })).toMatchObject({ reason: "feed: it expired" });
  });

  it("tells how the last update ended: the updater's word, else the slots', as of a person's update", () => {
    const outcome = {
      result: "reverted",
      image: image("1.1.0"),
      reason: "it hung",
      reported: false,
    } as const;
    expect(reportOf(factory, { ...noSlots, outcome }, undefined)).toMatchObject({
      lastResult: "reverted",
      lastVersion: "1.1.0",
      lastReason: "it hung",
    });
    const last = {
      source: "feed",
      version: "1.2.0",
      image: null,
      result: "refused",
      code: "downgrade",
      reason: "older",
    } as const;
    expect(reportOf(factory, { ...noSlots, outcome }, { ...idle, last })).toMatchObject({
      lastResult: "refused",
      lastVersion: "1.2.0",
      lastReason: "downgrade: older",
    });
  });
});
