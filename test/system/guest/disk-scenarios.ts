/** A disk that becomes read-only, and one that is gone, beneath a running service. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { BUTTON_B, RELAY } from "../../kernel/guest/hat.ts";
import type { Machine } from "../../kernel/guest/machine.ts";
import type { Scenario } from "../../kernel/guest/scenario.ts";
import { until } from "../../kernel/guest/until.ts";
import { keep, kept } from "./progress.ts";
import { comesBack, killAll, timedOff } from "./relay-off.ts";
import {
  asRoot,
  milliseconds,
  patienceMs,
  pidOf,
  relayIs,
  signal,
  succeeds,
  told,
  useShortTimes,
} from "./service.ts";

const isReadOnly = (): boolean => /^\S+ \/ \S+ ro[, ]/m.test(readFileSync("/proc/mounts", "utf8"));

async function press(machine: Machine): Promise<number> {
  const before = told().target;
  machine.input(BUTTON_B, 1);
  await sleep(150);
  machine.input(BUTTON_B, 0);
  await until("the set-point to follow", () => told().target !== before, patienceMs);
  return told().target;
}

const storageFault = (): boolean => told().faults.includes("storage-failed");

export const readOnlyDisk: readonly Scenario[] = [
  {
    name: "SR-11 on a disk that became read-only it heats, shows a press, and shows the fault",
    async run(machine) {
      useShortTimes();
      await relayIs(machine, 1, 120_000);
      writeFileSync("/proc/sysrq-trigger", "u");
      await until("a read-only disk", isReadOnly, patienceMs);
      const target = await press(machine);
      await until("the fault", storageFault, patienceMs);
      assert.equal(machine.line(RELAY)?.level, 1);
      return `${target} °C`;
    },
  },
  {
    name: "all processes killed there: the relay is off, and with their stale locks it starts again and heats",
    async run(machine) {
      const ms = await timedOff(machine, "kill -9 of every process, disk read-only", killAll);
      await comesBack(machine);
      return `${milliseconds(ms)}, ${JSON.stringify(told())}`;
    },
  },
  {
    name: "when the disk can be written again, a press of meanwhile is stored and the fault ends",
    async run(machine) {
      const target = await press(machine);
      succeeds(asRoot("mount -o remount,rw /"));
      await until("the end of the fault", () => !storageFault(), patienceMs);
      keep({ ...kept(), target });
      return `${target} °C`;
    },
  },
];

/** The last thing that a start of the machine is for. */
export const deadDisk: readonly Scenario[] = [
  {
    name: "SR-11 on a disk that is gone it heats, shows a press, and shows the fault",
    async run(machine) {
      await relayIs(machine, 1, 120_000);
      // What this program has not read yet could not be read any more.
      readFileSync(process.execPath);
      const driver = "/sys/bus/virtio/drivers/virtio_blk";
      const [device] = readdirSync(driver).filter((name) => name.startsWith("virtio"));
      writeFileSync(`${driver}/unbind`, device ?? "");
      await press(machine);
      await until("the fault", storageFault, patienceMs);
      assert.equal(machine.line(RELAY)?.level, 1);
    },
  },
  {
    name: "all processes killed there: the relay is off",
    async run(machine) {
      // No tool can be relied on now, and no other loop can be started: with a device that is removed, the kernel also
      // drops what it has read of it.
      const kill = (): void => signal("SIGKILL", pidOf("guardian"), pidOf("loop"));
      return milliseconds(await timedOff(machine, "kill -9 of both, disk gone", kill));
    },
  },
];
