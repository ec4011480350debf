/** `cloud`: runs the cloud process. The control loop starts it; it is not meant for users. */

import { type Log, logLevels } from "../base/log.ts";
import { AzureFace } from "../firmware/cloud-process/azure-face.ts";
import { type CloudMessage, type LoopMessage, loopToCloud } from "../firmware/cloud-process/messages.ts";
import { loadManifest } from "../firmware/hardware.ts";
import { systemHealthSources } from "../firmware/health/machine-health.ts";
import { rankMemory } from "../firmware/memory/rank.ts";
import { guardNetwork } from "../firmware/process/guard-network.ts";
import type { HubReady } from "../firmware/process/messages.ts";
import { startOfOther, systemClock } from "../firmware/process/system-clock.ts";
import type { MessageToFace } from "../firmware/remote-device/messages.ts";
import { runFace } from "../firmware/remote-device/run-face.ts";
import { Verbosity } from "../firmware/reports/verbosity.ts";
import { readSeal } from "../firmware/seal/seal.ts";
import { SealWatch } from "../firmware/seal/seal-watch.ts";
import type { DataFolder } from "../firmware/storage/data-folder.ts";
import { durableSystemFiles } from "../firmware/storage/durable-files.ts";
import { gatedFiles } from "../firmware/storage/gated-files.ts";
import { boardOrLastGood } from "../firmware/storage/last-good.ts";
import { childEnding } from "../firmware/supervision/child-ending.ts";
import { remoteLog } from "../firmware/supervision/remote-log.ts";
import { sendToParent } from "../firmware/supervision/send-to-parent.ts";
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

type OwnMessage = Exclude<LoopMessage, { kind: MessageToFace["kind"] }>;

async function cloud(args: Arguments): Promise<number> {
  rankMemory("cloud");
  const send = (message: CloudMessage, sent?: () => void): void => sendToParent(message, sent);
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
  let face: AzureFace | undefined;
  let hub: HubReady | undefined;
  return await runFace<OwnMessage>({
    log,
    send,
    ended,
    messages: loopToCloud,
    unreadable: "cloud-message-unreadable",
    makeFace(firmware) {
      face = faceOf(args, { data, wiring, manifest, log, verbosity, send, isSealed, firmware });
      return face;
    },
    onStarted() {
      if (hub !== undefined) face?.hubReady(hub);
    },
    onOwn(message) {
      if (message.kind === "log-lines") return face?.sendLines(message.lines);
      hub = message;
      return face?.hubReady(message);
    },
  });
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
    startedMs: startOfOther(args.value("up-since")),
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
