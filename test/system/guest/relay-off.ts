/** How long the relay stays on after something happened, by the module's own time stamps. Each time goes into the rig's table. */
import assert from "node:assert/strict";
import { RELAY } from "../../kernel/guest/hat.ts";
import type { Machine } from "../../kernel/guest/machine.ts";
import { type Scenario, say } from "../../kernel/guest/scenario.ts";
import { until } from "../../kernel/guest/until.ts";
import { asRoot, controlGroup, milliseconds, now, patienceMs, relayIs, shown, succeeds } from "./service.ts";

/** SR-01 and SR-10, in the machine's own time. */
export const afterDeathMs = 1000;
export const afterHangMs = 10_000;

/** Waits for heat, lets `act` happen, and waits until the line is off. @returns after how many ms it was */
export async function timedOff(
  machine: Machine,
  what: string,
  act: () => void,
  limitMs = afterDeathMs,
): Promise<number> {
  await relayIs(machine, 1, 120_000);
  const start = now();
  act();
  await until("the relay's line to be off", () => machine.line(RELAY)?.level === 0 || undefined, 120_000);
  // A line that was off and on again within a look of 20 ms would show a later change.
  const ms = (machine.line(RELAY)?.changedMs ?? Number.NaN) - start;
  say({ type: "time", what, ms, limitMs });
  assert.ok(ms < limitMs, `it took ${milliseconds(ms)}`);
  return ms;
}

export async function comesBack(machine: Machine): Promise<void> {
  await relayIs(machine, 1, 120_000);
  await until("the service to run", () => shown("ActiveState") === "active", patienceMs);
}

export const death = (what: string, act: () => void, limitMs = afterDeathMs): Scenario => ({
  name: `SR-01 ${what}: the relay is off, and the heat comes back`,
  async run(machine) {
    const ms = await timedOff(machine, what, act, limitMs);
    await comesBack(machine);
    return milliseconds(ms);
  },
});

/** All processes of the service within one call into the kernel. */
export const killAll = (): void => void succeeds(asRoot(`echo 1 >${controlGroup}/cgroup.kill`));
