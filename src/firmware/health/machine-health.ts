/**
 * Folder health/: the machine's health (wear, free space, temperature), read from files of the kernel.
 *
 * Guarantee: never throws. Values that a machine does not provide are `null`, never invented; files are read
 * up to a size limit.
 */
import { statfsSync } from "node:fs";
import { readSmallFile } from "../../base/files/small-file.ts";

export interface MachineHealth {
  /** Hours, with one decimal. */
  readonly machineUptime: number | null;
  /** KiB. */
  readonly freeStorage: number | null;
  readonly freeMemory: number | null;
  /** °C. */
  readonly processorTemperature: number | null;
  /** Whether it occurred since the machine's start. */
  readonly underVoltage: boolean | null;
  /** Percent. */
  readonly linkQuality: number | null;
  /** KiB since the machine's start, by all programs. */
  readonly diskWritten: number | null;
}

export interface HealthSources {
  /** `undefined` when there is no such file, or it cannot be read. */
  readonly read: (path: string) => string | undefined;
  /** Free bytes on the disk of the data folder. */
  readonly freeBytes: () => number | undefined;
}

const maxFileBytes = 64 * 1024;

export const systemHealthSources = (dataPath: string): HealthSources => ({
  read(path) {
    try {
      return readSmallFile(path, { limit: maxFileBytes });
    } catch {
      return undefined;
    }
  },
  freeBytes() {
    try {
      const { bavail, bsize } = statfsSync(dataPath);
      return bavail * bsize;
    } catch {
      return undefined;
    }
  },
});

export function machineHealth({ read, freeBytes }: HealthSources): MachineHealth {
  const free = freeBytes();
  return {
    machineUptime: rounded(numberIn(/^(\d+\.?\d*)/, read("/proc/uptime")), 1 / 3600, 10),
    freeStorage: free === undefined ? null : Math.floor(free / 1024),
    // proc_meminfo(5): in KiB; the memory that programs can get without swapping.
    freeMemory: rounded(numberIn(/^MemAvailable:\s+(\d+) kB/m, read("/proc/meminfo"))),
    // Documentation/driver-api/thermal/sysfs-api: thousandths of a degree.
    processorTemperature: rounded(
      numberIn(/^(-?\d+)/, read("/sys/class/thermal/thermal_zone0/temp")),
      1 / 1000,
    ),
    underVoltage: underVoltage(read),
    linkQuality: linkQuality(read("/proc/net/wireless")),
    diskWritten: diskWritten(read("/proc/diskstats")),
  };
}

/** @param perUnit 10: one decimal */
function rounded(value: number | undefined, factor = 1, perUnit = 1): number | null {
  return value === undefined ? null : Math.round(value * factor * perUnit) / perUnit;
}

function numberIn(pattern: RegExp, text: string | undefined): number | undefined {
  const found = text === undefined ? undefined : pattern.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Bits of the Pi's firmware, "get_throttled": 0 under-voltage now, 16 at any time since the start. */
const underVoltageBits = 0x1_0001;
const maxMonitors = 10;

function underVoltage(read: HealthSources["read"]): boolean | null {
  const throttled = read("/sys/devices/platform/soc/soc:firmware/get_throttled")?.trim();
  if (throttled !== undefined && /^(0x)?[0-9a-f]+$/i.test(throttled)) {
    return (Number.parseInt(throttled, 16) & underVoltageBits) !== 0;
  }
  for (let n = 0; n < maxMonitors; n += 1) {
    const monitor = `/sys/class/hwmon/hwmon${n}`;
    // drivers/hwmon/raspberrypi-hwmon.c: stays set until the next boot.
    if (read(`${monitor}/name`)?.trim() === "rpi_volt")
      return read(`${monitor}/in0_lcrit_alarm`)?.trim() === "1";
  }
  return null;
}

/** Current drivers report up to 70 (Documentation/networking, wireless extensions). */
const maxQuality = 70;

function linkQuality(wireless: string | undefined): number | null {
  const quality = numberIn(/^\s*\w+:\s+\w+\s+(\d+)\.?/m, wireless);
  return quality === undefined ? null : Math.min(100, Math.round((quality / maxQuality) * 100));
}

/**
 * Documentation/admin-guide/iostats: the seventh number after the name counts written sectors of 512 bytes.
 */
function diskWritten(stats: string | undefined): number | null {
  const lines = stats?.matchAll(
    /^\s*\d+\s+\d+\s+(?:mmcblk\d+|sd[a-z]+|vd[a-z]+|nvme\d+n\d+)\s+(?:\d+\s+){6}(\d+)/gm,
  );
  const sectors = [...(lines ?? [])].map(([, count]) => Number(count));
  return sectors.length === 0 ? null : Math.floor(sectors.reduce((sum, count) => sum + count, 0) / 2);
}
