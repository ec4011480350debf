/**
 * What really brings each fault about, and what ends it: on the virtual hat, its room and its disk, in virtual time.
 *
 * Guarantee: every fault has a cause; a new row of the table of faults without one does not compile.
 */
import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { LineError } from "../../src/chips/lines.ts";
import { OutboxStoreError } from "../../src/cloud/outbox-store.ts";
import type { FaultCode } from "../../src/control/faults.ts";
import { silentLog } from "../../src/control/log.ts";
import { celsius, hours, type Millis, minutes, seconds } from "../../src/control/units.ts";
import { describeDataFolder } from "../../src/firmware/data-folder.ts";
import { memoryFiles, systemFiles } from "../../src/firmware/durable-files.ts";
import type { ReportedPart } from "../../src/firmware/failing-parts.ts";
import { ShellWatcher } from "../../src/firmware/guardian/watcher.ts";
import { packageRoot } from "../../src/firmware/package-root.ts";
import {
  decideBoard,
  decideSettings,
  failingFiles,
  keepLastGood,
} from "../../src/firmware/storage/last-good.ts";
import type { HatPorts } from "../../src/simulation/hat-connection.ts";
import type { HatFault } from "../../src/simulation/hat-faults.ts";
import { roomPresets } from "../../src/simulation/room.ts";
import { VirtualClock } from "../../src/simulation/virtual-clock.ts";
import { type CloudRig, cloudRig } from "./cloud-rig.ts";

/** A device on which something is about to fail. */
export interface Patient {
  readonly rig: CloudRig;
  readonly breakIt: () => void | Promise<void>;
  /** @returns the device after a restart, where it takes one */
  readonly repair: () => void | Promise<CloudRig | undefined>;
}

export interface Cause {
  readonly what: string;
  /** How long the fault may take to come, and to go. */
  readonly within?: Millis;
  readonly overWithin?: Millis;
  readonly prepare: () => Promise<Patient>;
}

const display = "lcd-16x2";

const onHat = (what: string, fault: HatFault, within: Millis, overWithin?: Millis): Cause => ({
  what,
  within,
  ...(overWithin !== undefined && { overWithin }),
  async prepare() {
    const rig = await cloudRig({}, undefined, { display });
    return { rig, breakIt: () => void rig.hat.fault(fault), repair: () => rig.hat.endFault(fault) };
  },
});

/** A line of which every write fails under way. */
const lineFails = (name: "relay" | "modeLed" | "statusLed"): Cause => ({
  what: `the ${name} line takes no writes any more`,
  async prepare() {
    const broken = new Set<number>();
    const rig = await cloudRig({}, undefined, { display, between: (ports) => breakable(ports, broken) });
    const { line } = rig.hat.wiring[name];
    return { rig, breakIt: () => void broken.add(line), repair: () => broken.clear() };
  },
});

const breakable = ({ bus, gpio }: HatPorts, broken: ReadonlySet<number>): HatPorts => ({
  bus,
  gpio: {
    openInput: (line) => gpio.openInput(line),
    close: () => gpio.close(),
    async openOutput(line, initial) {
      const output = await gpio.openOutput(line, initial);
      const write: typeof output.write = (level) => {
        if (broken.has(line)) throw new LineError("io", "no");
        output.write(level);
      };
      return { ...output, write };
    },
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
    [decideSettings({ path: data.settingsFile, named: false }, data), decideBoard(boardFile, data)] as const;
  write(goodFiles);
  const [{ good: goodSettings }, { good: goodBoard }] = decide();
  const parts = { data, files: systemFiles, clock: new VirtualClock(), log: silentLog };
  await keepLastGood(parts, { settings: goodSettings, board: goodBoard });
  const failing = (): ReportedPart[] => failingFiles(...decide());
  return { write, start: () => cloudRig({}, undefined, { display, failing: failing() }) };
}

/** What it takes of a shipped definition it finds where that lies. */
const goodFiles = {
  settings: '{"targetMax": 25}',
  board: readFileSync(join(packageRoot, "boards/virtual.json"), "utf8").replace(
    "hats/",
    `${join(packageRoot, "boards/hats")}/`,
  ),
};

const halfWritten = (file: keyof typeof goodFiles): Cause => ({
  what: `a power cut left half of the ${file} file`,
  async prepare() {
    const folder = await usedFolder();
    const good = goodFiles[file];
    folder.write({ [file]: good.slice(0, good.length / 2) });
    const rig = await folder.start();
    return {
      rig,
      breakIt: () => {},
      repair: async () => {
        folder.write({ [file]: good });
        return await folder.start();
      },
    };
  },
});

/** Every way in which a part makes its fault known. */
export const faultCauses: Readonly<Record<FaultCode, readonly [Cause, ...Cause[]]>> = {
  "over-temperature": [
    {
      what: "the contact welds, and the heater warms the room to the cut-off",
      within: hours(6),
      overWithin: hours(6),
      async prepare() {
        const room = roomPresets.shed;
        const rig = await cloudRig({}, undefined, { display, room, outside: celsius(15) });
        return {
          rig,
          breakIt: () => void rig.hat.fault("welded-relay"),
          repair() {
            rig.hat.endFault("welded-relay");
            rig.surroundings.outside = celsius(0);
          },
        };
      },
    },
  ],
  "hot-room": [
    {
      what: "hot weather, hours after this heater was on",
      within: hours(12),
      overWithin: hours(6),
      async prepare() {
        const warm = celsius(34);
        const rig = await cloudRig({}, undefined, { display, temperature: warm, outside: warm });
        await rig.clock.advance(hours(6));
        return {
          rig,
          breakIt() {
            rig.surroundings.outside = celsius(44);
          },
          repair() {
            rig.surroundings.outside = celsius(10);
            rig.surroundings.windowOpen = true;
          },
        };
      },
    },
  ],
  "relay-mismatch": [
    {
      what: "the relay's line stays on against its command",
      within: minutes(5),
      overWithin: minutes(15),
      async prepare() {
        const rig = await cloudRig({}, undefined, { display });
        return {
          rig,
          breakIt() {
            rig.hat.fault("line-stuck");
            rig.hub.edit({ targetTemperature: 5 });
          },
          repair: () => rig.hat.endFault("line-stuck"),
        };
      },
    },
  ],
  "relay-stuck-on": [
    {
      what: "the contact welds in a room that is warm enough",
      within: hours(4),
      overWithin: hours(6),
      async prepare() {
        const rig = await cloudRig({}, undefined, {
          display,
          room: roomPresets.living,
          temperature: celsius(19),
          outside: celsius(0),
        });
        await rig.clock.advance(hours(4));
        return {
          rig,
          breakIt: () => void rig.hat.fault("welded-relay"),
          repair: () => rig.hat.endFault("welded-relay"),
        };
      },
    },
  ],
  "sensor-stale": [
    onHat("the sensor is unplugged", "nack", minutes(2)),
    onHat("the bus is stuck", "timeout", minutes(2)),
    onHat("the sensor is silent", "silent", minutes(2)),
  ],
  "sensor-stuck": [onHat("the sensor says the same bits for ever", "stuck", minutes(40))],
  "relay-failed": [lineFails("relay")],
  "leds-failed": [lineFails("modeLed"), lineFails("statusLed")],
  "watcher-missing": [
    {
      what: "the system starts no process any more",
      async prepare() {
        const rig = await cloudRig({}, undefined, { display });
        let works = true;
        const shells: EventEmitter[] = [];
        // The guardian is a process of its own, and its message to the loop calls the same method (commands/loop.ts).
        const watcher = new ShellWatcher({
          clock: rig.clock,
          log: silentLog,
          inherit: [],
          onMissing: (missing) => rig.device.setFailing("watcher", missing),
          start() {
            if (!works) throw Object.assign(new Error("spawn ENOMEM"), { code: "ENOMEM" });
            const shell = Object.assign(new EventEmitter(), { unref() {} });
            shells.push(shell);
            return shell as unknown as ChildProcess;
          },
        });
        watcher.watch({ kernelNumber: 5, exportFile: "", valueFile: "", directionFile: "", offLevel: 0 });
        onTestFinished(() => watcher.done());
        return {
          rig,
          breakIt() {
            works = false;
            shells.at(-1)?.emit("exit", null, "SIGKILL");
          },
          repair() {
            works = true;
          },
        };
      },
    },
  ],
  "heating-ineffective": [
    {
      what: "the heater gives no heat",
      within: hours(8),
      overWithin: hours(2),
      async prepare() {
        const rig = await cloudRig({ ineffectiveAfterMinutes: 30 }, undefined, {
          display,
          temperature: celsius(17),
        });
        return {
          rig,
          breakIt: () => void rig.hat.fault("dead-heater"),
          repair: () => rig.hat.endFault("dead-heater"),
        };
      },
    },
  ],
  "state-lost": [
    {
      what: "the state's file is damaged when the device starts",
      async prepare() {
        const files = memoryFiles(new Map([["/state.json", "\0".repeat(20)]]));
        const rig = await cloudRig({}, undefined, { display, files });
        return { rig, breakIt: () => {}, repair: () => {} };
      },
    },
  ],
  "storage-failed": [
    {
      what: "the disk is full when a set-point is to be kept",
      async prepare() {
        const memory = memoryFiles();
        let full = false;
        const files: typeof memory = {
          ...memory,
          async writeDurably(path, text) {
            if (full) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
            await memory.writeDurably(path, text);
          },
        };
        const rig = await cloudRig({}, undefined, { display, files });
        return {
          rig,
          breakIt() {
            full = true;
            rig.hat.press("b");
          },
          repair() {
            full = false;
          },
        };
      },
    },
  ],
  "settings-unreadable": [halfWritten("settings")],
  "board-unreadable": [halfWritten("board")],
  "buttons-failed": [
    {
      what: "a button does not come back",
      async prepare() {
        const rig = await cloudRig({}, undefined, { display });
        return { rig, breakIt: () => rig.hat.hold("b"), repair: () => rig.hat.release("b") };
      },
    },
  ],
  "display-failed": [onHat("the display is unplugged", "missing-display", minutes(2))],
  "cloud-failed": [
    // A key that the hub refuses raises it as well (cloud-failed.test.ts), and then no twin can say so.
    {
      what: "telemetry cannot be kept",
      within: minutes(3),
      overWithin: minutes(3),
      async prepare() {
        const rig = await cloudRig({}, undefined, { display });
        return {
          rig,
          breakIt() {
            rig.outboxDisk.failure = new OutboxStoreError("io", "No space left on device");
          },
          repair() {
            rig.outboxDisk.failure = undefined;
          },
        };
      },
    },
  ],
};

/** Each cause with its fault, for a table of tests. */
export const causesByFault = (Object.keys(faultCauses) as FaultCode[]).flatMap((code) =>
  faultCauses[code].map((cause) => ({ code, what: cause.what, cause })),
);

/** What the device that a person stands before is told: hold A and B for three seconds. */
export async function clearFaults({ hat, clock }: CloudRig): Promise<void> {
  hat.hold("a");
  hat.hold("b");
  await clock.advance(seconds(4));
  hat.release("a");
  hat.release("b");
  await clock.advance(seconds(2));
}
