/** Orderly ends of the whole system, and its power cut while somebody presses the buttons. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { BUTTON_A, BUTTON_B, RELAY } from "../../kernel/guest/hat.ts";
import { type Scenario, say } from "../../kernel/guest/scenario.ts";
import { until } from "../../kernel/guest/until.ts";
import { targetsParameter } from "../plans.ts";
import { keep, kept } from "./progress.ts";
import { timedOff } from "./relay-off.ts";
import { milliseconds, patienceMs, relayIs, systemctl, told } from "./service.ts";

/** systemd stops the service before this program, which therefore sees the relay's end. */
export const systemEnd = (by: "reboot" | "power-off"): Scenario => ({
  name: `SR-01 ${by} of the system: the relay is off before the power is`,
  async run(machine) {
    await relayIs(machine, 1, 120_000);
    keep({ ...kept(), target: told().target });
    const verb = by === "reboot" ? "reboot" : "poweroff";
    const ms = await timedOff(machine, by, () => void systemctl(verb, "--no-block"));
    return milliseconds(ms);
  },
});

/** Set-points that the firmware may come back with: from the rig after a cut, else the one of before, else the first one. */
function possibleTargets(): readonly number[] {
  const { target = 19 } = kept();
  const [said] = readFileSync("/proc/cmdline", "utf8")
    .split(/\s/)
    .flatMap((word) => (word.startsWith(targetsParameter) ? [word.slice(targetsParameter.length)] : []));
  if (said) return said.split(",").map(Number);
  return [target];
}

export const afterEnd: Scenario = {
  name: "after the end of the system the service starts by itself, with the set-point that was shown",
  async run(machine) {
    await until("a decision", () => told().decidedAfterMs !== undefined, 120_000);
    const { target } = told();
    assert.ok(possibleTargets().includes(target), `${target}, and it was ${possibleTargets().join(" or ")}`);
    return `${target} °C, process ${told().pid}${machine.line(RELAY)?.level === 1 ? ", heats" : ""}`;
  },
};

export const heatsAfterEnd: Scenario = {
  name: "after the end of the system it heats again",
  async run(machine) {
    await relayIs(machine, 1, 120_000);
    return `relay on ${milliseconds(machine.line(RELAY)?.changedMs ?? 0)} after the boot`;
  },
};

const step = 0.5;

/**
 * Says which set-points may come back after a cut from then on: the one shown, and the one of the press under way. It ends
 * with the power, or fails.
 */
export const pressing: Scenario = {
  name: "the set-point follows the buttons, until the power is cut",
  async run(machine) {
    await until("the loop", () => told().decidedAfterMs !== undefined, patienceMs);
    let towards = 1;
    for (;;) {
      const before = told().target;
      if (before >= 27) towards = -1;
      if (before <= 17) towards = 1;
      say({ type: "shown", targets: [before, before + towards * step] });
      const button = towards > 0 ? BUTTON_B : BUTTON_A;
      machine.input(button, 1);
      await sleep(150);
      machine.input(button, 0);
      await until("the set-point to follow", () => told().target !== before, patienceMs);
    }
  },
};
