/** Many devices of Azure's own SDK on one local hub: the hub, the devices and this each in a process of its own. */
import { setTimeout as sleep } from "node:timers/promises";
import { Child } from "./child.ts";
import { type Figure, quantile } from "./figures.ts";
import type { FleetServices } from "./fleet-child.ts";
import { withHub } from "./hub-rig.ts";
import { residentKiB } from "./processes.ts";

export interface FleetSize {
  readonly devices: number;
  readonly messagesEach: number;
  readonly rounds: number;
  /** Before memory is read. */
  readonly settleMs: number;
}

export function fleetFigures({ devices, messagesEach, rounds, settleMs }: FleetSize): Promise<Figure[]> {
  return withHub(async ({ hub, place }) => {
    const fleet = await Child.start<FleetServices>("fleet-child");
    try {
      await sleep(settleMs);
      const [hubEmpty, fleetEmpty] = [residentKiB(hub.pid), residentKiB(fleet.pid)];
      const ids = Array.from({ length: devices }, (_, at) => `bench-${at}`);
      const enrolled = await hub.call("enrol", ids);
      const credentials = enrolled.map((each) => ({
        id: each.registrationId,
        connectionString: each.connectionString,
      }));
      const connectMs = await fleet.call("connect", place, credentials);
      await sleep(settleMs);
      const perDevice = (pid: number, empty: number): number => (residentKiB(pid) - empty) / devices;
      const [inHub, inFleet] = [perDevice(hub.pid, hubEmpty), perDevice(fleet.pid, fleetEmpty)];
      const reported = await fleet.call("reported", rounds);
      const desired = await fleet.call("desired", rounds);
      const perSecond = await fleet.call("telemetry", messagesEach);
      const note = `one after another, ${reported.length} each way`;
      return [
        { name: `${devices} SDK devices up, with their twins`, value: connectMs / 1000, unit: "s" },
        {
          name: "memory of the hub per device",
          value: inHub,
          unit: "KiB",
          note: `${mebi(hub.pid)} MiB in all`,
        },
        { name: "memory of the SDK per device", value: inFleet, unit: "KiB", note: "all in one process" },
        { name: "twin, reported to answer, p50", value: quantile(reported, 0.5), unit: "ms", note },
        { name: "twin, reported to answer, p99", value: quantile(reported, 0.99), unit: "ms" },
        { name: "twin, REST edit to device, p50", value: quantile(desired, 0.5), unit: "ms" },
        { name: "twin, REST edit to device, p99", value: quantile(desired, 0.99), unit: "ms" },
        {
          name: "telemetry, acknowledged",
          value: perSecond,
          unit: "msg/s",
          note: `${devices * messagesEach} messages, one under way per device`,
        },
      ];
    } finally {
      await fleet.end();
    }
  });
}

const mebi = (pid: number): string => (residentKiB(pid) / 1024).toFixed(0);
