/** SR-01 and SR-10 with a watch in hand: how long the relay stays on after each way in which the firmware can fail. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { constants, mkdtempSync, openSync, readFileSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Firmware } from "./firmware.ts";
import { Bench, COLD, heating, relayIs } from "./firmware-scenarios.ts";
import { MODE_BUTTON, RELAY } from "./hat.ts";
import type { Machine } from "./machine.ts";
import type { Scenario } from "./scenario.ts";
import { PATIENCE_MS, until } from "./until.ts";

/** CLOCK_MONOTONIC, as the module's. */
const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** An emulated processor shares its core with who knows what: one of so many tries must keep to the limit. */
const MOST_ROUNDS = 4;

/** A pipe whose reader holds it, as a terminal does after Ctrl-S: each write waits. */
class HeldOutput {
  readonly #path = `${mkdtempSync("/tmp/held-")}/output`;
  readonly descriptor: number;

  constructor() {
    execFileSync("/bin/busybox", ["mkfifo", this.#path]);
    openSync(this.#path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.descriptor = openSync(this.#path, constants.O_WRONLY);
  }

  /** From now on there is no room for another byte. */
  hold(): void {
    const filler = openSync(this.#path, constants.O_WRONLY | constants.O_NONBLOCK);
    for (const size of [4096, 1]) {
      try {
        for (;;) writeSync(filler, Buffer.alloc(size, " "));
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, "EAGAIN");
      }
    }
  }
}

/** From the act to the last change of the relay's line, which must be to off. */
async function offAfter(machine: Machine, act: () => void): Promise<number> {
  const start = nowMs();
  act();
  await relayIs(machine, 0);
  return (machine.line(RELAY)?.changedMs ?? Number.NaN) - start;
}

const stopped = (pid: number): boolean => /\) T /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));

export function timedScenarios(): Scenario[] {
  const bench = new Bench();
  /** @param act what happens to a firmware that heats. @param after what must hold once the relay is off */
  const timed = (
    name: string,
    limitMs: number,
    act: (firmware: Firmware) => void,
    after: (firmware: Firmware, machine: Machine) => Promise<unknown> = () => Promise.resolve(),
  ): Scenario =>
    bench.starting(`SR-01 ${name}: the relay is off within ${limitMs / 1000} s`, async (machine) => {
      machine.setAir(COLD, 45);
      machine.input(MODE_BUTTON, 1);
      const rounds: string[] = [];
      for (let round = 0; round < MOST_ROUNDS; round++) {
        const firmware = await heating(bench, machine);
        const ms = await offAfter(machine, () => act(firmware));
        rounds.push(`${ms.toFixed(0)} ms`);
        await after(firmware, machine);
        if (ms <= limitMs) return rounds.join(", then ");
      }
      throw new Error(`off after ${rounds.join(", ")}`);
    });
  return [
    timed("kill -9 of the loop", 100, (firmware) => process.kill(firmware.loop, "SIGKILL")),
    timed("kill -9 of the guardian", 100, (firmware) => process.kill(firmware.guardian, "SIGKILL")),
    timed("kill -9 of both", 100, (firmware) => firmware.killBoth()),
    timed(
      "Ctrl-Z",
      100,
      (firmware) => process.kill(firmware.guardian, "SIGTSTP"),
      async ({ guardian }, machine) => {
        await until("the guardian to be stopped", () => stopped(guardian));
        assert.equal(machine.line(RELAY)?.level, 0);
      },
    ),
    timed(
      "SIGSTOP of the guardian",
      10_000,
      (firmware) => process.kill(firmware.guardian, "SIGSTOP"),
      async (firmware, machine) => {
        // A service manager would start all of it anew.
        const { signal } = await firmware.ended(PATIENCE_MS);
        assert.equal(signal, "SIGKILL");
        assert.equal(machine.line(RELAY)?.level, 0);
      },
    ),
    bench.starting(
      "SR-01 SIGSTOP of the guardian, then kill -9 of the loop: the relay is off within 1 s",
      async (machine) => {
        machine.setAir(COLD, 45);
        machine.input(MODE_BUTTON, 1);
        const firmware = await heating(bench, machine);
        const { loop, guardian } = firmware;
        process.kill(guardian, "SIGSTOP");
        await until("the guardian to be stopped", () => stopped(guardian));
        const ms = await offAfter(machine, () => process.kill(loop, "SIGKILL"));
        assert.ok(ms <= 1000, `it took ${ms.toFixed(0)} ms`);
        process.kill(guardian, "SIGCONT");
        await until("another loop", () => firmware.loop !== loop);
        return `${ms.toFixed(0)} ms`;
      },
    ),
    bench.starting(
      "a guardian that was stopped for 8 s ends no healthy loop, and is not ended",
      async (machine) => {
        machine.setAir(COLD, 45);
        machine.input(MODE_BUTTON, 1);
        const firmware = await heating(bench, machine);
        const { loop, guardian } = firmware;
        process.kill(guardian, "SIGSTOP");
        await sleep(8000);
        process.kill(guardian, "SIGCONT");
        await sleep(4000);
        assert.equal(firmware.loop, loop);
        assert.equal(machine.line(RELAY)?.level, 1);
        // Both at once, for longer than either would wait: as on a machine that was suspended.
        for (const pid of [guardian, loop]) process.kill(pid, "SIGSTOP");
        await sleep(15_000);
        for (const pid of [loop, guardian]) process.kill(pid, "SIGCONT");
        await sleep(4000);
        assert.equal(firmware.loop, loop);
        assert.equal(firmware.logged("loop-silent").length, 0);
        return "8 s, and both for 15 s";
      },
    ),
    bench.starting(
      "SR-10 a loop that hangs while the output is held (Ctrl-S): the relay is off within 10 s",
      async (machine) => {
        machine.setAir(COLD, 45);
        machine.input(MODE_BUTTON, 1);
        const output = new HeldOutput();
        const firmware = await heating(bench, machine, {}, output.descriptor);
        output.hold();
        const { loop } = firmware;
        const ms = await offAfter(machine, () => process.kill(loop, "SIGSTOP"));
        await until("another loop", () => firmware.loop !== loop);
        assert.ok(ms <= 10_000, `it took ${ms.toFixed(0)} ms`);
        return `${(ms / 1000).toFixed(2)} s`;
      },
    ),
  ];
}
