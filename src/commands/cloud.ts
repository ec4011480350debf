/** `cloud`: runs the cloud process. The control loop starts it; it is not meant for users. */
import { type Log, logLevels } from "../base/log.ts";
import { read } from "../base/schema/schema.ts";
import { type Millis, millis, seconds } from "../base/units.ts";
import { AzureFace } from "../firmware/cloud-process/azure-face.ts";
import { type CloudMessage, loopToCloud } from "../firmware/cloud-process/messages.ts";
import { RemoteDevice } from "../firmware/cloud-process/remote-device.ts";
import { loadManifest } from "../firmware/hardware.ts";
import { systemHealthSources } from "../firmware/health/machine-health.ts";
import { rankMemory } from "../firmware/memory/rank.ts";
import { exitCodes } from "../firmware/process/exit-codes.ts";
import { guardNetwork } from "../firmware/process/guard-network.ts";
import type { HubReady } from "../firmware/process/messages.ts";
import { bootOfThisMachine, systemClock } from "../firmware/process/system-clock.ts";
import { Verbosity } from "../firmware/reports/verbosity.ts";
import { readSeal } from "../firmware/seal/seal.ts";
import { SealWatch } from "../firmware/seal/seal-watch.ts";
import type { DataFolder } from "../firmware/storage/data-folder.ts";
import { durableSystemFiles } from "../firmware/storage/durable-files.ts";
import { gatedFiles } from "../firmware/storage/gated-files.ts";
import { boardOrLastGood } from "../firmware/storage/last-good.ts";
import { childEnding } from "../firmware/supervision/child-ending.ts";
import { remoteLog } from "../firmware/supervision/remote-log.ts";
import { runningRelease } from "../firmware/update/launch-note.ts";
import type { FirmwareReport } from "../model/cloud-model.ts";
import { oneOf, readContext } from "./line/context.ts";
import { type Arguments, sharedFlags, type Verb } from "./line/verb.ts";

export const verb: Verb = {
  name: "cloud",
  summary: "Runs the cloud process; started by the control loop",
  usage: "cloud [FLAGS]",
  flags: {
    data: sharedFlags.data,
    board: sharedFlags.board,
    "log-level": { value: "LEVEL", doc: "minimum log level" },
    "up-since": { value: "MS", doc: "when the loop started, counted from the machine's start" },
    "simulated-to-cloud": { doc: "send the virtual hat's readings to a real cloud" },
    "relay-life": { value: "CYCLES", doc: "rated life of the relay" },
    "set-outbox-aside": { doc: "start with an empty outbox" },
  },
  run: cloud,
};

/** The loop kills this process if closing takes longer. */
const closeTimeout = seconds(3);

async function cloud(args: Arguments): Promise<number> {
  rankMemory("cloud");
  const send = (message: CloudMessage, sent = () => {}): void =>
    // With a callback, a closed channel is reported to the callback and not thrown.
    void process.send?.(message, undefined, undefined, sent);
  const verbosity = new Verbosity(systemClock);
  const log = verbosity.log(
    remoteLog(systemClock, oneOf(args, "log-level", logLevels, "info"), send),
    remoteLog(systemClock, "debug", send),
  );
  const { data } = readContext(args);
  const { wiring, manifest } = setUp(args.value("board") ?? "auto", data);
  const ended = childEnding({ log, send, name: "cloud", title: "cloud process", dataPath: data.path });
  const seal = new SealWatch(systemClock, log, () => readSeal(data.path));
  const isSealed = (): boolean => seal.sealed;
  let device: RemoteDevice | undefined;
  let face: AzureFace | undefined;
  let hub: HubReady | undefined;
  let firmware: FirmwareReport | undefined;
  let unreadable = 0;
  // A single listener from the start: messages that arrive before any listener are delivered only to the
  // first one.
  process.on("message", (message) => {
    const received = read(loopToCloud, message);
    switch (received?.kind) {
      case undefined:
        unreadable += 1;
        return log.warn("cloud-message-unreadable", { from: "the loop", dropped: unreadable });
      case "hub-ready":
        hub = received;
        return face?.hubReady(received);
      case "secrets-given":
        // The code that requested them has its own listener.
        return;
      case "log-lines":
        return face?.sendLines(received.lines);
      case "firmware":
        firmware = received.report;
        return device?.faceChanged();
      case "ping":
        return send({ kind: "pong" });
      case "stop":
        return ended.stop();
      case "device":
      case "answer":
        if (device !== undefined) return device.take(received);
        device = new RemoteDevice({ clock: systemClock, log, send }, received.snapshot);
        face = faceOf(args, {
          data,
          wiring,
          manifest,
          log,
          verbosity,
          send,
          isSealed,
          firmware: () => firmware,
        });
        void device.addFace(face);
        if (hub !== undefined) face.hubReady(hub);
    }
  });
  await ended.asked;
  await Promise.race([face?.close(), systemClock.sleep(closeTimeout)]);
  process.exit(exitCodes.ok);
}

interface FaceParts extends ReturnType<typeof setUp> {
  readonly data: DataFolder;
  readonly log: Log;
  readonly verbosity: Verbosity;
  readonly send: (message: CloudMessage) => void;
  readonly isSealed: () => boolean;
  readonly firmware: () => FirmwareReport | undefined;
}

function faceOf(args: Arguments, parts: FaceParts): AzureFace {
  const { data, wiring, manifest, log, verbosity, send, isSealed, firmware } = parts;
  return new AzureFace({
    access: {
      simulated: wiring.backend === "virtual",
      simulatedToCloud: args.has("simulated-to-cloud"),
      onNoCredentials: () => send({ kind: "no-credentials" }),
      onHasCredentials: () => send({ kind: "has-credentials" }),
    },
    manifest,
    dataPath: data.path,
    files: gatedFiles(durableSystemFiles, data.path, manifest),
    clock: systemClock,
    firmware: runningRelease(),
    isSealed,
    board: wiring.board,
    log,
    healthSources: systemHealthSources(data.path),
    relayLife: Number(args.value("relay-life")),
    startedMs: startOf(args.value("up-since")),
    setOutboxAside: args.has("set-outbox-aside"),
    restart: () => send({ kind: "restart" }),
    sendLogs: sendLogsBy(verbosity, send),
    firmwareReport: firmware,
    checkForUpdate: () => send({ kind: "check-for-update" }),
  });
}

/** For some minutes the cloud process logs in more detail, and the loop sends its log lines. */
const sendLogsBy = (verbosity: Verbosity, send: (message: CloudMessage) => void) => (minutes: number) => {
  verbosity.raise(minutes);
  send({ kind: "send-logs", minutes });
};

/** Called before anything else. @throws StartupError */
function setUp(board: string, data: DataFolder) {
  const choice = boardOrLastGood(board, data).value;
  const manifest = loadManifest(choice);
  guardNetwork(manifest);
  return { wiring: choice.wiring, manifest };
}

/** Converts the loop's start time to this process's clock; both processes know when the machine started. */
function startOf(upSince: string | undefined): Millis {
  const { clockZeroMs } = bootOfThisMachine(systemClock);
  const since = Number(upSince);
  return millis(Number.isFinite(since) ? since - clockZeroMs : 0);
}
