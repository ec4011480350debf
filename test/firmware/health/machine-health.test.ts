import { describe, expect, it } from "vitest";
import { machineHealth, systemHealthSources } from "../../../src/firmware/health/machine-health.ts";

/** As a Pi 4 tells them. */
const pi: Readonly<Record<string, string>> = {
  "/proc/uptime": "35172.42 139862.11\n",
  "/proc/meminfo": "MemTotal:        1894128 kB\nMemFree:          512000 kB\nMemAvailable:    1403224 kB\n",
  "/sys/class/thermal/thermal_zone0/temp": "48686\n",
  "/sys/devices/platform/soc/soc:firmware/get_throttled": "50000\n",
  "/proc/net/wireless":
    "Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE\n face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22\n wlan0: 0000   54.  -56.  -256        0      0      0      0     12        0\n",
  "/proc/diskstats":
    "   7       0 loop0 1 0 2 0 3 0 999 0 0 0 0\n 179       0 mmcblk0 5123 1200 411394 3221 901 1300 26048 9221 0 3100 12442\n 179       1 mmcblk0p1 201 1 9394 121 3 0 12 1 0 100 122\n 179       2 mmcblk0p2 4800 1199 401000 3000 898 1300 26036 9220 0 3000 12320\n",
};

const from = (files: Readonly<Record<string, string>>) =>
  machineHealth({ read: (path) => files[path], freeBytes: () => 5_000_000_000 });

describe("the machine's health", () => {
  it("of a Raspberry Pi is what its kernel says", () => {
    expect(from(pi)).toEqual({
      machineUptime: 9.8,
      freeStorage: 4_882_812,
      freeMemory: 1_403_224,
      processorTemperature: 49,
      underVoltage: true,
      linkQuality: 77,
      diskWritten: 13_024,
    });
  });

  it.each([
    ["0x0", false],
    ["0", false],
    ["0x1", true],
    ["50005", true],
    ["80000", false],
    ["unreadable", null],
  ])("under-voltage by %s of the Pi's firmware is %s", (throttled, expected) => {
    const files = { "/sys/devices/platform/soc/soc:firmware/get_throttled": throttled };
    expect(from(files).underVoltage).toBe(expected);
  });

  it("under-voltage is read from the hardware monitor where the firmware's file is missing", () => {
    const monitor = (alarm: string) => ({
      "/sys/class/hwmon/hwmon0/name": "cpu_thermal\n",
      "/sys/class/hwmon/hwmon1/name": "rpi_volt\n",
      "/sys/class/hwmon/hwmon1/in0_lcrit_alarm": alarm,
    });
    expect(from(monitor("1\n")).underVoltage).toBe(true);
    expect(from(monitor("0\n")).underVoltage).toBe(false);
  });

  it("is null where a machine provides no value, or an invalid one", () => {
    const unknown = {
      machineUptime: null,
      freeStorage: null,
      freeMemory: null,
      processorTemperature: null,
      underVoltage: null,
      linkQuality: null,
      diskWritten: null,
    };
    expect(machineHealth({ read: () => undefined, freeBytes: () => undefined })).toEqual(unknown);
    expect(machineHealth({ read: () => "\0\0\0 garbage\n\n", freeBytes: () => undefined })).toEqual(unknown);
  });

  it("of this machine is read without harm", () => {
    const { freeStorage, machineUptime } = machineHealth(systemHealthSources("/"));
    expect(freeStorage).toBeGreaterThan(0);
    if (process.platform === "linux") expect(machineUptime).toBeGreaterThan(0);
    expect(machineHealth(systemHealthSources("/nowhere")).freeStorage).toBeNull();
  });
});
