/** What the page says of firmware updates: the card of one device, the roll-out over several. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firmwareCard } from "../../../src/hub/page/model/firmware.ts";
import { groupRows, rollOut } from "../../../src/hub/page/model/roll-out.ts";
import { sortedRows } from "../../../src/hub/page/model/status.ts";
import type { DeviceDetail, FirmwareView } from "../../../src/hub/page-server/api.ts";
import type { RollOutGroup } from "../../../src/hub/page-server/api-roll-outs.ts";
import { updateResults, updateStates } from "../../../src/model/cloud-model.ts";
import { device, firmware, propertyRow } from "../../browser/fake-device.ts";

const unit = (id: string, changes: Partial<FirmwareView> = {}, about: Partial<DeviceDetail> = {}) =>
  device(id, { firmware: { ...firmware, ...changes }, ...about });
const card = (changes: Partial<FirmwareView> = {}, about: Partial<DeviceDetail> = {}) =>
  firmwareCard(unit("hall", changes, about));

const running = { installed: "1.2.0", program: "b", slotB: "1.2.0" } as const;
const reverted = { lastResult: "reverted", lastVersion: "1.2.0", lastReason: "it hung" } as const;
const refused = { lastResult: "refused", lastVersion: "1.2.0", lastReason: "wrong key" } as const;

describe("the card of firmware updates", () => {
  it("is there only for a device that reports the component", () => {
    expect(firmwareCard(device("hall"))).toBeUndefined();
    expect(card()).toMatchObject({
      installed: "1.1.0",
      program: "slot a",
      available: "—",
      state: { tone: "quiet", word: "Idle", detail: "" },
      progress: undefined,
      last: { tone: "quiet", word: "None yet", detail: "" },
      slotA: "1.1.0, runs",
      slotB: "empty",
      unreachable: "",
    });
  });

  it("shows how far a download is, also of one that waits, and no bar without one", () => {
    const available = "1.2.0";
    expect(card({ state: "downloading", available, progress: 0 })).toMatchObject({ available, progress: 0 });
    const waits = card({ state: "waiting", available, progress: 40, reason: "the server does not answer" });
    expect(waits?.progress).toBe(40);
    expect(waits?.state).toEqual({ tone: "pending", word: "Waiting", detail: "the server does not answer" });
    for (const state of ["idle", "deferred", "starting", "on-trial"] as const)
      expect(card({ state, progress: 100 })?.progress).toBeUndefined();
  });

  it("marks a revert, a refusal and a source that cannot be asked as bad, with the reason", () => {
    expect(card(reverted)?.last).toEqual({ tone: "bad", word: "1.2.0 reverted", detail: "it hung" });
    expect(card(refused)?.last).toEqual({ tone: "bad", word: "1.2.0 refused", detail: "wrong key" });
    expect(card({ reason: "feed: no answer" })?.state).toEqual({
      tone: "bad",
      word: "No check possible",
      detail: "feed: no answer",
    });
    expect(card({ ...running, lastResult: "confirmed", lastVersion: "1.2.0" })?.last.tone).toBe("good");
  });

  it("does not call a trial confirmed", () => {
    const { state } = card({ ...running, state: "on-trial" }) ?? {};
    expect(state).toMatchObject({ tone: "pending", word: "On trial, not confirmed yet" });
  });

  it.each([
    ["is offline", { connected: false }],
    ["drops all traffic", { cable: "silence" }],
  ] as const)("shows nothing as going on while the device %s", (_, about) => {
    const shown = card({ state: "downloading", available: "1.2.0", progress: 40 }, about);
    expect(shown?.state).toEqual({ tone: "quiet", word: "Downloading, as last reported", detail: "" });
    expect(shown?.progress).toBeUndefined();
    expect(shown?.unreachable).toContain("cannot be reached");
  });

  it("takes the place of the component's rows in the twin", () => {
    const properties = [propertyRow("firmware", { __t: "c", installed: "1.1.0" }), propertyRow("faults", "")];
    const { reported } = sortedRows(device("hall", { properties }), []);
    expect(reported.map(({ name }) => name)).toEqual(["faults"]);
  });
});

describe("a roll-out", () => {
  it("is shown for several devices that take updates, and not for one", () => {
    expect(rollOut([])).toBeUndefined();
    expect(rollOut([unit("a"), device("b")])).toBeUndefined();
    expect(rollOut([unit("a"), unit("b")])).toMatchObject({ tone: "good", text: "2 of 2 run 1.1.0" });
  });

  it("sums up how many run the newest version, and who reverted or refused it", () => {
    const units = [
      ...Array.from({ length: 12 }, (_, at) => unit(`done-${at}`, running)),
      ...Array.from({ length: 5 }, (_, at) => unit(`later-${at}`)),
      unit("z-1", reverted),
      unit("z-2", reverted),
      unit("z-3", refused),
    ];
    const shown = rollOut(units);
    expect(shown).toMatchObject({ tone: "bad", text: "12 of 20 run 1.2.0, 2 reverted, 1 refused" });
    expect(shown?.rows.slice(0, 4).map(({ id }) => id)).toEqual(["z-1", "z-2", "z-3", "done-0"]);
  });

  it("does not count a trial as running, and names those that cannot be reached", () => {
    const shown = rollOut([
      unit("a", running),
      unit("b", { ...running, state: "on-trial" }),
      unit("c", running, { connected: false }),
    ]);
    expect(shown).toMatchObject({
      tone: "pending",
      text: "2 of 3 run 1.2.0, 1 on trial, 1 cannot be reached",
    });
    const silent = rollOut([unit("a", running), unit("c", running, { connected: false })]);
    expect(silent).toMatchObject({ tone: "quiet", text: "2 of 2 run 1.2.0, 1 cannot be reached" });
  });

  it("forgets the revert of an older version, once a newer one runs", () => {
    const shown = rollOut([unit("a", { ...running, ...reverted, lastVersion: "1.1.5" }), unit("b", running)]);
    expect(shown).toMatchObject({ tone: "good", text: "2 of 2 run 1.2.0" });
  });

  it("forgets a revert once the same version runs", () => {
    const shown = rollOut([unit("a", { ...running, ...reverted }), unit("b", running)]);
    expect(shown).toMatchObject({ tone: "good", text: "2 of 2 run 1.2.0" });
  });

  it("compares versions by their numbers, and also counts what is only assigned", () => {
    const shown = rollOut([unit("a", { installed: "1.9.0" }), unit("b", { available: "1.10.0" })]);
    expect(shown?.text).toBe("0 of 2 run 1.10.0");
    expect(rollOut([unit("a", { installed: "" }), unit("b", { installed: "x" })])?.text).toBe(
      "0 of 2 run no known version",
    );
  });

  it("says in a row what a device does, with version and progress", () => {
    const busy = { state: "downloading", available: "1.2.0", progress: 43.7 } as const;
    const [hall] = rollOut([unit("hall", busy), unit("z")])?.rows ?? [];
    expect(hall).toMatchObject({
      id: "hall",
      installed: "1.1.0",
      state: { word: "Downloading · 1.2.0 · 43 %" },
    });
    const away = rollOut([unit("hall", busy, { connected: false }), unit("z")])?.rows[0];
    expect(away?.state).toMatchObject({ tone: "quiet", word: "Downloading · 1.2.0, as last reported" });
  });

  it("has one row for each group of the hub's feed; a stopped one is bad, and its button resumes it", () => {
    const group: RollOutGroup = {
      ...{ name: "default/home", version: "1.2.0", percent: 10, stopAt: 20 },
      ...{ units: 20, included: 2, confirmed: 1, failed: 0, stopped: null },
    };
    expect(groupRows([group])).toEqual([
      {
        name: "default/home",
        version: "1.2.0",
        share: "10 %, 2 of 20 units",
        status: { tone: "pending", word: "1 of 2 confirmed", detail: "Stops at 20 % failures." },
        action: "stop",
      },
    ]);
    expect(groupRows([{ ...group, confirmed: 2 }])[0]?.status.tone).toBe("good");
    const stopped = { ...group, failed: 1, stopped: { reason: "1 of 2 units", atMs: 0 } };
    expect(groupRows([stopped])[0]).toMatchObject({
      status: { tone: "bad", word: "Stopped: 1 of 2 confirmed, 1 failed", detail: "1 of 2 units" },
      action: "resume",
    });
    expect(rollOut([], [group])?.text).toBe("no device takes updates yet");
    expect(rollOut([unit("a"), unit("b")], [stopped])).toMatchObject({
      tone: "bad",
      text: "2 of 2 run 1.1.0; stopped: default/home",
    });
  });

  it("says in which group a device is, and from which stage on it is included", () => {
    const rows = rollOut([unit("a", { group: "default/home", place: 12.4 }), unit("b")])?.rows;
    expect(rows?.map(({ group }) => group)).toEqual(["default/home, from 13 %", "—"]);
  });

  it("has one row for each device, and never counts one twice, whatever they report", () => {
    const text = fc.oneof(fc.constantFrom("", "1.1.0", "1.2.0", "1.10.0", "1.2"), fc.string());
    const any = fc.record<FirmwareView>({
      installed: text,
      program: fc.constantFrom("a", "b", "factory", null),
      available: text,
      state: fc.constantFrom(...updateStates, null),
      progress: fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
      reason: fc.string(),
      lastResult: fc.constantFrom(...updateResults, null),
      lastVersion: text,
      lastReason: fc.string(),
      slotA: text,
      slotB: text,
      group: text,
      place: fc.constantFrom(0, 50, null),
      image: text,
      lastImage: text,
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(any, fc.boolean()), { minLength: 2, maxLength: 8 }), (all) => {
        const units = all.map(([each, connected], at) => unit(`unit-${at}`, each, { connected }));
        const shown = rollOut(units);
        expect(shown?.rows.map(({ id }) => id).sort()).toEqual(units.map(({ id }) => id));
        const { text = "" } = shown ?? {};
        const [, runs, of] = (/^(\d+) of (\d+) run /.exec(text) ?? []).map(Number);
        const others = [...text.matchAll(/, (\d+) (?:reverted|refused|on trial)/g)].map(([, many]) =>
          Number(many),
        );
        expect(of).toBe(units.length);
        expect(others.reduce((sum, many) => sum + many, runs ?? 0)).toBeLessThanOrEqual(units.length);
        if (shown?.tone === "good") expect(runs).toBe(units.length);
      }),
    );
  });
});
