import { describe, expect, it } from "vitest";
import { hours, minutes } from "../../../src/base/units.ts";
import { HealthReport } from "../../../src/firmware/health/health-report.ts";
import { readOnlyProperties, validateValue } from "../../../src/model/cloud-model.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";

function rig() {
  const clock = new VirtualClock();
  const files: Record<string, string> = {
    "/sys/class/thermal/thermal_zone0/temp": "50000",
    "/sys/devices/platform/soc/soc:firmware/get_throttled": "0",
    "/proc/meminfo": "MemAvailable: 1000000 kB",
  };
  const machine = { free: 5_000_000_000, counters: { relayCycles: 2500, heaterSeconds: 36_000 } };
  const report = new HealthReport({
    clock,
    counters: () => machine.counters,
    sources: { read: (path) => files[path], freeBytes: () => machine.free },
    relayLife: 100_000,
  });
  /** A look every minute. @returns how often there was news */
  const pass = async (forMinutes: number): Promise<number> => {
    let news = 0;
    for (let n = 0; n < forMinutes; n += 1) {
      await clock.advance(minutes(1));
      if (report.refresh()) news += 1;
    }
    return news;
  };
  return { clock, files, machine, report, pass };
}

describe("the health report", () => {
  it("changes once an hour, whatever moves meanwhile", async () => {
    const { files, machine, report, pass } = rig();
    const before = report.values;
    files["/sys/class/thermal/thermal_zone0/temp"] = "61000";
    machine.counters = { relayCycles: 2503, heaterSeconds: 36_900 };
    expect(await pass(59)).toBe(0);
    expect(report.values).toBe(before);
    expect(await pass(1)).toBe(1);
    expect(report.values).toMatchObject({ processorTemperature: 61, relayCycles: 2503, heaterHours: 10.2 });
    expect(await pass(24 * 60)).toBe(24);
  });

  it("says within a minute what a person should hear of, and when it is over", async () => {
    const { files, machine, report, pass } = rig();
    const under = "/sys/devices/platform/soc/soc:firmware/get_throttled";
    files[under] = "50005";
    expect(await pass(1)).toBe(1);
    expect(report.values.underVoltage).toBe(true);
    files["/sys/class/thermal/thermal_zone0/temp"] = "84000";
    expect(await pass(5)).toBe(1);
    machine.free = 1_000_000;
    expect(await pass(5)).toBe(1);
    machine.free = 5_000_000_000;
    files["/sys/class/thermal/thermal_zone0/temp"] = "60000";
    expect(await pass(5)).toBe(1);
    expect(report.values).toMatchObject({ processorTemperature: 60, underVoltage: true });
  });

  it("has the relay's life in percent of the setting, and the duty of the time since the last one", async () => {
    const { clock, machine, report, pass } = rig();
    expect(report.values).toMatchObject({ relayLife: 2.5, heaterDuty: null });
    machine.counters = { relayCycles: 2506, heaterSeconds: 36_000 + 900 };
    await pass(60);
    expect(report.values.heaterDuty).toBe(25);
    machine.counters = { ...machine.counters, heaterSeconds: 36_000 + 900 + 7200 };
    await clock.advance(hours(2));
    report.refresh();
    expect(report.values.heaterDuty).toBe(100);
  });

  it("takes the counters along with whatever else is reported", async () => {
    const { machine, report, pass } = rig();
    machine.counters = { relayCycles: 90_000, heaterSeconds: 36_000 };
    await pass(2);
    report.refreshCounters();
    expect(report.values).toMatchObject({ relayCycles: 90_000, relayLife: 90 });
  });

  it("fits the model", () => {
    for (const [name, value] of Object.entries(rig().report.values)) {
      const row = readOnlyProperties[name as keyof typeof readOnlyProperties];
      expect(value === null ? undefined : validateValue(row.schema, value)).toBeUndefined();
    }
  });
});
