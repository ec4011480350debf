/**
 * A winter's day of a device with its local hub, in virtual time on a real disk: `node day-child.mjs FOLDER`.
 *
 * What is written is what a device writes: the same loop, state store, history, cloud process, outbox and hub documents,
 * in one process and with no wire between them. Virtual time stands still while the disk works. Prints one line of JSON.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CloudHandlers, CloudLink, CloudOptions } from "../../../src/azure/azure.ts";
import { Secret } from "../../../src/azure/credentials/secret.ts";
import { segmentStore } from "../../../src/azure/outbox/segments/store.ts";
import { type FolderDisk, folderDisk } from "../../../src/base/files/folder-disk.ts";
import { hours, millis, minutes, wallMillis } from "../../../src/base/units.ts";
import { chooseBoard } from "../../../src/firmware/choose-board.ts";
import { AzureFace } from "../../../src/firmware/cloud-process/azure-face.ts";
import { composeDevice } from "../../../src/firmware/compose-device.ts";
import { loadManifest } from "../../../src/firmware/hardware.ts";
import { HistoryRecorder } from "../../../src/firmware/history/recorder.ts";
import { historyFolder } from "../../../src/firmware/history/segment.ts";
import { HistoryStore } from "../../../src/firmware/history/store.ts";
import { createLogger } from "../../../src/firmware/process/logger.ts";
import { openDataFolder } from "../../../src/firmware/storage/data-folder.ts";
import { type DurableFiles, durableSystemFiles } from "../../../src/firmware/storage/durable-files.ts";
import { gatedFiles } from "../../../src/firmware/storage/gated-files.ts";
import { openHubCore } from "../../../src/hub/hub-core.ts";
import type { Link } from "../../../src/hub/mqtt/links.ts";
import { newDevice, sasAuthentication } from "../../../src/hub/registry/record.ts";
import { type Documents, openDocuments } from "../../../src/hub/storage/documents.ts";
import { forDevice } from "../../../src/hub/twin/document.ts";
import { surroundingsOf } from "../../../src/simulation/scenario/scenario.ts";
import { builtInScenario } from "../../../src/simulation/scenario/scenarios.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { VirtualHat } from "../../../src/simulation/virtual-hat/virtual-hat.ts";

export interface DayFigures {
  /** That this process had the kernel write: proc_pid_io(5), write_bytes. */
  readonly bytes: number;
  readonly hours: number;
  readonly relayCycles: number;
  readonly telemetry: number;
  readonly reports: number;
  readonly logLines: number;
  readonly logBytes: number;
  readonly stateWrites: number;
  readonly documentWrites: number;
}

const [, , folder = ""] = process.argv;
const id = "wear";
const clock = new VirtualClock({ wallStart: wallMillis(Date.UTC(2026, 11, 1, 6)) });
await import("../../../src/board/johnny-five/hat.ts");
const data = openDataFolder(folder);
const figures = { telemetry: 0, reports: 0, logLines: 0, logBytes: 0, stateWrites: 0, documentWrites: 0 };

/** Each call holds virtual time until the disk has done it. */
function held<T extends object>(port: T): T {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        const result: unknown = Reflect.apply(member, target, args);
        return result instanceof Promise ? clock.holdDuring(result) : result;
      };
    },
  });
}

const log = createLogger({
  clock,
  level: "info",
  format: "json",
  write(line) {
    figures.logLines += 1;
    figures.logBytes += line.length + 1;
  },
});
const choice = chooseBoard("virtual", data.path);
const manifest = loadManifest(choice);
const gated = held(gatedFiles(durableSystemFiles, data.path, manifest));
const files: DurableFiles = {
  ...gated,
  async writeDurably(path, text) {
    if (path.startsWith(data.stateFile)) figures.stateWrites += 1;
    await gated.writeDurably(path, text);
  },
};
const scenario = builtInScenario("day");
if (scenario === undefined) throw new Error("there is no scenario of a day");
const surroundings = surroundingsOf(scenario);
const hat = new VirtualHat({ clock, wiring: choice.wiring, plant: surroundings, seed: 1 });
const device = await clock.run(
  composeDevice({
    choice,
    manifest,
    attached: hat.connect(),
    settings: scenario.settings,
    clock,
    log,
    stateFile: data.stateFile,
    files,
  }),
);

const history = new HistoryRecorder({
  store: new HistoryStore(held(folderDisk(historyFolder(data.path)))),
  clock,
  boot: { id: "wear", clockZeroMs: millis(0) },
  log,
  setFailing: (failing) => device.setFailing("history", failing),
});
device.watch((observation) => history.take(observation));

const documents = held(await openDocuments(join(folder, "hub")));
const counted: Documents = {
  ...documents,
  read: (name, parse) => documents.read(name, parse),
  names: (prefix) => documents.names(prefix),
  remove: (name) => documents.remove(name),
  settled: () => documents.settled(),
  write(name, document) {
    figures.documentWrites += 1;
    return documents.write(name, document);
  },
};
const core = await clock.run(openHubCore(clock, log, counted));
await clock.run(core.devices.put(newDevice(id, sasAuthentication(), clock.wallNow())));

const link = { deviceId: id, send: () => true } as unknown as Link;
let handlers: CloudHandlers | undefined;
function open(options: CloudOptions): CloudLink {
  handlers = options.handlers;
  return {
    async report(patch) {
      figures.reports += 1;
      await core.twins.answerPatch(link, "1", JSON.stringify(patch));
      return "ok";
    },
    refetchTwin: tellTwin,
    async send({ body }) {
      figures.telemetry += 1;
      const topic = `devices/${id}/messages/events/`;
      await core.sessions.received(link, { topic, payload: Buffer.from(body) } as never);
      return "ok";
    },
    close: async () => {},
  };
}

function tellTwin(): void {
  const record = core.devices.get(id);
  if (record === undefined) return;
  const { desired, reported } = record;
  queueMicrotask(() => handlers?.onTwin({ desired: forDevice(desired), reported: forDevice(reported) }));
}

const disk: FolderDisk = held(folderDisk(join(folder, "outbox")));
const azure = new AzureFace({
  access: {
    credentials: {
      target: { kind: "hub", host: "hub", deviceId: id },
      proof: { kind: "key", key: new Secret("") },
    },
  },
  manifest,
  dataPath: folder,
  files,
  clock,
  log,
  firmware: "1.0.0",
  board: "virtual",
  restart: () => {},
  open,
  openStore: segmentStore(join(folder, "outbox"), () => clock.wallNow(), disk),
});
await clock.run(device.addFace(azure));
handlers?.onLink("online");
tellTwin();
// The first minutes are those of a start: a device starts once in months.
await clock.advance(minutes(10));

const written = (): number =>
  Number(/^write_bytes: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
process.send?.("begins");
await new Promise((resolve) => process.once("message", resolve));
const before = { ...figures, bytes: written(), cycles: device.counters.relayCycles };
const day = hours(24);
for (let at = 0; at < day; at += minutes(30)) {
  // A person at the panel, and an operator at the page.
  if (at % hours(6) === 0) {
    hat.press("b");
    await clock.advance(millis(500));
    hat.press("a");
  }
  if (at % hours(8) === 0) {
    const desired = { telemetryInterval: 60 + ((at / hours(8)) % 2) };
    await clock.run(core.twins.edit(id, { desired }));
    tellTwin();
  }
  await clock.advance(minutes(30));
}
const result: DayFigures = {
  bytes: written() - before.bytes,
  hours: 24,
  relayCycles: device.counters.relayCycles - before.cycles,
  telemetry: figures.telemetry - before.telemetry,
  reports: figures.reports - before.reports,
  logLines: figures.logLines - before.logLines,
  logBytes: figures.logBytes - before.logBytes,
  stateWrites: figures.stateWrites - before.stateWrites,
  documentWrites: figures.documentWrites - before.documentWrites,
};
process.send?.(result);
process.disconnect();
process.exit(0);
