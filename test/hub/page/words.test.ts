import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../../../src/base/json/value.ts";
import { cableText, isReachable } from "../../../src/hub/page/model/cable.ts";
import { isLone, openingSpan, plotData, plotSummary } from "../../../src/hub/page/model/plot-data.ts";
import { ackText, desiredVersionText, sortedRows, statusView } from "../../../src/hub/page/model/status.ts";
import { axisTime } from "../../../src/hub/page/model/text/times.ts";
import {
  agoText,
  labelOf,
  numberText,
  plainText,
  spanText,
  valueText,
} from "../../../src/hub/page/model/text/words.ts";
import { tileViews } from "../../../src/hub/page/model/tiles.ts";
import type { Origin, PropertyRow } from "../../../src/hub/page-server/api.ts";
import { device, propertyRow, startMs } from "../../browser/fake-device.ts";
import { events } from "./events.ts";

describe("values in words", () => {
  it.each([
    ["targetTemperature", 21, "21.0 °C"],
    ["sensorOffset", -0.3, "−0.3 K"],
    ["sensorOffset", -0.01, "0.0 K"],
    ["controlMode", "auto", "Auto"],
    ["controlMode", "sideways", "sideways"],
    ["heaterSwitch", true, "On"],
    ["telemetryInterval", null, "none"],
    ["faults", "over-temperature, display-failed", "Too hot, No display"],
    ["faults", " , ", "none"],
    ["somethingElse", 1.23456, "1.235"],
    ["somethingElse", { a: [1] }, '{"a":[1]}'],
    ["somethingElse", undefined, "—"],
  ] as [string, Json | undefined, string][])("says %s %j as %s", (name, value, text) => {
    expect(valueText(name, value)).toBe(text);
  });

  it("tells times by the reader's clock, and the last change as a sentence", () => {
    const at = "2026-01-17T18:40:05.378Z";
    const here = new Date(at).toTimeString().slice(0, 8);
    expect(plainText(`won over 18.5, set at the device at ${at}`)).toBe(
      `won over 18.5, set at the device at ${here}`,
    );
    expect(plainText("2026-99-99T99:99:99Z and 18:40")).toBe("2026-99-99T99:99:99Z and 18:40");
    expect(valueText("startedAt", at)).not.toContain("T18");
    const change = { property: "targetTemperature", source: "device", from: "19", to: "23.5", time: at };
    expect(valueText("lastChange", change)).toBe(`Set-point 19.0 °C → 23.5 °C, on the device, ${here}`);
    expect(valueText("lastChange", { property: 7 })).toBe('{"property":7}');
  });

  it("calls a property by its label, and one that it does not know by its name", () => {
    expect(labelOf("targetTemperature")).toBe("Set-point");
    expect(labelOf("constructor")).toBe("constructor");
    expect(labelOf("x".repeat(500))).toHaveLength(40);
  });

  it("makes a short text of any JSON whatever", () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (name, value) => {
        const text = valueText(name, value as Json);
        expect(text.length).toBeLessThanOrEqual(100);
        expect(text).not.toBe("");
      }),
    );
  });

  it("says spans of time in one or two units", () => {
    const spans = [-5, 400, 12_000, 180_000, 7_500_000, 7_200_000, 400_000_000].map(spanText);
    expect(spans).toEqual(["now", "now", "12 s", "3 min", "2 h 5 min", "2 h", "4 d"]);
    expect([agoText(10), agoText(2000)]).toEqual(["just now", "2 s ago"]);
    expect(numberText(Number.MAX_VALUE)).not.toBe("");
  });
});

describe("how a property stands", () => {
  const row = (status: PropertyRow["status"], ack?: PropertyRow["ack"]): PropertyRow => ({
    ...propertyRow("targetTemperature", 21, ack, 7),
    status,
  });

  it("tells a pending value that is on its way from one that waits for the device", () => {
    expect(statusView(row("pending"), true).detail).toContain("not acknowledged yet");
    expect(statusView(row("pending"), false).detail).toContain("waits for the device");
    expect(statusView(row("unanswered"), true).detail).toContain("no such property");
  });

  it("says why a value was refused, in the device's words, else by its code", () => {
    const said = statusView(row("refused", { code: 400, version: 7, text: "must be 5 to 30 °C" }), true);
    expect(said).toMatchObject({ tone: "bad", detail: "must be 5 to 30 °C" });
    expect(statusView(row("refused", { code: 500, version: 7 }), true).detail).toBe("code 500");
  });

  it("gives the version beside what was desired and what was answered, where there is one", () => {
    expect(desiredVersionText(row("acknowledged"))).toBe("v7");
    expect(ackText(row("pending"))).toBe("");
    expect(ackText(row("acknowledged", { code: 200, version: 7 }))).toBe("v7 · 200");
    expect(ackText(row("device-only", { code: 203, version: 0 }))).toBe("203");
    const { reported } = sortedRows(device("a"), []);
    expect(reported.map(desiredVersionText)).toEqual(reported.map(() => ""));
  });

  it("names the value that stays when the device overruled the cloud", () => {
    expect(statusView(row("overruled", { code: 200, version: 7 }), true).detail).toContain("21.0 °C");
  });

  it("puts the writable properties first, in their order, and the device's own apart", () => {
    const { shared, reported } = sortedRows(device("a"), ["targetTemperature", "controlMode"]);
    expect(shared.slice(0, 2).map(({ name }) => name)).toEqual(["targetTemperature", "controlMode"]);
    expect(reported.map(({ name }) => name)).toContain("relayCycles");
    expect(shared.map(({ name }) => name)).not.toContain("relayCycles");
    const rest = shared.slice(2).map(({ name }) => name);
    expect(rest.length).toBeGreaterThan(1);
    expect(rest).toEqual(rest.toSorted());
  });

  it("takes a component apart into the texts that it holds", () => {
    const about = { __t: "c", osName: "linux 6.6", processorManufacturer: "unknown", totalMemory: 1024 };
    const properties = [
      propertyRow("deviceInformation", about),
      propertyRow("other", { osName: "no component" }),
    ];
    const { reported } = sortedRows(device("a", { properties }), []);
    expect(reported.map(({ name, reported: said }) => [name, said?.value])).toEqual([
      ["osName", "linux 6.6"],
      ["other", { osName: "no component" }],
    ]);
    expect(labelOf("osName")).toBe("Operating system name");
  });

  it("calls a value that nobody has set a default, and one of the device's by its time", () => {
    const own = (text: string, origin?: Origin) =>
      statusView(row("device-only", { code: 203, version: 0, text, ...(origin && { origin }) }), true);
    expect(own("default", { source: "default" })).toMatchObject({ word: "Default", detail: "" });
    expect(own("set at the device", { source: "device" })).toMatchObject({
      word: "Set on the device",
      detail: "",
    });
    const atMs = Date.parse("2026-01-17T18:40:05.378Z");
    expect(own("any words", { source: "device", atMs }).detail).toMatch(/^at \d\d:40:05$/);
    expect(own("default on a rainy day")).toMatchObject({ detail: "default on a rainy day" });
  });
});

describe("the tiles", () => {
  it("show what is on its way beside what is in force", () => {
    const pending: PropertyRow = {
      ...propertyRow("targetTemperature", 21, { code: 200, version: 6 }, 6),
      status: "pending",
      desired: { value: 23, version: 7, atMs: startMs },
    };
    const { setPoint } = tileViews(device("a", { properties: [pending] }), startMs);
    expect(setPoint).toMatchObject({ value: "21.0", note: "→ 23.0 °C pending", tone: "pending" });
  });

  it.each([
    ["schedule", "2026-01-17T22:00:00.000Z", "19.5", /^by the schedule until \d\d:00$/],
    ["away", "2026-01-20T22:00:00.000Z", "19.5", /^away until \p{L}+\.?,? \d\d:00$/u],
    ["away", "2026-02-27T12:00:00.000Z", "19.5", /^away until .*27.*2026/],
    ["away", null, "19.5", /^away$/],
    ["hold", "2026-01-17T22:00:00.000Z", "21.0", /^hold until \d\d:00$/],
    ["set-point", null, "21.0", /^in force$/],
  ])("show the set-point in force, what decides it and until when: %s", (from, until, value, note) => {
    const properties = [
      propertyRow("targetTemperature", 21, { code: 200, version: 6 }, 6),
      propertyRow("setPointFrom", from),
      propertyRow("setPointUntil", until),
    ];
    const latest = { setPoint: { value: 19.5, atMs: startMs } };
    const { setPoint } = tileViews(
      device("a", { latest, properties }),
      Date.parse("2026-01-17T18:00:00.000Z"),
    );
    expect(setPoint).toMatchObject({ value, unit: "°C", note: expect.stringMatching(note) });
  });

  it("shows the edges of a time as words", () => {
    expect(valueText("awayUntil", "1970-01-01T00:00:00.000Z")).toBe("none");
    expect(valueText("awayUntil", "9999-12-31T00:00:00.000Z")).toBe("no end");
  });

  it("grey out the readings of a device that is away, with when it was last seen", () => {
    const away = device("a", { connected: false, lastActivityMs: startMs - 180_000 });
    const { temperature, link } = tileViews(away, startMs);
    expect(temperature.tone).toBe("offline");
    expect(link).toMatchObject({ value: "Offline", note: "last seen 3 min ago" });
  });

  it("tell a device without a fault from one that has reported none of its faults", () => {
    const reporting = (properties: readonly PropertyRow[]) =>
      tileViews(device("a", { properties }), startMs).faults;
    expect(reporting([propertyRow("faults", "")])).toMatchObject({ value: "None", tone: "good" });
    expect(reporting([])).toMatchObject({ value: "—", note: "not reported", tone: "offline" });
  });

  it("does not call a silent line online", () => {
    expect(tileViews(device("a", { cable: "silence" }), startMs).link.value).toBe("Silent");
  });

  it("show the most severe fault and how many more stand", () => {
    const properties = [propertyRow("faults", "over-temperature, display-failed")];
    const { faults } = tileViews(device("a", { properties }), startMs);
    expect(faults).toMatchObject({ value: "Too hot", note: "over-temperature and 1 more", tone: "bad" });
  });

  it("say that they do not know, for a device that has told nothing or nonsense", () => {
    const latest = { temperature: { value: "hot", atMs: 0 }, heaterOn: { value: 7, atMs: 0 } };
    const properties = [propertyRow("faults", { a: 1 }), propertyRow("firmwareVersion", 7)];
    const views = tileViews(device("a", { latest, properties }), startMs);
    for (const name of ["temperature", "heater", "setPoint", "mode", "firmware"] as const) {
      expect(views[name].value).toBe("—");
    }
  });
});

describe("the cable in words", () => {
  it("reaches a device that is connected and whose cable drops nothing", () => {
    const reached = (connected: boolean, cable: "connected" | "silence") =>
      isReachable(device("a", { connected, cable }));
    expect(reached(true, "connected")).toBe(true);
    expect([reached(false, "connected"), reached(true, "silence")]).toEqual([false, false]);
  });

  it("tells how long it has been out and what waits", () => {
    const timeline = events({ kind: "cable" }, { kind: "disconnected" });
    const { word, note } = cableText(device("a", { cable: "reset", pending: 2 }), timeline, 43_000);
    expect([word, note]).toEqual(["Unplugged (reset)", "For 42 s. 2 edits wait for the device."]);
  });
});

describe("the plot's data", () => {
  it("labels hours by the time, midnight and longer steps by the day", () => {
    const evening = new Date(2026, 10, 28, 18, 30).getTime();
    const midnight = new Date(2026, 10, 28).getTime();
    expect(axisTime(evening, 3600)).toBe("18:30");
    expect(axisTime(evening, 86_400)).toMatch(/28/);
    expect(axisTime(midnight, 3600)).toMatch(/28/);
  });

  it("draws an empty point as a gap", () => {
    const series = { temperature: { atMs: [1000, 2000, 3000], values: [20, null, 21] } };
    expect(plotData(series, ["temperature"], 0).columns[0]).toEqual([20, null, 21]);
  });

  const series = {
    temperature: { atMs: [1000, 3000], values: [20, 21] },
    heaterOn: { atMs: [2000, 3000], values: [1, 0] },
  };

  it("lays series of different times on one axis", () => {
    expect(plotData(series, ["temperature", "heaterOn", "toString"], 0)).toEqual({
      times: [1, 2, 3],
      columns: [
        [20, undefined, 21],
        [undefined, 1, 0],
        [undefined, undefined, undefined],
      ],
    });
  });

  it("opens with an hour, or with a quarter of one while there is no more", () => {
    expect([{}, series].map((of) => openingSpan(of, 600_000))).toEqual([60, 15]);
    expect(openingSpan(series, 1000 + 15 * 60_000)).toBe(60);
  });

  it("leaves out what is older than the span, and says in words what is there", () => {
    expect(plotData(series, ["temperature"], 2500).times).toEqual([3]);
    expect(plotSummary(plotData(series, ["temperature"], 0), 0)).toContain("between 20.0 and 21.0 °C");
    expect(plotSummary(plotData({}, ["temperature"], 0), 0)).toContain("No readings");
  });

  it("tells a reading that stands alone, which no line shows", () => {
    const { columns } = plotData(series, ["temperature", "heaterOn", "humidity"], 2500);
    expect(columns.map(isLone)).toEqual([true, true, false]);
    expect(isLone([20, undefined, 21])).toBe(false);
    expect(plotSummary(plotData(series, ["temperature"], 2500), 0)).toBe("Temperature 21.0 °C; 1 reading.");
  });
});
