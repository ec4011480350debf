/** All ways for a running service to die or to hang, on the machine's GPIO back end. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { RELAY } from "../../kernel/guest/hat.ts";
import type { Scenario } from "../../kernel/guest/scenario.ts";
import { until } from "../../kernel/guest/until.ts";
import { hasHub } from "./install-scenarios.ts";
import { afterHangMs, comesBack, death, killAll, timedOff } from "./relay-off.ts";
import {
  controlGroup,
  milliseconds,
  now,
  patienceMs,
  pidOf,
  type Role,
  relayIs,
  shown,
  signal,
  systemctl,
  told,
  useShortTimes,
} from "./service.ts";

export const deaths: readonly Scenario[] = [
  death("kill -9 of the loop", () => signal("SIGKILL", pidOf("loop"))),
  death("kill -9 of the guardian", () => signal("SIGKILL", pidOf("guardian"))),
  death("kill -9 of both", () => signal("SIGKILL", pidOf("guardian"), pidOf("loop"))),
  death("kill -9 of every process at once", killAll),
  death("systemctl kill", () => void systemctl("kill", "grove-heater.service")),
  {
    name: "systemctl stop turns the relay off, and systemctl start brings the heat back",
    async run(machine) {
      let stopped = 0;
      const stop = (): void => {
        const start = now();
        systemctl("stop", "grove-heater.service");
        stopped = now() - start;
      };
      const ms = await timedOff(machine, "systemctl stop", stop);
      assert.equal(shown("Result"), "success");
      systemctl("start", "grove-heater.service");
      await comesBack(machine);
      return `off after ${milliseconds(ms)}, stopped after ${milliseconds(stopped)}`;
    },
  },
  death("systemctl restart", () => void systemctl("restart", "--no-block", "grove-heater.service")),
];

const memory = (name: string): string => readFileSync(`${controlGroup}/memory.${name}`, "utf8");
const counted = (file: string, name: string): number =>
  Number(new RegExp(`^${name} (\\d+)$`, "m").exec(memory(file))?.[1]);

const setLimit = (limit: number | string): void => writeFileSync(`${controlGroup}/memory.max`, String(limit));
const killedSoFar = (): number => counted("events", "oom_kill");
/** Much less than a process has, so that one death is enough. */
const stepBytes = 4 * 2 ** 20;

/**
 * Takes memory away in small steps until the kernel has killed, which first drops what it can read again from the disk.
 * @returns how many were killed
 */
function exhaust(): number {
  const [limit, before] = [memory("max"), killedSoFar()];
  for (let kept = Number(memory("current")); kept > 0 && killedSoFar() === before; kept -= stepBytes)
    setLimit(kept);
  setLimit(limit);
  return killedSoFar() - before;
}

/** Leaves no memory at all for a moment. */
function exhaustWholly(): void {
  const limit = memory("max");
  setLimit(0);
  setLimit(limit);
}

function outOfMemory(victim: Role): Scenario {
  const what = `out of memory, the kernel takes the ${victim}`;
  return death(what, () => {
    const pid = pidOf(victim);
    writeFileSync(`/proc/${pid}/oom_score_adj`, "1000");
    assert.ok(exhaust() > 0, "the kernel killed nobody");
    assert.equal(existsSync(`/proc/${pid}/exe`), false, `the ${victim} lives`);
  });
}

export const memoryForHeat: Scenario = {
  name: "out of memory, the kernel takes first what heating does without: guardian, loop and relay go on",
  async run(machine) {
    await relayIs(machine, 1, 120_000);
    await until("the local hub", hasHub, patienceMs);
    const [guardian, loop] = [pidOf("guardian"), pidOf("loop")];
    const killed = exhaust();
    assert.ok(killed > 0, "the kernel killed nobody");
    assert.deepEqual([pidOf("guardian"), pidOf("loop")], [guardian, loop]);
    assert.equal(machine.line(RELAY)?.level, 1);
    return `${killed} killed`;
  },
};

export const memoryDeaths: readonly Scenario[] = [
  outOfMemory("loop"),
  outOfMemory("guardian"),
  death("out of memory, the kernel takes every process", exhaustWholly),
];

const sysfsLine = "/sys/class/gpio/gpio528";

export const backEnds: readonly Scenario[] = [
  {
    name: "changed to the GPIO character device, it heats, and sysfs has no line",
    async run(machine) {
      useShortTimes({ gpioBackend: "chardev" });
      await relayIs(machine, 0);
      await relayIs(machine, 1, 120_000);
      assert.equal(existsSync(sysfsLine), false, "sysfs has the line");
      return JSON.stringify(told());
    },
  },
  {
    name: "and back on sysfs",
    async run(machine) {
      useShortTimes();
      await relayIs(machine, 0);
      await relayIs(machine, 1, 120_000);
      assert.equal(existsSync(sysfsLine), true);
    },
  },
];

export const withoutSysfs: Scenario = {
  name: "this system was booted without sysfs GPIO, and the service heats by the character device",
  async run(machine) {
    assert.equal(existsSync("/sys/class/gpio/export"), false);
    await relayIs(machine, 1, 120_000);
    return JSON.stringify(told());
  },
};

export const hangs: readonly Scenario[] = [
  death("SIGSTOP of the loop", () => signal("SIGSTOP", pidOf("loop")), afterHangMs),
  {
    name: "SR-10 SIGSTOP of the guardian: the relay is off within ten seconds, and all is started anew",
    async run(machine) {
      const guardian = pidOf("guardian");
      const before = Number(shown("NRestarts"));
      const start = now();
      const stop = (): void => signal("SIGSTOP", guardian);
      const ms = await timedOff(machine, "SIGSTOP of the guardian", stop, afterHangMs);
      await until("another guardian", () => Number(shown("NRestarts")) > before, 120_000);
      const taken = now() - start;
      await comesBack(machine);
      return `relay off after ${milliseconds(ms)}, started anew after ${milliseconds(taken)}`;
    },
  },
  {
    name: "SR-01 a guardian that hangs and then a loop that dies: the watcher turns the relay off, systemd starts all anew",
    async run(machine) {
      const before = Number(shown("NRestarts"));
      await relayIs(machine, 1, 120_000);
      signal("SIGSTOP", pidOf("guardian"));
      const what = "SIGSTOP of the guardian, then kill -9 of the loop";
      const ms = await timedOff(machine, what, () => signal("SIGKILL", pidOf("loop")));
      await until("another guardian", () => Number(shown("NRestarts")) > before, patienceMs * 2);
      await comesBack(machine);
      return `relay off after ${milliseconds(ms)}`;
    },
  },
];
