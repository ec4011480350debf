import { expect, it } from "vitest";
import { outcomeText, statusLines } from "../../../src/commands/output/service-state.ts";
import type { UnitState } from "../../../src/firmware/service/unit-state.ts";
import { heating } from "../../firmware/service/fake-system.ts";

const state: UnitState = {
  installed: true,
  active: "active",
  sub: "running",
  enabled: true,
  since: "Fri 2026-11-27 10:00:00 UTC",
  mainPid: 1233,
  restarts: 2,
  lastEnd: undefined,
  running: heating,
};

it("a service that heats is shown with its firmware, its reading and its relay", () => {
  expect(statusLines(state)).toEqual([
    "service   active (running) since Fri 2026-11-27 10:00:00 UTC",
    "at boot   starts",
    "last end  none",
    "restarts  2",
    "firmware  0.1.0, board grove-heater-pi",
    "now       19.4 °C, set-point 21.0 °C, auto, relay on, decided 0.8 s after its start",
  ]);
});

it("each fault of a service has a line with its remedy", () => {
  const lines = statusLines({ ...state, running: { ...heating, heater: false, faults: ["sensor-stale"] } });
  expect(lines.find((line) => line.startsWith("now"))).toContain("relay off");
  expect(lines.at(-1)).toMatch(/^fault {5}sensor-stale: \S/);
});

it("a service that does not start at boot says how to change that; one without a loop has no reading", () => {
  const lines = statusLines({
    ...state,
    active: "failed",
    sub: "failed",
    since: undefined,
    enabled: false,
    running: undefined,
    lastEnd: "signal 9",
  });
  expect(lines).toEqual([
    "service   failed (failed)",
    expect.stringMatching(/^at boot {3}does not start; sudo systemctl enable grove-heater/),
    "last end  signal 9",
    "restarts  2",
    "now       the loop reports no status",
  ]);
});

it("an installation tells what the loop decided, what it waits for, or why it does not run", () => {
  expect(outcomeText({ kind: "decided", status: heating })).toMatch(/ runs: 19\.4 °C, .* relay on/);
  const waiting = { ...heating, decidedAfterMs: undefined, temperature: undefined };
  expect(outcomeText({ kind: "undecided", status: waiting })).toContain("there is no reading yet");
  expect(outcomeText({ kind: "undecided", status: { ...waiting, faults: ["sensor-stale"] } })).toMatch(
    /: sensor-stale: \S/,
  );
  const failed = { ...state, active: "failed", sub: "failed", running: undefined };
  expect(outcomeText({ kind: "not-running", state: failed })).toContain("it is failed (failed)");
  expect(outcomeText({ kind: "not-running", state: { ...failed, lastEnd: "signal 9" } })).toContain(
    ": signal 9.",
  );
});
