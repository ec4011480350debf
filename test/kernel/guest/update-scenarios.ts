/**
 * Updates on the rig, with the relay's line watched from the first start to the last: one that works, and each way in which
 * one does not. The genuine program, its images made and signed here, its launcher, slots in its data folder.
 */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newKeyPair } from "../../../src/update/image/keys.ts";
import { packStaged } from "../../update/staged-image.ts";
import { APP, type Firmware, newDataFolder, runCommand } from "./firmware.ts";
import { Bench, COLD, relayIs } from "./firmware-scenarios.ts";
import { MODE_BUTTON, RELAY } from "./hat.ts";
import type { Machine } from "./machine.ts";
import type { Scenario } from "./scenario.ts";
import { until } from "./until.ts";

/** What the kernel's drivers take to be loaded, and the entries of a loop without a cloud. */
const BUNDLES = ["loop.js", "johnny-five.js", "faces.js", "worker-gate.cjs", "native"];
const PACKAGES = ["i2c-bus", "onoff", "epoll", "bindings", "file-uri-to-path", "lodash.debounce"];
const DIED = "/tmp/died-at";

/** A minute of health, three minutes for a trial, and an emulated processor. */
const CONFIRMED_MS = 150_000;
const REVERTED_MS = 300_000;
const WHOLE_MS = 420_000;

const owner = newKeyPair();
let counter = 0;

/** @param change of the text of dist/loop.js. @returns the signed image's file */
async function image(change: (loop: string) => string): Promise<string> {
  counter += 1;
  const folder = mkdtempSync("/tmp/release-");
  const dist = join(folder, "dist");
  mkdirSync(dist);
  for (const name of BUNDLES) {
    const from = join(APP, "dist", name);
    if (existsSync(from)) cpSync(from, join(dist, name), { recursive: true });
  }
  writeFileSync(join(dist, "loop.js"), change(readFileSync(join(APP, "dist/loop.js"), "utf8")));
  for (const name of ["boards", "manifest"]) cpSync(join(APP, name), join(folder, name), { recursive: true });
  for (const name of PACKAGES) {
    const from = join(APP, "node_modules", name);
    if (existsSync(from)) cpSync(from, join(folder, "node_modules", name), { recursive: true });
  }
  const image = await packStaged(folder, { version: `0.${counter}.0`, counter }, owner.privatePem);
  mkdirSync(join(APP, "keys"), { recursive: true });
  writeFileSync(join(APP, "keys/owner.pub"), owner.publicPem);
  return image;
}

const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function apply(data: string, file: string, ...flags: readonly string[]): void {
  const { code, output } = runCommand("update", "apply", file, "--data", data, ...flags);
  assert.equal(code, 0, output);
}

/** Looks at the line every few milliseconds for as long as `during` takes. */
class LineWatch {
  /** From when to when the line was on. */
  readonly on: { readonly from: number; to: number }[] = [];
  readonly #timer: NodeJS.Timeout;
  constructor(machine: Machine) {
    let level = 0;
    this.#timer = setInterval(() => {
      const line = machine.line(RELAY);
      const at = nowMs();
      const last = this.on.at(-1);
      if (line?.level === 1 && level === 0) this.on.push({ from: at, to: at });
      else if (line?.level === 1 && last !== undefined) last.to = at;
      level = line?.level ?? 0;
    }, 50);
  }
  stop(): string {
    clearInterval(this.#timer);
    const [first, last] = [this.on.at(0), this.on.at(-1)];
    const sum = this.on.reduce((total, { from, to }) => total + to - from, 0);
    return first === undefined || last === undefined
      ? "never on"
      : `on ${this.on.length} times, ${seconds(sum)}`;
  }
}

/** The firmware of the installation runs again, and has heat: the line is on, by it. */
async function heatsAgain(machine: Machine, firmware: Firmware): Promise<void> {
  const loop = await until("the loop of the installation", () => {
    const words = readFileSync(`/proc/${firmware.loop}/cmdline`, "latin1").split("\0");
    return words.find((word) => word.endsWith("loop.js"));
  });
  assert.equal(loop, `${APP}/dist/loop.js`);
  await relayIs(machine, 1, 60_000);
}

const outcomeIn = (data: string): { result: string; reason: string } =>
  JSON.parse(runCommand("update", "status", "--json", "--data", data).output).outcome;

export function updateScenarios(): Scenario[] {
  const bench = new Bench();
  /** @param change makes a bad release. @param why a part of the reason that its owner is told */
  const bad = (
    name: string,
    change: (loop: string) => string,
    why: string,
    look: (watch: LineWatch, machine: Machine) => string = () => "",
  ): Scenario =>
    bench.starting(
      `an update that ${name}: the relay is safe throughout, and what ran before heats again`,
      async (machine) => {
        machine.setAir(COLD, 45);
        machine.input(MODE_BUTTON, 1);
        const data = newDataFolder();
        apply(data, await image(change));
        const watch = new LineWatch(machine);
        const start = nowMs();
        const firmware = bench.start({}, undefined, data);
        await until("the trial", () => firmware.logged("program").length > 0);
        await until(
          "the revert",
          () => firmware.logged("update-note").length > 0 || failed(firmware),
          REVERTED_MS,
        );
        const reverted = nowMs() - start;
        await heatsAgain(machine, firmware);
        const heats = nowMs() - start;
        const relay = watch.stop();
        const outcome = outcomeIn(data);
        assert.equal(outcome.result, "reverted");
        assert.ok(outcome.reason.includes(why), outcome.reason);
        const more = look(watch, machine);
        return `${firmware.logged("program").length} starts, reverted after ${seconds(reverted)}, heat after ${seconds(heats)}, relay ${relay}${more}`;
      },
      WHOLE_MS,
    );
  const failed = (firmware: Firmware): boolean => firmware.logged("update-failed").length > 0;
  return [
    bench.starting(
      "an update that works, applied while the heater is on: the relay is off before the swap, and it is confirmed",
      async (machine) => {
        machine.setAir(COLD, 45);
        machine.input(MODE_BUTTON, 1);
        const file = await image((loop) => loop);
        const data = newDataFolder();
        const firmware = bench.start({}, undefined, data);
        await relayIs(machine, 0);
        await relayIs(machine, 1);
        apply(data, file, "--now");
        const start = nowMs();
        await until("the swap", () => firmware.logged("update-starts").length > 0);
        await relayIs(machine, 0);
        const off = (machine.line(RELAY)?.changedMs ?? Number.NaN) - start;
        await until("the trial", () => firmware.logged("program").length > 0);
        assert.equal(machine.line(RELAY)?.level, 0, "the relay was on when the update was started");
        await relayIs(machine, 1, 60_000);
        const heats = nowMs() - start;
        await until("the confirmation", () => firmware.logged("update-confirmed").length > 0, CONFIRMED_MS);
        const confirmed = nowMs() - start;
        assert.equal(firmware.logged("loop-lost").length, 0);
        return `relay off ${seconds(off)} after it was requested, heat again after ${seconds(heats)}, confirmed after ${seconds(confirmed)}`;
      },
      WHOLE_MS,
    ),
    bad(
      "throws at import",
      () => 'throw new Error("a bad release");',
      "in 3 starts; the last one: exit code 1",
    ),
    bad(
      "leaves the relay on while it dies",
      (loop) => `
        import { writeFileSync as $write } from "node:fs";
        const $send = process.send.bind(process);
        let $dies = false;
        process.send = (message, ...rest) => {
          if (message.kind === "beat" && message.heaterOn && !$dies) {
            $dies = true;
            setTimeout(() => {
              $write("${DIED}", String(process.hrtime.bigint()));
              process.kill(process.pid, "SIGKILL");
            }, 1000);
          }
          return $send(message, ...rest);
        };
        ${loop}`,
      "signal SIGKILL",
      (watch) => {
        const died = Number(readFileSync(DIED, "utf8")) / 1e6;
        const last = watch.on.findLast(({ from }) => from < died);
        const ms = (last?.to ?? Number.NaN) - died;
        assert.ok(ms < 1000, `the relay was on for ${ms} ms after the death of the loop`);
        return `, off ${Math.max(0, ms).toFixed(0)} ms after its death`;
      },
    ),
    bad(
      "never confirms",
      (loop) => `
        const $send = process.send.bind(process);
        process.send = (message, ...rest) => message.kind === "health" || $send(message, ...rest);
        ${loop}`,
      "no good reading of the sensor",
    ),
    // Without using the processor, whose time is what this machine counts.
    bad(
      "hangs at import",
      () => "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);",
      "it made no step",
    ),
  ];
}
