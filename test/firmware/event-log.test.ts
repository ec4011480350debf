import { describe, expect, it } from "vitest";
import type { ControlEvent } from "../../src/control/output.ts";
import { logEvent } from "../../src/firmware/event-log.ts";
import { createLogger } from "../../src/firmware/process/logger.ts";
import { faultEffects } from "../../src/model/faults.ts";
import { VirtualClock } from "../../src/simulation/time/virtual-clock.ts";
import { type LogLine, recordingLog } from "../hub/running-hub.ts";

const logged = (event: ControlEvent): LogLine | undefined => {
  const lines: LogLine[] = [];
  logEvent(recordingLog(lines), event);
  expect(lines).toHaveLength(1);
  return lines[0];
};

describe("an event of the core in the log", () => {
  const { rule, remedy } = faultEffects["sensor-stale"];
  const source = "device";
  it.each<readonly [ControlEvent, object]>([
    [
      { kind: "heater", on: true, reason: "demand 40 %" },
      { level: "info", fields: { on: true, reason: "demand 40 %" } },
    ],
    [
      { kind: "changed", name: "controlMode", from: "auto", to: "manual", source },
      { event: "mode", level: "info", fields: { from: "auto", to: "manual", source } },
    ],
    [
      { kind: "changed", name: "heaterSwitch", from: true, to: false, source },
      { event: "heater-switch", level: "info", fields: { from: true, to: false, source } },
    ],
    [
      { kind: "boost", minutes: 30, source },
      { level: "info", fields: { minutes: 30, source } },
    ],
    [
      { kind: "identify", seconds: 10, source },
      { level: "info", fields: { seconds: 10, source } },
    ],
    [
      { kind: "fault-raised", fault: "sensor-stale", detail: "nack" },
      { level: "warn", fields: { fault: "sensor-stale", rule, detail: "nack", remedy } },
    ],
    [
      { kind: "fault-raised", fault: "sensor-stale", detail: remedy },
      { level: "warn", fields: { fault: "sensor-stale", rule, detail: undefined, remedy } },
    ],
    [
      { kind: "fault-ended", fault: "sensor-stale" },
      { level: "info", fields: { fault: "sensor-stale" } },
    ],
    [
      { kind: "refused", request: "boost", reason: "manual" } as ControlEvent,
      { level: "warn", fields: { request: "boost", reason: "manual" } },
    ],
  ])("%j is one line with all that it says", (event, line) => {
    expect(logged(event)).toEqual({ event: event.kind, ...line });
  });
});

describe("the log's text for a person", () => {
  const written = (level: "debug" | "info" | "warn" | "error"): string[] => {
    const lines: string[] = [];
    const log = createLogger({
      clock: new VirtualClock(),
      level,
      format: "text",
      write: (line) => lines.push(line),
    });
    log.debug("d");
    log.info("i", { on: true, reason: "demand 40 %", missing: undefined });
    log.warn("w", { code: "EROFS" });
    log.error("e");
    return lines;
  };

  it("is the time, the level, the event and what it says; words with blanks in quotes", () => {
    expect(written("debug")).toEqual([
      "00:00:00 debug d",
      '00:00:00 info  i on=true reason="demand 40 %"',
      "00:00:00 warn  w code=EROFS",
      "00:00:00 error e",
    ]);
  });

  it("leaves out what is below its level", () => {
    expect(written("warn")).toHaveLength(2);
    expect(written("error")).toEqual(["00:00:00 error e"]);
  });
});
