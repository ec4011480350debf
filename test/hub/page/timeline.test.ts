import { describe, expect, it } from "vitest";
import type { Json } from "../../../src/base/json/value.ts";
import { lastReconnection } from "../../../src/hub/page/model/reconnection.ts";
import { eventView, isShown, newestOf, withoutSteps } from "../../../src/hub/page/model/timeline.ts";
import { type Draft, events } from "./events.ts";

const viewOf = (...drafts: Draft[]) => events(...drafts).map(eventView);
const ack = { code: 203, version: 0 };

describe("the timeline in words", () => {
  it("says who won, over what and of when, from the fields of the event", () => {
    const [view] = viewOf({
      kind: "conflict",
      actor: "device",
      property: "targetTemperature",
      after: 23,
      lost: 18.5,
      lostAtMs: Date.parse("1970-01-01T00:00:00.500Z"),
      winner: "operator",
    });
    expect(view).toMatchObject({
      title: "Set-point: the cloud won with 23.0 °C over 18.5 °C",
      detail: expect.stringMatching(
        /^both changed Set-point: the desired 23.0 °C won over the device's 18.5 °C of \d\d:\d\d:00$/,
      ),
    });
  });

  it("begins where a demonstration began anew, and has the rest for those who ask", () => {
    const all = events({ kind: "cable" }, { kind: "story" }, { kind: "command" }, { kind: "throttle" });
    const shown = newestOf(all, 15);
    expect([shown.views.map(({ sequence }) => sequence), shown.hasEarlier]).toEqual([[4, 3, 2], true]);
    expect(newestOf(all, 15, true)).toMatchObject({ views: { length: 4 }, hasEarlier: false });
  });

  it("says a new schedule as a sentence", () => {
    const after = { monday: "06:30 20, 22:00 16" };
    const [view] = viewOf({ kind: "reported", property: "schedule", after });
    expect(view?.title).toBe("Schedule changed: 2 points a week");
  });

  it("says edits, refusals and deletions with the version that they are about", () => {
    const property = "targetTemperature";
    const titles = viewOf(
      { kind: "desired", property, after: 99, version: 8 },
      { kind: "refused", property, after: 21, version: 8, ack: { code: 400, version: 8, text: "too high" } },
      { kind: "desired", property, after: null, version: 9 },
    ).map(({ title }) => title);
    expect(titles).toEqual([
      "Set-point set to 99.0 °C (v8)",
      "Set-point refused (v8)",
      "Set-point deleted (v9)",
    ]);
  });

  it("says when the device set a value only where that was not just now", () => {
    const [now, then] = ["1970-01-01T00:00:00.500Z", "1969-12-31T20:00:00Z"].map((at) => {
      const origin = { source: "device", atMs: Date.parse(at) } as const;
      const said = { code: 203, version: 0, text: `set at the device at ${at}`, origin };
      return viewOf({ kind: "reported", property: "controlMode", after: "auto", ack: said })[0]?.detail;
    });
    expect(now).toBe("");
    expect(then).toMatch(/^set at the device at \d\d:\d\d:00$/);
  });

  it("tells only the end of a run that a held key makes", () => {
    const step = (after: number, atMs: number) =>
      ({ kind: "reported", property: "targetTemperature", after, atMs }) as const;
    const run = events(step(19.5, 0), step(20, 500), step(20.5, 750), step(21, 3000), {
      kind: "reported",
      property: "controlMode",
      atMs: 3100,
    });
    expect(withoutSteps(run).map(({ after }) => after)).toEqual([20.5, 21, undefined]);
  });

  it("leaves the hub its own words for everything else, with a capital", () => {
    expect(viewOf({ kind: "cable", text: "the cable was unplugged" })[0]?.title).toBe(
      "The cable was unplugged",
    );
  });

  it("leaves out what the device only keeps account of, never its faults", () => {
    const [hours, faults, edit] = events(
      { kind: "reported", property: "heaterHours" },
      { kind: "reported", property: "faults" },
      { kind: "reported", property: "targetTemperature" },
    ).map(isShown);
    expect([hours, faults, edit]).toEqual([false, true, true]);
  });

  it("leaves out that a device tells for the first time what it is made of, or nothing", () => {
    const component = { __t: "c", model: "heater" };
    const told = (property: string, after: Json, before?: Json) =>
      viewOf(
        ...events({ kind: "reported", property, after, ...(before === undefined ? {} : { before }) }).filter(
          isShown,
          newestOf,
        ),
      )[0]?.title;
    expect(told("deviceInformation", component)).toBeUndefined();
    expect(told("faults", "")).toBeUndefined();
    expect(told("note", null)).toBeUndefined();
    expect(told("faults", "sensor-damp")).toBe("Faults: sensor-damp");
    expect(told("faults", "relay-mismatch, display-failed", "display-failed")).toBe(
      "Faults: Relay line, No display",
    );
    expect(told("faults", "", "sensor")).toBe("Faults: none");
    expect(told("deviceInformation", component, { __t: "c" })).toBe("Device information changed");
  });

  it("calls a property by the name that people know, and tells a deletion from a value", () => {
    const detail = (property: string, winner: "operator" | "device", deleted: boolean) =>
      viewOf({ kind: "conflict", property, winner, after: 22, lost: 18, deleted })[0]?.detail;
    expect(detail("targetTemperature", "operator", true)).toBe(
      "both changed Set-point: the deletion (22.0 °C by default) won over the device's 18.0 °C",
    );
    expect(detail("targetTemperature", "device", true)).toBe(
      "both changed Set-point: the device's 22.0 °C won over the deletion",
    );
    expect(detail("$&", "device", false)).toBe("both changed $&: the device's 22 won over the desired 18");
  });

  it("tells the newest first, and whether there are earlier ones worth telling", () => {
    const past = events(
      { kind: "reported", property: "heaterHours", after: 1 },
      { kind: "connected" },
      { kind: "cable" },
      { kind: "disconnected" },
    );
    const story = (most: number) => {
      const { views, hasEarlier } = newestOf(past, most);
      return [views.map(({ sequence }) => sequence), hasEarlier];
    };
    expect(story(2)).toEqual([[4, 3], true]);
    expect(story(3)).toEqual([[4, 3, 2], false]);
    expect(newestOf([], 3)).toEqual({ views: [], hasEarlier: false });
  });

  it("shows an event of a kind that it does not know", () => {
    const [view] = viewOf({ kind: "marvel" as "event", text: "something new" });
    expect(view).toMatchObject({ title: "Something new", tone: "quiet" });
  });
});

describe("what the last time apart came to", () => {
  const property = "targetTemperature";
  const came = { kind: "connected" } as const;
  const pulled = { kind: "cable", cable: "silence", text: "any words" } as const;
  const plugged = {
    kind: "cable",
    cable: "connected",
    text: "the cable was unplugged: a sentence is not read",
  } as const;
  const apart = [
    came,
    pulled,
    { kind: "disconnected" },
    { kind: "desired", property, after: 23, version: 7 },
    plugged,
    came,
  ] as const;

  it("names the winner and the value that lost", () => {
    const reconnection = lastReconnection(
      events(
        ...apart,
        { kind: "conflict", property, after: 23, lost: 18.5, winner: "operator" },
        { kind: "reported", property: "controlMode", after: "manual", ack },
      ),
    );
    expect(reconnection).toEqual({
      offlineMs: 4000,
      outcomes: [
        { property, label: "Set-point", result: "cloud", inForce: "23.0 °C", lost: "18.5 °C" },
        { property: "controlMode", label: "Mode", result: "device", inForce: "Manual", lost: undefined },
      ],
    });
  });

  it("counts an edit behind a silent cable, though the hub learned of the loss only later", () => {
    const reconnection = lastReconnection(
      events(
        came,
        pulled,
        { kind: "desired", property, after: 23 },
        plugged,
        { kind: "disconnected" },
        came,
        { kind: "acknowledged", property, after: 23 },
      ),
    );
    expect(reconnection?.outcomes).toMatchObject([{ result: "cloud", inForce: "23.0 °C" }]);
  });

  it("counts from the cut that parted them, not from one that the connection outlived", () => {
    const offlineMs = (...drafts: Draft[]) => lastReconnection(events(came, ...drafts, came))?.offlineMs;
    const gone = { kind: "disconnected" } as const;
    // One event a second, the first connection at 1 s.
    expect(offlineMs(pulled, plugged, pulled, gone, plugged)).toBe(3000);
    expect(offlineMs(pulled, pulled, gone, plugged)).toBe(4000);
    expect(offlineMs(pulled, gone, plugged, pulled, plugged)).toBe(5000);
    expect(offlineMs(pulled, plugged, { ...gone, atMs: 4500 })).toBe(3000);
    expect(offlineMs(pulled, plugged)).toBe(2000);
    expect(offlineMs(gone)).toBe(1000);
    expect(offlineMs(plugged, gone)).toBe(1000);
    const long = Array.from({ length: 60 }, () => ({ kind: "throttle" }) as const);
    expect(offlineMs(pulled, plugged, ...long, gone)).toBe(1000);
  });

  it("leaves out acknowledgements of what was edited before, and the device's accounts", () => {
    const reconnection = lastReconnection(
      events(
        ...apart,
        { kind: "acknowledged", property: "sensorOffset", after: 0 },
        { kind: "reported", property: "relayCycles", after: 7 },
      ),
    );
    expect(reconnection?.outcomes).toEqual([]);
  });

  it("ends with the next edit, and is gone while the device is away", () => {
    const later = { kind: "acknowledged", property, after: 25 } as const;
    const edited = lastReconnection(events(...apart, { kind: "desired", property, after: 25 }, later));
    expect(edited?.outcomes).toEqual([]);
    expect(lastReconnection(events(...apart, { kind: "disconnected" }))).toBeUndefined();
    expect(lastReconnection(events(came, { kind: "acknowledged", property, after: 21 }))).toBeUndefined();
    expect(lastReconnection([])).toBeUndefined();
  });
});
