/**
 * The built firmware on the rig: one device from its start to its end, then every other way out, each of which
 * must leave the relay off (SR-01). The scenarios of one device depend on each other and run in order.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Firmware, type LogLine, runCommand, runRelayOff } from "./firmware.ts";
import { BUTTON_A, BUTTON_B, MODE_BUTTON, MODE_LED, RELAY } from "./hat.ts";
import { type Fault, LCD, type Machine, OLED, SHT31 } from "./machine.ts";
import type { Scenario } from "./scenario.ts";
import { PATIENCE_MS, until } from "./until.ts";

/** Below the set-point of a new device (19 °C) by enough for heat under any law. */
export const COLD = 17;

/** After so many failures the rest would only wait for what cannot come. */
const MOST_FAILURES = 2;

/** The hat's holder, whichever scenarios started it: a second firmware beside it would be refused (SR-12). */
let latest: Firmware | undefined;

/** One device after another on the same hat. */
export class Bench {
  #firmware: Firmware | undefined;
  #failures = 0;

  /** A device that has never run; the one before it, if any, is gone at once. */
  start(environment?: Readonly<Record<string, string>>, output?: number, data?: string): Firmware {
    if (latest?.running) latest.killAll();
    latest = Firmware.start(environment, output, data);
    this.#firmware = latest;
    return latest;
  }

  /** Needs the firmware that runs. */
  scenario(name: string, run: (machine: Machine, firmware: Firmware) => Promise<string>): Scenario {
    return this.starting(name, (machine) => {
      if (!this.#firmware?.running) throw new Error("the firmware is not running");
      return run(machine, this.#firmware);
    });
  }

  /** Starts the firmware itself. A failure shows what the firmware logged last. */
  starting(name: string, run: (machine: Machine) => Promise<string>, limitMs?: number): Scenario {
    return {
      name,
      ...(limitMs !== undefined && { limitMs }),
      run: async (machine) => {
        if (this.#failures >= MOST_FAILURES) throw new Error("not tried: too much failed before it");
        try {
          return await run(machine);
        } catch (error) {
          this.#failures++;
          const log = this.#firmware?.tail() ?? "";
          throw new Error(`${(error as Error).message}\n--- the firmware's log\n${log}`, { cause: error });
        }
      },
    };
  }
}

export const relayIs = (machine: Machine, level: 0 | 1, limitMs = PATIENCE_MS): Promise<true> =>
  until(
    `the relay's line to be ${level}`,
    () => machine.line(RELAY)?.level === level || undefined,
    limitMs,
  ).then(() => true);

/** It was the guardian that turned it off: a loop that starts does so too, seconds later. */
async function guardianTurnedOff(firmware: Firmware, why: string): Promise<void> {
  const found = (line: LogLine): boolean => line["before"] === 1 && line["why"] === why;
  await until(`the guardian's word that it turned the relay off (${why})`, () =>
    firmware.logged("relay-forced-off").some(found),
  );
}

/** Measures from now: "… ms". */
function stopwatch(): () => string {
  const start = performance.now();
  return () => `${Math.round(performance.now() - start)} ms`;
}

/** Pressed long enough to be no bounce, and too short to repeat. */
async function press(machine: Machine, line: number, pressed: 0 | 1 = 1): Promise<void> {
  machine.input(line, pressed);
  await sleep(150);
  machine.input(line, pressed === 1 ? 0 : 1);
}

/** Until the display's memory differs from what it was. */
function pictureChanges(machine: Machine, before: Buffer): Promise<true> {
  return until("the picture to change", () => !machine.oledRam().equals(before));
}

/** A device that has never run, with its heater on. @param output a descriptor, instead of one that is read */
export async function heating(
  bench: Bench,
  machine: Machine,
  environment?: Readonly<Record<string, string>>,
  output?: number,
): Promise<Firmware> {
  const firmware = bench.start(environment, output);
  // The one before may have left it on: only what comes after the start's own off counts.
  await relayIs(machine, 0);
  // A loop whose guardian was just killed may write its command once more, before it notices: that is not this one's.
  await until(
    "the firmware to heat",
    () => (machine.line(RELAY)?.level === 1 && firmware.hasLoop) || undefined,
    PATIENCE_MS,
  );
  assert.ok(firmware.running, "the relay is on, and not by this firmware, which has ended");
  return firmware;
}

/** A device from its start to its end. @param between what it lives through */
export function dayScenarios(between: (bench: Bench) => readonly Scenario[] = () => []): Scenario[] {
  const bench = new Bench();
  return [
    bench.starting("SR-01 a relay left on is off before the sensor is first asked", async (machine) => {
      machine.leaveOn(RELAY);
      machine.setAir(COLD, 45);
      machine.input(MODE_BUTTON, 1);
      const { bytes } = machine.transfers(SHT31);
      const time = stopwatch();
      const firmware = bench.start();
      await relayIs(machine, 0);
      assert.equal(machine.transfers(SHT31).bytes, bytes, "the sensor was asked first");
      const taken = time();
      await guardianTurnedOff(firmware, "start");
      return taken;
    }),
    bench.scenario("a reading below the set-point turns the relay's line on", async (machine) => {
      const time = stopwatch();
      await relayIs(machine, 1);
      assert.equal(machine.line(RELAY)?.direction, "out");
      return time();
    }),
    bench.scenario("the OLED shows a picture, and another one when the air changes", async (machine) => {
      await until("the OLED to be on", () => machine.oledOn());
      const blank = Buffer.alloc(machine.oledRam().length, 0xa5);
      await pictureChanges(machine, blank);
      const before = machine.oledRam();
      const sent = machine.transfers(OLED).bytes;
      machine.setAir(COLD, 48);
      await pictureChanges(machine, before);
      return `${machine.transfers(OLED).bytes - sent} bytes`;
    }),
    bench.scenario(
      "button B, heard by interrupt, raises the set-point; A lowers it",
      async (machine, firmware) => {
        const time = stopwatch();
        await press(machine, BUTTON_B);
        await until("the set-point to rise", () => firmware.logged("target").length === 1);
        const taken = time();
        await press(machine, BUTTON_A);
        await until("the set-point to fall", () => firmware.logged("target").length === 2);
        const steps = firmware.logged("target").map(({ from, to }) => [from, to]);
        assert.deepEqual(steps, [
          [19, 19.5],
          [19.5, 19],
        ]);
        return taken;
      },
    ),
    bench.scenario("the mode button switches mode and its LED follows", async (machine) => {
      const led = (): number | undefined => machine.line(MODE_LED)?.level;
      await until("the LED to be lit in auto", () => led() === 1);
      await press(machine, MODE_BUTTON, 0);
      await until("the LED to be dark in manual", () => led() === 0);
      const time = stopwatch();
      await press(machine, MODE_BUTTON, 0);
      await until("the LED to be lit again", () => led() === 1);
      return time();
    }),
    ...between(bench),
    bench.scenario("SIGTERM ends it with code 0 and the relay off", async (machine, firmware) => {
      await relayIs(machine, 1);
      const start = performance.now();
      process.kill(firmware.guardian, "SIGTERM");
      const { code } = await firmware.ended(PATIENCE_MS);
      const ms = performance.now() - start;
      assert.equal(code, 0);
      assert.equal(machine.line(RELAY)?.level, 0);
      assert.equal(firmware.logged("stopped").length, 1, "the loop had to be killed");
      assert.ok(ms < 4000, `it took ${ms.toFixed(0)} ms`);
      return `${ms.toFixed(0)} ms`;
    }),
  ];
}

/** What disturbs a day and must not end it. */
export function stormScenarios(bench: Bench): Scenario[] {
  const storm = (fault: Fault, words: string): Scenario =>
    bench.scenario(
      `a dozen transfers in a row ${words}, and then it reads again`,
      async (machine, firmware) => {
        machine.fault(fault, SHT31, 12);
        const time = stopwatch();
        await until("the storm to pass", () => machine.faultsLeft(SHT31) === 0);
        const { good } = machine.transfers(SHT31);
        // A whole measurement is a command and a read.
        await until("a reading", () => machine.transfers(SHT31).good >= good + 2);
        assert.equal(firmware.logged("loop-lost").length, 0, "the loop was lost");
        return time();
      },
    );
  return [
    storm("nack", "are not acknowledged"),
    storm("timeout", "time out"),
    storm("crc", "have a bad checksum"),
    bench.scenario("SR-11 a display that goes away stops nothing and comes back", async (machine) => {
      machine.fault("nack", OLED);
      machine.fault("nack", LCD);
      const { bad } = machine.transfers(OLED);
      machine.setAir(COLD, 41);
      await until("the display to be missed", () => machine.transfers(OLED).bad > bad);
      const { good } = machine.transfers(SHT31);
      await until("readings to go on", () => machine.transfers(SHT31).good > good + 2);
      const before = machine.oledRam();
      machine.endFaults();
      const time = stopwatch();
      await pictureChanges(machine, before);
      return time();
    }),
    bench.scenario("with the OLED gone, a text display shows the reading instead", async (machine) => {
      machine.fault("nack", OLED);
      machine.setAir(COLD, 44);
      const shown = (): string => machine.lcdText().join(" | ");
      await until("the text display to show the temperature", () => shown().includes(COLD.toFixed(1)));
      return shown();
    }),
  ];
}

/** The ways out that nobody wishes for. */
export function crashScenarios(): Scenario[] {
  const bench = new Bench();
  return [
    bench.starting(
      "SR-01 kill -9 of the loop: the guardian turns the relay off and starts another",
      async (machine) => {
        machine.setAir(COLD, 45);
        machine.input(MODE_BUTTON, 1);
        const firmware = await heating(bench, machine);
        const { loop } = firmware;
        const time = stopwatch();
        process.kill(loop, "SIGKILL");
        await relayIs(machine, 0);
        const taken = time();
        await guardianTurnedOff(firmware, "signal SIGKILL");
        await until("another loop", () => firmware.loop !== loop);
        return taken;
      },
    ),
    bench.starting(
      "SR-01 kill -9 of the guardian: the loop turns the relay off and ends",
      async (machine) => {
        const firmware = await heating(bench, machine);
        const { loop } = firmware;
        const time = stopwatch();
        process.kill(firmware.guardian, "SIGKILL");
        await relayIs(machine, 0);
        const taken = time();
        await until("the loop to end", () => !existsSync(`/proc/${loop}`));
        return taken;
      },
    ),
    bench.starting(
      "SR-12 no other start, and no command, touches the relay of a firmware that runs",
      async (machine) => {
        const firmware = await heating(bench, machine);
        const others = [
          ["run", "--offline", "--board", "grove-heater-pi"],
          ["run", "--board", "nosuch"],
          ["relay", "off", "--board", "grove-heater-pi"],
        ];
        for (const words of others) {
          const { code, output } = runCommand(...words, "--data", "/tmp/another");
          assert.equal(code, 75, output);
          assert.match(output, new RegExp(`process ${firmware.guardian}\\b`));
        }
        assert.equal(runCommand("run", "--nope", "--data", "/tmp/another").code, 75);
        const report = runCommand("doctor", "--board", "grove-heater-pi", "--data", "/tmp/another").output;
        assert.match(
          report,
          new RegExp(`instance +the firmware runs and drives the hat: process ${firmware.guardian}\\b`),
        );
        assert.equal(machine.line(RELAY)?.level, 1);
        return "4 refused";
      },
    ),
    bench.starting("an uncaught exception leaves the relay off", async (machine) => {
      const firmware = await heating(bench, machine, { GROVE_HEATER_CRASH_ON_SIGUSR2: "1" });
      const { loop } = firmware;
      const time = stopwatch();
      process.kill(loop, "SIGUSR2");
      await relayIs(machine, 0);
      const taken = time();
      await until("another loop", () => firmware.loop !== loop);
      return taken;
    }),
    bench.starting("SR-10 a loop that hangs is cut off after ten seconds", async (machine) => {
      const firmware = await heating(bench, machine);
      const { loop } = firmware;
      const start = performance.now();
      process.kill(loop, "SIGSTOP");
      await relayIs(machine, 0);
      const ms = performance.now() - start;
      assert.ok(ms < 15_000, `it took ${ms} ms`);
      await guardianTurnedOff(firmware, "the loop is silent");
      await until("another loop", () => firmware.loop !== loop);
      return `${(ms / 1000).toFixed(1)} s`;
    }),
    bench.starting("kill -9 of every process, then `relay off`: the relay is off", async (machine) => {
      const firmware = await heating(bench, machine);
      firmware.killAll();
      await firmware.ended(PATIENCE_MS);
      assert.equal(
        machine.line(RELAY)?.level,
        1,
        "sysfs keeps a dead process's level, else this shows nothing",
      );
      const time = stopwatch();
      const { code, output } = runCommand("relay", "off", "--board", "grove-heater-pi");
      assert.equal(code, 0, output);
      assert.equal(machine.line(RELAY)?.level, 0, output);
      return time();
    }),
    bench.starting(
      "kill -9 of every process, then the program without Node: the relay is off; beside a firmware it touches nothing",
      async (machine) => {
        const off = (): { code: number | null; output: string } => runRelayOff(machine.kind.label, RELAY);
        const firmware = await heating(bench, machine);
        const refused = off();
        assert.equal(refused.code, 75, refused.output);
        assert.equal(machine.line(RELAY)?.level, 1);
        firmware.killAll();
        await firmware.ended(PATIENCE_MS);
        const time = stopwatch();
        const { code, output } = off();
        assert.equal(code, 0, output);
        assert.equal(machine.line(RELAY)?.level, 0, output);
        assert.notEqual(runRelayOff("pinctrl-nosuch", RELAY).code, 0);
        return time();
      },
    ),
  ];
}

/** On the character device alone: in sysfs config.txt does it. */
export function pullScenarios(): Scenario[] {
  const bench = new Bench();
  return [
    bench.starting("SR-13 every button's line is pulled to not pressed", async (machine) => {
      const firmware = await heating(bench, machine);
      const pulls = [BUTTON_A, BUTTON_B, MODE_BUTTON].map((line) => machine.line(line)?.pull);
      firmware.killAll();
      await firmware.ended(PATIENCE_MS);
      assert.deepEqual(pulls, ["down", "down", "up"]);
      return pulls.join(", ");
    }),
  ];
}

/** A silence longer than readings count for. */
export function staleScenarios(): Scenario[] {
  const bench = new Bench();
  return [
    bench.starting(
      "SR-02 a sensor silent for 60 s turns the relay off; three readings bring heat back",
      async (machine) => {
        machine.setAir(COLD, 45);
        machine.input(MODE_BUTTON, 1);
        await heating(bench, machine);
        const start = performance.now();
        machine.fault("nack", SHT31);
        await relayIs(machine, 0, 75_000);
        const seconds = (performance.now() - start) / 1000;
        assert.ok(seconds > 55 && seconds < 65, `off after ${seconds} s`);
        machine.endFaults();
        await relayIs(machine, 1, 30_000);
        return `off after ${seconds.toFixed(1)} s`;
      },
    ),
  ];
}

/** Where the numbers from 512 up are another chip's. */
export function strangersScenario(): Scenario {
  return {
    name: "no line of another chip was ever touched",
    run: (machine) => Promise.resolve(assert.deepEqual(machine.strangersLines(), [])),
  };
}
