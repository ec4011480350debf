import { describe, expect, it } from "vitest";
import type { FaultConditions } from "../../src/control/active-faults.ts";
import type { FailingPart } from "../../src/control/input.ts";
import { faultCodes, faultEffects, faultOfPart } from "../../src/model/faults.ts";
import { Device, heating } from "../control/device.ts";

describe("the fault table", () => {
  it("fits the screen and tells what to do", () => {
    for (const code of faultCodes) {
      expect(faultEffects[code].short.length, code).toBeLessThanOrEqual(16);
      expect(faultEffects[code].remedy, code).toMatch(/\.$/);
    }
  });

  it("ranks every fault that forbids heat above those that do not", () => {
    const forbids = faultCodes.map((code) => faultEffects[code].heaterOff);
    expect(forbids).toEqual([...forbids].sort((a, b) => Number(b) - Number(a)));
  });
});

describe("what a fault does", () => {
  const such = (property: "heaterOff" | "latched") =>
    faultCodes.filter((code) => faultEffects[code][property]);

  it("is to take the heat away where the safety rules say so, and nowhere else", () => {
    expect(such("heaterOff")).toEqual([
      "over-temperature",
      "relay-mismatch",
      "relay-stuck-on",
      "sensor-stale",
      "sensor-stuck",
      "hot-room",
    ]);
  });

  it("is to wait for a person where only a person can judge", () => {
    expect(such("latched")).toEqual(["over-temperature", "state-lost"]);
  });

  it("is to be written at once when it latches, also when another came with it", () => {
    const device = heating();
    device.run(20);
    const before = device.state.revision;
    device.failing = ["display"];
    device.now += 10_000;
    device.read(18.5);
    expect(device.state.revision).toBe(before);
    device.failing = ["storage"];
    for (const value of [36, 36, 36]) {
      device.now += 2000;
      device.read(value);
    }
    expect(device.faults).toEqual(["over-temperature", "storage-failed"]);
    expect(device.state.revision).toBeGreaterThan(before);
  });
});

describe("a fault's words", () => {
  const detailOf = (device: Device) =>
    device.events.flatMap((event) => (event.kind === "fault-raised" ? event.detail : [])).at(-1);

  it("say how hot it was, and after a restart that it was before", () => {
    const device = heating();
    for (const value of [35.5, 35.5, 35.5]) {
      device.now += 2000;
      device.read(value);
    }
    expect(detailOf(device)).toMatch(/^35\.5 °C\. The room passed/);
    device.restart();
    device.step();
    expect(detailOf(device)).toMatch(/^latched before the start\. /);
  });

  it.each([
    [true, "differs from the command"],
    [undefined, "cannot be read"],
  ])("say of the relay's line at %s what is wrong", (level, words) => {
    const device = new Device();
    device.line = () => level;
    device.wait(3);
    expect(detailOf(device)).toContain(words);
  });

  it("say why the sensor does not count", () => {
    const device = new Device();
    device.read(20);
    device.temperature = 126;
    device.run(62);
    expect(detailOf(device)).toContain("126.0 °C is outside the sensor's range");
  });

  it("are the remedy where there is nothing else to say", () => {
    const device = new Device();
    device.failing = ["display"];
    device.step();
    expect(detailOf(device)).toBe(faultEffects["display-failed"].remedy);
  });
});

describe("SR-11: a fault that nothing raises", () => {
  it("does not compile", () => {
    const never = () => false;
    // "broken-part" is raised by a part, "too-cold" by nothing.
    // @ts-expect-error Property "too-cold" is missing
    const without: FaultConditions<"too-hot" | "too-cold" | "broken-part", "broken-part"> = {
      "too-hot": never,
    };
    const complete: FaultConditions<"too-hot" | "broken-part", "broken-part"> = { "too-hot": never };
    expect(Object.keys(without)).toEqual(Object.keys(complete));
  });
});

describe("SR-11: parts that fail", () => {
  it.each(Object.entries(faultOfPart))("show: %s raises %s, and ends it", (part, fault) => {
    const device = heating();
    device.failing = [part as FailingPart];
    device.run(2);
    expect(device.screen).toMatchObject({ fault, faultCount: 1, heating: true });
    device.failing = [];
    device.run(2);
    expect(device.faults).toEqual([]);
  });

  it("are shown and stop nothing", () => {
    const device = heating();
    device.failing = ["display", "buttons", "storage", "cloud"];
    device.run(10);
    expect(device.heater).toBe(true);
    expect(device.screen).toMatchObject({ fault: "storage-failed", faultCount: 4 });
    device.failing = [];
    device.run(2);
    expect(device.faults).toEqual([]);
  });

  it("include a button that is held for a minute", () => {
    const device = new Device();
    device.edge("a", true);
    device.run(62);
    expect(device.faults).toEqual(["buttons-failed"]);
    expect(device.events).toContainEqual(
      expect.objectContaining({ fault: "buttons-failed", detail: expect.stringContaining("button a") }),
    );
  });
});
