/**
 * The standard DeviceInformation component of this machine (dtmi:azure:DeviceManagement:DeviceInformation;1).
 */
import { readFileSync, statfsSync } from "node:fs";
import { arch, cpus, platform, release, totalmem } from "node:os";

/** Sizes in KiB, as the interface requires. Never throws: unknown values are "unknown" or 0. */
export function describeMachine(board: string, firmware: string, dataPath: string) {
  return {
    manufacturer: "grove-heater",
    model: board,
    swVersion: firmware,
    osName: `${platform()} ${release()}`,
    processorArchitecture: arch(),
    processorManufacturer: processorManufacturer(),
    totalStorage: storageKib(dataPath),
    totalMemory: Math.floor(totalmem() / 1024),
  };
}

function processorManufacturer(): string {
  const name = `${deviceTreeModel()} ${cpus()[0]?.model ?? ""}`;
  const manufacturers = {
    Broadcom: /Raspberry Pi|BCM/,
    Intel: /Intel/,
    AMD: /AMD/,
    Apple: /Apple/,
    Arm: /Cortex|ARM/,
  };
  return Object.entries(manufacturers).find(([, pattern]) => pattern.test(name))?.[0] ?? "unknown";
}

function deviceTreeModel(): string {
  try {
    return readFileSync("/proc/device-tree/model", "utf8");
  } catch {
    return "";
  }
}

function storageKib(path: string): number {
  try {
    const { blocks, bsize } = statfsSync(path);
    return Math.floor((blocks * bsize) / 1024);
  } catch {
    return 0;
  }
}
