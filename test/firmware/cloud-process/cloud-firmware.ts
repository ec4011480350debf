/** What the tests of the built firmware's cloud process share. */
import { readFileSync } from "node:fs";
import { expect, type TestContext } from "vitest";
import { FirmwareProcess } from "../firmware-process.ts";

export function firmware({ onTestFinished }: TestContext): FirmwareProcess {
  const process = new FirmwareProcess();
  onTestFinished(() => process.cleanUp());
  return process;
}

export function cloudPid(device: FirmwareProcess): number {
  const { loopPid } = device;
  const [pid] = readFileSync(`/proc/${loopPid}/task/${loopPid}/children`, "utf8").trim().split(" ");
  if (!pid) throw new Error("the cloud process does not run");
  return Number(pid);
}

export const eventsOf = (device: FirmwareProcess, from: number) =>
  device.log.slice(from).map(({ event }) => event);

export async function heatingOnline(device: FirmwareProcess): Promise<void> {
  device.startConnected();
  await device.event("cloud-online");
  await device.heaterOn();
}

export function expectHeatUntouched(device: FirmwareProcess, loopPid: number, from: number): void {
  expect(device.relay).toBe("1");
  expect(device.loopPid).toBe(loopPid);
  for (const event of ["crash", "loop-lost", "loop-silent"])
    expect(eventsOf(device, from)).not.toContain(event);
}
