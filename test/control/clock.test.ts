/** A wall clock that is wrong, and one that is set: control does not notice, and records are put right. */
import { describe, expect, it } from "vitest";
import { toDurable } from "../../src/control/to-durable.ts";
import { inForce } from "../../src/control/twin/in-force.ts";
import { lastChange } from "../../src/control/twin/last-change.ts";
import { Device } from "./device.ts";

const noon = Date.UTC(2026, 11, 24, 12);
const years = { "1970": 5000, "2026": noon, "2099": Date.UTC(2099, 0) };

/** Two hours in a room that cools and warms, a press in between; what the heater did, second by second. */
function heaterOf(clock: (second: number) => number): string {
  const device = new Device();
  let heater = "";
  for (let second = 0; second < 7200; second += 1) {
    device.wallOffset = clock(second);
    device.temperature = 18.5 + Math.sin(second / 900) * 2;
    if (second === 3000) device.press("b");
    device.run(1);
    heater += device.heater ? "1" : "0";
  }
  return heater;
}

describe("the wall clock", () => {
  it("in 1970, in 2099, and jumping both ways again and again changes nothing that the heater does", () => {
    const usual = heaterOf(() => noon);
    expect(usual).toContain("1");
    expect(usual).toContain("0");
    for (const start of Object.values(years)) expect(heaterOf(() => start)).toBe(usual);
    const all = Object.values(years);
    expect(heaterOf((second) => all[Math.floor(second / 60) % all.length] ?? 0)).toBe(usual);
  });

  it.each(Object.entries(years))(
    "that was %s when a value was set has its record put right once it is set",
    (_, wrong) => {
      const device = new Device();
      device.wallOffset = wrong;
      device.run(10);
      device.press("b");
      const pressedAt = device.now;
      device.run(600);
      device.wallOffset = noon;
      device.run(1);
      const { time } = lastChange(inForce(device.state)) ?? {};
      const right = (wrong === noon ? 0 : 1) * 1000;
      expect(Math.abs(Date.parse(time ?? "") - (noon + pressedAt))).toBeLessThanOrEqual(1000 + right);
      // It is stored with the right time, and only once more.
      const { revision } = device.state;
      device.run(60);
      expect(device.state.revision).toBe(revision);
    },
  );

  it("leaves alone what was labelled before the start, and what a believable clock has labelled", () => {
    const device = new Device();
    device.wallOffset = years["1970"];
    device.run(10);
    device.press("b");
    device.restart(10, toDurable(device.state));
    const before = lastChange(inForce(device.state))?.time;
    expect(before).toContain("1970");
    device.wallOffset = noon;
    device.run(5);
    expect(lastChange(inForce(device.state))?.time).toBe(before);
    device.press("b");
    const labelled = lastChange(inForce(device.state))?.time;
    device.wallOffset = noon + 86_400_000;
    device.run(5);
    expect(lastChange(inForce(device.state))?.time).toBe(labelled);
  });
});
