/** How each thing that happens in a simulation reads: in the table for people, and as JSON for programs. */
import { describe, expect, it } from "vitest";
import { celsius, hours, millis, minutes, seconds } from "../../../src/base/units.ts";
import { formats } from "../../../src/commands/output/simulation.ts";
import type { ControlEvent } from "../../../src/control/output.ts";
import type { ScenarioAction } from "../../../src/simulation/scenario/actions.ts";
import { hatFaults } from "../../../src/simulation/virtual-hat/faults.ts";

const at = millis(hours(26) + minutes(5) + seconds(59));
const told = (event: ControlEvent) => formats.table.event(at, event);
const done = (action: ScenarioAction) => formats.table.action(at, action);

describe("the table of a simulation", () => {
  it.each<[ControlEvent, string]>([
    [
      { kind: "changed", name: "targetTemperature", from: 19, to: 19.5, source: "device" },
      "set-point 19.0 → 19.5 °C (device)",
    ],
    [
      { kind: "changed", name: "controlMode", from: "auto", to: "manual", source: "device" },
      "mode manual (device)",
    ],
    [
      { kind: "changed", name: "heaterSwitch", from: false, to: true, source: "cloud" },
      "heater switch on (cloud)",
    ],
    [
      { kind: "changed", name: "heaterSwitch", from: true, to: false, source: "cloud" },
      "heater switch off (cloud)",
    ],
    [
      { kind: "changed", name: "sensorOffset", from: 0, to: -0.3, source: "cloud" },
      "sensor offset 0 → -0.3 K (cloud)",
    ],
    [
      { kind: "changed", name: "telemetryInterval", from: 60, to: 30, source: "cloud" },
      "telemetry interval 60 → 30 s (cloud)",
    ],
    [{ kind: "boost", minutes: 30, source: "cloud" }, "boost for 30 min (cloud)"],
    [{ kind: "boost-ended", because: "press" }, "boost ended: press"],
    [{ kind: "identify", seconds: 10, source: "cloud" }, "identify for 10 s (cloud)"],
    [{ kind: "fault-raised", fault: "sensor-stale", detail: "no reading" }, "fault sensor-stale: no reading"],
    [
      { kind: "fault-reason", fault: "sensor-stale", detail: "bad CRC" },
      "fault sensor-stale continues: bad CRC",
    ],
    [{ kind: "fault-ended", fault: "sensor-stale" }, "fault sensor-stale ended"],
    [{ kind: "refused", request: "boost", reason: "manual mode" }, "refused boost: manual mode"],
  ])("tells of %o when it happened", (event, words) => {
    expect(told(event)).toBe(`  26:05   · ${words}`);
  });

  it("does not tell of each switching of the heater: the rows show it", () => {
    expect(told({ kind: "heater", on: true, reason: "cold" })).toBeUndefined();
  });

  it.each<[ScenarioAction, string]>([
    [{ do: "press", button: "a", times: 1, hold: millis(120) }, "button a pressed"],
    [{ do: "press", button: "b", times: 3, hold: millis(120) }, "button b pressed 3 times"],
    [{ do: "target", temperature: celsius(21.5) }, "remote request: 21.5 °C"],
    [{ do: "mode", mode: "auto" }, "remote request: auto"],
    [{ do: "heater", on: true }, "remote request: heater on"],
    [{ do: "heater", on: false }, "remote request: heater off"],
    [{ do: "clear-faults" }, "remote request: clear the faults"],
    [{ do: "window", loss: 0, duration: undefined }, "window shut"],
    [{ do: "window", loss: 80, duration: minutes(10) }, "window open (80 W/K) for 10 min"],
    [{ do: "outside", temperature: undefined }, "usual weather"],
    [{ do: "outside", temperature: celsius(-12) }, "outside -12 °C"],
    [{ do: "fault", fault: "nack", limits: { duration: undefined } }, hatFaults.nack],
    [{ do: "fault", fault: "nack", limits: { duration: seconds(30) } }, `${hatFaults.nack} for 30 s`],
    [{ do: "fault", fault: "nack", limits: { duration: minutes(1) } }, `${hatFaults.nack} for 1 min`],
    [{ do: "end-fault", fault: "nack" }, `ended: ${hatFaults.nack}`],
    [{ do: "power-cut", duration: minutes(2) }, "power cut for 2 min"],
  ])("tells of %o when it was done", (action, words) => {
    expect(done(action)).toBe(`  26:05   > ${words}`);
  });

  it("says nothing of an expectation but that it was not met", () => {
    expect(done({ do: "expect", expectation: {} })).toBeUndefined();
    expect(formats.table.unmet(at, "it is cold")).toBe("  26:05   ✗ not as expected: it is cold");
  });

  it("sums up at the end, with what was not met", () => {
    const result = { duration: hours(24), heaterOnMs: hours(6), relayClosures: 48, unmet: 0 };
    expect(formats.table.end(result, 1234)).toBe("\n24 h in 1.2 s; heater on 6.0 h, 2.0 cycles/h");
    expect(formats.table.end({ ...result, unmet: 2 }, 1234)).toMatch(/; 2 expectations not met$/);
  });

  it("shows a device without power as that", () => {
    const row = {
      atMs: at,
      clock: "Tue 02:05",
      duty: 12.34,
      air: 12.345,
      outside: -3,
      observation: undefined,
      contactClosed: false,
    };
    const cells = (formats.table.row(row) ?? "").trim().split(/ {2,}/);
    expect(cells).toEqual(["26:05", "Tue 02:05", "12.35", "–", "–", "-3.0", "–", "12 %", "off", "no power"]);
    expect(formats.csv.row(row)).toBe("93959,12.345,,,-3,,0,,,Tue 02:05,12.3");
  });
});

describe("the JSON lines of a simulation", () => {
  it("are an object for each thing, with its time in seconds", () => {
    const object = (line: string | undefined) => JSON.parse(line ?? "");
    const { event, action, unmet, end } = formats.jsonl;
    expect(object(event(at, { kind: "heater", on: true, reason: "cold" }))).toEqual({
      kind: "event",
      atSeconds: 93_959,
      event: "heater",
      on: true,
      reason: "cold",
    });
    expect(object(action(at, { do: "heater", on: true }))).toEqual({
      kind: "action",
      atSeconds: 93_959,
      do: "heater",
      on: true,
    });
    expect(object(unmet(at, "it is cold"))).toEqual({
      kind: "unmet",
      atSeconds: 93_959,
      wrong: "it is cold",
    });
    const result = { duration: hours(1), heaterOnMs: minutes(15), relayClosures: 3, unmet: 1 };
    expect(object(end(result, 1))).toEqual({
      kind: "end",
      seconds: 3600,
      heaterSeconds: 900,
      relayClosures: 3,
      unmet: 1,
    });
  });
});
