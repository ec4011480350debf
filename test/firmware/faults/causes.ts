/**
 * What really brings each fault about, and what ends it: on the virtual hat, its room and its disk, in virtual time.
 *
 * Guarantee: every fault has a cause; a new row of the table of faults without one does not compile.
 */
import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { onTestFinished } from "vitest";
import { OutboxStoreError } from "../../../src/azure/outbox/store.ts";
import { silentLog } from "../../../src/base/log.ts";
import { celsius, hours, minutes, seconds } from "../../../src/base/units.ts";
import { AlertProcess } from "../../../src/firmware/alerts/alert-process.ts";
import { WatcherProcess } from "../../../src/firmware/guardian/watcher.ts";
import { HistoryRecorder } from "../../../src/firmware/history/recorder.ts";
import { HistoryStore } from "../../../src/firmware/history/store.ts";
import { memoryFiles } from "../../../src/firmware/storage/durable-files.ts";
import { type LaunchNote, launchNoteVariable } from "../../../src/firmware/update/launch-note.ts";
import { startLoopUpdates } from "../../../src/firmware/update/swap/loop-updates.ts";
import { UpdateProcess } from "../../../src/firmware/update-process/update-process.ts";
import type { FaultCode } from "../../../src/model/faults.ts";
import { defaultSettings } from "../../../src/model/settings.ts";
import { roomPresets } from "../../../src/simulation/room/room.ts";
import type { CloudRig } from "../cloud-process/rig.ts";
import { MemoryDisk } from "../history/rig.ts";
import {
  type Cause,
  halfWritten,
  lineFails,
  lineTaken,
  onHat,
  relayWearsOut,
  startInOne,
  startWith,
} from "./cause.ts";
import { CrashingChild } from "./crashing-child.ts";
import { homeAssistantFails } from "./home-assistant-causes.ts";

/** Every way in which a part makes its fault known. */
export const faultCauses: Readonly<Record<FaultCode, readonly [Cause, ...Cause[]]>> = {
  "over-temperature": [
    {
      what: "the contact welds, and the heater warms the room to the cut-off",
      within: hours(6),
      overWithin: hours(1),
      async prepare() {
        const room = roomPresets.shed;
        const rig = await startInOne({ room, outside: celsius(15) });
        return {
          rig,
          begin: () => void rig.hat.fault("welded-relay"),
          end() {
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
        const warm = celsius(34.7);
        const rig = await startInOne({ temperature: warm, outside: warm });
        await rig.clock.advance(hours(6));
        return {
          rig,
          begin() {
            rig.surroundings.outside = celsius(44);
          },
          end() {
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
        const rig = await startWith();
        return {
          rig,
          begin() {
            rig.hat.fault("line-stuck");
            rig.hub.edit({ targetTemperature: 5 });
          },
          end: () => rig.hat.endFault("line-stuck"),
        };
      },
    },
    lineFails("relay", "read", minutes(15)),
  ],
  "relay-stuck-on": [
    {
      what: "the contact welds in a room that is warm enough",
      within: hours(4),
      overWithin: hours(6),
      async prepare() {
        const rig = await startInOne({
          room: roomPresets.living,
          temperature: celsius(19),
          outside: celsius(0),
        });
        await rig.clock.advance(hours(1));
        return {
          rig,
          begin: () => void rig.hat.fault("welded-relay"),
          end() {
            rig.hat.endFault("welded-relay");
            rig.surroundings.windowOpen = true;
          },
        };
      },
    },
  ],
  "sensor-stale": [
    onHat("the sensor is unplugged", "nack", minutes(2)),
    onHat("the bus is stuck", "timeout", minutes(2)),
    onHat("the sensor is silent", "silent", minutes(2)),
    onHat("every reading is damaged on its way", "bad-crc", minutes(2)),
  ],
  "sensor-stuck": [onHat("the sensor says the same bits for ever", "stuck", minutes(40))],
  "relay-failed": [lineFails("relay", "write")],
  "leds-failed": [lineFails("modeLed", "write"), lineFails("statusLed", "write"), lineTaken("modeLed")],
  "watcher-missing": [
    {
      what: "the system starts no process any more",
      async prepare() {
        const rig = await startWith();
        let works = true;
        const shells: EventEmitter[] = [];
        // The guardian is a process of its own, and its message to the loop calls the same method (commands/loop.ts).
        const watcher = new WatcherProcess({
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
          begin() {
            works = false;
            shells.at(-1)?.emit("exit", null, "SIGKILL");
          },
          end() {
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
        const rig = await startInOne({ temperature: celsius(17) }, { ineffectiveAfterMinutes: 30 });
        return {
          rig,
          begin: () => void rig.hat.fault("dead-heater"),
          end: () => rig.hat.endFault("dead-heater"),
        };
      },
    },
  ],
  "state-lost": [
    {
      what: "the state's file is damaged when the device starts",
      async prepare() {
        const files = memoryFiles(new Map([["/state.json", "\0".repeat(20)]]));
        const rig = await startWith({ files });
        return { rig, begin: () => {}, end: () => {} };
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
        const rig = await startWith({ files });
        return {
          rig,
          begin() {
            full = true;
            rig.hat.press("b");
          },
          end() {
            full = false;
          },
        };
      },
    },
    {
      what: "the disk hangs",
      async prepare() {
        const rig = await startWith();
        return {
          rig,
          begin() {
            rig.slowDisk(minutes(2));
            rig.hat.press("b");
          },
          end: () => rig.slowDisk(seconds(0)),
        };
      },
    },
  ],
  "settings-unreadable": [halfWritten("settings")],
  "board-unreadable": [halfWritten("board")],
  "firmware-unusable": [
    {
      what: "the slot of the installed update is damaged",
      async prepare() {
        const rig = await startWith();
        const begin = (): void => {
          const { device, clock } = rig;
          const note: LaunchNote = {
            protocol: 1,
            slots: "/nowhere/slots",
            keys: "/nowhere/keys",
            program: "factory",
            trial: false,
            readable: { reads: 1, writes: 1 },
            unusable: "slot a: its files are damaged",
          };
          startLoopUpdates({
            device,
            settings: () => defaultSettings,
            dataPath: "/nowhere",
            manifest: { mayDeferUpdates: true },
            env: { [launchNoteVariable]: JSON.stringify(note) },
            send() {},
            clock,
            log: silentLog,
          });
        };
        return { rig, begin, end() {}, restart: startWith };
      },
    },
  ],
  "buttons-failed": [
    {
      what: "a button does not come back",
      async prepare() {
        const rig = await startWith();
        return { rig, begin: () => rig.hat.hold("b"), end: () => rig.hat.release("b") };
      },
    },
    lineTaken("buttonA"),
  ],
  "relay-worn": [relayWearsOut],
  "display-failed": [onHat("the display is unplugged", "missing-display", minutes(2))],
  "history-failed": [
    {
      what: "the disk is full when rows are to be stored",
      within: minutes(95),
      overWithin: minutes(15),
      async prepare() {
        const rig = await startInOne({});
        const { device, clock } = rig;
        const disk = new MemoryDisk();
        const recorder = new HistoryRecorder({
          store: new HistoryStore(disk),
          clock,
          boot: { id: "boot", clockZeroMs: seconds(0) },
          log: silentLog,
          setFailing: (failing) => device.setFailing("history", failing),
        });
        device.watch((observation) => recorder.take(observation));
        return {
          rig,
          begin() {
            disk.fault = "ENOSPC";
          },
          end() {
            disk.fault = undefined;
          },
        };
      },
    },
  ],
  "updates-failed": [
    {
      what: "the updater crashes again and again",
      async prepare() {
        const rig = await startWith();
        const { device, clock } = rig;
        const child = new CrashingChild();
        const updates = new UpdateProcess({
          clock,
          log: silentLog,
          swap: { offer() {}, begin() {} },
          spawn: () => child.again(),
          onReport() {},
          onFailing: (failing) => device.setFailing("updates", failing),
        });
        return {
          rig,
          begin() {
            child.crashes = true;
            updates.start();
          },
          end() {
            child.crashes = false;
          },
          restart: startWith,
        };
      },
      overWithin: minutes(2),
    },
  ],
  "alerts-failed": [
    {
      what: "the alert process crashes again and again",
      async prepare() {
        const rig = await startWith();
        const { device, clock } = rig;
        const child = new CrashingChild();
        const alerts = new AlertProcess({
          clock,
          log: silentLog,
          spawn: () => child.again(),
          onFailing: (failing) => device.setFailing("alerts", failing),
        });
        return {
          rig,
          begin() {
            child.crashes = true;
            alerts.start();
          },
          end() {
            child.crashes = false;
          },
          restart: startWith,
        };
      },
      overWithin: minutes(2),
    },
  ],
  "cloud-failed": [
    // A key that the hub refuses raises it as well (cloud-failed.test.ts), and then no twin can say so.
    {
      what: "telemetry cannot be kept",
      within: minutes(3),
      overWithin: minutes(3),
      async prepare() {
        const rig = await startWith();
        const { outboxDisk } = rig;
        const fail = (failure?: OutboxStoreError) => Object.assign(outboxDisk, { failure });
        return {
          rig,
          begin: () => void fail(new OutboxStoreError("io", "No space left on device")),
          end: () => void fail(),
        };
      },
    },
  ],
  "home-assistant-failed": homeAssistantFails,
};

/** Each cause with its fault, for a table of tests. */
export const causesByFault = (Object.keys(faultCauses) as FaultCode[]).flatMap((code) =>
  faultCauses[code].map((cause) => [code, cause.what, cause] as const),
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
