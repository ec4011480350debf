import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Log } from "../../../src/base/log.ts";
import { celsius, millis, relativeHumidity, seconds } from "../../../src/base/units.ts";
import type { Device, Observation } from "../../../src/firmware/device.ts";
import {
  keepStatusFile,
  readRunningStatus,
  statusFileIn,
} from "../../../src/firmware/service/running-status.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "running-status-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function rig(to: string | undefined = folder) {
  const clock = new VirtualClock();
  const warnings: string[] = [];
  const log: Log = { debug() {}, info() {}, error() {}, warn: (event) => void warnings.push(event) };
  let step = (_: Observation): void => {};
  const device = {
    inForce: { values: { controlMode: "auto", targetTemperature: 21 } },
    watch(watcher: (observation: Observation) => void) {
      step = watcher;
    },
  } as unknown as Pick<Device, "watch" | "inForce">;
  keepStatusFile({ device, firmware: "0.1.0", board: "grove-heater-pi", clock, log, folder: to });
  const observe = async (change: { heater?: boolean; warm?: number; faults?: string[] }): Promise<void> => {
    const { heater = false, warm, faults = [] } = change;
    const reading =
      warm === undefined
        ? undefined
        : { kind: "ok", temperature: celsius(warm), humidity: relativeHumidity(45) };
    const observation = {
      atMs: millis(clock.now()),
      input: { reading },
      commands: { heater },
      activeFaults: faults,
    };
    step(observation as unknown as Observation);
    await clock.advance(millis(0));
  };
  return { clock, warnings, observe };
}

const read = (processes = String(process.pid)) => readRunningStatus(statusFileIn(folder), processes);

describe("the status of a running loop", () => {
  it("is without a decision before its first reading, and with its time after it", async () => {
    const { clock, observe } = rig();
    await clock.advance(millis(300));
    await observe({});
    expect(read()).toMatchObject({ heater: false, target: 21, mode: "auto", faults: [] });
    expect(read()?.decidedAfterMs).toBeUndefined();
    await clock.advance(seconds(1));
    await observe({ warm: 19.44, heater: true });
    expect(read()).toMatchObject({ decidedAfterMs: 1300, temperature: 19.4, humidity: 45, heater: true });
  });

  it("keeps the last reading, and names faults", async () => {
    const { clock, observe } = rig();
    await observe({ warm: 19 });
    await clock.advance(seconds(1));
    await observe({ faults: ["sensor-stale"] });
    expect(read()).toMatchObject({ temperature: 19, faults: ["sensor-stale"] });
  });

  it("is written for news only, and once a second at most", async () => {
    const { clock, observe } = rig();
    await observe({ warm: 19 });
    const first = statSync(statusFileIn(folder)).ino;
    await clock.advance(seconds(5));
    await observe({ warm: 19 });
    expect(statSync(statusFileIn(folder)).ino).toBe(first);
    await observe({ warm: 20 });
    await observe({ warm: 21 });
    expect(read()?.temperature).toBe(20);
    await clock.advance(seconds(1));
    expect(read()?.temperature).toBe(21);
  });

  it("may be read by everybody, whatever the service's mask", async () => {
    const { observe } = rig();
    await observe({ warm: 19 });
    expect(statSync(statusFileIn(folder)).mode & 0o777).toBe(0o644);
  });

  it("costs the loop nothing where it cannot be written", async () => {
    const gone = join(folder, "gone");
    const { observe, warnings } = rig(gone);
    await observe({ warm: 19 });
    expect(warnings).toEqual(["status-file-not-written"]);
    mkdirSync(gone);
  });

  it("is not written outside a service", async () => {
    const { observe, warnings } = rig("");
    await observe({ warm: 19 });
    expect(warnings).toEqual([]);
    expect(read()).toBeUndefined();
  });

  it("of a loop that is gone is nothing, and neither is what is no status", async () => {
    const { observe } = rig();
    await observe({ warm: 19 });
    expect(read("1\n2\n")).toBeUndefined();
    expect(read()).toBeDefined();
    writeFileSync(
      statusFileIn(folder),
      readFileSync(statusFileIn(folder), "utf8").replace('"auto"', '"eco"'),
    );
    expect(read()).toBeUndefined();
  });
});
