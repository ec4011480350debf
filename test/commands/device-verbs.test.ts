/** The verbs that ask and change a running device, on a device in virtual time. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { minutes } from "../../src/base/units.ts";
import { readArguments, type Verb } from "../../src/commands/line/verb.ts";
import { verb as boost } from "../../src/commands/running-device/boost.ts";
import { verb as clearFaults } from "../../src/commands/running-device/clear-faults.ts";
import { verb as logs } from "../../src/commands/running-device/logs.ts";
import { verb as reset } from "../../src/commands/running-device/reset.ts";
import { verb as schedule } from "../../src/commands/running-device/schedule.ts";
import { verb as set } from "../../src/commands/running-device/set.ts";
import { verb as status } from "../../src/commands/running-device/status.ts";
import { runningDevice } from "../firmware/local-socket/running-device.ts";
import { capturePrinted } from "./printed.ts";

const printed = capturePrinted();

async function started(options?: Parameters<typeof runningDevice>[0]) {
  const rig = await runningDevice(options);
  const run = async (verb: Verb, ...words: string[]) => {
    printed.text = "";
    return await verb.run(readArguments(verb, ["--data", rig.data, ...words]));
  };
  return { ...rig, run };
}

describe("status", () => {
  it("shows room, set-point, mode, heater and faults, and ends with 0 without a fault", async () => {
    const { run } = await started();
    expect(await run(status)).toBe(0);
    expect(printed.text).toMatch(/^Room {8}17\.\d °C, humidity \d+ %$/m);
    expect(printed.text).toMatch(/^Set-point {3}19\.0 °C \(default\)$/m);
    expect(printed.text).toMatch(/^Mode {8}auto/m);
    expect(printed.text).toMatch(/^Heater {6}on, demand \d+ %$/m);
    expect(printed.text).toMatch(/^Faults {6}none$/m);
  });

  it("ends with 1 and names the fault and its remedy while one is active", async () => {
    const { run, hat, clock } = await started();
    hat.bus.unplug(0x44);
    await clock.advance(minutes(2));
    expect(await run(status)).toBe(1);
    expect(printed.text).toMatch(/^Faults {6}.*sensor-stale/m);
    expect(await run(status, "--json")).toBe(1);
    expect(JSON.parse(printed.text)).toMatchObject({
      heater: false,
      faults: expect.arrayContaining(["sensor-stale"]),
    });
  });
});

describe("set", () => {
  it("changes a value, and says what is in force and who set it", async () => {
    const { run, device } = await started();
    expect(await run(set, "set-point", "20.5")).toBe(0);
    expect(device.inForce.values.targetTemperature).toBe(20.5);
    expect(printed.text).toMatch(/^Set-point: 20\.5 °C \(set by a command .+ ago\)\n$/);
  });

  it("is refused with the reason and 64 when the device refuses the value", async () => {
    const { run, device } = await started();
    await expect(run(set, "set-point", "31")).rejects.toMatchObject({ exitCode: 64 });
    expect(device.inForce.values.targetTemperature).toBe(19);
  });

  it.each([[["set-point"]], [[]], [["set-point", "20", "21"]]])(
    "wants a name and a value, not %j",
    async (words) => {
      const { run } = await started();
      await expect(run(set, ...words)).rejects.toMatchObject({ exitCode: 64 });
    },
  );

  it("says on stderr when the change is not on the disk", async () => {
    const { run } = await started({ hangs: true });
    const error = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    expect(await run(set, "set-point", "20.5")).toBe(0);
    expect(error.mock.calls.join()).toContain("not on the disk yet");
  });
});

describe("boost", () => {
  it("begins one for the minutes named, or the usual ones, and ends it", async () => {
    const { run, device, clock } = await started();
    expect(await run(boost, "20")).toBe(0);
    expect(printed.text).toBe("Boost for 20 min.\n");
    expect(device.inForce.boostUntil).toBeDefined();
    expect(await run(boost, "off")).toBe(0);
    expect(printed.text).toBe("Boost ended.\n");
    await clock.advance(minutes(1));
    expect(device.inForce.boostUntil).toBeUndefined();
  });

  it.each(["0.5", "-1", "many", "100000", ""])(
    "refuses %j minutes before any device is asked",
    async (word) => {
      const { run } = await started();
      await expect(run(boost, "--", word)).rejects.toMatchObject({ exitCode: 64 });
    },
  );
});

describe("schedule", () => {
  it("is shown as text for a person and as JSON for a program", async () => {
    const { run } = await started();
    expect(await run(schedule)).toBe(0);
    expect(printed.text).toBe("No schedule: the set-point holds.\n\nNow: 19.0 °C\n");
    expect(await run(schedule, "show", "--json")).toBe(0);
    expect(JSON.parse(printed.text)).toMatchObject({ schedule: {}, inForce: { aim: 19, from: "set-point" } });
  });

  it("sets one day beside those that are there, imports a whole week and clears it", async () => {
    const { run, device, data } = await started();
    await run(schedule, "set", "monday", "06:30", "20", "22:00", "16");
    await run(schedule, "set", "sun", "08:00", "21");
    expect(device.inForce.values.schedule).toEqual({ monday: "06:30 20, 22:00 16", sunday: "08:00 21" });
    expect(printed.text).toMatch(/^monday {5}06:30 20, 22:00 16\ntuesday {4}as the day before$/m);
    const file = join(data, "week.json");
    writeFileSync(file, JSON.stringify({ friday: "07:00 19" }));
    expect(await run(schedule, "import", file)).toBe(0);
    expect(device.inForce.values.schedule).toEqual({ friday: "07:00 19" });
    expect(await run(schedule, "clear")).toBe(0);
    expect(device.inForce.values.schedule).toEqual({});
  });

  it("begins a preset and ends it", async () => {
    const { run } = await started();
    expect(await run(schedule, "preset", "eco")).toBe(0);
    expect(await run(schedule, "resume")).toBe(0);
    await expect(run(schedule, "preset", "warm")).rejects.toMatchObject({ exitCode: 64 });
  });

  it.each([
    ["nosuch.json", undefined],
    ["text.json", "06:30 20"],
    ["wrong.json", '{"monday": "06:30 99"}'],
  ])("refuses the file %s of which it can make no week, and changes nothing", async (name, text) => {
    const { run, device, data } = await started();
    if (text !== undefined) writeFileSync(join(data, name), text);
    await expect(run(schedule, "import", join(data, name))).rejects.toMatchObject({ exitCode: 64 });
    expect(device.inForce.values.schedule).toEqual({});
  });

  it.each([[["set"]], [["import"]], [["clear", "now"]], [["preset"]]])(
    "refuses too few or too many words: %j",
    async (words) => {
      const { run } = await started();
      await expect(run(schedule, ...words)).rejects.toMatchObject({ exitCode: 64 });
    },
  );
});

describe("clear-faults", () => {
  it("ends with 0 where none is active, and with 1 and the remedy where the cause is still there", async () => {
    const { run, hat, clock } = await started();
    expect(await run(clearFaults)).toBe(0);
    expect(printed.text).toBe("No fault is active.\n");
    hat.bus.unplug(0x44);
    await clock.advance(minutes(2));
    expect(await run(clearFaults)).toBe(1);
    expect(printed.text).toMatch(/^Still active: sensor-stale\. \S/m);
  });
});

describe("reset", () => {
  it("counts the relay's cycles from 0, and keeps the hours of the heater", async () => {
    const { run, device, clock } = await started();
    await clock.advance(minutes(5));
    expect(device.counters.relayCycles).toBe(1);
    expect(await run(reset, "relay")).toBe(0);
    await clock.advance(minutes(1));
    expect(device.counters.relayCycles).toBe(0);
    expect(device.counters.heaterSeconds).toBeGreaterThan(60);
    expect(await run(reset, "room")).toBe(0);
  });

  it.each([[[]], [["heater"]], [["room", "relay"]]])(
    "wants one name that it knows, not %j",
    async (words) => {
      const { run } = await started();
      await expect(run(reset, ...words)).rejects.toMatchObject({ exitCode: 64 });
    },
  );
});

describe("logs", () => {
  it("shows the events so far, as lines or as JSON, and ends", async () => {
    const { run, log } = await started();
    log.warn("a-test-event", { port: 7 });
    expect(await run(logs)).toBe(0);
    expect(printed.text).toMatch(/^\S+Z warn {2}a-test-event .*7/m);
    expect(await run(logs, "--json")).toBe(0);
    const last = printed.text.trim().split("\n").at(-1) ?? "";
    expect(JSON.parse(last)).toMatchObject({ level: "warn", event: "a-test-event" });
  });
});

it("logs shows a schedule that was set, with its points", async () => {
  const { run } = await started();
  await run(schedule, "set", "monday", "06:30", "20");
  expect(await run(logs)).toBe(0);
  expect(printed.text).toMatch(/info {2}schedule .*to=\{"monday":"06:30 20"\}/);
});

it("every verb says that no device answers, with exit code 69, where none runs", async () => {
  const { run, face } = await started();
  await face.close();
  for (const [verb, ...words] of [
    [status],
    [set, "set-point", "20"],
    [boost],
    [schedule],
    [clearFaults],
    [logs],
  ] as const)
    await expect(run(verb, ...words)).rejects.toMatchObject({ exitCode: 69 });
});
