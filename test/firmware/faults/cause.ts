/** How a fault comes and goes, as a value; and the ways that several of them share. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import { type Millis, millis, minutes } from "../../../src/base/units.ts";
import { LineError } from "../../../src/chips/lines.ts";
import { chooseBoard } from "../../../src/firmware/choose-board.ts";
import type { ReportedPart } from "../../../src/firmware/failing-parts.ts";
import { packageRoot } from "../../../src/firmware/process/package-root.ts";
import { describeDataFolder } from "../../../src/firmware/storage/data-folder.ts";
import { durableSystemFiles } from "../../../src/firmware/storage/durable-files.ts";
import {
  boardOrLastGood,
  failingFiles,
  keepLastGood,
  settingsOrLastGood,
} from "../../../src/firmware/storage/last-good.ts";
import type { Settings } from "../../../src/model/settings.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import type { HatPorts } from "../../../src/simulation/virtual-hat/connection.ts";
import type { HatFault } from "../../../src/simulation/virtual-hat/faults.ts";
import { type CloudRig, cloudRig, type RigStart } from "../cloud-process/rig.ts";

/** A device on which something is about to fail. */
export interface Prepared {
  readonly rig: CloudRig;
  readonly begin: () => void | Promise<void>;
  readonly end: () => void;
  /** Where the end takes a restart: the device after it. */
  readonly restart?: () => Promise<CloudRig>;
}

export interface Cause {
  readonly what: string;
  /** How long the fault may take to come, and to go. */
  readonly within?: Millis;
  readonly overWithin?: Millis;
  readonly prepare: () => Promise<Prepared>;
}

/** Its glass is text. */
export const display = "lcd-16x2";

/** The cloud process, as the firmware has it. */
export const startWith = (start: RigStart = {}, settings: Partial<Settings> = {}): Promise<CloudRig> =>
  cloudRig(settings, millis(20), { display, ...start });

/** For hours: in one process they take half the time. */
export const startInOne = (start: RigStart, settings: Partial<Settings> = {}): Promise<CloudRig> =>
  cloudRig(settings, undefined, { display, ...start });

export const onHat = (what: string, fault: HatFault, within: Millis, overWithin?: Millis): Cause => ({
  what,
  within,
  ...(overWithin !== undefined && { overWithin }),
  async prepare() {
    const rig = await startWith();
    return { rig, begin: () => void rig.hat.fault(fault), end: () => rig.hat.endFault(fault) };
  },
});

/** A line on which every call fails under way. */
export const lineFails = (
  name: "relay" | "modeLed" | "statusLed",
  call: "write" | "read",
  overWithin: Millis = minutes(2),
): Cause => ({
  what: `${call} fails on the line of ${name}`,
  overWithin,
  async prepare() {
    const broken = new Set<number>();
    const between = (ports: HatPorts) => breakable(ports, call, broken);
    const rig = await startWith({ between });
    const { line } = rig.hat.wiring[name];
    return { rig, begin: () => void broken.add(line), end: () => broken.clear() };
  },
});

const breakable = (
  { bus, gpio }: HatPorts,
  call: "write" | "read",
  broken: ReadonlySet<number>,
): HatPorts => ({
  bus,
  gpio: {
    openInput: (line) => gpio.openInput(line),
    close: () => gpio.close(),
    async openOutput(line, initial) {
      const output = await gpio.openOutput(line, initial);
      const orFail = <A extends unknown[], R>(act: (...args: A) => R): typeof act => {
        return (...args) => {
          if (broken.has(line)) throw new LineError("io", "no");
          return act(...args);
        };
      };
      return { ...output, [call]: orFail(output[call]) };
    },
  },
});

/** Somebody else has a line when the firmware starts, and has let go of it when it starts again. */
export const lineTaken = (name: "buttonA" | "modeLed"): Cause => ({
  what: `the line of ${name} cannot be had`,
  async prepare() {
    const taken = ({ bus, gpio }: HatPorts): HatPorts => {
      const orRefuse = <A extends [number, ...unknown[]], R>(open: (...args: A) => Promise<R>) => {
        return async (...args: A) => {
          if (args[0] === line) throw new LineError("busy", "taken");
          return await open(...args);
        };
      };
      return {
        bus,
        gpio: { ...gpio, openInput: orRefuse(gpio.openInput), openOutput: orRefuse(gpio.openOutput) },
      };
    };
    const { line } = chooseBoard("virtual", "/").wiring[name];
    const rig = await startWith({ between: taken });
    return { rig, begin: () => {}, end: () => {}, restart: () => startWith() };
  },
});

/** The data folder of a unit that ran, and what a start from it reports as failing. */
async function usedFolder() {
  const path = mkdtempSync(join(tmpdir(), "fault-causes-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  const data = describeDataFolder(path);
  const boardFile = join(path, "board.json");
  const write = (texts: { readonly settings?: string; readonly board?: string }): void => {
    if (texts.settings !== undefined) writeFileSync(data.settingsFile, texts.settings);
    if (texts.board !== undefined) writeFileSync(boardFile, texts.board);
  };
  const decide = () =>
    [
      settingsOrLastGood({ path: data.settingsFile, named: false }, data),
      boardOrLastGood(boardFile, data),
    ] as const;
  write(goodFiles);
  const [{ good: goodSettings }, { good: goodBoard }] = decide();
  const parts = { data, files: durableSystemFiles, clock: new VirtualClock(), log: silentLog };
  await keepLastGood(parts, { settings: goodSettings, board: goodBoard });
  const failing = (): ReportedPart[] => failingFiles(...decide());
  return { write, start: () => startWith({ failing: failing() }) };
}

/** What it takes of a shipped definition it finds where that lies. */
const goodFiles = {
  settings: '{"targetMax": 25}',
  board: readFileSync(join(packageRoot, "boards/virtual.json"), "utf8").replace(
    "hats/",
    `${join(packageRoot, "boards/hats")}/`,
  ),
};

export const halfWritten = (file: keyof typeof goodFiles): Cause => ({
  what: `a power cut left half of the ${file} file`,
  async prepare() {
    const folder = await usedFolder();
    const good = goodFiles[file];
    folder.write({ [file]: good.slice(0, good.length / 2) });
    const rig = await folder.start();
    return {
      rig,
      begin: () => {},
      end: () => folder.write({ [file]: good }),
      restart: folder.start,
    };
  },
});

/** Two cycles are its life; the first is that of the start. */
export const relayWearsOut: Cause = {
  what: "the relay's contact is at the end of its life",
  within: minutes(30),
  async prepare() {
    const rig = await startWith({}, { relayLife: 2 });
    const begin = async (): Promise<void> => {
      rig.hub.edit({ targetTemperature: 5 });
      await rig.clock.advance(minutes(10));
      rig.hub.edit({ targetTemperature: 25 });
    };
    return { rig, begin, end: () => void rig.device.request({ kind: "relay-replaced", source: "local" }) };
  },
};
